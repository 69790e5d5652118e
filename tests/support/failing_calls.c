/*
 * failing_calls.c - see failing_calls.h.
 */
#define _GNU_SOURCE
/* The names as they are linked, not those that a header makes of them. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include "support/failing_calls.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

enum { PATH_SIZE = 512, SYNCS_MAX = 16 };

static struct {
    pthread_mutex_t lock;
    bool on;
    enum call_fault fault;
    long left;
    bool for_ever;
    long failures;
    char first[PATH_SIZE + 32];
    char syncs[SYNCS_MAX][PATH_SIZE];
    size_t sync_count;
} state = {.lock = PTHREAD_MUTEX_INITIALIZER};

typedef int (*open_fn)(const char *, int, ...);
typedef ssize_t (*read_fn)(int, void *, size_t, off64_t);
typedef ssize_t (*write_fn)(int, const void *, size_t, off64_t);
typedef int (*sync_fn)(int);
typedef int (*truncate_fn)(int, off64_t);
typedef int (*rename_fn)(const char *, const char *);
typedef int (*fcntl_fn)(int, int, ...);
typedef void *(*map_fn)(void *, size_t, int, int, int, off64_t);

/* The one that would have been called, without a cast that C does not have. */
#define REAL(type, name)                                                       \
    static _Atomic(type) real;                                                 \
    if (real == NULL) {                                                        \
        union {                                                                \
            void *object;                                                      \
            type function;                                                     \
        } found = {dlsym(RTLD_NEXT, name)};                                    \
        real = found.function;                                                 \
    }

static bool can_meet(enum call call)
{
    switch (state.fault) {
    case CALL_FAILS: return true;
    case CALL_HAS_NO_ROOM: return call != CALL_READ;
    case CALL_INTERRUPTED: return call != CALL_MAP && call != CALL_RENAME;
    case CALL_IS_SHORT: return call == CALL_READ || call == CALL_WRITE;
    case CALL_FAULT_COUNT: break;
    }
    return false;
}

static int number_of(enum call call)
{
    if (state.fault == CALL_INTERRUPTED) return EINTR;
    if (state.fault == CALL_FAILS) return EIO;
    if (call == CALL_LOCK) return ENOLCK;
    return call == CALL_MAP ? ENOMEM : ENOSPC;
}

static void note(enum call call, const char *path)
{
    static const char *const names[CALL_COUNT] = {
        [CALL_OPEN] = "open",
        [CALL_READ] = "read",
        [CALL_WRITE] = "write",
        [CALL_SYNC] = "sync",
        [CALL_TRUNCATE] = "truncate",
        [CALL_RENAME] = "rename",
        [CALL_LOCK] = "lock",
        [CALL_MAP] = "map",
    };
    const char *name = strrchr(path, '/');
    if (state.failures++ == 0)
        (void)snprintf(state.first, sizeof state.first, "%s of %s", names[call],
            name != NULL ? name + 1 : path);
    if (call == CALL_SYNC && state.sync_count < SYNCS_MAX)
        (void)snprintf(state.syncs[state.sync_count++], PATH_SIZE, "%s", path);
}

/* Counts a call; true when it has to fail, errno says how then. */
static bool must_fail(enum call call, int fd, const char *path)
{
    bool fails = false;
    int number = 0;
    pthread_mutex_lock(&state.lock);
    if (state.on && can_meet(call)) {
        state.left--;
        fails = state.left == 0 ||
                (state.left < 0 && state.for_ever && call != CALL_LOCK);
        number = number_of(call);
    }
    if (fails) {
        char link[64], name[PATH_SIZE] = "";
        if (path == NULL) {
            (void)snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
            ssize_t size = readlink(link, name, sizeof name - 1);
            name[size > 0 ? size : 0] = '\0';
        }
        note(call, path != NULL ? path : name);
    }
    pthread_mutex_unlock(&state.lock);
    if (fails) errno = number;
    return fails;
}

