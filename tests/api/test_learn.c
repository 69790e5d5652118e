/*
 * test_learn.c - what was learned is kept in step with the outcomes.
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "api/learned.h"

static void learning_anew_gives_the_same(void **state)
{
    (void)state;
    struct fixture fixture;
    char hash[65];
    fixture_open(&fixture);
    learned_register(&fixture);
    assert_int_equal(learned_number(&fixture, "number"), 0);
    learned_record_many(&fixture, 0, 100);
    assert_int_equal(learned_number(&fixture, "number"), 100);
    assert_true(learned_number(&fixture, "lessons") > 50);
    /* A removal is an outcome of its own; what comes back begins anew. */
    assert_int_equal(ndf_unregister(fixture.engine, "drawer", NULL), NDF_OK);
    assert_int_equal(learned_number(&fixture, "number"), 101);
    fixture_register(&fixture,
        "pattern: drawer\ndescription: Draws charts.\nsteps: [worker]\n");
    learned_record_many(&fixture, 100, 200);
    assert_int_equal(learned_number(&fixture, "number"), 201);
    learned_expect_same(&fixture, NULL);
    learned_rebuild(&fixture, hash, NULL);
    fixture_reopen(&fixture);
    learned_expect_same(&fixture, hash);
    fixture_close(&fixture);
}

static void a_removal_is_no_execution(void **state)
{
    (void)state;
    struct fixture fixture;
    ndf_text *text;
    fixture_open(&fixture);
    learned_register(&fixture);
    /* Before the first outcome there is nothing to forget. */
    assert_int_equal(ndf_unregister(fixture.engine, "drawer", NULL), NDF_OK);
    assert_int_equal(learned_number(&fixture, "number"), 0);
    learned_record(&fixture, "{\"pattern\":\"writer\",\"text\":\"write\","
                             "\"result\":\"success\",\"evidence\":\"person\"}");
    assert_int_equal(ndf_unregister(fixture.engine, "writer", NULL), NDF_OK);
    fixture_register(&fixture, "pattern: writer\nsteps: [worker]\n");
    assert_int_equal(learned_number(&fixture, "number"), 2);
    assert_int_equal(ndf_stats(fixture.engine, "writer", &text, NULL), NDF_OK);
    json_t *doc = parse_text(text);
    assert_int_equal(json_integer_value(json_object_get(doc, "executions")), 1);
    json_decref(doc);
    fixture_close(&fixture);
}

static void what_is_not_for_hosts_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    learned_register(&fixture);
    static const char *const rows[] = {
        "{\"pattern\":\"writer\",\"result\":\"success\",\"lesson\":\"AAAA\"}",
        "{\"pattern\":\"writer\",\"result\":\"failure\",\"excuse\":1}",
        "{\"pattern\":\"writer\",\"result\":\"unknown\","
        "\"evidence\":\"removed\"}",
        "{\"pattern\":\"writer\",\"result\":\"unknown\","
        "\"evidence\":\"reset\"}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(ndf_record(fixture.engine, rows[i], strlen(rows[i]),
                             &fixture.error),
            NDF_EINVAL);
    assert_int_equal(learned_number(&fixture, "number"), 0);
    fixture_close(&fixture);
}

static void a_checkpoint_spares_learning_anew(void **state)
{
    (void)state;
    struct fixture fixture;
    char path[400], hash[65];
    struct stat info;
    fixture_open(&fixture);
    learned_path(&fixture, path);
    learned_register(&fixture);
    learned_record_many(&fixture, 0, 10);
    fixture_reopen(&fixture);
    assert_int_not_equal(access(path, F_OK), 0); /* not worth it yet */
    learned_record_many(&fixture, 10, 120);
    fixture_reopen(&fixture);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    json_t *doc = learned_look(&fixture);
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(doc, "checkpoint"), "number")),
        120);
    assert_null(json_object_get(doc, "problem"));
    json_decref(doc);
    learned_rebuild(&fixture, hash, NULL);
    learned_record_many(&fixture, 120, 130);
    fixture_reopen(&fixture);
    assert_int_equal(learned_number(&fixture, "number"), 130);
    learned_expect_same(&fixture, NULL);
    fixture_close(&fixture);
}

