/*
 * selector_find.c - candidates found without a task: by what they mention, and
 * by what they are like (selector.h).
 */
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "decide/scoring.h"
#include "decide/selector.h"

const struct mentions *selector_mentions(const struct selector *selector)
{
    return selector->mentions;
}

/* The name is looked up once, not at each comparison. */
struct found {
    struct similar similar;
    struct str name;
};

static int by_score(const void *a, const void *b)
{
    const struct found *x = a;
    const struct found *y = b;
    if (x->similar.score != y->similar.score)
        return x->similar.score > y->similar.score ? -1 : 1;
    return str_compare(x->name, y->name);
}

static double score(
    const struct selector *selector, size_t a, size_t b, double cosine)
{
    const struct overlap *overlap = selector->overlap;
    bool words_alone =
        overlap_size(overlap, a) == 0 && overlap_size(overlap, b) == 0;
    if (words_alone) return cosine;
    return (cosine + overlap_of(overlap, a, b)) / 2;
}

int selector_similar(const struct selector *selector,
    const struct similar_query *query, struct arena *arena,
    struct similar_list *out)
{
    size_t own = query->candidate;
    float *cosines;
    *out = (struct similar_list){NULL, 0};
    if (own >= selector->count) return NDF_EINVAL;
    int err = text_index_alike(selector->text,
        selector->candidates[own].features, own, arena, &cosines);
    if (err != NDF_OK) return err;
    struct found *found = arena_calloc(arena, selector->count, sizeof *found);
    if (found == NULL) return NDF_ENOMEM;
    size_t count = 0;
    for (size_t i = 0; i < selector->count; i++) {
        if (i == own) continue;
        double alike = score(selector, own, i, (double)cosines[i]);
        if (!(alike >= query->threshold)) continue;
        found[count++] =
            (struct found){{i, alike}, selector->candidates[i].name};
    }
    qsort(found, count, sizeof *found, by_score);
    if (query->limit > 0 && count > query->limit) count = query->limit;
    out->items = arena_calloc(arena, count, sizeof *out->items);
    if (out->items == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < count; i++)
        out->items[out->count++] = found[i].similar;
    return NDF_OK;
}
