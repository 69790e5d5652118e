/*
 * test_cleanup.c - a host gets rid of what is old, and of nothing else.
 */
#define _GNU_SOURCE /* NOLINT(bugprone-*,readability-*): not our name */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"

static const int64_t for_ever = INT64_MAX;

static int64_t count_contents(struct fixture *fixture)
{
    ndf_text *text;
    assert_int_equal(
        ndf_check(fixture->engine, &text, &fixture->error), NDF_OK);
    json_t *report = parse_text(text);
    assert_true(json_is_true(json_object_get(report, "ok")));
    int64_t count = json_integer_value(json_object_get(report, "contents"));
    json_decref(report);
    return count;
}

static int64_t executions(struct fixture *fixture, const char *pattern)
{
    ndf_context *context = fixture_context(fixture, "count the words");
    ndf_selection *selection;
    int64_t found = -1;
    assert_int_equal(
        ndf_select(fixture->engine, context, 100, &selection, &fixture->error),
        NDF_OK);
    for (size_t i = 0; i < ndf_selection_count(selection); i++) {
        ndf_choice choice;
        assert_int_equal(ndf_selection_at(selection, i, &choice), NDF_OK);
        if (strcmp(choice.name, pattern) == 0)
            found = (int64_t)choice.executions;
    }
    ndf_selection_free(selection);
    ndf_context_free(context);
    return found;
}

static int say_done(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    /* Too large for a record: it is kept apart. */
    char *large = malloc(20000);
    memset(large, 'y', 20000);
    int err = ndf_reply_output(reply, large, 20000);
    free(large);
    return err;
}

static void a_run_keeps_the_document_it_ran(void **state)
{
    (void)state;
    struct fixture fixture;
    char id[64];
    fixture_open(&fixture);
    assert_int_equal(
        ndf_bind(fixture.engine, "one", say_done, NULL, NULL), NDF_OK);
    fixture_register(
        &fixture, "pattern: p\ndescription: Count the words.\nsteps: [one]");
    assert_int_equal(fixture_run(&fixture, "p", "do it", id), 1);
    int64_t before = count_contents(&fixture);
    assert_int_equal(ndf_unregister(fixture.engine, "p", NULL), NDF_OK);
    assert_int_equal(count_contents(&fixture), before);
    ndf_text *text;
    assert_int_equal(
        ndf_cleanup(fixture.engine, for_ever, &text, &fixture.error), NDF_OK);
    json_t *report = parse_text(text);
    assert_int_equal(json_integer_value(json_object_get(report, "runs")), 1);
    assert_int_equal(
        json_integer_value(json_object_get(report, "contents")), before);
    assert_true(json_integer_value(json_object_get(report, "bytes")) > 0);
    json_decref(report);
    assert_int_equal(count_contents(&fixture), 0);
    fixture_close(&fixture);
}

static bool has_run(struct fixture *fixture, const char *id)
{
    ndf_text *text;
    int err = ndf_show(fixture->engine, id, &text, NULL);
    ndf_text_free(text);
    return err == NDF_OK;
}

static void make_run_folder(
    struct fixture *fixture, const char *id, char *path, size_t size)
{
    (void)snprintf(path, size, "%s.runs/%s", fixture->store, id);
    assert_true(mkdir(path, 0700) == 0);
    char file[128];
    (void)snprintf(file, sizeof file, "ndf.db.runs/%s/left", id);
    test_write(&fixture->dir, file, "something");
}

static void a_cleanup_takes_old_runs_with_their_files(void **state)
{
    (void)state;
    struct fixture fixture;
    char first[64], second[64], folder[512];
    fixture_open(&fixture);
    assert_int_equal(
        ndf_bind(fixture.engine, "one", say_done, NULL, NULL), NDF_OK);
    fixture_register(
        &fixture, "pattern: p\ndescription: Count the words.\nsteps: [one]");
    assert_int_equal(fixture_run(&fixture, "p", "first", first), 1);
    struct timespec pause = {.tv_nsec = 5000000};
    nanosleep(&pause, NULL);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t between = (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
    nanosleep(&pause, NULL);
    assert_int_equal(fixture_run(&fixture, "p", "second", second), 1);
    make_run_folder(&fixture, first, folder, sizeof folder);
    assert_int_equal(
        ndf_cleanup(fixture.engine, between, NULL, &fixture.error), NDF_OK);
    assert_false(has_run(&fixture, first));
    assert_int_not_equal(access(folder, F_OK), 0);
    /* Both had the same output: it is still there for the second. */
    json_t *shown = fixture_show(&fixture, second);
    json_t *done = record_of(shown, "result", 0);
    assert_int_equal(strlen(string_at(done, "body/output")), 20000);
    json_decref(shown);
    assert_true(count_contents(&fixture) > 0);
    assert_int_equal(executions(&fixture, "p"), 2);
    fixture_close(&fixture);
}

static int wait_for_word(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)call;
    char byte;
    if (read(*(const int *)ud, &byte, 1) != 1) return 1;
    return ndf_reply_output(reply, "done", 4);
}

