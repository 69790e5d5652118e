/*
 * test_export.c - out and in again gives the same bytes; lies are refused.
 */
#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "fixture.h"
#include "store/export.h"

static int collect(void *ud, const char *bytes, size_t size)
{
    buf_add(ud, bytes, size);
    return 0;
}

static void export_all(struct store *store, struct buf *out)
{
    ndf_error error = {.code = NDF_OK};
    buf_init(out, &mem_libc);
    int err = store_export(store, collect, out, &error);
    if (err != NDF_OK) print_error("%s\n", error.message);
    assert_ok(err);
    assert_ok(buf_error(out));
}

static int import_line(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct str *line = ud;
    struct arena arena;
    struct value value;
    arena_init(&arena, &mem_libc);
    int err = json_parse(&arena, *line, &value, error);
    if (err == NDF_OK) err = store_import_line(tx, &value, error);
    arena_deinit(&arena);
    return err;
}

static void import_all(struct store *store, struct str text)
{
    struct str line;
    while (str_split(&text, '\n', &line)) {
        if (line.size > 0) fixture_write(store, import_line, &line);
    }
}

static int import_text(struct store *store, const char *text, ndf_error *error)
{
    struct str line = str_of(text);
    return store_write(store, import_line, &line, error);
}

static void assert_exports(struct store *store, struct str expected)
{
    struct buf text;
    export_all(store, &text);
    assert_int_equal(text.size, expected.size);
    assert_memory_equal(text.at, expected.at, expected.size);
    buf_deinit(&text);
}

static void out_and_in_again_gives_the_same_bytes(void **state)
{
    (void)state;
    struct store *from = fixture_open(NULL, STORE_CREATE);
    struct store *to = fixture_open(NULL, STORE_CREATE);
    struct buf text;
    fixture_write(from, fixture_fill, NULL);
    export_all(from, &text);
    import_all(to, buf_str(&text));
    assert_exports(to, buf_str(&text));
    /* Once more changes nothing. */
    import_all(to, buf_str(&text));
    assert_exports(to, buf_str(&text));
    assert_int_equal(fixture_problems(to), 0);
    buf_deinit(&text);
    store_close(from);
    store_close(to);
}

static void what_is_there_already_stays(void **state)
{
    (void)state;
    struct store *from = fixture_open(NULL, STORE_CREATE);
    struct store *to = fixture_open(NULL, STORE_CREATE);
    struct buf text;
    fixture_write(from, fixture_fill, NULL);
    fixture_write(to, fixture_fill, NULL);
    /* The run went on here after the export was made there. */
    struct fixture_record at = {"run-1", 3};
    fixture_write(to, fixture_append, &at);
    export_all(from, &text);
    import_all(to, buf_str(&text));
    assert_int_equal(fixture_records(to, "run-1"), 4);
    assert_int_equal(fixture_problems(to), 0);
    buf_deinit(&text);
    store_close(from);
    store_close(to);
}

static int stop(void *ud, const char *bytes, size_t size)
{
    (void)bytes;
    (void)size;
    return --*(int *)ud == 0;
}

static void an_export_can_be_stopped_at_each_line(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    fixture_write(store, fixture_fill, NULL);
    int err = NDF_ECANCELLED, n = 1;
    for (; err == NDF_ECANCELLED; n++) {
        int left = n;
        err = store_export(store, stop, &left, NULL);
    }
    assert_ok(err);
    assert_true(n > 15);
    store_close(store);
}

/* Exports the damaged file; the rest must go into an empty store. */
static void assert_salvaged(
    const char *path, const char *says, uint64_t problems, int64_t records)
{
    struct store *from = fixture_open(path, STORE_READ_ONLY);
    struct store *to = fixture_open(NULL, STORE_CREATE);
    struct buf text;
    ndf_error error = {.code = NDF_OK};
    buf_init(&text, &mem_libc);
    assert_int_equal(store_export(from, collect, &text, &error), NDF_ECORRUPT);
    assert_non_null(strstr(error.message, says));
    import_all(to, buf_str(&text));
    assert_int_equal(fixture_problems(to), problems);
    if (records >= 0) assert_int_equal(fixture_records(to, "run-1"), records);
    buf_deinit(&text);
    store_close(from);
    store_close(to);
}

