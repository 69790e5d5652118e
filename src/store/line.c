/*
 * line.c - see line.h.
 */
#include "store/line.h"

#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/utf8.h"

static int fail_memory(ndf_error *error)
{
    return err_set(error, NDF_ENOMEM, "out of memory");
}

/* ---- writing ------------------------------------------------------------- */

/* The value of bytes, if writing it gives these bytes again and it can stand
 * one level deeper. NDF_ENOTFOUND: it does not. */
static int value_of_bytes(
    struct arena *arena, struct str bytes, struct value *out)
{
    if (bytes.size == 0 ||
        memchr("{[\"-0123456789tfn", bytes.at[0], 18) == NULL)
        return NDF_ENOTFOUND;
    struct buf text;
    buf_init(&text, arena->mem);
    buf_add_char(&text, '[');
    buf_add_str(&text, bytes);
    buf_add_char(&text, ']');
    struct value list;
    int err = buf_error(&text);
    if (err == NDF_OK) err = json_parse(arena, buf_str(&text), &list, NULL);
    if (err == NDF_OK) {
        buf_reset(&text);
        json_write(&text, &list);
        err = buf_error(&text);
    }
    if (err == NDF_OK) {
        struct str again = buf_str(&text);
        struct str inner = {again.at + 1, again.size - 2};
        bool same = list.array.count == 1 && str_equal(inner, bytes);
        if (same) *out = list.array.items[0];
        err = same ? NDF_OK : NDF_ENOTFOUND;
    }
    buf_deinit(&text);
    return err == NDF_OK || err == NDF_ENOMEM ? err : NDF_ENOTFOUND;
}

static int set_bytes(
    struct arena *arena, struct value *line, const char *name, struct str bytes)
{
    struct value value;
    int err = value_of_bytes(arena, bytes, &value);
    if (err == NDF_OK) return value_set(arena, line, str_of(name), value);
    if (err == NDF_ENOMEM) return err;
    bool is_text = utf8_valid(bytes) && memchr(bytes.at, 0, bytes.size) == NULL;
    struct str key =
        arena_format(arena, "%s_%s", name, is_text ? "text" : "base64");
    if (key.at == NULL) return NDF_ENOMEM;
    if (is_text) return value_set(arena, line, key, value_of_str(bytes));
    struct buf text;
    buf_init(&text, arena->mem);
    base64_write(&text, bytes);
    struct str kept = arena_str(arena, buf_str(&text));
    err = buf_error(&text);
    buf_deinit(&text);
    if (err != NDF_OK || kept.at == NULL) return NDF_ENOMEM;
    return value_set(arena, line, key, value_of_str(kept));
}

static int set_hash(struct arena *arena, struct value *line, const char *name,
    const uint8_t *hash)
{
    char hex[HASH_HEX_SIZE];
    hash_hex(hash, STORE_HASH_SIZE, hex);
    struct str kept = arena_str(arena, str_of(hex));
    if (kept.at == NULL) return NDF_ENOMEM;
    return value_set(arena, line, str_of(name), value_of_str(kept));
}

static int set_field(struct arena *arena, struct value *line,
    const struct column *field, const void *record)
{
    struct str name = str_of(field->name);
    switch (field->type) {
    case COLUMN_TEXT:
        return value_set(
            arena, line, name, value_of_str(layout_str(field, record)));
    case COLUMN_BYTES:
        return set_bytes(arena, line, field->name, layout_str(field, record));
    case COLUMN_INT:
        return value_set(
            arena, line, name, value_of_int(layout_int(field, record)));
    case COLUMN_REAL:
        return value_set(
            arena, line, name, value_of_real(layout_real(field, record)));
    case COLUMN_HASH:
        return set_hash(arena, line, field->name, layout_hash(field, record));
    }
    return NDF_EINVAL;
}

int line_of_record(struct arena *arena, const struct layout *layout,
    const void *record, struct value *out, ndf_error *error)
{
    *out = value_of_object();
    int err = value_set(
        arena, out, STR("record"), value_of_str(str_of(layout->name)));
    for (size_t i = 0; i < layout->field_count && err == NDF_OK; i++)
        err = set_field(arena, out, &layout->fields[i], record);
    return err == NDF_OK ? NDF_OK : fail_memory(error);
}