static void a_cleanup_leaves_what_runs_alone(void **state)
{
    (void)state;
    struct fixture fixture;
    int ends[2], ended = -1;
    fixture_open(&fixture);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(
        ndf_bind(fixture.engine, "slow", wait_for_word, &ends[0], NULL),
        NDF_OK);
    fixture_register(&fixture, "pattern: p\nsteps: [slow]");
    ndf_context *context = fixture_context(&fixture, "do it");
    ndf_run *run;
    assert_int_equal(
        ndf_run_start(fixture.engine, "p", context, NULL, &run, &fixture.error),
        NDF_OK);
    assert_int_equal(
        ndf_cleanup(fixture.engine, for_ever, NULL, &fixture.error), NDF_OK);
    assert_true(has_run(&fixture, ndf_run_id(run)));
    assert_int_equal(write(ends[1], "x", 1), 1);
    assert_int_equal(ndf_run_wait(run, 30000, &ended, NULL), NDF_OK);
    assert_int_equal(ended, NDF_RUN_SUCCEEDED);
    assert_true(count_contents(&fixture) > 0);
    ndf_run_free(run);
    ndf_context_free(context);
    close(ends[0]);
    close(ends[1]);
    fixture_close(&fixture);
}

static void a_cleanup_sweeps_what_killed_processes_left(void **state)
{
    (void)state;
    struct fixture fixture;
    /* One that ended, one that was never recorded, one that somebody starts
     * just now, and something that is no run's. */
    const char *unknown = "0123456789ab", *starting = "ab0123456789";
    char ended[64], of_ended[512], of_unknown[512], of_starting[512];
    char strange[512];
    fixture_open(&fixture);
    assert_int_equal(
        ndf_bind(fixture.engine, "one", say_done, NULL, NULL), NDF_OK);
    fixture_register(&fixture, "pattern: p\nsteps: [one]");
    assert_int_equal(fixture_run(&fixture, "p", "do it", ended), 1);
    make_run_folder(&fixture, ended, of_ended, sizeof of_ended);
    make_run_folder(&fixture, unknown, of_unknown, sizeof of_unknown);
    make_run_folder(&fixture, starting, of_starting, sizeof of_starting);
    make_run_folder(&fixture, "not-a-run", strange, sizeof strange);
    test_write(&fixture.dir, "ndf.db.runs/owners.a", "");
    int fd = open(
        test_path(&fixture.dir, "ndf.db.runs/owners.a"), O_RDWR | O_CLOEXEC);
    /* The byte whose number the id spells, five bits a letter. */
    struct flock taken = {.l_type = F_WRLCK,
        .l_whence = SEEK_SET,
        .l_start = INT64_C(372674040756903177),
        .l_len = 1};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &taken), 0);

    ndf_text *text;
    assert_int_equal(
        ndf_cleanup(fixture.engine, 0, &text, &fixture.error), NDF_OK);
    json_t *report = parse_text(text);
    assert_int_equal(json_integer_value(json_object_get(report, "runs")), 0);
    assert_int_equal(json_integer_value(json_object_get(report, "folders")), 2);
    json_decref(report);
    assert_int_not_equal(access(of_ended, F_OK), 0);
    assert_int_not_equal(access(of_unknown, F_OK), 0);
    assert_int_equal(access(of_starting, F_OK), 0);
    assert_int_equal(access(strange, F_OK), 0);
    assert_true(has_run(&fixture, ended));
    close(fd);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_keeps_the_document_it_ran),
        cmocka_unit_test(a_cleanup_takes_old_runs_with_their_files),
        cmocka_unit_test(a_cleanup_leaves_what_runs_alone),
        cmocka_unit_test(a_cleanup_sweeps_what_killed_processes_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