static void a_damaged_checkpoint_is_left_alone(void **state)
{
    (void)state;
    struct fixture fixture;
    char path[400], hash[65];
    fixture_open(&fixture);
    learned_path(&fixture, path);
    learned_register(&fixture);
    learned_record_many(&fixture, 0, 100);
    learned_rebuild(&fixture, hash, NULL);
    ndf_close(fixture.engine);
    fixture.engine = NULL;
    size_t size;
    char *bytes = learned_read_file(path, &size);
    for (size_t at = 0; at < size; at += 1 + size / 40) {
        bytes[at] ^= 0x10;
        learned_write_file(path, bytes, size);
        bytes[at] ^= 0x10;
        fixture_reopen(&fixture);
        json_t *doc = learned_look(&fixture);
        assert_true(string_at(doc, "problem")[0] != '\0');
        json_decref(doc);
        learned_expect_same(&fixture, hash);
    }
    learned_write_file(path, bytes, size / 2);
    fixture_reopen(&fixture);
    learned_expect_same(&fixture, hash);
    learned_write_file(path, bytes, 0);
    fixture_reopen(&fixture);
    learned_expect_same(&fixture, hash);
    json_t *doc = learned_look(&fixture);
    assert_null(json_object_get(doc, "problem")); /* it was made anew */
    json_decref(doc);
    free(bytes);
    fixture_close(&fixture);
}

static void a_checkpoint_of_another_store_is_left_alone(void **state)
{
    (void)state;
    struct fixture first, second;
    char from[400], to[400], hash[65];
    fixture_open(&first);
    fixture_open(&second);
    learned_path(&first, from);
    learned_path(&second, to);
    learned_register(&first);
    learned_register(&second);
    learned_record_many(&first, 0, 60);
    learned_record_many(&second, 40, 100);
    learned_rebuild(&first, hash, NULL);
    learned_rebuild(&second, hash, NULL);
    ndf_close(second.engine);
    second.engine = NULL;
    size_t size;
    char *bytes = learned_read_file(from, &size);
    learned_write_file(to, bytes, size);
    free(bytes);
    fixture_reopen(&second);
    json_t *doc = learned_look(&second);
    assert_non_null(strstr(string_at(doc, "problem"), "does not fit"));
    json_decref(doc);
    learned_expect_same(&second, hash);
    fixture_close(&second);
    fixture_close(&first);
}

static void two_engines_learn_the_same(void **state)
{
    (void)state;
    struct fixture fixture;
    char path[400], hash[65];
    fixture_open(&fixture);
    learned_path(&fixture, path);
    learned_register(&fixture);
    struct fixture other = fixture;
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = fixture.store;
    options.home = fixture.home;
    assert_int_equal(ndf_open(&other.engine, &options, NULL), NDF_OK);
    for (size_t i = 0; i < 60; i++)
        learned_record_many(i % 3 == 0 ? &other : &fixture, i, i + 1);
    assert_int_equal(learned_number(&fixture, "number"), 60);
    assert_int_equal(learned_number(&other, "number"), 60);
    learned_rebuild(&fixture, hash, NULL);
    learned_expect_same(&other, hash);
    ndf_close(other.engine);
    fixture_reopen(&fixture);
    learned_expect_same(&fixture, hash);
    fixture_close(&fixture);
}

