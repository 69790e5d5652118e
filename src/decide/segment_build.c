/*
 * segment_build.c - makes a segment of a draft: words get their codes, numbers
 * their buckets, and the arrays change hands.
 *
 * The words of a column are coded by how many laws ask for them, so that the
 * common ones have classes of their own in the cells. The bounds of the buckets
 * are quantiles of the ends that laws name.
 */
#include <stdlib.h>

#include "base/err.h"
#include "decide/segment_cells.h"

enum { ENDS_MAX = 1 << 16 }; /* of a column that are looked at */

static int by_use(const void *a, const void *b)
{
    const struct coding *x = a;
    const struct coding *y = b;
    if (x->column != y->column) return x->column < y->column ? -1 : 1;
    if (x->weight != y->weight) return x->weight > y->weight ? -1 : 1;
    return (x->term > y->term) - (x->term < y->term);
}

/* How often each term is asked for: prefixes by the globs below them. */
static void weigh(const struct draft *draft, uint32_t *weights)
{
    const uint32_t *mentions = draft->mentions.at;
    const struct glob *globs = draft->globs.at;
    for (size_t i = 0; i < draft->mentions.count; i++)
        weights[i] = mentions[i];
    for (size_t i = 0; i < draft->globs.count; i++)
        for (uint32_t level = 0; level < globs[i].level; level++)
            weights[globs[i].prefixes[level]] += globs[i].uses;
}

static int give_codes(struct draft *draft, struct codings *out)
{
    size_t terms = draft->terms.items.count;
    struct term *items = draft->terms.items.at;
    struct column *columns = draft->columns.at;
    uint32_t *weights = mem_calloc(draft->mem, terms + 1, sizeof *weights);
    out->items = mem_calloc(draft->mem, terms + 1, sizeof *out->items);
    out->room = terms + 1;
    if (weights != NULL && out->items != NULL) weigh(draft, weights);
    for (uint32_t i = 0; weights != NULL && out->items != NULL && i < terms;
         i++) {
        if (items[i].space >= SPACE_HEADS) continue;
        out->items[out->count++] =
            (struct coding){items[i].space / 2, i, weights[i]};
    }
    bool made = weights != NULL && out->items != NULL;
    mem_free(draft->mem, weights, (terms + 1) * sizeof *weights);
    if (!made) return NDF_ENOMEM;
    qsort(out->items, out->count, sizeof *out->items, by_use);
    for (size_t i = 0; i < draft->columns.count; i++)
        for (size_t k = 0; k < 3; k++)
            columns[i].truths[k] = CODE_OTHER;
    for (uint32_t i = 0; i < out->count; i++) {
        struct column *column = &columns[out->items[i].column];
        if (column->count == 0) column->first = i;
        struct term *term = &items[out->items[i].term];
        term->code = CODE_FIRST + column->count++;
        if (term->space % 2 == 0) continue;
        char word = draft->terms.bytes.at[term->at];
        column->truths[word == 'f' ? 0 : word == 't' ? 1 : 2] = term->code;
    }
    return NDF_OK;
}

static void code_tests(const struct draft *draft, uint32_t *at, uint32_t count)
{
    const struct term *terms = draft->terms.items.at;
    uint32_t *codes = draft->codes.at;
    for (uint32_t i = 0; i < count; i++, at += TEST_UNITS) {
        struct test test;
        memcpy(&test, at, sizeof test);
        if (test.kind == TEST_WORD) {
            test.a = terms[test.a].code;
            test.b = terms[test.b].code;
        } else if (test.kind == TEST_WORDS || test.kind == TEST_NOT_WORDS) {
            for (uint32_t k = 0; k < test.b; k++)
                codes[test.a + k] = terms[codes[test.a + k]].code;
        }
        memcpy(at, &test, sizeof test);
    }
}

/* Terms become codes in all records. */
static void code_records(struct draft *draft)
{
    const struct term *terms = draft->terms.items.at;
    struct glob *globs = draft->globs.at;
    const uint32_t *starts = draft->law_starts.at;
    uint32_t *laws = draft->laws.at;
    uint32_t *tastes = draft->tastes.at;
    for (size_t i = 0; i < draft->globs.count; i++)
        for (uint32_t k = 0; k < SEGMENT_PREFIXES; k++) {
            if (k < globs[i].level)
                globs[i].prefixes[k] = terms[globs[i].prefixes[k]].code;
            globs[i].words[k] = globs[i].words[k] == TERM_NONE
                                    ? CODE_ABSENT
                                    : terms[globs[i].words[k]].code;
        }
    for (size_t i = 0; i < draft->law_starts.count; i++) {
        struct law_record law;
        memcpy(&law, laws + starts[i], sizeof law);
        code_tests(draft, laws + starts[i] + LAW_WORDS, law.count);
    }
    for (size_t at = 0; at < draft->tastes.count;
         at += 1 + (size_t)tastes[at] * TEST_UNITS)
        code_tests(draft, tastes + at + 1, tastes[at]);
}

