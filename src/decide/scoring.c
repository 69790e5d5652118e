/*
 * scoring.c - evidence for each candidate whose law holds (scoring.h).
 *
 * A candidate stays when anything speaks for it: a shared word, earlier tasks,
 * or, for a task without words, its mere eligibility. Evidence adds up; how
 * sure the best one is of being right is learned, and the others are as far
 * behind it as their evidence is: so the log-odds of a fit are a sum, of which
 * each part can be shown. A lead is over the best other candidate that is no
 * exact copy: copies are equally right, so they must not make each other
 * doubtful.
 */
#include "decide/scoring.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/err.h"
#include "model/glob.h"

/* Without words, how much "none of them" weighs: as a candidate of this
 * log-odds would. */
#define NONE_LOG_ODDS 1.0

/* So near in meaning, a candidate is looked at though it shares no word. */
#define MEANS_IT 0.4F

/* The least share of a word that is shown to people. */
#define WORTH_NAMING 0.01

/* ---- structure ----------------------------------------------------------- */

/* The name without its source: "security.review" of "team/security.review". */
static struct str bare_name(struct str name)
{
    for (size_t i = name.size; i > 0; i--) {
        if (name.at[i - 1] == '/') return str_from(name, i);
    }
    return name;
}

static struct str first_segment(struct str dotted)
{
    return str_until(dotted, str_find_char(dotted, '.'));
}

/* Whether a taste would like the guessed domain, were it stated. */
static bool good_for_domain(const struct condition *good, struct str domain)
{
    for (size_t i = 0; good != NULL && i < good->count; i++) {
        const struct predicate *p = &good->predicates[i];
        if (p->op != OP_GLOB || p->operand.kind != VALUE_ARRAY) continue;
        for (size_t g = 0; g < p->operand.array.count; g++) {
            if (glob_match(p->operand.array.items[g].string, domain))
                return true;
        }
    }
    return false;
}

static bool names_domain(
    const struct scoring *scoring, const struct candidate *candidate)
{
    struct str head = scoring->domain_head;
    if (head.size == 0) return false;
    if (str_equal(first_segment(bare_name(candidate->name)), head)) return true;
    return scoring->domain_inferred &&
           good_for_domain(candidate->good_for, scoring->domain);
}

static int kind_value(const struct scoring *scoring, size_t number)
{
    const struct selector *selector = scoring->selector;
    if (selector->kind_names[number] & 1U << scoring->hint) return 1;
    return selector->candidates[number].kind == scoring->hint ? 0 : -1;
}

/* Whether a law that holds names domains, not just shuts some out. */
static bool asks_for_domain(const struct condition *law)
{
    for (size_t i = 0; i < law->count; i++) {
        enum predicate_op op = law->predicates[i].op;
        if (law->predicates[i].field == FIELD_DOMAIN &&
            (op == OP_GLOB || op == OP_EQ || op == OP_IN))
            return true;
    }
    return false;
}

static void put_structure(
    const struct scored *scored, struct fit_evidence *evidence)
{
    if (evidence->basis == FIT_BY_TEXT)
        fit_put(evidence, FIT_NOT_FOR, (double)scored->text.negative);
    fit_put(evidence, FIT_LAW, scored->law);
    fit_put(evidence, FIT_GOOD_FOR, scored->match->held);
    fit_put(evidence, FIT_DOMAIN, scored->domain);
    fit_put(evidence, FIT_KIND, scored->kind);
}

static void add_structure(struct scoring *scoring, struct scored *scored)
{
    size_t number = scored->match->candidate;
    const struct candidate *candidate = &scoring->selector->candidates[number];
    if (candidate->only_if_count > 0) {
        const struct condition *law =
            &candidate->only_if[scored->match->alternative];
        scored->law = (uint32_t)law->count;
        scored->for_domain = asks_for_domain(law);
    }
    scored->domain = names_domain(scoring, candidate) ? 1 : 0;
    scored->kind = (int8_t)kind_value(scoring, number);
    if (scored->law == 0 && scored->match->held == 0 && scored->domain == 0 &&
        scored->kind == 0 && scored->text.negative == 0)
        return; /* as nearly all: nothing adds up to nothing */
    struct fit_evidence evidence = {.basis = FIT_BY_TEXT};
    put_structure(scored, &evidence);
    scored->structure = fit_structure(&evidence);
}

/* ---- text ---------------------------------------------------------------- */

static uint64_t identity_of(
    const struct scoring *scoring, const struct scored *scored)
{
    return text_index_identity(
        scoring->selector->text, scored->match->candidate);
}

static bool same_words(uint64_t a, uint64_t b)
{
    return a == b && a != 0;
}

