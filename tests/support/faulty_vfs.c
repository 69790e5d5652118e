/*
 * faulty_vfs.c - see faulty_vfs.h.
 */
#include "support/faulty_vfs.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

struct faulty_file {
    sqlite3_file base;
    bool is_log;
    bool dirty;
    sqlite3_file *real; /* in the same block, behind this */
};

static struct {
    pthread_mutex_t lock;
    sqlite3_vfs vfs;
    sqlite3_vfs *real;
    enum fault fault;
    long left;
    bool for_ever;
    long failures;
    int dirty_logs;
} disk = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct faulty_file *file_of(sqlite3_file *file)
{
    return (struct faulty_file *)(void *)file;
}

static sqlite3_file *real_of(sqlite3_file *file)
{
    return file_of(file)->real;
}

/* Counts a change; true when it has to fail. */
static bool must_fail(bool is_sync)
{
    bool fails = false;
    pthread_mutex_lock(&disk.lock);
    bool counts = disk.fault == FAULT_IO ||
                  (disk.fault == FAULT_SYNC && is_sync) ||
                  (disk.fault == FAULT_FULL && !is_sync);
    if (counts) {
        disk.left--;
        fails = disk.left == 0 || (disk.left < 0 && disk.for_ever);
        if (fails) disk.failures++;
    }
    pthread_mutex_unlock(&disk.lock);
    return fails;
}

static bool has_no_room(void)
{
    pthread_mutex_lock(&disk.lock);
    bool none = disk.fault == FAULT_ROOM;
    pthread_mutex_unlock(&disk.lock);
    return none;
}

static void set_dirty(struct faulty_file *file, bool dirty)
{
    if (!file->is_log || file->dirty == dirty) return;
    file->dirty = dirty;
    pthread_mutex_lock(&disk.lock);
    disk.dirty_logs += dirty ? 1 : -1;
    pthread_mutex_unlock(&disk.lock);
}

static int faulty_close(sqlite3_file *file)
{
    set_dirty(file_of(file), false);
    return real_of(file)->pMethods->xClose(real_of(file));
}

static int faulty_read(
    sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
    return real_of(file)->pMethods->xRead(real_of(file), bytes, size, at);
}

static int faulty_write(
    sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    sqlite3_file *real = real_of(file);
    set_dirty(file_of(file), true);
    if (!must_fail(false)) return real->pMethods->xWrite(real, bytes, size, at);
    /* A write that fails may have done a part. */
    (void)real->pMethods->xWrite(real, bytes, size / 2, at);
    return disk.fault == FAULT_FULL ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int faulty_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    if (must_fail(false)) return SQLITE_IOERR_TRUNCATE;
    return real_of(file)->pMethods->xTruncate(real_of(file), size);
}

static int faulty_sync(sqlite3_file *file, int flags)
{
    if (must_fail(true)) return SQLITE_IOERR_FSYNC;
    set_dirty(file_of(file), false);
    return real_of(file)->pMethods->xSync(real_of(file), flags);
}

static int faulty_size(sqlite3_file *file, sqlite3_int64 *size)
{
    return real_of(file)->pMethods->xFileSize(real_of(file), size);
}

static int faulty_lock(sqlite3_file *file, int lock)
{
    return real_of(file)->pMethods->xLock(real_of(file), lock);
}

static int faulty_unlock(sqlite3_file *file, int lock)
{
    return real_of(file)->pMethods->xUnlock(real_of(file), lock);
}

static int faulty_check_lock(sqlite3_file *file, int *out)
{
    return real_of(file)->pMethods->xCheckReservedLock(real_of(file), out);
}

static int faulty_control(sqlite3_file *file, int op, void *arg)
{
    return real_of(file)->pMethods->xFileControl(real_of(file), op, arg);
}

static int faulty_sector(sqlite3_file *file)
{
    return real_of(file)->pMethods->xSectorSize(real_of(file));
}

static int faulty_device(sqlite3_file *file)
{
    return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}

static int faulty_shm_map(
    sqlite3_file *file, int region, int size, int extend, void volatile **out)
{
    if (extend != 0 && has_no_room()) {
        errno = ENOSPC;
        return SQLITE_IOERR_SHMSIZE;
    }
    return real_of(file)->pMethods->xShmMap(
        real_of(file), region, size, extend, out);
}

static int faulty_shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    return real_of(file)->pMethods->xShmLock(real_of(file), offset, n, flags);
}

static void faulty_shm_barrier(sqlite3_file *file)
{
    real_of(file)->pMethods->xShmBarrier(real_of(file));
}

static int faulty_shm_unmap(sqlite3_file *file, int remove)
{
    return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = faulty_close,
    .xRead = faulty_read,
    .xWrite = faulty_write,
    .xTruncate = faulty_truncate,
    .xSync = faulty_sync,
    .xFileSize = faulty_size,
    .xLock = faulty_lock,
    .xUnlock = faulty_unlock,
    .xCheckReservedLock = faulty_check_lock,
    .xFileControl = faulty_control,
    .xSectorSize = faulty_sector,
    .xDeviceCharacteristics = faulty_device,
    .xShmMap = faulty_shm_map,
    .xShmLock = faulty_shm_lock,
    .xShmBarrier = faulty_shm_barrier,
    .xShmUnmap = faulty_shm_unmap,
};

static int faulty_open(sqlite3_vfs *vfs, sqlite3_filename name,
    sqlite3_file *file, int flags, int *out_flags)
{
    (void)vfs;
    struct faulty_file *faulty = file_of(file);
    memset(faulty, 0, sizeof *faulty);
    faulty->is_log = (flags & SQLITE_OPEN_WAL) != 0;
    faulty->real = (sqlite3_file *)(void *)(faulty + 1);
    if (faulty->is_log && has_no_room() && access(name, F_OK) != 0) {
        errno = ENOSPC;
        return SQLITE_CANTOPEN;
    }
    int rc = disk.real->xOpen(disk.real, name, faulty->real, flags, out_flags);
    if (rc == SQLITE_OK) file->pMethods = &methods;
    return rc;
}

void faulty_vfs_install(void)
{
    disk.real = sqlite3_vfs_find(NULL);
    assert(disk.real != NULL && disk.real != &disk.vfs);
    disk.vfs = *disk.real;
    disk.vfs.pNext = NULL;
    disk.vfs.zName = "faulty";
    disk.vfs.szOsFile = disk.real->szOsFile + (int)sizeof(struct faulty_file);
    disk.vfs.xOpen = faulty_open;
    sqlite3_vfs_register(&disk.vfs, 1);
    faulty_vfs_fail(FAULT_NONE, 0, false);
}

void faulty_vfs_remove(void)
{
    sqlite3_vfs_unregister(&disk.vfs);
    sqlite3_vfs_register(disk.real, 1);
}

void faulty_vfs_fail(enum fault fault, long n, bool for_ever)
{
    pthread_mutex_lock(&disk.lock);
    disk.fault = fault;
    disk.left = n;
    disk.for_ever = for_ever;
    disk.failures = 0;
    pthread_mutex_unlock(&disk.lock);
}

long faulty_vfs_failures(void)
{
    pthread_mutex_lock(&disk.lock);
    long failures = disk.failures;
    pthread_mutex_unlock(&disk.lock);
    return failures;
}

int faulty_vfs_dirty_logs(void)
{
    pthread_mutex_lock(&disk.lock);
    int dirty = disk.dirty_logs;
    pthread_mutex_unlock(&disk.lock);
    return dirty;
}
