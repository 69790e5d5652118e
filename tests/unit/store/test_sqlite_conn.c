/*
 * test_sqlite_conn.c - statements that are kept, errors in our words, locks.
 */
#include <string.h>

#include "fixture.h"
#include "store/sqlite_conn.h"

static struct sqlite_conn *open_memory(void)
{
    struct sqlite_conn *conn;
    assert_ok(
        conn_open(&conn, &mem_libc, ":memory:", "a test", CONN_CREATE, NULL));
    return conn;
}

static void a_statement_is_kept_and_a_second_one_made_while_it_is_used(
    void **state)
{
    (void)state;
    struct sqlite_conn *conn = open_memory();
    sqlite3_stmt *first, *second, *again;
    assert_ok(conn_take(conn, SQL_USER_VERSION, &first, NULL));
    assert_ok(conn_take(conn, SQL_USER_VERSION, &second, NULL));
    assert_ptr_not_equal(first, second);
    conn_put_back(conn, SQL_USER_VERSION, first);
    conn_put_back(conn, SQL_USER_VERSION, second);
    conn_put_back(conn, SQL_USER_VERSION, NULL);
    assert_ok(conn_take(conn, SQL_USER_VERSION, &again, NULL));
    assert_ptr_equal(again, first);
    conn_put_back(conn, SQL_USER_VERSION, again);
    conn_close(conn);
    conn_close(NULL);
}

static void sqlite_results_become_our_errors(void **state)
{
    (void)state;
    static const struct {
        int rc, err;
        const char *says;
    } cases[] = {
        {SQLITE_NOMEM, NDF_ENOMEM, "out of memory"},
        {SQLITE_IOERR_NOMEM, NDF_ENOMEM, "out of memory"},
        {SQLITE_FULL, NDF_EFULL, "no space left"},
        {SQLITE_IOERR_FSYNC, NDF_EIO, "failed to read or write"},
        {SQLITE_IOERR_WRITE, NDF_EIO, "failed to read or write"},
        {SQLITE_CANTOPEN, NDF_EIO, "cannot be opened"},
        {SQLITE_BUSY, NDF_EBUSY, "another process has kept it locked"},
        {SQLITE_LOCKED, NDF_EBUSY, "another process has kept it locked"},
        {SQLITE_READONLY_DBMOVED, NDF_EREADONLY, "is read-only"},
        {SQLITE_PERM, NDF_EREADONLY, "is read-only"},
        {SQLITE_NOTADB, NDF_ECORRUPT, "is no store of ndf"},
        {SQLITE_CORRUPT_VTAB, NDF_ECORRUPT, "is damaged"},
        {SQLITE_CONSTRAINT_FOREIGNKEY, NDF_EREFERENCE, "not there"},
        {SQLITE_CONSTRAINT_UNIQUE, NDF_EEXISTS, "exists already"},
        {SQLITE_CONSTRAINT_CHECK, NDF_EINVAL, ""},
        {SQLITE_TOOBIG, NDF_ELIMIT, "too large"},
        {SQLITE_ERROR, NDF_ESTORE, ""},
        {SQLITE_INTERNAL, NDF_ESTORE, ""},
    };
    struct sqlite_conn *conn = open_memory();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        ndf_error error;
        assert_int_equal(conn_fail(conn, cases[i].rc, &error), cases[i].err);
        assert_non_null(strstr(error.message, cases[i].says));
    }
    conn_close(conn);
}

static void a_lock_is_waited_for_and_then_it_is_busy(void **state)
{
    (void)state;
    struct test_dir dir;
    struct sqlite_conn *first, *second;
    ndf_error error;
    test_dir_make(&dir);
    const char *path = test_path(&dir, "a.db");
    store_close(fixture_open(path, STORE_CREATE));
    assert_ok(conn_open(&first, &mem_libc, path, path, CONN_WRITE, NULL));
    assert_ok(conn_open(&second, &mem_libc, path, path, CONN_WRITE, NULL));
    assert_ok(conn_run(first, SQL_BEGIN_WRITE, NULL));
    second->busy_ms = 60;
    int64_t start = clock_mono_ns(&clock_system);
    assert_int_equal(conn_run(second, SQL_BEGIN_WRITE, &error), NDF_EBUSY);
    int64_t waited = (clock_mono_ns(&clock_system) - start) / 1000000;
    assert_true(waited >= 50);
    assert_ok(conn_run(first, SQL_ROLLBACK, NULL));
    assert_ok(conn_run(second, SQL_BEGIN_WRITE, NULL));
    conn_close(first);
    conn_close(second);
    test_dir_remove(&dir);
}

static void what_a_file_could_run_is_off(void **state)
{
    (void)state;
    static const int off[] = {SQLITE_DBCONFIG_TRUSTED_SCHEMA,
        SQLITE_DBCONFIG_ENABLE_TRIGGER, SQLITE_DBCONFIG_ENABLE_VIEW,
        SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, SQLITE_DBCONFIG_DQS_DDL};
    struct sqlite_conn *conn = open_memory();
    for (size_t i = 0; i < sizeof off / sizeof off[0]; i++) {
        int value = -1;
        assert_int_equal(
            sqlite3_db_config(conn->db, off[i], -1, &value), SQLITE_OK);
        assert_int_equal(value, 0);
    }
    int64_t number;
    assert_ok(conn_exec_number(conn, "PRAGMA foreign_keys", &number, NULL));
    assert_int_equal(number, 1);
    assert_ok(conn_exec_number(conn, "PRAGMA synchronous", &number, NULL));
    assert_int_equal(number, 2);
    assert_ok(conn_exec_number(conn, "SELECT 1 WHERE 0", &number, NULL));
    assert_int_equal(number, 0);
    assert_int_not_equal(
        conn_exec_number(conn, "SELECT nonsense", &number, NULL), NDF_OK);
    assert_int_not_equal(conn_exec(conn, "nonsense", NULL), NDF_OK);
    conn_close(conn);
}

static int open_and_close(const struct mem *mem, void *ud)
{
    struct sqlite_conn *conn;
    int err = conn_open(&conn, mem, ":memory:", ud, CONN_CREATE, NULL);
    conn_close(conn);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    test_each_allocation_fails(open_and_close, fixture_text("label"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_statement_is_kept_and_a_second_one_made_while_it_is_used),
        cmocka_unit_test(sqlite_results_become_our_errors),
        cmocka_unit_test(a_lock_is_waited_for_and_then_it_is_busy),
        cmocka_unit_test(what_a_file_could_run_is_off),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