static struct lesson_rival prior_of(const struct scored *scored)
{
    return (struct lesson_rival){.words = scored->text.bm25,
        .likeness = scored->text.cosine,
        .meaning = scored->meaning,
        .structure = (float)scored->structure};
}

static double sum_of(const struct scored *scored)
{
    return scored->evidence + scored->structure;
}

static void find_leaders(struct scoring *scoring)
{
    struct leaders *out = &scoring->leaders;
    for (size_t i = 0; i < scoring->count; i++) {
        const struct scored *scored = &scoring->items[i];
        if (out->best == NULL || sum_of(scored) > sum_of(out->best))
            out->best = scored;
    }
    if (out->best == NULL) return;
    out->identity = identity_of(scoring, out->best);
    out->second = -INFINITY;
    for (size_t i = 0; i < scoring->count; i++) {
        const struct scored *scored = &scoring->items[i];
        if (scored == out->best || (scored->evidence <= out->evidence &&
                                       sum_of(scored) <= out->second))
            continue;
        if (same_words(identity_of(scoring, scored), out->identity)) continue;
        out->evidence = fmax(out->evidence, scored->evidence);
        out->second = fmax(out->second, sum_of(scored));
    }
}

/* The softmax of the best one, its copies left out. */
static double share_of_best(const struct scoring *scoring)
{
    const struct leaders *leaders = &scoring->leaders;
    const double nothing = -16;
    double most = sum_of(leaders->best);
    double sum = 1;
    for (size_t i = 0; i < scoring->count; i++) {
        const struct scored *scored = &scoring->items[i];
        double behind = sum_of(scored) - most;
        if (scored == leaders->best || behind < nothing) continue;
        if (behind == 0 &&
            same_words(identity_of(scoring, scored), leaders->identity))
            continue;
        sum += exp(behind);
    }
    return 1 / sum;
}

static void find_base(struct scoring *scoring)
{
    struct leaders *leaders = &scoring->leaders;
    const struct scored *best = leaders->best;
    const struct learner *learner = scoring->query->learner;
    const struct learner_best what = {
        .words = log1p((double)best->text.bm25 * scoring->scores.mass),
        .similarity = learner_likeness(best->evidence),
        .margin = fit_margin(learner_likeness(best->evidence),
            learner_likeness(leaders->evidence)),
        .crowd = log((double)scoring->matches.count),
        .share = learner != NULL ? share_of_best(scoring) : 0,
        .lead = learner_lead(sum_of(best), leaders->second),
        .evidence = best->evidence,
        .learned = best->learned};
    leaders->base = learner_sure(learner, &what) - best->evidence;
}

static void put_text(const struct scoring *scoring, const struct scored *scored,
    struct fit_evidence *evidence)
{
    const struct lesson_rival prior = prior_of(scored);
    const struct learner_parts parts = scored->parts;
    const double terms[][2] = {
        [FIT_BASE] = {1, scoring->leaders.base},
        [FIT_WORDS] = {(double)scored->text.bm25, parts.words},
        [FIT_SIMILARITY] = {(double)scored->text.cosine, parts.likeness},
        [FIT_MEANING] = {(double)prior.meaning, parts.meaning},
        [FIT_PAST] = {(double)scored->learned.centroid, parts.past},
    };
    for (size_t i = 0; i < sizeof terms / sizeof terms[0]; i++) {
        evidence->value[i] = terms[i][0];
        evidence->contribution[i] = terms[i][1];
    }
}

/* The odds that structure alone gives; what has nothing to say for itself does
 * not compete. */
static double structure_odds(const struct scored *scored)
{
    struct fit_evidence evidence = {.basis = FIT_BY_STRUCTURE};
    put_structure(scored, &evidence);
    double log_odds = fit_structure(&evidence);
    return log_odds > 0 ? exp(log_odds) : 0;
}

/* Whether structure alone may speak for one: when the task has no words, or
 * when it was said to be in the very domain that the law asks for. */
static bool may_do_without_words(
    const struct scoring *scoring, const struct scored *scored)
{
    return scoring->leaders.best == NULL || scored->for_domain;
}

/* Without words it is one candidate against all others that have anything to
 * say for themselves, and against none of them. */
static void sum_odds(struct scoring *scoring)
{
    scoring->odds = exp(NONE_LOG_ODDS);
    for (size_t i = 0; i < scoring->count; i++) {
        if (may_do_without_words(scoring, &scoring->items[i]))
            scoring->odds += structure_odds(&scoring->items[i]);
    }
}

