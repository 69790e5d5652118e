/*
 * yaml.c - YAML 1.2 core into values; see yaml.h. Plain scalars are resolved
 * in yaml_scalar.c.
 *
 * libyaml gives events; an explicit stack of VALUE_DEPTH_MAX open lists and
 * maps turns them into a tree. libyaml's own idea of types (YAML 1.1) is never
 * asked for. What makes YAML dangerous or ambiguous is refused at the event:
 * aliases, anchors, tags, merge keys, keys that are no strings.
 */
#include "base/yaml.h"

#include <string.h>
#include <yaml.h>

#include "base/json.h"
#include "base/map.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "base/yaml_scalar.h"

/* A list or map that is not closed yet. */
struct frame {
    struct value value; /* kind and place */
    struct vec items;   /* struct value, or struct member */
    struct map keys;    /* of a map: its keys; the values are their lines */
    struct member next; /* of a map: the key that waits for its value */
    bool has_key;
};

struct builder {
    struct arena *arena;
    ndf_error *error;
    yaml_parser_t parser;
    struct frame frames[VALUE_DEPTH_MAX];
    int depth;
    struct vec documents; /* struct value */
    bool empty;           /* the document has nothing in it so far */
    bool done;
};

static uint32_t line_of(const yaml_event_t *event)
{
    return (uint32_t)event->start_mark.line + 1;
}

static uint32_t column_of(const yaml_event_t *event)
{
    return (uint32_t)event->start_mark.column + 1;
}

static int no_memory(struct builder *b)
{
    return err_set(b->error, NDF_ENOMEM, "out of memory");
}

static int refuse(
    struct builder *b, const yaml_event_t *event, const char *sentence)
{
    return err_at(b->error, NDF_ESYNTAX, line_of(event), column_of(event),
        "not valid YAML: %s", sentence);
}

/* ---- building ------------------------------------------------------------ */

static int add_to_map(
    struct builder *b, struct frame *frame, const struct value *value)
{
    struct member *member = vec_push(&frame->items);
    if (member == NULL) return no_memory(b);
    *member = frame->next;
    member->value = *value;
    frame->has_key = false;
    return NDF_OK;
}

/* The value is whole: to the list or map that is open, or as the document. */
static int add_value(struct builder *b, const struct value *value)
{
    if (b->depth > 0) {
        struct frame *frame = &b->frames[b->depth - 1];
        if (frame->value.kind == VALUE_OBJECT)
            return add_to_map(b, frame, value);
        struct value *item = vec_push(&frame->items);
        if (item == NULL) return no_memory(b);
        *item = *value;
        return NDF_OK;
    }
    if (b->empty) return NDF_OK;
    struct value *document = vec_push(&b->documents);
    if (document == NULL) return no_memory(b);
    *document = *value;
    return NDF_OK;
}

static bool wants_key(const struct builder *b)
{
    if (b->depth == 0) return false;
    const struct frame *frame = &b->frames[b->depth - 1];
    return frame->value.kind == VALUE_OBJECT && !frame->has_key;
}

static int open_frame(
    struct builder *b, const yaml_event_t *event, enum value_kind kind)
{
    b->empty = false;
    if (wants_key(b)) return refuse(b, event, "a key must be a string");
    if (b->depth == VALUE_DEPTH_MAX)
        return err_at(b->error, NDF_ELIMIT, line_of(event), column_of(event),
            "nested more than %d levels deep: make it flatter",
            VALUE_DEPTH_MAX);
    struct frame *frame = &b->frames[b->depth++];
    bool map = kind == VALUE_OBJECT;
    memset(frame, 0, sizeof *frame);
    frame->value = (struct value){
        .kind = kind, .line = line_of(event), .column = column_of(event)};
    vec_init(&frame->items, b->arena->mem,
        map ? sizeof(struct member) : sizeof(struct value));
    map_init(&frame->keys, b->arena->mem);
    return NDF_OK;
}

static void drop_frame(struct builder *b)
{
    struct frame *frame = &b->frames[--b->depth];
    vec_deinit(&frame->items);
    map_deinit(&frame->keys);
}

