/*
 * index.c - see index.h: the straight scan.
 *
 * All predicates of all rules lie in one array, in order; a rule knows where
 * its alternatives begin. Only `matches` needs more than the predicate itself:
 * its expressions, compiled once. Invariant: the ranges of rules and
 * alternatives cover the arrays without holes, in order.
 */
#include "decide/index.h"

#include <string.h>

#include "decide/judge.h"

struct range {
    size_t first, count;
};

struct rule {
    struct range law;  /* of alternatives */
    struct range good; /* of predicates */
};

struct index {
    const struct mem *mem;
    struct rule *rules;
    size_t rule_count;
    struct range *alternatives; /* of predicates */
    size_t alternative_count;
    struct judge_predicate *predicates;
    size_t predicate_count;
    struct matcher **matchers;
    size_t matcher_count; /* room for */
    size_t matchers_made;
};

void index_free(struct index *index)
{
    if (index == NULL) return;
    const struct mem *mem = index->mem;
    for (size_t i = 0; i < index->matchers_made; i++)
        matcher_free(index->matchers[i]);
    mem_free(
        mem, index->matchers, index->matcher_count * sizeof(struct matcher *));
    mem_free(mem, index->predicates,
        index->predicate_count * sizeof *index->predicates);
    mem_free(mem, index->alternatives,
        index->alternative_count * sizeof *index->alternatives);
    mem_free(mem, index->rules, index->rule_count * sizeof *index->rules);
    mem_free(mem, index, sizeof *index);
}

/* ---- building ------------------------------------------------------------ */

static size_t count_matchers(const struct condition *condition)
{
    size_t count = 0;
    for (size_t i = 0; i < condition->count; i++) {
        const struct predicate *p = &condition->predicates[i];
        if (p->op == OP_MATCHES && p->operand.kind == VALUE_ARRAY)
            count += p->operand.array.count;
    }
    return count;
}

static void count_all(
    struct index *index, const struct index_rule *rules, size_t count)
{
    index->rule_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct index_rule *rule = &rules[i];
        index->alternative_count += rule->only_if_count;
        for (size_t a = 0; a < rule->only_if_count; a++) {
            index->predicate_count += rule->only_if[a].count;
            index->matcher_count += count_matchers(&rule->only_if[a]);
        }
        if (rule->good_for == NULL) continue;
        index->predicate_count += rule->good_for->count;
        index->matcher_count += count_matchers(rule->good_for);
    }
}

/* *out stays NULL for no items. */
static int make(const struct mem *mem, size_t count, size_t size, void *out)
{
    if (count == 0) return NDF_OK;
    void *items = mem_calloc(mem, count, size);
    if (items == NULL) return NDF_ENOMEM;
    memcpy(out, &items, sizeof items);
    return NDF_OK;
}

static int make_all(struct index *i)
{
    int err = make(i->mem, i->rule_count, sizeof *i->rules, &i->rules);
    if (err == NDF_OK)
        err = make(i->mem, i->alternative_count, sizeof *i->alternatives,
            &i->alternatives);
    if (err == NDF_OK)
        err = make(
            i->mem, i->predicate_count, sizeof *i->predicates, &i->predicates);
    if (err == NDF_OK)
        err = make(
            i->mem, i->matcher_count, sizeof(struct matcher *), &i->matchers);
    return err;
}

static int add_matchers(
    struct index *index, struct judge_predicate *judged, ndf_error *error)
{
    const struct value *operand = &judged->predicate->operand;
    if (judged->predicate->op != OP_MATCHES || operand->kind != VALUE_ARRAY)
        return NDF_OK;
    judged->matchers = index->matchers + index->matchers_made;
    for (size_t i = 0; i < operand->array.count; i++) {
        const struct value *item = &operand->array.items[i];
        struct str pattern =
            item->kind == VALUE_STRING ? item->string : (struct str){NULL, 0};
        int err = matcher_new(index->matchers + index->matchers_made,
            index->mem, pattern, MATCHER_EXACT, error);
        if (err != NDF_OK) return err;
        index->matchers_made++;
        judged->matcher_count++;
    }
    return NDF_OK;
}

