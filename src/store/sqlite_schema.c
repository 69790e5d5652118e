/*
 * sqlite_schema.c - see sqlite_schema.h.
 *
 * The version stands in the file's user_version and changes in the same
 * transaction as the tables. Invariant: a file that passes holds our tables
 * and indexes and nothing else: no trigger, no view, no generated column.
 */
#include "store/sqlite_schema.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/err.h"
#include "store/sqlite_backup.h"

enum { WAL_TRIES = 250, BACKUP_NAMES_MAX = 100 };

struct marks {
    int64_t application, version, objects;
};

static int read_marks(
    struct sqlite_conn *conn, struct marks *out, ndf_error *error)
{
    int err = conn_exec_number(
        conn, "PRAGMA application_id", &out->application, error);
    if (err == NDF_OK)
        err =
            conn_exec_number(conn, "PRAGMA user_version", &out->version, error);
    if (err == NDF_OK)
        err = conn_exec_number(
            conn, "SELECT count(*) FROM sqlite_schema", &out->objects, error);
    return err;
}

/* The three from one moment: else a store that another process is just making
 * looks like somebody's. */
static int read_marks_together(
    struct sqlite_conn *conn, struct marks *out, ndf_error *error)
{
    int err = conn_exec(conn, "BEGIN", error);
    if (err != NDF_OK) return err;
    err = read_marks(conn, out, error);
    int ended = conn_exec(conn, "COMMIT", err == NDF_OK ? error : NULL);
    return err == NDF_OK ? ended : err;
}

static bool is_empty(const struct marks *marks)
{
    return marks->application == 0 && marks->version == 0 &&
           marks->objects == 0;
}

static int set_marks(struct sqlite_conn *conn, int version, ndf_error *error)
{
    char sql[96];
    (void)snprintf(sql, sizeof sql,
        "PRAGMA application_id = %d; PRAGMA user_version = %d",
        SCHEMA_APPLICATION_ID, version);
    return conn_exec(conn, sql, error);
}

static int create_objects(struct sqlite_conn *conn,
    const struct sqlite_shape *shape, ndf_error *error)
{
    int err = NDF_OK;
    for (size_t i = 0; i < shape->object_count && err == NDF_OK; i++)
        err = conn_exec(conn, shape->objects[i].sql, error);
    return err;
}

/* A name beside the file that is free. */
static int backup_beside(
    struct sqlite_conn *conn, int64_t old, ndf_error *error)
{
    const char *file = sqlite3_db_filename(conn->db, "main");
    if (file == NULL || file[0] == '\0') return NDF_OK;
    struct sqlite_conn *source = NULL;
    struct buf path;
    buf_init(&path, conn->mem);
    int err =
        conn_open(&source, conn->mem, file, conn->label, CONN_READ, error);
    for (int i = 0; i < BACKUP_NAMES_MAX && err == NDF_OK; i++) {
        buf_reset(&path);
        buf_format(&path, "%s.schema-%lld", file, (long long)old);
        if (i > 0) buf_format(&path, "-%d", i + 1);
        buf_add_str(&path, STR(".bak"));
        err = buf_error(&path);
        if (err != NDF_OK) err_set(error, err, "out of memory");
        if (err == NDF_OK) err = backup_write(source, path.at, error);
        if (err != NDF_EEXISTS) break;
        if (i + 1 < BACKUP_NAMES_MAX) err = NDF_OK;
    }
    conn_close(source);
    buf_deinit(&path);
    return err;
}

static int upgrade_objects(struct sqlite_conn *conn,
    const struct sqlite_shape *shape, int64_t from, ndf_error *error)
{
    int err = backup_beside(conn, from, error);
    for (int64_t n = from; n < shape->version && err == NDF_OK; n++)
        err = conn_exec(conn, shape->upgrades[n - 1], error);
    return err;
}

/* Another process may have done it between our look and our lock. */
static int change_locked(struct sqlite_conn *conn,
    const struct sqlite_shape *shape, ndf_error *error)
{
    struct marks marks;
    int err = read_marks(conn, &marks, error);
    if (err != NDF_OK || marks.version >= shape->version) return err;
    if (is_empty(&marks)) err = create_objects(conn, shape, error);
    else err = upgrade_objects(conn, shape, marks.version, error);
    return err == NDF_OK ? set_marks(conn, shape->version, error) : err;
}

static int change(struct sqlite_conn *conn, const struct sqlite_shape *shape,
    ndf_error *error)
{
    int err = conn_run(conn, SQL_BEGIN_WRITE, error);
    if (err != NDF_OK) return err;
    err = change_locked(conn, shape, error);
    if (err == NDF_OK) err = conn_run(conn, SQL_COMMIT, error);
    if (err != NDF_OK && sqlite3_get_autocommit(conn->db) == 0)
        (void)conn_run(conn, SQL_ROLLBACK, NULL);
    return err;
}

