/*
 * test_read.c - rows come back as they were written, in order, and verified.
 */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "fixture.h"

/* 32 bytes that are no hash of anything here. */
#define TEST_HEX                                                               \
    "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

struct texts {
    char at[512]; /* "a,b,c," */
};

static int add_run(void *ud, const struct store_run *run)
{
    struct texts *texts = ud;
    size_t size = strlen(texts->at);
    (void)snprintf(
        texts->at + size, sizeof texts->at - size, "%.*s,", STR_ARG(run->id));
    return NDF_OK;
}

static int fill_runs(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    static char ids[][8] = {"ab", "b", "aa", "a\xc3\xbf", "ba"};
    int err = NDF_OK;
    for (size_t i = 0; i < 5 && err == NDF_OK; i++)
        err = fixture_run(tx, ids[i], error);
    if (err == NDF_OK) err = tx_run_state(tx, STR("b"), 1, 5, error);
    return err;
}

static void runs_come_newest_first_by_state_and_by_prefix(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    fixture_write(store, fill_runs, NULL);
    struct store_reader *reader = fixture_read(store);
    struct {
        int64_t state;
        size_t limit;
        const char *ids;
    } cases[] = {
        {READ_ANY_STATE, 0, "ba,a\xc3\xbf,aa,b,ab,"},
        {READ_ANY_STATE, 2, "ba,a\xc3\xbf,"},
        {0, 0, "ba,a\xc3\xbf,aa,ab,"},
        {0, 1, "ba,"},
        {1, 0, "b,"},
        {2, 0, ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct texts texts = {""};
        assert_ok(read_runs(
            reader, cases[i].state, cases[i].limit, add_run, &texts, NULL));
        assert_string_equal(texts.at, cases[i].ids);
    }
    struct {
        struct str prefix;
        size_t limit;
        const char *ids;
    } starts[] = {
        {STR("a"), 0, "aa,ab,a\xc3\xbf,"},
        {STR("a"), 2, "aa,ab,"},
        {STR("b"), 0, "b,ba,"},
        {STR("aa"), 0, "aa,"},
        {STR("a\xc3\xbf"), 0, "a\xc3\xbf,"},
        {STR(""), 0, "aa,ab,a\xc3\xbf,b,ba,"},
        {STR("c"), 0, ""},
        {STR("\xff\xff"), 0, ""},
    };
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        struct texts texts = {""};
        assert_ok(read_runs_like(
            reader, starts[i].prefix, starts[i].limit, add_run, &texts, NULL));
        assert_string_equal(texts.at, starts[i].ids);
    }
    store_read_end(reader);
    store_close(store);
}

static int check_entry(void *ud, const struct store_entry *entry)
{
    struct store_reader *reader = ud;
    assert_str(entry->id, "e1");
    assert_str(entry->source, "s1");
    assert_int_equal(entry->kind, STORE_PATTERN);
    assert_str(entry->name, "security.review");
    assert_int_equal(entry->line, 3);
    assert_str(entry->features, "\x01\x02\xff\x00\x03");
    assert_int_equal(entry->updated_ms, 6);
    struct arena arena;
    struct str spec;
    arena_init(&arena, &mem_libc);
    assert_ok(
        read_content(reader, &arena, STORE_SPEC, entry->spec, &spec, NULL));
    assert_str(spec, "{\"steps\":[]}");
    arena_deinit(&arena);
    return 77;
}

static int check_source(void *ud, const struct store_source *source)
{
    (*(int *)ud)++;
    assert_str(source->name, "project");
    assert_str(source->kind, "folder");
    assert_str(source->state, "{\"a.md\":[1,2]}");
    assert_int_equal(source->added_ms, 5);
    return NDF_OK;
}

static int check_tally(void *ud, const struct store_tally *tally)
{
    (*(int *)ud)++;
    assert_str(tally->pattern, "review");
    assert_str(tally->domain, "");
    assert_true(tally->tries > 3.24 && tally->tries < 3.26);
    assert_int_equal(tally->executions, 4);
    return NDF_OK;
}

static int check_outcome(void *ud, const struct store_outcome *outcome)
{
    (*(int *)ud)++;
    assert_int_equal(outcome->seq, 1);
    assert_str(outcome->run, "run-1");
    assert_str(outcome->body, "{\"result\":\"success\"}");
    return NDF_OK;
}

static int check_command(void *ud, const struct store_command *command)
{
    (*(int *)ud)++;
    assert_str(command->kind, "cancel");
    assert_int_equal(command->at_ms, 8);
    return NDF_OK;
}

