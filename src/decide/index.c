/*
 * index.c - see index.h.
 *
 * An index is a list of segments, each with the candidates that were taken out
 * of it since. The first is what was made at once; what was put in later lies
 * in smaller and smaller ones, which are drawn together so that each is several
 * times larger than the next: a candidate is written anew some times for each
 * size, and a context looks into few segments. The first one is large, and left
 * alone.
 */
#include "decide/index.h"

#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/hash.h"
#include "decide/draft.h"

enum {
    SEGMENTS_MAX = 32,
    GROWTH = 8,       /* a segment is so much larger than the next */
    SMALLEST = 32,    /* smaller ones are always drawn together */
    WHOLE_MAX = 4096, /* a first segment of more is left alone */
    RADIX_BITS = 11,
    RADIX = 1 << RADIX_BITS,
    SORT_FEW = 64,
};

/* A segment and who is not in it any more. */
struct part {
    struct segment *segment;
    uint64_t *removed; /* bits by local; NULL: none */
    size_t removed_count;
};

struct index {
    const struct mem *mem;
    rows_fn rows;
    enum rows_with with;
    uint64_t seed;
    bool several; /* some candidate has several laws */
    struct part parts[SEGMENTS_MAX];
    size_t count;
};

static size_t words_of(const struct segment *segment)
{
    return (segment->candidates_count + 63) / 64;
}

static size_t live_of(const struct part *part)
{
    return part->segment->candidates_count - part->removed_count;
}

static bool is_whole(const struct index *index)
{
    return index->count == 1 && index->parts[0].removed_count == 0;
}

static void part_free(const struct mem *mem, struct part *part)
{
    if (part->segment != NULL)
        mem_free(mem, part->removed,
            words_of(part->segment) * sizeof *part->removed);
    segment_unref(part->segment);
    *part = (struct part){NULL, NULL, 0};
}

void index_free(struct index *index)
{
    if (index == NULL) return;
    for (size_t i = 0; i < index->count; i++)
        part_free(index->mem, &index->parts[i]);
    mem_free(index->mem, index, sizeof *index);
}

static struct index *index_alloc(const struct mem *mem)
{
    struct index *index = mem_calloc(mem, 1, sizeof *index);
    if (index != NULL) index->mem = mem;
    return index;
}

static int explain(int err, ndf_error *error)
{
    if (err == NDF_ENOMEM) return err_set(error, err, "out of memory");
    if (err == NDF_ELIMIT)
        return err_set(error, err, "the rules are too large for one index");
    return err;
}

static int hand_over(
    struct index **out, struct index *index, int err, ndf_error *error)
{
    for (size_t i = 0; i < index->count; i++)
        index->several |= index->parts[i].segment->several;
    if (err == NDF_OK) *out = index;
    else index_free(index);
    return explain(err, error);
}

static int add_rules(struct draft *draft, const struct index_rule *rules,
    size_t count, ndf_error *error)
{
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < count; i++)
        err = draft_add(draft, (uint32_t)i, &rules[i], error);
    return err;
}

int index_new(struct index **out, const struct mem *mem,
    const struct index_rule *rules, size_t count,
    const struct index_options *options, ndf_error *error)
{
    *out = NULL;
    if (count >= UINT32_MAX) return explain(NDF_ELIMIT, error);
    struct index *index = index_alloc(mem);
    if (index == NULL) return explain(NDF_ENOMEM, error);
    index->with = options != NULL ? options->with : ROWS_BEST;
    index->rows = rows_function(index->with);
    /* Unknown to who writes the rules, and nothing depends on it. */
    uint64_t address = (uint64_t)(uintptr_t)index;
    index->seed = hash64((struct str){(const char *)&address, sizeof address});
    struct draft draft;
    int err = draft_init(&draft, mem, index->seed);
    if (err == NDF_OK) err = add_rules(&draft, rules, count, error);
    if (err == NDF_OK) err = segment_new(&index->parts[0].segment, &draft);
    if (err == NDF_OK) index->count = 1;
    draft_deinit(&draft);
    return hand_over(out, index, err, error);
}

size_t index_bytes(const struct index *index)
{
    size_t bytes = sizeof *index;
    for (size_t i = 0; i < index->count; i++) {
        bytes += segment_bytes(index->parts[i].segment);
        if (index->parts[i].removed != NULL)
            bytes += words_of(index->parts[i].segment) * sizeof(uint64_t);
    }
    return bytes;
}

