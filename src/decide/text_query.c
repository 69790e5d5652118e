/*
 * text_query.c - a task's text made ready to be scored (text.h).
 *
 * A long task is read at its head and its tail, where people say what they
 * want. Invariant: terms and grams rise by hash, without repetition.
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "decide/text.h"
#include "decide/tokens.h"

enum { SORT_SMALL = 48 };

static int by_term(const void *a, const void *b)
{
    const struct text_term *x = a;
    const struct text_term *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return str_compare(x->word, y->word);
}

/* Most queries are short: an insertion needs no call for each comparison. */
static void sort_terms(struct text_term *terms, size_t count)
{
    if (count > SORT_SMALL) {
        qsort(terms, count, sizeof *terms, by_term);
        return;
    }
    for (size_t i = 1; i < count; i++) {
        struct text_term term = terms[i];
        size_t at = i;
        for (; at > 0 && by_term(&terms[at - 1], &term) > 0; at--)
            terms[at] = terms[at - 1];
        terms[at] = term;
    }
}

/* Shell's method with Tokuda's gaps, for the same reason. */
static void sort_numbers(uint32_t *numbers, size_t count)
{
    static const size_t gaps[] = {
        13467, 5985, 2660, 1182, 525, 233, 103, 46, 20, 9, 4, 1};
    for (size_t g = 0; g < sizeof gaps / sizeof gaps[0]; g++) {
        size_t gap = gaps[g];
        for (size_t i = gap; i < count; i++) {
            uint32_t number = numbers[i];
            size_t at = i;
            for (; at >= gap && numbers[at - gap] > number; at -= gap)
                numbers[at] = numbers[at - gap];
            numbers[at] = number;
        }
    }
}

/* What was read of a text, one entry an occurrence. */
struct reading {
    struct arena *arena;
    struct vec terms; /* struct text_term */
    struct vec grams; /* uint32_t */
    struct vec pairs; /* uint32_t */
    uint32_t before;  /* hash of the word before; 0: none */
};

static int read_pair(struct reading *reading, uint32_t hash)
{
    uint32_t before = reading->before;
    reading->before = hash;
    if (before == 0) return NDF_OK;
    uint32_t *pair = vec_push(&reading->pairs);
    if (pair == NULL) return NDF_ENOMEM;
    *pair = before * 0x85EBCA6BU ^ hash * 0x9E3779B1U;
    return NDF_OK;
}

static int read_word(struct reading *reading, struct str word)
{
    if (reading->terms.count >= (size_t)4 * TEXT_QUERY_WORDS_MAX) return NDF_OK;
    struct text_term *term = vec_push(&reading->terms);
    if (term == NULL) return NDF_ENOMEM;
    term->hash = tokens_hash(word);
    term->count = 1;
    term->word = arena_str(reading->arena, word);
    if (term->word.at == NULL) return NDF_ENOMEM;
    int err = read_pair(reading, term->hash);
    if (err != NDF_OK) return err;
    uint32_t *grams = vec_reserve(&reading->grams, TOKENS_WORD_GRAMS_MAX);
    if (grams == NULL) return NDF_ENOMEM;
    reading->grams.count += tokens_grams(word, grams);
    return NDF_OK;
}

static int read_text(struct reading *reading, struct str text)
{
    struct buf mended;
    struct tokens tokens;
    struct str word;
    buf_init(&mended, reading->arena->mem);
    if (!utf8_valid(text)) {
        utf8_add_lossy(&mended, text);
        text = buf_str(&mended);
    }
    int err = buf_error(&mended);
    tokens_init(&tokens, reading->arena->mem, text);
    while (err == NDF_OK && tokens_next(&tokens, &word))
        err = read_word(reading, word);
    if (err == NDF_OK) err = tokens_error(&tokens);
    tokens_deinit(&tokens);
    buf_deinit(&mended);
    return err;
}

static void merge_terms(struct reading *reading, struct text_query *out)
{
    struct text_term *terms = out->terms;
    size_t count = reading->terms.count;
    sort_terms(terms, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept > 0 && terms[i].hash == terms[kept - 1].hash)
            terms[kept - 1].count += 1;
        else terms[kept++] = terms[i];
    }
    out->cut = out->cut || kept > TEXT_QUERY_WORDS_MAX;
    out->term_count = kept < TEXT_QUERY_WORDS_MAX ? kept : TEXT_QUERY_WORDS_MAX;
}

