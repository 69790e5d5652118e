/*
 * segment_check.c - whether arrays that anybody may have written are those of
 * a segment.
 *
 * Each array is gone through once, from its start to its end, so that it takes
 * no longer than reading them. What one array says of another is compared with
 * what that one has; what is listed in several places, such as the codes of
 * tests, must not be listed more often than there are entries, so that nobody
 * makes much out of little. Rows are not looked into: whatever their bits say,
 * a match tries laws that are there.
 */
#include "base/err.h"
#include "decide/segment.h"
#include "model/glob.h"
#include "model/law.h"

enum { LAW_LONG = 16 }; /* a law of more tests is a long one */

/* What tests of a column there may be. */
struct asked {
    uint32_t kinds; /* bits by test_kind */
    uint32_t codes;
};

struct checking {
    struct segment *segment;
    struct asked *asked; /* by column; behind them that of COLUMN_NONE */
    uint64_t limits[16]; /* by test_kind: what a and b are below */
    uint64_t *laws;      /* bits: where records begin, then of long ones */
    uint64_t *tastes;    /* the same */
    size_t codes;        /* entries that no test has yet */
    size_t numbers;
};

static bool is_within(size_t at, size_t count, size_t size)
{
    return at <= size && count <= size - at;
}

static void mark(uint64_t *bits, size_t at)
{
    bits[at / 64] |= UINT64_C(1) << (at % 64);
}

static bool is_marked(const uint64_t *bits, size_t at)
{
    return (bits[at / 64] >> (at % 64) & 1) != 0;
}

/* ---- columns, words and globs ----------------------------------------------
 */

static uint32_t kind_of(size_t column)
{
    if (column < SEGMENT_PREFIXES) return COLUMN_PREFIX;
    bool number = column == COLUMN_PRIORITY || column == COLUMN_SEGMENTS;
    return number ? COLUMN_NUMBER : COLUMN_WORD;
}

static bool owns(const struct attribute *attribute, size_t column)
{
    return attribute->word == column || attribute->number == column;
}

static bool is_code(const struct segment *s, uint32_t column, uint32_t code)
{
    return code >= CODE_FIRST && code - CODE_FIRST < s->columns[column].count;
}

/* The codes of false, true and null. */
static bool truths_are_right(const struct segment *s, size_t column)
{
    const uint32_t *truths = s->columns[column].truths;
    for (size_t i = 0; i < 3; i++)
        if (truths[i] != CODE_OTHER && !is_code(s, (uint32_t)column, truths[i]))
            return false;
    return true;
}

static bool columns_are_right(const struct segment *s)
{
    if (s->columns_count < COLUMN_FIRST || s->columns_count >= COLUMN_NONE ||
        s->blanks_count != s->columns_count ||
        s->cell_of_count != s->code_terms_count)
        return false;
    for (size_t i = 0; i < s->columns_count; i++) {
        const struct column *column = &s->columns[i];
        if (!is_within(column->first, column->count, s->code_terms_count) ||
            !is_within(column->bounds, SEGMENT_BUCKETS - 1, s->numbers_count) ||
            column->bound_count >= SEGMENT_BUCKETS || !truths_are_right(s, i))
            return false;
        if (i < COLUMN_FIRST && column->kind != kind_of(i)) return false;
        if (i < COLUMN_FIRST) continue;
        if (column->kind > COLUMN_NUMBER ||
            column->attribute >= s->attributes_count ||
            !owns(&s->attributes[column->attribute], i))
            return false;
    }
    return true;
}

/* Nothing, or a column of that kind that is of this attribute alone. */
static bool is_column_of(const struct segment *s, size_t attribute,
    enum column_kind kind, uint32_t column)
{
    if (column == COLUMN_NONE) return true;
    return column >= COLUMN_FIRST && column < s->columns_count &&
           s->columns[column].kind == (uint32_t)kind &&
           s->columns[column].attribute == attribute;
}

