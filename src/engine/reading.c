/*
 * reading.c - YAML and JSON of a host's own, read as NDF reads its files.
 *
 * The places are a tree of the same shape beside the documents, so that what a
 * host finds wrong in a value can be said with its line.
 */
#include "base/json.h"
#include "base/yaml.h"
#include "engine/engine.h"
#include "engine/object.h"

static int parse(
    struct arena *arena, struct str text, struct value *out, ndf_error *error)
{
    struct str start = str_trim(text);
    struct value *documents;
    size_t count = 1;
    int err;
    if (start.size > 0 && (start.at[0] == '{' || start.at[0] == '[')) {
        documents = arena_calloc(arena, 1, sizeof *documents);
        if (documents == NULL) return NDF_ENOMEM;
        err = json_parse(arena, text, documents, error);
    } else {
        err = yaml_parse(arena, text, &documents, &count, error);
    }
    if (err != NDF_OK) return err;
    *out = value_of_array();
    for (size_t i = 0; err == NDF_OK && i < count; i++)
        err = value_push(arena, out, documents[i]);
    return err;
}

static int place_of(
    struct arena *arena, const struct value *value, struct value *out);

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
static int places_of_list(
    struct arena *arena, const struct value *value, struct value *out)
{
    int err = NDF_OK;
    *out = value_of_array();
    for (size_t i = 0; err == NDF_OK && i < value->array.count; i++) {
        struct value place;
        err = place_of(arena, &value->array.items[i], &place);
        if (err == NDF_OK) err = value_push(arena, out, place);
    }
    return err;
}

/* Of a member it is the key that a person looks for. */
/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
static int places_of_map(
    struct arena *arena, const struct value *value, struct value *out)
{
    size_t count = value->object.count;
    struct member *members =
        arena_calloc(arena, value_room(count), sizeof *members);
    if (members == NULL) return NDF_ENOMEM;
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < count; i++) {
        struct value at_key = value->object.members[i].value;
        at_key.line = value->object.members[i].line;
        at_key.column = value->object.members[i].column;
        members[i].key = value->object.members[i].key;
        err = place_of(arena, &at_key, &members[i].value);
    }
    *out = value_of_object();
    out->object.members = members;
    out->object.count = count;
    return err;
}

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
static int place_of(
    struct arena *arena, const struct value *value, struct value *out)
{
    struct object place = object_new(arena);
    object_put(&place, "line", value_of_int(value->line));
    object_put(&place, "column", value_of_int(value->column));
    struct value parts = value_null;
    int err = place.err;
    if (err == NDF_OK && value->kind == VALUE_ARRAY)
        err = places_of_list(arena, value, &parts);
    else if (err == NDF_OK && value->kind == VALUE_OBJECT)
        err = places_of_map(arena, value, &parts);
    if (parts.kind != VALUE_NULL) object_put(&place, "of", parts);
    *out = place.value;
    return err == NDF_OK ? place.err : err;
}

int ndf_yaml_to_json(const char *text, size_t size, ndf_text **documents,
    ndf_text **places, ndf_error *error)
{
    *documents = NULL;
    if (places != NULL) *places = NULL;
    if (text == NULL) return err_set(error, NDF_EINVAL, "the text is NULL");
    if (error != NULL) error->code = NDF_OK;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    struct value all, where = value_null;
    int err = parse(&arena, (struct str){text, size}, &all, error);
    if (err == NDF_OK && places != NULL)
        err = places_of_list(&arena, &all, &where);
    if (err == NDF_OK && places != NULL)
        err = text_of_value(places, &mem_libc, &where);
    if (err == NDF_OK) err = text_of_value(documents, &mem_libc, &all);
    arena_deinit(&arena);
    if (err != NDF_OK && places != NULL) {
        ndf_text_free(*places);
        *places = NULL;
    }
    return engine_explain(err, "the text cannot be read", error);
}
