/*
 * common_words.h - words that stand in most tasks of a language, whatever they
 * are about.
 *
 * Descriptions are few and short: that a word is in none of them does not tell
 * that it is rare in tasks. So these count as if most documents had them. They
 * are no stop words: they still count a little, in pairs and 4-grams as ever,
 * and of languages that are not here nothing is lost but that.
 */
#ifndef NDF_DECIDE_COMMON_WORDS_H
#define NDF_DECIDE_COMMON_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { COMMON_WORDS_MAX = 1024 };

struct common_words {
    uint32_t hashes[COMMON_WORDS_MAX]; /* of tokens_hash, rising */
    size_t count;
};

void common_words_init(struct common_words *words);
bool common_words_have(const struct common_words *words, uint32_t hash);

#endif
