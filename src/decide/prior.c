/*
 * prior.c - see prior.h.
 *
 * A copy is the struct with its arrays behind it, each aligned for any type.
 * Invariant: matches, scores and meaning are in the order of candidates.
 */
#include "decide/prior.h"

#include <stddef.h>
#include <string.h>

/* ---- a copy -------------------------------------------------------------- */

/* A block being measured (at NULL) or filled. */
struct block {
    char *at;
    size_t used;
};

/* Room for count items, and their copy, if it is filled and from is given. */
static void *take(
    struct block *block, const void *from, size_t count, size_t size)
{
    const size_t align = _Alignof(max_align_t);
    size_t start = block->used;
    block->used += (count * size + align - 1) / align * align;
    if (block->at == NULL) return NULL;
    void *to = block->at + start;
    if (from != NULL && count > 0) memcpy(to, from, count * size);
    return to;
}

static void take_terms(
    struct block *block, const struct text_query *from, struct prior *to)
{
    size_t bytes = 0;
    struct text_term *terms =
        take(block, from->terms, from->term_count, sizeof *terms);
    for (size_t i = 0; i < from->term_count; i++)
        bytes += from->terms[i].word.size;
    char *words = take(block, NULL, bytes, 1);
    if (block->at == NULL) return;
    for (size_t i = 0; i < from->term_count; i++) {
        struct str *word = &terms[i].word;
        if (word->size > 0) memcpy(words, word->at, word->size);
        word->at = words;
        words += word->size;
    }
    to->text = (struct text_query){
        .terms = terms, .term_count = from->term_count, .cut = from->cut};
}

/* The score of a match, or NULL; *at goes up with it. */
static const struct text_score *score_of(
    const struct prior *prior, size_t match, size_t *at)
{
    const struct text_scores *scores = &prior->scores;
    uint32_t candidate = prior->matches.items[match].candidate;
    while (*at < scores->count && scores->items[*at].document < candidate)
        (*at)++;
    if (*at == scores->count || scores->items[*at].document != candidate)
        return NULL;
    return &scores->items[*at];
}

static void take_scores(
    struct block *block, const struct prior *from, struct prior *to)
{
    size_t at = 0;
    size_t count = 0;
    for (size_t i = 0; i < from->matches.count; i++)
        count += score_of(from, i, &at) != NULL;
    struct text_score *items = take(block, NULL, count, sizeof *items);
    if (block->at == NULL) return;
    at = 0;
    to->scores = (struct text_scores){
        .items = items, .known = from->scores.known, .mass = from->scores.mass};
    for (size_t i = 0; i < from->matches.count; i++) {
        const struct text_score *score = score_of(from, i, &at);
        if (score != NULL) items[to->scores.count++] = *score;
    }
}

static void take_matches(
    struct block *block, const struct prior *from, struct prior *to)
{
    size_t count = from->matches.count;
    struct index_match *items =
        take(block, from->matches.items, count, sizeof *items);
    float *meaning = NULL;
    if (from->meaning != NULL)
        meaning = take(block, from->meaning, count, sizeof *meaning);
    if (block->at == NULL) return;
    for (size_t i = 0; i < count; i++)
        items[i].good = NULL;
    to->matches = (struct index_matches){
        .items = items, .count = count, from->matches.effort_limit};
    to->meaning = meaning;
}

static void lay_out(
    struct block *block, const struct prior *from, struct prior *to)
{
    (void)take(block, NULL, 1, sizeof *to);
    take_terms(block, &from->text, to);
    take_scores(block, from, to);
    struct lesson_feature *features =
        take(block, from->features, from->feature_count, sizeof *features);
    if (block->at != NULL) to->features = features;
    take_matches(block, from, to);
}

int prior_finish(struct prior *prior, struct arena *arena)
{
    if (prior->text.term_count == 0) return NDF_OK;
    return text_query_features(
        &prior->text, arena, &prior->features, &prior->feature_count);
}

size_t prior_size(const struct prior *prior)
{
    struct block block = {NULL, 0};
    struct prior measured;
    lay_out(&block, prior, &measured);
    return block.used;
}

void prior_write(const struct prior *prior, void *at)
{
    struct block block = {at, 0};
    struct prior *to = at;
    *to = (struct prior){
        .feature_count = prior->feature_count, .domain = prior->domain};
    lay_out(&block, prior, to);
}
