/*
 * segment_cells.c - see segment_cells.h.
 *
 * A law goes into the cell of what it asks for that is the rarest among laws:
 * the best guess at what is rare among contexts. One that asks for any of
 * several words lies in the cell of each, so that a context, which has one of
 * them, meets it once. Of places in the tree of domains the outer one stands
 * for those inside it, for the same reason.
 *
 * A cell of few laws costs more than it saves: such are shut, and their laws go
 * where they would go next. Inside a cell laws of one part of the tree lie side
 * by side, so that whole words of bits are left out at once.
 */
#include "decide/segment_cells.h"

#include <stdlib.h>

#include "base/err.h"

enum {
    LAWS_FEW = 5000, /* below that all laws lie in the first cell */
    CELL_LAWS = 128, /* a cell of fewer costs more than it saves */
    COMMON = 2,      /* what more than one law in so many asks for leads
                        nowhere */
};

/* Where a law lies: places in code_terms, or nowhere. */
struct access {
    uint32_t places[ACCESS_MAX];
    uint32_t count;
    double cost; /* share of contexts that come by, copies counted a little */
};

/* ---- access -----------------------------------------------------------------
 */

static uint32_t place_of(
    const struct segment *segment, uint32_t column, uint32_t code)
{
    return segment->columns[column].first + code - CODE_FIRST;
}

static void put_cost(struct making *m, uint64_t total, struct access *access)
{
    uint64_t weight = 0;
    for (uint32_t i = 0; i < access->count; i++)
        weight += m->codings->items[access->places[i]].weight;
    access->cost = (double)weight / (double)(total > 0 ? total : 1) *
                   (1 + 0.25 * (access->count - 1));
}

static bool by_words(
    struct making *m, const struct test *test, struct access *out)
{
    uint32_t count;
    const uint32_t *list = list_of(m->segment, test, &count);
    if (count > ACCESS_MAX) return false;
    out->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t place =
            place_of(m->segment, test->column, item_of(test, list, i));
        bool there = false;
        for (uint32_t k = 0; k < out->count; k++)
            there |= out->places[k] == place;
        if (m->shut[place]) return false;
        if (!there) out->places[out->count++] = place;
    }
    put_cost(m, m->totals[test->column], out);
    return true;
}

static struct str text_at(const struct making *m, uint32_t place)
{
    const struct term *term = &m->segment->terms[m->codings->items[place].term];
    return (struct str){m->segment->bytes + term->at, term->size};
}

static bool is_inside(struct str place, struct str outer)
{
    return str_starts(place, outer) &&
           (place.size == outer.size || place.at[outer.size] == '.');
}

/* Adds a place unless an outer one is there, and takes inner ones out. */
static void add_outer(
    const struct making *m, uint32_t place, struct access *out)
{
    struct str text = text_at(m, place);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < out->count; i++) {
        struct str other = text_at(m, out->places[i]);
        if (is_inside(text, other)) return;
        if (!is_inside(other, text)) out->places[kept++] = out->places[i];
    }
    out->places[kept] = place;
    out->count = kept + 1;
}

/* The innermost place above a glob that is open; false when none is. */
static bool find_open(
    const struct making *m, const struct glob *glob, uint32_t *place)
{
    for (uint32_t level = glob->level; level > 0; level--) {
        *place = place_of(m->segment, level - 1, glob->prefixes[level - 1]);
        if (!m->shut[*place]) return true;
    }
    return false;
}

static bool by_globs(
    struct making *m, const struct test *test, struct access *out)
{
    uint32_t count;
    const uint32_t *list = list_of(m->segment, test, &count);
    if (count > ACCESS_MAX) return false;
    out->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        const struct glob *glob = &m->segment->globs[item_of(test, list, i)];
        uint32_t place;
        if (!find_open(m, glob, &place)) return false;
        add_outer(m, place, out);
    }
    put_cost(m, m->globs, out);
    return true;
}

static void find_access(struct making *m, uint32_t start, struct access *out)
{
    struct law_record law = law_at(m->segment, start);
    out->count = 0;
    out->cost = 1.0 / COMMON;
    if (m->law_count < LAWS_FEW) return;
    for (uint32_t i = 0; i < law.count; i++) {
        struct test test = test_at(m->segment, start, i);
        struct access access = {.count = 0};
        bool found = false;
        if (test.kind == TEST_WORD || test.kind == TEST_WORDS)
            found = by_words(m, &test, &access);
        else if (test.kind == TEST_GLOB || test.kind == TEST_GLOBS)
            found = by_globs(m, &test, &access);
        if (found && access.cost < out->cost) *out = access;
    }
}

