/*
 * evidence.h - a source of evidence beside the words: for a task it says how
 * much speaks for each candidate. What that is worth is learned.
 *
 * A provider is pure and immutable: the same task gives the same numbers, and
 * any number of threads may ask at once.
 */
#ifndef NDF_DECIDE_EVIDENCE_H
#define NDF_DECIDE_EVIDENCE_H

#include <stdint.h>

#include "base/mem.h"

enum { EVIDENCE_PROVIDERS_MAX = 4 };

/* For each candidate 0..1, or NAN: nothing to say about it. text may be hostile
 * bytes. out has room for all candidates; arena is scratch. NDF_OK or
 * NDF_ENOMEM. */
typedef int (*evidence_fn)(
    const void *ud, struct str text, struct arena *arena, float *out);

struct evidence {
    evidence_fn score;
    const void *ud;
};

struct evidence_list {
    struct evidence items[EVIDENCE_PROVIDERS_MAX];
    size_t count;
};

/* What all say together about each of count candidates: the mean of those that
 * say anything, 0 when none does. *out lives in arena; NULL: there is no
 * provider. NDF_OK or NDF_ENOMEM. */
int evidence_ask(const struct evidence_list *list, struct str text,
    struct arena *arena, size_t count, float **out);

#endif
