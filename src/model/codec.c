/*
 * codec.c - the walk over a table; see codec.h. The types are in
 * codec_types.c.
 */
#include "model/codec.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

enum { CLIP_MAX = 60, GOT_SIZE = 128 };

struct str codec_clip(struct str text)
{
    if (text.size <= CLIP_MAX) return text;
    size_t end = CLIP_MAX;
    while (end > 0 && ((unsigned char)text.at[end] & 0xC0) == 0x80)
        end--;
    return str_until(text, end);
}

static void describe(const struct value *value, char got[GOT_SIZE])
{
    struct str clip;
    switch (value->kind) {
    case VALUE_NULL: (void)snprintf(got, GOT_SIZE, "nothing"); break;
    case VALUE_BOOL:
        (void)snprintf(got, GOT_SIZE, value->truth ? "true" : "false");
        break;
    case VALUE_INT:
        (void)snprintf(got, GOT_SIZE, "%" PRId64, value->integer);
        break;
    case VALUE_REAL: (void)snprintf(got, GOT_SIZE, "%g", value->real); break;
    case VALUE_STRING:
        clip = codec_clip(value->string);
        (void)snprintf(got, GOT_SIZE, "'%.*s'%s", STR_ARG(clip),
            clip.size < value->string.size ? "..." : "");
        break;
    case VALUE_ARRAY: (void)snprintf(got, GOT_SIZE, "a list"); break;
    case VALUE_OBJECT: (void)snprintf(got, GOT_SIZE, "a map"); break;
    }
}

/* A scalar where a text is wanted mostly lacks its quotes. */
static const char *hint(const char *what, const struct value *value)
{
    bool scalar = value->kind == VALUE_BOOL || value->kind == VALUE_INT ||
                  value->kind == VALUE_REAL;
    if (scalar && str_find(str_of(what), STR("string")) < str_of(what).size)
        return " (put it in quotes)";
    return "";
}

int codec_expected(struct codec *c, const char *key, const char *what,
    const struct value *value)
{
    char got[GOT_SIZE];
    describe(value, got);
    return err_at(c->error, NDF_ESCHEMA, value->line, value->column,
        "'%s': expected %s, got %s%s", key, what, got, hint(what, value));
}

int codec_refuse(
    struct codec *c, const struct codec_key *key, const struct value *value)
{
    return codec_expected(c, key->name,
        key->expected != NULL ? key->expected : key->type->expected, value);
}

int codec_no_memory(struct codec *c)
{
    return err_set(c->error, NDF_ENOMEM, "out of memory");
}

int codec_unknown(struct codec *c, const struct member *member,
    const char *what, const struct str *known, size_t count)
{
    struct str key = codec_clip(member->key);
    struct str nearest = str_nearest(member->key, known, count);
    if (nearest.at != NULL)
        return err_at(c->error, NDF_ESCHEMA, member->line, member->column,
            "unknown key '%.*s' in %s, did you mean '%.*s'?", STR_ARG(key),
            what, STR_ARG(nearest));
    char list[NDF_MESSAGE_SIZE / 2] = "";
    size_t used = 0;
    for (size_t i = 0; i < count && used < sizeof list; i++) {
        int size = snprintf(list + used, sizeof list - used, "%s%.*s",
            i == 0 ? "" : ", ", STR_ARG(known[i]));
        used += size < 0 ? 0 : (size_t)size;
    }
    return err_at(c->error, NDF_ESCHEMA, member->line, member->column,
        "unknown key '%.*s' in %s; known are: %s", STR_ARG(key), what, list);
}

static const struct codec_key *find_key(
    const struct codec_map *map, struct str name)
{
    for (size_t i = 0; i < map->count; i++) {
        if (str_equal(str_of(map->keys[i].name), name)) return &map->keys[i];
    }
    return NULL;
}

static int unknown_key(
    struct codec *c, const struct codec_map *map, const struct member *member)
{
    struct str known[CODEC_KEYS_MAX];
    assert(map->count <= CODEC_KEYS_MAX);
    for (size_t i = 0; i < map->count; i++)
        known[i] = str_of(map->keys[i].name);
    return codec_unknown(c, member, map->what, known, map->count);
}

static int check_required(
    struct codec *c, const struct codec_map *map, const struct value *value)
{
    for (size_t i = 0; i < map->count; i++) {
        const struct codec_key *key = &map->keys[i];
        if (key->presence != CODEC_REQUIRED) continue;
        const struct value *given = value_get(value, str_of(key->name));
        bool null = given != NULL && given->kind == VALUE_NULL;
        if (given != NULL && !(null && map->null_is_absent)) continue;
        return err_at(c->error, NDF_ESCHEMA, value->line, value->column,
            "%s lacks the key '%s'", map->what, key->name);
    }
    return NDF_OK;
}

int codec_read_map(struct codec *c, const struct codec_map *map,
    const struct value *value, void *out)
{
    if (value->kind != VALUE_OBJECT)
        return codec_expected(c, map->name, "a map", value);
    for (size_t i = 0; i < value->object.count; i++) {
        const struct member *member = &value->object.members[i];
        const struct codec_key *key = find_key(map, member->key);
        if (key == NULL) return unknown_key(c, map, member);
        if (map->null_is_absent && member->value.kind == VALUE_NULL) continue;
        int err =
            key->type->read(c, key, &member->value, (char *)out + key->offset);
        if (err != NDF_OK) return err;
    }
    return check_required(c, map, value);
}

static int write_key(struct arena *arena, const struct codec_key *key,
    const void *from, const void *defaults, struct value *out)
{
    const void *base =
        defaults == NULL ? NULL : (const char *)defaults + key->offset;
    struct value item = value_null;
    int err = key->type->write(
        arena, key, (const char *)from + key->offset, base, &item);
    if (err != NDF_OK || item.kind == VALUE_NULL) return err;
    if (base != NULL && key->presence != CODEC_REQUIRED) {
        struct value usual = value_null;
        err = key->type->write(arena, key, base, base, &usual);
        if (err != NDF_OK || value_equal(&item, &usual)) return err;
    }
    return value_set(arena, out, str_of(key->name), item);
}

int codec_write_map(struct arena *arena, const struct codec_map *map,
    const void *from, const void *defaults, struct value *out)
{
    *out = value_of_object();
    for (size_t i = 0; i < map->count; i++) {
        int err = write_key(arena, &map->keys[i], from, defaults, out);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

int codec_read_named(struct codec *c, const struct value *item,
    const char *example, struct str *name, const struct value **inner)
{
    *inner = NULL;
    if (item->kind == VALUE_STRING) {
        *name = item->string;
        return NDF_OK;
    }
    if (item->kind == VALUE_OBJECT && item->object.count == 1) {
        const struct member *member = &item->object.members[0];
        bool map = member->value.kind == VALUE_OBJECT;
        if (map || member->value.kind == VALUE_NULL) {
            *name = member->key;
            if (map) *inner = &member->value;
            return NDF_OK;
        }
    }
    return err_at(c->error, NDF_ESCHEMA, item->line, item->column,
        "each item is one name with a map, like '%s'", example);
}
