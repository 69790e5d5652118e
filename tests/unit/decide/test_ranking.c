/*
 * test_ranking.c - choosing the best few of many gives what choosing among all,
 * each scored by itself and sorted, gives: bit by bit.
 *
 * The straight way is written out here from the parts that both share: the
 * filter, the text scores, what was learned, and the weights of fit.h.
 */
#include <math.h>
#include <stdlib.h>

#include "build.h"
#include "decide/scoring.h"
#include "decide/selector.h"
#include "model/glob.h"
#include "support/support.h"
#include "teach.h"

enum { FEW = 400, ALL = 2 * SELECTOR_SCORED_MAX, ROUNDS = 180, RULES = 24 };

/* ---- a random registry --------------------------------------------------- */

struct crowd {
    struct arena arena;
    struct candidate *candidates;
    size_t count;
    struct selector *selector;
    struct learner *learner;
    uint64_t seed;
    bool counts; /* some have tallies */
};

static uint32_t draw(struct crowd *crowd, uint32_t below)
{
    return teach_draw(&crowd->seed) % below;
}

static const char *const words[] = {"deploys", "reviews", "tests", "writes",
    "audits", "memory", "leak", "login", "release", "server", "graph", "query"};
enum { WORDS = sizeof words / sizeof words[0] };

static const char *random_words(struct crowd *crowd, uint32_t most)
{
    struct str text = STR("");
    uint32_t count = draw(crowd, most + 1);
    for (uint32_t i = 0; i < count; i++)
        text = arena_format(
            &crowd->arena, "%.*s%s ", STR_ARG(text), words[draw(crowd, WORDS)]);
    return text.at;
}

/* Laws, tastes and rules of their own; many repeat. */
static const char *const rules[RULES] = {"", "", "", "", "", "",
    "\"only_if\": {\"agent_type\": \"x\"}",
    "\"only_if\": {\"agent_type\": \"x\"}",
    "\"only_if\": {\"domain\": \"web.**\"}",
    "\"only_if\": [{\"agent_type\": \"y\"}, {\"agent_type\": \"x\", "
    "\"priority\": {\"le\": 3}}]",
    "\"only_if\": {\"agent_type\": \"y\"}",
    "\"only_if\": {\"agent_type\": \"x\", \"priority\": {\"ge\": 1}, "
    "\"attributes\": {\"n\": {\"exists\": true}, \"m\": {\"absent\": true}}}",
    "\"good_for\": {\"agent_type\": \"x\"}",
    "\"good_for\": {\"domain\": \"security.**\"}",
    "\"good_for\": {\"domain\": \"web.*\", \"priority\": 1}",
    "\"good_for\": {\"agent_type\": \"x\", \"priority\": {\"le\": 3}, "
    "\"attributes\": {\"n\": [3, 4], \"m\": {\"absent\": true}}}",
    "\"not_for\": [\"memory leak\"]", "\"not_for\": [\"graph\", \"release\"]",
    "\"confidence\": {\"min_executions\": 2}",
    "\"confidence\": {\"learning\": false}",
    "\"confidence\": {\"half_life\": \"1h\"}",
    "\"confidence\": {\"threshold\": 0.2, \"cold_threshold\": 0.1}",
    "\"ask_host\": true", "\"ask_host\": true"};

static void add_one(struct crowd *crowd, size_t number, uint32_t alike)
{
    static const char *const heads[] = {"web", "security", "p", "q"};
    struct arena *arena = &crowd->arena;
    struct pattern *pattern =
        build_pattern(arena, "p", rules[draw(crowd, RULES)]);
    const char *head = heads[draw(crowd, 4)];
    struct str name =
        arena_format(arena, "%s.%05u%zu", head, draw(crowd, 100000), number);
    const char *says = draw(crowd, 100) < alike ? "fixes the memory leak"
                                                : random_words(crowd, 4);
    crowd->candidates[crowd->count++] = (struct candidate){.name = name,
        .kind = (enum pattern_kind)draw(crowd, 3),
        .only_if = pattern->only_if,
        .only_if_count = pattern->only_if_count,
        .good_for = &pattern->good_for,
        .confidence = &pattern->confidence,
        .features = build_features(arena, NULL, says,
            pattern->not_for.count > 0 ? pattern->not_for.items[0].at : NULL),
        .ask_host = pattern->ask_host};
}

