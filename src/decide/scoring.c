/*
 * scoring.c - evidence for each candidate whose law holds (scoring.h).
 *
 * A candidate stays when anything speaks for it: a shared word, earlier tasks,
 * or, for a task without words, its mere eligibility. Evidence adds up; how
 * sure the best one is of being right is learned, and the others are as far
 * behind it as their evidence is: so the log-odds of a fit are a sum, of which
 * each part can be shown. A lead is over the best other candidate that is no
 * exact copy: copies are equally right, so they must not make each other
 * doubtful. Invariant: sums run in the order of candidates, whether they are
 * told by themselves or in groups, so that the same choice gives the same
 * numbers.
 */
#include "decide/scoring.h"

#include <math.h>
#include <string.h>

#include "base/err.h"

/* Without words, how much "none of them" weighs: as a candidate of this
 * log-odds would. */
#define NONE_LOG_ODDS 1.0

/* So near in meaning, a candidate is looked at though it shares no word. */
#define MEANS_IT 0.4F

/* ---- one ----------------------------------------------------------------- */

static double structure_of(const struct scored *scored)
{
    struct fit_evidence evidence = {.basis = FIT_BY_TEXT};
    structure_put(scored, &evidence);
    return fit_structure(&evidence);
}

/* Of the prior and of the past. */
static void add_text(const struct scoring *scoring, struct scored *scored)
{
    uint64_t key = scoring->selector->candidates[scored->match->candidate].key;
    scored->similarity =
        fit_similarity((double)scored->text.bm25, (double)scored->text.cosine);
    scored->learned = learner_of(&scoring->past, key);
    const struct lesson_rival prior = {.words = scored->text.bm25,
        .likeness = scored->text.cosine,
        .meaning = scored->meaning};
    scored->parts =
        learner_parts(scoring->query->learner, &prior, &scored->learned);
    scored->evidence = scored->parts.words + scored->parts.likeness +
                       scored->parts.meaning + scored->parts.past;
}

const struct told *scoring_told(const struct scoring *scoring, size_t match)
{
    size_t low = 0;
    size_t high = scoring->told_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (scoring->told[middle].match < match) low = middle + 1;
        else high = middle;
    }
    bool found = low < scoring->told_count && scoring->told[low].match == match;
    return found ? &scoring->told[low] : NULL;
}

void scoring_look(const struct scoring *scoring, size_t match,
    const struct told *told, struct scored *out)
{
    *out = (struct scored){
        .match = &scoring->matches.items[match], .number = (uint32_t)match};
    if (told != NULL && told->text > 0)
        out->text = scoring->prior->scores.items[told->text - 1];
    if (scoring->meaning != NULL) out->meaning = scoring->meaning[match];
    add_text(scoring, out);
    structure_look(scoring, out);
    out->structure =
        told != NULL
            ? told->structure
            : scoring_group(scoring, scoring->shapes[match])->structure;
}

size_t scoring_match(const struct scoring *scoring, size_t candidate)
{
    const struct index_matches *matches = &scoring->matches;
    size_t low = 0;
    size_t high = matches->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (matches->items[middle].candidate < candidate) low = middle + 1;
        else high = middle;
    }
    bool found =
        low < matches->count && matches->items[low].candidate == candidate;
    return found ? low : SELECTOR_NONE;
}

bool scoring_find(
    const struct scoring *scoring, size_t candidate, struct scored *out)
{
    size_t match = scoring_match(scoring, candidate);
    if (match == SELECTOR_NONE) return false;
    const struct told *told = scoring_told(scoring, match);
    if (told == NULL && scoring->shapes[match] == SHAPE_NONE) return false;
    scoring_look(scoring, match, told, out);
    return true;
}

/* ---- text ---------------------------------------------------------------- */

static bool same_words(uint64_t a, uint64_t b)
{
    return a == b && a != 0;
}

static bool copies_best(const struct scoring *scoring, size_t match)
{
    return same_words(
        scoring_identity(scoring, match), scoring->leaders.identity);
}

