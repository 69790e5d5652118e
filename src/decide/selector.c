/*
 * selector.c - see selector.h: the spine, and the last word.
 *
 * Invariant: nothing here depends on the order of addresses, the clock, or an
 * earlier choice.
 */
#include "decide/selector.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "decide/near.h"
#include "decide/scoring.h"

/* On the sets of fit.c an untaught choice that fits 0.55 or more is right four
 * times in five, over whole sets and over small registries. */
struct selector_config selector_config_default(void)
{
    return (struct selector_config){.threshold = 0.5,
        .cold_threshold = 0.55,
        .min_executions = 5,
        .medium = 0.5,
        .high = 0.8,
        .half_life_ms = SUCCESS_HALF_LIFE_MS};
}

const char *level_name(enum level level)
{
    static const char *const names[] = {"low", "medium", "high"};
    return names[level];
}

/* ---- building ------------------------------------------------------------ */

void selector_free(struct selector *selector)
{
    if (selector == NULL) return;
    index_free(selector->index);
    mentions_free(selector->mentions);
    overlap_free(selector->overlap);
    text_index_free(selector->text);
    domains_unref(selector->domains);
    names_free(selector->names);
    traits_deinit(selector);
    mem_free(selector->mem, selector->candidates,
        selector->count * sizeof *selector->candidates);
    mem_free(selector->mem, selector, sizeof *selector);
}

static int index_names(struct selector *selector)
{
    if (selector->saved != NULL)
        return names_open(
            &selector->names, selector->mem, selector->saved[SELECTOR_NAMES]);
    /* One more, so that no candidates are no special case. */
    size_t size = (selector->count + 1) * sizeof(struct str);
    struct str *names = mem_alloc(selector->mem, size);
    if (names == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < selector->count; i++)
        names[i] = selector->candidates[i].name;
    int err = names_new(
        &selector->names, selector->mem, names, NULL, selector->count);
    mem_free(selector->mem, names, size);
    return err;
}

static int build_names(struct selector *selector, ndf_error *error)
{
    for (size_t i = 0; i < selector->count; i++) {
        struct str name = selector->candidates[i].name;
        selector->asks |= selector->candidates[i].ask_host;
        if (selector->candidates[i].key == 0)
            selector->candidates[i].key = candidate_key(name);
    }
    int err = index_names(selector);
    for (size_t i = 0; err == NDF_OK && i < selector->count; i++) {
        if (names_next(selector->names, i) == NAMES_NONE) continue;
        return err_set(error, NDF_EEXISTS, "two candidates are named '%.*s'",
            STR_ARG(selector->candidates[i].name));
    }
    return err;
}

static int build_mentions(
    struct selector *selector, const struct index_rule *rules)
{
    if (selector->saved != NULL)
        return mentions_open(&selector->mentions, selector->mem,
            selector->saved[SELECTOR_MENTIONS]);
    return mentions_new(
        &selector->mentions, selector->mem, rules, selector->count);
}

static int build_overlap(
    struct selector *selector, const struct index_rule *rules)
{
    if (selector->saved != NULL)
        return overlap_open(&selector->overlap, selector->mem,
            selector->saved[SELECTOR_OVERLAP]);
    return overlap_new(
        &selector->overlap, selector->mem, rules, selector->count);
}

static int build_index(struct selector *selector, ndf_error *error)
{
    /* One more, so that no candidates are no special case. */
    size_t size = (selector->count + 1) * sizeof(struct index_rule);
    struct index_rule *rules = mem_alloc(selector->mem, size);
    if (rules == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < selector->count; i++) {
        const struct candidate *candidate = &selector->candidates[i];
        rules[i] = (struct index_rule){
            candidate->only_if, candidate->only_if_count, candidate->good_for};
    }
    int err = selector->saved != NULL
                  ? selector_open_laws(selector, rules)
                  : index_new(&selector->index, selector->mem, rules,
                        selector->count, NULL, error);
    if (err == NDF_OK) err = build_mentions(selector, rules);
    if (err == NDF_OK) err = build_overlap(selector, rules);
    mem_free(selector->mem, rules, size);
    return err;
}

