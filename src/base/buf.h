/*
 * buf.h - bytes that grow. An error sticks: append freely, check once.
 */
#ifndef NDF_BASE_BUF_H
#define NDF_BASE_BUF_H

#include <stdbool.h>

#include "base/mem.h"

struct buf {
    const struct mem *mem;
    char *at; /* size bytes, then a NUL; NULL while nothing was appended */
    size_t size;
    size_t capacity;
    bool failed; /* an append ran out of memory; the rest was dropped */
};

void buf_init(struct buf *buf, const struct mem *mem);
void buf_deinit(struct buf *buf);
/* Empties it, keeps the memory and clears a failure. */
void buf_reset(struct buf *buf);
void buf_add(struct buf *buf, const void *bytes, size_t size);
void buf_add_str(struct buf *buf, struct str s);
void buf_add_char(struct buf *buf, char c);
void buf_format(struct buf *buf, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* Room for size more bytes to be written at .at + .size; NULL on failure. */
char *buf_reserve(struct buf *buf, size_t size);
/* The bytes, borrowed until the next change; never NULL. */
struct str buf_str(const struct buf *buf);
/* NDF_ENOMEM if any append failed, else NDF_OK. */
int buf_error(const struct buf *buf);

#endif
