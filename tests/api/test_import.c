/*
 * test_import.c - files as sources, and trust.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"

static json_t *import(struct fixture *fixture, const char *path)
{
    ndf_text *text;
    int err =
        ndf_import(fixture->engine, path, NULL, NULL, &text, &fixture->error);
    if (err != NDF_OK) fail_msg("%s", fixture->error.message);
    return parse_text(text);
}

static int64_t number(const json_t *report, const char *key)
{
    return json_integer_value(json_object_get(report, key));
}

static void make_agents(struct fixture *fixture)
{
    assert_int_equal(mkdir(test_path(&fixture->dir, "agents"), 0777), 0);
    assert_int_equal(mkdir(test_path(&fixture->dir, "agents/more"), 0777), 0);
    test_write(&fixture->dir, "agents/tester.md",
        "---\nname: tester\ndescription: Runs tests.\ntools: Read, Bash\n---\n"
        "You run the tests.\n");
    /* An unquoted colon: no valid YAML. */
    test_write(&fixture->dir, "agents/broken.md",
        "---\nname: broken\ndescription: Use it: always.\n---\nBody.\n");
    /* The same file again, and another agent of a name that is taken. */
    test_write(&fixture->dir, "agents/more/tester.md",
        "---\nname: tester\ndescription: Runs tests.\ntools: Read, Bash\n---\n"
        "You run the tests.\n");
    test_write(&fixture->dir, "agents/more/broken.md",
        "---\nname: broken\ndescription: Another one.\n---\nBody.\n");
    test_write(&fixture->dir, "agents/README.md", "# Not an agent\n");
    test_write(&fixture->dir, "agents/more/p.yaml",
        "pattern: check.all\ndescription: All.\nsteps: [tester]\n");
    test_write(&fixture->dir, "agents/other.yaml", "name: not ours\n");
}

static void a_folder_is_imported_whole(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    make_agents(&fixture);
    json_t *report = import(&fixture, test_path(&fixture.dir, "agents"));
    assert_string_equal(string_at(report, "source"), "agents");
    assert_int_equal(number(report, "agents"), 4);
    assert_int_equal(number(report, "patterns"), 1);
    assert_int_equal(number(report, "folded"), 1);
    /* Copies that are folded are one. */
    assert_int_equal(
        json_array_size(json_object_get(report, "near_copies")), 0);
    assert_int_equal(json_array_size(json_object_get(report, "errors")), 0);
    json_t *warnings = json_object_get(report, "warnings");
    assert_int_equal(json_array_size(warnings), 1);
    assert_int_equal(number(json_array_get(warnings, 0), "line"), 3);
    json_decref(report);
    json_t *shown = fixture_show(&fixture, "agents/more/broken");
    assert_string_equal(string_at(shown, "description"), "Another one.");
    json_decref(shown);
    /* The body and the tools are kept. */
    shown = fixture_show(&fixture, "agents/tester");
    assert_non_null(
        strstr(string_at(shown, "document/body"), "You run the tests."));
    json_decref(shown);
    fixture_close(&fixture);
}

static void copies_under_another_name_are_named(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    make_agents(&fixture);
    test_write(&fixture.dir, "agents/checker.md",
        "---\nname: checker\ndescription: Runs tests.\ntools: Read, Bash\n---\n"
        "You run the tests.\n");
    json_t *report = import(&fixture, test_path(&fixture.dir, "agents"));
    json_t *near = json_object_get(report, "near_copies");
    assert_int_equal(json_array_size(near), 1);
    json_t *pair = json_array_get(near, 0);
    assert_string_equal(string_at(pair, "name"), "tester");
    assert_string_equal(string_at(pair, "of"), "checker");
    assert_true(json_number_value(json_object_get(pair, "likeness")) == 1);
    json_decref(report);
    fixture_close(&fixture);
}

static void changed_files_are_read_again(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    make_agents(&fixture);
    json_decref(import(&fixture, test_path(&fixture.dir, "agents")));
    ndf_text *text;
    assert_ok(ndf_refresh(fixture.engine, &text, &fixture.error));
    json_t *report = parse_text(text);
    assert_int_equal(json_array_size(report), 0);
    json_decref(report);
    test_write(&fixture.dir, "agents/broken.md",
        "---\nname: mended\ndescription: Mended now.\n---\nBody.\n");
    assert_int_equal(unlink(test_path(&fixture.dir, "agents/more/p.yaml")), 0);
    fixture_reopen(&fixture);
    assert_ok(ndf_refresh(fixture.engine, &text, &fixture.error));
    report = parse_text(text);
    assert_int_equal(json_array_size(report), 1);
    assert_int_equal(number(json_array_get(report, 0), "changed"), 1);
    assert_int_equal(number(json_array_get(report, 0), "removed"), 2);
    json_decref(report);
    json_decref(fixture_show(&fixture, "mended"));
    assert_int_equal(
        ndf_show(fixture.engine, "check.all", &text, &fixture.error),
        NDF_ENOTFOUND);
    fixture_close(&fixture);
}

static void a_file_that_breaks_keeps_what_it_had(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    assert_int_equal(mkdir(test_path(&fixture.dir, "d"), 0777), 0);
    test_write(&fixture.dir, "d/a.yaml", "agent: steady\nrun: [x]\n");
    json_decref(import(&fixture, test_path(&fixture.dir, "d")));
    test_write(&fixture.dir, "d/a.yaml", "agent: steady\nrun: {x: [y]}\n");
    for (int i = 0; i < 2; i++) {
        ndf_text *text;
        assert_ok(ndf_refresh(fixture.engine, &text, &fixture.error));
        json_t *report = parse_text(text);
        json_t *errors = json_object_get(json_array_get(report, 0), "errors");
        assert_int_equal(json_array_size(errors), 1);
        assert_int_equal(number(json_array_get(errors, 0), "line"), 2);
        json_decref(report);
    }
    json_decref(fixture_show(&fixture, "steady"));
    fixture_close(&fixture);
}