static bool attributes_are_right(const struct segment *s)
{
    for (size_t i = 0; i < s->attributes_count; i++) {
        const struct attribute *attribute = &s->attributes[i];
        if (attribute->name >= s->terms_count ||
            s->terms[attribute->name].space != SPACE_NAMES ||
            s->terms[attribute->name].code != i + 1 ||
            (attribute->word == COLUMN_NONE &&
                attribute->number == COLUMN_NONE) ||
            !is_column_of(s, i, COLUMN_WORD, attribute->word) ||
            !is_column_of(s, i, COLUMN_NUMBER, attribute->number))
            return false;
    }
    for (size_t i = 0; i < s->dotted_count; i++)
        if (s->dotted[i] >= s->attributes_count) return false;
    return true;
}

static bool is_code_of_term(const struct segment *s, size_t number)
{
    const struct term *term = &s->terms[number];
    if (term->space == SPACE_HEADS) return true;
    if (term->space == SPACE_NAMES)
        return term->code - 1 < s->attributes_count &&
               s->attributes[term->code - 1].name == number;
    if (term->space == SPACE_GLOBS)
        return term->code - 1 < s->globs_count &&
               s->globs[term->code - 1].text == number;
    /* The words of false, true and null have their first letters. */
    if (term->space % 2 != 0 && term->size != 1) return false;
    return term->space / 2 < s->columns_count &&
           is_code(s, term->space / 2, term->code);
}

/* Their bytes lie side by side: together no more than there are. */
static bool terms_are_right(const struct segment *s)
{
    size_t at = 0;
    for (size_t i = 0; i < s->terms_count; i++) {
        const struct term *term = &s->terms[i];
        if (term->at != at || term->size > s->bytes_count - at ||
            !is_code_of_term(s, i))
            return false;
        at += term->size;
    }
    for (size_t i = 0; i < s->code_terms_count; i++)
        if (s->code_terms[i] >= s->terms_count ||
            s->cell_of[i] >= s->cells_count)
            return false;
    return s->terms_count < UINT32_MAX;
}

/* A power of two, and some are free: whoever looks comes to an end. */
static bool slots_are_right(const struct segment *s)
{
    size_t count = s->slots_count;
    size_t used = 0;
    if (count == 0 || (count & (count - 1)) != 0 || count > UINT32_MAX)
        return false;
    for (size_t i = 0; i < count; i++) {
        if (s->slots[i].term > s->terms_count) return false;
        used += s->slots[i].term != 0;
    }
    return used < count;
}

static bool globs_are_right(const struct segment *s)
{
    for (size_t i = 0; i < s->globs_count; i++) {
        const struct glob *glob = &s->globs[i];
        if (glob->kind > GLOB_OTHER || glob->level > SEGMENT_PREFIXES ||
            (glob->kind != GLOB_OTHER && glob->size > SEGMENT_PREFIXES) ||
            glob->level > glob->size || glob->text >= s->terms_count)
            return false;
        const struct term *text = &s->terms[glob->text];
        if (text->space != SPACE_GLOBS || text->code != i + 1 ||
            !glob_valid((struct str){s->bytes + text->at, text->size}))
            return false;
        for (uint32_t k = 0; k < glob->level; k++)
            if (!is_code(s, k, glob->prefixes[k])) return false;
    }
    return true;
}

/* ---- records ----------------------------------------------------------------
 */

/* Codes of a column, or globs. */
static bool list_is_right(struct checking *c, const struct test *test)
{
    const struct segment *s = c->segment;
    if (test->b == 0 || test->b > c->codes ||
        !is_within(test->a, test->b, s->codes_count))
        return false;
    c->codes -= test->b;
    for (uint32_t i = 0; i < test->b; i++) {
        uint32_t item = s->codes[test->a + i];
        bool right = test->kind == TEST_GLOBS ? item < s->globs_count
                                              : is_code(s, test->column, item);
        if (!right) return false;
    }
    return true;
}

