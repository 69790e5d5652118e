/*
 * segment_rows.c - the rows of bits over the laws of each cell.
 *
 * Rows are made for the columns that most laws of a cell ask about, those first
 * that leave out most: where laws of one part of the tree of domains lie side
 * by side, its levels come first of all. Rows start full, and a test clears
 * what it excludes.
 */
#include <stdlib.h>

#include "base/err.h"
#include "decide/segment_cells.h"

enum {
    ROWS_FROM = 16,   /* laws of a cell that has rows */
    ROW_LEVELS = 4,   /* of the domain that have rows */
    FIRST_LEVELS = 2, /* that come before all others */
};

/* ---- columns of a cell ------------------------------------------------------
 */

/* Whether what leads to a cell has already decided about a column. */
static bool is_decided(const struct making *m, size_t cell, uint32_t column)
{
    uint32_t key = key_of(m, cell).column;
    if (key == COLUMN_NONE) return false;
    return key < SEGMENT_PREFIXES ? column <= key : column == key;
}

static void see(
    struct making *m, uint32_t column, uint32_t highest, struct vec *touched)
{
    if (m->seen[column]++ == 0) {
        uint32_t *item = vec_push(touched);
        if (item != NULL) *item = column;
        m->highest[column] = 0;
    }
    if (highest > m->highest[column]) m->highest[column] = highest;
}

static void see_globs(
    struct making *m, const struct test *test, struct vec *touched)
{
    uint32_t count;
    const uint32_t *list = list_of(m->segment, test, &count);
    for (uint32_t level = 0; level < ROW_LEVELS; level++) {
        uint32_t highest = 0;
        for (uint32_t i = 0; i < count; i++) {
            const struct glob *glob =
                &m->segment->globs[item_of(test, list, i)];
            if (glob->level <= level) return;
            if (glob->prefixes[level] > highest)
                highest = glob->prefixes[level];
        }
        see(m, level, highest, touched);
    }
}

static void see_test(
    struct making *m, const struct test *test, struct vec *touched)
{
    if (test->kind == TEST_SLOW) return;
    if (test->kind == TEST_GLOB || test->kind == TEST_GLOBS) {
        see_globs(m, test, touched);
        return;
    }
    uint32_t highest = CODE_OTHER;
    if (test->kind == TEST_WORD || test->kind == TEST_WORDS) {
        uint32_t count;
        const uint32_t *list = list_of(m->segment, test, &count);
        for (uint32_t i = 0; i < count; i++) {
            uint32_t code = item_of(test, list, i);
            if (code > highest) highest = code;
        }
    }
    see(m, test->column, highest, touched);
}

/* As many classes as there are codes, up to SEGMENT_BUCKETS. */
static uint32_t mask_for(uint32_t highest)
{
    uint32_t classes = 1;
    while (classes < SEGMENT_BUCKETS && CODE_FIRST + classes <= highest)
        classes *= 2;
    return classes - 1;
}

/* What a column of a cell leaves out, about. */
struct worth {
    uint32_t column;
    double out;
};

static int by_worth(const void *a, const void *b)
{
    const struct worth *x = a;
    const struct worth *y = b;
    if (x->out != y->out) return x->out > y->out ? -1 : 1;
    return (x->column > y->column) - (x->column < y->column);
}

static double worth_of(const struct making *m, uint32_t column)
{
    const struct column *what = &m->segment->columns[column];
    double share = what->kind == COLUMN_NUMBER
                       ? 0.4
                       : 1 - 1.0 / (mask_for(m->highest[column]) + 1.5);
    return m->seen[column] * share * (column < FIRST_LEVELS ? 1000 : 1);
}

