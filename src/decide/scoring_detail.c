/*
 * scoring_detail.c - what is told of the few that are shown: confidence,
 * factors, words, copies (scoring.h).
 */
#include <math.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "decide/scoring.h"

/* The least share of a word that is shown to people. */
#define WORTH_NAMING 0.01

/* ---- success and thresholds ---------------------------------------------- */

static struct confidence_rules rules_of(
    const struct selector_config *config, const struct candidate *candidate)
{
    struct confidence_rules rules = {.threshold = config->threshold,
        .cold_threshold = config->cold_threshold,
        .min_executions = config->min_executions,
        .half_life_ms = config->half_life_ms,
        .learning = true};
    const struct confidence_rules *own = candidate->confidence;
    if (own == NULL) return rules;
    if (!isnan(own->threshold)) rules.threshold = own->threshold;
    if (!isnan(own->cold_threshold)) rules.cold_threshold = own->cold_threshold;
    if (own->min_executions_set) rules.min_executions = own->min_executions;
    if (own->half_life_ms > 0) rules.half_life_ms = own->half_life_ms;
    rules.learning = own->learning;
    return rules;
}

void scoring_count(
    const struct scoring *scoring, size_t candidate, struct success_counts *out)
{
    const struct selector_query *query = scoring->query;
    enum pattern_kind kind = scoring->selector->candidates[candidate].kind;
    *out = (struct success_counts){.kind = query->kinds[kind]};
    if (query->tallies != NULL)
        query->tallies(query->ud, candidate, query->context->domain,
            &out->domain, &out->pattern);
}

/* Of one whose fit is known. */
static void rank(const struct scoring *scoring, size_t number, double fit,
    struct success_counts counts, struct ranked *out)
{
    const struct selector_query *query = scoring->query;
    const struct candidate *candidate = &scoring->selector->candidates[number];
    struct confidence_rules rules = rules_of(&query->config, candidate);
    *out = (struct ranked){.candidate = number};
    if (counts.pattern.count > 0)
        out->executions = (uint64_t)counts.pattern.count;
    out->cold = !rules.learning || out->executions < rules.min_executions;
    out->needed = out->cold ? rules.cold_threshold : rules.threshold;
    if (!rules.learning) counts = (struct success_counts){.kind = {.wins = 0}};
    out->posterior =
        success_estimate(&counts, query->now_ms, rules.half_life_ms);
    out->fit = fit;
    out->success = out->posterior.mean;
    out->confidence = out->fit * out->success;
    out->level = out->confidence >= query->config.high     ? LEVEL_HIGH
                 : out->confidence >= query->config.medium ? LEVEL_MEDIUM
                                                           : LEVEL_LOW;
}

void scoring_rank(const struct scoring *scoring, const struct scored *scored,
    struct ranked *out)
{
    struct success_counts counts;
    size_t candidate = scored->match->candidate;
    double fit = fit_probability(scoring_log_odds(scoring, scored));
    scoring_count(scoring, candidate, &counts);
    rank(scoring, candidate, fit, counts, out);
    out->evidence = scored->evidence + scored->structure;
}

void scoring_rank_plain(const struct scoring *scoring,
    const struct walk_item *item, const struct success_counts *counts,
    struct ranked *out)
{
    size_t candidate = scoring->matches.items[item->match].candidate;
    rank(scoring, candidate, item->group->fit, *counts, out);
    out->evidence = scoring->plain + item->group->structure;
}

/* ---- details ------------------------------------------------------------- */

/* " (0.61)"; share is from 0 to 1. By hand, as this is done for each word of
 * each candidate that is shown. */
static void add_share(struct buf *text, double share)
{
    int hundredths = (int)(share * 100 + 0.5);
    const char digits[] = {' ', '(', (char)('0' + hundredths / 100), '.',
        (char)('0' + hundredths / 10 % 10), (char)('0' + hundredths % 10), ')'};
    buf_add(text, digits, sizeof digits);
}

/* "memory (0.61), leak (0.39)". */
static int write_words(
    const struct scoring *scoring, const struct scored *scored, struct str *out)
{
    struct text_word *words;
    size_t count;
    int err = text_index_words(scoring->selector->text, &scoring->prior->text,
        scored->match->candidate, scoring->arena, &words, &count);
    if (err != NDF_OK) return err;
    struct buf text;
    buf_init(&text, scoring->arena->mem);
    if (count > SELECTOR_WORDS_MAX) count = SELECTOR_WORDS_MAX;
    for (size_t i = 0; i < count && words[i].share >= WORTH_NAMING; i++) {
        if (i > 0) buf_add_str(&text, STR(", "));
        buf_add_str(&text, words[i].word);
        add_share(&text, words[i].share);
    }
    err = buf_error(&text);
    if (err == NDF_OK) *out = arena_str(scoring->arena, buf_str(&text));
    buf_deinit(&text);
    return err == NDF_OK && out->at == NULL ? NDF_ENOMEM : err;
}

static int add_factors(const struct scoring *scoring,
    const struct scored *scored, struct ranked *out)
{
    out->factors =
        arena_calloc(scoring->arena, FIT_FACTOR_COUNT, sizeof *out->factors);
    if (out->factors == NULL) return NDF_ENOMEM;
    struct fit_evidence evidence;
    scoring_evidence(scoring, scored, &evidence);
    for (int i = 0; i < FIT_FACTOR_COUNT; i++) {
        enum fit_factor kind = (enum fit_factor)i;
        double contribution = evidence.contribution[kind];
        if (contribution == 0) continue;
        struct factor *factor = &out->factors[out->factor_count++];
        *factor = (struct factor){.kind = kind,
            .value = evidence.value[kind],
            .contribution = contribution,
            .words = STR("")};
        if (kind != FIT_WORDS) continue;
        int err = write_words(scoring, scored, &factor->words);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int add_copies(const struct scoring *scoring,
    const struct scored *scored, struct ranked *out)
{
    struct walk walk = {.match = 0};
    struct walk_item item;
    uint64_t identity = scoring_identity(scoring, scored->number);
    if (!scoring->selector->traits[scored->match->candidate].copied)
        return NDF_OK;
    out->copies =
        arena_calloc(scoring->arena, SELECTOR_COPIES_MAX, sizeof *out->copies);
    if (out->copies == NULL) return NDF_ENOMEM;
    while (out->copy_count < SELECTOR_COPIES_MAX &&
           walk_next(scoring, &walk, &item)) {
        if (item.match == scored->number ||
            scoring_identity(scoring, item.match) != identity)
            continue;
        out->copies[out->copy_count++] =
            scoring->matches.items[item.match].candidate;
    }
    return NDF_OK;
}

int scoring_detail(const struct scoring *scoring, const struct scored *scored,
    struct ranked *out)
{
    int err = add_factors(scoring, scored, out);
    if (err != NDF_OK) return err;
    return add_copies(scoring, scored, out);
}