/* ---- buckets ----------------------------------------------------------------
 */

/* An end of a range: a bucket may begin there. */
struct end {
    uint32_t column;
    int64_t number;
};

static int by_end(const void *a, const void *b)
{
    const struct end *x = a;
    const struct end *y = b;
    if (x->column != y->column) return x->column < y->column ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static int add_ends(
    struct vec *ends, uint32_t column, int64_t low, int64_t high)
{
    const int64_t numbers[] = {low, high == INT64_MAX ? low : high + 1};
    for (size_t i = 0; i < 2; i++) {
        if (numbers[i] == INT64_MIN) continue;
        struct end *end = vec_push(ends);
        if (end == NULL) return NDF_ENOMEM;
        *end = (struct end){column, numbers[i]};
    }
    return NDF_OK;
}

static int ends_of(
    const struct draft *draft, const struct test *test, struct vec *ends)
{
    const int64_t *numbers = draft->numbers.at;
    int err = NDF_OK;
    if (test->kind == TEST_RANGE)
        err = add_ends(ends, test->column, (int32_t)test->a, (int32_t)test->b);
    for (uint32_t i = 0; test->kind == TEST_RANGES && i < test->b; i++) {
        const int64_t *pair = numbers + test->a + 2 * (size_t)i;
        if (err == NDF_OK) err = add_ends(ends, test->column, pair[0], pair[1]);
    }
    return err;
}

static int find_ends(const struct draft *draft, struct vec *ends)
{
    const uint32_t *starts = draft->law_starts.at;
    const uint32_t *laws = draft->laws.at;
    size_t step = draft->law_starts.count / ENDS_MAX + 1;
    struct column *columns = draft->columns.at;
    for (size_t i = 0; i < draft->columns.count; i++)
        columns[i].rounded = step > 1;
    for (size_t i = 0; i < draft->law_starts.count; i += step) {
        struct law_record law;
        memcpy(&law, laws + starts[i], sizeof law);
        for (uint32_t t = 0; t < law.count; t++) {
            struct test test;
            memcpy(&test, laws + starts[i] + LAW_WORDS + (size_t)t * TEST_UNITS,
                sizeof test);
            int err = ends_of(draft, &test, ends);
            if (err != NDF_OK) return err;
        }
    }
    return NDF_OK;
}

/* The bounds of one column, of its ends in order. */
static int put_bounds(struct draft *draft, const struct end *ends, size_t count)
{
    struct column *column = (struct column *)draft->columns.at + ends[0].column;
    column->bounds = (uint32_t)draft->numbers.count;
    int64_t *bounds = vec_reserve(&draft->numbers, SEGMENT_BUCKETS - 1);
    if (bounds == NULL) return NDF_ENOMEM;
    draft->numbers.count += SEGMENT_BUCKETS - 1;
    size_t distinct = 1;
    for (size_t i = 1; i < count; i++)
        distinct += ends[i].number != ends[i - 1].number;
    bool all = distinct < SEGMENT_BUCKETS;
    if (!all) column->rounded = 1;
    size_t steps = all ? count : SEGMENT_BUCKETS - 1;
    uint32_t made = 0;
    for (size_t i = 0; i < steps; i++) {
        size_t at = all ? i : (i * 2 + 1) * count / (steps * 2);
        if (made == 0 || ends[at].number != bounds[made - 1])
            bounds[made++] = ends[at].number;
    }
    column->bound_count = made;
    for (; made < SEGMENT_BUCKETS - 1; made++)
        bounds[made] = INT64_MAX;
    return NDF_OK;
}

/* A column that no law names a number of has one bucket. */
static int put_no_bounds(struct draft *draft)
{
    struct column *columns = draft->columns.at;
    uint32_t none = (uint32_t)draft->numbers.count;
    int64_t *bounds = vec_reserve(&draft->numbers, SEGMENT_BUCKETS - 1);
    if (bounds == NULL) return NDF_ENOMEM;
    draft->numbers.count += SEGMENT_BUCKETS - 1;
    for (size_t i = 0; i < SEGMENT_BUCKETS - 1; i++)
        bounds[i] = INT64_MAX;
    for (size_t i = 0; i < draft->columns.count; i++)
        if (columns[i].bound_count == 0) columns[i].bounds = none;
    return NDF_OK;
}

static int give_buckets(struct draft *draft)
{
    struct vec vec;
    vec_init(&vec, draft->mem, sizeof(struct end));
    int err = find_ends(draft, &vec);
    const struct end *ends = vec.at;
    if (vec.count > 0) qsort(vec.at, vec.count, sizeof *ends, by_end);
    size_t first = 0;
    for (size_t i = 1; err == NDF_OK && i <= vec.count; i++) {
        if (i < vec.count && ends[i].column == ends[first].column) continue;
        err = put_bounds(draft, ends + first, i - first);
        first = i;
    }
    vec_deinit(&vec);
    return err == NDF_OK ? put_no_bounds(draft) : err;
}

/* ---- changing hands ---------------------------------------------------------
 */

/* The items of a vec, in memory of just their size. */
static int take(struct vec *vec, void *items, size_t *count)
{
    void *at = vec->at;
    if (vec->count == 0) {
        vec_deinit(vec);
        return NDF_OK;
    }
    if (vec->count < vec->capacity) {
        at = mem_resize(vec->mem, vec->at, vec->capacity * vec->item_size,
            vec->count * vec->item_size);
        if (at == NULL) return NDF_ENOMEM;
    }
    memcpy(items, &at, sizeof at);
    *count = vec->count;
    vec_init(vec, vec->mem, vec->item_size);
    return NDF_OK;
}

static int take_bytes(struct draft *draft, struct segment *segment)
{
    struct buf *bytes = &draft->terms.bytes;
    if (bytes->size == 0) return NDF_OK;
    segment->bytes = mem_alloc(draft->mem, bytes->size);
    if (segment->bytes == NULL) return NDF_ENOMEM;
    memcpy(segment->bytes, bytes->at, bytes->size);
    segment->bytes_count = bytes->size;
    return NDF_OK;
}

static int take_all(struct draft *draft, struct segment *segment)
{
    segment->seed = draft->terms.terms.seed;
    int err = take_bytes(draft, segment);
#define TAKE(name)                                                             \
    if (err == NDF_OK)                                                         \
        err = take(&draft->name, &segment->name, &segment->name##_count);
    TAKE(columns)
    TAKE(attributes)
    TAKE(dotted)
    TAKE(numbers)
    TAKE(codes)
    TAKE(globs)
    TAKE(laws)
    TAKE(always)
    TAKE(candidates)
    TAKE(tastes)
    if (draft->tasted) TAKE(taste_of)
#undef TAKE
    if (err == NDF_OK)
        err = take(&draft->slows, &segment->slows, &segment->slow_count);
    if (err == NDF_OK)
        err = take(&draft->terms.items, &segment->terms, &segment->terms_count);
    segment->slots = draft->terms.slots;
    segment->slots_count = (size_t)draft->terms.terms.mask + 1;
    draft->terms.slots = NULL;
    segment->several = draft->several;
    const uint32_t *candidates = segment->candidates;
    size_t count = segment->candidates_count;
    segment->dense =
        count > 0 && candidates[count - 1] - candidates[0] == count - 1;
    return err;
}

static int make_blanks(struct segment *segment)
{
    size_t count = segment->columns_count;
    segment->blanks = mem_calloc(segment->mem, count, sizeof *segment->blanks);
    if (segment->blanks == NULL) return NDF_ENOMEM;
    segment->blanks_count = count;
    for (size_t i = 0; i < count; i++)
        if (segment->columns[i].kind == COLUMN_NUMBER)
            segment->blanks[i] = INT32_MIN;
    return NDF_OK;
}

int segment_new(struct segment **out, struct draft *draft)
{
    *out = NULL;
    struct segment *segment = mem_calloc(draft->mem, 1, sizeof *segment);
    if (segment == NULL) return NDF_ENOMEM;
    segment->mem = draft->mem;
    atomic_init(&segment->references, 1);
    struct codings codings = {NULL, 0, 0};
    int err = give_codes(draft, &codings);
    if (err == NDF_OK) code_records(draft);
    if (err == NDF_OK) err = give_buckets(draft);
    if (err == NDF_OK) err = take_all(draft, segment);
    if (err == NDF_OK) err = make_blanks(segment);
    if (err == NDF_OK)
        err = segment_make_cells(
            segment, &codings, draft->law_starts.at, draft->law_starts.count);
    mem_free(draft->mem, codings.items, codings.room * sizeof *codings.items);
    if (err != NDF_OK) segment_unref(segment);
    else *out = segment;
    return err;
}
