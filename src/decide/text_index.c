/*
 * text_index.c - an inverted index over features, and its scores (text.h).
 *
 * BM25 (Robertson, Zaragoza: The Probabilistic Relevance Framework, 2009) over
 * words, as a share of what a document that says exactly the query many times
 * would get; and the cosine between TF-IDF vectors of words and 4-grams. How
 * rare a word is cannot be told from three documents, so the counts start as
 * if BACKGROUND other documents had been seen, in which short words are common
 * and long ones are not: true enough of all languages, and no list of stop
 * words. Invariant: sums run in the order of hashes, so they repeat exactly.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "decide/text_form.h"
#include "decide/text_state.h"
#include "decide/tokens.h"

#define K1         1.2
#define B          0.6
#define BACKGROUND 12.0

/* Share of the background documents that have a word of each length class. */
static const double common[TOKENS_CLASSES] = {0.5, 0.3, 0.12, 0.04};
#define COMMON_GRAM 0.05
/* ... and of all documents, for words that stand in most tasks. */
#define COMMON_WORD 0.8

void text_index_free(struct text_index *index)
{
    if (index == NULL) return;
    const struct mem *mem = index->mem;
    if (!index->lent) {
        postings_deinit(&index->words);
        postings_deinit(&index->grams);
        mem_free(
            mem, index->documents, index->count * sizeof *index->documents);
        mem_free(mem, index->negatives,
            index->negative_room * sizeof *index->negatives);
    }
    mem_free(mem, index, sizeof *index);
}

static double idf(const struct text_index *index, size_t having, double share)
{
    double all = (double)index->count + BACKGROUND;
    double d = (double)having + BACKGROUND * share;
    return log(1.0 + (all - d + 0.5) / (d + 0.5));
}

static double word_idf(
    const struct text_index *index, uint32_t hash, size_t having)
{
    if (!common_words_have(&index->common, hash))
        return idf(index, having, common[tokens_class(hash)]);
    double all = (double)index->count + BACKGROUND;
    double d = fmin((double)having + COMMON_WORD * all, all);
    return log(1.0 + (all - d + 0.5) / (d + 0.5));
}

/* How often a term stands in a document, dampened, for the cosine. */
static double dampen(double count)
{
    return sqrt(count);
}

/* ---- building ------------------------------------------------------------ */

/* What all features hold together. */
struct totals {
    size_t words, grams, negatives;
};

static void add_totals(struct totals *totals, struct str features)
{
    totals->words += form_u32(features.at + 4);
    totals->grams += form_u32(features.at + 8);
    totals->negatives += form_u32(features.at + 12);
}

/* Two arrays that hold all words, or all 4-grams, in turn. */
struct scratch {
    struct posting_entry *entries, *other;
};

static void read_word_entries(const char *at, struct posting_entry *entries,
    size_t count, uint32_t document)
{
    for (size_t i = 0; i < count; i++, at += FORM_WORD) {
        entries[i] = (struct posting_entry){.hash = form_u32(at),
            .document = document,
            .core = form_u16(at + 4),
            .body = form_u16(at + 6)};
    }
}

/* The weight of a 4-gram is only ever used dampened: nearly all stand once in
 * a document, so the root is rarely taken. */
static uint16_t gram_weight(const char *at)
{
    uint16_t weight = form_u16(at + 4);
    if (weight == FORM_UNIT) return weight;
    return (uint16_t)(dampen((double)weight / FORM_UNIT) * FORM_UNIT + 0.5);
}

static void read_gram_entries(const char *at, struct posting_entry *entries,
    size_t count, uint32_t document)
{
    for (size_t i = 0; i < count; i++, at += FORM_PAIR) {
        entries[i] = (struct posting_entry){.hash = form_u32(at),
            .document = document,
            .core = gram_weight(at)};
    }
}

static int read_words(struct text_index *index, const struct str *features,
    const bool *valid, struct scratch *scratch)
{
    size_t total = 0;
    for (size_t d = 0; d < index->count; d++) {
        if (!valid[d]) continue;
        size_t words = form_u32(features[d].at + 4);
        read_word_entries(features[d].at + FORM_HEADER,
            scratch->entries + total, words, (uint32_t)d);
        total += words;
    }
    return postings_init(
        &index->words, index->mem, scratch->entries, scratch->other, total);
}

static int read_grams(struct text_index *index, const struct str *features,
    const bool *valid, struct scratch *scratch)
{
    size_t total = 0;
    for (size_t d = 0; d < index->count; d++) {
        if (!valid[d]) continue;
        const char *at = features[d].at;
        size_t grams = form_u32(at + 8);
        at += FORM_HEADER + (size_t)form_u32(at + 4) * FORM_WORD;
        read_gram_entries(at, scratch->entries + total, grams, (uint32_t)d);
        total += grams;
    }
    return postings_init(
        &index->grams, index->mem, scratch->entries, scratch->other, total);
}

