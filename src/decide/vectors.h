/*
 * vectors.h - words as vectors, read from a file of GloVe's or word2vec's text
 * format, and what a text means as the mean of its words.
 *
 * A line is a word and its numbers, between blanks; a first line of two whole
 * numbers (words, dimensions) is word2vec's. Words are looked up as tokens.h
 * folds them; of several that fold alike the first is taken, which is the
 * commonest, since such files begin with the commonest words. What no text
 * could name (punctuation, phrases, bytes that are no UTF-8) is passed over.
 *
 * Numbers are kept in 8 bits. The common part of all vectors is taken off each,
 * else any two texts would look alike.
 */
#ifndef NDF_DECIDE_VECTORS_H
#define NDF_DECIDE_VECTORS_H

#include <stdint.h>

#include "ndf/error.h"

#include "base/mem.h"

enum {
    VECTORS_WORDS_MAX = 400000, /* taken: the first of the file */
    VECTORS_DIMS_MIN = 2,
    VECTORS_DIMS_MAX = 1024,
    VECTORS_LINE_MAX = 64 * 1024, /* bytes */
    VECTORS_STRIDE = 16,          /* bytes that a row's size is a multiple of */
    VECTORS_TEXT_MAX = 32 * 1024, /* bytes read of a text */
};

/* Immutable, and shared by counting. */
struct vectors;
/* Makes one of bytes as they come. */
struct vectors_reader;

int vectors_reader_new(struct vectors_reader **out, const struct mem *mem);
/* Accepts NULL. */
void vectors_reader_free(struct vectors_reader *reader);
/* The next bytes of the file, cut anywhere. An error names the line:
 * NDF_ESYNTAX, NDF_ELIMIT; NDF_ENOMEM. After one, only free it. */
int vectors_reader_add(
    struct vectors_reader *reader, struct str bytes, ndf_error *error);
/* Whether it has taken all that it takes: the rest need not be read. */
bool vectors_reader_full(const struct vectors_reader *reader);
/* After the last bytes; only free it then. One reference is the caller's.
 * NDF_ESYNTAX also for a file that was cut, or has no words; NDF_ENOMEM. */
int vectors_reader_end(
    struct vectors_reader *reader, struct vectors **out, ndf_error *error);

void vectors_ref(struct vectors *vectors);
/* Frees with the last reference. Accepts NULL. */
void vectors_unref(struct vectors *vectors);
size_t vectors_count(const struct vectors *vectors);
/* Bytes of a row: its dimensions, and zeros up to a multiple of the stride. */
size_t vectors_row_size(const struct vectors *vectors);

/* A sum of the vectors of words, rare ones counting more. */
struct vectors_sum {
    size_t words; /* that were known */
    float at[VECTORS_DIMS_MAX];
};

/* Adds the words of a text, which may be hostile bytes. NDF_OK or NDF_ENOMEM.
 */
int vectors_add(const struct vectors *vectors, const struct mem *mem,
    struct str text, struct vectors_sum *sum);
/* The direction of a sum in 8 bits; returns 1 / its length, 0 for a sum that
 * has none. out has room for a row. */
float vectors_row(
    const struct vectors *vectors, const struct vectors_sum *sum, int8_t *out);
/* The product of two rows; times both their 1 / length it is the cosine. */
int32_t vectors_dot(const int8_t *a, const int8_t *b, size_t size);

#endif
