/*
 * test_plan.c - the plan of a run that is not started.
 */
#include <stdio.h>
#include <sys/stat.h>

#include "api/api.h"

static int answer(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)call;
    ++*(int *)ud;
    return ndf_reply_output(reply, "done", 4);
}

static const char pattern[] =
    "agent: program\n"
    "description: d\n"
    "run: [\"true\"]\n"
    "---\n"
    "pattern: two.steps\n"
    "description: d\n"
    "timeout: 5m\n"
    "retry: {attempts: 4, backoff: 7s}\n"
    "steps:\n"
    "  - one: {agent: worker, timeout: 90s, undo: {agent: program}}\n"
    "  - two: {agent: program, retry: {attempts: 1}}\n";

static json_t *plan_of(struct fixture *fixture, const char *name)
{
    ndf_context *context = fixture_context(fixture, "go");
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.cwd = fixture->dir.path;
    ndf_text *text;
    int err = ndf_plan(
        fixture->engine, name, context, &options, &text, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    ndf_context_free(context);
    return parse_text(text);
}

static long long total(const json_t *plan, const char *key)
{
    return json_integer_value(
        json_object_get(json_object_get(plan, "totals"), key));
}

/* Nothing is called or recorded, and not a byte of the store changes. */
static void a_plan_starts_and_writes_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    int calls = 0;
    assert_ok(
        ndf_bind(fixture.engine, "worker", answer, &calls, &fixture.error));
    fixture_register(&fixture, pattern);
    char log[340], runs[340];
    snprintf(log, sizeof log, "%s-wal", fixture.store);
    snprintf(runs, sizeof runs, "%s.runs", fixture.store);
    struct stat before, after;
    assert_int_equal(stat(log, &before), 0);
    json_t *plan = plan_of(&fixture, "two.steps");
    assert_int_equal(stat(log, &after), 0);
    assert_int_equal(before.st_size, after.st_size);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    assert_int_equal(stat(runs, &after), -1);
    assert_int_equal(calls, 0);
    ndf_text *list;
    assert_ok(
        ndf_list(fixture.engine, NDF_LIST_RUNS, 0, &list, &fixture.error));
    assert_string_equal(ndf_text_data(list), "[]");
    ndf_text_free(list);
    assert_int_equal(total(plan, "steps"), 2);
    assert_int_equal(total(plan, "calls"), 5);
    assert_int_equal(total(plan, "programs"), 1);
    assert_int_equal(total(plan, "functions"), 1);
    assert_int_equal(total(plan, "undos"), 1);
    json_decref(plan);
    fixture_close(&fixture);
}

/* So the plan has what steps inherit: a resumed run knows nothing else. */
static void it_is_what_the_first_record_of_a_run_holds(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    int calls = 0;
    assert_ok(
        ndf_bind(fixture.engine, "worker", answer, &calls, &fixture.error));
    fixture_register(&fixture, pattern);
    json_t *plan = plan_of(&fixture, "two.steps");
    char id[64];
    (void)fixture_run(&fixture, "two.steps", "go", id);
    json_t *shown = fixture_show(&fixture, id);
    const json_t *first = json_object_get(record_of(shown, "plan", 0), "body");
    assert_true(json_equal(
        json_object_get(plan, "plan"), json_object_get(first, "plan")));
    assert_true(json_equal(
        json_object_get(plan, "context"), json_object_get(first, "context")));
    const json_t *root = json_object_get(json_object_get(plan, "plan"), "root");
    const json_t *one = json_array_get(json_object_get(root, "children"), 0);
    assert_string_equal(string_at(one, "runtime"), "callback");
    assert_string_equal(string_at(one, "step/timeout"), "90s");
    assert_string_equal(string_at(one, "step/retry/backoff"), "7s");
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(json_object_get(one, "step"), "retry"),
                         "attempts")),
        4);
    json_decref(shown);
    json_decref(plan);
    fixture_close(&fixture);
}

static void what_cannot_be_started_has_no_plan(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, pattern);
    ndf_context *context = fixture_context(&fixture, "go");
    ndf_text *text;
    assert_int_equal(ndf_plan(fixture.engine, "two.steps", context, NULL, &text,
                         &fixture.error),
        NDF_EREFERENCE);
    assert_null(text);
    assert_non_null(strstr(fixture.error.message, "worker"));
    assert_int_equal(ndf_plan(fixture.engine, "nothing", context, NULL, &text,
                         &fixture.error),
        NDF_ENOTFOUND);
    assert_int_equal(
        ndf_plan(fixture.engine, NULL, context, NULL, &text, &fixture.error),
        NDF_EINVAL);
    ndf_run_options long_one = NDF_RUN_OPTIONS_INIT;
    long_one.size = sizeof long_one + 8;
    assert_int_equal(ndf_plan(fixture.engine, "program", context, &long_one,
                         &text, &fixture.error),
        NDF_EINVAL);
    ndf_context_free(context);
    fixture_close(&fixture);
}

static void a_single_function_is_a_plan_of_one_step(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    int calls = 0;
    assert_ok(
        ndf_bind(fixture.engine, "worker", answer, &calls, &fixture.error));
    json_t *plan = plan_of(&fixture, "worker");
    assert_int_equal(total(plan, "steps"), 1);
    assert_int_equal(total(plan, "functions"), 1);
    assert_int_equal(calls, 0);
    json_decref(plan);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_plan_starts_and_writes_nothing),
        cmocka_unit_test(it_is_what_the_first_record_of_a_run_holds),
        cmocka_unit_test(what_cannot_be_started_has_no_plan),
        cmocka_unit_test(a_single_function_is_a_plan_of_one_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
