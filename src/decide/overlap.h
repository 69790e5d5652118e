/*
 * overlap.h - how much of what two candidates ask for is the same.
 *
 * Each candidate's predicates, of its law and of its taste, are a set of
 * numbers: equal predicates (field, attribute, operator, operand) have equal
 * numbers, and others differ but for one chance in 2^64. Lists of which any
 * item will do are sets, too. Immutable.
 */
#ifndef NDF_DECIDE_OVERLAP_H
#define NDF_DECIDE_OVERLAP_H

#include "base/buf.h"
#include "decide/index.h"

struct overlap;

/* Needs rules only for the call. NDF_OK, NDF_ENOMEM or NDF_ELIMIT. */
int overlap_new(struct overlap **out, const struct mem *mem,
    const struct index_rule *rules, size_t count);
void overlap_free(struct overlap *overlap);
/* Appends it as a block (base/block.h). Failure sticks in out. */
void overlap_write(const struct overlap *overlap, struct buf *out);
/* Uses a block where it lies: borrows it for the overlap's life. All places are
 * checked here; wrong numbers give wrong shares, within 0..1. NDF_OK,
 * NDF_ENOMEM; NDF_ECORRUPT, NDF_ENEWER: to be made anew. */
int overlap_open(struct overlap **out, const struct mem *mem, struct str block);
/* How many candidates it is made of. */
size_t overlap_count(const struct overlap *overlap);
/* How many predicates a candidate has, equal ones counted once. */
size_t overlap_size(const struct overlap *overlap, size_t candidate);
/* The share of a's and b's predicates together that both have (Jaccard),
 * 0..1; 0 when neither has any. */
double overlap_of(const struct overlap *overlap, size_t a, size_t b);

#endif