static void sum_totals(struct making *m)
{
    const struct segment *segment = m->segment;
    for (size_t i = 0; i < m->codings->count; i++)
        m->totals[m->codings->items[i].column] += m->codings->items[i].weight;
    for (size_t i = 0; i < segment->globs_count; i++)
        m->globs += segment->globs[i].uses;
}

/* ---- cells ------------------------------------------------------------------
 */

/* How many laws lie at each place. */
static void count_places(struct making *m, size_t *first)
{
    uint32_t *counts = m->segment->cell_of;
    *first = 0;
    m->entry_count = 0;
    if (m->segment->cell_of_count > 0)
        memset(counts, 0, m->segment->cell_of_count * sizeof *counts);
    for (size_t i = 0; i < m->law_count; i++) {
        struct access access;
        find_access(m, m->starts[i], &access);
        for (uint32_t k = 0; k < access.count; k++)
            counts[access.places[k]]++;
        m->entry_count += access.count > 0 ? access.count : 1;
        *first += access.count == 0;
    }
}

/* Shuts the places that few laws lie at, the smallest first, as those go to
 * other ones. */
static void shut_small(struct making *m, size_t *first)
{
    const uint32_t *counts = m->segment->cell_of;
    static const uint32_t shares[] = {8, 4, 2, 1, 1};
    for (size_t round = 0; round < sizeof shares / sizeof shares[0]; round++) {
        count_places(m, first);
        for (size_t i = 0; i < m->segment->cell_of_count; i++)
            if (counts[i] > 0 &&
                counts[i] < (uint32_t)CELL_LAWS / shares[round])
                m->shut[i] = true;
    }
    count_places(m, first);
}

/* How many laws each cell has; cells are numbered as they are met by place. */
static int make_cells(struct making *m)
{
    struct segment *segment = m->segment;
    uint32_t *counts = segment->cell_of;
    size_t first;
    m->shut = mem_calloc(segment->mem, segment->cell_of_count + 1, 1);
    if (m->shut == NULL) return NDF_ENOMEM;
    shut_small(m, &first);
    size_t cells = 1;
    for (size_t i = 0; i < segment->cell_of_count; i++)
        cells += counts[i] > 0;
    segment->cells = mem_calloc(segment->mem, cells, sizeof *segment->cells);
    if (segment->cells == NULL) return NDF_ENOMEM;
    segment->cells_count = cells;
    m->keys = mem_calloc(segment->mem, cells, sizeof *m->keys);
    if (m->keys == NULL) return NDF_ENOMEM;
    segment->cells[0].count = (uint32_t)first;
    uint32_t at = (uint32_t)first;
    uint32_t cell = 0;
    for (size_t i = 0; i < segment->cell_of_count; i++) {
        if (counts[i] == 0) continue;
        segment->cells[++cell] = (struct cell){.first = at, .count = counts[i]};
        m->keys[cell] = (uint32_t)i;
        at += counts[i];
        counts[i] = cell;
    }
    return NDF_OK;
}

static int fill_cells(struct making *m)
{
    struct segment *segment = m->segment;
    if (m->entry_count > UINT32_MAX) return NDF_ELIMIT;
    if (m->entry_count == 0) return NDF_OK;
    m->entries = mem_calloc(segment->mem, m->entry_count, sizeof *m->entries);
    if (m->entries == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < segment->cells_count; i++)
        segment->cells[i].count = 0;
    for (size_t i = 0; i < m->law_count; i++) {
        struct access access;
        find_access(m, m->starts[i], &access);
        if (access.count == 0)
            m->entries[segment->cells[0].count++] = m->starts[i];
        for (uint32_t k = 0; k < access.count; k++) {
            struct cell *cell =
                &segment->cells[segment->cell_of[access.places[k]]];
            m->entries[cell->first + cell->count++] = m->starts[i];
        }
    }
    return NDF_OK;
}

/* ---- the order inside a cell ------------------------------------------------
 */

/* Where a law lies in the tree of domains, and what it asks for there. */
struct place_key {
    uint32_t codes[3];
    uint32_t start;
};

static int by_place(const void *a, const void *b)
{
    const struct place_key *x = a;
    const struct place_key *y = b;
    for (size_t i = 0; i < 3; i++)
        if (x->codes[i] != y->codes[i])
            return x->codes[i] < y->codes[i] ? -1 : 1;
    return (x->start > y->start) - (x->start < y->start);
}

