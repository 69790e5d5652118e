/*
 * outcome.c - see outcome.h.
 */
#include "model/outcome.h"

#include <math.h>
#include <string.h>

#include "model/context.h"
#include "model/tables.h"

static const char *const results[] = {"unknown", "success", "failure", NULL};

const char *outcome_result_name(enum outcome_result result)
{
    return results[result];
}

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

int outcome_decode(struct arena *arena, const struct value *value,
    struct outcome *out, ndf_error *error)
{
    struct codec c = {arena, error};
    struct outcome outcome = outcome_default;
    memset(out, 0, sizeof *out);
    int err = codec_read_map(&c, &outcome_map, value, &outcome);
    if (err == NDF_OK) *out = outcome;
    return err;
}
