/*
 * terms.h - words that have numbers: each is kept once, with a code, in a
 * space of its own; the same word in two spaces is two terms.
 *
 * A word of up to 16 bytes is told from all others of its size by two integers
 * that have all of its bytes, so that most words are found without a
 * look at their bytes. Plain arrays without pointers between them, so that they
 * can lie in a file. The seed keeps anybody from choosing words that collide.
 */
#ifndef NDF_DECIDE_TERMS_H
#define NDF_DECIDE_TERMS_H

#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/vec.h"

#define TERM_NONE UINT32_MAX

enum { TERM_SHORT = 16 };

struct term {
    uint64_t first, last; /* see term_key */
    uint32_t at, size;    /* in the bytes */
    uint32_t space;
    uint32_t code;
};

struct term_slot {
    uint32_t tag;  /* upper half of the hash */
    uint32_t term; /* number + 1; 0: free */
};

struct terms {
    const struct term_slot *slots;
    uint32_t mask; /* slots - 1: open addressing, a power of two */
    const struct term *items;
    const char *bytes;
    uint64_t seed;
};

/* What tells a short word from all others of its size; of a long one, two
 * hashes, which do not. */
struct term_key {
    uint64_t first, last;
};

static inline uint64_t term_load(const char *at)
{
    uint32_t bytes;
    memcpy(&bytes, at, sizeof bytes);
    return bytes;
}

/* size is at most TERM_SHORT. From four bytes on, four pieces of four that may
 * overlap, so that nothing depends on the size but where they are. */
static inline struct term_key term_key(const char *at, size_t size)
{
    if (size >= 4) {
        const char *last = at + size - 4;
        size_t step = size / 8 * 4;
        return (struct term_key){term_load(at) << 32 | term_load(at + step),
            term_load(last) << 32 | term_load(last - step)};
    }
    if (size == 0) return (struct term_key){0, 0};
    uint64_t few = (uint64_t)(unsigned char)at[0] |
                   (uint64_t)(unsigned char)at[size / 2] << 8 |
                   (uint64_t)(unsigned char)at[size - 1] << 16;
    return (struct term_key){few, 0};
}

/* The halves of a product of 128 bits, folded. */
static inline uint64_t term_hash(
    uint64_t seed, uint32_t space, struct term_key key, size_t size)
{
    const uint64_t odd = UINT64_C(0x9E3779B97F4A7C15);
    __extension__ typedef unsigned __int128 wide;
    wide product =
        (wide)(key.first ^ seed) * ((key.last + space * odd + size) ^ ~seed);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* terms_find of a longer word. */
uint32_t terms_find_long(
    const struct terms *terms, uint32_t space, struct str word);

/* The number of a word, or TERM_NONE. word.at is not NULL. */
__attribute__((always_inline)) static inline uint32_t terms_find(
    const struct terms *terms, uint32_t space, struct str word)
{
    if (word.size > TERM_SHORT) return terms_find_long(terms, space, word);
    struct term_key key = term_key(word.at, word.size);
    uint64_t hash = term_hash(terms->seed, space, key, word.size);
    uint32_t tag = (uint32_t)(hash >> 32);
    for (uint32_t at = (uint32_t)hash;; at++) {
        const struct term_slot *slot = &terms->slots[at & terms->mask];
        if (slot->term == 0) return TERM_NONE;
        if (slot->tag != tag) continue;
        const struct term *term = &terms->items[slot->term - 1];
        if (term->first == key.first && term->last == key.last &&
            term->size == word.size && term->space == space)
            return slot->term - 1;
    }
}

/* Terms that can still grow; `terms` is always right for looking. */
struct terms_new {
    struct terms terms;
    const struct mem *mem;
    struct term_slot *slots;
    struct vec items; /* struct term */
    struct buf bytes;
};

int terms_init(struct terms_new *terms, const struct mem *mem, uint64_t seed);
void terms_deinit(struct terms_new *terms);
/* Finds or adds a word, with code 0. NDF_OK, NDF_ENOMEM, NDF_ELIMIT. */
int terms_add(
    struct terms_new *terms, uint32_t space, struct str word, uint32_t *number);

#endif