static bool ranges_are_right(struct checking *c, const struct test *test)
{
    size_t count = (size_t)test->b * 2;
    if (count == 0 || count > c->numbers ||
        !is_within(test->a, count, c->segment->numbers_count))
        return false;
    c->numbers -= count;
    return true;
}

#define KIND(kind) (UINT32_C(1) << (kind))

static void learn_columns(struct checking *c)
{
    static const uint32_t kinds[] = {
        [COLUMN_WORD] = KIND(TEST_WORD) | KIND(TEST_WORDS) |
                        KIND(TEST_NOT_WORDS) | KIND(TEST_KNOWN) |
                        KIND(TEST_ABSENT),
        [COLUMN_NUMBER] = KIND(TEST_RANGE) | KIND(TEST_RANGES) |
                          KIND(TEST_KNOWN) | KIND(TEST_ABSENT),
        [COLUMN_PREFIX] = KIND(TEST_KNOWN) | KIND(TEST_ABSENT),
    };
    const struct segment *s = c->segment;
    for (size_t i = 0; i < s->columns_count; i++)
        c->asked[i] =
            (struct asked){kinds[s->columns[i].kind], s->columns[i].count};
    c->asked[s->columns_count].kinds =
        KIND(TEST_GLOB) | KIND(TEST_GLOBS) | KIND(TEST_SLOW);
    for (size_t i = 0; i <= TEST_SLOW; i++)
        c->limits[i] = UINT64_C(1) << 32;
    c->limits[TEST_GLOB] = s->globs_count;
    c->limits[TEST_SLOW] = s->slow_count;
}

/* Nearly without a branch: there are millions, of all kinds in turn. */
static inline bool test_is_right(struct checking *c, const struct test *test)
{
    const uint32_t lists = KIND(TEST_WORDS) | KIND(TEST_NOT_WORDS) |
                           KIND(TEST_GLOBS) | KIND(TEST_RANGES);
    size_t columns = c->segment->columns_count;
    size_t column = test->column == COLUMN_NONE ? columns : test->column;
    uint32_t kind = test->kind;
    if (column > columns || kind > TEST_SLOW) return false;
    const struct asked *asked = &c->asked[column];
    uint32_t first = kind == TEST_WORD ? CODE_FIRST : 0;
    uint64_t limit = kind == TEST_WORD ? asked->codes : c->limits[kind];
    uint32_t b = kind == TEST_SLOW ? test->a : test->b;
    uint32_t right = (asked->kinds >> kind) &
                     (uint32_t)(test->a - first < limit) &
                     (uint32_t)(b - first < limit);
    if (right == 0 || (lists >> kind & 1) == 0) return right != 0;
    return kind == TEST_RANGES ? ranges_are_right(c, test)
                               : list_is_right(c, test);
}

/* So many tests, which lie before the end. */
static bool tests_are_right(
    struct checking *c, const uint32_t *at, size_t left, uint32_t count)
{
    if (count > left / TEST_UNITS) return false;
    for (uint32_t i = 0; i < count; i++, at += TEST_UNITS) {
        struct test test;
        memcpy(&test, at, sizeof test);
        if (!test_is_right(c, &test)) return false;
    }
    return true;
}

/* Records lie side by side, by candidate. */
static bool laws_are_right(struct checking *c)
{
    struct segment *s = c->segment;
    uint32_t last = 0;
    if (s->laws_count >= QUICK_PART) return false;
    for (size_t at = 0; at < s->laws_count;) {
        struct law_record law;
        if (s->laws_count - at < LAW_WORDS) return false;
        memcpy(&law, s->laws + at, sizeof law);
        mark(c->laws, 2 * at);
        if (law.count > LAW_LONG) mark(c->laws, 2 * at + 1);
        at += LAW_WORDS;
        if (law.local >= s->candidates_count || law.local < last ||
            !tests_are_right(c, s->laws + at, s->laws_count - at, law.count))
            return false;
        s->several |= law.alternative > 0;
        last = law.local;
        at += (size_t)law.count * TEST_UNITS;
    }
    return true;
}