/* Two processes that turn a new file into WAL at once can each be told "busy"
 * without waiting: so try again, for as long as any lock is waited for. */
static int use_wal(struct sqlite_conn *conn, ndf_error *error)
{
    int err = NDF_EBUSY, patience = conn->busy_ms;
    conn->busy_ms = patience / WAL_TRIES;
    for (int i = 0; i < WAL_TRIES && err == NDF_EBUSY; i++) {
        err = conn_exec(conn, "PRAGMA journal_mode = WAL", error);
        const struct timespec pause = {
            .tv_nsec = (long)(patience / WAL_TRIES) * 1000000};
        if (err == NDF_EBUSY) nanosleep(&pause, NULL);
    }
    conn->busy_ms = patience;
    return err == NDF_EBUSY ? conn_fail(conn, SQLITE_BUSY, error) : err;
}

static bool is_internal(const char *name, const char *sql)
{
    static const char *const known[] = {
        "CREATE TABLE sqlite_sequence(name,seq)",
        "CREATE TABLE sqlite_stat1(tbl,idx,stat)",
        "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)",
    };
    if (strncmp(name, "sqlite_", 7) != 0) return false;
    if (sql == NULL) return true; /* the index of a PRIMARY KEY or UNIQUE */
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(sql, known[i]) == 0) return true;
    return false;
}

static bool is_of_shape(
    const struct sqlite_shape *shape, const char *name, const char *sql)
{
    for (size_t i = 0; i < shape->object_count; i++)
        if (strcmp(shape->objects[i].name, name) == 0)
            return sql != NULL && strcmp(shape->objects[i].sql, sql) == 0;
    return false;
}

int schema_verify(struct sqlite_conn *conn, const struct sqlite_shape *shape,
    ndf_error *error)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(conn->db,
        "SELECT DISTINCT name, sql FROM sqlite_schema", -1, &stmt, NULL);
    size_t ours = 0;
    int err = NDF_OK;
    while (rc == SQLITE_OK || rc == SQLITE_ROW) {
        rc = sqlite3_step(stmt);
        if (rc != SQLITE_ROW) break;
        const char *name = (const char *)sqlite3_column_text(stmt, 0);
        const char *sql = (const char *)sqlite3_column_text(stmt, 1);
        if (name != NULL && is_internal(name, sql)) continue;
        if (name == NULL || !is_of_shape(shape, name, sql)) {
            err = err_set(error, NDF_ECORRUPT,
                "the store %s has a strange schema (%s): it was changed by "
                "another program; put back a backup",
                conn->label, name != NULL ? name : "without a name");
            break;
        }
        ours++;
    }
    if (err == NDF_OK && rc != SQLITE_DONE) err = conn_fail(conn, rc, error);
    sqlite3_finalize(stmt);
    if (err == NDF_OK && ours != shape->object_count)
        err = err_set(error, NDF_ECORRUPT,
            "the store %s lacks tables: put back a backup", conn->label);
    return err;
}

static int refuse_foreign(struct sqlite_conn *conn, const struct marks *marks,
    int version, ndf_error *error)
{
    if (marks->application != SCHEMA_APPLICATION_ID || marks->version < 1)
        return err_set(error, NDF_ECORRUPT,
            "%s is a database of another program: choose another path",
            conn->label);
    if (marks->version > version)
        return err_set(error, NDF_ENEWER,
            "the store %s was written by a newer ndf (schema %lld, this one "
            "knows %d): use a newer ndf",
            conn->label, (long long)marks->version, version);
    return NDF_OK;
}

static int refuse_unready(struct sqlite_conn *conn, const struct marks *marks,
    int version, ndf_error *error)
{
    if (is_empty(marks))
        return err_set(error, NDF_ENOTFOUND,
            "%s is empty: there is no store in it yet", conn->label);
    if (marks->version < version)
        return err_set(error, NDF_EREADONLY,
            "the store %s is of an older ndf (schema %lld): open it for "
            "writing once, which upgrades it",
            conn->label, (long long)marks->version);
    return NDF_OK;
}

int schema_prepare(struct sqlite_conn *conn, const struct sqlite_shape *shape,
    enum conn_access access, ndf_error *error)
{
    struct marks marks;
    int err = read_marks_together(conn, &marks, error);
    if (err == NDF_OK && !is_empty(&marks))
        err = refuse_foreign(conn, &marks, shape->version, error);
    if (err != NDF_OK) return err;
    if (access == CONN_READ) {
        err = refuse_unready(conn, &marks, shape->version, error);
    } else {
        err = use_wal(conn, error);
        if (err == NDF_OK && marks.version < shape->version)
            err = change(conn, shape, error);
    }
    return err == NDF_OK ? schema_verify(conn, shape, error) : err;
}
