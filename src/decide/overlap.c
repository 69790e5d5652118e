/*
 * overlap.c - see overlap.h.
 *
 * Invariant: the numbers of a candidate rise strictly.
 */
#include "decide/overlap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/block.h"
#include "base/hash.h"

struct overlap {
    const struct mem *mem;
    size_t count;     /* of candidates */
    uint32_t *starts; /* count + 1: where each one's numbers begin */
    uint64_t *numbers;
    size_t room; /* of numbers */
    bool lent;   /* the arrays lie in a block */
};

void overlap_free(struct overlap *overlap)
{
    if (overlap == NULL) return;
    const struct mem *mem = overlap->mem;
    if (!overlap->lent) {
        mem_free(mem, overlap->starts,
            (overlap->count + 1) * sizeof *overlap->starts);
        mem_free(
            mem, overlap->numbers, overlap->room * sizeof *overlap->numbers);
    }
    mem_free(mem, overlap, sizeof *overlap);
}

/* ---- one predicate as a number ------------------------------------------- */

static uint64_t mix(uint64_t a, uint64_t b)
{
    uint64_t both[2] = {a, b};
    return hash64((struct str){(const char *)both, sizeof both});
}

/* 1 and 1.0 are equal, so they have one number. */
static uint64_t number_of_real(double real)
{
    bool fits = fabs(real) < 0x1p63 || real == -0x1p63;
    if (fits && real == trunc(real))
        return mix(VALUE_INT, (uint64_t)(int64_t)real);
    uint64_t bits;
    memcpy(&bits, &real, sizeof bits);
    return mix(VALUE_REAL, bits);
}

static uint64_t number_of_scalar(const struct value *value)
{
    switch (value->kind) {
    case VALUE_BOOL: return mix(VALUE_BOOL, value->truth);
    case VALUE_INT: return mix(VALUE_INT, (uint64_t)value->integer);
    case VALUE_REAL: return number_of_real(value->real);
    case VALUE_STRING: return mix(VALUE_STRING, hash64(value->string));
    case VALUE_NULL:
    case VALUE_ARRAY:
    case VALUE_OBJECT: break;
    }
    return mix(VALUE_NULL, 0);
}

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
static uint64_t number_of_value(const struct value *value)
{
    uint64_t sum = 0;
    if (value->kind == VALUE_ARRAY) {
        for (size_t i = 0; i < value->array.count; i++)
            sum = mix(sum, number_of_value(&value->array.items[i]));
        return mix(VALUE_ARRAY, sum);
    }
    if (value->kind != VALUE_OBJECT) return number_of_scalar(value);
    /* The order of members does not matter. */
    for (size_t i = 0; i < value->object.count; i++) {
        const struct member *member = &value->object.members[i];
        sum += mix(hash64(member->key), number_of_value(&member->value));
    }
    return mix(VALUE_OBJECT, sum);
}

static uint64_t number_of(const struct predicate *p)
{
    bool any = p->op == OP_IN || p->op == OP_NOT_IN || p->op == OP_GLOB ||
               p->op == OP_MATCHES;
    uint64_t operand = 0;
    if (any && p->operand.kind == VALUE_ARRAY) {
        for (size_t i = 0; i < p->operand.array.count; i++)
            operand += number_of_value(&p->operand.array.items[i]);
    } else {
        operand = number_of_value(&p->operand);
    }
    uint64_t place = mix((uint64_t)p->field, hash64(p->name));
    return mix(mix(place, (uint64_t)p->op), operand);
}

/* ---- building ------------------------------------------------------------ */

