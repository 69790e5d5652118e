/*
 * segment_match.c - a context against a segment.
 *
 * What the rows leave is tried in batches: the places of the records first,
 * then the records, each fetched ahead, as both lie anywhere.
 */
#include <math.h>

#include "base/err.h"
#include "decide/segment.h"
#include "model/glob.h"

enum { BATCH = 128, ROWS_MAX = 64, LINE = 64, MATCHES_FEW = 16, MEMBERS = 64 };

/* ---- codes ------------------------------------------------------------------
 */

static inline void say(struct coded *coded, uint32_t column, uint32_t code)
{
    if (coded->codes[column] == CODE_ABSENT && code >= CODE_FIRST)
        coded->said[coded->said_count++] = column;
    coded->codes[column] = code;
    coded->near[column] = (int32_t)code;
}

static inline void say_string(const struct terms *terms, struct coded *coded,
    uint32_t column, struct str word)
{
    uint32_t term = terms_find(terms, column_space(column, true), word);
    say(coded, column,
        term == TERM_NONE ? CODE_OTHER : terms->items[term].code);
}

static inline void say_word(const struct terms *terms, struct coded *coded,
    uint32_t column, const struct value *value)
{
    uint32_t code = CODE_OTHER;
    if (value->kind == VALUE_STRING || value->kind == VALUE_BOOL ||
        value->kind == VALUE_NULL) {
        uint32_t term =
            terms_find(terms, column_space(column, value->kind == VALUE_STRING),
                word_of_value(value));
        if (term != TERM_NONE) code = terms->items[term].code;
    }
    say(coded, column, code);
}

static int64_t place_of_integer(int64_t number)
{
    if (number >= LINE_END) return INT64_MAX;
    return number <= -LINE_END ? INT64_MIN : number * 2;
}

static int64_t place_of_real(double number)
{
    if (number >= (double)LINE_END) return INT64_MAX;
    if (number <= -(double)LINE_END) return INT64_MIN;
    double below = floor(number);
    return (int64_t)below * 2 + (below != number);
}

/* The place, or the end of 32 bits that it is behind. */
static int32_t near_of(int64_t place)
{
    if (place > INT32_MAX) return INT32_MAX;
    return place <= INT32_MIN ? INT32_MIN + 1 : (int32_t)place;
}

/* A word may stand for a number. */
static inline bool find_place(const struct segment *segment,
    const struct value *value, const struct attribute *of, int64_t *out)
{
    int64_t number;
    if (value->kind == VALUE_INT) {
        *out = place_of_integer(value->integer);
        return true;
    }
    if (value->kind == VALUE_REAL) {
        *out = place_of_real(value->real);
        return true;
    }
    if (of == NULL || of->scale == 0 || value->kind != VALUE_STRING)
        return false;
    const struct term *name = &segment->terms[of->name];
    const struct str text = {segment->bytes + name->at, name->size};
    if (!scale_number(text, value->string, &number)) return false;
    *out = place_of_integer(number);
    return true;
}

static inline void say_number(const struct segment *segment,
    struct coded *coded, uint32_t number, const struct value *value,
    const struct attribute *of)
{
    const struct column *column = &segment->columns[number];
    int64_t place;
    coded->codes[number] = CODE_OTHER;
    if (!find_place(segment, value, of, &place)) return;
    coded->places[number] = place;
    coded->near[number] = near_of(place);
    coded->codes[number] =
        CODE_FIRST + bucket_of(segment->numbers + column->bounds,
                         column->bound_count, place);
}

/* The segment of the domain from `from` up to `to`, and all up to that. */
static void say_segment(const struct segment *segment,
    const struct terms *terms, struct coded *coded, size_t from, size_t to)
{
    struct str domain = coded->context->domain;
    uint32_t level = coded->segments++;
    if (level >= SEGMENT_PREFIXES) return;
    say_string(terms, coded, level, str_until(domain, to));
    if (segment->columns[COLUMN_SEGMENT + level].count > 0)
        say_string(terms, coded, COLUMN_SEGMENT + level,
            (struct str){domain.at + from, to - from});
}

static void say_domain(const struct segment *segment, const struct terms *terms,
    struct coded *coded, struct str domain)
{
    size_t from = 0;
    coded->domain = domain.at != NULL;
    if (!coded->domain) return;
    for (size_t i = 0; i < domain.size; i++) {
        if (domain.at[i] != '.') continue;
        say_segment(segment, terms, coded, from, i);
        from = i + 1;
    }
    if (domain.size > 0) say_segment(segment, terms, coded, from, domain.size);
    coded->near[COLUMN_SEGMENTS] = (int32_t)coded->segments;
}

static void say_attribute(const struct segment *segment,
    const struct terms *terms, struct coded *coded, uint32_t number,
    const struct value *value)
{
    const struct attribute *attribute = &segment->attributes[number];
    if (attribute->word != COLUMN_NONE)
        say_word(terms, coded, attribute->word, value);
    if (attribute->number != COLUMN_NONE)
        say_number(segment, coded, attribute->number, value, attribute);
}

