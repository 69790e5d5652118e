/*
 * draft_pass.c - candidates of a segment into the draft of another one: codes
 * become words, and words terms of the draft.
 */
#include "base/err.h"
#include "decide/draft.h"

static struct str word_at(const struct segment *segment, uint32_t term)
{
    return (struct str){
        segment->bytes + segment->terms[term].at, segment->terms[term].size};
}

static int pass_column(struct draft *draft, const struct segment *segment,
    uint32_t column, uint32_t *out)
{
    *out = column;
    if (column < COLUMN_FIRST || column == COLUMN_NONE) return NDF_OK;
    const struct column *from = &segment->columns[column];
    return draft_column(draft,
        word_at(segment, segment->attributes[from->attribute].name),
        (enum column_kind)from->kind, out);
}

/* The term in the draft of a code of a column. */
static int pass_word(struct draft *draft, const struct segment *segment,
    const struct test *test, uint32_t code, uint32_t *term)
{
    uint32_t column = test->column;
    int err = pass_column(draft, segment, column, &column);
    if (err != NDF_OK) return err;
    uint32_t from = segment->code_terms[segment->columns[test->column].first +
                                        code - CODE_FIRST];
    bool string = segment->terms[from].space % 2 == 0;
    return draft_mention(
        draft, column_space(column, string), word_at(segment, from), term);
}

static int pass_item(struct draft *draft, const struct segment *segment,
    const struct test *test, uint32_t item, uint32_t *out)
{
    if (test->kind != TEST_GLOB && test->kind != TEST_GLOBS)
        return pass_word(draft, segment, test, item, out);
    return draft_glob(draft, word_at(segment, segment->globs[item].text), out);
}

/* Words or globs, one, two or a list of them. */
static int pass_list(struct draft *draft, const struct segment *segment,
    const struct test *test, struct test *out)
{
    bool glob = test->kind == TEST_GLOB || test->kind == TEST_GLOBS;
    bool held = test->kind == TEST_GLOB || test->kind == TEST_WORD;
    const uint32_t pair[2] = {test->a, test->b};
    const uint32_t *items = held ? pair : segment->codes + test->a;
    uint32_t count = !held ? test->b : test->a == test->b ? 1 : 2;
    uint32_t first = (uint32_t)draft->codes.count;
    uint32_t last[2] = {0, 0};
    uint32_t column;
    int err = pass_column(draft, segment, test->column, &column);
    for (uint32_t i = 0; err == NDF_OK && i < count; i++) {
        err = pass_item(draft, segment, test, items[i], &last[i % 2]);
        if (err == NDF_OK) err = draft_number(&draft->codes, last[i % 2]);
    }
    enum test_kind kind = test->kind == TEST_NOT_WORDS ? TEST_NOT_WORDS
                          : glob                       ? TEST_GLOB
                                                       : TEST_WORD;
    if (err == NDF_OK) draft_list(draft, kind, column, first, last, out);
    return err;
}

static int pass_ranges(struct draft *draft, const struct segment *segment,
    const struct test *test, struct test *out)
{
    size_t count = (size_t)test->b * 2;
    *out = *test;
    out->a = (uint32_t)draft->numbers.count;
    int64_t *numbers = vec_reserve(&draft->numbers, count);
    if (numbers == NULL) return NDF_ENOMEM;
    memcpy(numbers, segment->numbers + test->a, count * sizeof *numbers);
    draft->numbers.count += count;
    return NDF_OK;
}

static int pass_test(struct draft *draft, const struct segment *segment,
    const uint32_t *from, struct test *out)
{
    struct test test;
    uint32_t column;
    struct slow *slow;
    int err;
    memcpy(&test, from, sizeof test);
    switch ((enum test_kind)test.kind) {
    case TEST_WORD:
    case TEST_WORDS:
    case TEST_NOT_WORDS:
    case TEST_GLOB:
    case TEST_GLOBS: return pass_list(draft, segment, &test, out);
    case TEST_SLOW:
        err = segment_slow(segment, test.a, &slow);
        return err == NDF_OK ? draft_slow(draft, slow_ref(slow), out) : err;
    case TEST_RANGES:
        err = pass_ranges(draft, segment, &test, out);
        if (err != NDF_OK) return err;
        break;
    case TEST_RANGE:
    case TEST_KNOWN:
    case TEST_ABSENT: *out = test; break;
    }
    err = pass_column(draft, segment, test.column, &column);
    out->column = column & COLUMN_NONE;
    return err;
}

static int pass_law(
    struct draft *draft, const struct segment *segment, const uint32_t *record)
{
    struct law_record law;
    memcpy(&law, record, sizeof law);
    const struct law_record begun = {
        (uint32_t)draft->candidates.count - 1, law.alternative, 0};
    int err = draft_begin(draft, begun);
    record += LAW_WORDS;
    for (uint32_t i = 0; err == NDF_OK && i < law.count; i++) {
        struct test test;
        err = pass_test(draft, segment, record + (size_t)i * TEST_UNITS, &test);
        if (err == NDF_OK) err = draft_put(draft, &test);
    }
    return err;
}

static int pass_taste(
    struct draft *draft, const struct segment *segment, uint32_t local)
{
    bool none = segment->taste_of_count == 0 || segment->taste_of[local] == 0;
    uint32_t at = none ? 0 : (uint32_t)draft->tastes.count + 1;
    int err = draft_number(&draft->taste_of, at);
    if (err != NDF_OK || none) return err;
    const uint32_t *record = segment->tastes + segment->taste_of[local] - 1;
    uint32_t count = *record++;
    draft->tasted = true;
    err = draft_number(&draft->tastes, count);
    for (uint32_t i = 0; err == NDF_OK && i < count; i++) {
        struct test test;
        err = pass_test(draft, segment, record + (size_t)i * TEST_UNITS, &test);
        if (err == NDF_OK) err = draft_push_test(&draft->tastes, &test);
    }
    return err;
}

int draft_pass(struct draft *draft, struct draft_source *source, bool take)
{
    const struct segment *segment = source->segment;
    uint32_t local = source->local++;
    uint32_t candidate = segment->candidates[local];
    int err = take ? draft_number(&draft->candidates, candidate) : NDF_OK;
    if (source->always < segment->always_count &&
        segment->always[source->always] == local) {
        source->always++;
        if (err == NDF_OK && take)
            err = draft_number(
                &draft->always, (uint32_t)draft->candidates.count - 1);
    }
    while (source->law < segment->laws_count) {
        struct law_record law;
        memcpy(&law, segment->laws + source->law, sizeof law);
        if (law.local != local) break;
        if (err == NDF_OK && take)
            err = pass_law(draft, segment, segment->laws + source->law);
        source->law += LAW_WORDS + (size_t)law.count * TEST_UNITS;
    }
    return err == NDF_OK && take ? pass_taste(draft, segment, local) : err;
}
