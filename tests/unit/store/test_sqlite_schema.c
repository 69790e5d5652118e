/*
 * test_sqlite_schema.c - versions, upgrades, and files that are not ours.
 */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/os.h"
#include "fixture.h"
#include "store/export.h"
#include "store/sqlite_schema.h"

static const struct sqlite_object old_objects[] = {
    {"a", "CREATE TABLE a (x INTEGER NOT NULL) STRICT"},
};
static const struct sqlite_object new_objects[] = {
    {"a", "CREATE TABLE a (x INTEGER NOT NULL) STRICT"},
    {"b", "CREATE TABLE b (y TEXT NOT NULL) STRICT"},
    {"b_y", "CREATE INDEX b_y ON b (y)"},
};
static const char *const upgrades[] = {
    "CREATE TABLE b (y TEXT NOT NULL) STRICT; "
    "INSERT INTO b SELECT CAST(x AS TEXT) FROM a",
    "CREATE INDEX b_y ON b (y)",
};
static const char *const broken_upgrades[] = {
    "CREATE TABLE b (y TEXT NOT NULL) STRICT",
    "INSERT INTO nowhere VALUES (1)",
};
static const struct sqlite_shape old_shape = {1, old_objects, 1, NULL};
static const struct sqlite_shape new_shape = {3, new_objects, 3, upgrades};
static const struct sqlite_shape broken_shape = {
    3, new_objects, 3, broken_upgrades};

static int prepare(const char *path, const struct sqlite_shape *shape,
    enum conn_access access, ndf_error *error)
{
    struct sqlite_conn *conn;
    int err = conn_open(&conn, &mem_libc, path, path, access, error);
    if (err == NDF_OK) err = schema_prepare(conn, shape, access, error);
    conn_close(conn);
    return err;
}

static int64_t number(const char *path, const char *sql)
{
    struct sqlite_conn *conn;
    int64_t n = -1;
    assert_ok(conn_open(&conn, &mem_libc, path, path, CONN_READ, NULL));
    (void)conn_exec_number(conn, sql, &n, NULL);
    conn_close(conn);
    return n;
}

static void an_old_store_is_upgraded_behind_a_backup(void **state)
{
    (void)state;
    struct test_dir dir;
    ndf_error error;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    assert_ok(prepare(path, &old_shape, CONN_CREATE, &error));
    fixture_sql(path, "INSERT INTO a VALUES (7)");
    assert_int_equal(
        prepare(path, &new_shape, CONN_READ, &error), NDF_EREADONLY);
    assert_ok(prepare(path, &new_shape, CONN_WRITE, &error));
    assert_int_equal(number(path, "PRAGMA user_version"), 3);
    assert_int_equal(number(path, "SELECT y FROM b"), 7);
    const char *backup = test_path(&dir, "a.db.schema-1.bak");
    assert_int_equal(number(backup, "PRAGMA user_version"), 1);
    assert_int_equal(number(backup, "SELECT x FROM a"), 7);
    /* Nothing is left to do. */
    assert_ok(prepare(path, &new_shape, CONN_WRITE, &error));
    assert_int_not_equal(
        access(test_path(&dir, "a.db.schema-1-2.bak"), F_OK), 0);
    test_dir_remove(&dir);
}

static void an_upgrade_that_fails_changes_nothing(void **state)
{
    (void)state;
    struct test_dir dir;
    ndf_error error;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    assert_ok(prepare(path, &old_shape, CONN_CREATE, &error));
    fixture_sql(path, "INSERT INTO a VALUES (7)");
    assert_int_not_equal(
        prepare(path, &broken_shape, CONN_WRITE, &error), NDF_OK);
    assert_int_equal(number(path, "PRAGMA user_version"), 1);
    /* The backup of the first try is kept, the second has its own. */
    assert_ok(prepare(path, &new_shape, CONN_WRITE, &error));
    assert_int_equal(access(test_path(&dir, "a.db.schema-1.bak"), F_OK), 0);
    assert_int_equal(access(test_path(&dir, "a.db.schema-1-2.bak"), F_OK), 0);
    test_dir_remove(&dir);
}