/* What means the same: some are near, of some nothing is known. */
static int meaning(
    const void *ud, struct str text, struct arena *arena, float *out)
{
    const struct crowd *crowd = ud;
    (void)arena;
    for (size_t i = 0; i < crowd->count; i++)
        out[i] = text.size == 0 || i % 3 == 0 ? NAN : (float)(i % 7) / 8;
    return NDF_OK;
}

static void crowd_init(struct crowd *crowd, uint64_t seed, size_t count)
{
    *crowd = (struct crowd){.seed = seed};
    arena_init(&crowd->arena, &mem_libc);
    crowd->candidates = calloc(count, sizeof *crowd->candidates);
    crowd->counts = draw(crowd, 2) == 0;
    uint32_t alike = draw(crowd, 4) * 30;
    for (size_t i = 0; i < count; i++)
        add_one(crowd, i, alike);
    assert_ok(selector_new(
        &crowd->selector, &mem_libc, crowd->candidates, count, NULL, NULL));
    if (draw(crowd, 3) == 0)
        assert_ok(selector_add_evidence(
            crowd->selector, (struct evidence){meaning, crowd}));
    assert_ok(learner_new(&crowd->learner, &mem_libc));
}

static void crowd_deinit(struct crowd *crowd)
{
    selector_free(crowd->selector);
    learner_free(crowd->learner);
    free(crowd->candidates);
    arena_deinit(&crowd->arena);
}

/* Of every seventh something was counted. */
static void tallies(void *ud, size_t candidate, struct str domain,
    struct tally *domain_tally, struct tally *pattern_tally)
{
    (void)ud;
    if (candidate % 7 != 0) return;
    double wins = (double)(candidate % 5);
    *pattern_tally =
        (struct tally){.wins = wins, .tries = 6, .at_ms = 5, .count = 6};
    if (domain.at != NULL && candidate % 2 == 0)
        *domain_tally =
            (struct tally){.wins = wins, .tries = 4, .at_ms = 7, .count = 4};
}

static int allow(void *ud, size_t candidate)
{
    (void)ud;
    return candidate % 3 > 0;
}

static struct selector_query random_query(struct crowd *crowd)
{
    static const char *const ends[] = {"", ", \"domain\": \"web.shop\"",
        ", \"domain\": \"sea\"", ", \"attributes\": {\"n\": 3}",
        ", \"attributes\": {\"concurrent\": true, \"n\": 3}",
        ", \"agent_type\": \"y\"", ", \"priority\": 1"};
    const char *text = draw(crowd, 4) == 0 ? "" : random_words(crowd, 6);
    const char *head = draw(crowd, 5) == 0 ? "" : "security ";
    const char *end = ends[draw(crowd, sizeof ends / sizeof ends[0])];
    if (draw(crowd, 6) == 0) text = "zzz"; /* of which nobody says anything */
    if (text[0] == '\0' || text[0] == 'z') head = "";
    struct str json =
        arena_format(&crowd->arena, "{\"text\": \"%s%s\"%s%s}", head, text,
            strstr(end, "agent_type") ? "" : ", \"agent_type\": \"x\"", end);
    struct selector_query query = {
        .context = build_context(&crowd->arena, json.at),
        .now_ms = 3600 * 1000,
        .limit = draw(crowd, 3) == 0 ? 1 + draw(crowd, ALL) : 0,
        .config = selector_config_default(),
        .tallies = crowd->counts ? tallies : NULL,
        .ask = draw(crowd, 2) == 0 ? allow : NULL};
    query.kinds[0] = (struct tally){.wins = 30, .tries = 50, .at_ms = 9};
    if (draw(crowd, 2) == 0 && query.context->text.size > 0)
        query.learner = crowd->learner;
    return query;
}

/* ---- the straight way ---------------------------------------------------- */

struct line {
    size_t candidate;
    struct str name;
    struct text_score text;
    float meaning;
    struct learned learned;
    struct learner_parts parts;
    uint64_t identity;
    uint32_t law, held;
    bool for_domain, domain;
    int kind;
    double evidence, structure, alone, log_odds;
    double fit, success, confidence;
};

struct straight {
    struct crowd *crowd;
    const struct selector_query *query;
    struct arena *arena;
    struct line *lines;
    size_t count, eligible;
    bool words;
    double mass;
    const struct line *best;
    double base, odds;
};

