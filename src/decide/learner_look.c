/*
 * learner_look.c - what was learned that speaks for each candidate of a task.
 *
 * A task is the unit vector of its features: kind x sqrt(times) x IDF, the IDF
 * counted over the tasks so far. Invariant: sums run in the order of the
 * features, so that the same task always gives the same numbers.
 */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "decide/fit.h"
#include "decide/learner_state.h"
#include "decide/same_math.h"

/* How much words, pairs of words and 4-grams count (features.h: top bits). */
static const double kind_weight[4] = {1, 0.7, 0.45, 0};

/* ln 4: what every fourth task has says nothing, and has the longest block; but
 * of few tasks that cannot be told. */
#define RARE_LEAST 1.386
enum { LESSONS_TELLING = 500 };

/* Where trust in the evidence starts; the prior's weights are those with which
 * a choice without any learning is made. More for the meaning would be better
 * for some data sets and worse for those whose words say it all. */
const double learner_trust[CHANNELS] = {[BY_WORDS] = 12,
    [BY_LIKENESS] = 16,
    [BY_MEANING] = 3,
    [BY_CENTROID] = 12,
    [BY_WEIGHTS] = 1,
    [BY_BAYES] = 0.5,
    [BY_BASE] = 0};

/* Where the fit starts: the logistic regression of fit.c. */
const double learner_clue[CLUES] = {-3.93, 1.53, 8.14 / 4, 2.56, -0.18};

void learner_weigh(const struct learner *l, const uint32_t *hashes,
    const uint8_t *times, struct sight *sight)
{
    double square = 0;
    for (size_t i = 0; i < sight->count; i++) {
        uint32_t id = sight->ids[i];
        double seen = id != NO_FEATURE ? features_of(l)[id].seen : 0;
        double rare = same_log(((double)l->head.lessons + 2) / (seen + 1));
        double value = kind_weight[hashes[i] >> 30] * rare;
        if (times[i] > 1) value *= sqrt((double)times[i]);
        if (rare < RARE_LEAST && l->head.lessons >= LESSONS_TELLING) value = 0;
        sight->values[i] = (float)value;
        square += value * value;
    }
    double scale = square > 0 ? 1 / sqrt(square) : 0;
    double total = 0;
    for (size_t i = 0; i < sight->count; i++) {
        sight->values[i] = (float)((double)sight->values[i] * scale);
        total += (double)sight->values[i];
    }
    sight->total = (float)total;
}

/* Sums become likenesses, less what they are on average: a task that is like
 * any other speaks for none of them, and not for those that have earlier tasks
 * against those that have none. One more is averaged that is like nothing, so
 * that the first with earlier tasks is known by them. */
static void compare(
    const struct learner *l, float total, struct learner_sums *sums)
{
    float centroid_mean = 0, bayes_mean = 0, count = 1;
    for (size_t i = 0; i < l->classes.count; i++) {
        const struct class *class = &classes_of(l)[i];
        if (!(class->square > 0)) continue;
        sums[i].centroid /= sqrtf(class->square);
        sums[i].bayes -= total * class->width;
        centroid_mean += sums[i].centroid;
        bayes_mean += sums[i].bayes;
        count += 1;
    }
    centroid_mean /= count;
    bayes_mean /= count;
    for (size_t i = 0; i < l->classes.count; i++) {
        bool known = classes_of(l)[i].square > 0;
        sums[i].centroid = known ? sums[i].centroid - centroid_mean : 0;
        sums[i].bayes = known ? sums[i].bayes - bayes_mean : 0;
    }
}

void learner_sum(const struct learner *l, const struct sight *sight,
    struct learner_sums *sums)
{
    const struct posting *pool = postings_of_learner(l);
    for (size_t i = 0; i < sight->count; i++) {
        if (sight->ids[i] == NO_FEATURE || sight->values[i] == 0) continue;
        const struct feature *feature = &features_of(l)[sight->ids[i]];
        float value = sight->values[i];
        const struct posting *at = pool + feature->at;
        const struct posting *end = at + feature->count;
        for (; at < end; at++) {
            struct learner_sums *to = &sums[at->class];
            to->weights += value * at->weight;
            to->centroid += value * at->sum;
            to->bayes += value * at->bayes;
        }
    }
    compare(l, sight->total, sums);
}

