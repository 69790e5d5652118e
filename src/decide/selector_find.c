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

int selector_similar(const struct selector *selector, size_t candidate,
    double threshold, size_t limit, struct arena *arena, struct similar **out,
    size_t *count)
{
    *out = NULL;
    *count = 0;
    if (candidate >= selector->count) return NDF_EINVAL;
    float *cosines;
    int err = text_index_alike(selector->text,
        selector->candidates[candidate].features, candidate, arena, &cosines);
    if (err != NDF_OK) return err;
    struct found *found = arena_calloc(arena, selector->count, sizeof *found);
    if (found == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < selector->count; i++) {
        if (i == candidate) continue;
        double alike = score(selector, candidate, i, (double)cosines[i]);
        if (!(alike >= threshold)) continue;
        found[(*count)++] =
            (struct found){{i, alike}, selector->candidates[i].name};
    }
    qsort(found, *count, sizeof *found, by_score);
    if (limit > 0 && *count > limit) *count = limit;
    *out = arena_calloc(arena, *count, sizeof **out);
    if (*out == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < *count; i++)
        (*out)[i] = found[i].similar;
    return NDF_OK;
}
