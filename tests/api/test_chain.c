/*
 * test_chain.c - runs that are tried one after the other.
 */
#include <stdio.h>
#include <time.h>

#include "api/api.h"

static int works(void *ud, const ndf_call *call, ndf_reply *reply)
{
    char *request = ud;
    if (request != NULL)
        snprintf(request, 4096, "%.*s", (int)call->request_size, call->request);
    return ndf_reply_output(reply, "done", 4);
}

static int breaks(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    (void)ndf_reply_patch(reply, "{\"attributes\":{\"left\":1}}", 25);
    (void)ndf_reply_error(reply, "it broke", 8);
    return 1;
}

static const char patterns[] =
    "pattern: code.review\ndescription: d\nfallback: code.simple\n"
    "steps: [breaks]\n"
    "---\n"
    "pattern: code.simple\ndescription: d\nfallback: code.manual\n"
    "steps: [breaks]\n"
    "---\n"
    "pattern: code.manual\ndescription: d\nsteps: [works]\n"
    "---\n"
    "pattern: broken.plan\ndescription: d\nsteps: [nobody_there]\n"
    "---\n"
    "pattern: slow\ndescription: d\nfallback: code.manual\n"
    "steps: [sleeps]\n";

static int sleeps(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    const struct timespec pause = {.tv_nsec = 300 * 1000000L};
    (void)nanosleep(&pause, NULL);
    return ndf_reply_output(reply, "done", 4);
}

static void prepare(struct fixture *fixture, char *request)
{
    fixture_open(fixture);
    assert_ok(
        ndf_bind(fixture->engine, "works", works, request, &fixture->error));
    assert_ok(
        ndf_bind(fixture->engine, "breaks", breaks, NULL, &fixture->error));
    assert_ok(
        ndf_bind(fixture->engine, "sleeps", sleeps, NULL, &fixture->error));
    fixture_register(fixture, patterns);
}

static ndf_run *start(struct fixture *fixture, const char *pattern,
    const ndf_run_options *options)
{
    ndf_run *run;
    ndf_context *context = fixture_context(fixture, "go");
    assert_ok(ndf_run_start(
        fixture->engine, pattern, context, options, &run, &fixture->error));
    ndf_context_free(context);
    return run;
}

/* Waits, frees; the state, and the id. */
static int finish(ndf_run *run, char id[64])
{
    int state = NDF_RUN_RUNNING;
    assert_ok(ndf_run_wait(run, -1, &state, NULL));
    snprintf(id, 64, "%s", ndf_run_id(run));
    ndf_run_free(run);
    return state;
}

static void a_declared_chain_is_followed_to_what_works(void **state)
{
    (void)state;
    struct fixture fixture;
    char request[4096] = "";
    prepare(&fixture, request);
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.fallback = NDF_FALLBACK_DECLARED;
    ndf_context *context = fixture_context(
        &fixture, "{\"text\":\"go\",\"attributes\":{\"kept\":7}}");
    ndf_run *run;
    int how;
    assert_ok(ndf_run_chain(fixture.engine, "code.review", context, &options,
        &run, &fixture.error));
    ndf_context_free(context);
    assert_ok(ndf_run_wait(run, 0, &how, &fixture.error));
    assert_int_equal(how, NDF_RUN_SUCCEEDED);
    /* What failed before has left nothing in the context. */
    assert_non_null(strstr(request, "\"kept\":7"));
    assert_null(strstr(request, "left"));
    json_t *last = fixture_show(&fixture, ndf_run_id(run));
    assert_string_equal(string_at(last, "pattern"), "code.manual");
    json_t *middle = fixture_show(&fixture, string_at(last, "fallback_of"));
    assert_string_equal(string_at(middle, "pattern"), "code.simple");
    assert_string_equal(string_at(middle, "fallback/run"), ndf_run_id(run));
    assert_string_equal(string_at(middle, "fallback/pattern"), "code.manual");
    assert_string_equal(string_at(middle, "fallback/state"), "succeeded");
    json_t *first = fixture_show(&fixture, string_at(middle, "fallback_of"));
    assert_string_equal(string_at(first, "pattern"), "code.review");
    assert_string_equal(string_at(first, "state"), "failed");
    assert_string_equal(
        string_at(first, "fallback/run"), string_at(middle, "id"));
    /* Asked again, each link leads to what there is. */
    ndf_run *again;
    assert_ok(ndf_run_next(fixture.engine, string_at(middle, "id"), &options,
        &again, &fixture.error));
    assert_string_equal(ndf_run_id(again), ndf_run_id(run));
    ndf_run_free(again);
    ndf_run_free(run);
    json_decref(first);
    json_decref(middle);
    json_decref(last);
    fixture_close(&fixture);
}