static int close_frame(struct builder *b)
{
    struct frame *frame = &b->frames[b->depth - 1];
    struct value value = frame->value;
    size_t count = frame->items.count;
    void *items =
        arena_calloc(b->arena, value_room(count), frame->items.item_size);
    if (items == NULL) return no_memory(b);
    if (count > 0)
        memcpy(items, frame->items.at, count * frame->items.item_size);
    if (value.kind == VALUE_OBJECT) {
        value.object.members = items;
        value.object.count = count;
    } else {
        value.array.items = items;
        value.array.count = count;
    }
    drop_frame(b);
    return add_value(b, &value);
}

/* ---- scalars ------------------------------------------------------------- */

static int add_key(
    struct builder *b, const yaml_event_t *event, const struct value *value)
{
    struct frame *frame = &b->frames[b->depth - 1];
    if (value->kind != VALUE_STRING)
        return err_at(b->error, NDF_ESYNTAX, value->line, value->column,
            "not valid YAML: a key must be a string, this is %s (put it in "
            "quotes)",
            value_kind_name(value->kind));
    if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
        str_equal(value->string, STR("<<")))
        return refuse(
            b, event, "merge keys (<<) are not taken: repeat the keys");
    /* The map's values are no addresses, but the lines of the keys. */
    size_t first = (size_t)(uintptr_t)map_get(&frame->keys, value->string);
    if (first != 0)
        return err_at(b->error, NDF_ESYNTAX, value->line, value->column,
            "not valid YAML: the key '%.*s' is there already, in line %zu",
            STR_ARG(value->string), first);
    void *line = (void *)(uintptr_t)value->line;
    if (map_put(&frame->keys, value->string, line) != NDF_OK)
        return no_memory(b);
    frame->next = (struct member){
        .key = value->string, .line = value->line, .column = value->column};
    frame->has_key = true;
    return NDF_OK;
}

static int on_scalar(struct builder *b, const yaml_event_t *event)
{
    struct str text = {
        (const char *)event->data.scalar.value, event->data.scalar.length};
    bool plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    struct value value = {.kind = VALUE_STRING,
        .line = line_of(event),
        .column = column_of(event)};
    if (event->data.scalar.tag != NULL)
        return refuse(b, event, "tags (!) are not taken: leave them out");
    if (text.size > 0 && memchr(text.at, '\0', text.size) != NULL)
        return refuse(b, event, "a string contains the character NUL");
    if (!plain || text.size > 0) b->empty = false;
    int err = NDF_OK;
    if (plain) err = yaml_scalar_resolve(b->arena, text, &value, b->error);
    if (err != NDF_OK) return err;
    if (value.kind == VALUE_STRING) {
        value.string = arena_str(b->arena, text);
        if (value.string.at == NULL) return no_memory(b);
    }
    return wants_key(b) ? add_key(b, event, &value) : add_value(b, &value);
}

/* ---- events -------------------------------------------------------------- */

static bool has_anchor(const yaml_event_t *event)
{
    if (event->type == YAML_ALIAS_EVENT) return true;
    if (event->type == YAML_SCALAR_EVENT)
        return event->data.scalar.anchor != NULL;
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return event->data.sequence_start.anchor != NULL;
    return event->type == YAML_MAPPING_START_EVENT &&
           event->data.mapping_start.anchor != NULL;
}

static bool has_tag(const yaml_event_t *event)
{
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return event->data.sequence_start.tag != NULL;
    return event->type == YAML_MAPPING_START_EVENT &&
           event->data.mapping_start.tag != NULL;
}

static int on_event(struct builder *b, const yaml_event_t *event)
{
    if (has_anchor(event))
        return refuse(
            b, event, "anchors and aliases (& and *) are not taken: repeat it");
    if (has_tag(event))
        return refuse(b, event, "tags (!) are not taken: leave them out");
    if (event->type == YAML_SCALAR_EVENT) return on_scalar(b, event);
    if (event->type == YAML_SEQUENCE_START_EVENT)
        return open_frame(b, event, VALUE_ARRAY);
    if (event->type == YAML_MAPPING_START_EVENT)
        return open_frame(b, event, VALUE_OBJECT);
    if (event->type == YAML_SEQUENCE_END_EVENT ||
        event->type == YAML_MAPPING_END_EVENT)
        return close_frame(b);
    if (event->type == YAML_DOCUMENT_START_EVENT) b->empty = true;
    if (event->type == YAML_STREAM_END_EVENT) b->done = true;
    return NDF_OK;
}