static bool candidates_are_right(struct segment *s)
{
    const uint32_t *items = s->candidates;
    size_t count = s->candidates_count;
    for (size_t i = 0; i < count; i++)
        if (items[i] == UINT32_MAX || (i > 0 && items[i] <= items[i - 1]))
            return false;
    s->dense = count > 0 && items[count - 1] - items[0] == count - 1;
    for (size_t i = 0; i < s->always_count; i++)
        if (s->always[i] >= count ||
            (i > 0 && s->always[i] <= s->always[i - 1]))
            return false;
    return true;
}

/* Nobody has the taste of another one. */
static bool tastes_are_right(struct checking *c)
{
    const struct segment *s = c->segment;
    uint32_t last = 0;
    if (s->tastes_count >= UINT32_MAX) return false;
    if (s->taste_of_count > 0 && s->taste_of_count != s->candidates_count)
        return false;
    for (size_t at = 0; at < s->tastes_count;) {
        uint32_t count = s->tastes[at];
        mark(c->tastes, at++);
        if (!tests_are_right(c, s->tastes + at, s->tastes_count - at, count))
            return false;
        at += (size_t)count * TEST_UNITS;
    }
    for (size_t i = 0; i < s->taste_of_count; i++) {
        uint32_t taste = s->taste_of[i];
        if (taste == 0) continue;
        if (taste <= last || taste > s->tastes_count ||
            !is_marked(c->tastes, taste - 1))
            return false;
        last = taste;
    }
    return true;
}

/* ---- cells ------------------------------------------------------------------
 */

/* Classes of a code have each a row; rows lie side by side. */
static bool cell_columns_are_right(
    const struct segment *s, const struct cell *cell, uint64_t *rows)
{
    uint32_t row = 0;
    for (uint32_t i = 0; i < cell->column_count; i++) {
        const struct cell_column *column =
            &s->cell_columns[cell->column_first + i];
        if (column->column >= s->columns_count || column->shift != 0 ||
            column->row != row)
            return false;
        bool number = s->columns[column->column].kind == COLUMN_NUMBER;
        if (number ? column->mask != UINT32_MAX
                   : column->mask >= SEGMENT_BUCKETS)
            return false;
        row += class_count(s, column);
    }
    *rows = row * (((uint64_t)cell->count + 63) / 64);
    return true;
}

/* They share out their laws, columns and rows among themselves. */
static bool cells_are_right(const struct segment *s)
{
    size_t quick = 0;
    size_t column = 0;
    uint64_t row = 0;
    for (size_t i = 0; i < s->cells_count; i++) {
        const struct cell *cell = &s->cells[i];
        uint64_t rows;
        if (cell->first != quick || cell->count > s->quicks_count - quick ||
            cell->column_first != column ||
            cell->column_count > s->cell_columns_count - column ||
            cell->column_count > CELL_COLUMNS || cell->rows != row ||
            !cell_columns_are_right(s, cell, &rows) ||
            rows > s->rows_count - row)
            return false;
        quick += cell->count;
        column += cell->column_count;
        row += rows;
    }
    return s->cells_count > 0 && quick == s->quicks_count &&
           column == s->cell_columns_count && row == s->rows_count;
}

/* Whether a quick record is that of its law; *tests: of long ones. */
static bool fits_law(
    const struct checking *c, const struct quick *quick, uint64_t *tests)
{
    const struct segment *s = c->segment;
    uint32_t at = quick->law & ~QUICK_PART;
    if (!s->several && !is_marked(c->laws, 2 * (size_t)at + 1))
        return quick->alternative == 0;
    struct law_record law;
    memcpy(&law, s->laws + at, sizeof law);
    if ((quick->law & QUICK_PART) != 0) *tests += law.count;
    return quick->local == law.local && quick->alternative == law.alternative;
}

