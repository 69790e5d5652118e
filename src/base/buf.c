/*
 * buf.c - bytes that grow.
 *
 * Invariant: when at is not NULL, size < capacity and at[size] is NUL.
 */
#include "base/buf.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "ndf/error.h"

void buf_init(struct buf *buf, const struct mem *mem)
{
    *buf = (struct buf){.mem = mem};
}

void buf_deinit(struct buf *buf)
{
    mem_free(buf->mem, buf->at, buf->capacity);
    buf_init(buf, buf->mem);
}

void buf_reset(struct buf *buf)
{
    buf->size = 0;
    buf->failed = false;
    if (buf->at != NULL) buf->at[0] = '\0';
}

char *buf_reserve(struct buf *buf, size_t size)
{
    if (buf->failed) return NULL;
    if (size < buf->capacity - buf->size) {
        buf->at[buf->size] = '\0';
        return buf->at + buf->size;
    }
    int err = NDF_ENOMEM;
    if (size < SIZE_MAX - buf->size) {
        void *at = buf->at;
        err = mem_grow(buf->mem, &at, &buf->capacity, buf->size + size + 1, 1);
        buf->at = at;
    }
    if (err != NDF_OK) {
        buf->failed = true;
        return NULL;
    }
    buf->at[buf->size] = '\0';
    return buf->at + buf->size;
}

void buf_add(struct buf *buf, const void *bytes, size_t size)
{
    char *to = buf_reserve(buf, size);
    if (to == NULL) return;
    if (size > 0) memcpy(to, bytes, size);
    buf->size += size;
    buf->at[buf->size] = '\0';
}

void buf_add_str(struct buf *buf, struct str s)
{
    buf_add(buf, s.at, s.size);
}

void buf_add_char(struct buf *buf, char c)
{
    buf_add(buf, &c, 1);
}

void buf_format(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    va_list again;
    va_copy(again, args);
    /* Into the room that there is; most often it is enough. */
    size_t room = buf->failed ? 0 : buf->capacity - buf->size;
    int size =
        vsnprintf(room > 0 ? buf->at + buf->size : NULL, room, format, args);
    va_end(args);
    if (size >= 0 && (size_t)size < room) {
        buf->size += (size_t)size;
    } else {
        if (room > 0) buf->at[buf->size] = '\0';
        char *to = size < 0 ? NULL : buf_reserve(buf, (size_t)size);
        if (to != NULL) {
            (void)vsnprintf(to, (size_t)size + 1, format, again);
            buf->size += (size_t)size;
        }
    }
    va_end(again);
    if (size < 0) buf->failed = true;
}

struct str buf_str(const struct buf *buf)
{
    if (buf->at == NULL) return STR("");
    return (struct str){buf->at, buf->size};
}

int buf_error(const struct buf *buf)
{
    return buf->failed ? NDF_ENOMEM : NDF_OK;
}