/* Ended without closing: between the last outcome and its checkpoint. */
static void a_killed_process_leaves_outcomes_enough(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    learned_register(&fixture);
    learned_record_many(&fixture, 0, 80);
    ndf_close(fixture.engine);
    fixture.engine = NULL;
    pid_t child = fork();
    if (child == 0) {
        fixture_reopen(&fixture);
        learned_record_many(&fixture, 80, 160);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    fixture_reopen(&fixture);
    assert_int_equal(learned_number(&fixture, "number"), 160);
    learned_expect_same(&fixture, NULL);
    fixture_close(&fixture);
}

static void a_cleanup_does_not_unlearn(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    learned_register(&fixture);
    learned_record_many(&fixture, 0, 70);
    int64_t lessons = learned_number(&fixture, "lessons");
    assert_int_equal(
        ndf_cleanup(fixture.engine, INT64_MAX, NULL, &fixture.error), NDF_OK);
    fixture_reopen(&fixture);
    assert_int_equal(learned_number(&fixture, "lessons"), lessons);
    learned_record_many(&fixture, 70, 75);
    fixture_reopen(&fixture);
    assert_int_equal(learned_number(&fixture, "number"), 75);
    assert_true(learned_number(&fixture, "lessons") > lessons);
    json_t *doc = learned_look(&fixture);
    assert_null(json_object_get(doc, "problem"));
    json_decref(doc);
    fixture_close(&fixture);
}

static ndf_engine *open_second(struct fixture *fixture)
{
    ndf_options options = NDF_OPTIONS_INIT;
    ndf_engine *engine;
    options.path = fixture->store;
    options.home = fixture->home;
    assert_int_equal(ndf_open(&engine, &options, &fixture->error), NDF_OK);
    return engine;
}

/* Who learned less leaves the file of who removed what it does not know. */
static void a_late_end_does_not_unlearn(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    learned_register(&fixture);
    learned_record_many(&fixture, 0, 80);
    ndf_engine *second = open_second(&fixture);
    learned_record_many(&fixture, 80, 160);
    /* It learns from the store what was there, and then no more. */
    struct fixture other = fixture;
    other.engine = second;
    assert_int_equal(learned_number(&other, "number"), 160);
    learned_record_many(&fixture, 160, 240);
    int64_t lessons = learned_number(&fixture, "lessons");
    assert_int_equal(
        ndf_cleanup(fixture.engine, INT64_MAX, NULL, &fixture.error), NDF_OK);
    ndf_close(second);
    fixture_reopen(&fixture);
    assert_int_equal(learned_number(&fixture, "lessons"), lessons);
    fixture_close(&fixture);
}

/* Somebody copies another file over it, in place. */
static void a_checkpoint_may_be_cut_meanwhile(void **state)
{
    (void)state;
    struct fixture fixture;
    char path[400], hash[65];
    fixture_open(&fixture);
    learned_path(&fixture, path);
    learned_register(&fixture);
    learned_record_many(&fixture, 0, 80);
    learned_rebuild(&fixture, hash, NULL);
    fixture_reopen(&fixture);
    assert_int_equal(learned_number(&fixture, "number"), 80);
    assert_int_equal(truncate(path, 0), 0);
    learned_expect_same(&fixture, hash);
    fixture_close(&fixture);
}

/* What another one recorded meanwhile is learned before it is removed. */
static void a_cleanup_learns_first(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    learned_register(&fixture);
    learned_record_many(&fixture, 0, 20);
    struct fixture other = fixture;
    other.engine = open_second(&fixture);
    learned_record_many(&other, 20, 40);
    int64_t lessons = learned_number(&other, "lessons");
    assert_int_equal(
        ndf_cleanup(fixture.engine, INT64_MAX, NULL, &fixture.error), NDF_OK);
    ndf_close(other.engine);
    fixture_reopen(&fixture);
    assert_int_equal(learned_number(&fixture, "lessons"), lessons);
    fixture_close(&fixture);
}

static void a_strange_note_is_none(void **state)
{
    (void)state;
    static const char *const notes[] = {"[]", "7", "\\\"a\\\"", "{", ""};
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        struct fixture fixture;
        char line[128];
        fixture_open(&fixture);
        (void)snprintf(line, sizeof line,
            "{\"record\":\"meta\",\"name\":\"learning\",\"value\":\"%s\"}",
            notes[i]);
        assert_int_equal(
            ndf_import_line(fixture.engine, line, strlen(line), &fixture.error),
            NDF_OK);
        learned_register(&fixture);
        learned_record_many(&fixture, 0, 20);
        int64_t lessons = learned_number(&fixture, "lessons");
        assert_true(lessons > 0);
        assert_int_equal(
            ndf_cleanup(fixture.engine, INT64_MAX, NULL, &fixture.error),
            NDF_OK);
        fixture_reopen(&fixture);
        assert_int_equal(learned_number(&fixture, "lessons"), lessons);
        fixture_close(&fixture);
    }
}

/* While it goes on, too: a thread of the engine writes it. */
static void a_long_life_has_checkpoints(void **state)
{
    (void)state;
    struct fixture fixture;
    char path[400];
    static char json[400000];
    const struct timespec pause = {.tv_nsec = 20000000};
    fixture_open(&fixture);
    learned_path(&fixture, path);
    learned_register(&fixture);
    size_t size = 0;
    for (size_t i = 0; i < 1100; i++)
        size += (size_t)snprintf(json + size, sizeof json - size,
            "%c{\"pattern\":\"%s\",\"result\":\"success\",\"evidence\":"
            "\"person\",\"text\":\"%s %zu\"}",
            i == 0 ? '[' : ',', learned_names[i % 4], learned_tasks[i % 4], i);
    (void)snprintf(json + size, sizeof json - size, "]");
    learned_record(&fixture, json);
    for (int i = 0; i < 500 && access(path, F_OK) != 0; i++)
        (void)nanosleep(&pause, NULL);
    assert_int_equal(access(path, F_OK), 0);
    learned_expect_same(&fixture, NULL);
    fixture_close(&fixture);
}

static void *select_often(void *ud)
{
    struct fixture fixture = {.engine = ud};
    ndf_context *context = fixture_context(&fixture, learned_tasks[0]);
    for (int i = 0; i < 300; i++) {
        ndf_selection *selection;
        assert_int_equal(
            ndf_select(fixture.engine, context, 3, &selection, &fixture.error),
            NDF_OK);
        ndf_selection_free(selection);
    }
    ndf_context_free(context);
    return NULL;
}

