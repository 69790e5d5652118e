/*
 * selector_json.c - selections and explanations as documents.
 *
 *     {chosen, fallback, reason, domain: {name, inferred}, eligible, total,
 *      known, effort_limit, text_cut,
 *      ranked: [{name, kind, fit, success, success_lower, confidence, level,
 *                executions, cold, needed, copies: [name],
 *                near_copy: {name, likeness},
 *                factors: [{name, value, contribution, words}]}]}
 */
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "decide/scan.h"
#include "decide/scoring.h"
#include "decide/selector.h"

/* Collects members; the first error sticks. */
struct writer {
    struct arena *arena;
    int err;
};

static void put(
    struct writer *w, struct value *object, const char *key, struct value item)
{
    if (w->err == NDF_OK)
        w->err = value_set(w->arena, object, str_of(key), item);
}

static void push(struct writer *w, struct value *array, struct value item)
{
    if (w->err == NDF_OK) w->err = value_push(w->arena, array, item);
}

static struct value name_or_null(struct str name)
{
    return name.at != NULL ? value_of_str(name) : value_null;
}

static struct value of_size(uint64_t size)
{
    return value_of_int(size < INT64_MAX ? (int64_t)size : INT64_MAX);
}

/* ---- selections ---------------------------------------------------------- */

static struct value write_factors(struct writer *w, const struct ranked *ranked)
{
    struct value list = value_of_array();
    for (size_t i = 0; i < ranked->factor_count; i++) {
        const struct factor *factor = &ranked->factors[i];
        struct value item = value_of_object();
        put(w, &item, "name",
            value_of_str(str_of(fit_factor_name(factor->kind))));
        put(w, &item, "value", value_of_real(factor->value));
        put(w, &item, "contribution", value_of_real(factor->contribution));
        if (factor->words.size > 0)
            put(w, &item, "words", value_of_str(factor->words));
        push(w, &list, item);
    }
    return list;
}

/* The numbers of one, into an object. */
static void put_numbers(
    struct writer *w, struct value *object, const struct ranked *ranked)
{
    put(w, object, "fit", value_of_real(ranked->fit));
    put(w, object, "evidence", value_of_real(ranked->evidence));
    put(w, object, "success", value_of_real(ranked->success));
    put(w, object, "success_lower",
        value_of_real(success_lower(&ranked->posterior)));
    put(w, object, "confidence", value_of_real(ranked->confidence));
    put(w, object, "level", value_of_str(str_of(level_name(ranked->level))));
    put(w, object, "executions", of_size(ranked->executions));
    put(w, object, "cold", value_of_bool(ranked->cold));
    put(w, object, "needed", value_of_real(ranked->needed));
}

static struct value write_ranked(struct writer *w,
    const struct selector *selector, const struct ranked *ranked)
{
    const struct candidate *candidate =
        &selector->candidates[ranked->candidate];
    struct value item = value_of_object();
    put(w, &item, "name", value_of_str(candidate->name));
    put(w, &item, "kind",
        value_of_str(str_of(pattern_kind_name(candidate->kind))));
    put_numbers(w, &item, ranked);
    struct value copies = value_of_array();
    for (size_t i = 0; i < ranked->copy_count; i++)
        push(w, &copies,
            value_of_str(selector->candidates[ranked->copies[i]].name));
    put(w, &item, "copies", copies);
    if (ranked->near != SELECTOR_NONE) {
        struct value near = value_of_object();
        struct str name = selector->candidates[ranked->near].name;
        put(w, &near, "name", value_of_str(name));
        put(w, &near, "likeness", value_of_real(ranked->likeness));
        put(w, &item, "near_copy", near);
    }
    put(w, &item, "factors", write_factors(w, ranked));
    return item;
}

int selection_encode(struct arena *arena, const struct selection *selection,
    const struct selector *selector, struct value *out)
{
    struct writer w = {arena, NDF_OK};
    struct value chosen = value_null;
    if (selection->chosen != SELECTOR_NONE)
        chosen = value_of_str(selector->candidates[selection->chosen].name);
    struct value domain = value_of_object();
    put(&w, &domain, "name", name_or_null(selection->domain));
    put(&w, &domain, "inferred", value_of_bool(selection->domain_inferred));
    struct value ranked = value_of_array();
    for (size_t i = 0; i < selection->count; i++)
        push(&w, &ranked, write_ranked(&w, selector, &selection->ranked[i]));
    *out = value_of_object();
    put(&w, out, "chosen", chosen);
    put(&w, out, "fallback", value_of_bool(selection->fallback));
    put(&w, out, "reason", value_of_str(selection->reason));
    put(&w, out, "domain", domain);
    put(&w, out, "kind_hint",
        value_of_str(str_of(pattern_kind_name(selection->hint))));
    put(&w, out, "eligible", of_size(selection->eligible));
    put(&w, out, "total", of_size(selection->total));
    put(&w, out, "known", value_of_real(selection->known));
    put(&w, out, "effort_limit", value_of_bool(selection->effort_limit));
    put(&w, out, "text_cut", value_of_bool(selection->text_cut));
    put(&w, out, "ranked", ranked);
    return w.err;
}

