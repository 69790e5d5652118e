/*
 * os_file.c - files, paths, removing trees.
 *
 * A file that is written appears whole or not at all: it is made beside its
 * place under a name of its own, forced to disk, and renamed.
 */
#define _GNU_SOURCE /* NOLINT(bugprone-*,readability-*): not our name */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/os.h"

enum {
    READ_CHUNK = 64 * 1024,
    REMOVE_DEPTH_MAX = 256, /* each level holds a descriptor */
    REASON_SIZE = 128,
};

/* "cannot <what> <path>: <errno's text>"; the code for errno. */
static int fail_errno(ndf_error *error, const char *what, const char *path)
{
    int number = errno;
    char reason[REASON_SIZE];
    return err_set(error, err_from_errno(number), "cannot %s %s: %s", what,
        path, err_errno_text(number, reason, sizeof reason));
}

static int read_whole(
    int fd, const char *path, size_t max, struct buf *buf, ndf_error *error)
{
    size_t start = buf->size;
    for (;;) {
        char *to = buf_reserve(buf, READ_CHUNK);
        if (to == NULL)
            return err_set(error, NDF_ENOMEM, "no memory to read %s", path);
        ssize_t got = read(fd, to, READ_CHUNK);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(error, "read", path);
        buf->size += (size_t)got;
        buf->at[buf->size] = '\0';
        if (got == 0) return NDF_OK;
        if (buf->size - start > max)
            return err_set(error, NDF_ELIMIT,
                "%s is larger than %zu bytes, the most that is read", path,
                max);
    }
}

static int open_regular(const char *path, int *out, ndf_error *error)
{
    /* O_NONBLOCK: a pipe by that name must not hang us. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0) return fail_errno(error, "open", path);
    struct stat info;
    int err = NDF_OK;
    if (fstat(fd, &info) != 0) err = fail_errno(error, "read", path);
    else if (!S_ISREG(info.st_mode))
        err = err_set(error, NDF_EINVAL, "%s is not a regular file", path);
    if (err == NDF_OK) *out = fd;
    else (void)close(fd);
    return err;
}

int os_read_file(
    const char *path, size_t max, struct buf *buf, ndf_error *error)
{
    int fd = -1;
    size_t start = buf->size;
    int err = open_regular(path, &fd, error);
    if (err != NDF_OK) return err;
    err = read_whole(fd, path, max, buf, error);
    (void)close(fd);
    if (err != NDF_OK && buf->at != NULL) {
        buf->size = start;
        buf->at[start] = '\0';
    }
    return err;
}

int os_read_pieces(
    const char *path, os_piece_fn piece, void *ud, ndf_error *error)
{
    char bytes[READ_CHUNK];
    int fd = -1;
    int err = open_regular(path, &fd, error);
    if (err != NDF_OK) return err;
    for (;;) {
        ssize_t got = read(fd, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) err = fail_errno(error, "read", path);
        if (got > 0) err = piece(ud, (struct str){bytes, (size_t)got});
        if (got <= 0 || err != NDF_OK) break;
    }
    (void)close(fd);
    return err > 0 ? NDF_OK : err;
}

int os_write_all(int fd, struct str bytes)
{
    while (bytes.size > 0) {
        ssize_t done = write(fd, bytes.at, bytes.size);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return -1;
        bytes = str_from(bytes, (size_t)done);
    }
    return 0;
}

static int sync_folder(const char *path, ndf_error *error)
{
    char folder[PATH_MAX];
    struct str dir = os_dirname(str_of(path));
    (void)snprintf(folder, sizeof folder, "%.*s", STR_ARG(dir));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return fail_errno(error, "open the folder", folder);
    int err = NDF_OK;
    /* Some file systems cannot sync a folder; they order renames themselves. */
    if (fsync(fd) != 0 && errno != EINVAL && errno != EROFS)
        err = fail_errno(error, "write the folder", folder);
    (void)close(fd);
    return err;
}

static int fill_file(
    const char *temporary, struct str content, unsigned mode, ndf_error *error)
{
    int fd = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (fd < 0) return fail_errno(error, "make", temporary);
    int err = NDF_OK;
    if (os_write_all(fd, content) != 0 || fdatasync(fd) != 0)
        err = fail_errno(error, "write", temporary);
    if (close(fd) != 0 && err == NDF_OK)
        err = fail_errno(error, "write", temporary);
    return err;
}

int os_write_file(
    const char *path, struct str content, unsigned mode, ndf_error *error)
{
    uint64_t unique;
    int err = os_random(&unique, sizeof unique);
    if (err != NDF_OK)
        return err_set(error, err, "cannot get random bytes to write %s", path);
    char temporary[PATH_MAX];
    int size = snprintf(temporary, sizeof temporary, "%s.%016llx.tmp", path,
        (unsigned long long)unique);
    if (size < 0 || (size_t)size >= sizeof temporary)
        return err_set(error, NDF_ELIMIT, "the path is too long: %s", path);
    err = fill_file(temporary, content, mode, error);
    if (err == NDF_OK && rename(temporary, path) != 0)
        err = fail_errno(error, "write", path);
    if (err != NDF_OK) {
        (void)unlink(temporary);
        return err;
    }
    return sync_folder(path, error);
}