static void put_no_text(const struct scoring *scoring,
    const struct scored *scored, struct fit_evidence *evidence)
{
    fit_put(evidence, FIT_CROWD, log(scoring->odds - structure_odds(scored)));
}

void scoring_evidence(const struct scoring *scoring,
    const struct scored *scored, struct fit_evidence *out)
{
    bool words = scoring->leaders.best != NULL;
    *out =
        (struct fit_evidence){.basis = words ? FIT_BY_TEXT : FIT_BY_STRUCTURE};
    put_structure(scored, out);
    if (words) put_text(scoring, scored, out);
    else put_no_text(scoring, scored, out);
    if (!words || !scored->for_domain) return;
    struct fit_evidence other = {.basis = FIT_BY_STRUCTURE};
    put_structure(scored, &other);
    put_no_text(scoring, scored, &other);
    if (fit_log_odds(&other) > fit_log_odds(out)) *out = other;
}

static double exact_log_odds(
    const struct scoring *scoring, const struct scored *scored)
{
    struct fit_evidence evidence;
    scoring_evidence(scoring, scored, &evidence);
    return fit_log_odds(&evidence);
}

/* The parts of one whose words speak for it are not added up anew. */
static double log_odds_of(
    const struct scoring *scoring, const struct scored *scored)
{
    if (may_do_without_words(scoring, scored))
        return exact_log_odds(scoring, scored);
    return scoring->leaders.base + sum_of(scored);
}

/* ---- spine --------------------------------------------------------------- */

static int infer_domain(struct scoring *scoring)
{
    const struct context *context = scoring->query->context;
    scoring->domain = context->domain;
    scoring->domain_head = first_segment(context->domain);
    if (context->domain.at != NULL) return NDF_OK;
    struct matcher_work work;
    matcher_work_init(&work, scoring->arena);
    scoring->domain_inferred = context->text.size > 0;
    int err = domains_infer(
        scoring->selector->domains, &work, context->text, &scoring->domain);
    scoring->domain_head = first_segment(scoring->domain);
    if (scoring->domain_inferred &&
        str_equal(scoring->domain_head, STR("general")))
        scoring->domain_head = STR("");
    return err;
}

static bool is_left_out(const struct selector_query *query, size_t candidate)
{
    for (size_t i = 0; i < query->without_count; i++)
        if (query->without[i] == candidate) return true;
    return false;
}

/* Keeps those that may be chosen, and of those that ask the host the ones that
 * it allows. */
static int keep_allowed(struct scoring *scoring)
{
    const struct selector_query *query = scoring->query;
    struct index_matches *matches = &scoring->matches;
    if (!scoring->selector->asks && query->without_count == 0) return NDF_OK;
    size_t kept = 0;
    for (size_t i = 0; i < matches->count; i++) {
        size_t number = matches->items[i].candidate;
        int allowed = 1;
        if (is_left_out(query, number)) continue;
        if (scoring->selector->candidates[number].ask_host)
            allowed =
                query->ask != NULL ? query->ask(query->ask_ud, number) : 0;
        if (allowed < 0) return allowed;
        if (allowed == 0) scoring->refused++;
        else matches->items[kept++] = matches->items[i];
    }
    matches->count = kept;
    return NDF_OK;
}

/* Of the prior and of the past. */
static void add_text(const struct scoring *scoring, struct scored *scored)
{
    uint64_t key = scoring->selector->candidates[scored->match->candidate].key;
    scored->similarity =
        fit_similarity((double)scored->text.bm25, (double)scored->text.cosine);
    scored->learned = learner_of(&scoring->past, key);
    const struct lesson_rival prior = prior_of(scored);
    scored->parts =
        learner_parts(scoring->query->learner, &prior, &scored->learned);
    scored->evidence = scored->parts.words + scored->parts.likeness +
                       scored->parts.meaning + scored->parts.past;
}

/* Pairs what the filter let through with its text score: both are in the order
 * of candidates. */
static int gather(struct scoring *scoring)
{
    const struct index_matches *matches = &scoring->matches;
    const struct text_scores *scores = &scoring->scores;
    bool words = scoring->text.term_count > 0;
    scoring->items =
        arena_calloc(scoring->arena, matches->count, sizeof *scoring->items);
    if (scoring->items == NULL) return NDF_ENOMEM;
    size_t at = 0;
    for (size_t i = 0; i < matches->count; i++) {
        const struct index_match *match = &matches->items[i];
        while (
            at < scores->count && scores->items[at].document < match->candidate)
            at++;
        bool shares = at < scores->count &&
                      scores->items[at].document == match->candidate;
        struct scored *scored = &scoring->items[scoring->count];
        scored->match = match;
        if (shares) scored->text = scores->items[at];
        if (scoring->meaning != NULL)
            scored->meaning = scoring->meaning[match->candidate];
        add_text(scoring, scored);
        add_structure(scoring, scored);
        bool structure = scored->law > 0 || match->held > 0;
        bool kept = !words || shares || structure ||
                    scored->learned.examples > 0 || scored->meaning >= MEANS_IT;
        if (kept) scoring->count++;
        else *scored = (struct scored){.match = NULL};
    }
    return NDF_OK;
}