/* ---- explanations -------------------------------------------------------- */

/* "attributes.complexity", as a person finds it in the file. */
static struct str field_of(struct writer *w, const struct predicate *p)
{
    if (p->field != FIELD_ATTRIBUTE) return str_of(field_name(p->field));
    struct str name =
        arena_format(w->arena, "attributes.%.*s", STR_ARG(p->name));
    if (name.at == NULL) w->err = NDF_ENOMEM;
    return name;
}

/* "attributes.complexity ge 3" */
static struct value predicate_text(
    struct writer *w, const struct predicate *p, struct str field)
{
    struct buf operand;
    buf_init(&operand, w->arena->mem);
    json_write(&operand, &p->operand);
    bool bare = p->op == OP_EXISTS || p->op == OP_ABSENT;
    struct str text = arena_format(w->arena, "%.*s %s%s%.*s", STR_ARG(field),
        predicate_op_name(p->op), bare ? "" : " ",
        bare ? 0 : str_int(operand.size), buf_str(&operand).at);
    if (buf_error(&operand) != NDF_OK || text.at == NULL) w->err = NDF_ENOMEM;
    buf_deinit(&operand);
    return value_of_str(text);
}

static const char *why_name(enum index_why why)
{
    static const char *const names[] = {
        [INDEX_FALSE] = "false",
        [INDEX_UNKNOWN] = "unknown",
        [INDEX_EFFORT] = "effort limit",
    };
    return names[why];
}

/* {predicate, field, op, expected, actual} */
static struct value write_predicate(
    struct writer *w, const struct predicate *p, struct value actual)
{
    struct value item = value_of_object();
    struct str field = field_of(w, p);
    if (w->err != NDF_OK) return item;
    put(w, &item, "predicate", predicate_text(w, p, field));
    put(w, &item, "field", value_of_str(field));
    put(w, &item, "op", value_of_str(str_of(predicate_op_name(p->op))));
    put(w, &item, "expected", p->operand);
    put(w, &item, "actual", actual);
    return item;
}

static struct value write_failure(
    struct writer *w, const struct index_failure *failure)
{
    struct value item = write_predicate(w, failure->predicate, failure->actual);
    put(w, &item, "why", value_of_str(str_of(why_name(failure->why))));
    put(w, &item, "alternative", of_size(failure->alternative));
    return item;
}

/* Predicates of the law and of the taste that hold. */
static struct value write_held(
    struct writer *w, const struct index_explanation *explanation)
{
    struct value list = value_of_array();
    for (size_t i = 0; i < explanation->held_count; i++) {
        const struct index_holding *held = &explanation->held[i];
        struct value item = write_predicate(w, held->predicate, held->actual);
        put(w, &item, "of",
            value_of_str(held->taste ? STR("good_for") : STR("only_if")));
        push(w, &list, item);
    }
    return list;
}

static int explain_law(const struct index_explanation *explanation,
    struct arena *arena, struct value *out)
{
    struct writer w = {arena, NDF_OK};
    struct value all = value_of_array();
    for (size_t i = 0; i < explanation->count; i++)
        push(&w, &all, write_failure(&w, &explanation->failures[i]));
    if (w.err == NDF_OK && all.array.count > 0)
        put(&w, out, "failed", all.array.items[0]);
    put(&w, out, "alternatives", all);
    return w.err;
}

/* Factor by factor: this one's and the best one's. */
static struct value write_comparison(struct writer *w,
    const struct scoring *scoring, const struct scored *one,
    const struct scored *other)
{
    struct value list = value_of_array();
    struct fit_evidence own;
    struct fit_evidence best;
    scoring_evidence(scoring, one, &own);
    scoring_evidence(scoring, other, &best);
    for (int i = 0; i < FIT_FACTOR_COUNT; i++) {
        enum fit_factor factor = (enum fit_factor)i;
        double mine = own.contribution[factor];
        double theirs = best.contribution[factor];
        if (mine == 0 && theirs == 0) continue;
        struct value item = value_of_object();
        put(w, &item, "name", value_of_str(str_of(fit_factor_name(factor))));
        put(w, &item, "value", value_of_real(own.value[i]));
        put(w, &item, "contribution", value_of_real(mine));
        put(w, &item, "best_value", value_of_real(best.value[i]));
        put(w, &item, "best_contribution", value_of_real(theirs));
        push(w, &list, item);
    }
    return list;
}

