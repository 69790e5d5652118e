/*
 * test_expect.c - what proves that a step did its work.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/json.h"
#include "run/expect.h"
#include "support/support.h"

static int verify(
    const struct expect *expect, struct agent_result *result, ndf_error *error)
{
    struct arena arena;
    arena_init(&arena, &mem_libc);
    int err = expect_verify(&arena, expect, &expect->files, result, error);
    arena_deinit(&arena);
    return err;
}

static struct agent_result printed(struct str text)
{
    return (struct agent_result){.output = value_of_str(text)};
}

static void without_expectations_it_must_end_well_and_say_something(
    void **state)
{
    (void)state;
    const struct expect none = {.nonempty = true};
    struct agent_result result = printed(STR("done"));
    assert_ok(verify(&none, &result, NULL));
    result.exit = 1;
    assert_int_equal(verify(&none, &result, NULL), NDF_EAGENT);
    result = printed(STR(" \n"));
    assert_int_equal(verify(&none, &result, NULL), NDF_EAGENT);
    assert_false(expect_proves(&none));
}

static void a_value_is_judged_as_it_stands(void **state)
{
    (void)state;
    struct expect expect = {.set = true, .nonempty = true};
    struct member type = {
        .key = STR("type"), .value = value_of_str(STR("string"))};
    expect.json_schema = value_of_object();
    expect.json_schema.object.members = &type;
    expect.json_schema.object.count = 1;
    /* Printed, it is the number 5; given, it is a string. */
    struct agent_result result = printed(STR("5"));
    assert_int_equal(verify(&expect, &result, NULL), NDF_EAGENT);
    result.typed = true;
    assert_ok(verify(&expect, &result, NULL));
    expect.json_schema = value_null;
    expect.regex = STR("^null$");
    result = (struct agent_result){.typed = true};
    assert_ok(verify(&expect, &result, NULL));
    result.typed = false;
    assert_int_equal(verify(&expect, &result, NULL), NDF_EAGENT);
}

static void silence_can_be_allowed(void **state)
{
    (void)state;
    const struct expect expect = {.set = true, .nonempty = false};
    struct agent_result result = printed(STR(""));
    assert_ok(verify(&expect, &result, NULL));
    assert_false(expect_proves(&expect));
}

static void another_exit_status_can_be_the_right_one(void **state)
{
    (void)state;
    const struct expect expect = {
        .set = true, .exit_set = true, .exit = 2, .nonempty = true};
    struct agent_result result = printed(STR("x"));
    assert_int_equal(verify(&expect, &result, NULL), NDF_EAGENT);
    result.exit = 2;
    assert_ok(verify(&expect, &result, NULL));
    assert_true(expect_proves(&expect));
}

static void a_regex_looks_at_the_output_as_text(void **state)
{
    (void)state;
    struct arena arena;
    struct expect expect = {
        .set = true, .nonempty = true, .regex = STR("(?i)\\b0 FAILED")};
    struct agent_result result = printed(STR("10 passed, 0 failed"));
    ndf_error error = {0};
    assert_ok(verify(&expect, &result, NULL));
    result = printed(STR("9 passed, 1 failed"));
    assert_int_equal(verify(&expect, &result, &error), NDF_EAGENT);
    assert_non_null(strstr(error.message, "does not match"));

    arena_init(&arena, &mem_libc);
    expect.regex = STR("\"ok\":true");
    assert_ok(json_parse(&arena, STR("{\"ok\": true}"), &result.output, NULL));
    assert_ok(verify(&expect, &result, NULL));
    arena_deinit(&arena);
}

static void a_regex_that_explodes_is_stopped(void **state)
{
    (void)state;
    static char text[4096];
    struct expect expect = {
        .set = true, .nonempty = true, .regex = STR("^(a+)+(b+)+$")};
    memset(text, 'a', sizeof text - 1);
    text[sizeof text - 2] = 'c';
    struct agent_result result = printed((struct str){text, sizeof text - 1});
    ndf_error error = {0};
    assert_int_equal(verify(&expect, &result, &error), NDF_EAGENT);
}

static void a_schema_reads_json_also_from_plain_text(void **state)
{
    (void)state;
    struct arena arena;
    struct expect expect = {.set = true, .nonempty = true};
    arena_init(&arena, &mem_libc);
    assert_ok(
        json_parse(&arena, STR("{\"type\": \"object\", \"required\": [\"n\"]}"),
            &expect.json_schema, NULL));
    assert_ok(expect_supported(&expect, NULL));
    struct agent_result result = printed(STR("{\"n\": 1}"));
    assert_ok(verify(&expect, &result, NULL));
    result = printed(STR("n = 1"));
    ndf_error error = {0};
    assert_int_equal(verify(&expect, &result, &error), NDF_EAGENT);
    assert_non_null(strstr(error.message, "json_schema"));
    arena_deinit(&arena);
}

