/*
 * image_world.h - a store with a few patterns, and all that it answers, for the
 * tests of its image.
 */
#ifndef NDF_TESTS_ENGINE_IMAGE_WORLD_H
#define NDF_TESTS_ENGINE_IMAGE_WORLD_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ndf/ndf.h"
#include "ndf/read.h"

#include "support/support.h"

enum { TEXT_MAX = 4 * 1024 * 1024 };

struct world {
    struct test_dir dir;
    char store[300], image[300];
};

static const char documents[] =
    "pattern: web.review\ndescription: review the code of the shop\n"
    "only_if: {domain: [web.**], attributes: {stage: [a, b], n: {ge: 2}}}\n"
    "good_for: {agent_type: [coder], domain: [web.*]}\n"
    "examples: [look at the login]\nsteps: [{x: {agent: helper}}]\n"
    "confidence: {threshold: 0.3, min_executions: 2}\n"
    "---\n"
    "pattern: data.chart\ndescription: draw a chart of the sales\n"
    "not_for: [review the code]\nfallback: helper\n"
    "only_if: [{domain: data.*}, {text: '\\bchart'}]\n"
    "tasks: [{x: {agent: helper}}, {y: {agent: helper}}]\n"
    "---\n"
    "agent: helper\ndescription: helps with the code and the chart\n"
    "run: [echo, helped]\n"
    "---\n"
    "agent: twin\ndescription: translate the manual of the shop\n"
    "run: [echo, t]\n"
    "---\n"
    "agent: twain\ndescription: translate the manual of the shop\n"
    "run: [echo, u]\n";

static inline ndf_engine *open_store(const char *path, int mode)
{
    ndf_options options = NDF_OPTIONS_INIT;
    ndf_error error = {0};
    ndf_engine *engine;
    options.path = path;
    options.mode = mode;
    if (ndf_open(&engine, &options, &error) != NDF_OK)
        fail_msg("%s", error.message);
    return engine;
}

static inline void add(const char *path, const char *text)
{
    ndf_error error = {0};
    ndf_engine *engine = open_store(path, NDF_OPEN_CREATE);
    if (ndf_register(engine, text, strlen(text), 1, &error) != NDF_OK)
        fail_msg("%s", error.message);
    ndf_close(engine);
}

static inline int setup(void **state)
{
    struct world *world = calloc(1, sizeof *world);
    assert_non_null(world);
    test_dir_make(&world->dir);
    (void)snprintf(
        world->store, sizeof world->store, "%s/s.db", world->dir.path);
    (void)snprintf(
        world->image, sizeof world->image, "%s/s.db.index", world->dir.path);
    add(world->store, documents);
    *state = world;
    return 0;
}

static inline int teardown(void **state)
{
    struct world *world = *state;
    test_dir_remove(&world->dir);
    free(world);
    return 0;
}

/* ---- answers --------------------------------------------------------------
 */

static inline void append(char *out, ndf_text *text)
{
    size_t size = strlen(out);
    assert_true(size + ndf_text_size(text) + 2 < TEXT_MAX);
    memcpy(out + size, ndf_text_data(text), ndf_text_size(text) + 1);
    ndf_text_free(text);
}

static inline int found(void *ud, const char *name, double score)
{
    char *out = ud;
    size_t size = strlen(out);
    (void)snprintf(out + size, TEXT_MAX - size, "%s %.17g\n", name, score);
    return 0;
}

static inline void select_into(ndf_engine *engine, const char *json, char *out)
{
    ndf_context *context;
    ndf_selection *selection;
    ndf_text *text;
    assert_ok(ndf_context_new(engine, json, strlen(json), &context, NULL));
    assert_ok(ndf_select(engine, context, 0, &selection, NULL));
    assert_ok(ndf_selection_json(selection, &text));
    append(out, text);
    ndf_selection_free(selection);
    assert_ok(ndf_explain(engine, context, "data.chart", &text, NULL));
    append(out, text);
    ndf_context_free(context);
}

/* All that a registry is asked for, as one text; free it. */
static inline char *ask(ndf_engine *engine)
{
    static const char *const contexts[] = {
        "{\"domain\": \"web.shop\", \"text\": \"review the code\", "
        "\"attributes\": {\"stage\": \"b\", \"n\": 2}}",
        "{\"text\": \"draw a chart of the shop\"}",
        "{\"domain\": \"web.shop\", \"agent_type\": \"coder\", "
        "\"attributes\": {\"stage\": \"a\", \"n\": 3}}",
        "{\"text\": \"translate the manual\"}",
    };
    char *out = calloc(1, TEXT_MAX);
    ndf_text *text;
    assert_non_null(out);
    for (size_t i = 0; i < sizeof contexts / sizeof contexts[0]; i++)
        select_into(engine, contexts[i], out);
    for (int kind = NDF_LIST_PATTERNS; kind <= NDF_LIST_AGENTS; kind++) {
        assert_ok(ndf_list(engine, kind, 0, &text, NULL));
        append(out, text);
    }
    assert_ok(ndf_find_domain(engine, "web.shop", found, out, NULL));
    assert_ok(ndf_find_attribute(engine, "stage", found, out, NULL));
    assert_ok(
        ndf_find_similar(engine, "web.review", 0.01, 0, found, out, NULL));
    return out;
}

static inline char *answer(const struct world *world)
{
    ndf_engine *engine = open_store(world->store, NDF_OPEN_EXISTING);
    char *out = ask(engine);
    ndf_close(engine);
    return out;
}

static inline void assert_answers(
    const struct world *world, const char *expected)
{
    char *out = answer(world);
    assert_string_equal(out, expected);
    free(out);
}

/* The report; borrowed until the next call. */
static inline const char *compile(const char *path, int mode)
{
    static char report[4096];
    ndf_engine *engine = open_store(path, mode);
    ndf_text *text;
    ndf_error error = {0};
    if (ndf_compile(engine, &text, &error) != NDF_OK)
        fail_msg("%s", error.message);
    (void)snprintf(report, sizeof report, "%s", ndf_text_data(text));
    ndf_text_free(text);
    ndf_close(engine);
    return report;
}

static inline bool says(const char *report, const char *what)
{
    return strstr(report, what) != NULL;
}

#endif