/* Appends a condition's predicates at *at; *out is where they lie. */
static int add_condition(struct index *index, const struct condition *condition,
    size_t *at, struct range *out, ndf_error *error)
{
    *out = (struct range){*at, condition->count};
    for (size_t i = 0; i < condition->count; i++) {
        struct judge_predicate *judged = &index->predicates[(*at)++];
        judged->predicate = &condition->predicates[i];
        int err = add_matchers(index, judged, error);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int add_rules(
    struct index *index, const struct index_rule *rules, ndf_error *error)
{
    size_t predicate = 0;
    size_t alternative = 0;
    int err = NDF_OK;
    for (size_t i = 0; i < index->rule_count; i++) {
        const struct index_rule *from = &rules[i];
        struct rule *rule = &index->rules[i];
        rule->law = (struct range){alternative, from->only_if_count};
        for (size_t a = 0; a < from->only_if_count && err == NDF_OK; a++)
            err = add_condition(index, &from->only_if[a], &predicate,
                &index->alternatives[alternative++], error);
        if (err == NDF_OK && from->good_for != NULL)
            err = add_condition(
                index, from->good_for, &predicate, &rule->good, error);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

int index_new(struct index **out, const struct mem *mem,
    const struct index_rule *rules, size_t count, ndf_error *error)
{
    *out = NULL;
    struct index *index = mem_calloc(mem, 1, sizeof *index);
    if (index == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    index->mem = mem;
    count_all(index, rules, count);
    int err = make_all(index);
    if (err != NDF_OK) (void)err_set(error, err, "out of memory");
    if (err == NDF_OK) err = add_rules(index, rules, error);
    if (err != NDF_OK) {
        index_free(index);
        return err;
    }
    *out = index;
    return NDF_OK;
}

/* ---- matching ------------------------------------------------------------ */

/* A match under way. */
struct scan {
    const struct index *index;
    const struct context *context;
    struct matcher_work work;
};

/* Whether all of one alternative hold; *failed (may be NULL) tells the first
 * that does not. */
static int holds_all(struct scan *scan, struct range predicates, bool *out,
    struct index_failure *failed)
{
    *out = true;
    for (size_t i = 0; i < predicates.count; i++) {
        const struct judge_predicate *judged =
            &scan->index->predicates[predicates.first + i];
        struct value actual;
        enum judgement judgement;
        int err =
            judge(judged, scan->context, &scan->work, &judgement, &actual);
        if (err != NDF_OK) return err;
        if (judgement == JUDGEMENT_HOLDS) continue;
        *out = false;
        if (failed == NULL) return NDF_OK;
        failed->predicate = judged->predicate;
        failed->actual = actual;
        failed->why = judgement == JUDGEMENT_UNKNOWN  ? INDEX_UNKNOWN
                      : judgement == JUDGEMENT_EFFORT ? INDEX_EFFORT
                                                      : INDEX_FALSE;
        return NDF_OK;
    }
    return NDF_OK;
}

/* The first alternative that holds, or law->count. */
static int holds_any(struct scan *scan, const struct rule *rule, size_t *out)
{
    for (*out = 0; *out < rule->law.count; (*out)++) {
        bool holds;
        struct range alternative =
            scan->index->alternatives[rule->law.first + *out];
        int err = holds_all(scan, alternative, &holds, NULL);
        if (err != NDF_OK || holds) return err;
    }
    return NDF_OK;
}

static int judge_taste(
    struct scan *scan, struct range taste, struct index_match *match)
{
    if (taste.count == 0) return NDF_OK;
    bool *good = arena_calloc(scan->work.arena, taste.count, sizeof *good);
    if (good == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < taste.count; i++) {
        enum judgement judgement;
        int err = judge(&scan->index->predicates[taste.first + i],
            scan->context, &scan->work, &judgement, NULL);
        if (err != NDF_OK) return err;
        good[i] = judgement == JUDGEMENT_HOLDS;
        match->held += good[i];
    }
    match->good = good;
    return NDF_OK;
}

int index_match(const struct index *index, const struct context *context,
    struct arena *arena, struct index_matches *out)
{
    memset(out, 0, sizeof *out);
    struct scan scan = {.index = index, .context = context};
    matcher_work_init(&scan.work, arena);
    out->items = arena_calloc(arena, index->rule_count, sizeof *out->items);
    if (out->items == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < index->rule_count; i++) {
        const struct rule *rule = &index->rules[i];
        size_t alternative;
        int err = holds_any(&scan, rule, &alternative);
        if (err != NDF_OK) return err;
        if (rule->law.count > 0 && alternative == rule->law.count) continue;
        struct index_match *match = &out->items[out->count++];
        match->candidate = (uint32_t)i;
        match->alternative = (uint32_t)alternative;
        err = judge_taste(&scan, rule->good, match);
        if (err != NDF_OK) return err;
    }
    out->effort_limit = scan.work.gave_up;
    return NDF_OK;
}

int index_explain(const struct index *index, size_t candidate,
    const struct context *context, struct arena *arena,
    struct index_explanation *out)
{
    memset(out, 0, sizeof *out);
    if (candidate >= index->rule_count) return NDF_EINVAL;
    const struct rule *rule = &index->rules[candidate];
    struct scan scan = {.index = index, .context = context};
    matcher_work_init(&scan.work, arena);
    out->eligible = rule->law.count == 0;
    out->failures = arena_calloc(arena, rule->law.count, sizeof *out->failures);
    if (out->failures == NULL) return NDF_ENOMEM;
    for (size_t a = 0; a < rule->law.count && !out->eligible; a++) {
        struct index_failure *failure = &out->failures[out->count++];
        failure->alternative = (uint32_t)a;
        int err = holds_all(&scan, index->alternatives[rule->law.first + a],
            &out->eligible, failure);
        if (err != NDF_OK) return err;
    }
    if (out->eligible) out->count = 0;
    return NDF_OK;
}
