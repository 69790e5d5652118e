/*
 * build.h - patterns, contexts and features from JSON and words, for the tests
 * of decide.
 */
#ifndef NDF_TESTS_DECIDE_BUILD_H
#define NDF_TESTS_DECIDE_BUILD_H

#include <string.h>

#include "decide/text.h"
#include "model/context.h"
#include "model/pattern.h"
#include "support/parse.h"

/* rest: more members of the pattern, like "\"only_if\": {...}", or "". */
static inline struct pattern *build_pattern(
    struct arena *arena, const char *name, const char *rest)
{
    struct str text =
        arena_format(arena, "{\"pattern\": \"%s\", \"steps\": [\"a\"]%s%s}",
            name, rest[0] != '\0' ? ", " : "", rest);
    struct value value = test_json(arena, text.at);
    struct pattern *pattern = arena_alloc(arena, sizeof *pattern);
    ndf_error error = {0};
    assert_non_null(pattern);
    if (pattern_decode(arena, &value, pattern, &error) != NDF_OK)
        fail_msg("%s: %s", text.at, error.message);
    return pattern;
}

static inline struct context *build_context(
    struct arena *arena, const char *json)
{
    struct value value = test_json(arena, json);
    struct context *context = arena_alloc(arena, sizeof *context);
    ndf_error error = {0};
    assert_non_null(context);
    if (context_decode(arena, &value, context, &error) != NDF_OK)
        fail_msg("%s: %s", json, error.message);
    return context;
}

/* Features of a name, a description and words of not_for; NULL: none. */
static inline struct str build_features(struct arena *arena, const char *name,
    const char *description, const char *not_for)
{
    struct text_field fields[] = {{TEXT_NAME, str_of(name)},
        {TEXT_DESCRIPTION, str_of(description)},
        {TEXT_NOT_FOR, str_of(not_for)}};
    struct buf buf;
    buf_init(&buf, arena->mem);
    assert_int_equal(text_features(arena->mem, fields, 3, &buf), NDF_OK);
    struct str copy = arena_str(arena, buf_str(&buf));
    buf_deinit(&buf);
    return copy;
}

#endif
