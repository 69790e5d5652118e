/*
 * segment_match.c - a context against a segment.
 *
 * What the rows leave is tried in batches: the places of the records first,
 * then the records, each fetched ahead, as both lie anywhere.
 */
#include "base/err.h"
#include "decide/segment.h"
#include "model/glob.h"

enum { BATCH = 128, ROWS_MAX = 64, MATCHES_FEW = 16, SAID = 64 };

/* ---- records ----------------------------------------------------------------
 */

static bool has_code(const uint32_t *codes, uint32_t count, uint32_t code)
{
    for (uint32_t i = 0; i < count; i++)
        if (codes[i] == code) return true;
    return false;
}

static bool in_range(
    const struct coded *coded, uint32_t column, int64_t low, int64_t high)
{
    return coded->places[column] >= low && coded->places[column] <= high;
}

static bool in_ranges(const struct segment *segment, const struct coded *coded,
    const struct test *test)
{
    const int64_t *pairs = segment->numbers + test->a;
    for (uint32_t i = 0; i < test->b; i++)
        if (in_range(coded, test->column, pairs[2 * (size_t)i],
                pairs[2 * (size_t)i + 1]))
            return true;
    return false;
}

static bool in_stars(const struct coded *coded, const struct glob *glob)
{
    if (coded->segments < glob->size) return false;
    if (glob->below == 0 && coded->segments > glob->size) return false;
    for (uint32_t i = glob->level; i < glob->size; i++)
        if (glob->words[i] != CODE_ABSENT &&
            glob->words[i] != coded->codes[COLUMN_SEGMENT + i])
            return false;
    return glob->level == 0 ||
           coded->codes[glob->level - 1] == glob->prefixes[glob->level - 1];
}

static bool in_glob(const struct segment *segment, const struct coded *coded,
    const struct glob *glob)
{
    if (glob->kind == GLOB_OTHER) {
        const struct term *term = &segment->terms[glob->text];
        const struct str text = {segment->bytes + term->at, term->size};
        return coded->domain && glob_match(text, coded->context->domain);
    }
    if (glob->kind == GLOB_STARS) return in_stars(coded, glob);
    if (glob->level == 0) return coded->domain;
    uint32_t last = glob->level - 1;
    return coded->codes[last] == glob->prefixes[last] &&
           (glob->kind == GLOB_BELOW || coded->segments == glob->level);
}

static bool in_globs(const struct segment *segment, const struct coded *coded,
    const struct test *test)
{
    if (test->kind == TEST_GLOB)
        return in_glob(segment, coded, &segment->globs[test->a]) ||
               (test->a != test->b &&
                   in_glob(segment, coded, &segment->globs[test->b]));
    const uint32_t *list = segment->codes + test->a;
    for (uint32_t i = 0; i < test->b; i++)
        if (in_glob(segment, coded, &segment->globs[list[i]])) return true;
    return false;
}

static int judge_slowly(const struct segment *segment, uint32_t number,
    struct matching *matching, bool *out)
{
    enum judgement judgement = JUDGEMENT_FALSE;
    struct slow *slow;
    int err = segment_slow(segment, number, &slow);
    if (err == NDF_OK)
        err = judge(&slow->judged, matching->context, &matching->work,
            &judgement, NULL);
    *out = err == NDF_OK && judgement == JUDGEMENT_HOLDS;
    return err;
}

/* Whether a test holds; what is slow may fail for memory. */
static inline int hold(const struct segment *segment, const struct coded *coded,
    struct matching *matching, const struct test *test, bool *out)
{
    uint32_t column = test->column;
    switch ((enum test_kind)test->kind) {
    case TEST_WORD:
        *out =
            coded->codes[column] == test->a || coded->codes[column] == test->b;
        return NDF_OK;
    case TEST_WORDS:
        *out =
            has_code(segment->codes + test->a, test->b, coded->codes[column]);
        return NDF_OK;
    case TEST_NOT_WORDS:
        *out =
            coded->codes[column] != CODE_ABSENT &&
            !has_code(segment->codes + test->a, test->b, coded->codes[column]);
        return NDF_OK;
    case TEST_KNOWN: *out = coded->codes[column] != CODE_ABSENT; return NDF_OK;
    case TEST_ABSENT: *out = coded->codes[column] == CODE_ABSENT; return NDF_OK;
    case TEST_RANGE:
        *out = coded->codes[column] >= CODE_FIRST &&
               in_range(coded, column, (int32_t)test->a, (int32_t)test->b);
        return NDF_OK;
    case TEST_RANGES:
        *out = coded->codes[column] >= CODE_FIRST &&
               in_ranges(segment, coded, test);
        return NDF_OK;
    case TEST_GLOB:
    case TEST_GLOBS: *out = in_globs(segment, coded, test); return NDF_OK;
    case TEST_SLOW: break;
    }
    return judge_slowly(segment, test->a, matching, out);
}