static void find_best(struct scoring *scoring)
{
    struct walk_item best = {.match = 0};
    double most = 0;
    bool any = false;
    for (size_t i = 0; i < scoring->told_count; i++) {
        const struct told *told = &scoring->told[i];
        double sum = told->evidence + told->structure;
        if (any && sum <= most) continue;
        best = (struct walk_item){.match = told->match, .told = told};
        most = sum;
        any = true;
    }
    for (size_t i = 0; i < scoring->group_count; i++) {
        const struct group *group = &scoring->groups[i];
        if (group->count == 0) continue;
        double sum = scoring->plain + group->structure;
        bool first = sum == most && group->first < best.match;
        if (any && sum <= most && !first) continue;
        best = (struct walk_item){.match = group->first, .group = group};
        most = sum;
        any = true;
    }
    scoring->leaders.any = any;
    if (!any) return;
    scoring_look(scoring, best.match, best.told, &scoring->leaders.best);
}

/* Whether one of a group is neither the best nor a copy of it. */
static bool has_other(const struct scoring *scoring, const struct group *group)
{
    if (group->count == 0) return false;
    for (size_t at = group->first; at < scoring->matches.count; at++) {
        if (scoring->shapes[at] != group->shape) continue;
        if (at == scoring->leaders.best.number) continue;
        if (!copies_best(scoring, at)) return true;
    }
    return false;
}

static void find_second(struct scoring *scoring)
{
    struct leaders *out = &scoring->leaders;
    out->identity = scoring_identity(scoring, out->best.number);
    out->second = -INFINITY;
    for (size_t i = 0; i < scoring->told_count; i++) {
        const struct told *told = &scoring->told[i];
        double sum = told->evidence + told->structure;
        if (told->match == out->best.number ||
            (told->evidence <= out->evidence && sum <= out->second))
            continue;
        if (copies_best(scoring, told->match)) continue;
        out->evidence = fmax(out->evidence, told->evidence);
        out->second = fmax(out->second, sum);
    }
    for (size_t i = 0; i < scoring->group_count; i++) {
        double sum = scoring->plain + scoring->groups[i].structure;
        if (scoring->plain <= out->evidence && sum <= out->second) continue;
        if (!has_other(scoring, &scoring->groups[i])) continue;
        out->evidence = fmax(out->evidence, scoring->plain);
        out->second = fmax(out->second, sum);
    }
}

static double sum_of(const struct scored *scored)
{
    return scored->evidence + scored->structure;
}

/* The softmax of the best one, its copies left out. */
static double share_of_best(const struct scoring *scoring)
{
    const struct leaders *leaders = &scoring->leaders;
    const double nothing = -16;
    double most = sum_of(&leaders->best);
    double sum = 1;
    struct walk walk = {.told_only = true};
    struct walk_item item;
    for (size_t i = 0; i < scoring->group_count; i++) {
        const struct group *group = &scoring->groups[i];
        if (group->count > 0 &&
            scoring->plain + group->structure - most >= nothing)
            walk.told_only = false;
    }
    while (walk_next(scoring, &walk, &item)) {
        double behind = walk_sum(scoring, &item) - most;
        if (item.match == leaders->best.number || behind < nothing) continue;
        if (behind == 0 && copies_best(scoring, item.match)) continue;
        sum += exp(behind);
    }
    return 1 / sum;
}

