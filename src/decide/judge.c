/*
 * judge.c - see judge.h.
 *
 * What is unknown holds nothing but `absent`; null is known. Numbers compare
 * with numbers only, integers exactly; a word of a scale (`complexity: high`)
 * counts as its number where it meets one.
 */
#include "decide/judge.h"

#include <string.h>

#include "model/glob.h"

enum {
    ITEM_STEPS = 4,    /* that comparing with one item counts */
    FALSE_STARTS = 32, /* of a needle, before it is looked for otherwise */
};

/* What a predicate looks at; false when the context does not say. */
static bool find_actual(
    const struct predicate *p, const struct context *context, struct value *out)
{
    const struct value *found;
    *out = value_null;
    switch (p->field) {
    case FIELD_DOMAIN: *out = value_of_str(context->domain); break;
    case FIELD_AGENT_TYPE: *out = value_of_str(context->agent_type); break;
    case FIELD_TEXT: *out = value_of_str(context->text); break;
    case FIELD_PRIORITY:
        *out = value_of_int(context->priority);
        return context->priority != 0;
    case FIELD_ATTRIBUTE:
        found = value_get(&context->attributes, p->name);
        if (found == NULL) found = value_path(&context->attributes, p->name);
        if (found != NULL) *out = *found;
        return found != NULL;
    }
    if (out->kind == VALUE_STRING && out->string.at != NULL) return true;
    *out = value_null;
    return false;
}

static bool is_number(const struct value *value)
{
    return value->kind == VALUE_INT || value->kind == VALUE_REAL;
}

/* The actual value as it meets other: a word of a scale becomes its number. */
static struct value meet(const struct predicate *p, const struct value *actual,
    const struct value *other)
{
    int64_t number;
    if (actual->kind == VALUE_STRING && is_number(other) &&
        scale_number(p->name, actual->string, &number))
        return value_of_int(number);
    return *actual;
}

static bool equal(const struct predicate *p, const struct value *actual,
    const struct value *operand)
{
    struct value met = meet(p, actual, operand);
    return value_equal(&met, operand);
}

static bool in_list(const struct predicate *p, const struct value *actual)
{
    if (p->operand.kind != VALUE_ARRAY) return equal(p, actual, &p->operand);
    for (size_t i = 0; i < p->operand.array.count; i++) {
        if (equal(p, actual, &p->operand.array.items[i])) return true;
    }
    return false;
}

static bool ordered(const struct predicate *p, const struct value *actual,
    const struct value *operand, int *order)
{
    struct value met = meet(p, actual, operand);
    return value_compare(&met, operand, order);
}

static bool compares(const struct predicate *p, const struct value *actual)
{
    int order;
    if (!ordered(p, actual, &p->operand, &order)) return false;
    if (p->op == OP_LT) return order < 0;
    if (p->op == OP_LE) return order <= 0;
    if (p->op == OP_GT) return order > 0;
    return order >= 0;
}

static bool is_between(const struct predicate *p, const struct value *actual)
{
    int low;
    int high;
    if (p->operand.kind != VALUE_ARRAY || p->operand.array.count != 2)
        return false;
    const struct value *ends = p->operand.array.items;
    return ordered(p, actual, &ends[0], &low) && low >= 0 &&
           ordered(p, actual, &ends[1], &high) && high <= 0;
}

static bool matches_glob(const struct predicate *p, const struct value *actual)
{
    if (actual->kind != VALUE_STRING || p->operand.kind != VALUE_ARRAY)
        return false;
    for (size_t i = 0; i < p->operand.array.count; i++) {
        const struct value *glob = &p->operand.array.items[i];
        if (glob->kind == VALUE_STRING &&
            glob_match(glob->string, actual->string))
            return true;
    }
    return false;
}

/* Knuth, Morris, Pratt: a long needle in a long text must not take their
 * product. border[i] is the longest border of needle[0..i]. */
static bool search_long(
    const uint32_t *border, struct str text, struct str needle)
{
    size_t matched = 0;
    for (size_t i = 0; i < text.size; i++) {
        while (matched > 0 && needle.at[matched] != text.at[i])
            matched = border[matched - 1];
        if (needle.at[matched] == text.at[i]) matched++;
        if (matched == needle.size) return true;
    }
    return false;
}

static int search_slow(
    struct arena *arena, struct str text, struct str needle, bool *out)
{
    uint32_t *border = arena_calloc(arena, needle.size, sizeof *border);
    if (border == NULL) return NDF_ENOMEM;
    for (size_t i = 1, k = 0; i < needle.size; i++) {
        while (k > 0 && needle.at[i] != needle.at[k])
            k = border[k - 1];
        if (needle.at[i] == needle.at[k]) k++;
        border[i] = (uint32_t)k;
    }
    *out = search_long(border, text, needle);
    return NDF_OK;
}

