/*
 * test_learn.c - what was learned is kept in step with the outcomes.
 */
#define _GNU_SOURCE /* NOLINT(bugprone-*,readability-*): not our name */
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
    record(fixture,
        i % 11 != 0 ? json : "{\"none\":true,\"text\":\"sing me a song\"}");
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
    assert_int_equal(json_integer_value(json_object_get(doc, "executions")), 1);
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

/* ---- exports --------------------------------------------------------------
 */

struct lines {
    char *bytes;
    size_t size;
};

static int keep_lines(void *ud, const char *bytes, size_t size)
{
    struct lines *lines = ud;
    lines->bytes = realloc(lines->bytes, lines->size + size + 1);
    memcpy(lines->bytes + lines->size, bytes, size);
    lines->size += size;
    lines->bytes[lines->size] = '\0';
    return 0;
}

static void import_lines(struct fixture *fixture, char *lines)
{
    char *rest = NULL;
    for (char *line = strtok_r(lines, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest))
        assert_int_equal(ndf_import_line(fixture->engine, line, strlen(line),
                             &fixture->error),
            NDF_OK);
}

static void an_export_has_what_was_learned(void **state)
{
    (void)state;
    struct fixture first, second;
    struct lines lines = {NULL, 0};
    char hash[65];
    fixture_open(&first);
    fixture_open(&second);
    register_all(&first);
    record_many(&first, 0, 70);
    rebuild(&first, hash, NULL);
    assert_int_equal(
        ndf_export(first.engine, keep_lines, &lines, &first.error), NDF_OK);
    char *again = strdup(lines.bytes);
    import_lines(&second, again);
    assert_int_equal(number_in(&second, "number"), 70);
    expect_same(&second, hash);
    free(again);
    /* What comes in between others is learned behind them. */
    record_many(&second, 70, 75);
    assert_int_equal(number_in(&second, "number"), 75);
    record_many(&first, 80, 90);
    free(lines.bytes);
    lines = (struct lines){NULL, 0};
    assert_int_equal(
        ndf_export(first.engine, keep_lines, &lines, &first.error), NDF_OK);
    import_lines(&second, lines.bytes);
    assert_int_equal(number_in(&second, "number"), 85);
    expect_same(&second, NULL);
    free(lines.bytes);
    fixture_close(&second);
    fixture_close(&first);
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
    register_all(&fixture);
    record_many(&fixture, 0, 3);
    test_each_allocation_fails(use_with, fixture.store);
    fixture_close(&fixture);
}

/* ---- two stores -----------------------------------------------------------
 */

static int64_t fixed_wall(void *ud)
{
    (void)ud;
    return INT64_C(1800000000000);
}

static int64_t fixed_mono(void *ud)
{
    (void)ud;
    return 1000000000;
}

static ndf_engine *open_fixed(struct fixture *fixture, const char *path)
{
    static const ndf_clock clock = {fixed_wall, fixed_mono, NULL};
    ndf_options options = NDF_OPTIONS_INIT;
    ndf_engine *engine;
    options.path = path;
    options.home = fixture->home;
    options.clock = &clock;
    assert_int_equal(ndf_open(&engine, &options, &fixture->error), NDF_OK);
    return engine;
}

/* Of other times than the other store's. */
static void record_at(struct fixture *fixture, size_t from, size_t to, int odd)
{
    for (size_t i = from; i < to; i++) {
        char json[512];
        (void)snprintf(json, sizeof json,
            "{\"pattern\":\"%s\",\"text\":\"%s, number %zu\","
            "\"domain\":\"a.b\",\"result\":\"%s\",\"evidence\":\"person\","
            "\"at_ms\":%lld}",
            names[i % 4], tasks[i % 5], i, i % 3 == 0 ? "success" : "failure",
            1790000000000LL + (long long)(i * 1000) + odd);
        record(fixture, json);
    }
}