static void find_base(struct scoring *scoring)
{
    struct leaders *leaders = &scoring->leaders;
    const struct scored *best = &leaders->best;
    const struct learner *learner = scoring->query->learner;
    const struct learner_best what = {
        .words = log1p((double)best->text.bm25 * scoring->prior->scores.mass),
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
    const struct learner_parts parts = scored->parts;
    const double terms[][2] = {
        [FIT_BASE] = {1, scoring->leaders.base},
        [FIT_WORDS] = {(double)scored->text.bm25, parts.words},
        [FIT_SIMILARITY] = {(double)scored->text.cosine, parts.likeness},
        [FIT_MEANING] = {(double)scored->meaning, parts.meaning},
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
    structure_put(scored, &evidence);
    double log_odds = fit_structure(&evidence);
    return log_odds > 0 ? exp(log_odds) : 0;
}

/* Whether structure alone may speak for one: when the task has no words, or
 * when it was said to be in the very domain that the law asks for. */
static bool may_do_without_words(const struct scoring *scoring, bool for_domain)
{
    return !scoring->leaders.any || for_domain;
}

/* Without words it is one candidate against all others that have anything to
 * say for themselves, and against none of them. */
static void sum_odds(struct scoring *scoring)
{
    struct walk walk = {.told_only = true};
    struct walk_item item;
    for (size_t i = 0; i < scoring->group_count; i++) {
        const struct group *group = &scoring->groups[i];
        if (group->count > 0 && group->alone > 0 &&
            may_do_without_words(scoring, group->for_domain))
            walk.told_only = false;
    }
    scoring->odds = exp(NONE_LOG_ODDS);
    while (walk_next(scoring, &walk, &item)) {
        if (may_do_without_words(scoring, item.group->for_domain))
            scoring->odds += item.group->alone;
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
    bool words = scoring->leaders.any;
    *out =
        (struct fit_evidence){.basis = words ? FIT_BY_TEXT : FIT_BY_STRUCTURE};
    structure_put(scored, out);
    if (words) put_text(scoring, scored, out);
    else put_no_text(scoring, scored, out);
    if (!words || !scored->for_domain) return;
    struct fit_evidence other = {.basis = FIT_BY_STRUCTURE};
    structure_put(scored, &other);
    put_no_text(scoring, scored, &other);
    if (fit_log_odds(&other) > fit_log_odds(out)) *out = other;
}

double scoring_log_odds(
    const struct scoring *scoring, const struct scored *scored)
{
    struct fit_evidence evidence;
    scoring_evidence(scoring, scored, &evidence);
    return fit_log_odds(&evidence);
}

/* The parts of those whose words speak for them are not added up anew. */
static void put_log_odds(struct scoring *scoring)
{
    struct scored scored;
    double base = scoring->leaders.base;
    for (size_t i = 0; i < scoring->told_count; i++) {
        struct told *told = &scoring->told[i];
        told->log_odds = base + (told->evidence + told->structure);
        if (!may_do_without_words(
                scoring, scoring_group(scoring, told->shape)->for_domain))
            continue;
        scoring_look(scoring, told->match, told, &scored);
        told->log_odds = scoring_log_odds(scoring, &scored);
    }
    for (size_t i = 0; i < scoring->group_count; i++) {
        struct group *group = &scoring->groups[i];
        if (group->count == 0) continue;
        scoring_look(scoring, group->first, NULL, &scored);
        double exact = scoring_log_odds(scoring, &scored);
        bool without = may_do_without_words(scoring, group->for_domain);
        group->log_odds =
            without ? exact : base + (scoring->plain + group->structure);
        group->fit = fit_probability(exact);
    }
    if (!scoring->leaders.any) return;
    size_t best = scoring->leaders.best.number;
    const struct told *told = scoring_told(scoring, best);
    scoring->leaders.log_odds =
        told != NULL ? told->log_odds
                     : scoring_group(scoring, scoring->shapes[best])->log_odds;
}

/* ---- spine --------------------------------------------------------------- */

static struct str first_segment(struct str dotted)
{
    return str_until(dotted, str_find_char(dotted, '.'));
}

static void take_domain(struct scoring *scoring)
{
    const struct context *context = scoring->query->context;
    bool stated = context->domain.at != NULL;
    scoring->domain = stated ? context->domain : scoring->prior->domain;
    scoring->domain_inferred = !stated && context->text.size > 0;
    scoring->domain_head = first_segment(scoring->domain);
    if (scoring->domain_inferred &&
        str_equal(scoring->domain_head, STR("general")))
        scoring->domain_head = STR("");
    scoring->domain_hash = structure_hash(scoring->domain_head);
}

static bool is_left_out(const struct selector_query *query, size_t candidate)
{
    for (size_t i = 0; i < query->without_count; i++)
        if (query->without[i] == candidate) return true;
    return false;
}

/* Keeps those that may be chosen, and of those that ask the host the ones that
 * it allows. The prior may be another's, too, and stays as it is. */
static int keep_allowed(struct scoring *scoring)
{
    const struct selector_query *query = scoring->query;
    const struct prior *prior = scoring->prior;
    struct index_matches *kept = &scoring->matches;
    *kept = prior->matches;
    scoring->meaning = prior->meaning;
    if (!scoring->selector->asks && query->without_count == 0) return NDF_OK;
    size_t count = prior->matches.count;
    float *meaning = arena_calloc(scoring->arena, count, sizeof *meaning);
    kept->items = arena_calloc(scoring->arena, count, sizeof *kept->items);
    if (meaning == NULL || kept->items == NULL) return NDF_ENOMEM;
    if (prior->meaning != NULL) scoring->meaning = meaning;
    kept->count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct index_match *match = &prior->matches.items[i];
        size_t number = match->candidate;
        int allowed = 1;
        if (is_left_out(query, number)) continue;
        if (scoring->selector->candidates[number].ask_host)
            allowed =
                query->ask != NULL ? query->ask(query->ask_ud, number) : 0;
        if (allowed < 0) return allowed;
        if (allowed == 0) {
            scoring->refused++;
            continue;
        }
        if (prior->meaning != NULL) meaning[kept->count] = prior->meaning[i];
        kept->items[kept->count++] = *match;
    }
    return NDF_OK;
}

int scoring_features(struct scoring *scoring)
{
    const struct prior *prior = scoring->prior;
    scoring->features = prior->features;
    scoring->feature_count = prior->feature_count;
    if (scoring->features != NULL) return NDF_OK;
    return text_query_features(&prior->text, scoring->arena, &scoring->features,
        &scoring->feature_count);
}

/* What was learned from earlier tasks like this one. */
static int look_back(struct scoring *scoring)
{
    const struct prior *prior = scoring->prior;
    const struct learner_parts parts = learner_parts(scoring->query->learner,
        &(struct lesson_rival){.key = 0}, &(struct learned){.weights = 0});
    scoring->plain = parts.words + parts.likeness + parts.meaning + parts.past;
    if (scoring->query->learner == NULL || prior->text.term_count == 0)
        return NDF_OK;
    int err = scoring_features(scoring);
    if (err != NDF_OK) return err;
    return learner_look(scoring->query->learner, scoring->features,
        scoring->feature_count, scoring->arena, &scoring->past);
}

/* The numbers of a shape, from any match that has it. */
static struct group *group_of(
    struct scoring *scoring, uint8_t shape, size_t match)
{
    struct group *group = scoring_group(scoring, shape);
    if (group->made) return group;
    struct scored scored = {.match = &scoring->matches.items[match]};
    structure_look(scoring, &scored);
    group->made = true;
    group->shape = shape;
    group->for_domain = scored.for_domain;
    group->structure = structure_of(&scored);
    group->alone = structure_odds(&scored);
    return group;
}

static void add_plain(struct scoring *scoring, size_t match)
{
    uint8_t shape = scoring->shapes[match];
    if (scoring_group(scoring, shape)->count++ > 0) return;
    group_of(scoring, shape, match)->first = (uint32_t)match;
}

/* Whether anything but its structure is known of one; text: which score + 1. */
static bool is_told(const struct scoring *scoring, size_t match, uint32_t text)
{
    if (text > 0) return true;
    if (scoring->meaning != NULL && scoring->meaning[match] != 0) return true;
    return learner_knows(&scoring->past,
        scoring->selector->candidates[scoring->matches.items[match].candidate]
            .key);
}

/* Whether it is kept. */
static bool add_told(struct scoring *scoring, size_t match, uint32_t text)
{
    struct scored scored = {.match = &scoring->matches.items[match]};
    uint8_t shape = scoring->shapes[match];
    if (text > 0) scored.text = scoring->prior->scores.items[text - 1];
    if (scoring->meaning != NULL) scored.meaning = scoring->meaning[match];
    add_text(scoring, &scored);
    bool kept = text > 0 || shape_speaks(shape) ||
                scored.learned.examples > 0 || scored.meaning >= MEANS_IT ||
                scoring->prior->text.term_count == 0;
    if (!kept) return false;
    struct told *told = &scoring->told[scoring->told_count++];
    *told = (struct told){.match = (uint32_t)match,
        .text = text,
        .evidence = scored.evidence,
        .structure = group_of(scoring, shape, match)->structure,
        .shape = shape};
    if (scored.text.negative == 0) return true;
    structure_look(scoring, &scored);
    told->structure = structure_of(&scored);
    return true;
}

/* Room for all that may be told, and for the groups of the others. */
static int make_room(struct scoring *scoring)
{
    size_t all = scoring->matches.count;
    size_t told =
        scoring->prior->scores.count + learner_classes(&scoring->past);
    if (scoring->meaning != NULL || told > all) told = all;
    struct arena *arena = scoring->arena;
    scoring->told = arena_calloc(arena, told, sizeof *scoring->told);
    scoring->shapes = arena_alloc(arena, all);
    if (scoring->told == NULL || scoring->shapes == NULL) return NDF_ENOMEM;
    structure_shapes(scoring);
    for (size_t i = 0; i < SHAPES; i++)
        if (scoring->slots[i] > 0)
            scoring->slots[i] = (uint8_t)scoring->group_count++;
    scoring->groups =
        arena_calloc(arena, scoring->group_count, sizeof *scoring->groups);
    return scoring->groups != NULL ? NDF_OK : NDF_ENOMEM;
}

/* Pairs what the filter let through with its text score: both are in the order
 * of candidates. */
static void pair(struct scoring *scoring)
{
    const struct index_matches *matches = &scoring->matches;
    const struct text_scores *scores = &scoring->prior->scores;
    bool words = scoring->prior->text.term_count > 0;
    size_t at = 0;
    for (size_t i = 0; i < matches->count; i++) {
        uint32_t candidate = matches->items[i].candidate;
        while (at < scores->count && scores->items[at].document < candidate)
            at++;
        bool shares =
            at < scores->count && scores->items[at].document == candidate;
        uint32_t text = shares ? (uint32_t)at + 1 : 0;
        bool told = is_told(scoring, i, text);
        bool kept = told ? add_told(scoring, i, text)
                         : !words || shape_speaks(scoring->shapes[i]);
        if (kept && !told) add_plain(scoring, i);
        else scoring->shapes[i] = SHAPE_NONE;
    }
}

/* Each with any evidence is told, or in a group. */
static int gather(struct scoring *scoring)
{
    int err = make_room(scoring);
    if (err != NDF_OK) return err;
    bool told = scoring->prior->text.term_count > 0 || scoring->meaning != NULL;
    if (told) pair(scoring);
    for (size_t i = 0; !told && i < scoring->matches.count; i++)
        add_plain(scoring, i);
    return NDF_OK;
}

/* The prior that the query brings, or one that is made now. */
static int take_prior(struct scoring *scoring)
{
    const struct selector_query *query = scoring->query;
    scoring->prior = query->prior;
    if (scoring->prior != NULL) return NDF_OK;
    struct prior *prior = arena_alloc(scoring->arena, sizeof *prior);
    if (prior == NULL) return NDF_ENOMEM;
    scoring->prior = prior;
    return scoring_prior(
        scoring->selector, query->context, scoring->arena, prior);
}

int scoring_make(const struct selector *selector,
    const struct selector_query *query, struct arena *arena,
    struct scoring *out)
{
    *out =
        (struct scoring){.selector = selector, .query = query, .arena = arena};
    out->hint = domain_kind_hint(query->context);
    int err = take_prior(out);
    if (err == NDF_OK) err = keep_allowed(out);
    if (err == NDF_OK) err = look_back(out);
    if (err != NDF_OK) return err;
    take_domain(out);
    err = gather(out);
    if (err != NDF_OK) return err;
    if (out->prior->text.term_count > 0) {
        find_best(out);
        if (out->leaders.any) {
            find_second(out);
            find_base(out);
        }
    }
    sum_odds(out);
    put_log_odds(out);
    return NDF_OK;
}
