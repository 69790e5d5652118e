/*
 * test_sqlite_rows.c - rows of a file that lies about its types.
 *
 * The tables here are not STRICT, as a file made by an enemy may hold anything
 * whatever its schema says.
 */
#include <string.h>

#include "fixture.h"
#include "store/sqlite_rows.h"

static struct sqlite_conn *open_lies(const char *row)
{
    struct sqlite_conn *conn;
    assert_ok(
        conn_open(&conn, &mem_libc, ":memory:", "a lie", CONN_CREATE, NULL));
    assert_ok(conn_exec(conn,
        "CREATE TABLE tally (pattern, domain, wins, tries, at_ms, executions,"
        " sum)",
        NULL));
    assert_ok(conn_exec(conn, row, NULL));
    return conn;
}

static int ignore(void *ud, const void *record)
{
    (void)ud;
    (void)record;
    return NDF_OK;
}

static void a_value_of_another_type_is_damage(void **state)
{
    (void)state;
    static const struct {
        const char *row;
        const char *says;
    } cases[] = {
        {"INSERT INTO tally VALUES (1, '', 1.0, 1.0, 1, 1, 0)",
            "tally.pattern is of another type"},
        {"INSERT INTO tally VALUES (NULL, '', 1.0, 1.0, 1, 1, 0)",
            "tally.pattern is of another type"},
        {"INSERT INTO tally VALUES ('a', x'00', 1.0, 1.0, 1, 1, 0)",
            "tally.domain is of another type"},
        {"INSERT INTO tally VALUES ('a', '', 'b', 1.0, 1, 1, 0)",
            "tally.wins is of another type"},
        {"INSERT INTO tally VALUES ('a', '', 1.0, NULL, 1, 1, 0)",
            "tally.tries is of another type"},
        {"INSERT INTO tally VALUES ('a', '', 1.0, 1.0, 1.5, 1, 0)",
            "tally.at_ms is of another type"},
        {"INSERT INTO tally VALUES ('a', '', 1.0, 1.0, 1, 1, 0)",
            "a row of tally has a wrong checksum"},
        {"INSERT INTO tally VALUES ('a', '', 1e999, 1.0, 1, 1, 0)",
            "a row of tally has a wrong checksum"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct backend_query query = {.op = OP_TALLIES};
        struct sqlite_conn *conn = open_lies(cases[i].row);
        ndf_error error;
        assert_int_equal(
            sqlite_each(conn, &query, ignore, NULL, &error), NDF_ECORRUPT);
        assert_non_null(strstr(error.message, cases[i].says));
        conn_close(conn);
    }
}

static void text_with_a_right_checksum_must_be_text_all_the_same(void **state)
{
    (void)state;
    struct store_tally tally = {.pattern = STR("\xff")};
    struct backend_query query = {.op = OP_TALLIES};
    struct sqlite_conn *conn = open_lies("INSERT INTO tally VALUES (CAST(x'ff' "
                                         "AS TEXT), '', 0.0, 0.0, 0, 0, 0)");
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_prepare_v2(conn->db, "UPDATE tally SET sum = ?1",
                         -1, &stmt, NULL),
        SQLITE_OK);
    sqlite3_bind_int64(stmt, 1, layout_sum(layout_of(TABLE_TALLY), &tally));
    assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
    sqlite3_finalize(stmt);
    ndf_error error;
    assert_int_equal(
        sqlite_each(conn, &query, ignore, NULL, &error), NDF_ECORRUPT);
    assert_non_null(strstr(error.message, "tally.pattern is no text"));
    conn_close(conn);
}

static void count_problem(void *ud, const char *where, const char *what)
{
    assert_string_equal(where[0] == 'b' || where[0] == 'j' ? what : where,
        "names a row that is not there");
    (*(int *)ud)++;
}

static void references_to_nothing_are_found(void **state)
{
    (void)state;
    struct sqlite_conn *conn =
        open_lies("CREATE TABLE a (x INTEGER PRIMARY KEY);"
                  "CREATE TABLE b (y REFERENCES a (x));"
                  "CREATE TABLE run (no INTEGER PRIMARY KEY);"
                  "CREATE TABLE journal (no INTEGER PRIMARY KEY);"
                  "INSERT INTO run VALUES (1);"
                  "INSERT INTO journal VALUES ((1 << 24) + 5), ((2 << 24) + 5);"
                  "PRAGMA foreign_keys = OFF; INSERT INTO b VALUES (1), (2)");
    int problems = 0;
    assert_ok(sqlite_check(conn, count_problem, &problems, NULL));
    assert_int_equal(problems, 3);
    conn_close(conn);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_of_another_type_is_damage),
        cmocka_unit_test(text_with_a_right_checksum_must_be_text_all_the_same),
        cmocka_unit_test(references_to_nothing_are_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