static int explain_weaker(const struct scoring *scoring,
    const struct scored *own, const struct scored *best, struct value *out)
{
    struct writer w = {scoring->arena, NDF_OK};
    struct ranked mine;
    struct ranked theirs;
    scoring_rank(scoring, own, &mine);
    scoring_rank(scoring, best, &theirs);
    int err = scoring_detail(scoring, own, &mine);
    if (err != NDF_OK) return err;
    const struct candidate *candidates = scoring->selector->candidates;
    struct value winner = value_of_object();
    put(&w, &winner, "name", value_of_str(candidates[theirs.candidate].name));
    put_numbers(&w, &winner, &theirs);
    put_numbers(&w, out, &mine);
    put(&w, out, "best", winner);
    put(&w, out, "factors", write_factors(&w, &mine));
    put(&w, out, "compared", write_comparison(&w, scoring, own, best));
    return w.err;
}

/* For one that is eligible. */
static int explain_choice(const struct selector *selector,
    const struct selector_query *query, size_t candidate, struct arena *arena,
    struct value *out)
{
    struct selector_query one = *query;
    one.limit = 1;
    struct selection selection;
    struct scoring scoring;
    int err = selector_select(selector, &one, arena, &selection);
    if (err == NDF_OK) err = scoring_make(selector, &one, arena, &scoring);
    if (err != NDF_OK) return err;
    struct writer w = {arena, NDF_OK};
    put(&w, out, "chosen", value_of_bool(selection.chosen == candidate));
    struct scored own;
    if (!scoring_find(&scoring, candidate, &own) || selection.count == 0) {
        put(&w, out, "reason",
            value_of_str(STR("it shares no word with the task")));
        return w.err;
    }
    put(&w, out, "reason", value_of_str(selection.reason));
    struct scored best;
    (void)scoring_find(&scoring, selection.ranked[0].candidate, &best);
    if (w.err != NDF_OK) return w.err;
    return explain_weaker(&scoring, &own, &best, out);
}

/* For one whose law holds: whether the host allows it, too; else says so. */
static int explain_asking(const struct selector_query *query, size_t candidate,
    struct arena *arena, bool *allowed, struct value *out)
{
    bool asked = query->ask != NULL;
    int answer = asked ? query->ask(query->ask_ud, candidate) : 0;
    *allowed = answer > 0;
    if (answer != 0) return answer < 0 ? answer : NDF_OK;
    struct writer w = {arena, NDF_OK};
    struct value failed = value_of_object();
    put(&w, &failed, "predicate", value_of_str(STR("ask_host")));
    put(&w, &failed, "expected", value_of_bool(true));
    put(&w, &failed, "actual", asked ? value_of_bool(false) : value_null);
    put(&w, &failed, "why",
        value_of_str(asked ? STR("not allowed") : STR("not asked")));
    put(&w, out, "failed", failed);
    put(&w, out, "alternatives", value_of_array());
    put(&w, out, "reason",
        value_of_str(asked ? STR("it asks the host, which did not allow it")
                           : STR("it asks the host, which is not asked here")));
    return w.err;
}

int selector_explain(const struct selector *selector,
    const struct selector_query *query, size_t candidate, struct arena *arena,
    struct value *out)
{
    if (candidate >= selector->count) return NDF_EINVAL;
    struct writer w = {arena, NDF_OK};
    struct index_explanation explanation;
    const struct candidate *asked = &selector->candidates[candidate];
    const struct index_rule rule = {
        asked->only_if, asked->only_if_count, asked->good_for};
    int err = scan_explain(&rule, query->context, arena, &explanation);
    if (err != NDF_OK) return err;
    bool allowed = explanation.eligible;
    *out = value_of_object();
    put(&w, out, "pattern", value_of_str(selector->candidates[candidate].name));
    if (allowed && selector->candidates[candidate].ask_host)
        w.err = explain_asking(query, candidate, arena, &allowed, out);
    put(&w, out, "eligible", value_of_bool(allowed));
    if (w.err != NDF_OK) return w.err;
    if (!explanation.eligible) return explain_law(&explanation, arena, out);
    put(&w, out, "held", write_held(&w, &explanation));
    if (w.err != NDF_OK) return w.err;
    if (!allowed) return NDF_OK;
    return explain_choice(selector, query, candidate, arena, out);
}
