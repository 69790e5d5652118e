/*
 * image.c - see image.h.
 *
 * A head, of which the last word is the hash of the others, and the sections.
 * Each section has its place, its size and its hash in the head. Nothing is
 * synced: a crash leaves the old file, the new one, or one whose hashes do not
 * fit, and all three are right. Invariant: sections are handed out only if
 * they are those that were written, but for the features.
 */
#include "engine/image.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/os.h"

enum {
    VERSION = 2,
    ALIGN = 64, /* as blocks want */
    HEAD_ZEROS = 3,
};

#define MAGIC UINT64_C(0x0a584449464e4489) /* "\x89DNFIDX\n" */

struct section {
    uint64_t at, size, hash;
};

struct head {
    uint64_t magic, version;
    struct store_revision revision;
    uint64_t size; /* of the whole file */
    uint64_t count;
    struct section sections[IMAGE_SECTIONS];
    uint64_t zeros[HEAD_ZEROS]; /* sections begin at multiples of ALIGN */
    uint64_t hash;              /* of all before */
};

_Static_assert(sizeof(struct head) % ALIGN == 0, "a section may follow");

static uint64_t hash_of_head(const struct head *head)
{
    return hash64(
        (struct str){(const char *)head, offsetof(struct head, hash)});
}

static int fail_errno(ndf_error *error, const char *what, const char *path)
{
    int number = errno;
    char why[128];
    return err_set(error, err_from_errno(number), "cannot %s %s: %s", what,
        path, err_errno_text(number, why, sizeof why));
}

/* ---- reading --------------------------------------------------------------
 */

static int fail_damaged(ndf_error *error, const char *path)
{
    return err_set(error, NDF_ECORRUPT,
        "%s is damaged: it is made anew from the store", path);
}

static bool is_within(const struct section *section, size_t size)
{
    return section->at >= sizeof(struct head) && section->at % ALIGN == 0 &&
           section->at <= size && section->size <= size - section->at;
}

static int check_sections(struct image *image, const struct head *head,
    const char *path, ndf_error *error)
{
    for (size_t i = 0; i < IMAGE_SECTIONS; i++) {
        const struct section *section = &head->sections[i];
        if (!is_within(section, image->size)) return fail_damaged(error, path);
        struct str bytes = {
            (const char *)image->at + section->at, (size_t)section->size};
        if (i != IMAGE_FEATURES && hash64(bytes) != section->hash)
            return fail_damaged(error, path);
        image->sections[i] = bytes;
    }
    return NDF_OK;
}

static int check(struct image *image, const char *path,
    const struct store_revision *revision, ndf_error *error)
{
    struct head head;
    memcpy(&head, image->at, sizeof head);
    if (head.magic == MAGIC && head.version > VERSION)
        return err_set(error, NDF_ENEWER,
            "%s was written by a newer ndf: it is made anew from the store",
            path);
    if (head.magic == MAGIC && head.version < VERSION)
        return err_set(error, NDF_EREFERENCE,
            "%s was written by an older ndf: it is made anew", path);
    if (head.magic != MAGIC || head.hash != hash_of_head(&head) ||
        head.size != image->size || head.count != IMAGE_SECTIONS)
        return fail_damaged(error, path);
    if (memcmp(&head.revision, revision, sizeof head.revision) != 0)
        return err_set(error, NDF_EREFERENCE,
            "%s is of another state of the registry: it is made anew", path);
    return check_sections(image, &head, path, error);
}

