/*
 * fixture.c - see fixture.h.
 */
#include "fixture.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct store *fixture_open(const char *path, enum store_mode mode)
{
    struct store *store;
    struct store_options options = {.path = path, .mode = mode};
    ndf_error error = {.code = NDF_OK};
    int err = store_open(&store, &mem_libc, &options, &error);
    if (err != NDF_OK) print_error("%s\n", error.message);
    assert_ok(err);
    assert_non_null(store);
    return store;
}

int fixture_open_error(const char *path, enum store_mode mode, ndf_error *error)
{
    struct store *store;
    struct store_options options = {.path = path, .mode = mode};
    error->message[0] = '\0';
    int err = store_open(&store, &mem_libc, &options, error);
    assert_null(store);
    assert_int_equal(err, error->code);
    assert_true(strlen(error->message) > 0);
    return err;
}

void *fixture_text(const char *text)
{
    union {
        const char *from;
        void *to;
    } pointer = {.from = text};
    return pointer.to;
}

void fixture_write(struct store *store, store_work_fn work, void *ud)
{
    ndf_error error = {.code = NDF_OK};
    int err = store_write(store, work, ud, &error);
    if (err != NDF_OK) print_error("%s\n", error.message);
    assert_ok(err);
}

struct store_reader *fixture_read(struct store *store)
{
    struct store_reader *reader;
    ndf_error error = {.code = NDF_OK};
    int err = store_read_begin(store, &reader, &error);
    if (err != NDF_OK) print_error("%s\n", error.message);
    assert_ok(err);
    return reader;
}

int fixture_run(struct store_tx *tx, void *ud, ndf_error *error)
{
    const char *id = ud;
    struct store_run run = {
        .id = str_of(id),
        .pattern = STR("review"),
        .domain = STR("security.web"),
        .text = STR("review the \"login\" flow"),
        .started_ms = 1000,
        .cwd = STR("/tmp"),
    };
    return tx_run_put(tx, &run, error);
}

int fixture_append(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct fixture_record *at = ud;
    char body[64];
    (void)snprintf(body, sizeof body, "{\"n\":%lld}", (long long)at->seq);
    struct store_record record = {
        .run = str_of(at->run),
        .seq = at->seq,
        .kind = STR("intent"),
        .at_ms = 2000 + at->seq,
        .body = str_of(body),
    };
    return tx_journal_append(tx, &record, error);
}

static int fill_registry(struct store_tx *tx, ndf_error *error)
{
    struct store_source source = {
        .id = STR("s1"),
        .name = STR("project"),
        .kind = STR("folder"),
        .path = STR("/home/me/project"),
        .run_argv = STR("[]"),
        .state = STR("{\"a.md\":[1,2]}"),
        .added_ms = 5,
    };
    int err = tx_source_put(tx, &source, error);
    struct store_entry entry = {
        .id = STR("e1"),
        .source = STR("s1"),
        .kind = STORE_PATTERN,
        .name = STR("security.review"),
        .path = STR("a.md"),
        .line = 3,
        .head = STR("{\"kind\":\"sequential\"}"),
        .features = STR("\x01\x02\xff\x00\x03"),
        .updated_ms = 6,
    };
    if (err == NDF_OK)
        err = tx_content_put(
            tx, STORE_SPEC, STR("{\"steps\":[]}"), entry.spec, error);
    return err == NDF_OK ? tx_entry_put(tx, &entry, error) : err;
}

static int fill_learning(struct store_tx *tx, ndf_error *error)
{
    struct store_outcome outcome = {
        .id = STR("o1"),
        .pattern = STR("review"),
        .run = STR("run-1"),
        .at_ms = 9,
        .body = STR("{\"result\":\"success\"}"),
    };
    struct store_tally tally = {
        .pattern = STR("review"),
        .wins = 2.5,
        .tries = 3.25,
        .at_ms = 9,
        .executions = 4,
    };
    int err = tx_outcome_add(tx, &outcome, NULL, error);
    return err == NDF_OK ? tx_tally_put(tx, &tally, error) : err;
}

int fixture_fill(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    char large[5000];
    memset(large, 'x', sizeof large);
    uint8_t hash[STORE_HASH_SIZE];
    struct store_command command = {
        .run = STR("run-1"), .kind = STR("cancel"), .at_ms = 8};
    char id[] = "run-1";
    int err = tx_meta_put(tx, STR("made"), STR("by a test"), error);
    if (err == NDF_OK) err = fill_registry(tx, error);
    if (err == NDF_OK)
        err = tx_content_put(
            tx, STORE_SNAPSHOT, STR("{\"text\":\"x\"}"), hash, error);
    if (err == NDF_OK)
        err = tx_content_put(
            tx, STORE_BLOB, (struct str){large, sizeof large}, hash, error);
    if (err == NDF_OK)
        err =
            tx_content_put(tx, STORE_BLOB, STR("\xff\x00 bytes"), hash, error);
    if (err == NDF_OK) err = fixture_run(tx, id, error);
    for (int64_t seq = 0; seq < 3 && err == NDF_OK; seq++) {
        struct fixture_record at = {id, seq};
        err = fixture_append(tx, &at, error);
    }
    if (err == NDF_OK) err = tx_command_put(tx, &command, error);
    return err == NDF_OK ? fill_learning(tx, error) : err;
}

static int count_record(void *ud, const struct store_record *record)
{
    int64_t *count = ud;
    assert_int_equal(record->seq, *count);
    (*count)++;
    return NDF_OK;
}

int64_t fixture_records(struct store *store, const char *run)
{
    struct store_reader *reader = fixture_read(store);
    int64_t count = 0;
    ndf_error error;
    int err =
        read_journal(reader, str_of(run), 0, count_record, &count, &error);
    if (err != NDF_OK) print_error("%s\n", error.message);
    assert_ok(err);
    store_read_end(reader);
    return count;
}

uint64_t fixture_problems(struct store *store)
{
    struct store_check_counts counts;
    assert_ok(store_check(store, NULL, NULL, &counts, NULL));
    return counts.problems;
}

void fixture_sql(const char *path, const char *sql)
{
    sqlite3 *db;
    char *message = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 0, (int *)NULL);
    int rc = sqlite3_exec(db, sql, NULL, NULL, &message);
    if (rc != SQLITE_OK) print_error("%s\n", message);
    assert_int_equal(rc, SQLITE_OK);
    sqlite3_free(message);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

long fixture_stride(long usual)
{
    const char *text = getenv("NDF_TEST_STRIDE");
    long stride = text != NULL ? strtol(text, NULL, 10) : 0;
    return stride > 0 ? stride : usual;
}
