/*
 * test_engine.c - opening, registering, listing, keeping.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/api.h"

static void an_older_host_may_pass_a_shorter_struct(void **state)
{
    (void)state;
    ndf_engine *engine;
    ndf_options options = NDF_OPTIONS_INIT;
    options.size = offsetof(ndf_options, alloc);
    assert_ok(ndf_open(&engine, &options, NULL));
    ndf_close(engine);
    options.size = sizeof options + 8; /* a newer host: refuse, do not guess */
    assert_int_equal(ndf_open(&engine, &options, NULL), NDF_EINVAL);
    assert_null(engine);
}

static void every_error_has_a_name_and_a_text(void **state)
{
    (void)state;
    for (int code = 0; code >= -25; code--) {
        assert_int_equal(strncmp(ndf_error_name(code), "NDF_", 4), 0);
        assert_true(strlen(ndf_strerror(code)) > 1);
    }
    assert_non_null(ndf_strerror(12345));
    assert_string_equal(ndf_version(), NDF_VERSION);
}

static void a_missing_store_is_not_made_unasked(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = test_path(&dir, "none.db");
    options.mode = NDF_OPEN_EXISTING;
    ndf_engine *engine;
    ndf_error error;
    assert_int_equal(ndf_open(&engine, &options, &error), NDF_ENOTFOUND);
    assert_null(engine);
    assert_true(strlen(error.message) > 10);
    test_dir_remove(&dir);
}

static void three_lines_make_a_pattern(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, "agent: t\nrun: ['true']\n");
    fixture_register(
        &fixture, "pattern: my.first\ndescription: Try it.\nsteps: [t]\n");
    json_t *shown = fixture_show(&fixture, "my.first");
    assert_string_equal(string_at(shown, "what"), "pattern");
    assert_string_equal(string_at(shown, "kind"), "sequential");
    json_decref(shown);
    fixture_reopen(&fixture);
    shown = fixture_show(&fixture, "host/my.first");
    assert_string_equal(string_at(shown, "name"), "my.first");
    json_decref(shown);
    fixture_close(&fixture);
}

static void a_text_registers_whole_or_not_at_all(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    const char bad[] = "agent: a\nrun: [x]\n---\nagent: b\nrunn: [x]\n";
    assert_int_equal(
        ndf_register(fixture.engine, bad, sizeof bad - 1, 0, &fixture.error),
        NDF_ESCHEMA);
    assert_int_equal(fixture.error.line, 5);
    assert_non_null(strstr(fixture.error.message, "runn"));
    assert_non_null(strstr(fixture.error.message, "run"));
    ndf_text *text;
    assert_ok(
        ndf_list(fixture.engine, NDF_LIST_AGENTS, 0, &text, &fixture.error));
    assert_string_equal(ndf_text_data(text), "[]");
    ndf_text_free(text);
    fixture_close(&fixture);
}

static void a_taken_name_is_refused_unless_replaced(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, "agent: a\ndescription: one\n");
    const char again[] = "agent: a\ndescription: two\n";
    assert_int_equal(ndf_register(fixture.engine, again, sizeof again - 1, 0,
                         &fixture.error),
        NDF_EEXISTS);
    assert_ok(ndf_register(
        fixture.engine, again, sizeof again - 1, 1, &fixture.error));
    json_t *shown = fixture_show(&fixture, "a");
    assert_string_equal(string_at(shown, "description"), "two");
    json_decref(shown);
    const char twice[] = "agent: c\n---\nagent: c\n";
    assert_int_equal(ndf_register(fixture.engine, twice, sizeof twice - 1, 0,
                         &fixture.error),
        NDF_EEXISTS);
    fixture_close(&fixture);
}

static void what_is_unregistered_is_gone(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, "agent: gone\n");
    assert_ok(ndf_unregister(fixture.engine, "gone", &fixture.error));
    ndf_text *text;
    assert_int_equal(
        ndf_show(fixture.engine, "gone", &text, &fixture.error), NDF_ENOTFOUND);
    assert_null(text);
    assert_int_equal(
        ndf_unregister(fixture.engine, "gone", &fixture.error), NDF_ENOTFOUND);
    fixture_close(&fixture);
}

static void an_unknown_name_gets_the_nearest_known(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, "agent: reviewer\n");
    ndf_text *text;
    assert_int_equal(ndf_show(fixture.engine, "reviewr", &text, &fixture.error),
        NDF_ENOTFOUND);
    assert_non_null(strstr(fixture.error.message, "reviewer"));
    fixture_close(&fixture);
}

