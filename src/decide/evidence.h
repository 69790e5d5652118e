/*
 * evidence.h - a source of evidence beside the words: for a task it says how
 * much speaks for each candidate. What that is worth is learned, one factor
 * for each provider.
 *
 * A provider is pure and immutable: the same task gives the same numbers, and
 * any number of threads may ask at once.
 */
#ifndef NDF_DECIDE_EVIDENCE_H
#define NDF_DECIDE_EVIDENCE_H

#include "base/mem.h"

enum { EVIDENCE_PROVIDERS_MAX = 4 };

/* For each candidate 0..1, or NAN: nothing to say about it. text may be hostile
 * bytes. out has room for all candidates; arena is scratch. NDF_OK or
 * NDF_ENOMEM. */
typedef int (*evidence_fn)(
    const void *ud, struct str text, struct arena *arena, float *out);

struct evidence {
    const char *name; /* for people, and what its factor is learned under */
    evidence_fn score;
    const void *ud;
};

#endif
