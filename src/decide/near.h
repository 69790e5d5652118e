/*
 * near.h - which documents say nearly the same as another one.
 *
 * The likeness is the cosine of all their words (bodies too), weighted by how
 * rare each is among the documents. Of 202 and 158 agents in two public
 * collections, no two that were not copies reached 0.65; among 504 with bodies
 * five pairs reached 0.85, all made from one text. Exact, but for this: of many
 * that share their rarest words, the first NEAR_TRIED_MAX are compared.
 */
#ifndef NDF_DECIDE_NEAR_H
#define NDF_DECIDE_NEAR_H

#include "decide/text.h"

#define NEAR_LEAST 0.9 /* from this likeness on they are near copies */
#define NEAR_NONE  SIZE_MAX
enum { NEAR_TRIED_MAX = 64 };

struct near;

/* Borrows features (of text_features) and what they point to. Those that are
 * not valid are like nothing. NDF_OK, NDF_ENOMEM, NDF_ELIMIT. */
int near_new(struct near **out, const struct mem *mem,
    const struct str *features, size_t count);
void near_free(struct near *near);
/* The one that is most like a document, the first of equals; NEAR_NONE when
 * none reaches NEAR_LEAST. Copies but for the name have likeness 1. */
size_t near_best(struct near *near, size_t document, double *likeness);
/* The likeness of two documents of an index over count documents, of which a
 * and b are the features; 0 when it is all but certainly below NEAR_LEAST,
 * which is seen soon for nearly all. */
double near_pair(
    const struct text_index *index, size_t count, struct str a, struct str b);

#endif