static int collect(void *ud, const char *bytes, size_t size)
{
    char **text = ud;
    size_t old = strlen(*text);
    *text = realloc(*text, old + size + 1);
    memcpy(*text + old, bytes, size);
    (*text)[old + size] = '\0';
    return 0;
}

static void an_export_makes_the_same_store_elsewhere(void **state)
{
    (void)state;
    struct fixture from, to;
    fixture_open(&from);
    fixture_open(&to);
    fixture_register(&from, "agent: worker\nrun: [printf, done]\n");
    fixture_register(&from, "pattern: p.q\ndescription: d\nsteps: [worker]\n");
    assert_int_equal(
        fixture_run(&from, "p.q", "do it", NULL), NDF_RUN_SUCCEEDED);
    char *first = calloc(1, 1), *second = calloc(1, 1);
    assert_ok(ndf_export(from.engine, collect, &first, &from.error));
    for (char *line = first, *end; *line != '\0'; line = end + 1) {
        end = strchr(line, '\n');
        assert_non_null(end);
        assert_ok(
            ndf_import_line(to.engine, line, (size_t)(end - line), &to.error));
    }
    assert_ok(ndf_export(to.engine, collect, &second, &to.error));
    assert_string_equal(first, second);
    free(first);
    free(second);
    fixture_close(&to);
    fixture_close(&from);
}

static void a_healthy_store_checks_clean_and_can_be_copied(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, "agent: worker\nrun: [printf, done]\n");
    assert_int_equal(
        fixture_run(&fixture, "worker", "do it", NULL), NDF_RUN_SUCCEEDED);
    ndf_text *text;
    assert_ok(ndf_check(fixture.engine, &text, &fixture.error));
    json_t *report = parse_text(text);
    assert_true(json_is_true(json_object_get(report, "ok")));
    assert_int_equal(json_integer_value(json_object_get(report, "runs")), 1);
    json_decref(report);
    const char *copy = test_path(&fixture.dir, "copy.db");
    assert_ok(ndf_backup(fixture.engine, copy, &fixture.error));
    assert_int_equal(
        ndf_backup(fixture.engine, copy, &fixture.error), NDF_EEXISTS);
    fixture_close(&fixture);
}

static void the_schema_is_json(void **state)
{
    (void)state;
    json_t *schema = json_loads(ndf_schema(), JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(schema);
    assert_non_null(strstr(string_at(schema, "$schema"), "2020-12"));
    json_decref(schema);
}

static void a_forked_child_is_told(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0) {
        ndf_text *text;
        ndf_error error;
        int err = ndf_list(fixture.engine, NDF_LIST_AGENTS, 0, &text, &error);
        _exit(err == NDF_EFORKED ? 0 : 1);
    }
    int status;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    fixture_close(&fixture);
}

static void metrics_count_what_happened(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, "agent: worker\nrun: [printf, done]\n");
    assert_int_equal(
        fixture_run(&fixture, "worker", "do it", NULL), NDF_RUN_SUCCEEDED);
    ndf_text *text;
    assert_ok(ndf_metrics(fixture.engine, &text));
    json_t *metrics = parse_text(text);
    assert_int_equal(
        json_integer_value(json_object_get(metrics, "runs_started")), 1);
    assert_int_equal(
        json_integer_value(json_object_get(metrics, "runs_succeeded")), 1);
    assert_true(
        json_integer_value(json_object_get(metrics, "store_commits")) >= 4);
    json_decref(metrics);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_older_host_may_pass_a_shorter_struct),
        cmocka_unit_test(every_error_has_a_name_and_a_text),
        cmocka_unit_test(a_missing_store_is_not_made_unasked),
        cmocka_unit_test(three_lines_make_a_pattern),
        cmocka_unit_test(a_text_registers_whole_or_not_at_all),
        cmocka_unit_test(a_taken_name_is_refused_unless_replaced),
        cmocka_unit_test(what_is_unregistered_is_gone),
        cmocka_unit_test(an_unknown_name_gets_the_nearest_known),
        cmocka_unit_test(an_export_makes_the_same_store_elsewhere),
        cmocka_unit_test(a_healthy_store_checks_clean_and_can_be_copied),
        cmocka_unit_test(the_schema_is_json),
        cmocka_unit_test(a_forked_child_is_told),
        cmocka_unit_test(metrics_count_what_happened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
