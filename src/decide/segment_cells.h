/*
 * segment_cells.h - where the laws of a segment lie, and the rows of bits over
 * them; private to segment_*.c.
 */
#ifndef NDF_DECIDE_SEGMENT_CELLS_H
#define NDF_DECIDE_SEGMENT_CELLS_H

#include "decide/draft.h"

/* A word that has a code, by column and code. */
struct coding {
    uint32_t column, term;
    uint32_t weight; /* how many laws ask for it */
};

struct codings {
    struct coding *items;
    size_t count, room;
};

struct making {
    struct segment *segment;
    const struct codings *codings;
    const uint32_t *starts; /* of the records, in laws */
    size_t law_count;
    uint32_t *entries; /* by cell: starts of its laws */
    size_t entry_count;
    uint32_t *keys;    /* by cell: the place that leads to it */
    bool *shut;        /* by place: too few laws would lie there */
    uint64_t *totals;  /* by column: laws that ask for a word of it */
    uint64_t globs;    /* uses of globs */
    uint32_t *seen;    /* by column: laws of the cell that ask about it */
    uint32_t *highest; /* by column: the highest code they ask for */
    uint32_t *slot;    /* by column: its number in the cell, + 1 */
};

struct cell_key {
    uint32_t column, code;
};

/* Fills in code_terms, cell_of, cells, cell_columns, rows and quicks; starts
 * are the places of the records in laws. NDF_OK, NDF_ENOMEM, NDF_ELIMIT. */
int segment_make_cells(struct segment *segment, const struct codings *codings,
    const uint32_t *starts, size_t law_count);
/* The parts of it: columns and rows, and what decides what they leave. */
int segment_make_rows(struct making *m);
int segment_make_quicks(struct making *m);

/* What leads to a cell: a column and a code; COLUMN_NONE to the first. */
static inline struct cell_key key_of(const struct making *m, size_t cell)
{
    if (cell == 0) return (struct cell_key){COLUMN_NONE, 0};
    uint32_t place = m->keys[cell];
    uint32_t column = m->codings->items[place].column;
    return (struct cell_key){
        column, place - m->segment->columns[column].first + CODE_FIRST};
}

static inline struct law_record law_at(
    const struct segment *segment, uint32_t at)
{
    struct law_record law;
    memcpy(&law, segment->laws + at, sizeof law);
    return law;
}

static inline struct test test_at(
    const struct segment *segment, uint32_t law, uint32_t number)
{
    struct test test;
    memcpy(&test, segment->laws + law + LAW_WORDS + (size_t)number * TEST_UNITS,
        sizeof test);
    return test;
}

/* The items of a test's list, whatever its form; NULL: a and b. */
static inline const uint32_t *list_of(
    const struct segment *segment, const struct test *test, uint32_t *count)
{
    bool list = test->kind == TEST_WORDS || test->kind == TEST_NOT_WORDS ||
                test->kind == TEST_GLOBS;
    *count = list ? test->b : test->a == test->b ? 1 : 2;
    return list ? segment->codes + test->a : NULL;
}

static inline uint32_t item_of(
    const struct test *test, const uint32_t *list, uint32_t number)
{
    if (list != NULL) return list[number];
    return number == 0 ? test->a : test->b;
}

#endif
