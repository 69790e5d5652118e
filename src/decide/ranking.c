/*
 * ranking.c - the best few of all that have any evidence (scoring.h).
 *
 * Ranking is by confidence, then the more specific law, then the name, so the
 * order is total and does not depend on the way it is found. Only survivors of
 * the prior are ranked: the SELECTOR_SCORED_MAX with the best log-odds, of
 * equal ones the first. Confidence is never above fit: who fits less than the
 * last one kept is confident cannot come in, so neither counts nor survival of
 * such are asked for. Invariant: entries[heap[0]] comes after all other kept
 * ones.
 */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "decide/scoring.h"

#define ROUNDING 1e-9
#define NEAR     3.0 /* in log-odds */

enum { NEARER = 3 /* times that a shorter distance is tried */ };

/* What a survivor of the prior must reach. */
struct bound {
    double log_odds; /* of the SELECTOR_SCORED_MAX-th best */
    size_t ties;     /* how many with exactly that survive */
};

struct ranking {
    const struct scoring *scoring;
    struct place *entries;
    uint32_t *heap; /* of the entries; the last of them in order is the first */
    size_t room, count;
    struct bound bound;
    size_t left;                      /* survivors that may still come */
    double bar;                       /* log-odds below which nobody comes in */
    double untried[PATTERN_META + 1]; /* success, by kind */
};

/* ---- the kept ones ------------------------------------------------------- */

/* Whether a goes before b. */
static bool before(const struct selector *selector, const struct place *a,
    const struct place *b)
{
    if (a->ranked.confidence != b->ranked.confidence)
        return a->ranked.confidence > b->ranked.confidence;
    if (a->law != b->law) return a->law > b->law;
    return str_compare(selector->candidates[a->ranked.candidate].name,
               selector->candidates[b->ranked.candidate].name) < 0;
}

/* Whether the entry at one place of the heap goes before that at another. */
static bool comes_before(const struct ranking *ranking, size_t a, size_t b)
{
    return before(ranking->scoring->selector,
        &ranking->entries[ranking->heap[a]],
        &ranking->entries[ranking->heap[b]]);
}

static void swap(struct ranking *ranking, size_t a, size_t b)
{
    uint32_t entry = ranking->heap[a];
    ranking->heap[a] = ranking->heap[b];
    ranking->heap[b] = entry;
}

static void sift_up(struct ranking *ranking, size_t at)
{
    while (at > 0 && comes_before(ranking, (at - 1) / 2, at)) {
        swap(ranking, at, (at - 1) / 2);
        at = (at - 1) / 2;
    }
}

/* Of the first `count` places. */
static void sift_down(struct ranking *ranking, size_t count)
{
    size_t at = 0;
    for (;;) {
        size_t last = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2; child++)
            if (child < count && comes_before(ranking, last, child))
                last = child;
        if (last == at) return;
        swap(ranking, at, last);
        at = last;
    }
}

static void keep(struct ranking *ranking, const struct place *place)
{
    if (ranking->count < ranking->room) {
        ranking->entries[ranking->count] = *place;
        ranking->heap[ranking->count] = (uint32_t)ranking->count;
        sift_up(ranking, ranking->count++);
    } else {
        struct place *last = &ranking->entries[ranking->heap[0]];
        if (!before(ranking->scoring->selector, place, last)) return;
        *last = *place;
        sift_down(ranking, ranking->count);
    }
    if (ranking->count == ranking->room)
        ranking->bar =
            fit_odds_of(ranking->entries[ranking->heap[0]].ranked.confidence);
}

/* ---- survivors ----------------------------------------------------------- */

/* Doubles as numbers in the same order; both zeros are one. */
static uint64_t order_of(double value)
{
    uint64_t bits;
    if (value == 0) value = 0;
    memcpy(&bits, &value, sizeof bits);
    return bits >> 63 ? ~bits : bits | 1ULL << 63;
}

