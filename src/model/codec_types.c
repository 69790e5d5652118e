/*
 * codec_types.c - how each type of a table row is read and written; see
 * codec.h.
 */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "model/agent.h"
#include "model/codec.h"
#include "model/pattern.h"
#include "model/regex.h"
#include "model/units.h"

static int check_text(
    struct codec *c, const struct codec_key *key, const struct value *value)
{
    if (value->kind != VALUE_STRING) return codec_refuse(c, key, value);
    size_t max = key->max > 0 && key->type != &codec_texts ? (size_t)key->max
                                                           : CODEC_TEXT_MAX;
    if (value->string.size > max)
        return err_at(c->error, NDF_ELIMIT, value->line, value->column,
            "'%s': %zu bytes are too many, at most %zu", key->name,
            value->string.size, max);
    if (key->type != &codec_texts && (int64_t)value->string.size < key->min)
        return codec_refuse(c, key, value);
    if (key->valid != NULL && !key->valid(value->string))
        return codec_refuse(c, key, value);
    return NDF_OK;
}

static int text_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    int err = check_text(c, key, value);
    if (err == NDF_OK) *(struct str *)field = value->string;
    return err;
}

static int text_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct str *text = field;
    (void)arena;
    (void)key;
    (void)base;
    if (text->size > 0) *out = value_of_str(*text);
    return NDF_OK;
}

static int regex_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    int err = check_text(c, key, value);
    if (err == NDF_OK) err = regex_check(value, key->name, c->error);
    if (err == NDF_OK) *(struct str *)field = value->string;
    return err;
}

static int texts_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    if (value->kind != VALUE_ARRAY) return codec_refuse(c, key, value);
    size_t max = key->max > 0 ? (size_t)key->max : CODEC_LIST_MAX;
    size_t count = value->array.count;
    if (count > max)
        return err_at(c->error, NDF_ELIMIT, value->line, value->column,
            "'%s': %zu items are too many, at most %zu", key->name, count, max);
    if ((int64_t)count < key->min) return codec_refuse(c, key, value);
    struct str_list list = {NULL, count};
    list.items = arena_calloc(c->arena, count, sizeof *list.items);
    if (list.items == NULL) return codec_no_memory(c);
    for (size_t i = 0; i < count; i++) {
        const struct value *item = &value->array.items[i];
        int err = check_text(c, key, item);
        if (err != NDF_OK) return err;
        list.items[i] = item->string;
    }
    *(struct str_list *)field = list;
    return NDF_OK;
}

static int texts_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct str_list *list = field;
    (void)key;
    (void)base;
    if (list->count == 0) return NDF_OK;
    *out = value_of_array();
    for (size_t i = 0; i < list->count; i++) {
        int err = value_push(arena, out, value_of_str(list->items[i]));
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int bool_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    if (value->kind != VALUE_BOOL) return codec_refuse(c, key, value);
    *(bool *)field = value->truth;
    return NDF_OK;
}

static int bool_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    (void)arena;
    (void)key;
    (void)base;
    *out = value_of_bool(*(const bool *)field);
    return NDF_OK;
}

/* The range is told in full: "expected an integer from 1 to 5, got 7". */
static int out_of_range(struct codec *c, const struct codec_key *key,
    const struct value *value, const char *what, int64_t max)
{
    if (key->expected != NULL) return codec_refuse(c, key, value);
    struct str sentence =
        max == INT64_MAX
            ? arena_format(c->arena, "%s of at least %" PRId64, what, key->min)
            : arena_format(c->arena, "%s from %" PRId64 " to %" PRId64, what,
                  key->min, max);
    if (sentence.at == NULL) return codec_no_memory(c);
    return codec_expected(c, key->name, sentence.at, value);
}

static int read_integer(struct codec *c, const struct codec_key *key,
    const struct value *value, int64_t limit, int64_t *out)
{
    int64_t max = key->max != 0 ? key->max : limit;
    if (value->kind != VALUE_INT || value->integer < key->min ||
        value->integer > max)
        return out_of_range(c, key, value, "an integer", max);
    *out = value->integer;
    return NDF_OK;
}

static int u32_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    int64_t integer = 0;
    int err = read_integer(c, key, value, UINT32_MAX, &integer);
    if (err == NDF_OK) *(uint32_t *)field = (uint32_t)integer;
    return err;
}

static int u32_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    (void)arena;
    (void)key;
    (void)base;
    *out = value_of_int(*(const uint32_t *)field);
    return NDF_OK;
}

static int u64_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    int64_t integer = 0;
    int err = read_integer(c, key, value, INT64_MAX, &integer);
    if (err == NDF_OK) *(uint64_t *)field = (uint64_t)integer;
    return err;
}

