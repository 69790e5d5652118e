/*
 * block.h - arrays of plain values in one piece of bytes that may lie in a
 * file, and be used where they lie.
 *
 * A block has a head (what it is, how large), a table of its arrays and the
 * arrays, each at a multiple of BLOCK_ALIGN from the start of the block.
 * Whatever points from one value to another does so by a number, never by an
 * address. Numbers are as this machine has them: what another kind of machine
 * wrote is not recognised, which is as good as damaged.
 *
 * Bytes to be opened may be hostile: opening sees that every array lies
 * within the block; what the values in them say is for their owner to check.
 */
#ifndef NDF_BASE_BLOCK_H
#define NDF_BASE_BLOCK_H

#include <stdint.h>

#include "base/buf.h"

/* A cache line, so that items of that size lie in one each. Who lends a block
 * that begins elsewhere, but at a multiple of BLOCK_START, loses only that. */
enum { BLOCK_ALIGN = 64, BLOCK_START = 8, BLOCK_ARRAYS_MAX = 32 };

/* What a block is; another version is another form of the same. */
struct block_kind {
    uint64_t magic;
    uint64_t version;
};

struct block_array {
    void *at; /* of an opened block: never NULL, and not to be written */
    size_t count;
    size_t item_size;
};

/* Appends a block, after zeros up to a multiple of BLOCK_ALIGN; where it begins
 * is put into *start, which may be NULL. Failure sticks in out. At most
 * BLOCK_ARRAYS_MAX arrays. */
void block_write(struct buf *out, const struct block_kind *kind,
    const struct block_array *arrays, size_t count, size_t *start);
/* arrays[].item_size is given; at and count are filled and point into bytes,
 * which must begin at a multiple of BLOCK_START in memory and be the block and
 * nothing else. NDF_OK; NDF_ENEWER: of a later version; NDF_ECORRUPT. */
int block_open(struct str bytes, const struct block_kind *kind,
    struct block_array *arrays, size_t count);

#endif