static size_t count_predicates(const struct index_rule *rule)
{
    size_t count = rule->good_for != NULL ? rule->good_for->count : 0;
    for (size_t i = 0; i < rule->only_if_count; i++)
        count += rule->only_if[i].count;
    return count;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static size_t add_condition(
    const struct condition *condition, uint64_t *numbers)
{
    for (size_t i = 0; i < condition->count; i++)
        numbers[i] = number_of(&condition->predicates[i]);
    return condition->count;
}

/* Writes the set of one candidate; how many they are. */
static size_t add_rule(const struct index_rule *rule, uint64_t *numbers)
{
    size_t count = 0;
    for (size_t i = 0; i < rule->only_if_count; i++)
        count += add_condition(&rule->only_if[i], numbers + count);
    if (rule->good_for != NULL)
        count += add_condition(rule->good_for, numbers + count);
    if (count < 2) return count;
    qsort(numbers, count, sizeof *numbers, by_number);
    size_t kept = 1;
    for (size_t i = 1; i < count; i++) {
        if (numbers[i] != numbers[kept - 1]) numbers[kept++] = numbers[i];
    }
    return kept;
}

static int fill(struct overlap *overlap, const struct index_rule *rules)
{
    const struct mem *mem = overlap->mem;
    size_t total = 0;
    for (size_t i = 0; i < overlap->count; i++)
        total += count_predicates(&rules[i]);
    if (total > UINT32_MAX) return NDF_ELIMIT;
    overlap->starts =
        mem_calloc(mem, overlap->count + 1, sizeof *overlap->starts);
    if (overlap->starts == NULL) return NDF_ENOMEM;
    if (total == 0) return NDF_OK;
    overlap->numbers = mem_alloc(mem, total * sizeof *overlap->numbers);
    if (overlap->numbers == NULL) return NDF_ENOMEM;
    overlap->room = total;
    size_t at = 0;
    for (size_t i = 0; i < overlap->count; i++) {
        at += add_rule(&rules[i], overlap->numbers + at);
        overlap->starts[i + 1] = (uint32_t)at;
    }
    return NDF_OK;
}

int overlap_new(struct overlap **out, const struct mem *mem,
    const struct index_rule *rules, size_t count)
{
    *out = NULL;
    struct overlap *overlap = mem_calloc(mem, 1, sizeof *overlap);
    if (overlap == NULL) return NDF_ENOMEM;
    overlap->mem = mem;
    overlap->count = count;
    int err = fill(overlap, rules);
    if (err != NDF_OK) {
        overlap_free(overlap);
        return err;
    }
    *out = overlap;
    return NDF_OK;
}

/* ---- as a block ---------------------------------------------------------- */

static const struct block_kind kind = {
    UINT64_C(0x0a50564f46444e89) /* "\x89NDFOVP\n" */, 1};

enum array { STARTS, NUMBERS, ARRAYS };

void overlap_write(const struct overlap *overlap, struct buf *out)
{
    /* Equal predicates are counted once: there may be fewer than room for. */
    size_t numbers = overlap->starts[overlap->count];
    const struct block_array arrays[ARRAYS] = {
        [STARTS] = {overlap->starts, overlap->count + 1,
            sizeof *overlap->starts},
        [NUMBERS] = {overlap->numbers, numbers, sizeof *overlap->numbers},
    };
    block_write(out, &kind, arrays, ARRAYS, NULL);
}

static bool starts_are_right(const struct overlap *overlap)
{
    const uint32_t *starts = overlap->starts;
    if (starts[0] != 0 || starts[overlap->count] != overlap->room) return false;
    for (size_t i = 0; i < overlap->count; i++)
        if (starts[i] > starts[i + 1]) return false;
    return true;
}

int overlap_open(struct overlap **out, const struct mem *mem, struct str block)
{
    struct block_array arrays[ARRAYS] = {
        [STARTS] = {.item_size = sizeof(uint32_t)},
        [NUMBERS] = {.item_size = sizeof(uint64_t)},
    };
    *out = NULL;
    int err = block_open(block, &kind, arrays, ARRAYS);
    if (err != NDF_OK) return err;
    if (arrays[STARTS].count == 0) return NDF_ECORRUPT;
    struct overlap *overlap = mem_calloc(mem, 1, sizeof *overlap);
    if (overlap == NULL) return NDF_ENOMEM;
    *overlap = (struct overlap){.mem = mem,
        .count = arrays[STARTS].count - 1,
        .starts = arrays[STARTS].at,
        .numbers = arrays[NUMBERS].at,
        .room = arrays[NUMBERS].count,
        .lent = true};
    if (starts_are_right(overlap)) {
        *out = overlap;
        return NDF_OK;
    }
    overlap_free(overlap);
    return NDF_ECORRUPT;
}

size_t overlap_count(const struct overlap *overlap)
{
    return overlap->count;
}

/* ---- comparing ----------------------------------------------------------- */

size_t overlap_size(const struct overlap *overlap, size_t candidate)
{
    return overlap->starts[candidate + 1] - overlap->starts[candidate];
}

double overlap_of(const struct overlap *overlap, size_t a, size_t b)
{
    size_t at_a = overlap->starts[a];
    size_t end_a = overlap->starts[a + 1];
    size_t at_b = overlap->starts[b];
    size_t end_b = overlap->starts[b + 1];
    size_t all = end_a - at_a + end_b - at_b;
    size_t both = 0;
    while (at_a < end_a && at_b < end_b) {
        uint64_t x = overlap->numbers[at_a];
        uint64_t y = overlap->numbers[at_b];
        both += x == y;
        at_a += x <= y;
        at_b += y <= x;
    }
    return all > 0 ? (double)both / (double)(all - both) : 0;
}