/* Fills in which tests of a candidate's taste hold. */
static int judge_taste(const struct segment *segment, const struct coded *coded,
    struct matching *matching, uint32_t local, struct index_match *out)
{
    if (segment->taste_of_count == 0 || segment->taste_of[local] == 0)
        return NDF_OK;
    const uint32_t *record = segment->tastes + segment->taste_of[local] - 1;
    uint32_t count = *record++;
    bool *good = arena_calloc(matching->work.arena, count, sizeof *good);
    if (good == NULL) return NDF_ENOMEM;
    for (uint32_t i = 0; i < count; i++, record += TEST_UNITS) {
        struct test test;
        memcpy(&test, record, sizeof test);
        int err = hold(segment, coded, matching, &test, &good[i]);
        if (err != NDF_OK) return err;
        out->held += good[i];
    }
    out->good = good;
    return NDF_OK;
}

/* Room for so many more. */
static int make_room(struct matching *matching, size_t more)
{
    size_t room = matching->room;
    if (matching->count + more <= room) return NDF_OK;
    while (room < matching->count + more)
        room = room * 2 + MATCHES_FEW;
    struct index_match *items =
        arena_calloc(matching->work.arena, room, sizeof *items);
    if (items == NULL) return NDF_ENOMEM;
    if (matching->count > 0)
        memcpy(items, matching->items, matching->count * sizeof *items);
    matching->items = items;
    matching->room = room;
    return NDF_OK;
}

static int add_match(const struct segment *segment, const struct coded *coded,
    struct matching *matching, uint32_t local, uint32_t alternative)
{
    const uint64_t *removed = matching->removed;
    if (removed != NULL && (removed[local / 64] >> (local % 64) & 1) != 0)
        return NDF_OK;
    int err = make_room(matching, 1);
    if (err != NDF_OK) return err;
    struct index_match *match = &matching->items[matching->count++];
    *match = (struct index_match){
        .candidate = segment->dense ? segment->candidates[0] + local
                                    : segment->candidates[local],
        .alternative = alternative};
    return judge_taste(segment, coded, matching, local, match);
}