static struct str head_of(struct str name)
{
    return str_until(name, str_find_char(name, '.'));
}

static bool likes(const struct condition *good, struct str domain)
{
    for (size_t i = 0; i < good->count; i++)
        for (size_t g = 0; good->predicates[i].op == OP_GLOB &&
                           g < good->predicates[i].operand.array.count;
             g++)
            if (glob_match(
                    good->predicates[i].operand.array.items[g].string, domain))
                return true;
    return false;
}

static void put(const struct line *line, struct fit_evidence *evidence)
{
    if (evidence->basis == FIT_BY_TEXT)
        fit_put(evidence, FIT_NOT_FOR, (double)line->text.negative);
    fit_put(evidence, FIT_LAW, line->law);
    fit_put(evidence, FIT_GOOD_FOR, line->held);
    fit_put(evidence, FIT_DOMAIN, line->domain);
    fit_put(evidence, FIT_KIND, line->kind);
}

static void structure(const struct straight *s, const struct index_match *match,
    struct str domain, struct line *line)
{
    const struct candidate *c = &s->crowd->candidates[match->candidate];
    bool inferred = s->query->context->domain.at == NULL && domain.size > 0;
    struct str head = head_of(domain);
    if (inferred && str_equal(head, STR("general"))) head = STR("");
    if (c->only_if_count > 0) {
        const struct condition *law = &c->only_if[match->alternative];
        line->law = (uint32_t)law->count;
        for (size_t i = 0; i < law->count; i++)
            line->for_domain |= law->predicates[i].field == FIELD_DOMAIN;
    }
    line->held = match->held;
    line->domain =
        head.size > 0 && (str_equal(head_of(c->name), head) ||
                             (inferred && likes(c->good_for, domain)));
    line->kind = c->kind == domain_kind_hint(s->query->context) ? 0 : -1;
    struct fit_evidence text = {.basis = FIT_BY_TEXT};
    struct fit_evidence alone = {.basis = FIT_BY_STRUCTURE};
    put(line, &text);
    put(line, &alone);
    line->structure = fit_structure(&text);
    double odds = fit_structure(&alone);
    line->alone = odds > 0 ? exp(odds) : 0;
}

static double sum(const struct line *line)
{
    return line->evidence + line->structure;
}

static bool same_words(const struct line *a, const struct line *b)
{
    return a->identity != 0 && a->identity == b->identity;
}

/* All that have any evidence, in the order of candidates. */
static void score_all(struct straight *s)
{
    const struct selector *selector = s->crowd->selector;
    const struct context *context = s->query->context;
    struct prior prior;
    struct learner_view past = {.learner = NULL};
    assert_ok(selector_prior(selector, context, s->arena, &prior));
    if (s->query->learner != NULL)
        assert_ok(learner_look(s->query->learner, prior.features,
            prior.feature_count, s->arena, &past));
    s->words = prior.text.term_count > 0;
    s->mass = prior.scores.mass;
    s->lines = calloc(prior.matches.count + 1, sizeof *s->lines);
    for (size_t i = 0; i < prior.matches.count; i++) {
        const struct index_match *match = &prior.matches.items[i];
        const struct candidate *c = &s->crowd->candidates[match->candidate];
        if (c->ask_host && (s->query->ask == NULL ||
                               s->query->ask(NULL, match->candidate) == 0))
            continue;
        s->eligible++;
        struct line line = {.candidate = match->candidate,
            .name = c->name,
            .identity = text_index_identity(selector->text, match->candidate)};
        bool shares = false;
        for (size_t t = 0; t < prior.scores.count && !shares; t++) {
            shares = prior.scores.items[t].document == match->candidate;
            if (shares) line.text = prior.scores.items[t];
        }
        if (prior.meaning != NULL) line.meaning = prior.meaning[i];
        line.learned = learner_of(&past, candidate_key(c->name));
        const struct lesson_rival rival = {.words = line.text.bm25,
            .likeness = line.text.cosine,
            .meaning = line.meaning};
        line.parts = learner_parts(s->query->learner, &rival, &line.learned);
        line.evidence = line.parts.words + line.parts.likeness +
                        line.parts.meaning + line.parts.past;
        structure(s, match,
            context->domain.at != NULL ? context->domain : prior.domain, &line);
        if (!s->words || shares || line.law > 0 || line.held > 0 ||
            line.learned.examples > 0 || line.meaning >= 0.4F)
            s->lines[s->count++] = line;
    }
}