/* ---- changing ---------------------------------------------------------------
 */

/* What a segment is made of: some parts, and rules by rising candidate. */
struct merging {
    struct draft_source sources[SEGMENTS_MAX];
    const struct part *parts;
    size_t count;
    const struct index_change *change;
    const uint32_t *order; /* of the change's rules; NULL: none */
    size_t rule, rule_count;
};

static uint32_t head_of(const struct draft_source *source)
{
    const struct segment *segment = source->segment;
    return source->local < segment->candidates_count
               ? segment->candidates[source->local]
               : UINT32_MAX;
}

static uint32_t rule_head(const struct merging *merging)
{
    return merging->rule < merging->rule_count
               ? merging->change->candidates[merging->order[merging->rule]]
               : UINT32_MAX;
}

static bool is_removed(const struct part *part, uint32_t local)
{
    return part->removed != NULL &&
           (part->removed[local / 64] >> (local % 64) & 1) != 0;
}

/* Puts in the lowest candidate that is left; *done when there is none. */
static int merge_one(
    struct merging *merging, struct draft *draft, bool *done, ndf_error *error)
{
    uint32_t lowest = rule_head(merging);
    size_t from = merging->count;
    for (size_t i = 0; i < merging->count; i++) {
        uint32_t head = head_of(&merging->sources[i]);
        if (head >= lowest) continue;
        lowest = head;
        from = i;
    }
    *done = lowest == UINT32_MAX;
    if (*done) return NDF_OK;
    if (from == merging->count) {
        uint32_t rule = merging->order[merging->rule++];
        return draft_add(draft, lowest, &merging->change->rules[rule], error);
    }
    bool take =
        !is_removed(&merging->parts[from], merging->sources[from].local);
    return draft_pass(draft, &merging->sources[from], take);
}

static int merge(struct segment **out, const struct index *index,
    struct merging *merging, ndf_error *error)
{
    struct draft draft;
    bool done = false;
    *out = NULL;
    for (size_t i = 0; i < merging->count; i++)
        merging->sources[i] =
            (struct draft_source){.segment = merging->parts[i].segment};
    int err = draft_init(&draft, index->mem, index->seed);
    while (err == NDF_OK && !done)
        err = merge_one(merging, &draft, &done, error);
    if (err == NDF_OK) err = segment_new(out, &draft);
    draft_deinit(&draft);
    return err;
}

static int copy_part(
    const struct mem *mem, const struct part *from, struct part *to)
{
    size_t size = words_of(from->segment) * sizeof *from->removed;
    *to = (struct part){.removed_count = from->removed_count};
    if (from->removed != NULL) {
        to->removed = mem_alloc(mem, size);
        if (to->removed == NULL) return NDF_ENOMEM;
        memcpy(to->removed, from->removed, size);
    }
    to->segment = segment_ref(from->segment);
    return NDF_OK;
}

static int copy_parts(struct index *to, const struct index *from)
{
    to->rows = from->rows;
    to->with = from->with;
    to->seed = from->seed;
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < from->count; i++) {
        err = copy_part(from->mem, &from->parts[i], &to->parts[i]);
        if (err == NDF_OK) to->count++;
    }
    return err;
}

static int take_out(struct index *index, uint32_t candidate)
{
    for (size_t i = 0; i < index->count; i++) {
        struct part *part = &index->parts[i];
        uint32_t local = segment_local(part->segment, candidate);
        if (local == UINT32_MAX || is_removed(part, local)) continue;
        if (part->removed == NULL) {
            part->removed = mem_calloc(
                index->mem, words_of(part->segment), sizeof *part->removed);
            if (part->removed == NULL) return NDF_ENOMEM;
        }
        part->removed[local / 64] |= UINT64_C(1) << (local % 64);
        part->removed_count++;
        return NDF_OK;
    }
    return NDF_OK;
}

static int take_all_out(struct index *index, const struct index_change *change)
{
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < change->removed_count; i++)
        err = take_out(index, change->removed[i]);
    for (size_t i = 0; err == NDF_OK && i < change->count; i++)
        err = take_out(index, change->candidates[i]);
    return err;
}

