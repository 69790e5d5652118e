/*
 * owners.c - see owners.h.
 *
 * All runs whose ids begin with the same letter share one file of no bytes; a
 * run is the byte whose number its id spells, and who holds the lock of that
 * byte owns it. A file of its own for each run costs a descriptor as long as it
 * runs, and, on ext4, more time than a commit to be made. One for all is slow
 * with thousands: the kernel keeps the locks of a file in a list. Locks of one
 * open file do not exclude each other, so what this engine holds is in `held`.
 */
#include "engine/owners.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/os.h"
#include "engine/id.h"

enum { OWNERS_SHIFT = 5 * (ENGINE_ID_SIZE - 2) };

void owners_init(struct owners *owners, const struct mem *mem)
{
    owners->mem = mem;
    for (size_t i = 0; i < OWNERS_FILES; i++)
        owners->fds[i] = -1;
    pthread_mutex_init(&owners->mutex, NULL);
    map_init(&owners->held, mem);
}

void owners_deinit(struct owners *owners)
{
    for (size_t i = 0; i < OWNERS_FILES; i++)
        if (owners->fds[i] >= 0) close(owners->fds[i]);
    map_deinit(&owners->held);
    pthread_mutex_destroy(&owners->mutex);
}

/* Where the descriptor of the file of a run is. */
static int *fd_of(struct owners *owners, struct str run)
{
    return &owners->fds[engine_id_number(run) >> OWNERS_SHIFT];
}

/* Opens the file of a run, if it is not open. A file that is there and cannot
 * be opened is an error; without `make` one that is not there is none. */
static int open_file(struct owners *owners, const char *dir, struct str run,
    bool make, ndf_error *error)
{
    int *fd = fd_of(owners, run);
    if (*fd >= 0) return NDF_OK;
    struct buf path;
    buf_init(&path, owners->mem);
    buf_format(&path, "%s/owners.%c", dir, run.at[0]);
    int err = buf_error(&path);
    if (err == NDF_OK && make) err = os_make_dirs(dir, error);
    if (err == NDF_OK) {
        int flags = O_RDWR | O_CLOEXEC | (make ? O_CREAT : 0);
        *fd = open(path.at, flags, 0600);
        char text[128];
        if (*fd < 0 && (make || errno != ENOENT))
            err = err_set(error, err_from_errno(errno), "cannot open %s: %s",
                path.at, err_errno_text(errno, text, sizeof text));
    }
    buf_deinit(&path);
    return err;
}

static int take(
    struct owners *owners, const char *dir, struct str run, ndf_error *error)
{
    int err = open_file(owners, dir, run, true, error);
    if (err != NDF_OK) return err;
    err = map_add(&owners->held, run, owners);
    if (err == NDF_OK) {
        err = os_lock_byte(*fd_of(owners, run), engine_id_number(run));
        if (err != NDF_OK) (void)map_remove(&owners->held, run);
    }
    if (err == NDF_OK || err == NDF_ENOMEM) return err;
    if (err == NDF_EEXISTS)
        return err_set(error, NDF_EBUSY,
            "this process is at work on run %.*s already: wait for it, or "
            "cancel it",
            STR_ARG(run));
    if (err != NDF_EBUSY)
        return err_set(error, err, "run %.*s cannot be locked", STR_ARG(run));
    return err_set(error, NDF_EBUSY,
        "run %.*s belongs to another process that is at work on it: wait for "
        "it, or cancel it",
        STR_ARG(run));
}

int owners_take(
    struct owners *owners, const char *dir, struct str run, ndf_error *error)
{
    pthread_mutex_lock(&owners->mutex);
    int err = take(owners, dir, run, error);
    pthread_mutex_unlock(&owners->mutex);
    return err;
}

void owners_drop(struct owners *owners, struct str run)
{
    pthread_mutex_lock(&owners->mutex);
    if (map_remove(&owners->held, run) != NULL)
        os_unlock_byte(*fd_of(owners, run), engine_id_number(run));
    pthread_mutex_unlock(&owners->mutex);
}

bool owners_has(struct owners *owners, const char *dir, struct str run)
{
    pthread_mutex_lock(&owners->mutex);
    bool has = map_has(&owners->held, run);
    if (!has) has = open_file(owners, dir, run, false, NULL) != NDF_OK;
    if (!has && *fd_of(owners, run) >= 0)
        has = os_byte_locked(*fd_of(owners, run), engine_id_number(run));
    pthread_mutex_unlock(&owners->mutex);
    return has;
}