/* NDF_ECORRUPT: it got shorter meanwhile. */
static int read_file(struct image *image, size_t size, int fd, const char *path,
    ndf_error *error)
{
    char *to = buf_reserve(&image->own, size + ALIGN);
    if (to == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    to += (ALIGN - (uintptr_t)to % ALIGN) % ALIGN;
    size_t done = 0;
    while (done < size) {
        ssize_t got = read(fd, to + done, size - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return fail_errno(error, "read", path);
        if (got == 0) return fail_damaged(error, path);
        done += (size_t)got;
    }
    image->at = to;
    image->size = size;
    return NDF_OK;
}

static int map_file(
    struct image *image, int fd, const char *path, ndf_error *error)
{
    struct stat info;
    if (fstat(fd, &info) != 0) return fail_errno(error, "read", path);
    if (!S_ISREG(info.st_mode) || info.st_size < (off_t)sizeof(struct head))
        return fail_damaged(error, path);
    size_t size = (size_t)info.st_size;
    if (size <= IMAGE_READ_MAX) return read_file(image, size, fd, path, error);
    void *at = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (at == MAP_FAILED) return fail_errno(error, "map", path);
    image->at = at;
    image->size = size;
    return NDF_OK;
}

int image_open(struct image *out, const struct mem *mem, const char *path,
    const struct store_revision *revision, ndf_error *error)
{
    memset(out, 0, sizeof *out);
    buf_init(&out->own, mem);
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return fail_errno(error, "read", path);
    int err = map_file(out, fd, path, error);
    (void)close(fd);
    if (err == NDF_OK) err = check(out, path, revision, error);
    if (err != NDF_OK) image_close(out);
    return err;
}

void image_close(struct image *image)
{
    if (image->own.mem == NULL) return; /* it never was */
    if (image->at != NULL && image->own.at == NULL)
        (void)munmap(image->at, image->size);
    buf_deinit(&image->own);
    memset(image, 0, sizeof *image);
}

/* ---- writing --------------------------------------------------------------
 */

struct image_writer {
    const struct mem *mem;
    char path[PATH_MAX];
    char temporary[PATH_MAX];
    int fd;
    int err;
    struct head head;
};

int image_begin(struct image_writer **out, const struct mem *mem,
    const char *path, const struct store_revision *revision, ndf_error *error)
{
    *out = NULL;
    uint64_t unique;
    int err = os_random(&unique, sizeof unique);
    if (err != NDF_OK)
        return err_set(error, err, "cannot get random bytes to write %s", path);
    struct image_writer *writer = mem_calloc(mem, 1, sizeof *writer);
    if (writer == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    writer->mem = mem;
    int size = snprintf(writer->temporary, sizeof writer->temporary,
        "%s.%016llx.tmp", path, (unsigned long long)unique);
    if (size < 0 || (size_t)size >= sizeof writer->temporary) {
        mem_free(mem, writer, sizeof *writer);
        return err_set(error, NDF_ELIMIT, "the path is too long: %s", path);
    }
    memcpy(writer->path, path, strlen(path) + 1);
    writer->fd =
        open(writer->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (writer->fd < 0) {
        err = fail_errno(error, "make", writer->temporary);
        mem_free(mem, writer, sizeof *writer);
        return err;
    }
    writer->head = (struct head){.magic = MAGIC,
        .version = VERSION,
        .revision = *revision,
        .size = sizeof(struct head),
        .count = IMAGE_SECTIONS};
    for (size_t i = 0; i < IMAGE_SECTIONS; i++)
        writer->head.sections[i] =
            (struct section){sizeof(struct head), 0, hash64(STR(""))};
    struct str room = {(const char *)&writer->head, sizeof writer->head};
    if (os_write_all(writer->fd, room) != 0) {
        err = fail_errno(error, "write", writer->temporary);
        image_abandon(writer);
        return err;
    }
    *out = writer;
    return NDF_OK;
}

int image_add(struct image_writer *writer, enum image_section which,
    const struct buf *content, ndf_error *error)
{
    static const char zeros[ALIGN];
    struct head *head = &writer->head;
    struct str bytes = buf_str(content);
    if (writer->err == NDF_OK) writer->err = buf_error(content);
    if (writer->err != NDF_OK) return writer->err;
    head->sections[which] = (struct section){
        head->size, bytes.size, which != IMAGE_FEATURES ? hash64(bytes) : 0};
    struct str pad = {zeros, (ALIGN - bytes.size % ALIGN) % ALIGN};
    if (os_write_all(writer->fd, bytes) != 0 ||
        os_write_all(writer->fd, pad) != 0)
        writer->err = fail_errno(error, "write", writer->temporary);
    head->size += bytes.size + pad.size;
    return writer->err;
}

static void end(struct image_writer *writer)
{
    if (writer->fd >= 0) (void)close(writer->fd);
    mem_free(writer->mem, writer, sizeof *writer);
}

int image_commit(struct image_writer *writer, uint64_t *size, ndf_error *error)
{
    struct head *head = &writer->head;
    head->hash = hash_of_head(head);
    if (writer->err == NDF_OK &&
        pwrite(writer->fd, head, sizeof *head, 0) != (ssize_t)sizeof *head)
        writer->err = fail_errno(error, "write", writer->temporary);
    if (writer->err == NDF_OK && close(writer->fd) != 0)
        writer->err = fail_errno(error, "write", writer->temporary);
    else if (writer->err != NDF_OK) (void)close(writer->fd);
    writer->fd = -1;
    if (writer->err == NDF_OK && rename(writer->temporary, writer->path) != 0)
        writer->err = fail_errno(error, "write", writer->path);
    int err = writer->err;
    *size = err == NDF_OK ? head->size : 0;
    if (err != NDF_OK) (void)unlink(writer->temporary);
    end(writer);
    return err;
}

void image_abandon(struct image_writer *writer)
{
    if (writer == NULL) return;
    (void)unlink(writer->temporary);
    end(writer);
}