/* The columns of a cell, the best first. */
static int plan_cell(struct making *m, size_t number, struct vec *columns,
    struct vec *touched, uint64_t *rows)
{
    struct segment *segment = m->segment;
    struct cell *cell = &segment->cells[number];
    vec_clear(touched);
    cell->column_first = (uint32_t)columns->count;
    cell->rows = *rows;
    if (cell->count < ROWS_FROM) return NDF_OK;
    if (vec_reserve(touched, segment->columns_count) == NULL) return NDF_ENOMEM;
    for (uint32_t i = 0; i < cell->count; i++) {
        uint32_t start = m->entries[cell->first + i];
        uint32_t count = law_at(segment, start).count;
        for (uint32_t t = 0; t < count; t++) {
            struct test test = test_at(segment, start, t);
            see_test(m, &test, touched);
        }
    }
    struct worth worths[CELL_COLUMNS + 1];
    size_t count = 0;
    const uint32_t *all = touched->at;
    for (size_t i = 0; i < touched->count; i++) {
        struct worth worth = {all[i], worth_of(m, all[i])};
        bool few = m->seen[all[i]] * 32 < cell->count;
        if (!few && !is_decided(m, number, all[i])) {
            worths[count++] = worth;
            qsort(worths, count, sizeof *worths, by_worth);
            if (count > CELL_COLUMNS) count = CELL_COLUMNS;
        }
        m->seen[all[i]] = 0;
    }
    uint32_t row = 0;
    for (size_t i = 0; i < count; i++) {
        struct cell_column *column = vec_push(columns);
        if (column == NULL) return NDF_ENOMEM;
        bool numbers = segment->columns[worths[i].column].kind == COLUMN_NUMBER;
        *column = (struct cell_column){.column = worths[i].column,
            .mask =
                numbers ? UINT32_MAX : mask_for(m->highest[worths[i].column]),
            .row = row};
        row += class_count(segment, column);
    }
    cell->column_count = (uint32_t)count;
    *rows += (uint64_t)row * ((cell->count + 63) / 64);
    return NDF_OK;
}

/* ---- rows -------------------------------------------------------------------
 */

#define CLASS(number) (UINT64_C(1) << (number))

static uint64_t ranges_of(const struct segment *segment,
    const struct test *test, const struct cell_column *column)
{
    const struct column *what = &segment->columns[column->column];
    const int64_t *bounds = segment->numbers + what->bounds;
    const int64_t one[2] = {(int32_t)test->a, (int32_t)test->b};
    const int64_t *pairs =
        test->kind == TEST_RANGE ? one : segment->numbers + test->a;
    uint32_t count = test->kind == TEST_RANGE ? 1 : test->b;
    uint64_t classes = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t last =
            bucket_of(bounds, what->bound_count, pairs[2 * (size_t)i + 1]);
        for (uint32_t b =
                 bucket_of(bounds, what->bound_count, pairs[2 * (size_t)i]);
             b <= last; b++)
            classes |= CLASS(class_of(column, CODE_FIRST + b));
    }
    return classes;
}

/* The classes of a column for which a test may hold. */
static uint64_t classes_of(const struct segment *segment,
    const struct test *test, const struct cell_column *column)
{
    uint32_t count;
    const uint32_t *list = list_of(segment, test, &count);
    uint64_t classes = 0;
    switch ((enum test_kind)test->kind) {
    case TEST_WORD:
    case TEST_WORDS:
        for (uint32_t i = 0; i < count; i++)
            classes |= CLASS(class_of(column, item_of(test, list, i)));
        return classes;
    case TEST_NOT_WORDS:
    case TEST_KNOWN: return ~CLASS(CODE_ABSENT);
    case TEST_ABSENT: return CLASS(CODE_ABSENT);
    case TEST_RANGE:
    case TEST_RANGES: return ranges_of(segment, test, column);
    case TEST_GLOB:
    case TEST_GLOBS:
        for (uint32_t i = 0; i < count; i++) {
            const struct glob *glob = &segment->globs[item_of(test, list, i)];
            if (glob->level <= column->column) return ~UINT64_C(0);
            classes |= CLASS(class_of(column, glob->prefixes[column->column]));
        }
        return classes;
    case TEST_SLOW: break;
    }
    return ~UINT64_C(0);
}