struct learned learner_learned(
    const struct learner *l, uint32_t class, const struct learner_sums *sums)
{
    const struct class *c = &classes_of(l)[class];
    return (struct learned){
        sums->centroid, sums->weights, sums->bayes, c->bias, c->examples};
}

int learner_look(const struct learner *l, const struct lesson_feature *features,
    size_t count, struct arena *arena, struct learner_view *out)
{
    *out = (struct learner_view){.learner = NULL};
    if (l == NULL || l->head.lessons == 0) return NDF_OK;
    struct sight sight = {.count = count,
        .ids = arena_alloc(arena, count * sizeof *sight.ids),
        .values = arena_alloc(arena, count * sizeof *sight.values)};
    uint32_t *hashes = arena_alloc(arena, count * sizeof *hashes);
    uint8_t *times = arena_alloc(arena, count);
    struct learner_sums *sums =
        arena_calloc(arena, l->classes.count, sizeof *sums);
    if (sight.ids == NULL || sight.values == NULL || hashes == NULL ||
        times == NULL || sums == NULL)
        return NDF_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        hashes[i] = features[i].hash;
        times[i] = features[i].times;
        sight.ids[i] = learner_feature(l, hashes[i]);
    }
    learner_weigh(l, hashes, times, &sight);
    learner_sum(l, &sight, sums);
    *out = (struct learner_view){l, sums};
    return NDF_OK;
}

struct learned learner_of(const struct learner_view *view, uint64_t key)
{
    if (view->learner == NULL) return (struct learned){.weights = 0};
    uint32_t class = learner_class(view->learner, key);
    if (class == NO_CLASS) return (struct learned){.weights = 0};
    return learner_learned(view->learner, class, &view->sums[class]);
}

bool learner_knows(const struct learner_view *view, uint64_t key)
{
    return view->learner != NULL &&
           learner_class(view->learner, key) != NO_CLASS;
}

size_t learner_classes(const struct learner_view *view)
{
    return view->learner != NULL ? view->learner->classes.count : 0;
}

int learner_stage(const struct learned *learned)
{
    return learned->examples < 1 ? 0 : learned->examples < 3 ? 1 : 2;
}

struct learner_parts learner_parts(const struct learner *l,
    const struct lesson_rival *prior, const struct learned *learned)
{
    const double *trust =
        l != NULL ? l->head.trust[learner_stage(learned)] : learner_trust;
    return (struct learner_parts){
        .words = trust[BY_WORDS] * (double)prior->words,
        .likeness = trust[BY_LIKENESS] * (double)prior->likeness,
        .meaning = trust[BY_MEANING] * (double)prior->meaning,
        .past = learner_past(trust, learned)};
}

static double odds_of(double share)
{
    const double least = 1e-6;
    if (share < least) share = least;
    if (share > 1 - least) share = 1 - least;
    return same_log(share / (1 - share));
}

void learner_clues(
    const struct learner *l, const struct learner_best *best, double out[CLUES])
{
    double lessons = l != NULL ? (double)l->head.lessons : 0;
    const double clues[CLUES] = {1, best->words, best->similarity * 4,
        best->margin, best->crowd, odds_of(best->share), best->evidence * 0.1,
        (double)best->learned.centroid * 4,
        same_log(1 + (double)best->learned.examples),
        same_log(1 + lessons) * 0.3, (double)best->learned.weights * 0.3,
        best->lead * 0.2, best->share, (double)best->learned.bayes * 0.3};
    memcpy(out, clues, sizeof clues);
}

double learner_likeness(double evidence)
{
    const double most = 1.5;
    double likeness =
        evidence / (learner_trust[BY_WORDS] + learner_trust[BY_LIKENESS]);
    return likeness < 0 ? 0 : likeness < most ? likeness : most;
}

double learner_lead(double evidence, double second)
{
    const double most = 20;
    double lead = evidence - second;
    return lead < most ? lead : most;
}

double learner_sure(const struct learner *l, const struct learner_best *best)
{
    double clues[CLUES];
    const double *weights = l != NULL ? l->head.clue : learner_clue;
    double sum = 0;
    learner_clues(l, best, clues);
    for (int i = 0; i < CLUES; i++)
        sum += weights[i] * clues[i];
    return sum;
}