static void find_base(struct straight *s)
{
    const struct line *best = NULL;
    double evidence = 0, second = -INFINITY, share = 1;
    for (size_t i = 0; i < s->count; i++)
        if (best == NULL || sum(&s->lines[i]) > sum(best)) best = &s->lines[i];
    s->best = s->words ? best : NULL;
    if (s->best == NULL) return;
    for (size_t i = 0; i < s->count; i++) {
        const struct line *line = &s->lines[i];
        double behind = sum(line) - sum(best);
        bool copy = same_words(line, best);
        if (line == best) continue;
        if (!copy) evidence = fmax(evidence, line->evidence);
        if (!copy) second = fmax(second, sum(line));
        if (behind >= -16 && !(behind == 0 && copy)) share += exp(behind);
    }
    const struct learner_best what = {
        .words = log1p((double)best->text.bm25 * s->mass),
        .similarity = learner_likeness(best->evidence),
        .margin = fit_margin(
            learner_likeness(best->evidence), learner_likeness(evidence)),
        .crowd = log((double)s->eligible),
        .share = s->query->learner != NULL ? 1 / share : 0,
        .lead = learner_lead(sum(best), second),
        .evidence = best->evidence,
        .learned = best->learned};
    s->base = learner_sure(s->query->learner, &what) - best->evidence;
}

/* The log-odds as they are added up for who is shown. */
static double exact(const struct straight *s, const struct line *line)
{
    struct fit_evidence text = {.basis = FIT_BY_TEXT};
    struct fit_evidence alone = {.basis = FIT_BY_STRUCTURE};
    put(line, &text);
    text.contribution[FIT_BASE] = s->base;
    text.contribution[FIT_WORDS] = line->parts.words;
    text.contribution[FIT_SIMILARITY] = line->parts.likeness;
    text.contribution[FIT_MEANING] = line->parts.meaning;
    text.contribution[FIT_PAST] = line->parts.past;
    put(line, &alone);
    fit_put(&alone, FIT_CROWD, log(s->odds - line->alone));
    if (s->best == NULL) return fit_log_odds(&alone);
    if (!line->for_domain) return fit_log_odds(&text);
    return fmax(fit_log_odds(&text), fit_log_odds(&alone));
}

static void judge_all(struct straight *s)
{
    s->odds = exp(1.0);
    for (size_t i = 0; i < s->count; i++)
        if (s->best == NULL || s->lines[i].for_domain)
            s->odds += s->lines[i].alone;
    for (size_t i = 0; i < s->count; i++) {
        struct line *line = &s->lines[i];
        const struct candidate *c = &s->crowd->candidates[line->candidate];
        struct success_counts counts = {.kind = s->query->kinds[c->kind]};
        uint64_t half_life = s->query->config.half_life_ms;
        if (s->query->tallies != NULL)
            tallies(NULL, line->candidate, s->query->context->domain,
                &counts.domain, &counts.pattern);
        if (!c->confidence->learning)
            counts = (struct success_counts){.kind = {.wins = 0}};
        if (c->confidence->half_life_ms > 0)
            half_life = c->confidence->half_life_ms;
        bool alone = s->best == NULL || line->for_domain;
        line->log_odds = alone ? exact(s, line) : s->base + sum(line);
        line->fit = fit_probability(exact(s, line));
        line->success =
            success_estimate(&counts, s->query->now_ms, half_life).mean;
        line->confidence = line->fit * line->success;
    }
}

static int by_log_odds(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    if (x->log_odds != y->log_odds) return x->log_odds > y->log_odds ? -1 : 1;
    return x->candidate < y->candidate ? -1 : 1;
}

static int by_rank(const void *a, const void *b)
{
    const struct line *x = a, *y = b;
    if (x->confidence != y->confidence)
        return x->confidence > y->confidence ? -1 : 1;
    if (x->law != y->law) return x->law > y->law ? -1 : 1;
    return str_compare(x->name, y->name);
}

/* ---- both ---------------------------------------------------------------- */

