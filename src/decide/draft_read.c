/*
 * draft_read.c - rules into a draft.
 *
 * A predicate becomes the cheapest test that says exactly the same for every
 * context; where there is none it is judged as it stands, after the others.
 */
#include <math.h>

#include "base/err.h"
#include "decide/draft.h"
#include "model/glob.h"

#define EXACT_REAL 9007199254740992.0 /* 2^53 */

/* ---- predicates -------------------------------------------------------------
 */

/* The operands of a predicate as a list. */
struct operands {
    const struct value *items;
    size_t count;
};

static struct operands operands_of(const struct predicate *p)
{
    bool list = p->operand.kind == VALUE_ARRAY &&
                (p->op == OP_IN || p->op == OP_NOT_IN || p->op == OP_GLOB ||
                    p->op == OP_BETWEEN);
    if (list)
        return (struct operands){
            p->operand.array.items, p->operand.array.count};
    return (struct operands){&p->operand, 1};
}

static bool is_word(const struct value *value)
{
    return value->kind == VALUE_STRING || value->kind == VALUE_BOOL ||
           value->kind == VALUE_NULL;
}

/* Whether an operand is an integer but for its form, with a place on the
 * line of numbers. */
static bool is_whole(const struct value *value, int64_t *out)
{
    if (value->kind == VALUE_REAL) {
        if (!(fabs(value->real) <= EXACT_REAL) ||
            floor(value->real) != value->real)
            return false;
        *out = (int64_t)value->real;
        return true;
    }
    *out = value->integer;
    return value->kind == VALUE_INT && *out > -LINE_END && *out < LINE_END;
}

static bool are_words(struct operands operands)
{
    for (size_t i = 0; i < operands.count; i++)
        if (!is_word(&operands.items[i])) return false;
    return operands.count > 0;
}

static bool are_whole(struct operands operands)
{
    int64_t ignored;
    for (size_t i = 0; i < operands.count; i++)
        if (!is_whole(&operands.items[i], &ignored)) return false;
    return operands.count > 0;
}

static bool are_globs(struct operands operands, bool plain)
{
    for (size_t i = 0; i < operands.count; i++) {
        const struct value *item = &operands.items[i];
        if (item->kind != VALUE_STRING || !glob_valid(item->string))
            return false;
        if (plain && str_find_char(item->string, '*') < item->string.size)
            return false;
    }
    return operands.count > 0;
}

/* The column of what a predicate looks at; NONE for the text and the domain. */
static int find_column(struct draft *draft, const struct predicate *p,
    enum column_kind kind, uint32_t *out)
{
    *out = COLUMN_NONE;
    if (p->field == FIELD_AGENT_TYPE) *out = COLUMN_AGENT_TYPE;
    if (p->field == FIELD_PRIORITY) *out = COLUMN_PRIORITY;
    if (p->field != FIELD_ATTRIBUTE) return NDF_OK;
    return draft_column(draft, p->name, kind, out);
}

static int put_words(struct draft *draft, const struct predicate *p,
    struct operands operands, struct test *out)
{
    uint32_t column;
    int err = find_column(draft, p, COLUMN_WORD, &column);
    bool negated = p->op == OP_NE || p->op == OP_NOT_IN;
    uint32_t first = (uint32_t)draft->codes.count;
    uint32_t terms[2] = {0, 0};
    for (size_t i = 0; err == NDF_OK && i < operands.count; i++) {
        const struct value *item = &operands.items[i];
        err = draft_mention(draft,
            column_space(column, item->kind == VALUE_STRING),
            word_of_value(item), &terms[i % 2]);
        if (err == NDF_OK) err = draft_number(&draft->codes, terms[i % 2]);
    }
    draft_list(
        draft, negated ? TEST_NOT_WORDS : TEST_WORD, column, first, terms, out);
    return err;
}

/* One or more pairs of ends. */
static int put_ranges(struct draft *draft, uint32_t column, const int64_t *ends,
    size_t count, struct test *out)
{
    int64_t low = ends[0];
    int64_t high = ends[1];
    if (count == 1 && low >= INT32_MIN && low <= INT32_MAX &&
        high >= INT32_MIN && high <= INT32_MAX) {
        *out = test_of(TEST_RANGE, column, (uint32_t)(int32_t)low,
            (uint32_t)(int32_t)high);
        return NDF_OK;
    }
    *out = test_of(
        TEST_RANGES, column, (uint32_t)draft->numbers.count, (uint32_t)count);
    int64_t *items = vec_reserve(&draft->numbers, count * 2);
    if (items == NULL) return NDF_ENOMEM;
    memcpy(items, ends, count * 2 * sizeof *ends);
    draft->numbers.count += count * 2;
    return NDF_OK;
}

static int put_whole(struct draft *draft, const struct predicate *p,
    struct operands operands, struct test *out)
{
    uint32_t column;
    int err = find_column(draft, p, COLUMN_NUMBER, &column);
    if (err != NDF_OK) return err;
    int64_t(*ends)[2] = mem_alloc(draft->mem, operands.count * sizeof *ends);
    if (ends == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < operands.count; i++) {
        int64_t number = 0;
        (void)is_whole(&operands.items[i], &number);
        ends[i][0] = ends[i][1] = number * 2;
    }
    size_t count = operands.count;
    switch (p->op) {
    case OP_LT: ends[0][1]--; /* fall through */
    case OP_LE: ends[0][0] = INT64_MIN; break;
    case OP_GT: ends[0][0]++; /* fall through */
    case OP_GE: ends[0][1] = INT64_MAX; break;
    case OP_BETWEEN:
        ends[0][1] = ends[1][0];
        count = 1;
        break;
    case OP_EQ:
    case OP_NE:
    case OP_IN:
    case OP_NOT_IN:
    case OP_EXISTS:
    case OP_ABSENT:
    case OP_CONTAINS:
    case OP_MATCHES:
    case OP_GLOB: break;
    }
    err = put_ranges(draft, column, ends[0], count, out);
    mem_free(draft->mem, ends, operands.count * sizeof *ends);
    return err;
}

