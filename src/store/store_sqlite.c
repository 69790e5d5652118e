/*
 * store_sqlite.c - the first backend: one SQLite file in WAL mode.
 *
 * One connection writes, a pool of others reads; each reader holds a read
 * transaction and so one consistent view. In memory the same connections share
 * a database of SQLite's memdb, under a random name. Invariant: a connection
 * in the pool has no open transaction.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/os.h"
#include "store/backend.h"
#include "store/sqlite_backup.h"
#include "store/sqlite_fork.h"
#include "store/sqlite_rows.h"
#include "store/sqlite_schema.h"

enum {
    POOL_MAX = 8,
    LOG_FRAMES = 2000,      /* copy the log back when it is so long */
    LOG_FRAMES_MAX = 16000, /* from here on, wait for readers to end */
    LOG_WAIT_MS = 100,
};

struct sqlite_store {
    const struct mem *mem;
    struct buf name;  /* what sqlite3_open takes, for one more connection */
    struct buf label; /* for messages */
    struct sqlite_conn *writer;
    bool guarded;         /* counted among the files of this process */
    int frames;           /* in the log, after the last commit */
    int tidied;           /* frames at the last try to copy it back */
    pthread_mutex_t lock; /* of the two below */
    struct sqlite_conn *idle[POOL_MAX];
    size_t idle_count;
};

static int on_log(void *ud, sqlite3 *db, const char *name, int frames)
{
    (void)db;
    (void)name;
    struct sqlite_store *store = ud;
    store->frames = frames;
    return SQLITE_OK;
}

static int name_memory(struct sqlite_store *store, ndf_error *error)
{
    uint8_t random[16];
    char hex[sizeof random * 2 + 1];
    int err = os_random(random, sizeof random);
    if (err != NDF_OK) return err_set(error, err, "no random bytes");
    hash_hex(random, sizeof random, hex);
    buf_format(&store->name, "file:/ndf-%s?vfs=memdb", hex);
    buf_add_str(&store->label, STR("in memory"));
    return NDF_OK;
}

/* "./" keeps SQLite from taking a name for a URI or for ":memory:". */
static int name_file(
    struct sqlite_store *store, const char *path, ndf_error *error)
{
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return err_set(error, NDF_ECORRUPT,
            "%s is not a file, so it is no store: choose another path", path);
    if (path[0] != '/') buf_add_str(&store->name, STR("./"));
    buf_add_str(&store->name, str_of(path));
    buf_add_str(&store->label, str_of(path));
    return NDF_OK;
}

static bool folder_allows(const struct sqlite_store *store, int access_mode)
{
    struct buf folder;
    buf_init(&folder, store->mem);
    buf_add_str(&folder, os_dirname(buf_str(&store->name)));
    bool allows = folder.failed || access(folder.at, access_mode) == 0;
    buf_deinit(&folder);
    return allows;
}

/* For a folder that cannot be written SQLite says of its log only that it is
 * not there. */
static bool is_unwritable(const struct sqlite_store *store)
{
    return access(store->name.at, W_OK) != 0 || !folder_allows(store, W_OK);
}

static int fail_read_only(const struct sqlite_store *store, ndf_error *error)
{
    return err_set(error, NDF_EREADONLY,
        "the store %s cannot be written: it, or its folder, is read-only",
        store->label.at);
}

/* A log cannot be made, or not read for want of its shared index, though the
 * folder can be written. SQLite hides why behind its own next try. */
static int fail_room(
    const struct sqlite_store *store, const char *what, ndf_error *error)
{
    return err_set(error, NDF_EFULL,
        "the store %s cannot be opened: %s, as if no space was left on the "
        "disk: free some and try again",
        store->label.at, what);
}

static int fail_log(const struct sqlite_store *store, ndf_error *error)
{
    if (!is_unwritable(store))
        return fail_room(store, "its log cannot be read", error);
    return err_set(error, NDF_EREADONLY,
        "the store %s cannot be read: its folder is read-only and it has a log "
        "that was not copied back",
        store->label.at);
}

/* Of a store in a folder that cannot be written, or on a full disk, SQLite
 * cannot make the shared index; when there is no log either, the file alone is
 * all of it. An open that failed may have left an empty log. */
