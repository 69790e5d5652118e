/*
 * sqlite_rows.c - see sqlite_rows.h.
 *
 * A file may be damaged or made by an enemy: a column of another type than the
 * layout says, a hash of another size, text that is none is NDF_ECORRUPT.
 */
#include "store/sqlite_rows.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/err.h"

enum { WHERE_SIZE = 128 };

/* Room for the record of any table. */
union row {
    max_align_t align;
    char bytes[LAYOUT_SIZE_MAX];
};

static int bind_bytes(sqlite3_stmt *stmt, int at, struct str s)
{
    return sqlite3_bind_blob64(
        stmt, at, s.size > 0 ? s.at : "", s.size, SQLITE_STATIC);
}

static int bind_text(sqlite3_stmt *stmt, int at, struct str s)
{
    return sqlite3_bind_text64(
        stmt, at, s.at != NULL ? s.at : "", s.size, SQLITE_STATIC, SQLITE_UTF8);
}

static int bind_field(
    sqlite3_stmt *stmt, int at, const struct column *field, const void *record)
{
    switch (field->type) {
    case COLUMN_TEXT: return bind_text(stmt, at, layout_str(field, record));
    case COLUMN_BYTES: return bind_bytes(stmt, at, layout_str(field, record));
    case COLUMN_INT:
        return sqlite3_bind_int64(stmt, at, layout_int(field, record));
    case COLUMN_REAL:
        return sqlite3_bind_double(stmt, at, layout_real(field, record));
    case COLUMN_HASH:
        return sqlite3_bind_blob(stmt, at, layout_hash(field, record),
            STORE_HASH_SIZE, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static int bind_arg(sqlite3_stmt *stmt, int at, const struct backend_arg *arg)
{
    if (arg->type == COLUMN_TEXT) return bind_text(stmt, at, arg->text);
    if (arg->type == COLUMN_INT)
        return sqlite3_bind_int64(stmt, at, arg->number);
    assert(arg->type == COLUMN_HASH);
    return sqlite3_bind_blob(
        stmt, at, arg->hash, STORE_HASH_SIZE, SQLITE_STATIC);
}

/* Gives a record its number, when it has none yet and the store counts them. */
static int number_record(struct sqlite_conn *conn, enum backend_op op,
    const struct layout *layout, void *record, ndf_error *error)
{
    if (op != OP_OUTCOME_ADD && op != OP_COMMAND_ADD) return NDF_OK;
    if (layout_int(&layout->fields[0], record) != 0) return NDF_OK;
    int64_t number;
    int err = conn_number(conn,
        op == OP_OUTCOME_ADD ? SQL_OUTCOME_NEXT : SQL_COMMAND_NEXT, &number,
        error);
    memcpy(layout_place(&layout->fields[0], record), &number, sizeof number);
    return err;
}

static int bind_record(
    sqlite3_stmt *stmt, const struct layout *layout, const void *record)
{
    int rc = SQLITE_OK, count = (int)layout->field_count;
    for (int i = 0; i < count && rc == SQLITE_OK; i++)
        rc = bind_field(stmt, i + 1, &layout->fields[i], record);
    if (rc == SQLITE_OK && layout->summed)
        rc = sqlite3_bind_int64(stmt, count + 1, layout_sum(layout, record));
    return rc;
}

int sqlite_put(void *conn, enum backend_op op, const void *record, int64_t *key,
    ndf_error *error)
{
    struct sqlite_conn *c = conn;
    const struct layout *layout = layout_of(backend_table(op));
    union row row;
    int err = layout_check(layout, record, error);
    if (err != NDF_OK) return err;
    memcpy(row.bytes, record, layout->size);
    err = number_record(c, op, layout, row.bytes, error);
    if (err != NDF_OK) return err;
    sqlite3_stmt *stmt;
    err = conn_take(c, op, &stmt, error);
    if (err != NDF_OK) return err;
    int rc = bind_record(stmt, layout, row.bytes);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    if (rc != SQLITE_DONE) err = conn_fail(c, rc, error);
    else if (key != NULL) *key = sqlite3_last_insert_rowid(c->db);
    conn_put_back(c, op, stmt);
    return err;
}

/* Takes the statement of a query with its arguments bound. */
static int take_bound(struct sqlite_conn *conn,
    const struct backend_query *query, sqlite3_stmt **stmt, ndf_error *error)
{
    int err = conn_take(conn, query->op, stmt, error);
    if (err != NDF_OK) return err;
    int rc = SQLITE_OK;
    for (size_t i = 0; i < query->arg_count && rc == SQLITE_OK; i++)
        rc = bind_arg(*stmt, (int)i + 1, &query->args[i]);
    return rc == SQLITE_OK ? NDF_OK : conn_fail(conn, rc, error);
}

int sqlite_change(
    void *conn, const struct backend_query *query, ndf_error *error)
{
    struct sqlite_conn *c = conn;
    sqlite3_stmt *stmt;
    int err = take_bound(c, query, &stmt, error);
    if (err == NDF_OK) {
        int rc = sqlite3_step(stmt);
        if (rc != SQLITE_DONE) err = conn_fail(c, rc, error);
        else if (sqlite3_changes(c->db) == 0)
            err = err_set(error, NDF_ENOTFOUND, "the store %s has no such %s",
                c->label, layout_of(backend_table(query->op))->name);
    }
    conn_put_back(c, query->op, stmt);
    return err;
}

/* False: the column is not of the field's type, or memory ran out. */
static bool take_field(
    sqlite3_stmt *stmt, int at, const struct column *field, void *record)
{
    int type = sqlite3_column_type(stmt, at);
    void *place = layout_place(field, record);
    if (field->type == COLUMN_INT && type == SQLITE_INTEGER) {
        int64_t number = sqlite3_column_int64(stmt, at);
        memcpy(place, &number, sizeof number);
        return true;
    }
    if (field->type == COLUMN_REAL && type == SQLITE_FLOAT) {
        double number = sqlite3_column_double(stmt, at);
        memcpy(place, &number, sizeof number);
        return true;
    }
    bool is_text = field->type == COLUMN_TEXT;
    if (type != (is_text ? SQLITE_TEXT : SQLITE_BLOB)) return false;
    const void *bytes = is_text ? (const void *)sqlite3_column_text(stmt, at)
                                : sqlite3_column_blob(stmt, at);
    struct str s = {bytes, (size_t)sqlite3_column_bytes(stmt, at)};
    if (s.at == NULL && s.size > 0) return false;
    if (s.at == NULL) s.at = "";
    if (field->type == COLUMN_HASH) {
        if (s.size == STORE_HASH_SIZE) memcpy(place, s.at, s.size);
        return s.size == STORE_HASH_SIZE;
    }
    if (field->type != COLUMN_TEXT && field->type != COLUMN_BYTES) return false;
    memcpy(place, &s, sizeof s);
    return true;
}

static int fail_row(
    struct sqlite_conn *conn, const char *what, ndf_error *error)
{
    return err_set(error, NDF_ECORRUPT,
        "the store %s is damaged: %s: put back a backup", conn->label, what);
}

static int take_row(struct sqlite_conn *conn, sqlite3_stmt *stmt,
    const struct layout *layout, void *record, ndf_error *error)
{
    char what[WHERE_SIZE];
    for (size_t i = 0; i < layout->field_count; i++) {
        if (take_field(stmt, (int)i, &layout->fields[i], record)) continue;
        if (sqlite3_errcode(conn->db) == SQLITE_NOMEM)
            return conn_fail(conn, SQLITE_NOMEM, error);
        (void)snprintf(what, sizeof what, "%s.%s is of another type",
            layout->name, layout->fields[i].name);
        return fail_row(conn, what, error);
    }
    if (layout->summed &&
        sqlite3_column_int64(stmt, (int)layout->field_count) !=
            layout_sum(layout, record)) {
        (void)snprintf(what, sizeof what, "a row of %s has a wrong checksum",
            layout->name);
        return fail_row(conn, what, error);
    }
    ndf_error why;
    if (layout_check(layout, record, &why) == NDF_OK) return NDF_OK;
    return fail_row(conn, why.message, error);
}

int sqlite_each(void *conn, const struct backend_query *query,
    backend_row_fn row, void *ud, ndf_error *error)
{
    struct sqlite_conn *c = conn;
    const struct layout *layout = layout_of(backend_table(query->op));
    union row record;
    assert(layout->size <= sizeof record.bytes);
    sqlite3_stmt *stmt;
    int err = take_bound(c, query, &stmt, error);
    while (err == NDF_OK) {
        int rc = sqlite3_step(stmt);
        if (rc == SQLITE_DONE) break;
        ndf_error why;
        err = rc == SQLITE_ROW ? take_row(c, stmt, layout, record.bytes, &why)
                               : conn_fail(c, rc, &why);
        if (err == NDF_OK) {
            err = row(ud, record.bytes);
        } else if (rc == SQLITE_ROW && err == NDF_ECORRUPT &&
                   query->damaged != NULL) {
            query->damaged(ud, layout->name, why.message);
            err = NDF_OK;
        } else if (error != NULL) {
            *error = why;
        }
    }
    conn_put_back(c, query->op, stmt);
    return err;
}

/* Each row of a checking pragma is a problem, unless it says "ok". */
static int report_rows(struct sqlite_conn *conn, const char *sql,
    backend_problem_fn problem, void *ud, ndf_error *error)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL);
    bool references = sqlite3_column_count(stmt) > 1;
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    for (; rc == SQLITE_ROW; rc = sqlite3_step(stmt)) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        if (text == NULL || strcmp(text, "ok") == 0) continue;
        char where[WHERE_SIZE] = "file";
        if (references)
            (void)snprintf(where, sizeof where, "%s, row %lld", text,
                (long long)sqlite3_column_int64(stmt, 1));
        problem(ud, where, references ? "names a row that is not there" : text);
    }
    /* What it could not read it has reported as damage, and went on. */
    if (rc == SQLITE_DONE && conn_is_unread(conn)) rc = SQLITE_CORRUPT;
    int err = rc == SQLITE_DONE ? NDF_OK : conn_fail(conn, rc, error);
    sqlite3_finalize(stmt);
    /* Too damaged to be walked is a finding too. */
    if (err == NDF_ECORRUPT) {
        problem(ud, "file", "its structure is damaged");
        err = NDF_OK;
    }
    return err;
}

int sqlite_check(
    void *conn, backend_problem_fn problem, void *ud, ndf_error *error)
{
    int err = report_rows(conn, "PRAGMA integrity_check", problem, ud, error);
    if (err == NDF_OK)
        err = report_rows(conn, "PRAGMA foreign_key_check", problem, ud, error);
    /* A reference of the journal would be looked for, without an index, at each
     * run that is removed. */
    if (err == NDF_OK)
        err = report_rows(conn,
            "SELECT 'journal', no FROM journal WHERE NOT EXISTS "
            "(SELECT 1 FROM run WHERE run.no = journal.no >> 24)",
            problem, ud, error);
    return err;
}