static void find_key(const struct making *m, struct place_key *key)
{
    const struct segment *segment = m->segment;
    uint32_t tests = law_at(segment, key->start).count;
    for (uint32_t i = 0; i < tests; i++) {
        struct test test = test_at(segment, key->start, i);
        bool glob = test.kind == TEST_GLOB || test.kind == TEST_GLOBS;
        uint32_t count;
        const uint32_t *list = list_of(segment, &test, &count);
        if (test.kind == TEST_WORD && test.column == COLUMN_AGENT_TYPE)
            key->codes[2] = test.a;
        if (!glob || count > 1) continue;
        const struct glob *one = &segment->globs[item_of(&test, list, 0)];
        for (uint32_t level = 0; level < 2 && level < one->level; level++)
            key->codes[level] = one->prefixes[level];
    }
}

static int sort_cells(struct making *m)
{
    const struct mem *mem = m->segment->mem;
    size_t most = 0;
    for (size_t i = 0; i < m->segment->cells_count; i++)
        if (m->segment->cells[i].count > most)
            most = m->segment->cells[i].count;
    if (most == 0) return NDF_OK;
    struct place_key *keys = mem_alloc(mem, most * sizeof *keys);
    if (keys == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < m->segment->cells_count; i++) {
        const struct cell *cell = &m->segment->cells[i];
        uint32_t *entries = m->entries + cell->first;
        for (uint32_t k = 0; k < cell->count; k++) {
            keys[k] = (struct place_key){.start = entries[k]};
            find_key(m, &keys[k]);
        }
        qsort(keys, cell->count, sizeof *keys, by_place);
        for (uint32_t k = 0; k < cell->count; k++)
            entries[k] = keys[k].start;
    }
    mem_free(mem, keys, most * sizeof *keys);
    return NDF_OK;
}

/* ---- all of it --------------------------------------------------------------
 */

static int make_places(struct making *m)
{
    struct segment *segment = m->segment;
    size_t count = m->codings->count;
    if (count == 0) return NDF_OK;
    segment->code_terms =
        mem_calloc(segment->mem, count, sizeof *segment->code_terms);
    if (segment->code_terms == NULL) return NDF_ENOMEM;
    segment->code_terms_count = count;
    segment->cell_of =
        mem_calloc(segment->mem, count, sizeof *segment->cell_of);
    if (segment->cell_of == NULL) return NDF_ENOMEM;
    segment->cell_of_count = count;
    for (size_t i = 0; i < count; i++)
        segment->code_terms[i] = m->codings->items[i].term;
    return NDF_OK;
}

static int make_scratch(struct making *m)
{
    const struct mem *mem = m->segment->mem;
    size_t columns = m->segment->columns_count;
    m->totals = mem_calloc(mem, columns, sizeof *m->totals);
    m->seen = mem_calloc(mem, columns, sizeof *m->seen);
    m->highest = mem_calloc(mem, columns, sizeof *m->highest);
    m->slot = mem_calloc(mem, columns, sizeof *m->slot);
    bool made = m->totals != NULL && m->seen != NULL && m->highest != NULL &&
                m->slot != NULL;
    return made ? NDF_OK : NDF_ENOMEM;
}

static void free_scratch(struct making *m)
{
    const struct mem *mem = m->segment->mem;
    size_t columns = m->segment->columns_count;
    mem_free(mem, m->totals, columns * sizeof *m->totals);
    mem_free(mem, m->seen, columns * sizeof *m->seen);
    mem_free(mem, m->highest, columns * sizeof *m->highest);
    mem_free(mem, m->slot, columns * sizeof *m->slot);
    mem_free(mem, m->entries, m->entry_count * sizeof *m->entries);
    mem_free(mem, m->shut, m->segment->cell_of_count + 1);
    mem_free(mem, m->keys, m->segment->cells_count * sizeof *m->keys);
}

int segment_make_cells(struct segment *segment, const struct codings *codings,
    const uint32_t *starts, size_t law_count)
{
    struct making m = {.segment = segment,
        .codings = codings,
        .starts = starts,
        .law_count = law_count};
    int err = make_scratch(&m);
    if (err == NDF_OK) err = make_places(&m);
    if (err == NDF_OK) {
        sum_totals(&m);
        err = make_cells(&m);
    }
    if (err == NDF_OK) err = fill_cells(&m);
    if (err == NDF_OK) err = sort_cells(&m);
    if (err == NDF_OK) err = segment_make_rows(&m);
    if (err == NDF_OK) err = segment_make_quicks(&m);
    free_scratch(&m);
    return err;
}
