/*
 * near.c - see near.h.
 *
 * If two vectors of length 1 have a cosine of NEAR_LEAST, they share one of the
 * heaviest terms of either: those before what is left is shorter than that
 * (Bayardo, Ma, Srikant: Scaling Up All Pairs Similarity Search, 2007). They
 * are few and rare, so few documents need to be compared.
 */
#include "decide/near.h"

#include <math.h>
#include <stdlib.h>

#include "base/err.h"
#include "decide/postings.h"
#include "decide/text_form.h"

enum { SAMPLE = 32 }; /* words of a first glance */

struct near {
    const struct mem *mem;
    const struct str *features;
    size_t count;
    double *norms; /* 0: no words */
    size_t *tried; /* the last document that was compared with each, + 1 */
    size_t *twins; /* the first other one with the same words but its name */
    struct postings words;
};

void near_free(struct near *near)
{
    if (near == NULL) return;
    const struct mem *mem = near->mem;
    postings_deinit(&near->words);
    mem_free(mem, near->norms, near->count * sizeof *near->norms);
    mem_free(mem, near->tried, near->count * sizeof *near->tried);
    mem_free(mem, near->twins, near->count * sizeof *near->twins);
    mem_free(mem, near, sizeof *near);
}

static size_t word_count(struct str features)
{
    return text_features_valid(features) ? form_u32(features.at + 4) : 0;
}

/* 0: none; two documents without words are no copies of each other. */
static uint64_t identity(struct str features)
{
    return word_count(features) > 0 ? form_u64(features.at + 20) : 0;
}

/* ---- building ------------------------------------------------------------ */

static size_t read_words(
    struct str features, uint32_t document, struct posting_entry *out)
{
    size_t count = word_count(features);
    const char *at = features.at + FORM_HEADER;
    for (size_t i = 0; i < count; i++, at += FORM_WORD)
        out[i] =
            (struct posting_entry){.hash = form_u32(at), .document = document};
    return count;
}

static int index_words(struct near *near)
{
    size_t total = 0;
    for (size_t d = 0; d < near->count; d++)
        total += word_count(near->features[d]);
    /* One more, so that no words are no special case. */
    size_t size = (total + 1) * sizeof(struct posting_entry);
    struct posting_entry *entries = mem_alloc(near->mem, size);
    struct posting_entry *other = mem_alloc(near->mem, size);
    int err = NDF_ENOMEM;
    if (entries != NULL && other != NULL) {
        size_t at = 0;
        for (size_t d = 0; d < near->count; d++)
            at += read_words(near->features[d], (uint32_t)d, entries + at);
        err = postings_init(&near->words, near->mem, entries, other, total);
    }
    mem_free(near->mem, entries, size);
    mem_free(near->mem, other, size);
    return err;
}

/* The weight of a word at its place of features: having of count documents
 * have it. */
static double weigh(const char *at, size_t count, size_t having)
{
    double times = form_u16(at + 4) + form_u16(at + 6);
    return sqrt(times / FORM_UNIT) * log1p((double)count / (double)having);
}

static double weight_of(const struct near *near, const char *at)
{
    size_t having;
    postings_find(&near->words, form_u32(at), &having);
    return weigh(at, near->count, having);
}

static double norm_of(const struct near *near, size_t document)
{
    struct str features = near->features[document];
    size_t count = word_count(features);
    const char *at = features.at + FORM_HEADER;
    double sum = 0;
    for (size_t i = 0; i < count; i++, at += FORM_WORD) {
        double weight = weight_of(near, at);
        sum += weight * weight;
    }
    return sqrt(sum);
}

struct named {
    uint64_t identity;
    size_t document;
};

static int by_identity(const void *a, const void *b)
{
    const struct named *x = a;
    const struct named *y = b;
    if (x->identity != y->identity) return x->identity < y->identity ? -1 : 1;
    return (x->document > y->document) - (x->document < y->document);
}

static int find_twins(struct near *near)
{
    size_t size = near->count * sizeof(struct named);
    struct named *all = mem_alloc(near->mem, size);
    if (all == NULL) return NDF_ENOMEM;
    for (size_t d = 0; d < near->count; d++)
        all[d] = (struct named){identity(near->features[d]), d};
    qsort(all, near->count, sizeof *all, by_identity);
    size_t first = 0; /* of those with one identity */
    for (size_t i = 0; i < near->count; i++) {
        near->twins[all[i].document] = NEAR_NONE;
        if (all[i].identity != all[first].identity) first = i;
        if (first == i || all[i].identity == 0) continue;
        near->twins[all[i].document] = all[first].document;
        near->twins[all[first].document] = all[first + 1].document;
    }
    mem_free(near->mem, all, size);
    return NDF_OK;
}

static int build(struct near *near, size_t count)
{
    if (count == 0) return NDF_OK;
    near->count = count;
    near->norms = mem_calloc(near->mem, count, sizeof *near->norms);
    near->tried = mem_calloc(near->mem, count, sizeof *near->tried);
    near->twins = mem_calloc(near->mem, count, sizeof *near->twins);
    if (near->norms == NULL || near->tried == NULL || near->twins == NULL)
        return NDF_ENOMEM;
    int err = index_words(near);
    if (err == NDF_OK) err = find_twins(near);
    for (size_t d = 0; err == NDF_OK && d < count; d++)
        near->norms[d] = norm_of(near, d);
    return err;
}

int near_new(struct near **out, const struct mem *mem,
    const struct str *features, size_t count)
{
    *out = NULL;
    if (count > TEXT_DOCUMENTS_MAX) return NDF_ELIMIT;
    struct near *near = mem_calloc(mem, 1, sizeof *near);
    if (near == NULL) return NDF_ENOMEM;
    near->mem = mem;
    near->features = features;
    int err = build(near, count);
    if (err == NDF_OK) *out = near;
    else near_free(near);
    return err;
}

