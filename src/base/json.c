/*
 * json.c - JSON text into values; see json.h. The writers are in json_write.c.
 *
 * jansson judges the text and makes a tree without positions. A second, blind
 * walk goes over the text, which is known to be good by then, beside that tree:
 * jansson keeps the order of members and refuses duplicates, so the n-th value
 * of the walk is the n-th value of the tree.
 */
#include "base/json.h"

#include <jansson.h>
#include <string.h>

#include "base/utf8.h"

struct reader {
    struct arena *arena;
    struct str text;
    size_t at;
    uint32_t line, column; /* of the byte at `at`; columns in code points */
    ndf_error *error;
};

static void reader_next(struct reader *r)
{
    unsigned char byte = (unsigned char)r->text.at[r->at++];
    if (byte == '\n') {
        r->line++;
        r->column = 1;
    } else if ((byte & 0xC0) != 0x80) {
        r->column++;
    }
}

static bool reader_at_any(const struct reader *r, struct str bytes)
{
    return r->at < r->text.size &&
           str_find_char(bytes, r->text.at[r->at]) < bytes.size;
}

static void skip_blanks(struct reader *r)
{
    while (reader_at_any(r, STR(" \t\r\n")))
        reader_next(r);
}

/* Past what stands between two values: blanks and one of these bytes. */
static void skip_mark(struct reader *r, struct str marks)
{
    skip_blanks(r);
    if (reader_at_any(r, marks)) reader_next(r);
    skip_blanks(r);
}

static void skip_string(struct reader *r)
{
    reader_next(r);
    while (r->at < r->text.size && r->text.at[r->at] != '"') {
        if (r->text.at[r->at] == '\\') reader_next(r);
        if (r->at < r->text.size) reader_next(r);
    }
    if (r->at < r->text.size) reader_next(r);
}

static void skip_word(struct reader *r)
{
    while (r->at < r->text.size && !reader_at_any(r, STR(",]} \t\r\n")))
        reader_next(r);
}

static int read_value(
    struct reader *r, json_t *json, int depth, struct value *out);

