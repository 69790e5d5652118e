/*
 * sqlite_backup.c - see sqlite_backup.h.
 */
#include "store/sqlite_backup.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/os.h"

static int fail_path(ndf_error *error, const char *path, int number)
{
    char text[128];
    return err_set(error, err_from_errno(number),
        "cannot write the backup %s: %s", path,
        err_errno_text(number, text, sizeof text));
}

/* Takes the name, so that of two backups at once only one goes on. */
static int reserve(const char *path, ndf_error *error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd >= 0) {
        close(fd);
        return NDF_OK;
    }
    if (errno == EEXIST)
        return err_set(error, NDF_EEXISTS,
            "%s exists already: choose another name for the backup", path);
    return fail_path(error, path, errno);
}

static int sync_path(const char *path, int flags, ndf_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | flags);
    int err = NDF_OK;
    if (fd < 0 || fsync(fd) != 0) err = fail_path(error, path, errno);
    if (fd >= 0) close(fd);
    return err;
}

static int copy_pages(
    struct sqlite_conn *source, const char *path, ndf_error *error)
{
    struct sqlite_conn *copy = NULL;
    int err = conn_open(&copy, source->mem, path, path, CONN_CREATE, error);
    if (err != NDF_OK) return err;
    sqlite3_backup *backup =
        sqlite3_backup_init(copy->db, "main", source->db, "main");
    if (backup == NULL) {
        err = conn_fail(copy, sqlite3_errcode(copy->db), error);
    } else {
        int rc = sqlite3_backup_step(backup, -1);
        int end = sqlite3_backup_finish(backup);
        if (rc != SQLITE_DONE) err = conn_fail(copy, rc, error);
        if (err == NDF_OK && end != SQLITE_OK)
            err = conn_fail(copy, end, error);
    }
    conn_close(copy);
    return err;
}

/* With what SQLite leaves beside a file that it could not finish. */
static void remove_temp(struct buf *temp)
{
    (void)unlink(temp->at);
    buf_add_str(temp, STR("-journal"));
    if (!temp->failed) (void)unlink(temp->at);
}

static int put_in_place(
    const char *temp, const char *path, struct buf *folder, ndf_error *error)
{
    int err = sync_path(temp, 0, error);
    if (err == NDF_OK && rename(temp, path) != 0)
        err = fail_path(error, path, errno);
    if (err == NDF_OK) {
        buf_add_str(folder, os_dirname(str_of(path)));
        err = buf_error(folder);
        if (err != NDF_OK) return err_set(error, err, "out of memory");
        err = sync_path(folder->at, O_DIRECTORY, error);
    }
    return err;
}

int backup_write(struct sqlite_conn *source, const char *path, ndf_error *error)
{
    uint8_t random[8];
    char hex[sizeof random * 2 + 1];
    struct buf temp, folder;
    buf_init(&temp, source->mem);
    buf_init(&folder, source->mem);
    int err = os_random(random, sizeof random);
    if (err != NDF_OK) return err_set(error, err, "no random bytes");
    hash_hex(random, sizeof random, hex);
    /* "./" keeps SQLite from taking a name for a URI. */
    buf_format(&temp, "%s%s.%s.tmp", path[0] == '/' ? "" : "./", path, hex);
    err = buf_error(&temp);
    if (err != NDF_OK) {
        err_set(error, err, "out of memory");
        goto done;
    }
    err = reserve(path, error);
    if (err != NDF_OK) goto done;
    err = copy_pages(source, temp.at, error);
    /* Its folder is there: SQLite hides behind its own next try why it could
     * not make a file. */
    if (err == NDF_ENOTFOUND)
        err = err_set(error, NDF_EFULL,
            "cannot write the backup %s: a file beside it cannot be made, as "
            "if no space was left on the disk: free some and try again",
            path);
    if (err == NDF_OK) err = put_in_place(temp.at, path, &folder, error);
    if (err != NDF_OK) {
        remove_temp(&temp);
        (void)unlink(path);
    }

done:
    buf_deinit(&temp);
    buf_deinit(&folder);
    return err;
}