/* What was learned from earlier tasks like this one. */
static int look_back(struct scoring *scoring)
{
    if (scoring->query->learner == NULL || scoring->text.term_count == 0)
        return NDF_OK;
    int err = text_query_features(&scoring->text, scoring->arena,
        &scoring->features, &scoring->feature_count);
    if (err != NDF_OK) return err;
    return learner_look(scoring->query->learner, scoring->features,
        scoring->feature_count, scoring->arena, &scoring->past);
}

int scoring_make(const struct selector *selector,
    const struct selector_query *query, struct arena *arena,
    struct scoring *out)
{
    *out =
        (struct scoring){.selector = selector, .query = query, .arena = arena};
    const struct context *context = query->context;
    out->hint = domain_kind_hint(context);
    int err = index_match(selector->index, context, arena, &out->matches);
    if (err == NDF_OK) err = index_sort(&out->matches, arena);
    if (err == NDF_OK) err = keep_allowed(out);
    if (err == NDF_OK) err = text_query_make(arena, context->text, &out->text);
    if (err == NDF_OK)
        err = text_index_score(selector->text, &out->text, arena, &out->scores);
    if (err == NDF_OK)
        err = evidence_ask(&selector->evidence, context->text, arena,
            selector->count, &out->meaning);
    if (err == NDF_OK) err = look_back(out);
    if (err == NDF_OK) err = infer_domain(out);
    if (err == NDF_OK) err = gather(out);
    if (err != NDF_OK) return err;
    if (out->text.term_count > 0 && out->count > 0) {
        find_leaders(out);
        find_base(out);
    }
    sum_odds(out);
    for (size_t i = 0; i < out->count; i++)
        out->items[i].log_odds = log_odds_of(out, &out->items[i]);
    return NDF_OK;
}

const struct scored *scoring_find(
    const struct scoring *scoring, size_t candidate)
{
    size_t low = 0;
    size_t high = scoring->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const struct scored *scored = &scoring->items[middle];
        if (scored->match->candidate == candidate) return scored;
        if (scored->match->candidate < candidate) low = middle + 1;
        else high = middle;
    }
    return NULL;
}

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

void scoring_rank(const struct scoring *scoring, const struct scored *scored,
    struct ranked *out)
{
    const struct selector_query *query = scoring->query;
    size_t number = scored->match->candidate;
    const struct candidate *candidate = &scoring->selector->candidates[number];
    struct confidence_rules rules = rules_of(&query->config, candidate);
    struct success_counts counts = {.kind = query->kinds[candidate->kind]};
    if (query->tallies != NULL)
        query->tallies(query->ud, number, query->context->domain,
            &counts.domain, &counts.pattern);
    *out = (struct ranked){.candidate = number};
    if (counts.pattern.count > 0)
        out->executions = (uint64_t)counts.pattern.count;
    out->cold = !rules.learning || out->executions < rules.min_executions;
    out->needed = out->cold ? rules.cold_threshold : rules.threshold;
    if (!rules.learning) counts = (struct success_counts){.kind = {.wins = 0}};
    out->posterior =
        success_estimate(&counts, query->now_ms, rules.half_life_ms);
    out->fit = fit_probability(exact_log_odds(scoring, scored));
    out->evidence = sum_of(scored);
    out->success = out->posterior.mean;
    out->confidence = out->fit * out->success;
    out->level = out->confidence >= query->config.high     ? LEVEL_HIGH
                 : out->confidence >= query->config.medium ? LEVEL_MEDIUM
                                                           : LEVEL_LOW;
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
    int err = text_index_words(scoring->selector->text, &scoring->text,
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
    uint64_t identity = identity_of(scoring, scored);
    if (!scoring->selector->copied[scored->match->candidate]) return NDF_OK;
    out->copies =
        arena_calloc(scoring->arena, SELECTOR_COPIES_MAX, sizeof *out->copies);
    if (out->copies == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < scoring->count; i++) {
        const struct scored *other = &scoring->items[i];
        if (other == scored || identity_of(scoring, other) != identity)
            continue;
        if (out->copy_count == SELECTOR_COPIES_MAX) break;
        out->copies[out->copy_count++] = other->match->candidate;
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