/* What of the features does not go into postings. */
static void read_head(struct text_index *index, struct str features, size_t d)
{
    struct document *document = &index->documents[d];
    size_t words = form_u32(features.at + 4);
    size_t grams = form_u32(features.at + 8);
    size_t negatives = form_u32(features.at + 12);
    const char *at =
        features.at + FORM_HEADER + words * FORM_WORD + grams * FORM_PAIR;
    document->length = (float)form_u32(features.at + 16) / FORM_UNIT;
    document->identity = form_u64(features.at + 20);
    document->negative_at = (uint32_t)index->negative_count;
    document->negative_count = (uint32_t)negatives;
    for (size_t i = 0; i < negatives; i++, at += FORM_PAIR) {
        index->negatives[index->negative_count++] = (struct negative){
            form_u32(at), (float)form_u16(at + 4) / FORM_UNIT};
    }
}

/* Adds the squares of a word's weights to the norms of its documents. */
static void add_word(struct text_index *index, size_t term)
{
    const struct postings *words = &index->words;
    size_t having = words->starts[term + 1] - words->starts[term];
    double weight = word_idf(index, words->hashes[term], having);
    double square = weight * weight / FORM_UNIT;
    const struct posting *items = words->items + words->starts[term];
    for (size_t i = 0; i < having; i++)
        index->documents[items[i].document].norm +=
            (float)(items[i].core * square);
}

static void add_gram(struct text_index *index, size_t term)
{
    const struct postings *grams = &index->grams;
    size_t having = grams->starts[term + 1] - grams->starts[term];
    double weight = idf(index, having, COMMON_GRAM) / FORM_UNIT;
    double square = weight * weight;
    const struct posting *items = grams->items + grams->starts[term];
    for (size_t i = 0; i < having; i++)
        index->documents[items[i].document].norm +=
            (float)(items[i].core * items[i].core * square);
}

static void weigh_negatives(struct text_index *index)
{
    for (size_t d = 0; d < index->count; d++) {
        struct document *document = &index->documents[d];
        if (document->negative_count == 0) continue;
        struct negative *at = index->negatives + document->negative_at;
        double sum = 0;
        for (size_t i = 0; i < document->negative_count; i++) {
            size_t having;
            postings_find(&index->words, at[i].hash, &having);
            double weight = dampen((double)at[i].weight) *
                            word_idf(index, at[i].hash, having);
            at[i].weight = (float)weight;
            sum += weight * weight;
        }
        document->negative_norm = (float)sqrt(sum);
    }
}

static void weigh(struct text_index *index)
{
    for (size_t t = 0; t < index->words.term_count; t++)
        add_word(index, t);
    for (size_t t = 0; t < index->grams.term_count; t++)
        add_gram(index, t);
    double length = 0;
    for (size_t d = 0; d < index->count; d++) {
        index->documents[d].norm = sqrtf(index->documents[d].norm);
        length += (double)index->documents[d].length;
    }
    double average = length > 0 ? length / (double)index->count : 1;
    for (size_t d = 0; d < index->count; d++) {
        double share = (double)index->documents[d].length / average;
        index->documents[d].pivot = (float)(K1 * (1 - B + B * share));
    }
    weigh_negatives(index);
}

static int fill_postings(struct text_index *index, const struct str *features,
    const bool *valid, const struct totals *totals)
{
    const struct mem *mem = index->mem;
    size_t most = totals->words > totals->grams ? totals->words : totals->grams;
    /* One more, so that no words are no special case. */
    size_t size = (most + 1) * sizeof(struct posting_entry);
    struct scratch scratch = {.entries = mem_alloc(mem, size)};
    scratch.other = mem_alloc(mem, size);
    int err = NDF_ENOMEM;
    if (scratch.entries != NULL && scratch.other != NULL)
        err = read_words(index, features, valid, &scratch);
    if (err == NDF_OK) err = read_grams(index, features, valid, &scratch);
    mem_free(mem, scratch.entries, size);
    mem_free(mem, scratch.other, size);
    return err;
}

static int build(struct text_index *index, const struct str *features,
    size_t count, bool *valid)
{
    struct totals totals = {0, 0, 0};
    for (size_t d = 0; d < count; d++) {
        valid[d] = text_features_valid(features[d]);
        if (valid[d]) add_totals(&totals, features[d]);
    }
    index->documents = mem_calloc(index->mem, count, sizeof *index->documents);
    if (index->documents == NULL) return NDF_ENOMEM;
    index->count = count;
    if (totals.negatives > 0) {
        index->negatives =
            mem_calloc(index->mem, totals.negatives, sizeof *index->negatives);
        if (index->negatives == NULL) return NDF_ENOMEM;
        index->negative_room = totals.negatives;
    }
    for (size_t d = 0; d < count; d++) {
        if (valid[d]) read_head(index, features[d], d);
    }
    int err = fill_postings(index, features, valid, &totals);
    if (err == NDF_OK) weigh(index);
    return err;
}