/* Parts that are drawn together with so many new ones begin with this one. */
static size_t merged_from(const struct index *index, size_t added)
{
    size_t at = index->count;
    size_t size = added;
    while (at > 0) {
        size_t live = live_of(&index->parts[at - 1]);
        bool whole = at == 1 && live > WHOLE_MAX;
        bool close = live < SMALLEST || live < size * GROWTH;
        if (live > 0 && (whole || !close) && at < SEGMENTS_MAX) break;
        size += live;
        at--;
    }
    return at;
}

/* A number and the rule that it stands for. */
struct numbered {
    uint32_t candidate, rule;
};

static int by_candidate(const void *a, const void *b)
{
    const struct numbered *x = a;
    const struct numbered *y = b;
    if (x->candidate != y->candidate)
        return x->candidate < y->candidate ? -1 : 1;
    return (x->rule > y->rule) - (x->rule < y->rule);
}

/* The order of the rules by candidate; of two of one the last. */
static int order_rules(const struct mem *mem, const struct index_change *change,
    uint32_t *order, size_t *count)
{
    *count = 0;
    if (change->count == 0) return NDF_OK;
    struct numbered *all = mem_alloc(mem, change->count * sizeof *all);
    if (all == NULL) return NDF_ENOMEM;
    for (uint32_t i = 0; i < change->count; i++)
        all[i] = (struct numbered){change->candidates[i], i};
    qsort(all, change->count, sizeof *all, by_candidate);
    for (size_t i = 0; i < change->count; i++) {
        bool again = i > 0 && all[i].candidate == all[i - 1].candidate;
        if (!again) (*count)++;
        order[*count - 1] = all[i].rule;
    }
    mem_free(mem, all, change->count * sizeof *all);
    return NDF_OK;
}

/* Replaces the parts from `first` on by one of them and the rules. */
static int draw_together(struct index *index, size_t first,
    const struct index_change *change, ndf_error *error)
{
    struct merging merging = {.parts = index->parts + first,
        .count = index->count - first,
        .change = change};
    size_t size = (change->count + 1) * sizeof(uint32_t);
    uint32_t *order = mem_alloc(index->mem, size);
    if (order == NULL) return NDF_ENOMEM;
    merging.order = order;
    int err = order_rules(index->mem, change, order, &merging.rule_count);
    struct segment *segment = NULL;
    if (err == NDF_OK) err = merge(&segment, index, &merging, error);
    mem_free(index->mem, order, size);
    if (err != NDF_OK) return err;
    while (index->count > first)
        part_free(index->mem, &index->parts[--index->count]);
    index->parts[index->count++] = (struct part){segment, NULL, 0};
    return NDF_OK;
}

int index_change(struct index **out, const struct index *from,
    const struct index_change *change, ndf_error *error)
{
    *out = NULL;
    for (size_t i = 0; i < change->count; i++)
        if (change->candidates[i] == UINT32_MAX)
            return err_set(error, NDF_EINVAL,
                "a candidate may not be numbered %u", UINT32_MAX);
    struct index *index = index_alloc(from->mem);
    if (index == NULL) return explain(NDF_ENOMEM, error);
    int err = copy_parts(index, from);
    if (err == NDF_OK) err = take_all_out(index, change);
    size_t first = merged_from(index, change->count);
    if (err == NDF_OK && (change->count > 0 || index->count - first > 1))
        err = draw_together(index, first, change, error);
    return hand_over(out, index, err, error);
}

int index_compile(
    struct index **out, const struct index *from, ndf_error *error)
{
    static const struct index_change nothing = {0};
    *out = NULL;
    struct index *index = index_alloc(from->mem);
    if (index == NULL) return explain(NDF_ENOMEM, error);
    int err = copy_parts(index, from);
    if (err == NDF_OK && !is_whole(index))
        err = draw_together(index, 0, &nothing, error);
    return hand_over(out, index, err, error);
}

/* ---- as a block -------------------------------------------------------------
 */

void index_write(const struct index *index, struct buf *out)
{
    struct index *whole = NULL;
    int err = NDF_OK;
    if (!is_whole(index)) err = index_compile(&whole, index, NULL);
    if (err != NDF_OK) out->failed = true;
    else segment_write((whole != NULL ? whole : index)->parts[0].segment, out);
    index_free(whole);
}

