/*
 * sqlite_rows.h - rows in and out of an SQLite connection, by their layout.
 * See backend.h for what each does; conn is a struct sqlite_conn.
 */
#ifndef NDF_STORE_SQLITE_ROWS_H
#define NDF_STORE_SQLITE_ROWS_H

#include "store/sqlite_conn.h"

int sqlite_put(void *conn, enum backend_op op, const void *record, int64_t *key,
    ndf_error *error);
int sqlite_change(
    void *conn, const struct backend_query *query, ndf_error *error);
int sqlite_each(void *conn, const struct backend_query *query,
    backend_row_fn row, void *ud, ndf_error *error);
/* SQLite's own view of the file: its structure and its references. */
int sqlite_check(
    void *conn, backend_problem_fn problem, void *ud, ndf_error *error);

#endif