static void merge_grams(struct reading *reading, struct text_query *out)
{
    uint32_t *grams = out->grams;
    size_t count = reading->grams.count;
    sort_numbers(grams, count);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || grams[i] != grams[kept - 1]) {
            if (kept == TEXT_QUERY_GRAMS_MAX) break;
            out->gram_counts[kept] = 0;
            grams[kept++] = grams[i];
        }
        out->gram_counts[kept - 1] += 1;
    }
    out->gram_count = kept;
}

static int finish(struct reading *reading, struct text_query *out)
{
    out->terms = vec_dup(&reading->terms, reading->arena);
    out->grams = vec_dup(&reading->grams, reading->arena);
    out->gram_counts = arena_calloc(
        reading->arena, reading->grams.count, sizeof *out->gram_counts);
    out->pairs = vec_dup(&reading->pairs, reading->arena);
    out->pair_count = reading->pairs.count;
    if (out->terms == NULL || out->grams == NULL || out->pairs == NULL ||
        out->gram_counts == NULL)
        return NDF_ENOMEM;
    if (reading->terms.count > 0) merge_terms(reading, out);
    if (reading->grams.count > 0) merge_grams(reading, out);
    return NDF_OK;
}

int text_query_make(
    struct arena *arena, struct str text, struct text_query *out)
{
    memset(out, 0, sizeof *out);
    struct reading reading = {.arena = arena};
    vec_init(&reading.terms, arena->mem, sizeof(struct text_term));
    vec_init(&reading.grams, arena->mem, sizeof(uint32_t));
    vec_init(&reading.pairs, arena->mem, sizeof(uint32_t));
    struct str tail = {text.at, 0};
    if (text.size > TEXT_QUERY_BYTES_MAX) {
        size_t half = TEXT_QUERY_BYTES_MAX / 2;
        tail = str_from(text, text.size - half);
        text = str_until(text, half);
        out->cut = true;
    }
    int err = read_text(&reading, text);
    if (err == NDF_OK && tail.size > 0) err = read_text(&reading, tail);
    if (err == NDF_OK) err = finish(&reading, out);
    vec_deinit(&reading.terms);
    vec_deinit(&reading.grams);
    vec_deinit(&reading.pairs);
    return err;
}

enum { KIND_WORD, KIND_PAIR, KIND_GRAM, KIND_SHIFT = 30 };

/* The kind in the top bits, the hash mixed into the others. */
static uint32_t feature_hash(uint32_t kind, uint32_t hash)
{
    hash ^= hash >> 16;
    hash *= 0x7FEB352DU;
    hash ^= hash >> 15;
    return kind << KIND_SHIFT | (hash & ((1U << KIND_SHIFT) - 1));
}

static uint8_t times_of(float count)
{
    return count < 255 ? (uint8_t)count : 255;
}

int text_query_features(const struct text_query *query, struct arena *arena,
    struct lesson_feature **out, size_t *count)
{
    size_t all = query->term_count + query->pair_count + query->gram_count;
    if (all > LESSON_FEATURES_MAX) all = LESSON_FEATURES_MAX;
    struct lesson_feature *features =
        arena_alloc(arena, all * sizeof *features);
    if (features == NULL) return NDF_ENOMEM;
    size_t at = 0;
    for (size_t i = 0; i < query->term_count && at < all; i++)
        features[at++] = (struct lesson_feature){
            feature_hash(KIND_WORD, query->terms[i].hash),
            times_of(query->terms[i].count)};
    for (size_t i = 0; i < query->pair_count && at < all; i++)
        features[at++] = (struct lesson_feature){
            feature_hash(KIND_PAIR, query->pairs[i]), 1};
    for (size_t i = 0; i < query->gram_count && at < all; i++)
        features[at++] =
            (struct lesson_feature){feature_hash(KIND_GRAM, query->grams[i]),
                times_of(query->gram_counts[i])};
    *out = features;
    *count = all;
    return NDF_OK;
}