static void files_must_be_there_and_new(void **state)
{
    (void)state;
    struct test_dir dir;
    struct arena arena;
    struct str names[] = {STR("new"), STR("old"), STR("missing")};
    struct expect expect = {.set = true, .nonempty = true};
    test_dir_make(&dir);
    arena_init(&arena, &mem_libc);
    test_write(&dir, "new", "x");
    test_write(&dir, "old", "x");
    struct timespec past[2] = {{1000, 0}, {1000, 0}};
    assert_int_equal(utimensat(AT_FDCWD, test_path(&dir, "old"), past, 0), 0);
    struct str_list files = {names, 3};
    enum agent_file *states =
        expect_files(&arena, &files, str_of(dir.path), 2000 * 1000);
    assert_int_equal(states[0], AGENT_FILE_FRESH);
    assert_int_equal(states[1], AGENT_FILE_STALE);
    assert_int_equal(states[2], AGENT_FILE_MISSING);

    struct agent_result result = printed(STR("x"));
    result.files = states;
    result.file_count = 3;
    static const char *const says[] = {
        NULL, "was not written by this step", "is not there"};
    for (size_t i = 1; i <= 3; i++) {
        ndf_error error = {0};
        expect.files = (struct str_list){names, i};
        int err = verify(&expect, &result, &error);
        assert_int_equal(err, i == 1 ? NDF_OK : NDF_EAGENT);
        if (i == 2) assert_non_null(strstr(error.message, says[1]));
        if (i == 2) states[1] = AGENT_FILE_FRESH;
        if (i == 3) assert_non_null(strstr(error.message, says[2]));
    }
    arena_deinit(&arena);
    test_dir_remove(&dir);
}

/* Whatever can be said about a file but that it was written. */
static void what_was_not_written_is_not_new(void **state)
{
    (void)state;
    struct test_dir dir;
    struct arena arena;
    enum { PLAIN, FUTURE, LINK_OLD, LINK_NEW, DANGLING, FOLDER, EMPTY, COUNT };
    struct str names[] = {STR("plain"), STR("future"), STR("link-old"),
        STR("link-new"), STR("dangling"), STR("folder"), STR("")};
    struct timespec future[2] = {{32503680000, 0}, {32503680000, 0}};
    struct timespec past[2] = {{1000, 0}, {1000, 0}};
    test_dir_make(&dir);
    arena_init(&arena, &mem_libc);
    test_write(&dir, "old", "x");
    test_write(&dir, "future", "x");
    assert_int_equal(utimensat(AT_FDCWD, test_path(&dir, "old"), past, 0), 0);
    assert_int_equal(
        utimensat(AT_FDCWD, test_path(&dir, "future"), future, 0), 0);
    const struct timespec pause = {0, 100000000};
    nanosleep(&pause, NULL);
    int64_t started = clock_wall_ms(&clock_system);
    nanosleep(&pause, NULL);
    test_write(&dir, "plain", "x");
    assert_int_equal(mkdir(test_path(&dir, "folder"), 0700), 0);
    assert_int_equal(symlink("old", test_path(&dir, "link-old")), 0);
    assert_int_equal(symlink("plain", test_path(&dir, "link-new")), 0);
    assert_int_equal(symlink("nowhere", test_path(&dir, "dangling")), 0);

    struct str_list files = {names, COUNT};
    enum agent_file *states =
        expect_files(&arena, &files, str_of(dir.path), started);
    assert_int_equal(states[PLAIN], AGENT_FILE_FRESH);
    assert_int_equal(states[FUTURE], AGENT_FILE_STALE);
    assert_int_equal(states[LINK_OLD], AGENT_FILE_STALE);
    assert_int_equal(states[LINK_NEW], AGENT_FILE_FRESH);
    assert_int_equal(states[DANGLING], AGENT_FILE_MISSING);
    assert_int_equal(states[FOLDER], AGENT_FILE_FRESH);
    assert_int_equal(states[EMPTY], AGENT_FILE_MISSING);

    /* Another folder than the one they are relative to; an absolute path. */
    struct str elsewhere[] = {STR("plain"), str_of(test_path(&dir, "plain"))};
    files = (struct str_list){elsewhere, 2};
    states = expect_files(&arena, &files, STR("/"), started);
    assert_int_equal(states[0], AGENT_FILE_MISSING);
    assert_int_equal(states[1], AGENT_FILE_FRESH);
    arena_deinit(&arena);
    test_dir_remove(&dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            without_expectations_it_must_end_well_and_say_something),
        cmocka_unit_test(a_value_is_judged_as_it_stands),
        cmocka_unit_test(silence_can_be_allowed),
        cmocka_unit_test(another_exit_status_can_be_the_right_one),
        cmocka_unit_test(a_regex_looks_at_the_output_as_text),
        cmocka_unit_test(a_regex_that_explodes_is_stopped),
        cmocka_unit_test(a_schema_reads_json_also_from_plain_text),
        cmocka_unit_test(files_must_be_there_and_new),
        cmocka_unit_test(what_was_not_written_is_not_new),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