static void damaged_rows_are_left_out_and_the_rest_can_be_read_in(void **state)
{
    (void)state;
    static const struct {
        const char *sql;
        const char *says;
        uint64_t problems; /* of what was read in */
        int64_t records;   /* -1: no run */
    } cases[] = {
        {"UPDATE journal SET body = x'00' WHERE seq = 1", ": 2 rows", 0, 1},
        {"DELETE FROM journal WHERE seq = 2", ": 1 row could", 0, 2},
        {"UPDATE blob SET body = x'00'", ": 2 rows", 0, 3},
        {"UPDATE snapshot SET codec = 9", ": 1 row could", 0, 3},
        {"UPDATE spec SET hash = zeroblob(32)", ": 2 rows", 0, 3},
        {"DELETE FROM spec", ": 1 row could", 0, 3},
        {"DELETE FROM source", ": 1 row could", 0, 3},
        /* The command goes with it; the outcome stays. */
        {"UPDATE run SET state = 5", ": 2 rows", 1, -1},
        {"UPDATE outcome SET run = 'gone'", ": 1 row could", 0, 3},
        {"UPDATE tally SET wins = wins + 1", ": 1 row could", 0, 3},
        {"UPDATE source SET name = 'other'", ": 2 rows", 0, 3},
        {"UPDATE entry SET head = x'00'", ": 1 row could", 0, 3},
        {"UPDATE meta SET name = 'mode' WHERE name = 'made'", ": 1 row could",
            0, 3},
        {"UPDATE command SET at_ms = 0", ": 1 row could", 0, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_dir dir;
        test_dir_make(&dir);
        const char *path = test_path(&dir, "a.db");
        struct store *store = fixture_open(path, STORE_CREATE);
        fixture_write(store, fixture_fill, NULL);
        store_close(store);
        fixture_sql(path, cases[i].sql);
        assert_salvaged(
            path, cases[i].says, cases[i].problems, cases[i].records);
        test_dir_remove(&dir);
    }
}

enum { PAGE = 4096 };

/* Zeros over the first page of a table or index. */
static void wipe_page(const char *path, const char *name)
{
    static const char zeros[PAGE];
    sqlite3 *db;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                         "SELECT rootpage FROM sqlite_schema WHERE name = ?1",
                         -1, &stmt, NULL),
        SQLITE_OK);
    assert_int_equal(
        sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    off_t at = (off_t)(sqlite3_column_int(stmt, 0) - 1) * PAGE;
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0 && at > 0);
    assert_int_equal(pwrite(fd, zeros, PAGE, at), PAGE);
    assert_int_equal(close(fd), 0);
}

static void a_table_that_cannot_be_walked_does_not_end_the_others(void **state)
{
    (void)state;
    static const struct {
        const char *page;
        uint64_t problems;
        int64_t records;
    } cases[] = {
        {"meta", 0, 3},
        {"source", 0, 3},
        {"spec", 0, 3},
        {"sqlite_autoindex_spec_1", 0, 3},
        {"blob", 0, 3},
        {"entry", 0, 3},
        {"run", 1, -1},
        {"sqlite_autoindex_run_1", 0, 0},
        {"journal", 0, 0},
        {"outcome", 0, 3},
        {"tally", 0, 3},
        {"command", 0, 3},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct test_dir dir;
        test_dir_make(&dir);
        const char *path = test_path(&dir, "a.db");
        struct store *store = fixture_open(path, STORE_CREATE);
        fixture_write(store, fixture_fill, NULL);
        store_close(store);
        wipe_page(path, cases[i].page);
        assert_salvaged(path, "left out", cases[i].problems, cases[i].records);
        test_dir_remove(&dir);
    }
}

#define RUN_LINE                                                               \
    "{\"record\":\"run\",\"id\":\"r\",\"pattern\":\"p\",\"version\":\"" ZERO   \
    "\",\"domain\":\"\",\"text\":\"\",\"state\":1,\"started_ms\":0,"           \
    "\"ended_ms\":0,\"cwd\":\"\",\"owner\":\"\",\"plan\":\"" ZERO              \
    "\",\"records\":2,\"chain\":\"" ZERO "\"}"
#define ZERO "0000000000000000000000000000000000000000000000000000000000000000"

static void lines_that_lie_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *line;
        int err;
    } cases[] = {
        {"1", NDF_ESCHEMA},
        {"{}", NDF_ESCHEMA},
        {"{\"record\":\"nonsense\"}", NDF_ESCHEMA},
        {"{\"record\":\"ndf\",\"schema\":1}", NDF_OK},
        {"{\"record\":\"ndf\"}", NDF_ESCHEMA},
        {"{\"record\":\"ndf\",\"schema\":4}", NDF_ENEWER},
        {"{\"record\":\"blob\",\"hash\":\"" ZERO "\",\"body\":1}",
            NDF_ECORRUPT},
        {"{\"record\":\"blob\",\"hash\":\"00\",\"body\":1}", NDF_ESCHEMA},
        {"{\"record\":\"journal\",\"run\":\"r\",\"seq\":0,\"kind\":\"k\","
         "\"at_ms\":0,\"body\":1,\"sum\":0,\"chain\":\"" ZERO "\"}",
            NDF_EREFERENCE},
        {"{\"record\":\"journal_end\",\"run\":\"r\",\"records\":0,"
         "\"chain\":\"" ZERO "\"}",
            NDF_EREFERENCE},
        {RUN_LINE, NDF_OK},
        {"{\"record\":\"journal\",\"run\":\"r\",\"seq\":0,\"kind\":\"k\","
         "\"at_ms\":0,\"body\":1,\"sum\":0,\"chain\":\"" ZERO "\"}",
            NDF_ECORRUPT},
        {"{\"record\":\"journal\",\"run\":\"r\",\"seq\":1,\"kind\":\"k\","
         "\"at_ms\":0,\"body\":1,\"sum\":0,\"chain\":\"" ZERO "\"}",
            NDF_ECORRUPT},
        {"{\"record\":\"journal_end\",\"run\":\"r\",\"records\":2,"
         "\"chain\":\"" ZERO "\"}",
            NDF_ECORRUPT},
        {"{\"record\":\"journal_end\",\"run\":\"r\"}", NDF_ESCHEMA},
        {"{\"record\":\"entry\"}", NDF_ESCHEMA},
    };
    struct store *store = fixture_open(NULL, STORE_CREATE);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ndf_error error = {.code = NDF_OK};
        assert_int_equal(
            import_text(store, cases[i].line, &error), cases[i].err);
    }
    store_close(store);
}

