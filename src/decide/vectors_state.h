/*
 * vectors_state.h - word vectors inside, and how they are made; private to
 * vectors*.c.
 */
#ifndef NDF_DECIDE_VECTORS_STATE_H
#define NDF_DECIDE_VECTORS_STATE_H

#include <stdatomic.h>

#include "decide/vectors.h"

struct vectors {
    struct mem mem;
    _Atomic size_t references;
    size_t dims, stride, count;
    int8_t *rows;
    float *scales; /* 1 / the length of a row */
    uint64_t *hashes;
    uint32_t *slots;
    size_t row_capacity, scale_capacity, hash_capacity, slot_count;
};

/* Without words. NDF_OK or NDF_ENOMEM. */
int vectors_new(struct vectors **out, const struct mem *mem);
/* Once, before the first word: VECTORS_DIMS_MIN to VECTORS_DIMS_MAX. */
void vectors_set_dims(struct vectors *vectors, size_t dims);
/* Takes a folded word, unless it is there or its numbers have no direction.
 * NDF_OK or NDF_ENOMEM. */
int vectors_put(struct vectors *vectors, struct str word, const float *numbers);
/* After the last word: takes their common part off, gives back spare room. */
void vectors_settle(struct vectors *vectors);

#endif