static void check(struct straight *s, const struct selection *chosen)
{
    size_t limit = s->query->limit > 0 ? s->query->limit : SELECTOR_LIMIT;
    assert_int_equal(chosen->eligible, s->eligible);
    assert_int_equal(chosen->count, s->count < limit ? s->count : limit);
    for (size_t i = 0; i < chosen->count; i++) {
        const struct ranked *ranked = &chosen->ranked[i];
        assert_int_equal(ranked->candidate, s->lines[i].candidate);
        assert_true(ranked->fit == s->lines[i].fit);
        assert_true(ranked->success == s->lines[i].success);
        assert_true(ranked->confidence == s->lines[i].confidence);
        assert_true(ranked->evidence == sum(&s->lines[i]));
    }
}

/* By a copy of what the context says: the same, to the last word. */
static void choose_by_copy(struct straight *s, const struct selection *first)
{
    const struct selector *selector = s->crowd->selector;
    struct arena scratch;
    struct prior prior;
    struct selection again;
    struct value documents[2];
    arena_init(&scratch, &mem_libc);
    assert_ok(selector_prior(selector, s->query->context, &scratch, &prior));
    void *copy = malloc(prior_size(&prior));
    prior_write(&prior, copy);
    arena_deinit(&scratch);
    struct selector_query query = *s->query;
    query.prior = copy;
    assert_ok(selector_select(selector, &query, s->arena, &again));
    check(s, &again);
    assert_ok(selection_encode(s->arena, first, selector, &documents[0]));
    assert_ok(selection_encode(s->arena, &again, selector, &documents[1]));
    assert_true(value_equal(&documents[0], &documents[1]));
    free(copy);
}

static void choose_both_ways(
    struct crowd *crowd, const struct selector_query *query)
{
    struct arena arena;
    struct selection chosen;
    arena_init(&arena, &mem_libc);
    struct straight s = {.crowd = crowd, .query = query, .arena = &arena};
    score_all(&s);
    find_base(&s);
    judge_all(&s);
    qsort(s.lines, s.count, sizeof *s.lines, by_log_odds);
    if (s.count > SELECTOR_SCORED_MAX) s.count = SELECTOR_SCORED_MAX;
    qsort(s.lines, s.count, sizeof *s.lines, by_rank);
    assert_ok(selector_select(crowd->selector, query, &arena, &chosen));
    check(&s, &chosen);
    choose_by_copy(&s, &chosen);
    free(s.lines);
    arena_deinit(&arena);
}

/* Tasks that were some one's, or were not. */
static void learn_some(struct crowd *crowd)
{
    struct selector_query query = random_query(crowd);
    struct buf bytes;
    struct lesson lesson;
    double excuse;
    size_t about = draw(crowd, (uint32_t)crowd->count);
    const struct selector_word word = {
        draw(crowd, 4) == 0 ? LESSON_WRONG : LESSON_RIGHT,
        candidate_key(crowd->candidates[about].name), 0};
    buf_init(&bytes, &mem_libc);
    assert_ok(selector_lesson(crowd->selector, &query, &word, &bytes, &excuse));
    assert_ok(lesson_decode(
        &crowd->arena, buf_str(&bytes).at, buf_str(&bytes).size, &lesson));
    assert_ok(learner_learn(
        crowd->learner, &lesson, learner_number(crowd->learner) + 1));
    buf_deinit(&bytes);
}

static void the_best_few_are_those_of_all(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= ROUNDS; seed++) {
        struct crowd crowd;
        crowd_init(
            &crowd, seed, seed % 3 == 0 ? 2 + seed % 9 : seed * seed % FEW + 1);
        for (int i = 0; i < 25; i++) {
            struct selector_query query = random_query(&crowd);
            choose_both_ways(&crowd, &query);
            if (seed % 2 == 0) learn_some(&crowd);
        }
        crowd_deinit(&crowd);
    }
}

static void more_than_survive_are_those_of_all(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++) {
        struct crowd crowd;
        crowd_init(&crowd, seed * 1000, ALL);
        for (int i = 0; i < 12; i++) {
            struct selector_query query = random_query(&crowd);
            choose_both_ways(&crowd, &query);
            if (i % 2 == 0) learn_some(&crowd);
        }
        crowd_deinit(&crowd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_best_few_are_those_of_all),
        cmocka_unit_test(more_than_survive_are_those_of_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