/* Clears what a test excludes of one law. */
static void clear(struct making *m, const struct cell *cell,
    const struct test *test, uint32_t column, uint32_t number)
{
    struct segment *segment = m->segment;
    if (m->slot[column] == 0) return;
    const struct cell_column *kept =
        &segment->cell_columns[cell->column_first + m->slot[column] - 1];
    size_t words = (cell->count + 63) / 64;
    uint64_t *row = segment->rows + cell->rows + (size_t)kept->row * words;
    uint64_t classes = classes_of(segment, test, kept);
    uint32_t count = class_count(segment, kept);
    uint64_t all = count == 64 ? ~UINT64_C(0) : CLASS(count) - 1;
    for (uint64_t out = ~classes & all; out != 0; out &= out - 1)
        row[(size_t)__builtin_ctzll(out) * words + number / 64] &=
            ~CLASS(number % 64);
}

static void clear_all(
    struct making *m, const struct cell *cell, uint32_t number)
{
    const struct segment *segment = m->segment;
    uint32_t start = m->entries[cell->first + number];
    uint32_t count = law_at(segment, start).count;
    for (uint32_t t = 0; t < count; t++) {
        struct test test = test_at(segment, start, t);
        if (test.kind == TEST_SLOW) continue;
        if (test.kind != TEST_GLOB && test.kind != TEST_GLOBS) {
            clear(m, cell, &test, test.column, number);
            continue;
        }
        for (uint32_t level = 0; level < ROW_LEVELS; level++)
            clear(m, cell, &test, level, number);
    }
}

static void fill_rows(struct making *m, const struct cell *cell)
{
    struct segment *segment = m->segment;
    if (cell->column_count == 0) return;
    const struct cell_column *columns =
        segment->cell_columns + cell->column_first;
    const struct cell_column *last = &columns[cell->column_count - 1];
    size_t words = (cell->count + 63) / 64;
    size_t rows = last->row + class_count(segment, last);
    uint64_t *at = segment->rows + cell->rows;
    memset(at, 0xFF, rows * words * sizeof *at);
    for (size_t i = 0; i < rows && cell->count % 64 != 0; i++)
        at[(i + 1) * words - 1] = CLASS(cell->count % 64) - 1;
    for (uint32_t i = 0; i < cell->column_count; i++)
        m->slot[columns[i].column] = i + 1;
    for (uint32_t i = 0; i < cell->count; i++)
        clear_all(m, cell, i);
    for (uint32_t i = 0; i < cell->column_count; i++)
        m->slot[columns[i].column] = 0;
}

int segment_make_rows(struct making *m)
{
    struct segment *segment = m->segment;
    struct vec columns;
    struct vec touched;
    uint64_t rows = 0;
    vec_init(&columns, segment->mem, sizeof(struct cell_column));
    vec_init(&touched, segment->mem, sizeof(uint32_t));
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < segment->cells_count; i++)
        err = plan_cell(m, i, &columns, &touched, &rows);
    vec_deinit(&touched);
    if (err == NDF_OK && columns.count > 0) {
        size_t size = columns.count * sizeof(struct cell_column);
        segment->cell_columns = mem_alloc(segment->mem, size);
        if (segment->cell_columns == NULL) err = NDF_ENOMEM;
        else memcpy(segment->cell_columns, columns.at, size);
        segment->cell_columns_count = err == NDF_OK ? columns.count : 0;
    }
    vec_deinit(&columns);
    if (err == NDF_OK && rows > 0) {
        if (rows > SIZE_MAX / sizeof *segment->rows) return NDF_ELIMIT;
        segment->rows = mem_alloc_aligned(segment->mem,
            rows * sizeof *segment->rows, SEGMENT_LINE, &segment->rows_block);
        if (segment->rows == NULL) return NDF_ENOMEM;
        segment->rows_count = rows;
    }
    for (size_t i = 0; err == NDF_OK && i < segment->cells_count; i++)
        fill_rows(m, &segment->cells[i]);
    return err;
}