static bool quicks_are_right(const struct checking *c)
{
    const struct segment *s = c->segment;
    uint64_t tests = 0;
    for (size_t i = 0; i < s->quicks_count; i++) {
        const struct quick *quick = &s->quicks[i];
        uint32_t law = quick->law & ~QUICK_PART;
        uint32_t highest = 0;
        for (size_t k = 0; k < QUICK_SLOTS; k++)
            if (quick->column[k] > highest) highest = quick->column[k];
        if (highest >= s->columns_count || law >= s->laws_count ||
            quick->local >= s->candidates_count ||
            !is_marked(c->laws, 2 * (size_t)law) || !fits_law(c, quick, &tests))
            return false;
    }
    /* A law lies in so many cells; short ones need no such bound. */
    return tests <= (uint64_t)s->laws_count * ACCESS_MAX;
}

/* ---- all of it --------------------------------------------------------------
 */

static int check_slows(const struct segment *s, size_t size)
{
    struct arena arena;
    const uint64_t *starts = s->slow_starts;
    if (starts[0] != 0 || starts[s->slow_count] != size) return NDF_ECORRUPT;
    arena_init(&arena, s->mem);
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < s->slow_count; i++) {
        struct predicate predicate;
        if (starts[i + 1] < starts[i] || starts[i + 1] > size)
            err = NDF_ECORRUPT;
        else
            err = law_read_predicate(&arena,
                (struct str){s->slow_bytes + starts[i],
                    (size_t)(starts[i + 1] - starts[i])},
                &predicate);
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    return err;
}

static bool are_right(struct checking *c)
{
    struct segment *s = c->segment;
    if (!columns_are_right(s)) return false;
    learn_columns(c);
    return attributes_are_right(s) && terms_are_right(s) &&
           slots_are_right(s) && globs_are_right(s) &&
           candidates_are_right(s) && laws_are_right(c) &&
           tastes_are_right(c) && cells_are_right(s) && quicks_are_right(c);
}

int segment_check(struct segment *segment, size_t slow_size)
{
    const struct mem *mem = segment->mem;
    size_t laws = segment->laws_count / 32 + 1;
    size_t columns = segment->columns_count + 1;
    size_t tastes = segment->tastes_count / 64 + 1;
    struct checking c = {.segment = segment,
        .asked = mem_calloc(mem, columns, sizeof *c.asked),
        .laws = mem_calloc(mem, laws, sizeof *c.laws),
        .tastes = mem_calloc(mem, tastes, sizeof *c.tastes),
        .codes = segment->codes_count,
        .numbers = segment->numbers_count};
    int err = NDF_OK;
    if (c.asked == NULL || c.laws == NULL || c.tastes == NULL) err = NDF_ENOMEM;
    else if (!are_right(&c)) err = NDF_ECORRUPT;
    if (err == NDF_OK) err = check_slows(segment, slow_size);
    mem_free(mem, c.asked, columns * sizeof *c.asked);
    mem_free(mem, c.laws, laws * sizeof *c.laws);
    mem_free(mem, c.tastes, tastes * sizeof *c.tastes);
    return err;
}

bool segment_fits(
    const struct segment *segment, const struct index_rule *rules, size_t count)
{
    size_t last = segment->candidates_count;
    if (last > 0 && segment->candidates[last - 1] >= count) return false;
    for (size_t at = 0; segment->several && at < segment->laws_count;) {
        struct law_record law;
        memcpy(&law, segment->laws + at, sizeof law);
        uint32_t candidate = segment->candidates[law.local];
        if (law.alternative > 0 &&
            law.alternative >= rules[candidate].only_if_count)
            return false;
        at += LAW_WORDS + (size_t)law.count * TEST_UNITS;
    }
    return true;
}