struct lines {
    struct buf text;
    bool first; /* line, which names the schema */
};

static int keep_lines(void *ud, const char *bytes, size_t size)
{
    struct lines *lines = ud;
    struct str line = {bytes, size};
    if (!lines->first) buf_add_str(&lines->text, line);
    lines->first = false;
    return 0;
}

/* Everything in the store but the first line of an export. */
static void export_all(struct store *store, struct lines *lines)
{
    ndf_error error = {.code = NDF_OK};
    buf_init(&lines->text, &mem_libc);
    lines->first = true;
    assert_ok(store_export(store, keep_lines, lines, &error));
    assert_ok(buf_error(&lines->text));
}

/* schema-N.db, or .jsonl: what that exported when an ndf of schema N read it.
 */
static void read_old(int schema, const char *kind, struct buf *out)
{
    char path[256];
    (void)snprintf(
        path, sizeof path, TEST_DATA "/store/schema-%d.%s", schema, kind);
    buf_init(out, &mem_libc);
    assert_ok(os_read_file(path, 1 << 20, out, NULL));
}

static void copy_old_store(int schema, const char *path)
{
    struct buf bytes;
    read_old(schema, "db", &bytes);
    FILE *file = fopen(path, "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes.at, 1, bytes.size, file), bytes.size);
    assert_int_equal(fclose(file), 0);
    buf_deinit(&bytes);
}

static void keeps_everything(int schema)
{
    struct test_dir dir;
    ndf_error error;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    copy_old_store(schema, path);
    assert_int_equal(
        fixture_open_error(path, STORE_READ_ONLY, &error), NDF_EREADONLY);
    struct store *store = fixture_open(path, STORE_EXISTING);
    assert_int_equal(number(path, "PRAGMA user_version"), STORE_SCHEMA_VERSION);
    assert_int_equal(fixture_problems(store), 0);
    struct lines now;
    struct buf before;
    export_all(store, &now);
    read_old(schema, "jsonl", &before);
    struct str old = buf_str(&before);
    old = str_from(old, str_find_char(old, '\n') + 1);
    assert_true(str_equal(old, buf_str(&now.text)));
    fixture_write(store, fixture_fill, NULL);
    assert_int_equal(fixture_problems(store), 0);
    store_close(store);
    char name[32];
    (void)snprintf(name, sizeof name, "a.db.schema-%d.bak", schema);
    const char *backup = test_path(&dir, name);
    assert_int_equal(number(backup, "PRAGMA user_version"), schema);
    buf_deinit(&before);
    buf_deinit(&now.text);
    test_dir_remove(&dir);
}

static void older_stores_keep_everything(void **state)
{
    (void)state;
    for (int schema = 1; schema < STORE_SCHEMA_VERSION; schema++)
        keeps_everything(schema);
}

static void a_newer_store_is_refused(void **state)
{
    (void)state;
    struct test_dir dir;
    ndf_error error;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    store_close(fixture_open(path, STORE_CREATE));
    fixture_sql(path, "PRAGMA user_version = 7");
    assert_int_equal(
        fixture_open_error(path, STORE_CREATE, &error), NDF_ENEWER);
    assert_non_null(strstr(error.message,
        "was written by a newer ndf (schema 7, this one knows 3): use a "
        "newer ndf"));
    test_dir_remove(&dir);
}

static int put_note(struct store_tx *tx, void *ud, ndf_error *error)
{
    (void)ud;
    return tx_meta_put(tx, STR("a"), STR("b"), error);
}

static void a_store_upgraded_while_it_is_open_is_left_alone(void **state)
{
    (void)state;
    struct test_dir dir;
    ndf_error error;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    struct store *store = fixture_open(path, STORE_CREATE);
    fixture_sql(path, "PRAGMA user_version = 4");
    assert_int_equal(store_write(store, put_note, NULL, &error), NDF_ENEWER);
    struct store_reader *reader;
    assert_int_equal(store_read_begin(store, &reader, &error), NDF_ENEWER);
    store_close(store);
    test_dir_remove(&dir);
}

static void a_schema_that_is_not_ours_is_refused(void **state)
{
    (void)state;
    static const char *const changes[] = {
        "CREATE TABLE extra (x)",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TRIGGER t AFTER INSERT ON run BEGIN DELETE FROM run; END",
        "CREATE INDEX i ON run (text)",
        "DROP TABLE tally",
        "DROP INDEX entry_source",
        "DROP INDEX entry_name",
        "ALTER TABLE run ADD COLUMN more TEXT",
        "ALTER TABLE tally RENAME TO tallies",
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET "
        "name = 'sqlite_x' WHERE name = 'tally'",
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET "
        "sql = replace(sql, 'wins', 'gains') WHERE name = 'tally'",
        "PRAGMA application_id = 0",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = -1",
    };
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++) {
        struct test_dir dir;
        ndf_error error;
        test_dir_make(&dir);
        const char *path = test_path(&dir, "a.db");
        store_close(fixture_open(path, STORE_CREATE));
        fixture_sql(path, changes[i]);
        assert_int_equal(
            fixture_open_error(path, STORE_CREATE, &error), NDF_ECORRUPT);
        assert_int_equal(
            fixture_open_error(path, STORE_READ_ONLY, &error), NDF_ECORRUPT);
        test_dir_remove(&dir);
    }
}