int text_index_new(struct text_index **out, const struct mem *mem,
    const struct str *features, size_t count)
{
    *out = NULL;
    if (count > TEXT_DOCUMENTS_MAX) return NDF_ELIMIT;
    struct text_index *index = mem_calloc(mem, 1, sizeof *index);
    if (index == NULL) return NDF_ENOMEM;
    index->mem = mem;
    common_words_init(&index->common);
    int err = NDF_OK;
    if (count > 0) {
        bool *valid = mem_calloc(mem, count, sizeof *valid);
        err = valid != NULL ? build(index, features, count, valid) : NDF_ENOMEM;
        mem_free(mem, valid, count * sizeof *valid);
    }
    if (err != NDF_OK) {
        text_index_free(index);
        return err;
    }
    *out = index;
    return NDF_OK;
}

uint64_t text_index_identity(const struct text_index *index, size_t document)
{
    return document < index->count ? index->documents[document].identity : 0;
}

size_t text_index_having(const struct text_index *index, uint32_t hash)
{
    size_t having;
    postings_find(&index->words, hash, &having);
    return having;
}

/* ---- scoring ------------------------------------------------------------- */

/* Sums under way, one a document. */
struct sums {
    float *bm25, *dot;
    double possible; /* the most that bm25 could be */
    double known;    /* IDF mass of the words anybody knows */
    double square;   /* of the query's vector */
};

/* The part of BM25 that depends on the document: 0..1, growing with count. */
static double saturation(
    const struct text_index *index, const struct posting *item)
{
    double count = (double)(item->core + item->body) / FORM_UNIT;
    return count / (count + (double)index->documents[item->document].pivot);
}

static void score_word(
    const struct text_index *index, struct text_term *term, struct sums *sums)
{
    size_t having;
    const struct posting *items =
        postings_find(&index->words, term->hash, &having);
    double rare = word_idf(index, term->hash, having);
    double count = dampen((double)term->count);
    term->idf = (float)rare;
    term->known = having > 0;
    sums->possible += count * rare;
    sums->square += count * rare * count * rare;
    if (having > 0) sums->known += count * rare;
    for (size_t i = 0; i < having; i++) {
        double core = dampen((double)items[i].core / FORM_UNIT);
        uint32_t d = items[i].document;
        if (d >= index->count) continue; /* of a damaged block */
        sums->bm25[d] += (float)(count * rare * saturation(index, &items[i]));
        sums->dot[d] += (float)(count * rare * rare * core);
    }
}

static void score_gram(const struct text_index *index, uint32_t hash,
    double times, struct sums *sums)
{
    size_t having;
    const struct posting *items = postings_find(&index->grams, hash, &having);
    double rare = idf(index, having, COMMON_GRAM);
    double count = dampen(times);
    sums->square += count * rare * count * rare;
    float weight = (float)(count * rare * rare / FORM_UNIT);
    for (size_t i = 0; i < having; i++) {
        if (items[i].document >= index->count) continue;
        sums->dot[items[i].document] += weight * (float)items[i].core;
    }
}

/* The cosine of the query's words with the not_for of a document. */
static double score_negative(const struct text_index *index,
    const struct text_query *query, const struct document *document)
{
    const struct negative *at = index->negatives + document->negative_at;
    const struct negative *end = at + document->negative_count;
    double dot = 0;
    double square = 0;
    for (size_t i = 0; i < query->term_count; i++) {
        const struct text_term *term = &query->terms[i];
        double weight = dampen((double)term->count) * (double)term->idf;
        square += weight * weight;
        while (at < end && at->hash < term->hash)
            at++;
        if (at < end && at->hash == term->hash)
            dot += weight * (double)at->weight;
    }
    double norms = sqrt(square) * (double)document->negative_norm;
    return norms > 0 ? dot / norms : 0;
}

static int collect(const struct text_index *index,
    const struct text_query *query, const struct sums *sums,
    struct arena *arena, struct text_scores *out)
{
    size_t count = 0;
    for (size_t d = 0; d < index->count; d++)
        count += sums->dot[d] > 0 || sums->bm25[d] > 0;
    out->items = arena_calloc(arena, count, sizeof *out->items);
    if (out->items == NULL) return NDF_ENOMEM;
    double norm = sqrt(sums->square);
    for (size_t d = 0; d < index->count; d++) {
        if (!(sums->dot[d] > 0 || sums->bm25[d] > 0)) continue;
        const struct document *document = &index->documents[d];
        struct text_score *score = &out->items[out->count++];
        double norms = norm * (double)document->norm;
        score->document = (uint32_t)d;
        score->bm25 = (float)((double)sums->bm25[d] / sums->possible);
        score->cosine =
            norms > 0 ? (float)fmin((double)sums->dot[d] / norms, 1) : 0;
        if (document->negative_count > 0)
            score->negative = (float)score_negative(index, query, document);
    }
    return NDF_OK;
}

