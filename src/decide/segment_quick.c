/*
 * segment_quick.c - the quick records of a segment: see segment.h.
 *
 * A test takes one slot, or some that are joined, as a list of words does. A
 * law with a test that fits no slot, or with too many, is decided by its record
 * after its quick one.
 */
#include "base/err.h"
#include "decide/segment_cells.h"

/* Slots of one test. */
struct slots {
    struct quick_slot items[QUICK_SLOTS];
    uint32_t count;
    bool joined; /* all of them */
    bool fits;
};

static void add_slot(
    struct slots *slots, uint32_t column, uint32_t from, uint32_t span)
{
    slots->fits &= slots->count < QUICK_SLOTS && column < QUICK_COLUMNS;
    if (slots->fits)
        slots->items[slots->count++] = (struct quick_slot){column, from, span};
}

static void add_range(
    struct slots *slots, uint32_t column, int64_t low, int64_t high)
{
    if (low == INT64_MIN) low = INT32_MIN + 1;
    else if (low <= INT32_MIN + 1) slots->fits = false;
    if (high == INT64_MAX) high = INT32_MAX;
    else if (high >= INT32_MAX) slots->fits = false;
    if (low > INT32_MAX || high <= INT32_MIN || low > high) slots->fits = false;
    if (!slots->fits) return;
    add_slot(slots, column, (uint32_t)(int32_t)low, (uint32_t)(high - low));
}

static void add_words(
    const struct segment *segment, const struct test *test, struct slots *slots)
{
    uint32_t count;
    const uint32_t *list = list_of(segment, test, &count);
    for (uint32_t i = 0; i < count; i++)
        add_slot(slots, test->column, item_of(test, list, i), 0);
    slots->joined = true;
}

/* A glob alone: all of its slots must hold. */
static void add_glob(const struct glob *glob, struct slots *slots)
{
    if (glob->level > 0)
        add_slot(slots, glob->level - 1, glob->prefixes[glob->level - 1], 0);
    for (uint32_t i = glob->level; i < glob->size; i++)
        if (glob->words[i] != CODE_ABSENT)
            add_slot(slots, COLUMN_SEGMENT + i, glob->words[i], 0);
    bool whole = glob->kind == GLOB_BELOW && glob->level > 0;
    if (!whole)
        add_slot(slots, COLUMN_SEGMENTS, glob->size,
            glob->below != 0 ? INT32_MAX - glob->size : 0);
}

static void add_globs(
    const struct segment *segment, const struct test *test, struct slots *slots)
{
    uint32_t count;
    const uint32_t *list = list_of(segment, test, &count);
    for (uint32_t i = 0; i < count; i++) {
        const struct glob *glob = &segment->globs[item_of(test, list, i)];
        slots->fits &= glob->kind != GLOB_OTHER;
        if (slots->fits) add_glob(glob, slots);
    }
    /* Only single slots can be joined. */
    slots->fits &= count == 1 || slots->count == count;
    slots->joined = count > 1;
}

static void find_slots(
    const struct segment *segment, const struct test *test, struct slots *slots)
{
    const int64_t *ends = segment->numbers + test->a;
    *slots = (struct slots){.fits = true};
    switch ((enum test_kind)test->kind) {
    case TEST_WORD:
    case TEST_WORDS: add_words(segment, test, slots); return;
    case TEST_RANGE:
        add_range(slots, test->column, (int32_t)test->a, (int32_t)test->b);
        return;
    case TEST_RANGES:
        for (uint32_t i = 0; i < test->b && slots->fits; i++)
            add_range(slots, test->column, ends[2 * (size_t)i],
                ends[2 * (size_t)i + 1]);
        slots->joined = true;
        return;
    case TEST_GLOB:
    case TEST_GLOBS: add_globs(segment, test, slots); return;
    case TEST_NOT_WORDS:
    case TEST_KNOWN:
    case TEST_ABSENT:
    case TEST_SLOW: break;
    }
    slots->fits = false;
}

/* Whether being in a cell says that a test holds. */
static bool is_said(
    const struct making *m, struct cell_key key, const struct test *test)
{
    uint32_t count;
    const uint32_t *list = list_of(m->segment, test, &count);
    if (key.column == COLUMN_NONE) return false;
    if (key.column < SEGMENT_PREFIXES) {
        if (test->kind != TEST_GLOB || count > 1) return false;
        const struct glob *glob = &m->segment->globs[test->a];
        return glob->kind == GLOB_BELOW && glob->level == key.column + 1 &&
               glob->prefixes[key.column] == key.code;
    }
    if (test->kind != TEST_WORD && test->kind != TEST_WORDS) return false;
    for (uint32_t i = 0; test->column == key.column && i < count; i++)
        if (item_of(test, list, i) == key.code) return true;
    return false;
}

/* Whether the rows of a cell leave just the laws for which a test of words or
 * of numbers holds: no code shares its class with another one. */
static bool is_certain(const struct segment *segment, const struct cell *cell,
    const struct test *test)
{
    bool numbers = test->kind == TEST_RANGE || test->kind == TEST_RANGES;
    if (test->kind != TEST_WORD && test->kind != TEST_WORDS && !numbers)
        return false;
    const struct column *column = &segment->columns[test->column];
    if (numbers && column->rounded != 0) return false;
    for (uint32_t i = 0; i < cell->column_count; i++) {
        const struct cell_column *kept =
            &segment->cell_columns[cell->column_first + i];
        if (kept->column == test->column)
            return numbers || column->count <= kept->mask + 1;
    }
    return false;
}

static void fill(
    const struct making *m, size_t cell, uint32_t start, struct quick *out)
{
    const struct segment *segment = m->segment;
    struct cell_key key = key_of(m, cell);
    struct law_record law = law_at(segment, start);
    uint32_t count = 0;
    *out = (struct quick){
        .local = law.local, .alternative = law.alternative, .law = start};
    for (uint32_t i = 0; i < law.count; i++) {
        struct test test = test_at(segment, start, i);
        struct slots slots;
        if (is_said(m, key, &test) ||
            is_certain(segment, &segment->cells[cell], &test))
            continue;
        find_slots(segment, &test, &slots);
        if (!slots.fits || count + slots.count > QUICK_SLOTS) {
            out->law |= QUICK_PART;
            continue;
        }
        for (uint32_t k = 0; k < slots.count; k++, count++) {
            out->column[count] = (uint16_t)slots.items[k].column;
            out->from[count] = slots.items[k].from;
            out->span[count] = slots.items[k].span;
            if (slots.joined && k + 1 < slots.count)
                out->joined = (uint16_t)(out->joined | 1U << count);
        }
    }
    for (; count < QUICK_SLOTS; count++)
        out->span[count] = UINT32_MAX;
}

int segment_make_quicks(struct making *m)
{
    struct segment *segment = m->segment;
    if (m->entry_count == 0) return NDF_OK;
    if (segment->laws_count >= QUICK_PART) return NDF_ELIMIT;
    segment->quicks = mem_alloc_aligned(segment->mem,
        m->entry_count * sizeof *segment->quicks, SEGMENT_LINE,
        &segment->quicks_block);
    if (segment->quicks == NULL) return NDF_ENOMEM;
    segment->quicks_count = m->entry_count;
    for (size_t cell = 0; cell < segment->cells_count; cell++) {
        const struct cell *of = &segment->cells[cell];
        for (uint32_t i = 0; i < of->count; i++)
            fill(m, cell, m->entries[of->first + i],
                &segment->quicks[of->first + i]);
    }
    return NDF_OK;
}