static void statistics_of_sqlite_are_allowed(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    struct store *store = fixture_open(path, STORE_CREATE);
    fixture_write(store, fixture_fill, NULL);
    store_close(store);
    fixture_sql(path, "ANALYZE");
    store = fixture_open(path, STORE_EXISTING);
    assert_int_equal(fixture_problems(store), 0);
    store_close(store);
    test_dir_remove(&dir);
}

static void a_store_in_another_journal_mode_is_put_right(void **state)
{
    (void)state;
    struct test_dir dir;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    store_close(fixture_open(path, STORE_CREATE));
    fixture_sql(path, "PRAGMA journal_mode = DELETE");
    struct store *store = fixture_open(path, STORE_EXISTING);
    fixture_write(store, put_note, NULL);
    assert_int_equal(access(test_path(&dir, "a.db-wal"), F_OK), 0);
    store_close(store);
    test_dir_remove(&dir);
}

enum { CREATORS = 6 };

static void processes_that_create_at_once_all_succeed(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        struct test_dir dir;
        pid_t children[CREATORS];
        test_dir_make(&dir);
        const char *path = test_path(&dir, "a.db");
        for (int i = 0; i < CREATORS; i++) {
            children[i] = fork();
            assert_true(children[i] >= 0);
            if (children[i] > 0) continue;
            struct store_options options = {.path = path};
            struct store *store;
            int err = store_open(&store, &mem_libc, &options, NULL);
            if (err == NDF_OK) err = store_write(store, put_note, NULL, NULL);
            if (err == NDF_OK) store_close(store);
            _exit(err == NDF_OK ? 0 : 1);
        }
        for (int i = 0; i < CREATORS; i++) {
            int status;
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_int_equal(status, 0);
        }
        struct store *store = fixture_open(path, STORE_EXISTING);
        assert_int_equal(fixture_problems(store), 0);
        store_close(store);
        test_dir_remove(&dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_old_store_is_upgraded_behind_a_backup),
        cmocka_unit_test(an_upgrade_that_fails_changes_nothing),
        cmocka_unit_test(older_stores_keep_everything),
        cmocka_unit_test(a_newer_store_is_refused),
        cmocka_unit_test(a_store_upgraded_while_it_is_open_is_left_alone),
        cmocka_unit_test(a_schema_that_is_not_ours_is_refused),
        cmocka_unit_test(statistics_of_sqlite_are_allowed),
        cmocka_unit_test(a_store_in_another_journal_mode_is_put_right),
        cmocka_unit_test(processes_that_create_at_once_all_succeed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
