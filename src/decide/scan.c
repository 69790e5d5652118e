/*
 * scan.c - see scan.h.
 *
 * All predicates of all rules lie in one array, in order; a rule knows where
 * its alternatives begin. Only `matches` needs more than the predicate itself:
 * its expressions, compiled once. Invariant: the ranges of rules and
 * alternatives cover the arrays without holes, in order.
 */
#include "decide/scan.h"

#include <string.h>

#include "decide/judge.h"

struct range {
    size_t first, count;
};

struct rule {
    struct range law;  /* of alternatives */
    struct range good; /* of predicates */
};

struct scan {
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

void scan_free(struct scan *scan)
{
    if (scan == NULL) return;
    const struct mem *mem = scan->mem;
    for (size_t i = 0; i < scan->matchers_made; i++)
        matcher_free(scan->matchers[i]);
    mem_free(
        mem, scan->matchers, scan->matcher_count * sizeof(struct matcher *));
    mem_free(mem, scan->predicates,
        scan->predicate_count * sizeof *scan->predicates);
    mem_free(mem, scan->alternatives,
        scan->alternative_count * sizeof *scan->alternatives);
    mem_free(mem, scan->rules, scan->rule_count * sizeof *scan->rules);
    mem_free(mem, scan, sizeof *scan);
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
    struct scan *scan, const struct index_rule *rules, size_t count)
{
    scan->rule_count = count;
    for (size_t i = 0; i < count; i++) {
        const struct index_rule *rule = &rules[i];
        scan->alternative_count += rule->only_if_count;
        for (size_t a = 0; a < rule->only_if_count; a++) {
            scan->predicate_count += rule->only_if[a].count;
            scan->matcher_count += count_matchers(&rule->only_if[a]);
        }
        if (rule->good_for == NULL) continue;
        scan->predicate_count += rule->good_for->count;
        scan->matcher_count += count_matchers(rule->good_for);
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

static int make_all(struct scan *i)
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
    struct scan *scan, struct judge_predicate *judged, ndf_error *error)
{
    const struct value *operand = &judged->predicate->operand;
    if (judged->predicate->op != OP_MATCHES || operand->kind != VALUE_ARRAY)
        return NDF_OK;
    judged->matchers = scan->matchers + scan->matchers_made;
    for (size_t i = 0; i < operand->array.count; i++) {
        const struct value *item = &operand->array.items[i];
        struct str pattern =
            item->kind == VALUE_STRING ? item->string : (struct str){NULL, 0};
        int err = matcher_new(scan->matchers + scan->matchers_made, scan->mem,
            pattern, MATCHER_EXACT, error);
        if (err != NDF_OK) return err;
        scan->matchers_made++;
        judged->matcher_count++;
    }
    return NDF_OK;
}

/* Appends a condition's predicates at *at; *out is where they lie. */
static int add_condition(struct scan *scan, const struct condition *condition,
    size_t *at, struct range *out, ndf_error *error)
{
    *out = (struct range){*at, condition->count};
    for (size_t i = 0; i < condition->count; i++) {
        struct judge_predicate *judged = &scan->predicates[(*at)++];
        judged->predicate = &condition->predicates[i];
        int err = add_matchers(scan, judged, error);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int add_rules(
    struct scan *scan, const struct index_rule *rules, ndf_error *error)
{
    size_t predicate = 0;
    size_t alternative = 0;
    int err = NDF_OK;
    for (size_t i = 0; i < scan->rule_count; i++) {
        const struct index_rule *from = &rules[i];
        struct rule *rule = &scan->rules[i];
        rule->law = (struct range){alternative, from->only_if_count};
        for (size_t a = 0; a < from->only_if_count && err == NDF_OK; a++)
            err = add_condition(scan, &from->only_if[a], &predicate,
                &scan->alternatives[alternative++], error);
        if (err == NDF_OK && from->good_for != NULL)
            err = add_condition(
                scan, from->good_for, &predicate, &rule->good, error);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

int scan_new(struct scan **out, const struct mem *mem,
    const struct index_rule *rules, size_t count, ndf_error *error)
{
    *out = NULL;
    struct scan *scan = mem_calloc(mem, 1, sizeof *scan);
    if (scan == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    scan->mem = mem;
    count_all(scan, rules, count);
    int err = make_all(scan);
    if (err != NDF_OK) (void)err_set(error, err, "out of memory");
    if (err == NDF_OK) err = add_rules(scan, rules, error);
    if (err != NDF_OK) {
        scan_free(scan);
        return err;
    }
    *out = scan;
    return NDF_OK;
}

/* ---- matching ------------------------------------------------------------ */

/* A match under way. */
struct looking {
    const struct scan *scan;
    const struct context *context;
    struct matcher_work work;
};

/* Whether all of one alternative hold; *failed (may be NULL) tells the first
 * that does not. */
static int holds_all(struct looking *looking, struct range predicates,
    bool *out, struct index_failure *failed)
{
    *out = true;
    for (size_t i = 0; i < predicates.count; i++) {
        const struct judge_predicate *judged =
            &looking->scan->predicates[predicates.first + i];
        struct value actual;
        enum judgement judgement;
        int err = judge(
            judged, looking->context, &looking->work, &judgement, &actual);
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
static int holds_any(
    struct looking *looking, const struct rule *rule, size_t *out)
{
    for (*out = 0; *out < rule->law.count; (*out)++) {
        bool holds;
        struct range alternative =
            looking->scan->alternatives[rule->law.first + *out];
        int err = holds_all(looking, alternative, &holds, NULL);
        if (err != NDF_OK || holds) return err;
    }
    return NDF_OK;
}

static int judge_taste(
    struct looking *looking, struct range taste, struct index_match *match)
{
    if (taste.count == 0) return NDF_OK;
    bool *good = arena_calloc(looking->work.arena, taste.count, sizeof *good);
    if (good == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < taste.count; i++) {
        enum judgement judgement;
        int err = judge(&looking->scan->predicates[taste.first + i],
            looking->context, &looking->work, &judgement, NULL);
        if (err != NDF_OK) return err;
        good[i] = judgement == JUDGEMENT_HOLDS;
        match->held += good[i];
    }
    match->good = good;
    return NDF_OK;
}

int scan_match(const struct scan *scan, const struct context *context,
    struct arena *arena, struct index_matches *out)
{
    memset(out, 0, sizeof *out);
    struct looking looking = {.scan = scan, .context = context};
    matcher_work_init(&looking.work, arena);
    out->items = arena_calloc(arena, scan->rule_count, sizeof *out->items);
    if (out->items == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < scan->rule_count; i++) {
        const struct rule *rule = &scan->rules[i];
        size_t alternative;
        int err = holds_any(&looking, rule, &alternative);
        if (err != NDF_OK) return err;
        if (rule->law.count > 0 && alternative == rule->law.count) continue;
        struct index_match *match = &out->items[out->count++];
        match->candidate = (uint32_t)i;
        match->alternative = (uint32_t)alternative;
        err = judge_taste(&looking, rule->good, match);
        if (err != NDF_OK) return err;
    }
    out->effort_limit = looking.work.gave_up;
    return NDF_OK;
}

/* Adds those that hold. */
static int add_holding(struct looking *looking, struct range predicates,
    bool taste, struct index_explanation *out)
{
    for (size_t i = 0; i < predicates.count; i++) {
        const struct judge_predicate *judged =
            &looking->scan->predicates[predicates.first + i];
        struct index_holding *held = &out->held[out->held_count];
        enum judgement judgement;
        int err = judge(judged, looking->context, &looking->work, &judgement,
            &held->actual);
        if (err != NDF_OK) return err;
        if (judgement != JUDGEMENT_HOLDS) continue;
        held->predicate = judged->predicate;
        held->taste = taste;
        out->held_count++;
    }
    return NDF_OK;
}

/* What fails of each alternative, up to one that holds: *holding. */
static int explain_law(struct looking *looking, const struct rule *rule,
    struct range *holding, struct index_explanation *out)
{
    struct arena *arena = looking->work.arena;
    *holding = (struct range){0, 0};
    out->eligible = rule->law.count == 0;
    out->failures = arena_calloc(arena, rule->law.count, sizeof *out->failures);
    if (out->failures == NULL) return NDF_ENOMEM;
    for (size_t a = 0; a < rule->law.count && !out->eligible; a++) {
        struct index_failure *failure = &out->failures[out->count++];
        failure->alternative = (uint32_t)a;
        *holding = looking->scan->alternatives[rule->law.first + a];
        int err = holds_all(looking, *holding, &out->eligible, failure);
        if (err != NDF_OK) return err;
    }
    if (out->eligible) out->count = 0;
    return NDF_OK;
}

static int explain(struct looking *looking, const struct rule *rule,
    struct index_explanation *out)
{
    struct range holding;
    int err = explain_law(looking, rule, &holding, out);
    if (err != NDF_OK || !out->eligible) return err;
    out->held = arena_calloc(looking->work.arena,
        holding.count + rule->good.count, sizeof *out->held);
    if (out->held == NULL) return NDF_ENOMEM;
    err = add_holding(looking, holding, false, out);
    if (err == NDF_OK) err = add_holding(looking, rule->good, true, out);
    return err;
}

int scan_explain(const struct index_rule *rule, const struct context *context,
    struct arena *arena, struct index_explanation *out)
{
    memset(out, 0, sizeof *out);
    struct scan *scan;
    int err = scan_new(&scan, arena->mem, rule, 1, NULL);
    if (scan == NULL) return err;
    struct looking looking = {.scan = scan, .context = context};
    matcher_work_init(&looking.work, arena);
    err = explain(&looking, &scan->rules[0], out);
    scan_free(scan);
    return err;
}