static int open_immutable(struct sqlite_store *store, ndf_error *error)
{
    struct stat info;
    struct buf log;
    buf_init(&log, store->mem);
    buf_format(&log, "%s-wal", store->name.at);
    bool has_log = log.failed || (stat(log.at, &info) == 0 && info.st_size > 0);
    buf_reset(&log);
    buf_add_str(&log, STR("file:"));
    for (const char *at = store->name.at; *at != '\0'; at++)
        if (strchr("%?#", *at) != NULL)
            buf_format(&log, "%%%02X", (unsigned)*at);
        else buf_add_char(&log, *at);
    buf_add_str(&log, STR("?immutable=1"));
    int err = buf_error(&log);
    if (err != NDF_OK) err_set(error, err, "out of memory");
    else if (has_log) err = fail_log(store, error);
    else
        err = conn_open(&store->writer, store->mem, log.at, store->label.at,
            CONN_READ, error);
    if (err == NDF_OK) {
        buf_reset(&store->name);
        buf_add_str(&store->name, buf_str(&log));
    }
    buf_deinit(&log);
    return err;
}

/* Of a file that cannot be made, too, SQLite says only that it is not there,
 * since it tries to open it for reading then. */
static int fail_creation(const struct sqlite_store *store, ndf_error *error)
{
    if (!folder_allows(store, F_OK))
        return err_set(error, NDF_ENOTFOUND,
            "the store %s cannot be made: its folder is not there",
            store->label.at);
    if (!folder_allows(store, W_OK))
        return err_set(error, NDF_EREADONLY,
            "the store %s cannot be made: its folder is read-only",
            store->label.at);
    return fail_room(store, "its file cannot be made", error);
}

/* A path that is missing is said in plain words. */
static int open_writer(
    struct sqlite_store *store, enum conn_access mode, ndf_error *error)
{
    int err = conn_open(&store->writer, store->mem, store->name.at,
        store->label.at, mode, error);
    struct stat info;
    bool there = stat(store->name.at, &info) == 0;
    if (err != NDF_OK && mode == CONN_READ && there &&
        (err == NDF_EREADONLY || err == NDF_EIO || err == NDF_ENOTFOUND ||
            err == NDF_EFULL))
        err = open_immutable(store, error);
    if ((err == NDF_EIO || err == NDF_ENOTFOUND) && mode != CONN_READ &&
        there && is_unwritable(store))
        err = fail_read_only(store, error);
    if (err == NDF_ENOTFOUND && mode != CONN_READ && there)
        err = fail_room(store, "its log cannot be made", error);
    if (err == NDF_ENOTFOUND && mode == CONN_CREATE && !there)
        err = fail_creation(store, error);
    if (err != NDF_OK && mode != CONN_CREATE && !there && errno == ENOENT)
        err = err_set(
            error, NDF_ENOTFOUND, "there is no store at %s", store->label.at);
    if (err == NDF_OK && mode != CONN_READ &&
        sqlite3_db_readonly(store->writer->db, "main") == 1)
        err = fail_read_only(store, error);
    return err;
}

/* The process may change its folder: later connections need the whole path. */
static void keep_full_name(struct sqlite_store *store)
{
    const char *full = sqlite3_db_filename(store->writer->db, "main");
    if (str_starts(buf_str(&store->name), STR("file:"))) return;
    if (full == NULL || full[0] == '\0') return;
    buf_reset(&store->name);
    buf_add_str(&store->name, str_of(full));
}

static void sqlite_close(void *db, bool sound)
{
    struct sqlite_store *store = db;
    if (store == NULL) return;
    for (size_t i = 0; i < store->idle_count; i++)
        conn_close(store->idle[i]);
    if (store->writer != NULL && !sound)
        sqlite3_db_config(store->writer->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE,
            1, (int *)NULL);
    conn_close(store->writer);
    if (store->guarded) sqlite_fork_leave();
    pthread_mutex_destroy(&store->lock);
    buf_deinit(&store->name);
    buf_deinit(&store->label);
    mem_free(store->mem, store, sizeof *store);
}