/* What people most often did, for libyaml's sentences that do not say it. */
static const char *advice(const char *problem)
{
    static const struct {
        struct str problem;
        const char *advice;
    } table[] = {
        {{"mapping values are not allowed", 30},
            ": a text with ': ' in it needs quotes"},
        {{"cannot start any token", 22},
            ": no tabs for indentation; quotes around a text that starts with "
            "@ or `"},
        {{"did not find expected key", 25},
            ": is the indentation the same as in the lines above?"},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct str text = str_of(problem);
        if (str_find(text, table[i].problem) < text.size)
            return table[i].advice;
    }
    return "";
}

static int place_error(
    struct builder *b, struct str text, size_t offset, const char *sentence)
{
    uint32_t line = 1;
    uint32_t column = 1;
    for (size_t i = 0; i < offset && i < text.size; i++) {
        if (text.at[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)text.at[i] & 0xC0) != 0x80) {
            column++;
        }
    }
    return err_at(
        b->error, NDF_ESYNTAX, line, column, "not valid YAML: %s", sentence);
}

static int parser_error(struct builder *b, struct str text)
{
    const yaml_parser_t *parser = &b->parser;
    if (parser->error == YAML_MEMORY_ERROR) return no_memory(b);
    const char *problem =
        parser->problem != NULL ? parser->problem : "it cannot be read";
    if (parser->error == YAML_READER_ERROR)
        return place_error(b, text, parser->problem_offset, problem);
    return err_at(b->error, NDF_ESYNTAX,
        (uint32_t)parser->problem_mark.line + 1,
        (uint32_t)parser->problem_mark.column + 1, "not valid YAML: %s%s%s%s",
        parser->context != NULL ? parser->context : "",
        parser->context != NULL ? ", " : "", problem, advice(problem));
}

static int check_bytes(struct builder *b, struct str text)
{
    size_t invalid = utf8_invalid_at(text);
    if (invalid < text.size)
        return place_error(b, text, invalid, "this is no UTF-8 text");
    size_t nul = str_find_char(text, '\0');
    if (nul < text.size)
        return place_error(b, text, nul, "the text contains the character NUL");
    /* Nobody could use them, and libyaml compares each with each. */
    size_t directive =
        str_starts(text, STR("%TAG")) ? 0 : str_find(text, STR("\n%TAG"));
    if (directive == text.size) return NDF_OK;
    return place_error(
        b, text, directive + 1, "tags (%TAG) are not taken: leave them out");
}

static int run_events(struct builder *b, struct str text)
{
    int err = NDF_OK;
    while (err == NDF_OK && !b->done) {
        yaml_event_t event;
        if (yaml_parser_parse(&b->parser, &event) == 0)
            return parser_error(b, text);
        err = on_event(b, &event);
        yaml_event_delete(&event);
    }
    return err;
}

int yaml_parse(struct arena *arena, struct str text, struct value **out,
    size_t *count, ndf_error *error)
{
    struct builder b;
    *out = NULL;
    *count = 0;
    memset(&b, 0, sizeof b);
    b.arena = arena;
    b.error = error;
    if (str_starts(text, STR("\xEF\xBB\xBF"))) text = str_from(text, 3);
    int err = check_bytes(&b, text);
    if (err != NDF_OK) return err;
    if (yaml_parser_initialize(&b.parser) == 0) return no_memory(&b);
    const char *bytes = text.size > 0 ? text.at : "";
    yaml_parser_set_input_string(
        &b.parser, (const unsigned char *)bytes, text.size);
    yaml_parser_set_encoding(&b.parser, YAML_UTF8_ENCODING);
    vec_init(&b.documents, arena->mem, sizeof(struct value));

    err = run_events(&b, text);
    if (err == NDF_OK && b.documents.count > 0) {
        *out = vec_dup(&b.documents, arena);
        *count = b.documents.count;
        if (*out == NULL) err = no_memory(&b);
    }
    while (b.depth > 0)
        drop_frame(&b);
    vec_deinit(&b.documents);
    yaml_parser_delete(&b.parser);
    if (err != NDF_OK) *count = 0;
    return err;
}
