/*
 * agent.c - see agent.h.
 */
#include "model/agent.h"

#include <string.h>

#include "model/codec.h"
#include "model/tables.h"

enum { REFERENCE_PART_MAX = 256 }; /* names of patterns are the longest */

static bool name_byte(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

bool name_valid(struct str name, size_t max)
{
    if (name.size == 0 || name.size > max || name.at[0] == '-') return false;
    for (size_t i = 0; i < name.size; i++) {
        if (!name_byte(name.at[i])) return false;
    }
    return true;
}

bool agent_name_valid(struct str name)
{
    return name_valid(name, AGENT_NAME_MAX);
}

bool reference_valid(struct str name)
{
    struct str rest = name;
    struct str piece;
    while (str_split(&rest, '/', &piece)) {
        if (!name_valid(piece, REFERENCE_PART_MAX)) return false;
    }
    return name.size > 0;
}

/* What execve takes as a variable: a name without '=', and no NUL (which no
 * string here has). */
static int env_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    if (value->kind != VALUE_OBJECT) return codec_refuse(c, key, value);
    for (size_t i = 0; i < value->object.count; i++) {
        const struct member *member = &value->object.members[i];
        struct str name = member->key;
        if (name.size == 0 || str_find_char(name, '=') < name.size)
            return err_at(c->error, NDF_ESCHEMA, member->line, member->column,
                "'env': '%.*s' is no name of a variable",
                STR_ARG(codec_clip(name)));
        if (member->value.kind != VALUE_STRING)
            return codec_expected(c, "env", "strings", &member->value);
    }
    *(struct value *)field = *value;
    return NDF_OK;
}

static int env_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct value *env = field;
    (void)arena;
    (void)key;
    (void)base;
    if (env->kind == VALUE_OBJECT && env->object.count > 0) *out = *env;
    return NDF_OK;
}

static const struct codec_type env_type = {
    "a map of strings", env_read, env_write};

/* A name, the start of one with a star behind it, or a star: all. */
static bool pass_env_valid(struct str name)
{
    size_t star = str_find_char(name, '*');
    return name.size > 0 && str_find_char(name, '=') == name.size &&
           (star == name.size || star == name.size - 1);
}

/* ---- the sandbox -------------------------------------------------------- */

static const char *const namespaces[] = {"auto", "always", "never", NULL};

static const struct codec_key limits_keys[] = {
    {.name = "memory",
        .type = &codec_bytes,
        .offset = offsetof(struct sandbox, memory)},
    {.name = "cpu",
        .type = &codec_duration,
        .offset = offsetof(struct sandbox, cpu_ms)},
    {.name = "files",
        .type = &codec_u64,
        .min = AGENT_FILES_MIN,
        .max = AGENT_COUNT_MAX,
        .offset = offsetof(struct sandbox, files)},
    {.name = "processes",
        .type = &codec_u64,
        .min = 1,
        .max = AGENT_COUNT_MAX,
        .offset = offsetof(struct sandbox, processes)},
    {.name = "file_size",
        .type = &codec_bytes,
        .offset = offsetof(struct sandbox, file_size)},
};

const struct codec_map limits_map = {.name = "limits",
    .what = "'limits'",
    .keys = limits_keys,
    .count = sizeof limits_keys / sizeof limits_keys[0]};

static const struct codec_key agent_keys[] = {
    {.name = "agent",
        .type = &codec_text,
        .presence = CODEC_REQUIRED,
        .offset = offsetof(struct agent, name),
        .valid = agent_name_valid,
        .expected = "a name: letters, digits and _ . - (a string)"},
    {.name = "description",
        .type = &codec_text,
        .offset = offsetof(struct agent, description),
        .max = AGENT_DESCRIPTION_MAX},
    {.name = "body",
        .type = &codec_text,
        .offset = offsetof(struct agent, body),
        .max = AGENT_BODY_MAX},
    {.name = "model",
        .type = &codec_text,
        .offset = offsetof(struct agent, model)},
    {.name = "tools",
        .type = &tools_type,
        .offset = offsetof(struct agent, tools)},
    {.name = "examples",
        .type = &codec_texts,
        .offset = offsetof(struct agent, examples)},
    {.name = "not_for",
        .type = &codec_texts,
        .offset = offsetof(struct agent, not_for)},
    {.name = "run",
        .type = &codec_texts,
        .min = 1,
        .max = AGENT_ARGV_MAX,
        .offset = offsetof(struct agent, run),
        .expected = "a list of strings like [make, test] (there is no shell)"},
    {.name = "env", .type = &env_type, .offset = offsetof(struct agent, env)},
    {.name = "pass_env",
        .type = &codec_texts,
        .max = AGENT_PASS_ENV_MAX,
        .offset = offsetof(struct agent, pass_env),
        .valid = pass_env_valid,
        .expected = "names of variables like ANTHROPIC_API_KEY or AWS_*"},
    {.name = "namespace",
        .type = &codec_word,
        .detail = namespaces,
        .offset = offsetof(struct agent, sandbox.namespace),
        .expected = "auto, always or never"},
    {.name = "privileges",
        .type = &codec_bool,
        .offset = offsetof(struct agent, sandbox.privileges)},
    {.name = "limits",
        .type = &codec_struct,
        .detail = &limits_map,
        .offset = offsetof(struct agent, sandbox)},
    {.name = "timeout",
        .type = &codec_duration,
        .offset = offsetof(struct agent, timeout_ms)},
    {.name = "output_max",
        .type = &codec_bytes,
        .max = AGENT_OUTPUT_MAX,
        .offset = offsetof(struct agent, output_max),
        .expected = "a size like 16MiB, at most 64MiB (what is larger goes "
                    "into a file)"},
    {.name = "price",
        .type = &codec_object,
        .offset = offsetof(struct agent, price)},
};

const struct codec_map agent_map = {.name = "agent",
    .what = "an agent",
    .keys = agent_keys,
    .count = sizeof agent_keys / sizeof agent_keys[0]};

const struct agent agent_default = {.env = {.kind = VALUE_OBJECT}};

int agent_decode(struct arena *arena, const struct value *value,
    struct agent *out, ndf_error *error)
{
    struct codec c = {arena, error};
    struct agent agent = agent_default;
    memset(out, 0, sizeof *out);
    int err = codec_read_map(&c, &agent_map, value, &agent);
    if (err == NDF_OK) *out = agent;
    return err;
}

int agent_encode(
    struct arena *arena, const struct agent *agent, struct value *out)
{
    return codec_write_map(arena, &agent_map, agent, &agent_default, out);
}
