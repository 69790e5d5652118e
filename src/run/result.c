/*
 * result.c - what an agent printed, made into values.
 *
 * The agent's word is taken apart only when it is unmistakably an answer: a
 * JSON object with one of our keys. Everything else, damaged JSON included, is
 * plain text, so that no output is ever lost for its form.
 */
#include "run/result.h"

#include <string.h>

#include "base/json.h"
#include "base/utf8.h"

enum { RESULT_ERROR_MAX = 1024 };

static struct str cut_blanks_at_end(struct str text)
{
    while (text.size > 0 && strchr(" \t\r\n", text.at[text.size - 1]) != NULL) {
        text.size--;
    }
    return text;
}

/* Appends text with what a string may not hold replaced. */
static void add_clean(struct buf *buf, struct str text)
{
    while (text.size > 0) {
        size_t nul = str_find_char(text, '\0');
        utf8_add_lossy(buf, str_until(text, nul));
        if (nul == text.size) return;
        buf_add_str(buf, STR("\xEF\xBF\xBD"));
        text = str_from(text, nul + 1);
    }
}

int result_text(struct arena *arena, struct str raw, struct value *out)
{
    struct str text = raw;
    struct buf buf;
    buf_init(&buf, arena->mem);
    if (!utf8_valid(raw) || str_find_char(raw, '\0') < raw.size) {
        add_clean(&buf, raw);
        text = buf_str(&buf);
    }
    int err = buf_error(&buf);
    struct str copy = {NULL, 0};
    if (err == NDF_OK) copy = arena_str(arena, cut_blanks_at_end(text));
    buf_deinit(&buf);
    if (copy.at == NULL) return NDF_ENOMEM;
    *out = value_of_str(copy);
    return NDF_OK;
}

static bool is_answer(const struct value *value)
{
    return value_get(value, STR("output")) != NULL ||
           value_get(value, STR("patch")) != NULL ||
           value_get(value, STR("usage")) != NULL;
}

/* A usage goes into a record as it is, so it must be small. */
static int take_usage(
    struct arena *arena, const struct value *usage, struct agent_result *out)
{
    if (usage == NULL || usage->kind != VALUE_OBJECT) return NDF_OK;
    if (value_size(usage) > AGENT_USAGE_MAX) return NDF_OK;
    struct buf buf;
    buf_init(&buf, arena->mem);
    json_write(&buf, usage);
    int err = buf_error(&buf);
    if (err == NDF_OK && buf.size <= AGENT_USAGE_MAX) out->usage = *usage;
    buf_deinit(&buf);
    return err;
}

static int take_apart(
    struct arena *arena, const struct value *value, struct agent_result *out)
{
    const struct value *output = value_get(value, STR("output"));
    const struct value *patch = value_get(value, STR("patch"));
    if (output != NULL) out->output = *output;
    if (patch != NULL) out->patch = *patch;
    struct str error = value_get_str(value, STR("error"));
    if (error.size > 0 && error.size <= RESULT_ERROR_MAX) out->error = error;
    return take_usage(arena, value_get(value, STR("usage")), out);
}

static bool has(struct str text, struct str part)
{
    return str_find(text, part) < text.size;
}

/* Why text, which begins like an object, is no JSON: an agent that meant it as
 * an answer should be told. */
static int find_flaw(struct arena *arena, struct str text,
    const ndf_error *error, struct str *out)
{
    bool meant = has(text, STR("\"output\"")) || has(text, STR("\"patch\"")) ||
                 has(text, STR("\"usage\""));
    if (!meant) return NDF_OK;
    *out = arena_format(arena, "line %u, column %u: %s", error->line,
        error->column, error->message);
    return out->at != NULL ? NDF_OK : NDF_ENOMEM;
}

int result_parse(struct arena *arena, struct str raw, struct agent_result *out)
{
    out->output = value_null;
    out->patch = value_null;
    out->usage = value_null;
    out->flaw = STR("");
    struct str trimmed = str_trim(raw);
    if (trimmed.size > 0 && trimmed.at[0] == '{') {
        struct value value;
        ndf_error error = {0};
        int err = json_parse(arena, trimmed, &value, &error);
        if (err == NDF_OK && is_answer(&value))
            return take_apart(arena, &value, out);
        if (err != NDF_OK && err != NDF_ENOMEM)
            err = find_flaw(arena, trimmed, &error, &out->flaw);
        if (err != NDF_OK) return err;
    }
    return result_text(arena, raw, &out->output);
}

bool result_empty(const struct agent_result *result)
{
    bool patched = result->patch.kind != VALUE_NULL &&
                   !(result->patch.kind == VALUE_OBJECT &&
                       result->patch.object.count == 0);
    if (patched) return false;
    if (result->output.kind == VALUE_NULL) return !result->typed;
    if (result->output.kind != VALUE_STRING) return false;
    struct str text = result->output.string;
    return (result->typed ? text : str_trim(text)).size == 0;
}