static void without_being_asked_nothing_follows(void **state)
{
    (void)state;
    struct fixture fixture;
    prepare(&fixture, NULL);
    char id[64];
    assert_int_equal(
        finish(start(&fixture, "code.review", NULL), id), NDF_RUN_FAILED);
    ndf_run *next;
    assert_ok(ndf_run_next(fixture.engine, id, NULL, &next, &fixture.error));
    assert_null(next);
    json_t *shown = fixture_show(&fixture, id);
    assert_null(json_object_get(shown, "fallback"));
    json_decref(shown);
    fixture_close(&fixture);
}

static void named_fallbacks_are_tried_in_order(void **state)
{
    (void)state;
    struct fixture fixture;
    prepare(&fixture, NULL);
    static const char *const others[] = {
        "not.there", "broken.plan", "code.manual", NULL};
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.fallbacks = others;
    char id[64], last[64];
    assert_int_equal(
        finish(start(&fixture, "code.simple", &options), id), NDF_RUN_FAILED);
    ndf_run *next;
    assert_ok(
        ndf_run_next(fixture.engine, id, &options, &next, &fixture.error));
    assert_non_null(next);
    assert_int_equal(finish(next, last), NDF_RUN_SUCCEEDED);
    json_t *shown = fixture_show(&fixture, last);
    assert_string_equal(string_at(shown, "pattern"), "code.manual");
    json_t *plan = json_object_get(record_of(shown, "plan", 0), "body");
    json_t *passed = json_object_get(plan, "passed_over");
    assert_int_equal(json_array_size(passed), 2);
    assert_string_equal(
        string_at(json_array_get(passed, 0), "pattern"), "not.there");
    assert_non_null(
        strstr(string_at(json_array_get(passed, 1), "error"), "nobody_there"));
    json_decref(shown);
    fixture_close(&fixture);
}

static void the_first_may_be_passed_over_too(void **state)
{
    (void)state;
    struct fixture fixture;
    prepare(&fixture, NULL);
    static const char *const others[] = {"code.manual", NULL};
    static const char *const none[] = {"nor.this", NULL};
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.fallbacks = others;
    char id[64];
    assert_int_equal(
        finish(start(&fixture, "not.there", &options), id), NDF_RUN_SUCCEEDED);
    /* When none can be started, the first one's error counts. */
    options.fallbacks = none;
    ndf_run *run;
    ndf_context *context = fixture_context(&fixture, "go");
    assert_int_equal(ndf_run_start(fixture.engine, "not.there", context,
                         &options, &run, &fixture.error),
        NDF_ENOTFOUND);
    assert_null(run);
    assert_non_null(strstr(fixture.error.message, "not.there"));
    ndf_context_free(context);
    fixture_close(&fixture);
}

static void a_cancelled_run_has_no_fallback(void **state)
{
    (void)state;
    struct fixture fixture;
    prepare(&fixture, NULL);
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.fallback = NDF_FALLBACK_DECLARED;
    ndf_run *run = start(&fixture, "slow", &options);
    assert_ok(ndf_run_cancel(run));
    char id[64];
    assert_int_equal(finish(run, id), NDF_RUN_CANCELLED);
    assert_ok(ndf_run_next(fixture.engine, id, &options, &run, &fixture.error));
    assert_null(run);
    fixture_close(&fixture);
}