static void a_named_file_with_an_error_fails_with_its_place(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    test_write(
        &fixture.dir, "bad.yaml", "pattern: x\ndescription: d\nstpes: [a]\n");
    ndf_text *text;
    int err = ndf_import(fixture.engine, test_path(&fixture.dir, "bad.yaml"),
        NULL, NULL, &text, &fixture.error);
    assert_int_equal(err, NDF_ESCHEMA);
    assert_null(text);
    assert_non_null(strstr(fixture.error.message, "bad.yaml:3:"));
    assert_non_null(strstr(fixture.error.message, "steps"));
    fixture_close(&fixture);
}

static void no_program_runs_before_its_folder_is_trusted(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    assert_int_equal(mkdir(test_path(&fixture.dir, "d"), 0777), 0);
    test_write(
        &fixture.dir, "d/a.yaml", "agent: toucher\nrun: [touch, touched]\n");
    json_decref(import(&fixture, test_path(&fixture.dir, "d")));
    ndf_context *context = fixture_context(&fixture, "touch it");
    ndf_run *run;
    assert_int_equal(ndf_run_start(fixture.engine, "toucher", context, NULL,
                         &run, &fixture.error),
        NDF_EUNTRUSTED);
    assert_null(run);
    assert_non_null(strstr(fixture.error.message, "ndf trust"));
    int trusted;
    assert_ok(ndf_trust_folder(fixture.engine, fixture.dir.path,
        NDF_TRUST_GRANT, &trusted, &fixture.error));
    assert_int_equal(trusted, 1);
    /* It prints nothing, so it fails; but it ran. */
    assert_int_equal(
        fixture_run(&fixture, "toucher", "touch it", NULL), NDF_RUN_FAILED);
    assert_int_equal(access(test_path(&fixture.dir, "touched"), F_OK), 0);
    assert_ok(ndf_trust_folder(fixture.engine, fixture.dir.path,
        NDF_TRUST_REVOKE, &trusted, &fixture.error));
    assert_int_equal(trusted, 0);
    ndf_context_free(context);
    fixture_close(&fixture);
}

static void a_store_cannot_vouch_for_itself(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    fixture_register(&fixture, "agent: a\nrun: [printf, x]\n");
    ndf_close(fixture.engine);
    /* Somebody else's home: the store was not made there. */
    snprintf(fixture.home, sizeof fixture.home, "%s/other", fixture.dir.path);
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = fixture.store;
    options.home = fixture.home;
    assert_ok(ndf_open(&fixture.engine, &options, &fixture.error));
    ndf_context *context = fixture_context(&fixture, "go");
    ndf_run *run;
    assert_int_equal(
        ndf_run_start(fixture.engine, "a", context, NULL, &run, &fixture.error),
        NDF_EUNTRUSTED);
    ndf_context_free(context);
    fixture_close(&fixture);
}

static void an_import_can_bring_a_runner(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    make_agents(&fixture);
    const char *const runner[] = {"printf", "%s", "${agent.name}", NULL};
    ndf_text *text;
    assert_ok(ndf_import(fixture.engine, test_path(&fixture.dir, "agents"),
        "team", runner, &text, &fixture.error));
    ndf_text_free(text);
    int trusted;
    assert_ok(ndf_trust_folder(fixture.engine, fixture.dir.path,
        NDF_TRUST_GRANT, &trusted, &fixture.error));
    char id[64];
    assert_int_equal(
        fixture_run(&fixture, "tester", "go", id), NDF_RUN_SUCCEEDED);
    json_t *shown = fixture_show(&fixture, id);
    assert_string_equal(
        string_at(record_of(shown, "result", 0), "body/output"), "tester");
    json_decref(shown);
    fixture_close(&fixture);
}

/* A store in memory, an import with copies in it. */
static int import_with(const struct mem *mem, void *ud)
{
    ndf_options options = NDF_OPTIONS_INIT;
    options.alloc = mem->fn;
    options.alloc_ud = mem->ud;
    options.home = "/nonexistent";
    ndf_engine *engine;
    ndf_text *report = NULL;
    int err = ndf_open(&engine, &options, NULL);
    if (err == NDF_OK) err = ndf_import(engine, ud, NULL, NULL, &report, NULL);
    if (err == NDF_OK)
        assert_non_null(strstr(ndf_text_data(report), "\"of\":\"checker\""));
    ndf_text_free(report);
    ndf_close(engine);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    assert_int_equal(mkdir(test_path(&dir, "agents"), 0777), 0);
    test_write(&dir, "agents/tester.md",
        "---\nname: tester\ndescription: Runs tests.\n---\n");
    test_write(&dir, "agents/checker.md",
        "---\nname: checker\ndescription: Runs tests.\n---\n");
    test_each_allocation_fails(
        import_with, (void *)(uintptr_t)test_path(&dir, "agents"));
    test_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_folder_is_imported_whole),
        cmocka_unit_test(copies_under_another_name_are_named),
        cmocka_unit_test(changed_files_are_read_again),
        cmocka_unit_test(a_file_that_breaks_keeps_what_it_had),
        cmocka_unit_test(a_named_file_with_an_error_fails_with_its_place),
        cmocka_unit_test(no_program_runs_before_its_folder_is_trusted),
        cmocka_unit_test(a_store_cannot_vouch_for_itself),
        cmocka_unit_test(an_import_can_bring_a_runner),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
