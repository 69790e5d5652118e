/*
 * dying.c - see dying.h.
 */
#define _GNU_SOURCE
/* The names as they are linked, not those that a header makes of them. */
#undef _FILE_OFFSET_BITS
#undef _FORTIFY_SOURCE
#include "dying.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PUBLIC __attribute__((visibility("default")))

static struct {
    atomic_bool on;
    atomic_long calls;
    long n;
    enum dying_when when;
    int told;
} state;

typedef int (*open_fn)(const char *, int, ...);
typedef int (*openat_fn)(int, const char *, int, ...);
typedef ssize_t (*pwrite_fn)(int, const void *, size_t, off64_t);
typedef ssize_t (*write_fn)(int, const void *, size_t);
typedef int (*sync_fn)(int);
typedef int (*truncate_fn)(int, off64_t);
typedef int (*rename_fn)(const char *, const char *);
typedef int (*mkdir_fn)(const char *, mode_t);
typedef int (*unlink_fn)(const char *);
typedef int (*unlinkat_fn)(int, const char *, int);

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

void dying_set(long n, enum dying_when when, int told)
{
    state.on = false;
    state.calls = 0;
    state.n = n;
    state.when = when;
    state.told = told;
    state.on = true;
}

long dying_calls(void)
{
    return state.calls;
}

/* Counts a call; true when it is the last one. */
static bool is_last(const char *name)
{
    if (!state.on || atomic_fetch_add(&state.calls, 1) + 1 != state.n)
        return false;
    if (state.told >= 0) dprintf(state.told, "dies %s\n", name);
    return true;
}

static void die(void)
{
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

/* Before and after a call that is done whole or not at all. */
#define CALL(name, type, call)                                                 \
    bool last = is_last(name);                                                 \
    if (last && state.when != DYING_AFTER) die();                              \
    type result = (call);                                                      \
    if (last) die();                                                           \
    return result

/* The same of a write, of which half may be done. */
#define WRITE(name, whole, half)                                               \
    bool last = is_last(name);                                                 \
    if (last && state.when == DYING_BEFORE) die();                             \
    ssize_t result = last && state.when == DYING_HALF ? (half) : (whole);      \
    if (last) die();                                                           \
    return result

PUBLIC int open64(const char *path, int flags, ...)
{
    REAL(open_fn, "open64")
    va_list args;
    va_start(args, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    if ((flags & (O_CREAT | O_TRUNC)) == 0) return real(path, flags, mode);
    CALL("open", int, real(path, flags, mode));
}

PUBLIC int openat64(int at, const char *path, int flags, ...)
{
    REAL(openat_fn, "openat64")
    va_list args;
    va_start(args, flags);
    mode_t mode = (flags & O_CREAT) != 0 ? va_arg(args, mode_t) : 0;
    va_end(args);
    if ((flags & (O_CREAT | O_TRUNC)) == 0) return real(at, path, flags, mode);
    CALL("openat", int, real(at, path, flags, mode));
}

PUBLIC ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at)
{
    REAL(pwrite_fn, "pwrite64")
    WRITE("pwrite", real(fd, bytes, size, at), real(fd, bytes, size / 2, at));
}

PUBLIC ssize_t write(int fd, const void *bytes, size_t size)
{
    REAL(write_fn, "write")
    struct stat found;
    if (!state.on || fstat(fd, &found) != 0 || !S_ISREG(found.st_mode))
        return real(fd, bytes, size);
    WRITE("write", real(fd, bytes, size), real(fd, bytes, size / 2));
}

PUBLIC int fdatasync(int fd)
{
    REAL(sync_fn, "fdatasync")
    CALL("fdatasync", int, real(fd));
}

PUBLIC int fsync(int fd)
{
    REAL(sync_fn, "fsync")
    CALL("fsync", int, real(fd));
}

PUBLIC int ftruncate64(int fd, off64_t size)
{
    REAL(truncate_fn, "ftruncate64")
    CALL("ftruncate", int, real(fd, size));
}

PUBLIC int rename(const char *from, const char *to)
{
    REAL(rename_fn, "rename")
    CALL("rename", int, real(from, to));
}

PUBLIC int mkdir(const char *path, mode_t mode)
{
    REAL(mkdir_fn, "mkdir")
    CALL("mkdir", int, real(path, mode));
}

PUBLIC int unlink(const char *path)
{
    REAL(unlink_fn, "unlink")
    CALL("unlink", int, real(path));
}

PUBLIC int unlinkat(int at, const char *path, int flags)
{
    REAL(unlinkat_fn, "unlinkat")
    CALL("unlinkat", int, real(at, path, flags));
}
