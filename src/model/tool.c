/*
 * tool.c - see tool.h.
 */
#include "model/tool.h"

#include "model/codec.h"
#include "model/tables.h"

static const struct codec_key tool_keys[] = {
    {.name = "name",
        .type = &codec_text,
        .presence = CODEC_REQUIRED,
        .min = 1,
        .offset = offsetof(struct tool, name)},
    {.name = "description",
        .type = &codec_text,
        .offset = offsetof(struct tool, description)},
    {.name = "input_schema",
        .type = &codec_object,
        .offset = offsetof(struct tool, input_schema)},
};

const struct codec_map tool_map = {.name = "tool",
    .what = "a tool",
    .keys = tool_keys,
    .count = sizeof tool_keys / sizeof tool_keys[0]};

static int tool_read(struct codec *c, const struct codec_key *key,
    const struct value *value, struct tool *out)
{
    const struct codec_key name = {.name = key->name,
        .type = &codec_text,
        .expected = key->type->expected};
    *out = (struct tool){.input_schema = value_null};
    if (value->kind == VALUE_OBJECT)
        return codec_read_map(c, &tool_map, value, out);
    return codec_text.read(c, &name, value, &out->name);
}

static int tools_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    if (value->kind != VALUE_ARRAY) return codec_refuse(c, key, value);
    size_t count = value->array.count;
    if (count > CODEC_LIST_MAX)
        return err_at(c->error, NDF_ELIMIT, value->line, value->column,
            "'%s': %zu items are too many, at most %d", key->name, count,
            CODEC_LIST_MAX);
    struct tool_list list = {.count = count};
    list.items = arena_calloc(c->arena, count, sizeof *list.items);
    if (list.items == NULL) return codec_no_memory(c);
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < count; i++)
        err = tool_read(c, key, &value->array.items[i], &list.items[i]);
    if (err == NDF_OK) *(struct tool_list *)field = list;
    return err;
}

/* One of which only the name is known is its name. */
static int tool_write(
    struct arena *arena, const struct tool *tool, struct value *out)
{
    *out = value_of_str(tool->name);
    if (tool->description.size == 0 && tool->input_schema.kind == VALUE_NULL)
        return NDF_OK;
    return codec_write_map(arena, &tool_map, tool, NULL, out);
}

static int tools_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct tool_list *list = field;
    (void)key;
    (void)base;
    if (list->count == 0) return NDF_OK;
    *out = value_of_array();
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < list->count; i++) {
        struct value item;
        err = tool_write(arena, &list->items[i], &item);
        if (err == NDF_OK) err = value_push(arena, out, item);
    }
    return err;
}

const struct codec_type tools_type = {
    "a list of names or of maps {name, description, input_schema}", tools_read,
    tools_write};

/* ---- words --------------------------------------------------------------- */

static int add_text(struct vec *out, struct str text)
{
    if (text.size == 0) return NDF_OK;
    struct str *item = vec_push(out);
    if (item == NULL) return NDF_ENOMEM;
    *item = text;
    return NDF_OK;
}

static int add_next(struct vec *waiting, const struct value *value)
{
    const struct value **item = vec_push(waiting);
    if (item == NULL) return NDF_ENOMEM;
    *item = value;
    return NDF_OK;
}

/* Members of a schema that hold further ones. */
static bool nests(struct str key)
{
    return str_equal(key, STR("items")) || str_equal(key, STR("anyOf")) ||
           str_equal(key, STR("oneOf")) || str_equal(key, STR("allOf"));
}

static int add_parameters(
    const struct value *properties, struct vec *waiting, struct vec *out)
{
    int err = NDF_OK;
    if (properties->kind != VALUE_OBJECT) return NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < properties->object.count; i++) {
        const struct member *member = &properties->object.members[i];
        err = add_text(out, member->key);
        if (err == NDF_OK) err = add_next(waiting, &member->value);
    }
    return err;
}

static int add_member(
    const struct member *member, struct vec *waiting, struct vec *out)
{
    struct str key = member->key;
    if (str_equal(key, STR("properties")))
        return add_parameters(&member->value, waiting, out);
    if (nests(key)) return add_next(waiting, &member->value);
    bool said =
        str_equal(key, STR("description")) || str_equal(key, STR("title"));
    return said && member->value.kind == VALUE_STRING
               ? add_text(out, member->value.string)
               : NDF_OK;
}

static int add_schema(
    const struct value *schema, struct vec *waiting, struct vec *out)
{
    int err = NDF_OK;
    if (schema->kind == VALUE_ARRAY)
        for (size_t i = 0; err == NDF_OK && i < schema->array.count; i++)
            err = add_next(waiting, &schema->array.items[i]);
    if (schema->kind == VALUE_OBJECT)
        for (size_t i = 0; err == NDF_OK && i < schema->object.count; i++)
            err = add_member(&schema->object.members[i], waiting, out);
    return err;
}

int tool_texts(const struct tool *tool, struct vec *out)
{
    struct vec waiting;
    vec_init(&waiting, out->mem, sizeof(const struct value *));
    int err = add_text(out, tool->name);
    if (err == NDF_OK) err = add_text(out, tool->description);
    if (err == NDF_OK) err = add_next(&waiting, &tool->input_schema);
    for (size_t i = 0; err == NDF_OK && i < waiting.count; i++) {
        const struct value *const *next = vec_get(&waiting, i);
        err = add_schema(*next, &waiting, out);
    }
    vec_deinit(&waiting);
    return err;
}