static double value_of_order(uint64_t order)
{
    uint64_t bits = order >> 63 ? order & ~(1ULL << 63) : ~order;
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

enum { DIGIT_BITS = 8, DIGITS = 64 / DIGIT_BITS, BINS = 1 << DIGIT_BITS };

/* How many of those whose higher digits are `prefix` have each next digit. */
static void count_digits(const struct scoring *scoring, uint64_t prefix,
    unsigned shift, size_t bins[BINS])
{
    memset(bins, 0, BINS * sizeof *bins);
    uint64_t high = shift + DIGIT_BITS < 64 ? ~0ULL << (shift + DIGIT_BITS) : 0;
    for (size_t i = 0; i < scoring->told_count; i++) {
        uint64_t order = order_of(scoring->told[i].log_odds);
        if ((order & high) == prefix) bins[order >> shift & (BINS - 1)]++;
    }
    for (size_t i = 0; i < scoring->group_count; i++) {
        const struct group *group = &scoring->groups[i];
        uint64_t order = order_of(group->log_odds);
        if ((order & high) == prefix)
            bins[order >> shift & (BINS - 1)] += group->count;
    }
}

/* By selection, digit by digit: what it takes grows with their number only. */
static struct bound find_bound(const struct scoring *scoring)
{
    size_t left = SELECTOR_SCORED_MAX;
    uint64_t prefix = 0;
    for (unsigned digit = DIGITS; digit > 0; digit--) {
        size_t bins[BINS];
        unsigned shift = (digit - 1) * DIGIT_BITS;
        count_digits(scoring, prefix, shift, bins);
        size_t bin = BINS - 1;
        for (; bin > 0 && bins[bin] < left; bin--)
            left -= bins[bin];
        prefix |= (uint64_t)bin << shift;
    }
    return (struct bound){value_of_order(prefix), left};
}

/* How many have log-odds of at least that. */
static size_t count_from(const struct scoring *scoring, double line)
{
    size_t count = 0;
    for (size_t i = 0; i < scoring->told_count; i++)
        count += scoring->told[i].log_odds >= line;
    for (size_t i = 0; i < scoring->group_count; i++) {
        const struct group *group = &scoring->groups[i];
        if (group->log_odds >= line) count += group->count;
    }
    return count;
}

/* While those from the line on are few enough, they all survive. */
static void bound_from(struct ranking *ranking, double line)
{
    if (!isinf(ranking->bound.log_odds)) return;
    if (count_from(ranking->scoring, line) <= SELECTOR_SCORED_MAX) return;
    ranking->bound = find_bound(ranking->scoring);
}

static bool survives(double log_odds, struct bound *bound)
{
    if (log_odds != bound->log_odds) return log_odds > bound->log_odds;
    if (bound->ties == 0) return false;
    bound->ties--;
    return true;
}

/* ---- spine --------------------------------------------------------------- */

/* Whether one of a group may come in. Of most nothing was counted, and their
 * confidence is known before it is worked out. */
static bool may_come_in(const struct ranking *ranking,
    const struct walk_item *item, const struct success_counts *counts)
{
    const struct scoring *scoring = ranking->scoring;
    size_t candidate = scoring->matches.items[item->match].candidate;
    bool counted = counts->pattern.tries > 0 || counts->domain.tries > 0;
    if (ranking->count < ranking->room || counted ||
        !scoring->selector->traits[candidate].usual)
        return true;
    enum pattern_kind kind = scoring->selector->candidates[candidate].kind;
    const struct place place = {.law = structure_law(scoring, item->match),
        .ranked = {.candidate = candidate,
            .confidence = item->group->fit * ranking->untried[kind]}};
    return before(
        scoring->selector, &place, &ranking->entries[ranking->heap[0]]);
}

static void rank_plain(struct ranking *ranking, const struct walk_item *item)
{
    const struct scoring *scoring = ranking->scoring;
    struct success_counts counts;
    scoring_count(
        scoring, scoring->matches.items[item->match].candidate, &counts);
    if (!may_come_in(ranking, item, &counts)) return;
    struct place place = {
        .match = item->match, .law = structure_law(scoring, item->match)};
    scoring_rank_plain(scoring, item, &counts, &place.ranked);
    keep(ranking, &place);
}

static void rank_told(struct ranking *ranking, const struct walk_item *item)
{
    const struct scoring *scoring = ranking->scoring;
    struct scored scored;
    struct place place = {
        .match = item->match, .law = structure_law(scoring, item->match)};
    scoring_look(scoring, item->match, item->told, &scored);
    scoring_rank(scoring, &scored, &place.ranked);
    keep(ranking, &place);
}

/* How well patterns of each kind work of which nothing was counted. */
static void find_untried(struct ranking *ranking)
{
    const struct selector_query *query = ranking->scoring->query;
    for (size_t kind = 0; kind <= PATTERN_META; kind++) {
        const struct success_counts counts = {.kind = query->kinds[kind]};
        ranking->untried[kind] =
            success_estimate(&counts, query->now_ms, query->config.half_life_ms)
                .mean;
    }
}

/* Those that reach the line, or those that do not. */
static void rank_some(struct ranking *ranking, double line, bool above)
{
    const struct scoring *scoring = ranking->scoring;
    struct walk walk = {.told_only = true};
    struct walk_item item;
    for (size_t i = 0; i < scoring->group_count; i++) {
        double log_odds = scoring->groups[i].log_odds;
        if (scoring->groups[i].count > 0 && (log_odds >= line) == above &&
            log_odds >= ranking->bound.log_odds &&
            log_odds >= ranking->bar - ROUNDING)
            walk.told_only = false;
    }
    while (ranking->left > 0 && walk_next(scoring, &walk, &item)) {
        double log_odds = walk_log_odds(&item);
        if ((log_odds >= line) != above) continue;
        if (log_odds < ranking->bar - ROUNDING) continue;
        if (!survives(log_odds, &ranking->bound)) continue;
        ranking->left--;
        if (item.told != NULL) rank_told(ranking, &item);
        else rank_plain(ranking, &item);
    }
}

/* Of those near the best no more than survive, if that can be had cheaply. */
static double line_near(const struct scoring *scoring)
{
    if (!scoring->leaders.any) return 0;
    double near = NEAR;
    for (int i = 0; i < NEARER; i++) {
        if (count_from(scoring, scoring->leaders.log_odds - near) <=
            SELECTOR_SCORED_MAX)
            break;
        near /= 4;
    }
    return scoring->leaders.log_odds - near;
}

int ranking_make(const struct scoring *scoring, size_t limit,
    const struct place ***out, size_t *count)
{
    struct arena *arena = scoring->arena;
    struct ranking ranking = {.scoring = scoring,
        .bound = {-INFINITY, 0},
        .left = SELECTOR_SCORED_MAX,
        .bar = -INFINITY,
        .room = scoring->told_count};
    for (size_t i = 0; i < scoring->group_count; i++)
        ranking.room += scoring->groups[i].count;
    if (ranking.room > limit) ranking.room = limit;
    if (ranking.room > SELECTOR_SCORED_MAX) ranking.room = SELECTOR_SCORED_MAX;
    ranking.entries =
        arena_calloc(arena, ranking.room, sizeof *ranking.entries);
    ranking.heap = arena_calloc(arena, ranking.room, sizeof *ranking.heap);
    const struct place **places =
        arena_calloc(arena, ranking.room, sizeof(struct place *));
    *out = places;
    *count = 0;
    if (ranking.entries == NULL || ranking.heap == NULL || places == NULL)
        return NDF_ENOMEM;
    find_untried(&ranking);
    /* Those near the best first: they leave little to the others. */
    double line = line_near(scoring);
    bound_from(&ranking, line);
    rank_some(&ranking, line, true);
    bound_from(&ranking, ranking.bar - ROUNDING);
    rank_some(&ranking, line, false);
    *count = ranking.count;
    for (size_t left = ranking.count; left > 0; left--) {
        places[left - 1] = &ranking.entries[ranking.heap[0]];
        swap(&ranking, 0, left - 1);
        sift_down(&ranking, left - 1);
    }
    return NDF_OK;
}
