/*
 * test_learn.c - what was learned is kept in step with the outcomes.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api/api.h"

/* ---- what the tests share ------------------------------------------------ */

static json_t *look(struct fixture *fixture)
{
    ndf_text *text;
    assert_int_equal(
        ndf_learned(fixture->engine, &text, &fixture->error), NDF_OK);
    return parse_text(text);
}

static int64_t number_in(struct fixture *fixture, const char *key)
{
    json_t *doc = look(fixture);
    int64_t number = json_integer_value(json_object_get(doc, key));
    json_decref(doc);
    return number;
}

/* The hash of what is known when it is learned anew; same (may be NULL):
 * whether it was that before. */
static void rebuild(struct fixture *fixture, char hash[65], bool *same)
{
    ndf_text *text;
    assert_int_equal(
        ndf_learn_rebuild(fixture->engine, &text, &fixture->error), NDF_OK);
    json_t *doc = parse_text(text);
    (void)snprintf(hash, 65, "%s", string_at(doc, "hash"));
    if (same != NULL) *same = json_is_true(json_object_get(doc, "same"));
    json_decref(doc);
}

static void expect_same(struct fixture *fixture, const char *hash)
{
    char again[65];
    bool same = false;
    rebuild(fixture, again, &same);
    assert_true(same);
    if (hash != NULL) assert_string_equal(again, hash);
}

static void record(struct fixture *fixture, const char *json)
{
    assert_int_equal(
        ndf_record(fixture->engine, json, strlen(json), &fixture->error),
        NDF_OK);
}

static const char *const tasks[] = {"review the login flow for holes",
    "write a report on the sales", "mend the broken build",
    "translate the letter to German", "draw a chart of the load"};

static void register_all(struct fixture *fixture)
{
    fixture_register(fixture,
        "agent: worker\nrun: [/bin/true]\n---\n"
        "pattern: reviewer\ndescription: Reviews code.\nsteps: [worker]\n---\n"
        "pattern: writer\ndescription: Writes reports.\nsteps: [worker]\n---\n"
        "pattern: mender\ndescription: Mends builds.\nsteps: [worker]\n---\n"
        "pattern: drawer\ndescription: Draws charts.\nsteps: [worker]\n");
}

static const char *const names[] = {"reviewer", "writer", "mender", "drawer"};

static void record_one(struct fixture *fixture, size_t i)
{
    char json[512];
    (void)snprintf(json, sizeof json,
        "{\"pattern\":\"%s\",\"text\":\"%s, number %zu\",\"result\":\"%s\","
        "\"evidence\":\"person\"%s%s%s}",
        names[i % 4], tasks[i % 5], i, i % 3 == 0 ? "success" : "failure",
        i % 7 == 0 ? ",\"should\":\"" : "",
        i % 7 == 0 ? names[(i + 1) % 4] : "", i % 7 == 0 ? "\"" : "");
    record(fixture, i % 11 != 0
                        ? json
                        : "{\"none\":true,\"text\":\"sing me a song\"}");
}

static void record_many(struct fixture *fixture, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        record_one(fixture, i);
}

static void path_of_file(struct fixture *fixture, char path[400])
{
    (void)snprintf(path, 400, "%s.learned", fixture->store);
}

static char *read_all(const char *path, size_t *size)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    char *bytes = malloc(1 << 22);
    *size = fread(bytes, 1, 1 << 22, file);
    fclose(file);
    return bytes;
}

static void write_all(const char *path, const char *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    fclose(file);
}

/* ---- tests --------------------------------------------------------------- */

static void learning_anew_gives_the_same(void **state)
{
    (void)state;
    struct fixture fixture;
    char hash[65];
    fixture_open(&fixture);
    register_all(&fixture);
    assert_int_equal(number_in(&fixture, "number"), 0);
    record_many(&fixture, 0, 100);
    assert_int_equal(number_in(&fixture, "number"), 100);
    assert_true(number_in(&fixture, "lessons") > 50);
    /* A removal is an outcome of its own; what comes back begins anew. */
    assert_int_equal(ndf_unregister(fixture.engine, "drawer", NULL), NDF_OK);
    assert_int_equal(number_in(&fixture, "number"), 101);
    fixture_register(&fixture,
        "pattern: drawer\ndescription: Draws charts.\nsteps: [worker]\n");
    record_many(&fixture, 100, 200);
    assert_int_equal(number_in(&fixture, "number"), 201);
    expect_same(&fixture, NULL);
    rebuild(&fixture, hash, NULL);
    fixture_reopen(&fixture);
    expect_same(&fixture, hash);
    fixture_close(&fixture);
}

static void a_removal_is_no_execution(void **state)
{
    (void)state;
    struct fixture fixture;
    ndf_text *text;
    fixture_open(&fixture);
    register_all(&fixture);
    /* Before the first outcome there is nothing to forget. */
    assert_int_equal(ndf_unregister(fixture.engine, "drawer", NULL), NDF_OK);
    assert_int_equal(number_in(&fixture, "number"), 0);
    record(&fixture, "{\"pattern\":\"writer\",\"text\":\"write\","
                     "\"result\":\"success\",\"evidence\":\"person\"}");
    assert_int_equal(ndf_unregister(fixture.engine, "writer", NULL), NDF_OK);
    fixture_register(&fixture, "pattern: writer\nsteps: [worker]\n");
    assert_int_equal(number_in(&fixture, "number"), 2);
    assert_int_equal(ndf_stats(fixture.engine, "writer", &text, NULL), NDF_OK);
    json_t *doc = parse_text(text);
    assert_int_equal(
        json_integer_value(json_object_get(doc, "executions")), 1);
    json_decref(doc);
    fixture_close(&fixture);
}