static int build_text(struct selector *selector)
{
    if (selector->saved != NULL)
        return text_index_open(
            &selector->text, selector->mem, selector->saved[SELECTOR_TEXT]);
    size_t size = (selector->count + 1) * sizeof(struct str);
    struct str *features = mem_alloc(selector->mem, size);
    if (features == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < selector->count; i++)
        features[i] = selector->candidates[i].features;
    int err = text_index_new(
        &selector->text, selector->mem, features, selector->count);
    mem_free(selector->mem, features, size);
    return err;
}

/* A candidate and what its words are. */
struct words {
    uint64_t identity;
    size_t candidate;
};

static int by_identity(const void *a, const void *b)
{
    const struct words *x = a;
    const struct words *y = b;
    return (x->identity > y->identity) - (x->identity < y->identity);
}

static int build_copies(struct selector *selector)
{
    if (selector->count == 0) return NDF_OK;
    if (selector->saved != NULL) return selector_read_copies(selector);
    size_t size = selector->count * sizeof(struct words);
    struct words *words = mem_alloc(selector->mem, size);
    if (words == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < selector->count; i++)
        words[i] = (struct words){text_index_identity(selector->text, i), i};
    qsort(words, selector->count, sizeof *words, by_identity);
    for (size_t i = 1; i < selector->count; i++) {
        if (words[i].identity == 0) continue;
        if (words[i].identity != words[i - 1].identity) continue;
        selector->traits[words[i].candidate].copied = true;
        selector->traits[words[i - 1].candidate].copied = true;
    }
    mem_free(selector->mem, words, size);
    return NDF_OK;
}

/* Whether all are of as many candidates. */
static bool blocks_fit(const struct selector *selector)
{
    return names_count(selector->names) == selector->count &&
           text_index_count(selector->text) == selector->count &&
           mentions_count(selector->mentions) == selector->count &&
           overlap_count(selector->overlap) == selector->count;
}

static int build(struct selector *selector, const struct candidate *candidates,
    size_t count, ndf_error *error)
{
    if (count > TEXT_DOCUMENTS_MAX)
        return err_set(error, NDF_ELIMIT, "more than %d patterns and agents",
            TEXT_DOCUMENTS_MAX);
    if (count > 0) {
        selector->candidates =
            mem_calloc(selector->mem, count, sizeof *candidates);
        if (selector->candidates == NULL) return NDF_ENOMEM;
        memcpy(selector->candidates, candidates, count * sizeof *candidates);
        selector->count = count;
    }
    int err = NDF_OK;
    if (selector->domains == NULL)
        err = domains_new(
            &selector->domains, selector->mem, &domain_rules_default, error);
    if (err == NDF_OK) err = build_names(selector, error);
    if (err == NDF_OK) err = traits_init(selector);
    if (err == NDF_OK) err = build_index(selector, error);
    if (err == NDF_OK) err = build_text(selector);
    if (err == NDF_OK && !blocks_fit(selector)) err = NDF_ECORRUPT;
    if (err == NDF_OK) err = build_copies(selector);
    return err;
}