int text_index_score(const struct text_index *index, struct text_query *query,
    struct arena *arena, struct text_scores *out)
{
    memset(out, 0, sizeof *out);
    struct sums sums = {.possible = 0};
    sums.bm25 = arena_calloc(arena, index->count, sizeof *sums.bm25);
    sums.dot = arena_calloc(arena, index->count, sizeof *sums.dot);
    if (sums.bm25 == NULL || sums.dot == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < query->term_count; i++)
        score_word(index, &query->terms[i], &sums);
    for (size_t i = 0; i < query->gram_count; i++)
        score_gram(
            index, query->grams[i], (double)query->gram_counts[i], &sums);
    if (sums.possible > 0) out->known = sums.known / sums.possible;
    out->mass = sums.possible;
    return collect(index, query, &sums, arena, out);
}

/* ---- comparing documents ------------------------------------------------- */

/* Both sums run in the order of hashes and each product is that of the same
 * two numbers, so a is as like b as b is like a. */
static void add_alike_word(
    const struct text_index *index, const char *at, float *dot)
{
    uint16_t core = form_u16(at + 4);
    if (core == 0) return; /* of its body only: not in the vector */
    uint32_t hash = form_u32(at);
    size_t having;
    const struct posting *items = postings_find(&index->words, hash, &having);
    double rare = word_idf(index, hash, having);
    double square = rare * rare / FORM_UNIT;
    for (size_t i = 0; i < having; i++) {
        if (items[i].core == 0 || items[i].document >= index->count) continue;
        uint32_t product = (uint32_t)core * items[i].core;
        dot[items[i].document] += (float)(dampen((double)product) * square);
    }
}

static void add_alike_gram(
    const struct text_index *index, const char *at, float *dot)
{
    uint16_t core = gram_weight(at);
    size_t having;
    const struct posting *items =
        postings_find(&index->grams, form_u32(at), &having);
    double rare = idf(index, having, COMMON_GRAM) / FORM_UNIT;
    float square = (float)(rare * rare);
    for (size_t i = 0; i < having; i++) {
        if (items[i].document >= index->count) continue;
        uint32_t product = (uint32_t)core * items[i].core;
        dot[items[i].document] += (float)product * square;
    }
}

int text_index_alike(const struct text_index *index, struct str features,
    size_t document, struct arena *arena, float **out)
{
    float *dot = arena_calloc(arena, index->count, sizeof *dot);
    if (dot == NULL) return NDF_ENOMEM;
    *out = dot;
    if (document >= index->count || !text_features_valid(features))
        return NDF_OK;
    size_t words = form_u32(features.at + 4);
    size_t grams = form_u32(features.at + 8);
    const char *at = features.at + FORM_HEADER;
    for (size_t i = 0; i < words; i++, at += FORM_WORD)
        add_alike_word(index, at, dot);
    for (size_t i = 0; i < grams; i++, at += FORM_PAIR)
        add_alike_gram(index, at, dot);
    dot[document] = 0;
    float norm = index->documents[document].norm;
    for (size_t d = 0; d < index->count; d++) {
        if (dot[d] <= 0) continue;
        dot[d] = fminf(dot[d] / (norm * index->documents[d].norm), 1);
    }
    return NDF_OK;
}

/* ---- explaining ---------------------------------------------------------- */

static int by_share(const void *a, const void *b)
{
    const struct text_word *x = a;
    const struct text_word *y = b;
    if (x->share != y->share) return x->share > y->share ? -1 : 1;
    return str_compare(x->word, y->word);
}

int text_index_words(const struct text_index *index,
    const struct text_query *query, size_t document, struct arena *arena,
    struct text_word **out, size_t *count)
{
    struct text_word *words =
        arena_calloc(arena, query->term_count, sizeof *words);
    if (words == NULL) return NDF_ENOMEM;
    size_t found = 0;
    double sum = 0;
    for (size_t i = 0; i < query->term_count; i++) {
        const struct text_term *term = &query->terms[i];
        const struct posting *item =
            postings_of(&index->words, term->hash, (uint32_t)document);
        if (item == NULL) continue;
        double share = dampen((double)term->count) * (double)term->idf *
                       saturation(index, item);
        sum += share;
        words[found++] = (struct text_word){term->word, share};
    }
    for (size_t i = 0; i < found; i++)
        words[i].share /= sum;
    if (found > 0) qsort(words, found, sizeof *words, by_share);
    *out = words;
    *count = found;
    return NDF_OK;
}