/* Merges the one into a copy of the other. */
static void merge_copy(struct fixture *fixture, const char *into,
    const char *from, int texts, char hash[65], char stats[8192])
{
    char copy[400];
    ndf_text *text;
    struct fixture merged = *fixture;
    (void)snprintf(copy, sizeof copy, "%s.copy", into);
    (void)unlink(copy);
    merged.engine = open_fixed(fixture, into);
    assert_int_equal(ndf_backup(merged.engine, copy, &merged.error), NDF_OK);
    ndf_close(merged.engine);
    merged.engine = open_fixed(fixture, copy);
    assert_int_equal(
        ndf_learn_merge(merged.engine, from, texts, &text, &merged.error),
        NDF_OK);
    json_t *doc = parse_text(text);
    assert_true(json_integer_value(json_object_get(doc, "taken")) > 0);
    json_decref(doc);
    expect_same(&merged, NULL);
    rebuild(&merged, hash, NULL);
    assert_int_equal(ndf_stats(merged.engine, NULL, &text, NULL), NDF_OK);
    (void)snprintf(stats, 8192, "%s", ndf_text_data(text));
    ndf_text_free(text);
    /* What came is there: a second time nothing is taken. */
    assert_int_equal(
        ndf_learn_merge(merged.engine, from, texts, &text, &merged.error),
        NDF_OK);
    doc = parse_text(text);
    assert_int_equal(json_integer_value(json_object_get(doc, "taken")), 0);
    json_decref(doc);
    expect_same(&merged, hash);
    assert_int_equal(ndf_check(merged.engine, &text, NULL), NDF_OK);
    doc = parse_text(text);
    assert_true(json_is_true(json_object_get(doc, "ok")));
    json_decref(doc);
    ndf_close(merged.engine);
}

static int work(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    return ndf_reply_output(reply, "done", 4);
}

static void it_does_not_matter_who_takes_from_whom(void **state)
{
    (void)state;
    struct fixture first, second;
    char one[65], other[65], plain[65], id[64];
    static char stats[3][8192];
    fixture_open(&first);
    fixture_open(&second);
    struct fixture *const both[] = {&first, &second};
    for (int i = 0; i < 2; i++) {
        register_all(both[i]);
        assert_int_equal(
            ndf_bind(both[i]->engine, "worker", work, NULL, NULL), NDF_OK);
        record_at(both[i], i == 0 ? 0 : 30, i == 0 ? 60 : 90, i);
        /* The last word on a run stands alone, wherever it comes from. */
        assert_int_equal(
            fixture_run(both[i], "writer", "write it", id), NDF_RUN_SUCCEEDED);
        assert_int_equal(ndf_rate(both[i]->engine, id, NDF_VERDICT_GOOD, NULL,
                             &both[i]->error),
            NDF_OK);
    }
    assert_int_equal(ndf_unregister(first.engine, "mender", NULL), NDF_OK);
    fixture_register(&first, "pattern: mender\nsteps: [worker]\n");
    assert_int_equal(ndf_reset(second.engine, "drawer", NULL), NDF_OK);
    for (int i = 0; i < 2; i++) {
        ndf_close(both[i]->engine);
        both[i]->engine = NULL;
    }
    merge_copy(&first, first.store, second.store, 1, one, stats[0]);
    merge_copy(&second, second.store, first.store, 1, other, stats[1]);
    merge_copy(&first, first.store, second.store, 0, plain, stats[2]);
    assert_string_equal(one, other);
    assert_string_equal(one, plain);
    assert_string_equal(stats[0], stats[1]);
    assert_string_equal(stats[0], stats[2]);
    fixture_close(&second);
    fixture_close(&first);
}

static void texts_can_stay_behind(void **state)
{
    (void)state;
    struct fixture first, second;
    fixture_open(&first);
    fixture_open(&second);
    register_all(&second);
    record(&second, "{\"pattern\":\"writer\",\"result\":\"success\","
                    "\"evidence\":\"person\",\"text\":\"my hidden plan\"}");
    assert_int_equal(
        ndf_learn_merge(first.engine, second.store, 0, NULL, &first.error),
        NDF_OK);
    assert_int_equal(number_in(&first, "lessons"), 1);
    ndf_close(first.engine);
    first.engine = NULL;
    size_t size;
    char *bytes = read_all(first.store, &size);
    assert_null(memmem(bytes, size, "hidden plan", 11));
    free(bytes);
    fixture_close(&second);
    fixture_close(&first);
}

static void a_store_is_not_merged_into_itself(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    assert_int_equal(
        ndf_learn_merge(fixture.engine, fixture.store, 1, NULL, &fixture.error),
        NDF_EINVAL);
    assert_int_equal(ndf_learn_merge(fixture.engine, "/nowhere/x.db", 1, NULL,
                         &fixture.error),
        NDF_ENOTFOUND);
    fixture_close(&fixture);
}