int selector_open(struct selector **out, const struct mem *mem,
    const struct selector_given *given, const struct str *blocks,
    ndf_error *error)
{
    *out = NULL;
    struct selector *selector = mem_calloc(mem, 1, sizeof *selector);
    if (selector == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    selector->mem = mem;
    selector->saved = blocks;
    if (given->domains != NULL) selector->domains = domains_ref(given->domains);
    int err = build(selector, given->candidates, given->count, error);
    selector->saved = NULL;
    if (err == NDF_OK) {
        *out = selector;
        return NDF_OK;
    }
    selector_free(selector);
    if (err == NDF_ENOMEM) return err_set(error, err, "out of memory");
    return err;
}

int selector_new(struct selector **out, const struct mem *mem,
    const struct candidate *candidates, size_t count, struct domains *domains,
    ndf_error *error)
{
    const struct selector_given given = {candidates, count, domains};
    return selector_open(out, mem, &given, NULL, error);
}

int selector_add_evidence(struct selector *selector, struct evidence evidence)
{
    struct evidence_list *list = &selector->evidence;
    if (list->count == EVIDENCE_PROVIDERS_MAX) return NDF_ELIMIT;
    list->items[list->count++] = evidence;
    return NDF_OK;
}

size_t selector_count(const struct selector *selector)
{
    return selector->count;
}

const struct candidate *selector_candidate(
    const struct selector *selector, size_t index)
{
    return &selector->candidates[index];
}

size_t selector_find(const struct selector *selector, struct str name)
{
    return names_find(selector->names, name);
}

/* ---- the last word ------------------------------------------------------- */

/* The declared fallback of a candidate, if its own law holds. A name without a
 * source is looked for in the source of the candidate too. */
static size_t find_fallback(const struct scoring *scoring, size_t candidate,
    struct arena *arena, int *err)
{
    const struct selector *selector = scoring->selector;
    const struct candidate *best = &selector->candidates[candidate];
    if (best->fallback.size == 0) return SELECTOR_NONE;
    size_t found = selector_find(selector, best->fallback);
    size_t slash = best->name.size;
    while (slash > 0 && best->name.at[slash - 1] != '/')
        slash--;
    if (found == SELECTOR_NONE && slash > 0) {
        struct str name = arena_format(arena, "%.*s%.*s",
            STR_ARG(str_until(best->name, slash)), STR_ARG(best->fallback));
        if (name.at == NULL) *err = NDF_ENOMEM;
        else found = selector_find(selector, name);
    }
    if (found == SELECTOR_NONE ||
        scoring_match(scoring, found) == SELECTOR_NONE)
        return SELECTOR_NONE;
    return found;
}

static struct str name_of(const struct scoring *scoring, size_t candidate)
{
    return scoring->selector->candidates[candidate].name;
}

static struct str reason_of_refusals(
    const struct scoring *scoring, struct arena *arena)
{
    size_t others = scoring->selector->count - scoring->refused;
    struct str reason = arena_format(arena,
        "no pattern or agent may be taken: the host decides about %zu and %s",
        scoring->refused,
        scoring->query->ask != NULL ? "allowed none" : "is not asked here");
    if (others == 0 || reason.at == NULL) return reason;
    return arena_format(arena,
        "%.*s, and the only_if of the other %zu excludes this context",
        STR_ARG(reason), others);
}

/* Why there is nothing to rank. */
static struct str reason_of_nothing(
    const struct scoring *scoring, struct arena *arena)
{
    size_t total = scoring->selector->count;
    if (total == 0)
        return arena_format(
            arena, "there are no patterns or agents yet: import some");
    if (scoring->matches.count == 0 && scoring->refused > 0)
        return reason_of_refusals(scoring, arena);
    if (scoring->matches.count == 0)
        return arena_format(arena,
            "no pattern or agent allows this context: the only_if of all %zu "
            "excludes it",
            total);
    return arena_format(arena,
        "no pattern or agent shares a word with the task (%zu could be taken)",
        scoring->matches.count);
}

static struct str reason_of_best(const struct scoring *scoring,
    const struct ranked *best, size_t fallback, struct arena *arena)
{
    struct str name = name_of(scoring, best->candidate);
    bool enough = (best->cold ? best->fit : best->confidence) >= best->needed;
    const char *what = best->cold ? "fit" : "confidence";
    double number = best->cold ? best->fit : best->confidence;
    if (!enough)
        number = floor(number * 100) / 100; /* not "0.55, below 0.55" */
    struct str words = STR("");
    for (size_t i = 0; i < best->factor_count; i++) {
        if (best->factors[i].kind == FIT_WORDS) words = best->factors[i].words;
    }
    if (enough)
        return arena_format(arena, "%.*s: %s %.2f reaches %.2f%s%.*s",
            STR_ARG(name), what, number, best->needed,
            words.size > 0 ? "; words: " : "", STR_ARG(words));
    if (fallback != SELECTOR_NONE)
        return arena_format(arena,
            "%.*s is the declared fallback of %.*s, whose %s %.2f is below "
            "%.2f",
            STR_ARG(name_of(scoring, fallback)), STR_ARG(name), what, number,
            best->needed);
    return arena_format(arena, "the best, %.*s, has %s %.2f, below %.2f",
        STR_ARG(name), what, number, best->needed);
}

/* Names the exact copies behind the reason, and the near one. */
static struct str add_copies(const struct scoring *scoring,
    const struct ranked *best, struct str reason, struct arena *arena)
{
    for (size_t i = 0; i < best->copy_count && reason.at != NULL; i++)
        reason = arena_format(arena, "%.*s%s%.*s", STR_ARG(reason),
            i == 0 ? "; its exact copies: " : ", ",
            STR_ARG(name_of(scoring, best->copies[i])));
    if (best->near != SELECTOR_NONE && reason.at != NULL)
        reason = arena_format(arena, "%.*s; %.*s says nearly the same (%.2f)",
            STR_ARG(reason), STR_ARG(name_of(scoring, best->near)),
            best->likeness);
    return reason;
}

static int decide(
    const struct scoring *scoring, struct arena *arena, struct selection *out)
{
    out->chosen = SELECTOR_NONE;
    if (out->count == 0) {
        out->reason = reason_of_nothing(scoring, arena);
        return out->reason.at != NULL ? NDF_OK : NDF_ENOMEM;
    }
    const struct ranked *best = &out->ranked[0];
    int err = NDF_OK;
    size_t fallback = SELECTOR_NONE;
    if ((best->cold ? best->fit : best->confidence) >= best->needed) {
        out->chosen = best->candidate;
    } else {
        fallback = find_fallback(scoring, best->candidate, arena, &err);
        out->chosen = fallback;
        out->fallback = fallback != SELECTOR_NONE;
    }
    if (err != NDF_OK) return err;
    struct str reason = reason_of_best(scoring, best, fallback, arena);
    out->reason = add_copies(scoring, best, reason, arena);
    return out->reason.at != NULL ? NDF_OK : NDF_ENOMEM;
}

/* What says nearly the same as the best is as good an answer, and scores nearly
 * the same: only such are compared, so that choosing costs no more for it. */
static void find_near(const struct scoring *scoring,
    const struct scored *scored, const struct ranked *ranked, size_t count,
    struct ranked *best)
{
    const struct selector *selector = scoring->selector;
    struct str features = selector->candidates[best->candidate].features;
    double least = NEAR_LEAST * scored[0].similarity;
    for (size_t i = 1; least > 0 && i < count; i++) {
        size_t other = ranked[i].candidate;
        if (scored[i].similarity < least) continue;
        double likeness = near_pair(selector->text, selector->count, features,
            selector->candidates[other].features);
        /* An exact copy is named as one. */
        if (likeness < NEAR_LEAST || likeness == 1) continue;
        if (likeness <= best->likeness) continue;
        best->near = other;
        best->likeness = likeness;
    }
}

static int detail(
    const struct scoring *scoring, size_t limit, struct selection *out)
{
    const struct place **places;
    size_t count;
    int err = ranking_make(scoring, limit, &places, &count);
    if (err != NDF_OK) return err;
    out->ranked = arena_calloc(scoring->arena, count, sizeof *out->ranked);
    struct scored *scored = arena_calloc(scoring->arena, count, sizeof *scored);
    if (out->ranked == NULL || scored == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        struct ranked *ranked = &out->ranked[out->count++];
        *ranked = places[i]->ranked;
        const struct told *told = scoring_told(scoring, places[i]->match);
        scoring_look(scoring, places[i]->match, told, &scored[i]);
        err = scoring_detail(scoring, &scored[i], ranked);
        ranked->near = SELECTOR_NONE;
        if (err != NDF_OK) return err;
    }
    if (count > 0)
        find_near(scoring, scored, out->ranked, count, &out->ranked[0]);
    return NDF_OK;
}

int selector_prior(const struct selector *selector,
    const struct context *context, struct arena *arena, struct prior *out)
{
    int err = scoring_prior(selector, context, arena, out);
    return err == NDF_OK ? prior_finish(out, arena) : err;
}

int selector_select(const struct selector *selector,
    const struct selector_query *query, struct arena *arena,
    struct selection *out)
{
    struct scoring scoring;
    memset(out, 0, sizeof *out);
    size_t limit = query->limit > 0 ? query->limit : SELECTOR_LIMIT;
    int err = scoring_make(selector, query, arena, &scoring);
    if (err == NDF_OK) err = detail(&scoring, limit, out);
    if (err == NDF_OK) err = decide(&scoring, arena, out);
    if (err != NDF_OK) return err;
    out->domain = scoring.domain;
    out->domain_inferred = scoring.domain_inferred;
    out->hint = scoring.hint;
    out->eligible = scoring.matches.count;
    out->total = selector->count;
    out->known = scoring.prior->scores.known;
    out->effort_limit = scoring.matches.effort_limit;
    out->text_cut = scoring.prior->text.cut;
    return NDF_OK;
}