static int other_record(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    struct store_record record = {
        .run = STR("run-1"), .kind = STR("other"), .body = STR("{}")};
    return tx_journal_append(tx, &record, error);
}

static void another_journal_of_the_same_run_is_refused(void **state)
{
    (void)state;
    struct store *from = fixture_open(NULL, STORE_CREATE);
    struct store *to = fixture_open(NULL, STORE_CREATE);
    struct buf text;
    int refused = 0;
    fixture_write(from, fixture_fill, NULL);
    fixture_write(to, fixture_run, fixture_text("run-1"));
    fixture_write(to, other_record, NULL);
    export_all(from, &text);
    struct str rest = buf_str(&text), line;
    while (str_split(&rest, '\n', &line)) {
        if (line.size == 0) continue;
        int err = store_write(to, import_line, &line, NULL);
        if (err != NDF_OK) refused++;
        if (str_find(line, STR("\"seq\":0")) < line.size)
            assert_int_equal(err, NDF_EEXISTS);
    }
    assert_int_equal(refused, 4); /* each record, and the end */
    assert_int_equal(fixture_records(to, "run-1"), 1);
    buf_deinit(&text);
    store_close(from);
    store_close(to);
}

static int add_outcome(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct store_outcome outcome = {.id = str_of(ud), .body = STR("{}")};
    return tx_outcome_add(tx, &outcome, NULL, error);
}

static int last_seq(void *ud, const struct store_outcome *outcome)
{
    *(int64_t *)ud = outcome->seq;
    return NDF_OK;
}

static void an_outcome_whose_number_is_taken_gets_the_next(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    fixture_write(store, add_outcome, fixture_text("mine"));
    assert_ok(import_text(store,
        "{\"record\":\"outcome\",\"seq\":1,\"id\":\"theirs\",\"pattern\":"
        "\"p\",\"run\":\"\",\"at_ms\":0,\"body\":{}}",
        NULL));
    int64_t seq = 0;
    struct store_reader *reader = fixture_read(store);
    assert_ok(read_outcomes(reader, 2, last_seq, &seq, NULL));
    assert_int_equal(seq, 2);
    store_read_end(reader);
    store_close(store);
}

static int export_and_import(const struct mem *mem, void *ud)
{
    struct store_options options = {.path = NULL};
    struct store *store;
    struct buf text;
    int err = store_open(&store, mem, &options, NULL);
    if (err != NDF_OK) return err;
    buf_init(&text, mem);
    struct str rest = *(const struct str *)ud, line;
    while (err == NDF_OK && str_split(&rest, '\n', &line))
        if (line.size > 0) err = store_write(store, import_line, &line, NULL);
    if (err == NDF_OK) err = store_export(store, collect, &text, NULL);
    if (err == NDF_OK) err = buf_error(&text);
    buf_deinit(&text);
    store_close(store);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct store *store = fixture_open(NULL, STORE_CREATE);
    struct buf text;
    fixture_write(store, fixture_fill, NULL);
    export_all(store, &text);
    store_close(store);
    struct str lines = buf_str(&text);
    test_each_allocation_fails(export_and_import, &lines);
    buf_deinit(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(out_and_in_again_gives_the_same_bytes),
        cmocka_unit_test(what_is_there_already_stays),
        cmocka_unit_test(an_export_can_be_stopped_at_each_line),
        cmocka_unit_test(damaged_rows_are_left_out_and_the_rest_can_be_read_in),
        cmocka_unit_test(a_table_that_cannot_be_walked_does_not_end_the_others),
        cmocka_unit_test(lines_that_lie_are_refused),
        cmocka_unit_test(another_journal_of_the_same_run_is_refused),
        cmocka_unit_test(an_outcome_whose_number_is_taken_gets_the_next),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
