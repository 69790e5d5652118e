/*
 * postings.c - see postings.h.
 *
 * Stable passes over digits of the hash order the entries by it and leave the
 * documents of one hash in rising order: three of eleven bits, or, for few
 * entries, four of eight, whose tables are an eighth as large. A directory over
 * the top bits of the hash then brings a look-up within a term or two of its
 * place. Invariant: starts[i] < starts[i + 1]; hashes rise strictly.
 */
#include "decide/postings.h"

#include <string.h>

#include "base/err.h"

enum {
    RADIX_MAX = 1 << 11,
    FEW = 4096, /* entries */
};

/* How a hash is cut into digits. */
struct radix {
    unsigned bits, passes;
};

/* at[d]: where entries whose digit of a pass is d begin. */
static void find_places(const struct posting_entry *entries, size_t count,
    struct radix radix, unsigned pass, uint32_t at[RADIX_MAX])
{
    size_t digits = (size_t)1 << radix.bits;
    unsigned shift = pass * radix.bits;
    memset(at, 0, digits * sizeof *at);
    for (size_t i = 0; i < count; i++)
        at[entries[i].hash >> shift & (digits - 1)]++;
    uint32_t sum = 0;
    for (size_t d = 0; d < digits; d++) {
        uint32_t here = at[d];
        at[d] = sum;
        sum += here;
    }
}

/* Sorts by way of other; where the result is: in either of the two. */
static struct posting_entry *sort(
    struct posting_entry *entries, struct posting_entry *other, size_t count)
{
    uint32_t at[RADIX_MAX];
    struct radix radix =
        count < FEW ? (struct radix){8, 4} : (struct radix){11, 3};
    for (unsigned pass = 0; pass < radix.passes; pass++) {
        find_places(entries, count, radix, pass, at);
        unsigned shift = pass * radix.bits;
        uint32_t mask = ((uint32_t)1 << radix.bits) - 1;
        for (size_t i = 0; i < count; i++)
            other[at[entries[i].hash >> shift & mask]++] = entries[i];
        struct posting_entry *swap = entries;
        entries = other;
        other = swap;
    }
    return entries;
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
    return build(postings, sort(entries, other, count));
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

/* ---- as arrays ------------------------------------------------------------
 */

enum array { ITEMS, HASHES, STARTS, DIRECTORY };

void postings_arrays(
    const struct postings *p, struct block_array out[POSTINGS_ARRAYS])
{
    bool any = p->count > 0;
    size_t slots = any ? (size_t)1 << (32 - p->shift) : 0;
    out[ITEMS] = (struct block_array){p->items, p->count, sizeof *p->items};
    out[HASHES] =
        (struct block_array){p->hashes, p->term_count, sizeof *p->hashes};
    out[STARTS] = (struct block_array){
        p->starts, any ? p->term_count + 1 : 0, sizeof *p->starts};
    out[DIRECTORY] = (struct block_array){
        p->directory, any ? slots + 1 : 0, sizeof *p->directory};
}

/* Both invariants of the head of this file, and that all places are within. */
static bool terms_are_right(const struct postings *p)
{
    if (p->starts[0] != 0 || p->starts[p->term_count] != p->count) return false;
    for (size_t i = 0; i < p->term_count; i++) {
        if (p->starts[i] >= p->starts[i + 1]) return false;
        if (i > 0 && p->hashes[i] <= p->hashes[i - 1]) return false;
    }
    return true;
}

static bool directory_is_right(const struct postings *p, size_t slots)
{
    for (size_t slot = 0, at = 0; slot <= slots; slot++) {
        while (at < p->term_count && p->hashes[at] >> p->shift < slot)
            at++;
        if (p->directory[slot] != at) return false;
    }
    return true;
}

int postings_lend(
    struct postings *p, const struct block_array arrays[POSTINGS_ARRAYS])
{
    memset(p, 0, sizeof *p);
    size_t terms = arrays[HASHES].count;
    size_t slots = arrays[DIRECTORY].count;
    if (arrays[ITEMS].count == 0)
        return terms == 0 && slots == 0 && arrays[STARTS].count == 0
                   ? NDF_OK
                   : NDF_ECORRUPT;
    if (arrays[ITEMS].count > UINT32_MAX || arrays[STARTS].count != terms + 1 ||
        slots < 3)
        return NDF_ECORRUPT;
    unsigned bits = 1;
    while (bits < 24 && ((size_t)1 << bits) < slots - 1)
        bits++;
    if (slots - 1 != (size_t)1 << bits) return NDF_ECORRUPT;
    *p = (struct postings){.items = arrays[ITEMS].at,
        .count = arrays[ITEMS].count,
        .hashes = arrays[HASHES].at,
        .starts = arrays[STARTS].at,
        .term_count = terms,
        .directory = arrays[DIRECTORY].at,
        .shift = 32 - bits};
    return terms_are_right(p) && directory_is_right(p, slots - 1)
               ? NDF_OK
               : NDF_ECORRUPT;
}

/* ---- looking --------------------------------------------------------------
 */

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