static void a_time_limit_of_the_host_fails_a_run(void **state)
{
    (void)state;
    struct fixture fixture;
    prepare(&fixture, NULL);
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.fallback = NDF_FALLBACK_DECLARED;
    options.timeout_ms = 50;
    char id[64];
    assert_int_equal(
        finish(start(&fixture, "slow", &options), id), NDF_RUN_FAILED);
    json_t *shown = fixture_show(&fixture, id);
    assert_string_equal(
        string_at(record_of(shown, "cancel", 0), "body/reason"), "timeout");
    json_decref(shown);
    options.timeout_ms = 0;
    ndf_run *next;
    assert_ok(
        ndf_run_next(fixture.engine, id, &options, &next, &fixture.error));
    assert_int_equal(finish(next, id), NDF_RUN_SUCCEEDED);
    options.timeout_ms = -1;
    ndf_context *context = fixture_context(&fixture, "go");
    assert_int_equal(ndf_run_start(fixture.engine, "slow", context, &options,
                         &next, &fixture.error),
        NDF_EINVAL);
    ndf_context_free(context);
    fixture_close(&fixture);
}

static void a_fallback_that_is_due_is_seen_and_can_be_dropped(void **state)
{
    (void)state;
    struct fixture fixture;
    prepare(&fixture, NULL);
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.fallback = NDF_FALLBACK_DECLARED;
    char id[64], other[64];
    assert_int_equal(
        finish(start(&fixture, "code.review", &options), id), NDF_RUN_FAILED);
    assert_int_equal(finish(start(&fixture, "code.review", &options), other),
        NDF_RUN_FAILED);
    /* Also after the process that should have gone on is gone. */
    fixture_reopen(&fixture);
    json_t *shown = fixture_show(&fixture, id);
    assert_string_equal(string_at(shown, "state"), "failed");
    assert_string_equal(string_at(shown, "fallback/state"), "due");
    json_decref(shown);
    ndf_text *text;
    assert_ok(
        ndf_list(fixture.engine, NDF_LIST_RUNS, 0, &text, &fixture.error));
    json_t *runs = parse_text(text);
    assert_true(
        json_is_true(json_object_get(json_array_get(runs, 0), "fallback_due")));
    json_decref(runs);
    assert_ok(ndf_cancel(fixture.engine, id, &fixture.error));
    ndf_run *next;
    assert_ok(
        ndf_run_next(fixture.engine, id, &options, &next, &fixture.error));
    assert_null(next);
    assert_int_equal(
        ndf_cancel(fixture.engine, id, &fixture.error), NDF_EINVAL);
    shown = fixture_show(&fixture, id);
    assert_string_equal(string_at(shown, "fallback/state"), "dropped");
    json_decref(shown);
    /* Functions are bound anew in a new process. */
    assert_ok(ndf_bind(fixture.engine, "breaks", breaks, NULL, &fixture.error));
    assert_ok(
        ndf_run_next(fixture.engine, other, &options, &next, &fixture.error));
    assert_non_null(next);
    assert_int_equal(finish(next, id), NDF_RUN_FAILED);
    fixture_close(&fixture);
}

static void two_processes_start_one_fallback(void **state)
{
    (void)state;
    struct fixture fixture;
    prepare(&fixture, NULL);
    static const char *const others[] = {"code.manual", NULL};
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.fallbacks = others;
    char id[64];
    assert_int_equal(
        finish(start(&fixture, "code.simple", &options), id), NDF_RUN_FAILED);
    /* Two engines on one store stand for two processes. */
    ndf_options open = NDF_OPTIONS_INIT;
    open.path = fixture.store;
    open.home = fixture.home;
    ndf_engine *second;
    assert_ok(ndf_open(&second, &open, &fixture.error));
    assert_ok(ndf_bind(second, "works", works, NULL, &fixture.error));
    ndf_run *one, *two;
    assert_ok(ndf_run_next(fixture.engine, id, &options, &one, &fixture.error));
    int err = ndf_run_next(second, id, &options, &two, &fixture.error);
    assert_true(err == NDF_OK || err == NDF_EBUSY);
    if (err == NDF_OK) assert_string_equal(ndf_run_id(one), ndf_run_id(two));
    ndf_run_free(two);
    assert_int_equal(finish(one, id), NDF_RUN_SUCCEEDED);
    ndf_close(second);
    fixture_close(&fixture);
}