/* NOLINTNEXTLINE(misc-no-recursion): ends at VALUE_DEPTH_MAX */
static int read_array(
    struct reader *r, json_t *json, int depth, struct value *out)
{
    size_t count = json_array_size(json);
    struct value *items =
        arena_calloc(r->arena, value_room(count), sizeof *items);
    if (items == NULL) return NDF_ENOMEM;
    skip_mark(r, STR("["));
    for (size_t i = 0; i < count; i++) {
        int err = read_value(r, json_array_get(json, i), depth + 1, &items[i]);
        if (err != NDF_OK) return err;
        skip_mark(r, STR(","));
    }
    skip_mark(r, STR("]"));
    out->array.items = items;
    out->array.count = count;
    return NDF_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at VALUE_DEPTH_MAX */
static int read_object(
    struct reader *r, json_t *json, int depth, struct value *out)
{
    size_t count = json_object_size(json);
    struct member *members =
        arena_calloc(r->arena, value_room(count), sizeof *members);
    if (members == NULL) return NDF_ENOMEM;
    skip_mark(r, STR("{"));
    void *iter = json_object_iter(json);
    for (size_t i = 0; i < count; i++) {
        struct member *member = &members[i];
        member->line = r->line;
        member->column = r->column;
        member->key = arena_str(r->arena, str_of(json_object_iter_key(iter)));
        if (member->key.at == NULL) return NDF_ENOMEM;
        skip_string(r);
        skip_mark(r, STR(":"));
        int err = read_value(
            r, json_object_iter_value(iter), depth + 1, &member->value);
        if (err != NDF_OK) return err;
        skip_mark(r, STR(","));
        iter = json_object_iter_next(json, iter);
    }
    skip_mark(r, STR("}"));
    out->object.members = members;
    out->object.count = count;
    return NDF_OK;
}

static int read_string(struct reader *r, json_t *json, struct value *out)
{
    struct str text = {json_string_value(json), json_string_length(json)};
    out->string = arena_str(r->arena, text);
    if (out->string.at == NULL) return NDF_ENOMEM;
    skip_string(r);
    return NDF_OK;
}

static enum value_kind kind_of(json_t *json)
{
    switch (json_typeof(json)) {
    case JSON_OBJECT: return VALUE_OBJECT;
    case JSON_ARRAY: return VALUE_ARRAY;
    case JSON_STRING: return VALUE_STRING;
    case JSON_INTEGER: return VALUE_INT;
    case JSON_REAL: return VALUE_REAL;
    case JSON_TRUE:
    case JSON_FALSE: return VALUE_BOOL;
    case JSON_NULL: break;
    }
    return VALUE_NULL;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at VALUE_DEPTH_MAX */
static int read_value(
    struct reader *r, json_t *json, int depth, struct value *out)
{
    struct value value = {
        .kind = kind_of(json), .line = r->line, .column = r->column};
    bool container = value.kind == VALUE_OBJECT || value.kind == VALUE_ARRAY;
    if (container && depth > VALUE_DEPTH_MAX)
        return err_at(r->error, NDF_ELIMIT, r->line, r->column,
            "nested more than %d levels deep: make it flatter",
            VALUE_DEPTH_MAX);
    int err = NDF_OK;
    if (value.kind == VALUE_OBJECT) {
        err = read_object(r, json, depth, &value);
    } else if (value.kind == VALUE_ARRAY) {
        err = read_array(r, json, depth, &value);
    } else if (value.kind == VALUE_STRING) {
        err = read_string(r, json, &value);
    } else {
        if (value.kind == VALUE_BOOL) value.truth = json_is_true(json);
        if (value.kind == VALUE_INT) value.integer = json_integer_value(json);
        if (value.kind == VALUE_REAL) value.real = json_real_value(json);
        skip_word(r);
    }
    if (err == NDF_OK) *out = value;
    return err;
}

static int syntax_error(const json_error_t *from, ndf_error *error)
{
    uint32_t line = from->line > 0 ? (uint32_t)from->line : 1;
    uint32_t column = from->column > 0 ? (uint32_t)from->column : 1;
    enum json_error_code code = json_error_code(from);
    if (code == json_error_out_of_memory)
        return err_set(error, NDF_ENOMEM, "out of memory");
    if (code == json_error_stack_overflow)
        return err_at(error, NDF_ELIMIT, line, column,
            "nested more than %d levels deep: make it flatter",
            VALUE_DEPTH_MAX);
    if (code == json_error_numeric_overflow)
        return err_at(error, NDF_ESYNTAX, line, column,
            "a number is too big (integers have 64 bits): "
            "write it as a string");
    if (code == json_error_null_character ||
        code == json_error_null_byte_in_key)
        return err_at(error, NDF_ESYNTAX, line, column,
            "a string contains the character NUL: leave it out");
    return err_at(
        error, NDF_ESYNTAX, line, column, "not valid JSON: %s", from->text);
}

/* jansson takes a NUL behind the value for the end, and says of bad bytes only
 * that they are bad. */
static int check_bytes(struct reader r)
{
    size_t bad = utf8_invalid_at(r.text);
    const char *what = "this is no UTF-8 text";
    if (bad == r.text.size) {
        bad = str_find_char(r.text, '\0');
        what = "the text contains the character NUL";
    }
    if (bad == r.text.size) return NDF_OK;
    while (r.at < bad)
        reader_next(&r);
    return err_at(
        r.error, NDF_ESYNTAX, r.line, r.column, "not valid JSON: %s", what);
}

/* jansson 2.14 writes beyond the buffer of its scanner when that cannot grow.
 * The buffer is never larger than twice the text: see that there is as much. */
static bool has_room(struct str text)
{
    size_t size = 2 * text.size + 64;
    void *room = mem_alloc(&mem_libc, size);
    mem_free(&mem_libc, room, size);
    return room != NULL;
}

int json_parse(
    struct arena *arena, struct str text, struct value *out, ndf_error *error)
{
    *out = value_null;
    if (str_starts(text, STR("\xEF\xBB\xBF"))) text = str_from(text, 3);
    struct reader r = {
        .arena = arena, .text = text, .line = 1, .column = 1, .error = error};
    int err = check_bytes(r);
    if (err != NDF_OK) return err;
    skip_blanks(&r);
    if (r.at == text.size)
        return err_at(error, NDF_ESYNTAX, r.line, r.column,
            "not valid JSON: there is no value, the text is empty");

    json_error_t problem;
    memset(&problem, 0, sizeof problem);
    if (!has_room(text)) return err_set(error, NDF_ENOMEM, "out of memory");
    json_t *json = json_loadb(
        text.at, text.size, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &problem);
    if (json == NULL) return syntax_error(&problem, error);
    err = read_value(&r, json, 1, out);
    json_decref(json);
    if (err == NDF_ENOMEM) return err_set(error, err, "out of memory");
    return err;
}