static void threads_may_select_meanwhile(void **state)
{
    (void)state;
    struct fixture fixture;
    pthread_t threads[2];
    fixture_open(&fixture);
    learned_register(&fixture);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(
            pthread_create(&threads[i], NULL, select_often, fixture.engine), 0);
    learned_record_many(&fixture, 0, 60);
    for (size_t i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(learned_number(&fixture, "number"), 60);
    learned_expect_same(&fixture, NULL);
    fixture_close(&fixture);
}

/* Who is asked in the middle of a choice may say what it is for. */
static int tell_while_asked(
    void *ud, const char *pattern, const ndf_context *context)
{
    (void)pattern;
    (void)context;
    learned_record(ud, "{\"pattern\":\"writer\",\"result\":\"success\","
                       "\"evidence\":\"person\",\"text\":\"write it\"}");
    return 1;
}

static void a_host_that_is_asked_may_teach(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    learned_register(&fixture);
    fixture_register(&fixture,
        "pattern: asking\ndescription: Writes it.\nask_host: true\n"
        "steps: [worker]\n");
    learned_record_many(&fixture, 0, 5);
    ndf_context *context = fixture_context(&fixture, "write it");
    ndf_select_options options = NDF_SELECT_OPTIONS_INIT;
    options.ask = tell_while_asked;
    options.ask_ud = &fixture;
    ndf_selection *selection;
    assert_int_equal(ndf_select_with(fixture.engine, context, &options,
                         &selection, &fixture.error),
        NDF_OK);
    ndf_selection_free(selection);
    ndf_context_free(context);
    assert_int_equal(learned_number(&fixture, "number"), 6);
    learned_expect_same(&fixture, NULL);
    fixture_close(&fixture);
}

/* ---- every allocation fails once ------------------------------------------
 */

static int use_all(ndf_engine *engine, const char *other)
{
    static const char documents[] =
        "[{\"pattern\":\"p\",\"description\":\"Counts words.\",\"steps\":"
        "[\"one\"]},{\"pattern\":\"q\",\"steps\":[\"one\"]}]";
    static const char outcomes[] =
        "[{\"pattern\":\"p\",\"result\":\"success\",\"evidence\":\"person\","
        "\"text\":\"count the words\"},{\"none\":true,\"text\":\"sing\"}]";
    ndf_error error;
    ndf_text *text = NULL, *again = NULL, *merged = NULL;
    int err = ndf_register(engine, documents, sizeof documents - 1, 1, &error);
    if (err == NDF_OK)
        err = ndf_record(engine, outcomes, sizeof outcomes - 1, &error);
    if (err == NDF_OK) err = ndf_unregister(engine, "q", &error);
    if (err == NDF_OK) err = ndf_learned(engine, &text, &error);
    if (err == NDF_OK) err = ndf_learn_rebuild(engine, &again, &error);
    if (err == NDF_OK) err = ndf_learn_merge(engine, other, 0, &merged, &error);
    if (err == NDF_OK) err = ndf_cleanup(engine, INT64_MAX, NULL, &error);
    ndf_text_free(merged);
    ndf_text_free(again);
    ndf_text_free(text);
    return err;
}

static int use_with(const struct mem *mem, void *ud)
{
    ndf_options options = NDF_OPTIONS_INIT;
    options.alloc = mem->fn;
    options.alloc_ud = mem->ud;
    options.home = "/nonexistent";
    ndf_engine *engine;
    int err = ndf_open(&engine, &options, NULL);
    if (err == NDF_OK) err = use_all(engine, ud);
    ndf_close(engine);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    learned_register(&fixture);
    learned_record_many(&fixture, 0, 3);
    test_each_allocation_fails(use_with, fixture.store);
    fixture_close(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(learning_anew_gives_the_same),
        cmocka_unit_test(a_removal_is_no_execution),
        cmocka_unit_test(what_is_not_for_hosts_is_refused),
        cmocka_unit_test(a_checkpoint_spares_learning_anew),
        cmocka_unit_test(a_damaged_checkpoint_is_left_alone),
        cmocka_unit_test(a_checkpoint_of_another_store_is_left_alone),
        cmocka_unit_test(two_engines_learn_the_same),
        cmocka_unit_test(a_killed_process_leaves_outcomes_enough),
        cmocka_unit_test(a_cleanup_does_not_unlearn),
        cmocka_unit_test(a_late_end_does_not_unlearn),
        cmocka_unit_test(a_checkpoint_may_be_cut_meanwhile),
        cmocka_unit_test(a_cleanup_learns_first),
        cmocka_unit_test(a_strange_note_is_none),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_long_life_has_checkpoints),
        cmocka_unit_test(threads_may_select_meanwhile),
        cmocka_unit_test(a_host_that_is_asked_may_teach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