/* In nearly all texts the first byte of a needle is rare enough. */
static int contains_text(
    struct arena *arena, struct str text, struct str needle, bool *out)
{
    *out = needle.size == 0;
    if (*out) return NDF_OK;
    for (int starts = 0; starts < FALSE_STARTS; starts++) {
        text = str_from(text, str_find_char(text, needle.at[0]));
        if (text.size < needle.size) return NDF_OK;
        *out = memcmp(text.at, needle.at, needle.size) == 0;
        if (*out) return NDF_OK;
        text = str_from(text, 1);
    }
    return search_slow(arena, text, needle, out);
}

/* How much may have to be looked at to compare with it. */
/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
static uint64_t weight(const struct value *value)
{
    uint64_t sum = 1;
    if (value->kind == VALUE_ARRAY)
        for (size_t i = 0; i < value->array.count; i++)
            sum += weight(&value->array.items[i]);
    if (value->kind == VALUE_OBJECT)
        for (size_t i = 0; i < value->object.count; i++)
            sum +=
                value->object.count + weight(&value->object.members[i].value);
    return sum;
}

/* A long text or list is paid for from the account of the expressions. */
static int contains(const struct predicate *p, const struct value *actual,
    struct matcher_work *work, enum judgement *out)
{
    bool found = false;
    int err = NDF_OK;
    bool text = actual->kind == VALUE_STRING && p->operand.kind == VALUE_STRING;
    *out = JUDGEMENT_FALSE;
    if (!text && actual->kind != VALUE_ARRAY) return NDF_OK;
    uint64_t steps =
        text ? actual->string.size
             : actual->array.count * ITEM_STEPS * weight(&p->operand);
    *out = JUDGEMENT_EFFORT;
    if (!matcher_charge(work, steps)) return NDF_OK;
    if (text)
        err = contains_text(
            work->arena, actual->string, p->operand.string, &found);
    else
        for (size_t i = 0; i < actual->array.count && !found; i++)
            found = equal(p, &actual->array.items[i], &p->operand);
    *out = found ? JUDGEMENT_HOLDS : JUDGEMENT_FALSE;
    return err;
}

static int matches(const struct judge_predicate *judged,
    const struct value *actual, struct matcher_work *work, enum judgement *out)
{
    *out = JUDGEMENT_FALSE;
    if (actual->kind != VALUE_STRING) return NDF_OK;
    for (size_t i = 0; i < judged->matcher_count; i++) {
        enum matcher_result result;
        int err =
            matcher_search(judged->matchers[i], work, actual->string, &result);
        if (err != NDF_OK) return err;
        if (result == MATCHER_GAVE_UP) *out = JUDGEMENT_EFFORT;
        if (result != MATCHER_YES) continue;
        *out = JUDGEMENT_HOLDS;
        break;
    }
    return NDF_OK;
}

/* Whether the predicate asks for absence. */
static bool wants_absence(const struct predicate *p)
{
    bool no = p->operand.kind == VALUE_BOOL && !p->operand.truth;
    return (p->op == OP_ABSENT) != no;
}

static int judge_known(const struct judge_predicate *judged,
    const struct value *actual, struct matcher_work *work, enum judgement *out)
{
    const struct predicate *p = judged->predicate;
    bool holds = false;
    switch (p->op) {
    case OP_EQ: holds = equal(p, actual, &p->operand); break;
    case OP_NE: holds = !equal(p, actual, &p->operand); break;
    case OP_IN: holds = in_list(p, actual); break;
    case OP_NOT_IN: holds = !in_list(p, actual); break;
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE: holds = compares(p, actual); break;
    case OP_BETWEEN: holds = is_between(p, actual); break;
    case OP_EXISTS:
    case OP_ABSENT: holds = !wants_absence(p); break;
    case OP_CONTAINS: return contains(p, actual, work, out);
    case OP_MATCHES: return matches(judged, actual, work, out);
    case OP_GLOB: holds = matches_glob(p, actual); break;
    }
    *out = holds ? JUDGEMENT_HOLDS : JUDGEMENT_FALSE;
    return NDF_OK;
}

int judge(const struct judge_predicate *judged, const struct context *context,
    struct matcher_work *work, enum judgement *out, struct value *actual)
{
    const struct predicate *p = judged->predicate;
    struct value found;
    bool known = find_actual(p, context, &found);
    if (actual != NULL) *actual = found;
    if (known) return judge_known(judged, &found, work, out);
    bool presence = p->op == OP_EXISTS || p->op == OP_ABSENT;
    *out = presence && wants_absence(p) ? JUDGEMENT_HOLDS : JUDGEMENT_UNKNOWN;
    return NDF_OK;
}
