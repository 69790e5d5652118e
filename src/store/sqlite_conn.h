/*
 * sqlite_conn.h - one connection to an SQLite file: safe settings, statements
 * that are prepared once, errors in NDF's words.
 */
#ifndef NDF_STORE_SQLITE_CONN_H
#define NDF_STORE_SQLITE_CONN_H

#include <sqlite3.h>

#include "store/sqlite_sql.h"

struct sqlite_conn {
    const struct mem *mem;
    sqlite3 *db;
    char *label; /* the file, for messages */
    int busy_ms; /* how long a lock is waited for */
    bool usable; /* its owner found the schema whole: damage lies in rows */
    /* NULL while it is in use, or was never prepared. */
    sqlite3_stmt *idle[SQL_COUNT];
};

enum conn_access { CONN_CREATE, CONN_WRITE, CONN_READ };

/* Opens name (a file's path, or a URI) and makes it safe against what a
 * hostile file could hold: no triggers, views or functions of the file are
 * ever run. label is copied. */
int conn_open(struct sqlite_conn **out, const struct mem *mem, const char *name,
    const char *label, enum conn_access access, ndf_error *error);
/* Accepts NULL. */
void conn_close(struct sqlite_conn *conn);

/* The code for a failed call (an SQLite result), and a sentence. */
int conn_fail(struct sqlite_conn *conn, int rc, ndf_error *error);

/* Borrows a statement, with nothing bound; give it back with conn_put_back. */
int conn_take(struct sqlite_conn *conn, unsigned id, sqlite3_stmt **out,
    ndf_error *error);
void conn_put_back(struct sqlite_conn *conn, unsigned id, sqlite3_stmt *stmt);

/* Runs a statement that needs no arguments. */
int conn_run(struct sqlite_conn *conn, unsigned id, ndf_error *error);
/* The number in its first row; 0 when there is none. */
int conn_number(
    struct sqlite_conn *conn, unsigned id, int64_t *out, ndf_error *error);
/* Runs SQL of our own that is needed once. */
int conn_exec(struct sqlite_conn *conn, const char *sql, ndf_error *error);
int conn_exec_number(
    struct sqlite_conn *conn, const char *sql, int64_t *out, ndf_error *error);

/* Whether the disk has failed to read the store since the connection was
 * opened. SQLite calls that damage, but nobody should put back an older backup
 * for a cable that is loose. */
bool conn_is_unread(const struct sqlite_conn *conn);

#endif
