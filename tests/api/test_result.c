/*
 * test_result.c - how a run ended, as its journal tells it; and runs that go on
 * where their functions are not.
 */
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/api.h"

static int gives(void *ud, const ndf_call *call, ndf_reply *reply)
{
    const char *json = ud;
    (void)call;
    return ndf_reply_value(reply, json, strlen(json));
}

static int refuses(void *ud, const ndf_call *call, ndf_reply *reply)
{
    static const char text[] = "it cannot be done";
    (void)ud;
    (void)call;
    (void)ndf_reply_error(reply, text, sizeof text - 1);
    return 1;
}

static int changes(void *ud, const ndf_call *call, ndf_reply *reply)
{
    static const char patch[] =
        "{\"domain\":\"stolen\",\"attributes\":{\"found\":1,\"more\":2}}";
    (void)ud;
    (void)call;
    return ndf_reply_patch(reply, patch, sizeof patch - 1);
}

/* Answers with the patch that it is bound with. */
static int patches(void *ud, const ndf_call *call, ndf_reply *reply)
{
    const char *patch = ud;
    (void)call;
    return ndf_reply_patch(reply, patch, strlen(patch));
}

static void bind_to(
    struct fixture *fixture, const char *name, ndf_agent_fn fn, void *ud)
{
    int err = ndf_bind(fixture->engine, name, fn, ud, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
}

static json_t *result_of(struct fixture *fixture, const char *id)
{
    ndf_text *text;
    int err = ndf_result(fixture->engine, id, &text, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    return parse_text(text);
}

enum { LARGE = 10000 };

static void check_large_result(const json_t *result)
{
    const json_t *outputs = json_object_get(result, "outputs");
    assert_int_equal(json_object_size(outputs), 3);
    const json_t *steps = json_object_get(result, "steps");
    assert_int_equal(json_array_size(steps), 3);
    assert_string_equal(json_string_value(json_array_get(steps, 0)), "a");
    assert_string_equal(json_string_value(json_array_get(steps, 2)), "c");
    assert_true(json_is_null(json_object_get(outputs, "a")));
    assert_int_equal(json_integer_value(json_object_get(outputs, "b")), 7);
    assert_int_equal(
        json_string_length(json_object_get(outputs, "c")), LARGE - 2);
    assert_string_equal(string_at(result, "state"), "succeeded");
    assert_string_equal(string_at(result, "outcome"), "unknown");
    assert_string_equal(string_at(result, "context/text"), "go");
    const json_t *done = json_object_get(result, "steps_done");
    const json_t *total = json_object_get(result, "steps_total");
    assert_int_equal(json_integer_value(done), 3);
    assert_int_equal(json_integer_value(total), 3);
    assert_true(
        json_number_value(json_object_get(result, "preservation")) == 1);
    assert_int_equal(json_array_size(json_object_get(result, "violations")), 0);
    assert_true(json_is_integer(json_object_get(result, "elapsed_ms")));
    assert_null(json_object_get(result, "error"));
}

static void a_result_has_every_output_with_its_type(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    /* What does not fit into a record is kept beside it, and a text that looks
     * like a number stays a text. */
    static char large[LARGE + 1], values[][8] = {"null", "7"};
    memset(large, ' ', LARGE);
    large[1] = '1';
    large[0] = large[LARGE - 1] = '"';
    bind_to(&fixture, "give-null", gives, values[0]);
    bind_to(&fixture, "give-7", gives, values[1]);
    bind_to(&fixture, "give-large", gives, large);
    fixture_register(&fixture, "pattern: p.q\ndescription: d\n"
                               "steps:\n"
                               "  - a: {agent: give-null}\n"
                               "  - b: {agent: give-7}\n"
                               "  - c: {agent: give-large}\n");
    char id[64], start[8];
    assert_int_equal(fixture_run(&fixture, "p.q", "go", id), NDF_RUN_SUCCEEDED);
    json_t *result = result_of(&fixture, id);
    check_large_result(result);
    assert_string_equal(string_at(result, "id"), id);
    assert_string_equal(string_at(result, "pattern"), "p.q");
    json_decref(result);
    /* Also by the start of its id, where nothing is bound, and when the pattern
     * is gone. */
    assert_ok(ndf_unregister(fixture.engine, "p.q", &fixture.error));
    fixture_reopen(&fixture);
    snprintf(start, sizeof start, "%.7s", id);
    result = result_of(&fixture, start);
    check_large_result(result);
    assert_string_equal(string_at(result, "id"), id);
    assert_string_equal(string_at(result, "pattern"), "host/p.q");
    json_decref(result);
    /* What is shown has the same type. */
    json_t *shown = fixture_show(&fixture, id);
    assert_int_equal(
        strlen(string_at(record_of(shown, "result", 2), "body/output")),
        LARGE - 2);
    json_decref(shown);
    fixture_close(&fixture);
}

static void it_says_what_became_of_the_context(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    bind_to(&fixture, "thief", changes, NULL);
    fixture_register(&fixture,
        "pattern: p\ndescription: d\n"
        "steps: [{take: {agent: thief, writes: [found]}}]\n");
    char id[64];
    assert_int_equal(
        fixture_run(&fixture, "p", "{\"text\":\"go\",\"domain\":\"mine\"}", id),
        NDF_RUN_SUCCEEDED);
    json_t *result = result_of(&fixture, id);
    assert_string_equal(string_at(result, "context/domain"), "mine");
    const json_t *attributes =
        json_object_get(json_object_get(result, "context"), "attributes");
    assert_int_equal(
        json_integer_value(json_object_get(attributes, "found")), 1);
    assert_null(json_object_get(attributes, "more"));
    const json_t *violations = json_object_get(result, "violations");
    assert_int_equal(json_array_size(violations), 2);
    const json_t *first = json_array_get(violations, 0);
    assert_string_equal(string_at(first, "step"), "take");
    assert_true(strlen(string_at(first, "field")) > 0);
    assert_true(strlen(string_at(first, "severity")) > 0);
    double kept = json_number_value(json_object_get(result, "preservation"));
    assert_true(kept > 0.69 && kept < 0.71);
    json_decref(result);
    /* The engine's numbers know it, too. */
    ndf_text *text;
    assert_ok(ndf_metrics(fixture.engine, &text));
    json_t *metrics = parse_text(text);
    const json_t *kept_of_all =
        json_object_get(metrics, "preservation_permille");
    assert_int_equal(
        json_integer_value(json_object_get(kept_of_all, "count")), 1);
    assert_true(json_number_value(json_object_get(kept_of_all, "mean")) == 700);
    assert_int_equal(
        json_integer_value(json_object_get(metrics, "context_violations")), 2);
    json_decref(metrics);
    fixture_close(&fixture);
}

static void a_failed_run_says_where_and_why(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    static char value[] = "\"done\"";
    bind_to(&fixture, "do", gives, value);
    bind_to(&fixture, "fails", refuses, NULL);
    fixture_register(&fixture, "pattern: p\ndescription: d\n"
                               "steps:\n"
                               "  - a: {agent: do, undo: {agent: do}}\n"
                               "  - b: {agent: fails}\n"
                               "  - c: {agent: do}\n");
    char id[64];
    assert_int_equal(fixture_run(&fixture, "p", "go", id), NDF_RUN_FAILED);
    json_t *result = result_of(&fixture, id);
    assert_string_equal(string_at(result, "state"), "failed");
    assert_string_equal(string_at(result, "outcome"), "failure");
    assert_string_equal(string_at(result, "error/step"), "b");
    assert_non_null(
        strstr(string_at(result, "error/message"), "it cannot be done"));
    assert_string_equal(string_at(result, "outputs/a"), "done");
    assert_int_equal(json_object_size(json_object_get(result, "outputs")), 1);
    json_decref(result);
    fixture_close(&fixture);
}

static void what_has_no_result_is_said(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, "agent: slow\nrun: [sleep, '1000']\n");
    ndf_context *context = fixture_context(&fixture, "go");
    ndf_run *run;
    ndf_text *text;
    assert_ok(ndf_run_start(
        fixture.engine, "slow", context, NULL, &run, &fixture.error));
    assert_int_equal(
        ndf_result(fixture.engine, ndf_run_id(run), &text, &fixture.error),
        NDF_EBUSY);
    assert_null(text);
    assert_ok(ndf_run_cancel(run));
    assert_ok(ndf_run_wait(run, 60000, NULL, &fixture.error));
    json_t *result = result_of(&fixture, ndf_run_id(run));
    assert_string_equal(string_at(result, "state"), "cancelled");
    assert_true(strlen(string_at(result, "error/message")) > 10);
    assert_int_equal(json_object_size(json_object_get(result, "outputs")), 0);
    json_decref(result);
    static const char *const names[] = {"zzzz", "", "slow"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(
            ndf_result(fixture.engine, names[i], &text, &fixture.error),
            NDF_ENOTFOUND);
    assert_int_equal(
        ndf_result(fixture.engine, NULL, &text, &fixture.error), NDF_EINVAL);
    ndf_run_free(run);
    ndf_context_free(context);
    fixture_close(&fixture);
}

/* ---- going on where functions are not bound -------------------------------
 */

struct pipe_end {
    int fd;
    char id[64];
};

static int waits_for_ever(void *ud, const ndf_call *call, ndf_reply *reply)
{
    struct pipe_end *end = ud;
    (void)reply;
    snprintf(end->id, sizeof end->id, "%s", call->run);
    if (write(end->fd, end->id, sizeof end->id) != (ssize_t)sizeof end->id)
        _exit(1);
    for (;;)
        pause();
}

static const char resumed[] =
    "pattern: p\ndescription: d\n"
    "steps:\n"
    "  - first: {agent: do, idempotent: true, undo: {agent: back}}\n";

/* In a child: a run whose step never ends; it waits to be killed. */
static void own_a_run(const struct fixture *fixture, int fd)
{
    struct pipe_end end = {.fd = fd};
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = fixture->store;
    options.home = fixture->home;
    ndf_engine *engine;
    ndf_context *context;
    ndf_run *run;
    int err = ndf_open(&engine, &options, NULL);
    if (err == NDF_OK)
        err = ndf_register(engine, resumed, sizeof resumed - 1, 0, NULL);
    if (err == NDF_OK) err = ndf_bind(engine, "do", waits_for_ever, &end, NULL);
    if (err == NDF_OK) err = ndf_bind(engine, "back", refuses, NULL, NULL);
    if (err == NDF_OK) err = ndf_context_new(engine, "{}", 2, &context, NULL);
    if (err == NDF_OK)
        err = ndf_run_start(engine, "p", context, NULL, &run, NULL);
    if (err == NDF_OK) err = ndf_run_wait(run, -1, NULL, NULL);
    _exit(err);
}

static void a_run_waits_for_its_functions(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    ndf_close(fixture.engine);
    int fds[2];
    char id[64] = "";
    assert_int_equal(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) own_a_run(&fixture, fds[1]);
    assert_int_equal(read(fds[0], id, sizeof id), sizeof id);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(fds[0]);
    close(fds[1]);
    fixture.engine = NULL;
    fixture_reopen(&fixture);
    static char value[] = "\"done\"";
    static const char *const missing[] = {"'do'", "'back'"};
    ndf_run *run;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(
            ndf_run_resume(fixture.engine, id, NULL, &run, &fixture.error),
            NDF_EREFERENCE);
        assert_null(run);
        assert_non_null(strstr(fixture.error.message, missing[i]));
        assert_non_null(strstr(fixture.error.message, "'first'"));
        /* The run stays as it was. */
        json_t *shown = fixture_show(&fixture, id);
        assert_string_equal(string_at(shown, "state"), "interrupted");
        json_decref(shown);
        if (i == 0) bind_to(&fixture, "do", gives, value);
    }
    bind_to(&fixture, "back", gives, value);
    assert_ok(ndf_run_resume(fixture.engine, id, NULL, &run, &fixture.error));
    int end;
    assert_ok(ndf_run_wait(run, 60000, &end, &fixture.error));
    assert_int_equal(end, NDF_RUN_SUCCEEDED);
    ndf_run_free(run);
    json_t *result = result_of(&fixture, id);
    assert_string_equal(string_at(result, "outputs/first"), "done");
    json_decref(result);
    fixture_close(&fixture);
}

/* Two tasks that do not know of each other both delete. */
static void a_context_without_attributes_has_none(void **state)
{
    (void)state;
    struct fixture fixture;
    static char all[] = "{\"attributes\": null}";
    static char one[] = "{\"attributes\": {\"stage\": null}}";
    char id[64];
    fixture_open(&fixture);
    bind_to(&fixture, "clear", patches, all);
    bind_to(&fixture, "remove", patches, one);
    fixture_register(&fixture, "pattern: p.q\ndescription: d\n"
                               "context: record\n"
                               "tasks:\n"
                               "  - a: {agent: clear}\n"
                               "  - b: {agent: remove}\n");
    int state_of_run = fixture_run(&fixture, "p.q",
        "{\"domain\": \"web\", \"attributes\": {\"stage\": 1}}", id);
    assert_int_equal(state_of_run, NDF_RUN_SUCCEEDED);
    json_t *result = result_of(&fixture, id);
    const json_t *context = json_object_get(result, "context");
    assert_string_equal(string_at(result, "context/domain"), "web");
    assert_null(json_object_get(context, "attributes"));
    json_decref(result);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_result_has_every_output_with_its_type),
        cmocka_unit_test(it_says_what_became_of_the_context),
        cmocka_unit_test(a_failed_run_says_where_and_why),
        cmocka_unit_test(what_has_no_result_is_said),
        cmocka_unit_test(a_run_waits_for_its_functions),
        cmocka_unit_test(a_context_without_attributes_has_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