PUBLIC int open64(const char *path, int flags, ...)
{
    REAL(open_fn, "open64");
    va_list args;
    va_start(args, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    if (must_fail(CALL_OPEN, -1, path)) return -1;
    return real(path, flags, mode);
}

PUBLIC ssize_t pread64(int fd, void *bytes, size_t size, off64_t at)
{
    REAL(read_fn, "pread64");
    if (!must_fail(CALL_READ, fd, NULL)) return real(fd, bytes, size, at);
    return state.fault == CALL_IS_SHORT ? real(fd, bytes, (size + 1) / 2, at)
                                        : -1;
}

PUBLIC ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    REAL(write_fn, "pwrite64");
    if (!must_fail(CALL_WRITE, fd, NULL)) return real(fd, bytes, size, at);
    if (state.fault == CALL_IS_SHORT)
        return real(fd, bytes, (size + 1) / 2, at);
    int number = errno;
    if (state.fault != CALL_INTERRUPTED && size > 1)
        (void)!real(fd, bytes, size / 2, at);
    errno = number;
    return -1;
}

PUBLIC int fdatasync(int fd)
{
    REAL(sync_fn, "fdatasync");
    return must_fail(CALL_SYNC, fd, NULL) ? -1 : real(fd);
}

PUBLIC int fsync(int fd)
{
    REAL(sync_fn, "fsync");
    return must_fail(CALL_SYNC, fd, NULL) ? -1 : real(fd);
}

PUBLIC int ftruncate64(int fd, off64_t size)
{
    REAL(truncate_fn, "ftruncate64");
    return must_fail(CALL_TRUNCATE, fd, NULL) ? -1 : real(fd, size);
}

PUBLIC int rename(const char *from, const char *to)
{
    REAL(rename_fn, "rename");
    return must_fail(CALL_RENAME, -1, to) ? -1 : real(from, to);
}

PUBLIC int fcntl64(int fd, int op, ...)
{
    REAL(fcntl_fn, "fcntl64");
    va_list args;
    va_start(args, op);
    void *arg = va_arg(args, void *);
    va_end(args);
    bool takes = op == F_SETLK && ((struct flock *)arg)->l_type != F_UNLCK;
    if (takes && must_fail(CALL_LOCK, fd, NULL)) return -1;
    return real(fd, op, arg);
}

PUBLIC void *mmap64(
    void *at, size_t size, int access, int flags, int fd, off64_t from)
{
    REAL(map_fn, "mmap64");
    bool shared = fd >= 0 && (flags & MAP_SHARED) != 0;
    if (shared && must_fail(CALL_MAP, fd, NULL)) return MAP_FAILED;
    return real(at, size, access, flags, fd, from);
}

void failing_calls_set(enum call_fault fault, long n, bool for_ever)
{
    pthread_mutex_lock(&state.lock);
    state.fault = fault;
    state.left = n;
    state.for_ever = for_ever;
    state.failures = 0;
    state.sync_count = 0;
    state.first[0] = '\0';
    state.on = true;
    pthread_mutex_unlock(&state.lock);
}

void failing_calls_stop(void)
{
    pthread_mutex_lock(&state.lock);
    state.on = false;
    pthread_mutex_unlock(&state.lock);
}

long failing_calls_failures(void)
{
    pthread_mutex_lock(&state.lock);
    long failures = state.failures;
    pthread_mutex_unlock(&state.lock);
    return failures;
}

bool failing_calls_sync_failed(const char *end)
{
    bool failed = false;
    size_t size = strlen(end);
    pthread_mutex_lock(&state.lock);
    for (size_t i = 0; i < state.sync_count; i++) {
        size_t length = strlen(state.syncs[i]);
        failed =
            failed || (length >= size &&
                          strcmp(state.syncs[i] + length - size, end) == 0);
    }
    pthread_mutex_unlock(&state.lock);
    return failed;
}

void failing_calls_forget_syncs(void)
{
    pthread_mutex_lock(&state.lock);
    state.sync_count = 0;
    pthread_mutex_unlock(&state.lock);
}

const char *failing_calls_first(void)
{
    return state.first;
}