static int sqlite_open(void **db, const struct mem *mem,
    const struct store_options *options, ndf_error *error)
{
    static const enum conn_access accesses[] = {
        [STORE_CREATE] = CONN_CREATE,
        [STORE_EXISTING] = CONN_WRITE,
        [STORE_READ_ONLY] = CONN_READ,
        [STORE_STILL] = CONN_READ,
    };
    *db = NULL;
    if (sqlite3_threadsafe() == 0)
        return err_set(error, NDF_EUNSUPPORTED,
            "this SQLite was built for one thread only: install another");
    struct sqlite_store *store = mem_calloc(mem, 1, sizeof *store);
    if (store == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    store->mem = mem;
    buf_init(&store->name, mem);
    buf_init(&store->label, mem);
    pthread_mutex_init(&store->lock, NULL);
    bool memory = options->path == NULL;
    enum conn_access access = memory ? CONN_CREATE : accesses[options->mode];
    int err = memory ? name_memory(store, error)
                     : name_file(store, options->path, error);
    if (err == NDF_OK && (store->name.failed || store->label.failed))
        err = err_set(error, NDF_ENOMEM, "out of memory");
    if (err == NDF_OK && !memory) {
        err = sqlite_fork_enter(error);
        store->guarded = err == NDF_OK;
    }
    if (err == NDF_OK)
        err = !memory && options->mode == STORE_STILL
                  ? open_immutable(store, error)
                  : open_writer(store, access, error);
    if (err == NDF_OK)
        err = schema_prepare(store->writer, &sqlite_shape_now, access, error);
    if (err == NDF_ENOTFOUND && access != CONN_READ && store->writer != NULL)
        err = fail_room(store, "its journal cannot be made", error);
    if (err != NDF_OK) goto fail;
    keep_full_name(store);
    if (store->name.failed) {
        err = err_set(error, NDF_ENOMEM, "out of memory");
        goto fail;
    }
    store->writer->usable = true;
    sqlite3_wal_hook(store->writer->db, on_log, store);
    *db = store;
    return NDF_OK;

fail:
    sqlite_close(store, true);
    return err;
}

static void *sqlite_writer(void *db)
{
    struct sqlite_store *store = db;
    return store->writer;
}

/* A newer ndf may have upgraded the file while it was open here. */
static int check_version(struct sqlite_conn *conn, ndf_error *error)
{
    int64_t version;
    int err = conn_number(conn, SQL_USER_VERSION, &version, error);
    if (err == NDF_OK && version != STORE_SCHEMA_VERSION)
        err = err_set(error, NDF_ENEWER,
            "the store %s was upgraded by a newer ndf meanwhile (schema %lld, "
            "this one knows %d): use the newer one",
            conn->label, (long long)version, STORE_SCHEMA_VERSION);
    return err;
}

static bool sqlite_in_transaction(void *db)
{
    struct sqlite_store *store = db;
    return sqlite3_get_autocommit(store->writer->db) == 0;
}

static void sqlite_rollback(void *db)
{
    struct sqlite_store *store = db;
    if (sqlite_in_transaction(store))
        (void)conn_run(store->writer, SQL_ROLLBACK, NULL);
}

static int sqlite_begin(void *db, ndf_error *error)
{
    struct sqlite_store *store = db;
    int err = conn_run(store->writer, SQL_BEGIN_WRITE, error);
    if (err == NDF_OK) err = check_version(store->writer, error);
    if (err != NDF_OK) sqlite_rollback(store);
    return err;
}

static int sqlite_commit(void *db, ndf_error *error)
{
    struct sqlite_store *store = db;
    int err = conn_run(store->writer, SQL_COMMIT, error);
    if (err != NDF_OK) sqlite_rollback(store);
    return err;
}

static int sqlite_mark(void *db, ndf_error *error)
{
    return conn_run(sqlite_writer(db), SQL_MARK, error);
}

static int sqlite_keep(void *db, ndf_error *error)
{
    return conn_run(sqlite_writer(db), SQL_KEEP, error);
}

static int sqlite_undo(void *db, ndf_error *error)
{
    int err = conn_run(sqlite_writer(db), SQL_UNDO, error);
    return err == NDF_OK ? sqlite_keep(db, error) : err;
}

static bool sqlite_untidy(void *db)
{
    struct sqlite_store *store = db;
    if (store->frames < store->tidied) store->tidied = 0;
    return store->frames >= store->tidied + LOG_FRAMES;
}

/* A passive copy takes what no reader needs and waits for nobody. When readers
 * have kept the log from starting anew for long, wait a little for them. */
static int sqlite_tidy(void *db, ndf_error *error)
{
    struct sqlite_store *store = db;
    if (!sqlite_untidy(db)) return NDF_OK;
    store->tidied = store->frames;
    struct sqlite_conn *conn = store->writer;
    int patience = conn->busy_ms;
    conn->busy_ms = LOG_WAIT_MS;
    int rc = sqlite3_wal_checkpoint_v2(conn->db, "main",
        store->frames < LOG_FRAMES_MAX ? SQLITE_CHECKPOINT_PASSIVE
                                       : SQLITE_CHECKPOINT_RESTART,
        NULL, NULL);
    conn->busy_ms = patience;
    if (rc == SQLITE_OK || (rc & 0xff) == SQLITE_BUSY) return NDF_OK;
    return conn_fail(conn, rc, error);
}

static int64_t sqlite_version(void *db)
{
    struct sqlite_store *store = db;
    int64_t version = 0;
    (void)conn_number(store->writer, SQL_DATA_VERSION, &version, NULL);
    return version;
}

static struct sqlite_conn *pool_take(struct sqlite_store *store)
{
    pthread_mutex_lock(&store->lock);
    struct sqlite_conn *conn =
        store->idle_count > 0 ? store->idle[--store->idle_count] : NULL;
    pthread_mutex_unlock(&store->lock);
    return conn;
}

static void pool_give(struct sqlite_store *store, struct sqlite_conn *conn)
{
    pthread_mutex_lock(&store->lock);
    if (store->idle_count < POOL_MAX) {
        store->idle[store->idle_count++] = conn;
        conn = NULL;
    }
    pthread_mutex_unlock(&store->lock);
    conn_close(conn);
}

static int sqlite_reader_begin(void *db, void **out, ndf_error *error)
{
    *out = NULL;
    struct sqlite_store *store = db;
    struct sqlite_conn *conn = pool_take(store);
    int err = NDF_OK;
    if (conn == NULL) {
        err = conn_open(&conn, store->mem, store->name.at, store->label.at,
            CONN_READ, error);
        if (err != NDF_OK) return err;
        /* Copying the log back is the writer's, when it closes. */
        sqlite3_db_config(
            conn->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
    }
    err = conn_run(conn, SQL_BEGIN_READ, error);
    if (err == NDF_OK) err = check_version(conn, error);
    if (err != NDF_OK) {
        conn_close(conn);
        return err;
    }
    conn->usable = true;
    *out = conn;
    return NDF_OK;
}

static void sqlite_reader_end(void *db, void *conn)
{
    bool sound = conn_run(conn, SQL_COMMIT, NULL) == NDF_OK;
    if (sound && !conn_is_unread(conn)) pool_give(db, conn);
    else conn_close(conn);
}

static int sqlite_backup(void *db, const char *path, ndf_error *error)
{
    void *conn;
    int err = sqlite_reader_begin(db, &conn, error);
    if (err != NDF_OK) return err;
    err = backup_write(conn, path, error);
    sqlite_reader_end(db, conn);
    return err;
}

const struct store_backend store_sqlite = {
    .name = "sqlite",
    .open = sqlite_open,
    .close = sqlite_close,
    .writer = sqlite_writer,
    .begin = sqlite_begin,
    .commit = sqlite_commit,
    .rollback = sqlite_rollback,
    .in_transaction = sqlite_in_transaction,
    .mark = sqlite_mark,
    .keep = sqlite_keep,
    .undo = sqlite_undo,
    .untidy = sqlite_untidy,
    .tidy = sqlite_tidy,
    .version = sqlite_version,
    .reader_begin = sqlite_reader_begin,
    .reader_end = sqlite_reader_end,
    .put = sqlite_put,
    .change = sqlite_change,
    .each = sqlite_each,
    .check = sqlite_check,
    .backup = sqlite_backup,
};
