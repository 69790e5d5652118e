/*
 * test_merge.c - what was learned goes from store to store.
 */
#define _GNU_SOURCE /* NOLINT(bugprone-*,readability-*): not our name */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/learned.h"

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
    learned_register(&first);
    learned_record_many(&first, 0, 70);
    learned_rebuild(&first, hash, NULL);
    assert_int_equal(
        ndf_export(first.engine, keep_lines, &lines, &first.error), NDF_OK);
    char *again = strdup(lines.bytes);
    import_lines(&second, again);
    assert_int_equal(learned_number(&second, "number"), 70);
    learned_expect_same(&second, hash);
    free(again);
    /* What comes in between others is learned behind them. */
    learned_record_many(&second, 70, 75);
    assert_int_equal(learned_number(&second, "number"), 75);
    learned_record_many(&first, 80, 90);
    free(lines.bytes);
    lines = (struct lines){NULL, 0};
    assert_int_equal(
        ndf_export(first.engine, keep_lines, &lines, &first.error), NDF_OK);
    import_lines(&second, lines.bytes);
    assert_int_equal(learned_number(&second, "number"), 85);
    learned_expect_same(&second, NULL);
    free(lines.bytes);
    fixture_close(&second);
    fixture_close(&first);
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
            learned_names[i % 4], learned_tasks[i % 5], i,
            i % 3 == 0 ? "success" : "failure",
            1790000000000LL + (long long)(i * 1000) + odd);
        learned_record(fixture, json);
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
    learned_expect_same(&merged, NULL);
    learned_rebuild(&merged, hash, NULL);
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
    learned_expect_same(&merged, hash);
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
        learned_register(both[i]);
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
    learned_register(&second);
    learned_record(&second,
        "{\"pattern\":\"writer\",\"result\":\"success\","
        "\"evidence\":\"person\",\"text\":\"my hidden plan\"}");
    assert_int_equal(
        ndf_learn_merge(first.engine, second.store, 0, NULL, &first.error),
        NDF_OK);
    assert_int_equal(learned_number(&first, "lessons"), 1);
    ndf_close(first.engine);
    first.engine = NULL;
    size_t size;
    char *bytes = learned_read_file(first.store, &size);
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
    learned_register(&first);
    learned_register(&second);
    record_at(&first, 0, 60, 0);
    record_at(&second, 0, 60, 1);
    struct fixture other = first;
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = first.store;
    options.home = first.home;
    assert_int_equal(ndf_open(&other.engine, &options, NULL), NDF_OK);
    assert_int_equal(learned_number(&other, "number"), 60);
    assert_int_equal(
        ndf_learn_merge(first.engine, second.store, 1, NULL, &first.error),
        NDF_OK);
    learned_rebuild(&first, hash, NULL);
    assert_int_equal(learned_number(&other, "number"), 120);
    learned_expect_same(&other, hash);
    ndf_close(other.engine);
    fixture_close(&second);
    fixture_close(&first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_does_not_matter_who_takes_from_whom),
        cmocka_unit_test(texts_can_stay_behind),
        cmocka_unit_test(a_store_is_not_merged_into_itself),
        cmocka_unit_test(others_notice_that_outcomes_were_numbered_anew),
        cmocka_unit_test(an_export_has_what_was_learned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