/* A process that had learned by the old numbers learns by the new ones. */
static void others_notice_that_outcomes_were_numbered_anew(void **state)
{
    (void)state;
    struct fixture first, second;
    char hash[65];
    fixture_open(&first);
    fixture_open(&second);
    register_all(&first);
    register_all(&second);
    record_at(&first, 0, 60, 0);
    record_at(&second, 0, 60, 1);
    struct fixture other = first;
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = first.store;
    options.home = first.home;
    assert_int_equal(ndf_open(&other.engine, &options, NULL), NDF_OK);
    assert_int_equal(number_in(&other, "number"), 60);
    assert_int_equal(
        ndf_learn_merge(first.engine, second.store, 1, NULL, &first.error),
        NDF_OK);
    rebuild(&first, hash, NULL);
    assert_int_equal(number_in(&other, "number"), 120);
    expect_same(&other, hash);
    ndf_close(other.engine);
    fixture_close(&second);
    fixture_close(&first);
}

static void a_cleanup_does_not_unlearn(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    register_all(&fixture);
    record_many(&fixture, 0, 70);
    int64_t lessons = number_in(&fixture, "lessons");
    assert_int_equal(
        ndf_cleanup(fixture.engine, INT64_MAX, NULL, &fixture.error), NDF_OK);
    fixture_reopen(&fixture);
    assert_int_equal(number_in(&fixture, "lessons"), lessons);
    record_many(&fixture, 70, 75);
    fixture_reopen(&fixture);
    assert_int_equal(number_in(&fixture, "number"), 75);
    assert_true(number_in(&fixture, "lessons") > lessons);
    json_t *doc = look(&fixture);
    assert_null(json_object_get(doc, "problem"));
    json_decref(doc);
    fixture_close(&fixture);
}

/* While it goes on, too: a thread of the engine writes it. */
static void a_long_life_has_checkpoints(void **state)
{
    (void)state;
    struct fixture fixture;
    char path[400];
    static char json[400000];
    fixture_open(&fixture);
    path_of_file(&fixture, path);
    register_all(&fixture);
    size_t size = 0;
    for (size_t i = 0; i < 1100; i++)
        size += (size_t)snprintf(json + size, sizeof json - size,
            "%c{\"pattern\":\"%s\",\"result\":\"success\",\"evidence\":"
            "\"person\",\"text\":\"%s %zu\"}",
            i == 0 ? '[' : ',', names[i % 4], tasks[i % 4], i);
    (void)snprintf(json + size, sizeof json - size, "]");
    record(&fixture, json);
    for (int i = 0; i < 500 && access(path, F_OK) != 0; i++)
        (void)usleep(20000);
    assert_int_equal(access(path, F_OK), 0);
    expect_same(&fixture, NULL);
    fixture_close(&fixture);
}

/* Who is asked in the middle of a choice may say what it is for. */
static int tell_while_asked(
    void *ud, const char *pattern, const ndf_context *context)
{
    (void)pattern;
    (void)context;
    record(ud, "{\"pattern\":\"writer\",\"result\":\"success\","
               "\"evidence\":\"person\",\"text\":\"write it\"}");
    return 1;
}

static void a_host_that_is_asked_may_teach(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_open(&fixture);
    register_all(&fixture);
    fixture_register(&fixture,
        "pattern: asking\ndescription: Writes it.\nask_host: true\n"
        "steps: [worker]\n");
    record_many(&fixture, 0, 5);
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
    assert_int_equal(number_in(&fixture, "number"), 6);
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
        cmocka_unit_test(it_does_not_matter_who_takes_from_whom),
        cmocka_unit_test(texts_can_stay_behind),
        cmocka_unit_test(a_store_is_not_merged_into_itself),
        cmocka_unit_test(others_notice_that_outcomes_were_numbered_anew),
        cmocka_unit_test(a_cleanup_does_not_unlearn),
        cmocka_unit_test(an_export_has_what_was_learned),
        cmocka_unit_test(each_allocation_may_fail),
        cmocka_unit_test(a_long_life_has_checkpoints),
        cmocka_unit_test(a_host_that_is_asked_may_teach),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
