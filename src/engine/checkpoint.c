/*
 * checkpoint.c - see checkpoint.h.
 *
 * The head is nine little-endian words; the last is the hash of the others.
 * Invariant: bytes are handed out only if they are those that were written.
 */
#include "engine/checkpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/os.h"

enum { VERSION = 1, SIZE_MAX_READ = 128 * 1024 * 1024 };

enum word {
    WORD_MAGIC,
    WORD_VERSION,
    WORD_EPOCH,
    WORD_NUMBER,
    WORD_ANCHOR,
    WORD_SIZE,  /* of the bytes behind the head */
    WORD_BYTES, /* their hash */
    WORD_SPARE, /* 0 */
    WORD_HEAD,  /* the hash of the words before it */
    WORDS,
};

enum { HEAD_SIZE = WORDS * 8 };

#define MAGIC UINT64_C(0x0a4e524c46444e89) /* "\x89NDFLRN\n" */

static void put_word(char *head, enum word at, uint64_t word)
{
    for (int i = 0; i < 8; i++)
        head[(int)at * 8 + i] = (char)(word >> (8 * i) & 0xff);
}

static uint64_t get_word(const char *head, enum word at)
{
    uint64_t word = 0;
    for (int i = 7; i >= 0; i--)
        word = word << 8 | (unsigned char)head[(int)at * 8 + i];
    return word;
}

static uint64_t hash_of(const char *bytes, size_t size)
{
    return hash64((struct str){bytes, size});
}

/* ---- reading --------------------------------------------------------------
 */

static int check(struct checkpoint *out, const char *path, ndf_error *error)
{
    const char *head = out->at;
    bool whole =
        out->room >= HEAD_SIZE && get_word(head, WORD_MAGIC) == MAGIC &&
        get_word(head, WORD_HEAD) == hash_of(head, (size_t)WORD_HEAD * 8);
    if (whole && get_word(head, WORD_VERSION) > VERSION)
        return err_set(error, NDF_ENEWER,
            "%s was written by a newer ndf: what was learned is learned anew "
            "from the outcomes",
            path);
    if (whole) {
        out->bytes = out->at + HEAD_SIZE;
        out->size = out->room - HEAD_SIZE;
        whole = get_word(head, WORD_SIZE) == out->size &&
                get_word(head, WORD_BYTES) == hash_of(out->bytes, out->size);
    }
    if (!whole)
        return err_set(error, NDF_ECORRUPT,
            "%s is damaged: what was learned is learned anew from the outcomes",
            path);
    out->tie = (struct checkpoint_tie){get_word(head, WORD_EPOCH),
        get_word(head, WORD_NUMBER), get_word(head, WORD_ANCHOR)};
    return NDF_OK;
}

static int fail_errno(ndf_error *error, const char *path)
{
    int number = errno;
    char why[128];
    return err_set(error, err_from_errno(number), "cannot read %s: %s", path,
        err_errno_text(number, why, sizeof why));
}

static int fail_strange(ndf_error *error, const char *path)
{
    return err_set(error, NDF_ECORRUPT,
        "%s is no file of ndf: what was learned is learned anew from the "
        "outcomes",
        path);
}

/* NDF_ECORRUPT: it got shorter meanwhile. */
static int read_all(char *at, size_t size, int fd)
{
    while (size > 0) {
        ssize_t got = read(fd, at, size);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return NDF_EIO;
        if (got == 0) return NDF_ECORRUPT;
        at += got;
        size -= (size_t)got;
    }
    return NDF_OK;
}

/* Not mapped: another program may cut the file or write in it after it was
 * checked. */
static int load_file(
    struct checkpoint *out, int fd, const char *path, ndf_error *error)
{
    struct stat info;
    if (fstat(fd, &info) != 0) return fail_errno(error, path);
    if (!S_ISREG(info.st_mode) || info.st_size == 0 ||
        info.st_size > SIZE_MAX_READ)
        return fail_strange(error, path);
    size_t size = (size_t)info.st_size;
    out->at = mem_alloc(out->mem, size);
    if (out->at == NULL) return NDF_ENOMEM;
    out->room = size;
    int err = read_all(out->at, size, fd);
    if (err == NDF_EIO) return fail_errno(error, path);
    return err == NDF_OK ? err : fail_strange(error, path);
}

int checkpoint_open(struct checkpoint *out, const struct mem *mem,
    const char *path, ndf_error *error)
{
    *out = (struct checkpoint){.mem = mem};
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return fail_errno(error, path);
    int err = load_file(out, fd, path, error);
    (void)close(fd);
    if (err == NDF_OK) err = check(out, path, error);
    if (err != NDF_OK) checkpoint_close(out);
    return err;
}

void checkpoint_close(struct checkpoint *checkpoint)
{
    if (checkpoint->at != NULL)
        mem_free(checkpoint->mem, checkpoint->at, checkpoint->room);
    memset(checkpoint, 0, sizeof *checkpoint);
}

/* ---- writing --------------------------------------------------------------
 */

void checkpoint_begin(struct buf *buf)
{
    const char room[HEAD_SIZE] = {0};
    buf_add(buf, room, sizeof room);
}

int checkpoint_write(struct buf *buf, const struct checkpoint_tie *tie,
    const char *path, ndf_error *error)
{
    int err = buf_error(buf);
    if (err != NDF_OK) return err;
    char *head = buf->at;
    size_t size = buf->size - HEAD_SIZE;
    put_word(head, WORD_MAGIC, MAGIC);
    put_word(head, WORD_VERSION, VERSION);
    put_word(head, WORD_EPOCH, tie->epoch);
    put_word(head, WORD_NUMBER, tie->number);
    put_word(head, WORD_ANCHOR, tie->anchor);
    put_word(head, WORD_SIZE, size);
    put_word(head, WORD_BYTES, hash_of(head + HEAD_SIZE, size));
    put_word(head, WORD_HEAD, hash_of(head, (size_t)WORD_HEAD * 8));
    return os_write_file(path, buf_str(buf), 0600, error);
}