/* First the names, then what they are: neither waits for the other. */
static void say_members(const struct segment *segment,
    const struct terms *terms, struct coded *coded,
    const struct member *members, size_t count)
{
    uint32_t named[MEMBERS];
    for (size_t i = 0; i < count; i++)
        named[i] = terms_find(terms, SPACE_NAMES, members[i].key);
    for (size_t i = 0; i < count; i++)
        if (named[i] != TERM_NONE)
            say_attribute(segment, terms, coded,
                terms->items[named[i]].code - 1, &members[i].value);
}

/* Names with dots are paths, unless the context has them as they are. */
static void say_paths(const struct segment *segment, const struct terms *terms,
    struct coded *coded)
{
    const struct value *attributes = &coded->context->attributes;
    for (size_t i = 0; i < segment->dotted_count; i++) {
        uint32_t number = segment->dotted[i];
        const struct term *name =
            &segment->terms[segment->attributes[number].name];
        const struct str path = {segment->bytes + name->at, name->size};
        if (value_get(attributes, path) != NULL) continue;
        const struct value *found = value_path(attributes, path);
        if (found != NULL) say_attribute(segment, terms, coded, number, found);
    }
}

static void say_attributes(const struct segment *segment,
    const struct terms *terms, struct coded *coded)
{
    const struct value *attributes = &coded->context->attributes;
    if (attributes->kind != VALUE_OBJECT) return;
    size_t count = attributes->object.count;
    for (size_t i = 0; i < count; i += MEMBERS)
        say_members(segment, terms, coded, attributes->object.members + i,
            count - i < MEMBERS ? count - i : MEMBERS);
    if (segment->dotted_count > 0) say_paths(segment, terms, coded);
}

int segment_encode(const struct segment *segment, const struct context *context,
    struct arena *arena, struct coded *out)
{
    size_t columns = segment->columns_count;
    struct terms terms = segment_terms(segment);
    *out = (struct coded){.context = context};
    /* One block: places, codes, near ones, columns said. */
    size_t number_size = columns * sizeof(int64_t);
    size_t code_size = columns * sizeof(uint32_t);
    char *block = arena_alloc(arena, number_size + code_size * 3);
    if (block == NULL) return NDF_ENOMEM;
    out->places = (int64_t *)(void *)block;
    out->codes = (uint32_t *)(void *)(block + number_size);
    out->near = (int32_t *)(void *)(block + number_size + code_size);
    out->said = out->codes + columns * 2;
    memcpy(out->near, segment->blanks, code_size);
    say_domain(segment, &terms, out, context->domain);
    if (context->agent_type.at != NULL) {
        const struct value word = value_of_str(context->agent_type);
        say_word(&terms, out, COLUMN_AGENT_TYPE, &word);
    }
    if (context->priority != 0) {
        const struct value number = value_of_int(context->priority);
        say_number(segment, out, COLUMN_PRIORITY, &number, NULL);
    }
    say_attributes(segment, &terms, out);
    return NDF_OK;
}

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
        if (in_range(coded, test->column, pairs[2 * i], pairs[2 * i + 1]))
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
    enum judgement judgement;
    int err = judge(&segment->slows[number]->judged, matching->context,
        &matching->work, &judgement, NULL);
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

static int grow(struct matching *matching)
{
    size_t room = matching->room * 4 + MATCHES_FEW;
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
    if (matching->count == matching->room) {
        int err = grow(matching);
        if (err != NDF_OK) return err;
    }
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

static inline int try_quick(const struct segment *segment,
    const struct coded *coded, struct matching *matching,
    const struct quick *quick)
{
    if (!holds_quickly(quick, coded->near)) return NDF_OK;
    if ((quick->law & QUICK_PART) != 0) {
        bool holds;
        int err = judge_law(
            segment, coded, matching, quick->law & ~QUICK_PART, &holds);
        if (err != NDF_OK || !holds) return err;
    }
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

static int try_batch(const struct segment *segment, const struct coded *coded,
    struct matching *matching, struct batch *batch)
{
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < batch->count; i++)
        err = try_quick(segment, coded, matching, batch->quicks[i]);
    batch->count = 0;
    return err;
}

static inline int add_left(const struct segment *segment,
    const struct coded *coded, struct matching *matching, struct batch *batch,
    uint32_t number)
{
    const struct quick *quick = segment->quicks + number;
    __builtin_prefetch(quick);
    __builtin_prefetch((const char *)quick + LINE - 1);
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
        uint32_t base = cell->first + (uint32_t)at * 64;
        for (size_t i = 0; err == NDF_OK && i < count; i++)
            err = add_left(segment, coded, matching, batch, base + left[i]);
    }
    return err;
}

int segment_match(const struct segment *segment, const struct coded *coded,
    struct matching *matching)
{
    struct batch batch;
    batch.count = 0;
    int err = visit(segment, coded, matching, &batch, &segment->cells[0]);
    for (size_t i = 0; err == NDF_OK && i < coded->said_count; i++) {
        const struct column *column = &segment->columns[coded->said[i]];
        uint32_t cell =
            segment->cell_of[column->first + coded->codes[coded->said[i]] -
                             CODE_FIRST];
        if (cell != 0)
            err =
                visit(segment, coded, matching, &batch, &segment->cells[cell]);
    }
    if (err == NDF_OK) err = try_batch(segment, coded, matching, &batch);
    for (size_t i = 0; err == NDF_OK && i < segment->always_count; i++)
        err = add_match(segment, coded, matching, segment->always[i], 0);
    return err;
}