static void every_record_comes_back_as_it_was_written(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    fixture_write(store, fixture_fill, NULL);
    struct store_reader *reader = fixture_read(store);
    int count = 0;
    /* The callback's word ends the reading and is handed on. */
    assert_int_equal(read_entries(reader, check_entry, reader, NULL), 77);
    assert_ok(read_sources(reader, check_source, &count, NULL));
    assert_ok(read_tallies(reader, check_tally, &count, NULL));
    assert_ok(read_outcomes(reader, 0, check_outcome, &count, NULL));
    assert_ok(read_outcomes(reader, 2, check_outcome, &count, NULL));
    assert_ok(read_outcomes_of_run(
        reader, STR("run-1"), check_outcome, &count, NULL));
    assert_ok(
        read_outcomes_of_run(reader, STR(""), check_outcome, &count, NULL));
    assert_ok(read_commands(reader, STR(""), check_command, &count, NULL));
    assert_ok(read_commands(reader, STR("run-1"), check_command, &count, NULL));
    assert_ok(read_commands(reader, STR("run-2"), check_command, &count, NULL));
    assert_int_equal(count, 6);
    store_read_end(reader);
    store_close(store);
}

static void what_is_not_there_is_not_found(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    struct store_reader *reader = fixture_read(store);
    struct arena arena;
    struct str bytes;
    struct store_run run;
    struct store_tally tally;
    uint8_t hash[STORE_HASH_SIZE] = {1};
    ndf_error error;
    arena_init(&arena, &mem_libc);
    assert_int_equal(
        read_meta(reader, &arena, STR("x"), &bytes, &error), NDF_ENOTFOUND);
    for (int kind = STORE_SPEC; kind <= STORE_BLOB; kind++)
        assert_int_equal(read_content(reader, &arena, (enum store_content)kind,
                             hash, &bytes, &error),
            NDF_ENOTFOUND);
    assert_int_equal(
        read_run(reader, &arena, STR("x"), &run, &error), NDF_ENOTFOUND);
    assert_string_equal(error.message, "there is no run x");
    assert_int_equal(
        read_tally(reader, STR("x"), STR(""), &tally, &error), NDF_ENOTFOUND);
    assert_int_equal(
        read_journal(reader, STR("x"), 0, NULL, NULL, &error), NDF_ENOTFOUND);
    arena_deinit(&arena);
    store_read_end(reader);
    store_close(store);
}

/* ---- journals ------------------------------------------------------------ */

static int take_seq(void *ud, const struct store_record *record)
{
    *(int64_t *)ud = *(int64_t *)ud * 10 + record->seq;
    return NDF_OK;
}

static void a_journal_is_read_from_any_record_on(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    fixture_write(store, fixture_fill, NULL);
    struct store_reader *reader = fixture_read(store);
    static const int64_t sums[] = {12, 12, 2, 0, 0};
    for (int64_t from = 0; from < 5; from++) {
        int64_t seqs = 0;
        assert_ok(
            read_journal(reader, STR("run-1"), from, take_seq, &seqs, NULL));
        assert_int_equal(seqs, sums[from]);
    }
    ndf_error error;
    assert_int_equal(
        read_journal(reader, STR("run-1"), -1, take_seq, NULL, &error),
        NDF_EINVAL);
    store_read_end(reader);
    store_close(store);
}

static void a_journal_that_was_touched_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *says;
        int64_t from; /* from where it is noticed too */
    } cases[] = {
        {"UPDATE journal SET body = x'7b7d' WHERE seq = 1", "record 1", 1},
        {"UPDATE journal SET kind = 'x' WHERE seq = 0", "record 0", 0},
        {"UPDATE journal SET at_ms = at_ms + 1 WHERE seq = 2", "record 2", 2},
        {"UPDATE journal SET chain = x'" TEST_HEX "' WHERE seq = 1", "record 1",
            1},
        {"DELETE FROM journal WHERE seq = 1", "lacks record 1", 0},
        {"DELETE FROM journal WHERE seq = 2", "lacks record 2", 2},
        {"DELETE FROM journal", "lacks record 0", 0},
        {"UPDATE run SET records = 2", "a row of run", 0},
        {"UPDATE run SET chain = x'" TEST_HEX "'", "a row of run", 3},
        {"UPDATE journal SET chain = x'00'", "journal.chain", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_dir dir;
        test_dir_make(&dir);
        const char *path = test_path(&dir, "a.db");
        struct store *store = fixture_open(path, STORE_CREATE);
        fixture_write(store, fixture_fill, NULL);
        store_close(store);
        fixture_sql(path, cases[i].sql);
        store = fixture_open(path, STORE_EXISTING);
        struct store_reader *reader = fixture_read(store);
        int64_t from[] = {0, cases[i].from};
        for (size_t j = 0; j < 2; j++) {
            int64_t seqs = 0;
            ndf_error error = {.code = NDF_OK};
            assert_int_equal(read_journal(reader, STR("run-1"), from[j],
                                 take_seq, &seqs, &error),
                NDF_ECORRUPT);
            assert_non_null(strstr(error.message, cases[i].says));
        }
        store_read_end(reader);
        store_close(store);
        test_dir_remove(&dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_come_newest_first_by_state_and_by_prefix),
        cmocka_unit_test(every_record_comes_back_as_it_was_written),
        cmocka_unit_test(what_is_not_there_is_not_found),
        cmocka_unit_test(a_journal_is_read_from_any_record_on),
        cmocka_unit_test(a_journal_that_was_touched_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