static int make_dir(const char *path, ndf_error *error)
{
    if (mkdir(path, 0700) == 0) return NDF_OK;
    int number = errno;
    struct stat info;
    if (stat(path, &info) == 0) {
        if (S_ISDIR(info.st_mode)) return NDF_OK;
        number = ENOTDIR;
    }
    errno = number;
    return fail_errno(error, "make the folder", path);
}

int os_make_dirs(const char *path, ndf_error *error)
{
    char part[PATH_MAX];
    size_t size = strlen(path);
    if (size >= sizeof part)
        return err_set(error, NDF_ELIMIT, "the path is too long: %s", path);
    /* Mostly only the last one is missing, if any. */
    if (mkdir(path, 0700) == 0) return NDF_OK;
    if (errno == EEXIST) return make_dir(path, error);
    int err = NDF_OK;
    for (size_t i = 1; i <= size && err == NDF_OK; i++) {
        if (i < size && path[i] != '/') continue;
        memcpy(part, path, i);
        part[i] = '\0';
        err = make_dir(part, error);
    }
    return err;
}

void os_join(struct buf *buf, struct str dir, struct str name)
{
    if (dir.size > 0 && !str_starts(name, STR("/"))) {
        buf_add_str(buf, dir);
        if (!str_ends(dir, STR("/"))) buf_add_char(buf, '/');
    }
    buf_add_str(buf, name);
}

struct str os_dirname(struct str path)
{
    size_t end = path.size;
    while (end > 0 && path.at[end - 1] != '/')
        end--;
    if (end == 0) return STR(".");
    while (end > 1 && path.at[end - 1] == '/')
        end--;
    return str_until(path, end);
}

int os_real_path(const char *path, struct buf *buf, ndf_error *error)
{
    char real[PATH_MAX];
    if (realpath(path, real) == NULL) return fail_errno(error, "find", path);
    buf_add_str(buf, str_of(real));
    return buf_error(buf);
}

struct remove_level {
    DIR *dir;
    char name[NAME_MAX + 1]; /* in the folder above */
};

struct remover {
    size_t depth;
    struct remove_level levels[REMOVE_DEPTH_MAX];
};

static int level_open(struct remover *r, int parent, const char *name)
{
    if (r->depth == REMOVE_DEPTH_MAX) return NDF_ELIMIT;
    int fd =
        openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return err_from_errno(errno);
    struct remove_level *level = &r->levels[r->depth];
    level->dir = fdopendir(fd);
    if (level->dir == NULL) {
        int err = err_from_errno(errno);
        (void)close(fd);
        return err;
    }
    if (r->depth > 0)
        (void)snprintf(level->name, sizeof level->name, "%s", name);
    r->depth++;
    return NDF_OK;
}

/* The innermost folder is empty: closes and removes it. */
static int level_close(struct remover *r, const char *path)
{
    r->depth--;
    struct remove_level *level = &r->levels[r->depth];
    (void)closedir(level->dir);
    int parent = AT_FDCWD;
    const char *name = path;
    if (r->depth > 0) {
        parent = dirfd(r->levels[r->depth - 1].dir);
        name = level->name;
    }
    if (unlinkat(parent, name, AT_REMOVEDIR) == 0) return NDF_OK;
    return err_from_errno(errno);
}

/* Removes the next entry of the innermost folder, or goes into it. */
static int remove_next(struct remover *r, const char *path)
{
    DIR *dir = r->levels[r->depth - 1].dir;
    errno = 0;
    const struct dirent *entry = readdir(dir);
    if (entry == NULL) {
        if (errno != 0) return err_from_errno(errno);
        return level_close(r, path);
    }
    const char *name = entry->d_name;
    if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0) return NDF_OK;
    if (unlinkat(dirfd(dir), name, 0) == 0 || errno == ENOENT) return NDF_OK;
    if (errno != EISDIR && errno != EPERM) return err_from_errno(errno);
    return level_open(r, dirfd(dir), name);
}

int os_remove_tree(const char *path)
{
    struct stat info;
    if (lstat(path, &info) != 0) return err_from_errno(errno);
    if (!S_ISDIR(info.st_mode))
        return unlink(path) == 0 ? NDF_OK : err_from_errno(errno);
    struct remover *r = mem_calloc(&mem_libc, 1, sizeof *r);
    if (r == NULL) return NDF_ENOMEM;
    int err = level_open(r, AT_FDCWD, path);
    while (err == NDF_OK && r->depth > 0)
        err = remove_next(r, path);
    while (r->depth > 0)
        (void)closedir(r->levels[--r->depth].dir);
    mem_free(&mem_libc, r, sizeof *r);
    return err;
}