/* The whole record of a law. */
static int judge_law(const struct segment *segment, const struct coded *coded,
    struct matching *matching, uint32_t start, bool *out)
{
    const uint32_t *record = segment->laws + start;
    struct law_record law;
    memcpy(&law, record, sizeof law);
    record += LAW_WORDS;
    *out = true;
    for (uint32_t i = 0; i < law.count && *out; i++, record += TEST_UNITS) {
        struct test test;
        memcpy(&test, record, sizeof test);
        int err = hold(segment, coded, matching, &test, out);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

/* Without a branch, as none could be foretold. */
static inline bool holds_quickly(const struct quick *quick, const int32_t *near)
{
    const uint32_t joined = quick->joined;
    uint32_t holds = 0;
#pragma GCC unroll 8
    for (size_t i = 0; i < QUICK_SLOTS; i++) {
        uint32_t behind = (uint32_t)near[quick->column[i]] - quick->from[i];
        holds |= (uint32_t)(behind <= quick->span[i]) << i;
    }
    /* What holds is handed on to the last of the joined ones. */
#pragma GCC unroll 8
    for (size_t i = 1; i < QUICK_SLOTS; i++)
        holds |= (holds & joined) << 1;
    return (holds | joined) == (1U << QUICK_SLOTS) - 1;
}

/* One whose quick record holds. */
static int settle(const struct segment *segment, const struct coded *coded,
    struct matching *matching, const struct quick *quick)
{
    bool holds = true;
    int err = NDF_OK;
    if ((quick->law & QUICK_PART) != 0)
        err = judge_law(
            segment, coded, matching, quick->law & ~QUICK_PART, &holds);
    if (err != NDF_OK || !holds) return err;
    return add_match(
        segment, coded, matching, quick->local, quick->alternative);
}

/* ---- cells ------------------------------------------------------------------
 */

/* Laws that the rows left, on their way from memory. */
struct batch {
    const struct quick *quicks[BATCH];
    size_t count;
};

/* Where nothing but the quick record matters it is written down first, and
 * counted if it holds. What else must be looked at is fetched meanwhile. */
static int try_batch(const struct segment *segment, const struct coded *coded,
    struct matching *matching, struct batch *batch)
{
    const struct quick *rest[BATCH];
    bool plain = segment->dense && segment->taste_of_count == 0 &&
                 matching->removed == NULL;
    size_t left = 0;
    int err = make_room(matching, batch->count);
    if (err != NDF_OK) return err;
    for (size_t i = 0; i < batch->count; i++) {
        const struct quick *quick = batch->quicks[i];
        bool holds = holds_quickly(quick, coded->near);
        bool part = (quick->law & QUICK_PART) != 0;
        matching->items[matching->count] = (struct index_match){
            .candidate = segment->candidates[0] + quick->local,
            .alternative = quick->alternative};
        matching->count += holds && plain && !part;
        rest[left] = quick;
        left += holds && (part || !plain);
        if (part)
            __builtin_prefetch(segment->laws + (quick->law & ~QUICK_PART));
    }
    batch->count = 0;
    for (size_t i = 0; err == NDF_OK && i < left; i++)
        err = settle(segment, coded, matching, rest[i]);
    return err;
}

static inline int add_left(const struct segment *segment,
    const struct coded *coded, struct matching *matching, struct batch *batch,
    uint32_t number)
{
    const struct quick *quick = segment->quicks + number;
    __builtin_prefetch(quick);
    batch->quicks[batch->count++] = quick;
    return batch->count < BATCH ? NDF_OK
                                : try_batch(segment, coded, matching, batch);
}

static int visit(const struct segment *segment, const struct coded *coded,
    struct matching *matching, struct batch *batch, const struct cell *cell)
{
    const struct cell_column *columns =
        segment->cell_columns + cell->column_first;
    const uint64_t *rows[ROWS_MAX];
    uint16_t left[ROWS_WORDS_MAX * 64];
    size_t words = (cell->count + 63) / 64;
    int err = NDF_OK;
    if (cell->column_count == 0) {
        for (uint32_t i = 0; err == NDF_OK && i < cell->count; i++)
            err = add_left(segment, coded, matching, batch, cell->first + i);
        return err;
    }
    const uint64_t *first = segment->rows + cell->rows;
    for (uint32_t i = 0; i < cell->column_count; i++) {
        uint32_t class = class_of(&columns[i], coded->codes[columns[i].column]);
        rows[i] = first + (columns[i].row + class) * words;
    }
    for (size_t at = 0; at < words; at += ROWS_WORDS_MAX) {
        size_t some = words - at < ROWS_WORDS_MAX ? words - at : ROWS_WORDS_MAX;
        size_t count = matching->rows(rows, cell->column_count, at, some, left);
        /* No bit behind the last law, whatever a block says. */
        while (count > 0 && at * 64 + left[count - 1] >= cell->count)
            count--;
        uint32_t base = cell->first + (uint32_t)at * 64;
        for (size_t i = 0; err == NDF_OK && i < count; i++)
            err = add_left(segment, coded, matching, batch, base + left[i]);
    }
    return err;
}

/* The cells of what a context says, fetched ahead: their heads, then what
 * those lead to. */
static int visit_said(const struct segment *segment, const struct coded *coded,
    struct matching *matching, struct batch *batch, size_t first, size_t count)
{
    const struct cell *cells[SAID];
    size_t found = 0;
    for (size_t i = first; i < first + count; i++) {
        uint32_t said = coded->said[i];
        uint32_t code = coded->codes[said];
        /* What was said twice may be nothing by now. */
        if (code < CODE_FIRST) continue;
        uint32_t cell =
            segment->cell_of[segment->columns[said].first + code - CODE_FIRST];
        if (cell == 0) continue;
        cells[found] = &segment->cells[cell];
        __builtin_prefetch(cells[found++]);
    }
    for (size_t i = 0; i < found; i++)
        __builtin_prefetch(segment->cell_columns + cells[i]->column_first);
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < found; i++)
        err = visit(segment, coded, matching, batch, cells[i]);
    return err;
}

int segment_match(const struct segment *segment, const struct coded *coded,
    struct matching *matching)
{
    struct batch batch;
    batch.count = 0;
    int err = visit(segment, coded, matching, &batch, &segment->cells[0]);
    size_t said = segment->cells_count > 1 ? coded->said_count : 0;
    for (size_t i = 0; err == NDF_OK && i < said; i += SAID)
        err = visit_said(segment, coded, matching, &batch, i,
            said - i < SAID ? said - i : SAID);
    if (err == NDF_OK) err = try_batch(segment, coded, matching, &batch);
    for (size_t i = 0; err == NDF_OK && i < segment->always_count; i++)
        err = add_match(segment, coded, matching, segment->always[i], 0);
    return err;
}