static void what_is_not_for_hosts_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    register_all(&fixture);
    static const char *const rows[] = {
        "{\"pattern\":\"writer\",\"result\":\"success\",\"lesson\":\"AAAA\"}",
        "{\"pattern\":\"writer\",\"result\":\"unknown\","
        "\"evidence\":\"removed\"}",
        "{\"pattern\":\"writer\",\"result\":\"unknown\","
        "\"evidence\":\"reset\"}",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_int_equal(ndf_record(fixture.engine, rows[i], strlen(rows[i]),
                             &fixture.error),
            NDF_EINVAL);
    assert_int_equal(number_in(&fixture, "number"), 0);
    fixture_close(&fixture);
}

static void a_checkpoint_spares_learning_anew(void **state)
{
    (void)state;
    struct fixture fixture;
    char path[400], hash[65];
    struct stat info;
    fixture_open(&fixture);
    path_of_file(&fixture, path);
    register_all(&fixture);
    record_many(&fixture, 0, 10);
    fixture_reopen(&fixture);
    assert_int_not_equal(access(path, F_OK), 0); /* not worth it yet */
    record_many(&fixture, 10, 120);
    fixture_reopen(&fixture);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
    json_t *doc = look(&fixture);
    assert_int_equal(json_integer_value(json_object_get(
                         json_object_get(doc, "checkpoint"), "number")),
        120);
    assert_null(json_object_get(doc, "problem"));
    json_decref(doc);
    rebuild(&fixture, hash, NULL);
    record_many(&fixture, 120, 130);
    fixture_reopen(&fixture);
    assert_int_equal(number_in(&fixture, "number"), 130);
    expect_same(&fixture, NULL);
    fixture_close(&fixture);
}

static void a_damaged_checkpoint_is_left_alone(void **state)
{
    (void)state;
    struct fixture fixture;
    char path[400], hash[65];
    fixture_open(&fixture);
    path_of_file(&fixture, path);
    register_all(&fixture);
    record_many(&fixture, 0, 100);
    rebuild(&fixture, hash, NULL);
    ndf_close(fixture.engine);
    fixture.engine = NULL;
    size_t size;
    char *bytes = read_all(path, &size);
    for (size_t at = 0; at < size; at += 1 + size / 40) {
        bytes[at] ^= 0x10;
        write_all(path, bytes, size);
        bytes[at] ^= 0x10;
        fixture_reopen(&fixture);
        json_t *doc = look(&fixture);
        assert_true(string_at(doc, "problem")[0] != '\0');
        json_decref(doc);
        expect_same(&fixture, hash);
    }
    write_all(path, bytes, size / 2);
    fixture_reopen(&fixture);
    expect_same(&fixture, hash);
    write_all(path, bytes, 0);
    fixture_reopen(&fixture);
    expect_same(&fixture, hash);
    json_t *doc = look(&fixture);
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
    path_of_file(&first, from);
    path_of_file(&second, to);
    register_all(&first);
    register_all(&second);
    record_many(&first, 0, 60);
    record_many(&second, 40, 100);
    rebuild(&first, hash, NULL);
    rebuild(&second, hash, NULL);
    ndf_close(second.engine);
    second.engine = NULL;
    size_t size;
    char *bytes = read_all(from, &size);
    write_all(to, bytes, size);
    free(bytes);
    fixture_reopen(&second);
    json_t *doc = look(&second);
    assert_non_null(strstr(string_at(doc, "problem"), "does not fit"));
    json_decref(doc);
    expect_same(&second, hash);
    fixture_close(&second);
    fixture_close(&first);
}

static void two_engines_learn_the_same(void **state)
{
    (void)state;
    struct fixture fixture;
    char path[400], hash[65];
    fixture_open(&fixture);
    path_of_file(&fixture, path);
    register_all(&fixture);
    struct fixture other = fixture;
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = fixture.store;
    options.home = fixture.home;
    assert_int_equal(ndf_open(&other.engine, &options, NULL), NDF_OK);
    for (size_t i = 0; i < 60; i++)
        record_one(i % 3 == 0 ? &other : &fixture, i);
    assert_int_equal(number_in(&fixture, "number"), 60);
    assert_int_equal(number_in(&other, "number"), 60);
    rebuild(&fixture, hash, NULL);
    expect_same(&other, hash);
    ndf_close(other.engine);
    fixture_reopen(&fixture);
    expect_same(&fixture, hash);
    fixture_close(&fixture);
}

/* Ended without closing: between the last outcome and its checkpoint. */
static void a_killed_process_leaves_outcomes_enough(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    register_all(&fixture);
    record_many(&fixture, 0, 80);
    ndf_close(fixture.engine);
    fixture.engine = NULL;
    pid_t child = fork();
    if (child == 0) {
        fixture_reopen(&fixture);
        record_many(&fixture, 80, 160);
        _exit(0);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    fixture_reopen(&fixture);
    assert_int_equal(number_in(&fixture, "number"), 160);
    expect_same(&fixture, NULL);
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
