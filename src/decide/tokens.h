/*
 * tokens.h - from text to the hashed words and 4-grams that text.h compares.
 *
 * A word is a run of letters, marks and digits; camelCase, snake_case and
 * kebab-case come apart, and the joined form is given too. Scripts that put no
 * blanks between words give overlapping pairs of characters. Words are folded
 * (NFKC, case) and stemmed lightly; no list of stop words of any language.
 */
#ifndef NDF_DECIDE_TOKENS_H
#define NDF_DECIDE_TOKENS_H

#include <stdint.h>

#include "base/buf.h"

enum {
    TOKENS_WORD_MAX = 64,  /* bytes of a word before folding */
    TOKENS_GRAM = 4,       /* code points of a gram */
    TOKENS_CLASS_BITS = 2, /* top bits of a word's hash: its length class */
    TOKENS_CLASSES = 1 << TOKENS_CLASS_BITS,
};

struct tokens {
    struct str text;
    size_t at;   /* behind the run of word characters under way */
    size_t part; /* where the next part of the run starts */
    size_t run_start, run_end;
    unsigned parts;  /* of the run, given so far */
    bool unspaced;   /* the run gives pairs of characters */
    struct buf word; /* folded */
};

/* Borrows text (valid UTF-8) and mem. */
void tokens_init(struct tokens *tokens, const struct mem *mem, struct str text);
void tokens_deinit(struct tokens *tokens);
/* The next word, folded, borrowed until the next call; false at the end or
 * when out of memory (tokens_error tells). */
bool tokens_next(struct tokens *tokens, struct str *word);
int tokens_error(const struct tokens *tokens);

/* The hash of a folded word's stem, its length class in the top bits. */
uint32_t tokens_hash(struct str word);
/* 0: up to 2 code points, 1: 3, 2: 4, 3: more. */
unsigned tokens_class(uint32_t hash);
/* The hashes of the 4-grams of a folded word, padded at both ends; at most
 * TOKENS_WORD_GRAMS_MAX. Returns how many. */
enum { TOKENS_WORD_GRAMS_MAX = 3 * TOKENS_WORD_MAX };
size_t tokens_grams(struct str word, uint32_t out[TOKENS_WORD_GRAMS_MAX]);

#endif