int index_open(struct index **out, const struct mem *mem, struct str block)
{
    *out = NULL;
    struct index *index = index_alloc(mem);
    if (index == NULL) return NDF_ENOMEM;
    index->with = ROWS_BEST;
    index->rows = rows_function(index->with);
    int err = segment_open(&index->parts[0].segment, mem, block);
    if (err == NDF_OK) {
        index->count = 1;
        index->seed = index->parts[0].segment->seed;
    }
    return hand_over(out, index, err, NULL);
}

bool index_fits(
    const struct index *index, const struct index_rule *rules, size_t count)
{
    size_t found = 0;
    for (size_t i = 0; i < index->count; i++) {
        const struct part *part = &index->parts[i];
        found += live_of(part);
        if (!segment_fits(part->segment, rules, count)) return false;
    }
    return found == count;
}

/* ---- matching ---------------------------------------------------------------
 */

static bool is_before(const struct index_match *a, const struct index_match *b)
{
    if (a->candidate != b->candidate) return a->candidate < b->candidate;
    return a->alternative < b->alternative;
}

static void sort_few(struct index_match *items, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        struct index_match item = items[i];
        size_t at = i;
        for (; at > 0 && is_before(&item, &items[at - 1]); at--)
            items[at] = items[at - 1];
        items[at] = item;
    }
}

/* One pass by some bits of the candidate; keeps the order of equals. */
static void sort_pass(const struct index_match *from, struct index_match *to,
    size_t count, unsigned shift)
{
    uint32_t starts[RADIX] = {0};
    for (size_t i = 0; i < count; i++)
        starts[from[i].candidate >> shift & (RADIX - 1)]++;
    uint32_t sum = 0;
    for (size_t i = 0; i < RADIX; i++) {
        uint32_t one = starts[i];
        starts[i] = sum;
        sum += one;
    }
    for (size_t i = 0; i < count; i++)
        to[starts[from[i].candidate >> shift & (RADIX - 1)]++] = from[i];
}

int index_sort(struct index_matches *matches, struct arena *arena)
{
    struct index_match **items = &matches->items;
    size_t count = matches->count;
    uint32_t all = 0;
    bool sorted = true;
    for (size_t i = 0; i < count; i++) {
        all |= (*items)[i].candidate;
        if (i > 0 && !is_before(&(*items)[i - 1], &(*items)[i])) sorted = false;
    }
    if (sorted) return NDF_OK;
    if (count <= SORT_FEW) {
        sort_few(*items, count);
        return NDF_OK;
    }
    struct index_match *other = arena_calloc(arena, count, sizeof *other);
    if (other == NULL) return NDF_ENOMEM;
    for (unsigned shift = 0; shift < 32 && all >> shift != 0;
         shift += RADIX_BITS) {
        sort_pass(*items, other, count, shift);
        struct index_match *swapped = *items;
        *items = other;
        other = swapped;
    }
    return NDF_OK;
}

/* Of each candidate the first alternative; those of one lie side by side. */
static size_t keep_first(struct index_match *items, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        struct index_match *last = kept > 0 ? &items[kept - 1] : NULL;
        if (last == NULL || last->candidate != items[i].candidate)
            items[kept++] = items[i];
        else if (items[i].alternative < last->alternative) *last = items[i];
    }
    return kept;
}

int index_encode(const struct index *index, const struct context *context,
    struct arena *arena)
{
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < index->count; i++) {
        struct coded coded;
        err = segment_encode(index->parts[i].segment, context, arena, &coded);
    }
    return err;
}

int index_match(const struct index *index, const struct context *context,
    struct arena *arena, struct index_matches *out)
{
    memset(out, 0, sizeof *out);
    struct matching matching = {.context = context, .rows = index->rows};
    matcher_work_init(&matching.work, arena);
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < index->count; i++) {
        const struct part *part = &index->parts[i];
        struct coded coded;
        matching.removed = part->removed;
        err = segment_encode(part->segment, context, arena, &coded);
        if (err == NDF_OK)
            err = segment_match(part->segment, &coded, &matching);
    }
    if (err != NDF_OK) return err;
    *out = (struct index_matches){
        matching.items, matching.count, matching.work.gave_up};
    if (!index->several) return NDF_OK;
    err = index_sort(out, arena);
    out->count = keep_first(out->items, out->count);
    return err;
}
