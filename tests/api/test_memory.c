/*
 * test_memory.c - open, register, select and run survive the failure of every
 * single allocation: a clear error, and nothing leaks.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "api/api.h"

static const char profile[] =
    "agent: worker\n"
    "description: Does the work.\n"
    "---\n"
    "pattern: work.twice\n"
    "description: Does the work twice.\n"
    "good_for: {domain: [work.**], text: ['\\bwork']}\n"
    "ask_host: true\n"
    "host: {class: Twice}\n"
    "steps:\n"
    "  - one: {agent: worker, writes: [found]}\n"
    "  - two: {agent: worker, with: {before: \"${steps.one.output}\"}}\n"
    "---\n"
    "pattern: fails\n"
    "description: Fails.\n"
    "fallback: work.twice\n"
    "steps: [breaks]\n";

static int answer(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    static const char patch[] = "{\"attributes\":{\"found\":1}}";
    int err = ndf_reply_patch(reply, patch, sizeof patch - 1);
    if (err == NDF_OK) err = ndf_reply_output(reply, "\"done\"", 6);
    return err;
}

static int refuse(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    (void)reply;
    return 1;
}

static int allow(void *ud, const char *pattern, const ndf_context *context)
{
    (void)ud;
    (void)pattern;
    (void)context;
    return 1;
}

static int run_it(
    ndf_engine *engine, const ndf_context *context, ndf_error *error)
{
    ndf_run *run = NULL;
    ndf_text *text = NULL;
    int state = NDF_RUN_RUNNING;
    int err = ndf_plan(engine, "work.twice", context, NULL, &text, error);
    ndf_text_free(text);
    if (err == NDF_OK)
        err = ndf_run_start(engine, "work.twice", context, NULL, &run, error);
    if (err == NDF_OK) err = ndf_run_wait(run, -1, &state, error);
    ndf_text *result = NULL;
    if (err == NDF_OK)
        err = ndf_result(engine, ndf_run_id(run), &result, error);
    ndf_text_free(result);
    text = NULL;
    if (err == NDF_OK)
        err = ndf_follow(engine, ndf_run_id(run), 0, 0, &text, error);
    ndf_text_free(text);
    text = NULL;
    if (err == NDF_OK) err = ndf_changes(engine, ndf_run_id(run), &text, error);
    ndf_text_free(text);
    ndf_run_free(run);
    if (err != NDF_OK) return err;
    /* Without memory a step may fail; that is an end like others. */
    return state == NDF_RUN_SUCCEEDED ? NDF_OK : NDF_ENOMEM;
}

static int fall_back(
    ndf_engine *engine, const ndf_context *context, ndf_error *error)
{
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.fallback = NDF_FALLBACK_DECLARED;
    ndf_run *run;
    ndf_text *text = NULL;
    int state;
    int err = ndf_run_chain(engine, "fails", context, &options, &run, error);
    if (err == NDF_OK) err = ndf_run_wait(run, 0, &state, error);
    if (err == NDF_OK) err = ndf_show(engine, ndf_run_id(run), &text, error);
    ndf_text_free(text);
    ndf_run_free(run);
    if (err != NDF_OK) return err;
    return state == NDF_RUN_SUCCEEDED ? NDF_OK : NDF_ENOMEM;
}

/* A turn, one that follows it up, and a correction of that. */
static int converse(ndf_engine *engine, ndf_error *error)
{
    static const char json[] = "{\"text\": \"yes\"}";
    ndf_context *context = NULL;
    ndf_selection *selection = NULL;
    ndf_run_options with = NDF_RUN_OPTIONS_INIT;
    ndf_select_options options = NDF_SELECT_OPTIONS_INIT;
    with.session = options.session = "s1";
    int err = ndf_context_new(engine, json, sizeof json - 1, &context, error);
    for (int i = 0; err == NDF_OK && i < 2; i++) {
        ndf_run *run = NULL;
        int state = NDF_RUN_RUNNING;
        err = ndf_run_start(engine, "worker", context, &with, &run, error);
        if (err == NDF_OK) err = ndf_run_wait(run, -1, &state, error);
        if (err == NDF_OK)
            err = ndf_rate(engine, ndf_run_id(run), 0, "work.twice", error);
        ndf_run_free(run);
    }
    options.ask = allow;
    if (err == NDF_OK)
        err = ndf_select_with(engine, context, &options, &selection, error);
    ndf_selection_free(selection);
    ndf_context_free(context);
    return err == NDF_OK ? ndf_cleanup(engine, 0, NULL, error) : err;
}

/* A task of two parts, and the plan of that. */
static int divide(ndf_engine *engine, ndf_error *error)
{
    static const char json[] = "{\"text\": \"do the work; do the worker\"}";
    static const char made[] =
        "{\"kind\": \"parallel\", \"parts\": ["
        "{\"pattern\": \"worker\", \"text\": \"do the work\"},"
        "{\"pattern\": \"work.twice\", \"text\": \"do it twice\"}]}";
    ndf_context *context = NULL;
    ndf_text *text = NULL;
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.compose = made;
    int err = ndf_context_new(engine, json, sizeof json - 1, &context, error);
    if (err == NDF_OK) err = ndf_compose(engine, context, NULL, &text, error);
    ndf_text_free(text);
    text = NULL;
    if (err == NDF_OK)
        err = ndf_plan(engine, NULL, context, &options, &text, error);
    ndf_text_free(text);
    ndf_context_free(context);
    return err;
}

static int whole_way(ndf_engine *engine, ndf_error *error)
{
    static const char json[] = "{\"text\": \"work on it\"}";
    ndf_context *context = NULL;
    ndf_selection *selection = NULL;
    int err = ndf_register(engine, profile, sizeof profile - 1, 0, error);
    if (err == NDF_OK) err = ndf_bind(engine, "worker", answer, NULL, error);
    if (err == NDF_OK) err = ndf_bind(engine, "breaks", refuse, NULL, error);
    if (err == NDF_OK)
        err = ndf_context_new(engine, json, sizeof json - 1, &context, error);
    ndf_select_options options = NDF_SELECT_OPTIONS_INIT;
    options.ask = allow;
    if (err == NDF_OK)
        err = ndf_select_with(engine, context, &options, &selection, error);
    ndf_selection_free(selection);
    if (err == NDF_OK) err = run_it(engine, context, error);
    if (err == NDF_OK) err = fall_back(engine, context, error);
    if (err == NDF_OK) err = converse(engine, error);
    if (err == NDF_OK) err = divide(engine, error);
    ndf_context_free(context);
    return err;
}

static void every_allocation_may_fail(void **state)
{
    (void)state;
    struct test_dir home;
    test_dir_make(&home);
    int err = NDF_ENOMEM;
    for (long n = 0; err != NDF_OK; n++) {
        struct test_mem test;
        test_mem_init(&test, n);
        ndf_options options = NDF_OPTIONS_INIT;
        options.alloc = test.mem.fn;
        options.alloc_ud = test.mem.ud;
        options.home = home.path;
        ndf_engine *engine;
        ndf_error error = {0};
        err = ndf_open(&engine, &options, &error);
        assert_true((err == NDF_OK) == (engine != NULL));
        if (err == NDF_OK) err = whole_way(engine, &error);
        ndf_close(engine);
        if (atomic_load(&test.live) != 0)
            fail_msg("allocation %ld failed: %ld bytes leaked", n,
                atomic_load(&test.live));
        if (err != NDF_OK && err != NDF_ENOMEM && err != NDF_ESTORE)
            fail_msg("allocation %ld failed: %s", n, error.message);
        assert_true(n < 100000);
    }
    test_dir_remove(&home);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