static void a_killed_run_is_left_to_be_resumed(void **state)
{
    (void)state;
    struct fixture fixture;
    prepare(&fixture, NULL);
    fixture_register(&fixture,
        "agent: stubborn\ndescription: d\n"
        "run: [sh, -c, \"trap '' TERM; sleep 30 & wait; sleep 30\"]\n"
        "---\n"
        "pattern: long\ndescription: d\nsteps: [stubborn]\n");
    ndf_run *run = start(&fixture, "long", NULL);
    const struct timespec pause = {.tv_nsec = 300 * 1000000L};
    (void)nanosleep(&pause, NULL);
    char id[64];
    snprintf(id, sizeof id, "%s", ndf_run_id(run));
    assert_ok(ndf_run_kill(run));
    assert_ok(ndf_run_kill(run));
    int how = NDF_RUN_RUNNING;
    /* Far less than its grace time. */
    assert_int_equal(
        ndf_run_wait(run, 3000, &how, &fixture.error), NDF_ECANCELLED);
    assert_non_null(strstr(fixture.error.message, "killed"));
    assert_ok(ndf_run_kill(run));
    ndf_run_free(run);
    json_t *shown = fixture_show(&fixture, id);
    assert_string_equal(string_at(shown, "state"), "interrupted");
    assert_null(record_of(shown, "result", 0));
    json_decref(shown);
    /* What became of its call is on record then. */
    assert_ok(ndf_run_resume(fixture.engine, id, NULL, &run, &fixture.error));
    assert_int_equal(finish(run, id), NDF_RUN_FAILED);
    fixture_close(&fixture);
}

/* A record that was on its way when it was killed came into the journal behind
 * the back of who took the run up. */
static void a_killed_run_is_let_go_when_its_records_are_written(void **state)
{
    (void)state;
    struct fixture fixture;
    prepare(&fixture, NULL);
    for (int i = 0; i < 25; i++) {
        int how = NDF_RUN_RUNNING;
        char id[64];
        ndf_run *run = start(&fixture, "code.manual", NULL);
        assert_ok(ndf_run_kill(run));
        int err = ndf_run_wait(run, 20000, &how, &fixture.error);
        snprintf(id, sizeof id, "%s", ndf_run_id(run));
        ndf_run_free(run);
        if (err == NDF_OK) continue; /* it was too quick */
        assert_int_equal(err, NDF_ECANCELLED);
        assert_ok(
            ndf_run_resume(fixture.engine, id, NULL, &run, &fixture.error));
        assert_ok(ndf_run_wait(run, 20000, &how, &fixture.error));
        ndf_run_free(run);
    }
    fixture_close(&fixture);
}

static void what_cannot_be_gone_on_with_is_said(void **state)
{
    (void)state;
    struct fixture fixture;
    prepare(&fixture, NULL);
    ndf_run *next;
    assert_int_equal(
        ndf_run_next(fixture.engine, "zzz", NULL, &next, &fixture.error),
        NDF_ENOTFOUND);
    assert_int_equal(
        ndf_run_next(fixture.engine, NULL, NULL, &next, &fixture.error),
        NDF_EINVAL);
    ndf_run *run = start(&fixture, "slow", NULL);
    assert_int_equal(ndf_run_next(fixture.engine, ndf_run_id(run), NULL, &next,
                         &fixture.error),
        NDF_EBUSY);
    char id[64];
    assert_int_equal(finish(run, id), NDF_RUN_SUCCEEDED);
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.fallback = 9;
    ndf_context *context = fixture_context(&fixture, "go");
    assert_int_equal(ndf_run_start(fixture.engine, "slow", context, &options,
                         &run, &fixture.error),
        NDF_EINVAL);
    ndf_context_free(context);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_declared_chain_is_followed_to_what_works),
        cmocka_unit_test(without_being_asked_nothing_follows),
        cmocka_unit_test(named_fallbacks_are_tried_in_order),
        cmocka_unit_test(the_first_may_be_passed_over_too),
        cmocka_unit_test(a_cancelled_run_has_no_fallback),
        cmocka_unit_test(a_time_limit_of_the_host_fails_a_run),
        cmocka_unit_test(a_fallback_that_is_due_is_seen_and_can_be_dropped),
        cmocka_unit_test(two_processes_start_one_fallback),
        cmocka_unit_test(a_killed_run_is_left_to_be_resumed),
        cmocka_unit_test(a_killed_run_is_let_go_when_its_records_are_written),
        cmocka_unit_test(what_cannot_be_gone_on_with_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
