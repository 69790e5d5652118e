/*
 * evidence.c - what several providers say together (evidence.h).
 */
#include "decide/evidence.h"

#include <math.h>

#include "base/err.h"

/* Adds what one says to sums, and counts for whom it said anything. */
static int ask(const struct evidence *provider, struct str text,
    struct arena *arena, float *sums, uint8_t *counts, size_t count)
{
    float *said = arena_alloc(arena, count * sizeof *said);
    if (said == NULL) return NDF_ENOMEM;
    int err = provider->score(provider->ud, text, arena, said);
    for (size_t i = 0; err == NDF_OK && i < count; i++) {
        if (isnan(said[i])) continue;
        sums[i] += said[i];
        counts[i]++;
    }
    return err;
}

int evidence_ask(const struct evidence_list *list, struct str text,
    struct arena *arena, size_t count, float **out)
{
    *out = NULL;
    if (list->count == 0) return NDF_OK;
    float *sums = arena_calloc(arena, count, sizeof *sums);
    uint8_t *counts = arena_calloc(arena, count, sizeof *counts);
    if (sums == NULL || counts == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < list->count; i++) {
        int err = ask(&list->items[i], text, arena, sums, counts, count);
        if (err != NDF_OK) return err;
    }
    for (size_t i = 0; i < count; i++)
        if (counts[i] > 1) sums[i] /= (float)counts[i];
    *out = sums;
    return NDF_OK;
}