static int put_globs(
    struct draft *draft, struct operands operands, struct test *out)
{
    uint32_t first = (uint32_t)draft->codes.count;
    uint32_t globs[2] = {0, 0};
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < operands.count; i++) {
        err = draft_glob(draft, operands.items[i].string, &globs[i % 2]);
        if (err == NDF_OK) err = draft_number(&draft->codes, globs[i % 2]);
    }
    draft_list(draft, TEST_GLOB, COLUMN_NONE, first, globs, out);
    return err;
}

static int put_presence(
    struct draft *draft, const struct predicate *p, struct test *out)
{
    bool no = p->operand.kind == VALUE_BOOL && !p->operand.truth;
    bool absent = (p->op == OP_ABSENT) != no;
    uint32_t column;
    int err = find_column(draft, p, COLUMN_WORD, &column);
    *out = test_of(absent ? TEST_ABSENT : TEST_KNOWN, column, 0, 0);
    return err;
}

static bool compares_numbers(enum predicate_op op)
{
    return op == OP_EQ || op == OP_IN || op == OP_LT || op == OP_LE ||
           op == OP_GT || op == OP_GE || op == OP_BETWEEN;
}

static bool compares_words(enum predicate_op op)
{
    return op == OP_EQ || op == OP_IN || op == OP_NE || op == OP_NOT_IN;
}

/* The test of one predicate. */
static int put_test(struct draft *draft, const struct predicate *p,
    struct test *out, ndf_error *error)
{
    struct operands operands = operands_of(p);
    bool column = p->field != FIELD_DOMAIN && p->field != FIELD_TEXT;
    bool word = column && p->field != FIELD_PRIORITY;
    if (column && (p->op == OP_EXISTS || p->op == OP_ABSENT))
        return put_presence(draft, p, out);
    if (word && compares_words(p->op) && are_words(operands))
        return put_words(draft, p, operands, out);
    if (column && p->field != FIELD_AGENT_TYPE && compares_numbers(p->op) &&
        are_whole(operands) && (p->op != OP_BETWEEN || operands.count == 2))
        return put_whole(draft, p, operands, out);
    if (p->field == FIELD_DOMAIN &&
        ((p->op == OP_GLOB && are_globs(operands, false)) ||
            ((p->op == OP_EQ || p->op == OP_IN) && are_globs(operands, true))))
        return put_globs(draft, operands, out);
    struct slow *slow;
    int err = slow_new(&slow, draft->mem, p, error);
    return err == NDF_OK ? draft_slow(draft, slow, out) : err;
}

/* ---- records ----------------------------------------------------------------
 */

/* What is judged slowly comes last, and needs what it looks at to be known. */
static int add_condition(
    struct draft *draft, const struct condition *condition, ndf_error *error)
{
    size_t first_slow = draft->slows.count;
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < condition->count; i++) {
        const struct predicate *p = &condition->predicates[i];
        struct test test;
        err = put_test(draft, p, &test, error);
        bool slow = err == NDF_OK && test.kind == TEST_SLOW;
        if (slow && (p->field == FIELD_DOMAIN || p->field == FIELD_TEXT))
            continue;
        if (slow) {
            struct predicate known = *p;
            known.op = OP_EXISTS;
            known.operand = value_of_bool(true);
            err = put_presence(draft, &known, &test);
        }
        if (err == NDF_OK) err = draft_put(draft, &test);
    }
    for (size_t i = first_slow; err == NDF_OK && i < draft->slows.count; i++) {
        struct test test = {TEST_SLOW, COLUMN_NONE, (uint32_t)i, 0};
        err = draft_put(draft, &test);
    }
    return err;
}

static int add_taste(
    struct draft *draft, const struct condition *taste, ndf_error *error)
{
    bool none = taste == NULL || taste->count == 0;
    int err = draft_number(
        &draft->taste_of, none ? 0 : (uint32_t)draft->tastes.count + 1);
    if (err != NDF_OK || none) return err;
    if (draft->tastes.count > UINT32_MAX / 2) return NDF_ELIMIT;
    draft->tasted = true;
    err = draft_number(&draft->tastes, (uint32_t)taste->count);
    for (size_t i = 0; err == NDF_OK && i < taste->count; i++) {
        struct test test;
        err = put_test(draft, &taste->predicates[i], &test, error);
        if (err == NDF_OK) err = draft_push_test(&draft->tastes, &test);
    }
    return err;
}

int draft_add(struct draft *draft, uint32_t candidate,
    const struct index_rule *rule, ndf_error *error)
{
    uint32_t local = (uint32_t)draft->candidates.count;
    int err = draft_number(&draft->candidates, candidate);
    if (err == NDF_OK && rule->only_if_count == 0)
        err = draft_number(&draft->always, local);
    for (size_t i = 0; err == NDF_OK && i < rule->only_if_count; i++) {
        err = draft_begin(draft, (struct law_record){local, (uint32_t)i, 0});
        if (err == NDF_OK) err = add_condition(draft, &rule->only_if[i], error);
    }
    return err == NDF_OK ? add_taste(draft, rule->good_for, error) : err;
}