static int u64_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    uint64_t number = *(const uint64_t *)field;
    (void)arena;
    (void)key;
    (void)base;
    *out = value_of_int(number > INT64_MAX ? INT64_MAX : (int64_t)number);
    return NDF_OK;
}

static int i64_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    return read_integer(c, key, value, INT64_MAX, field);
}

static int i64_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    (void)arena;
    (void)key;
    (void)base;
    *out = value_of_int(*(const int64_t *)field);
    return NDF_OK;
}

static int real_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    int64_t max = key->max != 0 ? key->max : INT64_MAX;
    bool integer = value->kind == VALUE_INT;
    double real = integer ? (double)value->integer : value->real;
    if ((!integer && value->kind != VALUE_REAL) || real < (double)key->min ||
        real > (double)max)
        return out_of_range(c, key, value, "a number", max);
    *(double *)field = real;
    return NDF_OK;
}

static int real_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    (void)arena;
    (void)key;
    (void)base;
    *out = value_of_real(*(const double *)field);
    return NDF_OK;
}

static int duration_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    if (!duration_parse(value, field)) return codec_refuse(c, key, value);
    return NDF_OK;
}

static int duration_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    uint64_t ms = *(const uint64_t *)field;
    const uint64_t *usual = base;
    /* Most durations are the default: not worded to be dropped afterwards. */
    if (usual != NULL && *usual == ms && key->presence != CODEC_REQUIRED)
        return NDF_OK;
    struct str text = ms % 1000 == 0
                          ? arena_format(arena, "%" PRIu64 "s", ms / 1000)
                          : arena_format(arena, "%" PRIu64 "ms", ms);
    if (text.at == NULL) return NDF_ENOMEM;
    *out = value_of_str(text);
    return NDF_OK;
}

static int bytes_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    uint64_t bytes = 0;
    if (!bytes_parse(value, &bytes) ||
        (key->max != 0 && bytes > (uint64_t)key->max))
        return codec_refuse(c, key, value);
    *(uint64_t *)field = bytes;
    return NDF_OK;
}

static int word_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    const char *const *words = key->detail;
    if (value->kind != VALUE_STRING) return codec_refuse(c, key, value);
    for (int i = 0; words[i] != NULL; i++) {
        if (!str_equal(str_of(words[i]), value->string)) continue;
        /* Enums are ints here, of whatever name: copied as bytes. */
        memcpy(field, &i, sizeof i);
        return NDF_OK;
    }
    return codec_refuse(c, key, value);
}

static int word_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const char *const *words = key->detail;
    int i;
    (void)arena;
    (void)base;
    memcpy(&i, field, sizeof i);
    *out = value_of_str(str_of(words[i]));
    return NDF_OK;
}

static int any_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    if (value_depth(value) > CODEC_DEPTH_MAX)
        return err_at(c->error, NDF_ELIMIT, value->line, value->column,
            "'%s' is nested more than %d levels deep: make it flatter",
            key->name, CODEC_DEPTH_MAX);
    *(struct value *)field = *value;
    return NDF_OK;
}

static int object_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    if (value->kind != VALUE_OBJECT) return codec_refuse(c, key, value);
    return any_read(c, key, value, field);
}

static int any_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    (void)arena;
    (void)key;
    (void)base;
    *out = *(const struct value *)field;
    return NDF_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are nested */
static int struct_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    return codec_read_map(c, key->detail, value, field);
}

/* NOLINTNEXTLINE(misc-no-recursion): as deep as the tables are nested */
static int struct_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    int err = codec_write_map(arena, key->detail, field, base, out);
    if (err == NDF_OK && out->object.count == 0) *out = value_null;
    return err;
}

const struct codec_type codec_text = {"a string", text_read, text_write};
const struct codec_type codec_regex = {
    "a regular expression (a string)", regex_read, text_write};
const struct codec_type codec_texts = {
    "a list of strings", texts_read, texts_write};
const struct codec_type codec_bool = {"true or false", bool_read, bool_write};
const struct codec_type codec_u32 = {"an integer", u32_read, u32_write};
const struct codec_type codec_u64 = {"an integer", u64_read, u64_write};
const struct codec_type codec_i64 = {"an integer", i64_read, i64_write};
const struct codec_type codec_real = {"a number", real_read, real_write};
const struct codec_type codec_duration = {
    "a duration like 120s", duration_read, duration_write};
const struct codec_type codec_bytes = {
    "a size like 64MiB or a number of bytes", bytes_read, u64_write};
const struct codec_type codec_word = {"a word", word_read, word_write};
const struct codec_type codec_object = {"a map", object_read, any_write};
const struct codec_type codec_any = {"a value", any_read, any_write};
const struct codec_type codec_struct = {"a map", struct_read, struct_write};