/* ---- reading ------------------------------------------------------------- */

static int fail_field(ndf_error *error, const struct layout *layout,
    const char *name, const char *what)
{
    return err_set(error, NDF_ESCHEMA, "the line of a %s: %s %s", layout->name,
        name, what);
}

/* Keeps what buf holds in arena. */
static bool keep(struct arena *arena, struct buf *buf, struct str *out)
{
    *out = buf->failed ? (struct str){NULL, 0} : arena_str(arena, buf_str(buf));
    buf_deinit(buf);
    return out->at != NULL;
}

static const struct value *get_variant(
    const struct value *line, const char *name, const char *variant)
{
    char key[64];
    int size = snprintf(key, sizeof key, "%s%s", name, variant);
    if (size < 0 || (size_t)size >= sizeof key) return NULL;
    return value_get(line, (struct str){key, (size_t)size});
}

static int get_bytes(struct arena *arena, const struct value *line,
    const char *name, struct str *out)
{
    struct buf buf;
    buf_init(&buf, arena->mem);
    const struct value *value = get_variant(line, name, "_text");
    if (value != NULL) {
        *out = value->kind == VALUE_STRING ? value->string : *out;
        return value->kind == VALUE_STRING ? NDF_OK : NDF_ESCHEMA;
    }
    value = get_variant(line, name, "_base64");
    if (value != NULL) {
        bool good =
            value->kind == VALUE_STRING && base64_read(&buf, value->string);
        if (!keep(arena, &buf, out)) return NDF_ENOMEM;
        return good ? NDF_OK : NDF_ESCHEMA;
    }
    value = value_get(line, str_of(name));
    if (value == NULL) return NDF_ESCHEMA;
    json_write(&buf, value);
    return keep(arena, &buf, out) ? NDF_OK : NDF_ENOMEM;
}

/* NDF_ESCHEMA when the member is missing or of another type. */
static int get_field(struct arena *arena, const struct value *line,
    const struct column *field, void *record)
{
    void *place = layout_place(field, record);
    struct str s = {NULL, 0};
    if (field->type == COLUMN_BYTES) {
        int err = get_bytes(arena, line, field->name, &s);
        memcpy(place, &s, sizeof s);
        return err;
    }
    const struct value *value = value_get(line, str_of(field->name));
    if (value == NULL) return NDF_ESCHEMA;
    bool is_real = field->type == COLUMN_REAL;
    if (is_real && value->kind == VALUE_REAL) {
        memcpy(place, &value->real, sizeof value->real);
    } else if (is_real && value->kind == VALUE_INT) {
        double real = (double)value->integer;
        memcpy(place, &real, sizeof real);
    } else if (field->type == COLUMN_INT && value->kind == VALUE_INT) {
        memcpy(place, &value->integer, sizeof value->integer);
    } else if (field->type == COLUMN_TEXT && value->kind == VALUE_STRING) {
        memcpy(place, &value->string, sizeof value->string);
    } else if (field->type != COLUMN_HASH || value->kind != VALUE_STRING ||
               !hash_unhex(value->string, place, STORE_HASH_SIZE)) {
        return NDF_ESCHEMA;
    }
    return NDF_OK;
}

int line_to_record(struct arena *arena, const struct layout *layout,
    const struct value *line, void *record, ndf_error *error)
{
    memset(record, 0, layout->size);
    for (size_t i = 0; i < layout->field_count; i++) {
        const struct column *field = &layout->fields[i];
        int err = get_field(arena, line, field, record);
        if (err == NDF_ENOMEM) return fail_memory(error);
        if (err != NDF_OK)
            return fail_field(
                error, layout, field->name, "is missing or of a wrong type");
    }
    /* Each field has been found once; so one more member is one too many. */
    if (line->object.count != layout->field_count + 1)
        return fail_field(error, layout, "it", "has a member that is unknown");
    return layout_check(layout, record, error);
}
