/*
 * os_proc.c - locks, processes, random bytes, and where we are.
 *
 * Locks are open-file-description locks: they belong to the open file, not to
 * the process, so a child that inherits the descriptor keeps the lock, and
 * closing another descriptor of the same file does not lose it.
 */
#define _GNU_SOURCE /* NOLINT(bugprone-*,readability-*): not our name */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/os.h"

enum { LOCK_SLEEP_MAX_MS = 20, NS_PER_MS = 1000000 };

/* size 0: the whole file, from `at`. */
static int lock_part(int fd, int command, short type, off_t at, off_t size)
{
    struct flock lock = {
        .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = size};
    int result;
    do {
        result = fcntl(fd, command, &lock);
    } while (result != 0 && errno == EINTR);
    if (result == 0) return NDF_OK;
    if (errno == EAGAIN || errno == EACCES) return NDF_EBUSY;
    return err_from_errno(errno);
}

static int lock_call(int fd, int command, short type)
{
    return lock_part(fd, command, type, 0, 0);
}

int os_lock(int fd)
{
    return lock_call(fd, F_OFD_SETLK, F_WRLCK);
}

int os_lock_wait(int fd, int64_t timeout_ms)
{
    if (timeout_ms < 0) return lock_call(fd, F_OFD_SETLKW, F_WRLCK);
    int64_t start = clock_mono_ns(&clock_system) / NS_PER_MS;
    int64_t sleep_ms = 1;
    for (;;) {
        int err = os_lock(fd);
        if (err != NDF_EBUSY) return err;
        int64_t now = clock_mono_ns(&clock_system) / NS_PER_MS;
        int64_t left = timeout_ms - (now - start);
        if (left <= 0) return NDF_ETIMEOUT;
        if (sleep_ms > left) sleep_ms = left;
        struct timespec nap = {.tv_nsec = (long)(sleep_ms * NS_PER_MS)};
        (void)nanosleep(&nap, NULL);
        sleep_ms *= 2;
        if (sleep_ms > LOCK_SLEEP_MAX_MS) sleep_ms = LOCK_SLEEP_MAX_MS;
    }
}

void os_unlock(int fd)
{
    (void)lock_call(fd, F_OFD_SETLK, F_UNLCK);
}

int os_lock_byte(int fd, int64_t at)
{
    return lock_part(fd, F_OFD_SETLK, F_WRLCK, at, 1);
}

void os_unlock_byte(int fd, int64_t at)
{
    (void)lock_part(fd, F_OFD_SETLK, F_UNLCK, at, 1);
}

bool os_byte_locked(int fd, int64_t at)
{
    struct flock lock = {
        .l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    return fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

int os_random(void *bytes, size_t size)
{
    char *to = bytes;
    while (size > 0) {
        ssize_t got = getrandom(to, size, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return err_from_errno(errno);
        to += got;
        size -= (size_t)got;
    }
    return NDF_OK;
}

void os_boot_id(char out[OS_BOOT_ID_SIZE])
{
    memset(out, 0, OS_BOOT_ID_SIZE);
    int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    if (read(fd, out, OS_BOOT_ID_SIZE - 1) != OS_BOOT_ID_SIZE - 1)
        out[0] = '\0';
    (void)close(fd);
}

int os_pidfd_open(pid_t pid)
{
    return (int)syscall(SYS_pidfd_open, pid, 0);
}

int os_pidfd_kill(int pidfd, int signal)
{
    return (int)syscall(SYS_pidfd_send_signal, pidfd, signal, NULL, 0);
}

int os_self_dir(struct buf *buf)
{
    /* Any address of our own tells which file we are in. */
    static const char here = 0;
    Dl_info info;
    void *extra = NULL;
    if (dladdr1(&here, &info, &extra, RTLD_DL_LINKMAP) == 0 || extra == NULL)
        return NDF_ENOTFOUND;
    /* The program itself has no name here, and argv[0] may be anything. */
    const struct link_map *map = extra;
    const char *file = map->l_name[0] != '\0' ? map->l_name : "/proc/self/exe";
    char real[PATH_MAX];
    if (realpath(file, real) == NULL) return err_from_errno(errno);
    buf_add_str(buf, os_dirname(str_of(real)));
    return buf_error(buf);
}

int os_data_dir(struct buf *buf)
{
    struct str own = str_of(getenv("NDF_HOME"));
    struct str data = str_of(getenv("XDG_DATA_HOME"));
    struct str home = str_of(getenv("HOME"));
    if (own.size > 0) buf_add_str(buf, own);
    else if (str_starts(data, STR("/"))) /* the XDG rule: relative is invalid */
        os_join(buf, data, STR("ndf"));
    else if (home.size > 0) os_join(buf, home, STR(".local/share/ndf"));
    else return NDF_ENOTFOUND;
    return buf_error(buf);
}
