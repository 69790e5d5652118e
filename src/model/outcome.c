/*
 * outcome.c - see outcome.h.
 */
#include "model/outcome.h"

#include <math.h>
#include <string.h>

#include "base/base64.h"
#include "model/context.h"
#include "model/tables.h"

static const char *const results[] = {"unknown", "success", "failure", NULL};

const char *outcome_result_name(enum outcome_result result)
{
    return results[result];
}

/* ---- bytes
 * ------------------------------------------------------------------ */

static int lesson_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct str *bytes = field;
    struct buf buf;
    buf_init(&buf, c->arena->mem);
    bool good = value->kind == VALUE_STRING && base64_read(&buf, value->string);
    int err = good ? buf_error(&buf) : codec_refuse(c, key, value);
    if (err == NDF_OK) {
        *bytes = arena_str(c->arena, buf_str(&buf));
        if (bytes->at == NULL) err = NDF_ENOMEM;
    }
    buf_deinit(&buf);
    return err == NDF_ENOMEM ? codec_no_memory(c) : err;
}

static int lesson_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct str *bytes = field;
    (void)key;
    (void)base;
    if (bytes->size == 0) return NDF_OK;
    struct buf buf;
    buf_init(&buf, arena->mem);
    base64_write(&buf, *bytes);
    struct str text = arena_str(arena, buf_str(&buf));
    int err = buf_error(&buf);
    buf_deinit(&buf);
    if (err != NDF_OK || text.at == NULL) return NDF_ENOMEM;
    *out = value_of_str(text);
    return NDF_OK;
}

static const struct codec_type lesson_type = {
    "base64 (a string)", lesson_read, lesson_write};

/* ---- an outcome
 * ------------------------------------------------------------- */

static const struct codec_key outcome_keys[] = {
    {.name = "run",
        .type = &codec_text,
        .min = 1,
        .offset = offsetof(struct outcome, run)},
    {.name = "pattern",
        .type = &codec_text,
        .presence = CODEC_REQUIRED,
        .offset = offsetof(struct outcome, pattern),
        .valid = reference_valid,
        .expected = "a pattern's name (a string)"},
    {.name = "domain",
        .type = &codec_text,
        .valid = context_domain_valid,
        .offset = offsetof(struct outcome, domain),
        .expected = "a dotted name like security.review (a string)"},
    {.name = "text",
        .type = &codec_text,
        .max = CONTEXT_TEXT_MAX,
        .offset = offsetof(struct outcome, text)},
    {.name = "result",
        .type = &codec_word,
        .presence = CODEC_REQUIRED,
        .offset = offsetof(struct outcome, result),
        .detail = results,
        .expected = "success, failure or unknown"},
    {.name = "evidence",
        .type = &codec_text,
        .offset = offsetof(struct outcome, evidence)},
    {.name = "should",
        .type = &codec_text,
        .valid = reference_valid,
        .offset = offsetof(struct outcome, should),
        .expected = "a pattern's name (a string)"},
    {.name = "none",
        .type = &codec_bool,
        .offset = offsetof(struct outcome, none)},
    {.name = "follow_up",
        .type = &codec_bool,
        .offset = offsetof(struct outcome, follow_up)},
    {.name = "excuse",
        .type = &codec_real,
        .offset = offsetof(struct outcome, excuse)},
    {.name = "lesson",
        .type = &lesson_type,
        .offset = offsetof(struct outcome, lesson)},
    {.name = "at_ms",
        .type = &codec_i64,
        .offset = offsetof(struct outcome, at_ms)},
    {.name = "latency_ms",
        .type = &codec_u64,
        .offset = offsetof(struct outcome, latency_ms)},
    {.name = "cost",
        .type = &codec_real,
        .offset = offsetof(struct outcome, cost)},
};

static const struct codec_map outcome_map = {.name = "outcome",
    .what = "an outcome",
    .keys = outcome_keys,
    .count = sizeof outcome_keys / sizeof outcome_keys[0],
    .null_is_absent = true};

static const struct outcome outcome_default = {.cost = (double)NAN};

int outcome_encode(
    struct arena *arena, const struct outcome *outcome, struct value *out)
{
    return codec_write_map(arena, &outcome_map, outcome, &outcome_default, out);
}

/* Where none was right, none need have been chosen, or have ended. */
static int read_none(
    struct codec *c, const struct value *value, struct outcome *out)
{
    struct codec_key keys[sizeof outcome_keys / sizeof outcome_keys[0]];
    struct codec_map map = outcome_map;
    memcpy(keys, outcome_keys, sizeof keys);
    for (size_t i = 0; i < map.count; i++)
        keys[i].presence = CODEC_OPTIONAL;
    map.keys = keys;
    int err = codec_read_map(c, &map, value, out);
    if (err == NDF_OK && out->should.at != NULL)
        err = err_at(c->error, NDF_ESCHEMA, value->line, value->column,
            "an outcome says `none` and `should`: leave one of them out");
    return err;
}

int outcome_decode(struct arena *arena, const struct value *value,
    struct outcome *out, ndf_error *error)
{
    struct codec c = {arena, error};
    struct outcome outcome = outcome_default;
    memset(out, 0, sizeof *out);
    int err = value_get_bool(value, STR("none"), false)
                  ? read_none(&c, value, &outcome)
                  : codec_read_map(&c, &outcome_map, value, &outcome);
    if (err == NDF_OK && !(outcome.excuse >= 0 && outcome.excuse <= 1))
        err = err_set(error, NDF_ESCHEMA, "excuse must be from 0 to 1");
    if (err == NDF_OK) *out = outcome;
    return err;
}

bool outcome_is_event(const struct outcome *outcome)
{
    return str_equal(outcome->evidence, STR(OUTCOME_REMOVED)) ||
           str_equal(outcome->evidence, STR(OUTCOME_RESET));
}

bool outcome_counts(const struct outcome *outcome)
{
    if (outcome->none || outcome_is_event(outcome)) return false;
    /* A label alone ("that one would have been right") tells of none. */
    return outcome->run.at != NULL || outcome->should.at == NULL;
}
