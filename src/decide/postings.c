/*
 * postings.c - see postings.h.
 *
 * Three stable passes of eleven bits order the entries by hash and leave the
 * documents of one hash in rising order. A directory over the top bits of the
 * hash then brings a look-up within a term or two of its place.
 * Invariant: starts[i] < starts[i + 1]; hashes rise strictly.
 */
#include "decide/postings.h"

#include <string.h>

#include "base/err.h"

enum {
    RADIX_BITS = 11,
    RADIX = 1 << RADIX_BITS,
    PASSES = 3,
};

static unsigned digit(uint32_t hash, unsigned pass)
{
    return hash >> (pass * RADIX_BITS) & (RADIX - 1);
}

/* at[p][d]: where entries whose digit of pass p is d begin. */
struct places {
    uint32_t at[PASSES][RADIX];
};

static void find_places(
    const struct posting_entry *entries, size_t count, struct places *places)
{
    memset(places, 0, sizeof *places);
    for (size_t i = 0; i < count; i++) {
        for (unsigned pass = 0; pass < PASSES; pass++)
            places->at[pass][digit(entries[i].hash, pass)]++;
    }
    for (unsigned pass = 0; pass < PASSES; pass++) {
        uint32_t sum = 0;
        for (size_t d = 0; d < RADIX; d++) {
            uint32_t here = places->at[pass][d];
            places->at[pass][d] = sum;
            sum += here;
        }
    }
}

/* Sorts by way of other; the result is in other, as PASSES is odd. */
static void sort(
    struct posting_entry *entries, struct posting_entry *other, size_t count)
{
    struct places places;
    find_places(entries, count, &places);
    for (unsigned pass = 0; pass < PASSES; pass++) {
        uint32_t *at = places.at[pass];
        for (size_t i = 0; i < count; i++)
            other[at[digit(entries[i].hash, pass)]++] = entries[i];
        struct posting_entry *swap = entries;
        entries = other;
        other = swap;
    }
}

static size_t count_terms(const struct posting_entry *sorted, size_t count)
{
    size_t terms = count > 0;
    for (size_t i = 1; i < count; i++)
        terms += sorted[i].hash != sorted[i - 1].hash;
    return terms;
}

static void fill(struct postings *p, const struct posting_entry *sorted)
{
    size_t term = 0;
    for (size_t i = 0; i < p->count; i++) {
        p->items[i] = (struct posting){
            sorted[i].document, sorted[i].core, sorted[i].body};
        if (i > 0 && sorted[i].hash == sorted[i - 1].hash) continue;
        p->hashes[term] = sorted[i].hash;
        p->starts[term++] = (uint32_t)i;
    }
    p->starts[term] = (uint32_t)p->count;
    size_t slots = (size_t)1 << (32 - p->shift);
    for (size_t slot = 0, at = 0; slot <= slots; slot++) {
        while (at < term && p->hashes[at] >> p->shift < slot)
            at++;
        p->directory[slot] = (uint32_t)at;
    }
}

static int build(struct postings *p, const struct posting_entry *sorted)
{
    p->term_count = count_terms(sorted, p->count);
    p->shift = 31;
    while (p->shift > 8 && ((size_t)1 << (32 - p->shift)) < p->term_count)
        p->shift--;
    size_t slots = (size_t)1 << (32 - p->shift);
    p->items = mem_alloc(p->mem, p->count * sizeof *p->items);
    p->hashes = mem_alloc(p->mem, p->term_count * sizeof *p->hashes);
    p->starts = mem_alloc(p->mem, (p->term_count + 1) * sizeof *p->starts);
    p->directory = mem_alloc(p->mem, (slots + 1) * sizeof *p->directory);
    if (p->items == NULL || p->hashes == NULL || p->starts == NULL ||
        p->directory == NULL)
        return NDF_ENOMEM;
    fill(p, sorted);
    return NDF_OK;
}

int postings_init(struct postings *postings, const struct mem *mem,
    struct posting_entry *entries, struct posting_entry *other, size_t count)
{
    memset(postings, 0, sizeof *postings);
    postings->mem = mem;
    if (count == 0) return NDF_OK;
    if (count > UINT32_MAX) return NDF_ELIMIT;
    postings->count = count;
    sort(entries, other, count);
    return build(postings, other);
}

void postings_deinit(struct postings *p)
{
    if (p->count == 0) return;
    size_t slots = (size_t)1 << (32 - p->shift);
    mem_free(p->mem, p->items, p->count * sizeof *p->items);
    mem_free(p->mem, p->hashes, p->term_count * sizeof *p->hashes);
    mem_free(p->mem, p->starts, (p->term_count + 1) * sizeof *p->starts);
    mem_free(p->mem, p->directory, (slots + 1) * sizeof *p->directory);
    memset(p, 0, sizeof *p);
}

const struct posting *postings_find(
    const struct postings *p, uint32_t hash, size_t *count)
{
    *count = 0;
    if (p->count == 0) return NULL;
    uint32_t slot = hash >> p->shift;
    uint32_t end = p->directory[slot + 1];
    for (uint32_t at = p->directory[slot]; at < end; at++) {
        if (p->hashes[at] != hash) continue;
        *count = p->starts[at + 1] - p->starts[at];
        return p->items + p->starts[at];
    }
    return NULL;
}

const struct posting *postings_of(
    const struct postings *p, uint32_t hash, uint32_t document)
{
    size_t high;
    const struct posting *items = postings_find(p, hash, &high);
    size_t low = 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (items[middle].document == document) return &items[middle];
        if (items[middle].document < document) low = middle + 1;
        else high = middle;
    }
    return NULL;
}
