/*
 * postings.h - an inverted index: from a term's hash to the documents that
 * have it. Built at once by a radix sort; immutable afterwards.
 */
#ifndef NDF_DECIDE_POSTINGS_H
#define NDF_DECIDE_POSTINGS_H

#include <stdint.h>

#include "base/block.h"
#include "base/mem.h"

/* One term of one document, before sorting. */
struct posting_entry {
    uint32_t hash;
    uint32_t document;
    uint16_t core, body; /* weights in 64ths */
};

struct posting {
    uint32_t document;
    uint16_t core, body;
};

struct postings {
    const struct mem *mem;
    struct posting *items; /* by hash, then document */
    size_t count;
    uint32_t *hashes; /* of the distinct terms, rising */
    uint32_t *starts; /* term_count + 1: where each term's items begin */
    size_t term_count;
    uint32_t *directory; /* first term at or above each value of the top bits */
    unsigned shift;
};

/* entries must be grouped by rising document; other has room for as many. Both
 * are scratch and hold anything afterwards. NDF_OK, NDF_ENOMEM or NDF_ELIMIT;
 * deinit is right after all. */
int postings_init(struct postings *postings, const struct mem *mem,
    struct posting_entry *entries, struct posting_entry *other, size_t count);
void postings_deinit(struct postings *postings);

/* The arrays that postings are: for a block. */
enum { POSTINGS_ARRAYS = 4 };
void postings_arrays(
    const struct postings *postings, struct block_array out[POSTINGS_ARRAYS]);
/* The same the other way: arrays as an opened block has them, which are lent,
 * so deinit is not for these. Which documents the items name is not looked at.
 * NDF_OK or NDF_ECORRUPT. */
int postings_lend(struct postings *postings,
    const struct block_array arrays[POSTINGS_ARRAYS]);
/* The items of a term; *count 0 when nobody has it. */
const struct posting *postings_find(
    const struct postings *postings, uint32_t hash, size_t *count);
/* The posting of one document, or NULL. */
const struct posting *postings_of(
    const struct postings *postings, uint32_t hash, uint32_t document);

#endif