/* ---- comparing ----------------------------------------------------------- */

static double likeness_of(const struct near *near, size_t a, size_t b)
{
    struct str x = near->features[a];
    struct str y = near->features[b];
    size_t x_left = word_count(x);
    size_t y_left = word_count(y);
    const char *x_at = x.at + FORM_HEADER;
    const char *y_at = y.at + FORM_HEADER;
    double dot = 0;
    while (x_left > 0 && y_left > 0) {
        uint32_t x_hash = form_u32(x_at);
        uint32_t y_hash = form_u32(y_at);
        if (x_hash == y_hash)
            dot += weight_of(near, x_at) * weight_of(near, y_at);
        if (x_hash <= y_hash) {
            x_at += FORM_WORD;
            x_left--;
        }
        if (y_hash <= x_hash) {
            y_at += FORM_WORD;
            y_left--;
        }
    }
    return fmin(dot / (near->norms[a] * near->norms[b]), 1);
}

struct heavy {
    uint32_t hash;
    double weight;
};

static int by_weight(const void *a, const void *b)
{
    const struct heavy *x = a;
    const struct heavy *y = b;
    if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
    return (x->hash > y->hash) - (x->hash < y->hash);
}

struct search {
    struct near *near;
    size_t document;
    size_t left; /* comparisons that may still be made */
    size_t best;
    double likeness;
};

static void compare(struct search *search, size_t other)
{
    struct near *near = search->near;
    if (other == search->document || search->left == 0) return;
    if (near->tried[other] == search->document + 1) return;
    near->tried[other] = search->document + 1;
    search->left--;
    double likeness = likeness_of(near, search->document, other);
    if (likeness < search->likeness) return;
    if (likeness == search->likeness && search->best < other) return;
    search->best = other;
    search->likeness = likeness;
}

/* Compares with those that share one of the heaviest words. */
static void search_words(
    struct search *search, struct heavy *words, size_t count, double least)
{
    double rest = 1; /* square of the length of what is left */
    double norm = search->near->norms[search->document];
    qsort(words, count, sizeof *words, by_weight);
    for (size_t i = 0; i < count && rest >= least * least; i++) {
        size_t having;
        const struct posting *items =
            postings_find(&search->near->words, words[i].hash, &having);
        for (size_t j = 0; j < having && search->left > 0; j++)
            compare(search, items[j].document);
        rest -= words[i].weight * words[i].weight / (norm * norm);
    }
}

size_t near_best(struct near *near, size_t document, double *likeness)
{
    struct heavy words[TEXT_WORDS_MAX];
    struct search search = {.near = near,
        .document = document,
        .left = NEAR_TRIED_MAX,
        .best = NEAR_NONE,
        .likeness = NEAR_LEAST};
    struct str features = near->features[document];
    size_t count = word_count(features);
    const char *at = features.at + FORM_HEADER;
    *likeness = 1;
    if (near->twins[document] != NEAR_NONE) return near->twins[document];
    for (size_t i = 0; i < count; i++, at += FORM_WORD)
        words[i] = (struct heavy){form_u32(at), weight_of(near, at)};
    /* Where rounding could decide, one word more is looked at. */
    search_words(&search, words, count, NEAR_LEAST - 1e-6);
    *likeness = search.best == NEAR_NONE ? 0 : search.likeness;
    return search.best;
}

/* ---- two alone ----------------------------------------------------------- */

/* Hashes rise, so the first words of a document are any of them: of near copies
 * most are shared. */
static bool may_be_near(struct str a, struct str b)
{
    size_t of_a = word_count(a);
    size_t of_b = word_count(b);
    if (of_a == 0 || of_a > 2 * of_b || of_b > 2 * of_a) return false;
    size_t sample = of_a < SAMPLE ? of_a : SAMPLE;
    size_t shared = 0;
    const char *in_a = a.at + FORM_HEADER;
    const char *in_b = b.at + FORM_HEADER;
    const char *end = in_b + of_b * FORM_WORD;
    for (size_t i = 0; i < sample; i++, in_a += FORM_WORD) {
        while (in_b < end && form_u32(in_b) < form_u32(in_a))
            in_b += FORM_WORD;
        shared += in_b < end && form_u32(in_b) == form_u32(in_a);
    }
    return shared * 3 >= sample;
}

static double square(
    const struct text_index *index, size_t count, struct str features)
{
    const char *at = features.at + FORM_HEADER;
    size_t words = word_count(features);
    double sum = 0;
    for (size_t i = 0; i < words; i++, at += FORM_WORD) {
        double weight =
            weigh(at, count, text_index_having(index, form_u32(at)));
        sum += weight * weight;
    }
    return sum;
}

double near_pair(
    const struct text_index *index, size_t count, struct str a, struct str b)
{
    if (!may_be_near(a, b)) return 0;
    if (identity(a) == identity(b)) return 1;
    const char *in_a = a.at + FORM_HEADER;
    const char *in_b = b.at + FORM_HEADER;
    const char *end_a = in_a + word_count(a) * FORM_WORD;
    const char *end_b = in_b + word_count(b) * FORM_WORD;
    double dot = 0;
    for (; in_a < end_a; in_a += FORM_WORD) {
        uint32_t hash = form_u32(in_a);
        while (in_b < end_b && form_u32(in_b) < hash)
            in_b += FORM_WORD;
        if (in_b == end_b || form_u32(in_b) != hash) continue;
        size_t having = text_index_having(index, hash);
        dot += weigh(in_a, count, having) * weigh(in_b, count, having);
    }
    double norms = sqrt(square(index, count, a) * square(index, count, b));
    return norms > 0 ? fmin(dot / norms, 1) : 0;
}
