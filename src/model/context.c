/*
 * context.c - see context.h.
 */
#include "model/context.h"

#include <string.h>

#include "model/codec.h"
#include "model/glob.h"
#include "model/pattern.h"

bool context_domain_valid(struct str domain)
{
    return domain.size <= CONTEXT_NAME_MAX && glob_valid(domain) &&
           str_find_char(domain, '*') == domain.size;
}

static int priority_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    int64_t number = 0;
    bool known = value->kind == VALUE_INT;
    if (known) number = value->integer;
    if (value->kind == VALUE_STRING)
        known = scale_number(STR("priority"), value->string, &number);
    if (!known || number < CONTEXT_PRIORITY_MIN ||
        number > CONTEXT_PRIORITY_MAX)
        return codec_refuse(c, key, value);
    *(int *)field = (int)number;
    return NDF_OK;
}

static int priority_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    int priority = *(const int *)field;
    (void)arena;
    (void)key;
    (void)base;
    if (priority != 0) *out = value_of_int(priority);
    return NDF_OK;
}

static int attributes_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct value *attributes = field;
    (void)arena;
    (void)key;
    (void)base;
    if (attributes->kind == VALUE_OBJECT && attributes->object.count > 0)
        *out = *attributes;
    return NDF_OK;
}

static int attributes_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    return codec_object.read(c, key, value, field);
}

static const struct codec_type priority_type = {
    "1 (most urgent) to 5, or one of highest, high, medium, low, lowest",
    priority_read, priority_write};
static const struct codec_type attributes_type = {
    "a map", attributes_read, attributes_write};

static const struct codec_key context_keys[] = {
    {.name = "domain",
        .type = &codec_text,
        .offset = offsetof(struct context, domain),
        .max = CONTEXT_NAME_MAX,
        .valid = context_domain_valid,
        .expected = "a dotted name like security.review (a string)"},
    {.name = "agent_type",
        .type = &codec_text,
        .min = 1,
        .offset = offsetof(struct context, agent_type),
        .max = CONTEXT_NAME_MAX},
    {.name = "priority",
        .type = &priority_type,
        .offset = offsetof(struct context, priority)},
    {.name = "attributes",
        .type = &attributes_type,
        .offset = offsetof(struct context, attributes)},
    {.name = "text",
        .type = &codec_text,
        .offset = offsetof(struct context, text),
        .max = CONTEXT_TEXT_MAX},
};

static const struct codec_map context_map = {.name = "context",
    .what = "a context",
    .keys = context_keys,
    .count = sizeof context_keys / sizeof context_keys[0],
    .null_is_absent = true};

static int check_limits(const struct value *value, ndf_error *error)
{
    const struct value *text = value_get(value, STR("text"));
    if (text != NULL && text->kind == VALUE_STRING &&
        text->string.size > CONTEXT_TEXT_MAX)
        return err_at(error, NDF_ELIMIT, text->line, text->column,
            "the task has %zu bytes, at most %d are taken: put it into a file "
            "and name the file in the task",
            text->string.size, CONTEXT_TEXT_MAX);
    if (value_size(value) > CONTEXT_SIZE_MAX)
        return err_at(error, NDF_ELIMIT, value->line, value->column,
            "the context has more than %d bytes: put what is big into files "
            "and name the files",
            CONTEXT_SIZE_MAX);
    return NDF_OK;
}

int context_decode(struct arena *arena, const struct value *value,
    struct context *out, ndf_error *error)
{
    struct codec c = {arena, error};
    struct context context = {.attributes = value_of_object()};
    memset(out, 0, sizeof *out);
    int err = check_limits(value, error);
    if (err == NDF_OK) err = codec_read_map(&c, &context_map, value, &context);
    if (err != NDF_OK) return err;
    if (context.text.size == 0) context.text.at = NULL;
    *out = context;
    return NDF_OK;
}

int context_encode(
    struct arena *arena, const struct context *context, struct value *out)
{
    return codec_write_map(arena, &context_map, context, NULL, out);
}
