/*
 * sqlite_conn.c - see sqlite_conn.h.
 *
 * A statement is taken out of the cache while it is used; so a query inside
 * the callback of the same query just prepares a second one. Invariant: a
 * statement in the cache is reset and has nothing bound.
 */
#include "store/sqlite_conn.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "base/err.h"

enum { BUSY_STEP_US = 100, BUSY_STEP_MAX_US = 12800, BLOB_LIMIT = 1 << 29 };

/* SQLite's own handler starts at a millisecond, which is 20 commits in memory;
 * this one starts at a tenth. */
static int wait_when_busy(void *ud, int count)
{
    const struct sqlite_conn *conn = ud;
    int64_t step = BUSY_STEP_US, waited = 0;
    for (int i = 0; i < count; i++) {
        waited += step;
        if (step < BUSY_STEP_MAX_US) step *= 2;
    }
    if (waited >= (int64_t)conn->busy_ms * 1000) return 0;
    struct timespec pause = {.tv_nsec = (long)step * 1000};
    nanosleep(&pause, NULL);
    return 1;
}

static int harden(struct sqlite_conn *conn, ndf_error *error)
{
    static const struct {
        int option, value;
    } options[] = {
        {SQLITE_DBCONFIG_DEFENSIVE, 1},
        {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
        {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
        {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
        {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
        {SQLITE_DBCONFIG_DQS_DML, 0},
        {SQLITE_DBCONFIG_DQS_DDL, 0},
        {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
    };
    sqlite3_extended_result_codes(conn->db, 1);
    sqlite3_busy_handler(conn->db, wait_when_busy, conn);
    for (size_t i = 0; i < sizeof options / sizeof options[0]; i++) {
        int rc = sqlite3_db_config(
            conn->db, options[i].option, options[i].value, (int *)NULL);
        if (rc != SQLITE_OK) return conn_fail(conn, rc, error);
    }
    sqlite3_limit(conn->db, SQLITE_LIMIT_LENGTH, BLOB_LIMIT);
    sqlite3_limit(conn->db, SQLITE_LIMIT_ATTACHED, 0);
    /* The log is copied back by the writer thread, at times of its choice. */
    return conn_exec(conn,
        "PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0; "
        "PRAGMA temp_store = MEMORY; PRAGMA synchronous = FULL; "
        "PRAGMA wal_autocheckpoint = 0",
        error);
}

int conn_open(struct sqlite_conn **out, const struct mem *mem, const char *name,
    const char *label, enum conn_access access, ndf_error *error)
{
    static const int flags[] = {
        [CONN_CREATE] = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE,
        [CONN_WRITE] = SQLITE_OPEN_READWRITE,
        [CONN_READ] = SQLITE_OPEN_READONLY,
    };
    *out = NULL;
    int err = NDF_ENOMEM;
    struct sqlite_conn *conn = mem_calloc(mem, 1, sizeof *conn);
    if (conn == NULL) return err_set(error, err, "out of memory");
    conn->mem = mem;
    conn->busy_ms = STORE_BUSY_MS;
    size_t size = strlen(label) + 1;
    conn->label = mem_alloc(mem, size);
    if (conn->label == NULL) {
        err_set(error, err, "out of memory");
        goto fail;
    }
    memcpy(conn->label, label, size);
    int rc = sqlite3_open_v2(name, &conn->db,
        flags[access] | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
    err = rc == SQLITE_OK ? harden(conn, error) : conn_fail(conn, rc, error);
    if (err != NDF_OK) goto fail;
    *out = conn;
    return NDF_OK;

fail:
    conn_close(conn);
    return err;
}

void conn_close(struct sqlite_conn *conn)
{
    if (conn == NULL) return;
    for (unsigned i = 0; i < SQL_COUNT; i++)
        sqlite3_finalize(conn->idle[i]);
    sqlite3_close(conn->db);
    if (conn->label != NULL)
        mem_free(conn->mem, conn->label, strlen(conn->label) + 1);
    mem_free(conn->mem, conn, sizeof *conn);
}

/* A full disk is something to wait for. But only a write tells so safely: when
 * a sync fails, for whatever reason, the state of the disk is not known. */
static int io_code(int rc, int number)
{
    if (rc == SQLITE_IOERR_NOMEM || number == ENOMEM) return NDF_ENOMEM;
    if ((rc & 0xff) == SQLITE_CANTOPEN && number != 0)
        return err_from_errno(number);
    /* Nothing durable is in a log's shared index. */
    bool tells = rc == SQLITE_IOERR_WRITE || rc == SQLITE_IOERR_SHMSIZE;
    return tells && err_from_errno(number) == NDF_EFULL ? NDF_EFULL : NDF_EIO;
}

/* A read or write that failed: why is in errno. */
static int fail_io(struct sqlite_conn *conn, int rc, ndf_error *error)
{
    char text[128];
    int number = conn->db != NULL ? sqlite3_system_errno(conn->db) : 0;
    int err = io_code(rc, number);
    if (err == NDF_ENOMEM) return err_set(error, err, "out of memory");
    const char *what = (rc & 0xff) == SQLITE_CANTOPEN
                           ? "cannot be opened"
                           : "failed to read or write";
    if (number != 0 && err_from_errno(number) == NDF_EFULL)
        return err_set(error, err,
            "the store %s %s: no space left on the disk: free some and try "
            "again",
            conn->label, what);
    return err_set(error, err, "the store %s %s: %s", conn->label, what,
        number != 0 ? err_errno_text(number, text, sizeof text)
                    : sqlite3_errstr(rc));
}

static int fail_constraint(struct sqlite_conn *conn, int rc, ndf_error *error)
{
    if (rc == SQLITE_CONSTRAINT_FOREIGNKEY)
        return err_set(error, NDF_EREFERENCE,
            "the store %s: the row names one that is not there", conn->label);
    if (rc == SQLITE_CONSTRAINT_UNIQUE || rc == SQLITE_CONSTRAINT_PRIMARYKEY ||
        rc == SQLITE_CONSTRAINT_ROWID)
        return err_set(error, NDF_EEXISTS, "the store %s: %s exists already",
            conn->label, sqlite3_errmsg(conn->db));
    return err_set(error, NDF_EINVAL, "the store %s: %s", conn->label,
        sqlite3_errmsg(conn->db));
}

static int last_errno(sqlite3_file *file)
{
    int number = 0;
    if (file == NULL || file->pMethods == NULL) return 0;
    int rc =
        file->pMethods->xFileControl(file, SQLITE_FCNTL_LAST_ERRNO, &number);
    return rc == SQLITE_OK ? number : 0;
}

bool conn_is_unread(const struct sqlite_conn *conn)
{
    static const int files[] = {
        SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_JOURNAL_POINTER};
    bool unread = false;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        sqlite3_file *file = NULL;
        int rc = sqlite3_file_control(conn->db, "main", files[i], &file);
        unread = unread || (rc == SQLITE_OK && last_errno(file) == EIO);
    }
    return unread;
}

/* What cannot even be opened can neither be checked nor exported. */
static int fail_damaged(const struct sqlite_conn *conn, ndf_error *error)
{
    if (conn_is_unread(conn))
        return err_set(error, NDF_EIO,
            "the store %s cannot be read: input/output error: look whether its "
            "disk is well",
            conn->label);
    if (!conn->usable)
        return err_set(error, NDF_ECORRUPT,
            "the store %s is damaged so that it cannot be opened: put back a "
            "backup, or try to save what is left with sqlite3 and its command "
            ".recover",
            conn->label);
    return err_set(error, NDF_ECORRUPT,
        "the store %s is damaged: put back a backup, or export what can still "
        "be read",
        conn->label);
}

int conn_fail(struct sqlite_conn *conn, int rc, ndf_error *error)
{
    switch (rc & 0xff) {
    case SQLITE_NOMEM: return err_set(error, NDF_ENOMEM, "out of memory");
    case SQLITE_FULL:
        return err_set(error, NDF_EFULL,
            "the store %s: no space left on the disk: free some and try again",
            conn->label);
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN: return fail_io(conn, rc, error);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return err_set(error, NDF_EBUSY,
            "the store %s: another process has kept it locked for %d s: try "
            "again when it is done",
            conn->label, conn->busy_ms / 1000);
    case SQLITE_READONLY:
    case SQLITE_PERM:
        return err_set(error, NDF_EREADONLY,
            "the store %s cannot be written: it, or its folder, is read-only",
            conn->label);
    case SQLITE_NOTADB:
        return err_set(error, NDF_ECORRUPT,
            "%s is no store of ndf, or is damaged at its start: choose "
            "another path, or put back a backup",
            conn->label);
    case SQLITE_CORRUPT: return fail_damaged(conn, error);
    case SQLITE_CONSTRAINT: return fail_constraint(conn, rc, error);
    case SQLITE_TOOBIG:
        return err_set(error, NDF_ELIMIT,
            "the store %s: a row is too large to be kept", conn->label);
    default:
        return err_set(error, NDF_ESTORE, "the store %s: %s", conn->label,
            conn->db != NULL ? sqlite3_errmsg(conn->db) : sqlite3_errstr(rc));
    }
}

int conn_take(
    struct sqlite_conn *conn, unsigned id, sqlite3_stmt **out, ndf_error *error)
{
    *out = conn->idle[id];
    conn->idle[id] = NULL;
    if (*out != NULL) return NDF_OK;
    int rc = sqlite3_prepare_v3(
        conn->db, sqlite_sql(id), -1, SQLITE_PREPARE_PERSISTENT, out, NULL);
    return rc == SQLITE_OK ? NDF_OK : conn_fail(conn, rc, error);
}

void conn_put_back(struct sqlite_conn *conn, unsigned id, sqlite3_stmt *stmt)
{
    if (stmt == NULL) return;
    sqlite3_reset(stmt);
    sqlite3_clear_bindings(stmt);
    if (conn->idle[id] == NULL) conn->idle[id] = stmt;
    else sqlite3_finalize(stmt);
}

/* Steps to the end; *out is the number in the first row. */
static int step_number(struct sqlite_conn *conn, sqlite3_stmt *stmt,
    int64_t *out, ndf_error *error)
{
    *out = 0;
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        *out = sqlite3_column_int64(stmt, 0);
        rc = sqlite3_step(stmt);
    }
    return rc == SQLITE_DONE ? NDF_OK : conn_fail(conn, rc, error);
}

int conn_number(
    struct sqlite_conn *conn, unsigned id, int64_t *out, ndf_error *error)
{
    sqlite3_stmt *stmt;
    int err = conn_take(conn, id, &stmt, error);
    if (err == NDF_OK) err = step_number(conn, stmt, out, error);
    conn_put_back(conn, id, stmt);
    return err;
}

int conn_run(struct sqlite_conn *conn, unsigned id, ndf_error *error)
{
    int64_t ignored;
    return conn_number(conn, id, &ignored, error);
}

int conn_exec(struct sqlite_conn *conn, const char *sql, ndf_error *error)
{
    int rc = sqlite3_exec(conn->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? NDF_OK : conn_fail(conn, rc, error);
}

int conn_exec_number(
    struct sqlite_conn *conn, const char *sql, int64_t *out, ndf_error *error)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(conn->db, sql, -1, &stmt, NULL);
    int err = rc == SQLITE_OK ? step_number(conn, stmt, out, error)
                              : conn_fail(conn, rc, error);
    sqlite3_finalize(stmt);
    return err;
}
