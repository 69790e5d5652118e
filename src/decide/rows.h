/*
 * rows.h - which bits are set in all of several rows, with the widest
 * instructions that the machine has.
 */
#ifndef NDF_DECIDE_ROWS_H
#define NDF_DECIDE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ROWS_WORDS_MAX = 64 }; /* of one call */

enum rows_with { ROWS_BEST, ROWS_SCALAR, ROWS_AVX2, ROWS_AVX512 };

/* Words first to first + words - 1 (1 to ROWS_WORDS_MAX) of count rows (at
 * least 1), ANDed. Fills out with the numbers of the bits that are set, rising,
 * the lowest of word `first` being 0; returns how many. */
typedef size_t (*rows_fn)(const uint64_t *const *rows, size_t count,
    size_t first, size_t words, uint16_t out[ROWS_WORDS_MAX * 64]);

/* Whether this machine has them. */
bool rows_have(enum rows_with with);
/* What a machine has not is taken as ROWS_BEST. */
rows_fn rows_function(enum rows_with with);

#endif
