/*
 * learner_learn.c - one lesson learned, and a few earlier ones gone over again.
 *
 * The loss of "this was right" is -log p of it, and of "this was wrong"
 * -log(1 - p), with p the softmax over all that compete; its gradient goes to
 * the sparse weights (plain steps) and to the trust in each kind of evidence
 * (AdaGrad; Duchi, Hazan, Singer 2011). The fit of the best one is a logistic
 * regression learned beside it, on what was foretold before the lesson was
 * learned. Going over earlier examples again (experience replay; Lin 1992)
 * makes much of few outcomes; which ones is drawn by the outcome's number.
 * Choosing is greedy: with a prior that knows the descriptions, taking chances
 * cost more than it taught (docs/learning.md).
 */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "decide/fit.h"
#include "decide/learner_state.h"
#include "decide/same_math.h"

#define RATE          4.0F /* of the sparse weights */
#define RATE_BIAS     0.02F
#define RATE_TRUST    0.4
#define RATE_CLUE     0.4
#define LEAST         0.002F /* gradients below are nothing */
#define LEAST_NEW     0.02F  /* ... and below make no new weight */
#define MOVED_MOST    1.0    /* log-odds of a fit, by one lesson */
#define SURE_MOST     0.999F /* -log(1 - p) has no end */
#define EVIDENCE_DROP 16.0F  /* so far behind the best, a share is nothing */

enum { REPLAYS = 6, SEEN_FOR_NEW = 2 };

/* What is learned: a lesson, or an example of an earlier one. */
struct task {
    enum lesson_kind kind;
    uint32_t about;                                /* a class */
    struct lesson_rival rivals[LESSON_RIVALS_MAX]; /* keys unused */
    uint32_t classes[LESSON_RIVALS_MAX];
    size_t rival_count;
    struct sight sight;
    uint32_t hashes[LESSON_FEATURES_MAX];
    uint8_t times[LESSON_FEATURES_MAX];
    uint32_t ids[LESSON_FEATURES_MAX];
    float values[LESSON_FEATURES_MAX];
};

static int make_dense(struct learner *l, struct dense *out)
{
    size_t room = l->classes.room > 0 ? l->classes.room : 1;
    if (l->dense_room < room) {
        float *made = mem_calloc(l->mem, room * DENSE, sizeof *made);
        if (made == NULL) return NDF_ENOMEM;
        mem_free(l->mem, l->dense, l->dense_room * DENSE * sizeof *made);
        l->dense = made;
        l->dense_room = room;
    }
    float *at = l->dense;
    room = l->dense_room;
    *out = (struct dense){(struct learner_sums *)(void *)at, at + 4 * room,
        at + 5 * room, at + 6 * room, (uint32_t *)(void *)(at + 7 * room)};
    return NDF_OK;
}

/* ---- before -------------------------------------------------------------- */

static struct learned learned_of(
    const struct learner *l, const struct dense *d, uint32_t class)
{
    return learner_learned(l, class, &d->sums[class]);
}

static double evidence_of(const struct learner *l,
    const struct lesson_rival *prior, const struct learned *learned)
{
    struct learner_parts parts = learner_parts(l, prior, learned);
    return parts.words + parts.likeness + parts.meaning + parts.past +
           (double)prior->structure;
}

/* Evidence and share of each class; those that did not compete have no prior.
 */
static void judge_all(
    const struct learner *l, const struct task *task, struct dense *d)
{
    size_t count = l->classes.count;
    memset(d->sums, 0, count * sizeof *d->sums);
    learner_sum(l, &task->sight, d->sums);
    for (size_t c = 0; c < count; c++) {
        d->evidence[c] = -INFINITY;
        if (classes_of(l)[c].examples < 1) continue;
        struct learned learned = learned_of(l, d, (uint32_t)c);
        const double *trust = l->head.trust[learner_stage(&learned)];
        d->evidence[c] = (float)learner_past(trust, &learned);
    }
    for (size_t r = 0; r < task->rival_count; r++) {
        uint32_t class = task->classes[r];
        if (class == NO_CLASS) continue;
        struct learned learned = learned_of(l, d, class);
        d->evidence[class] = (float)evidence_of(l, &task->rivals[r], &learned);
    }
    float most = -INFINITY;
    for (size_t c = 0; c < count; c++)
        most = fmaxf(most, d->evidence[c]);
    double sum = 0;
    for (size_t c = 0; c < count; c++) {
        float behind = d->evidence[c] - most;
        d->share[c] =
            behind > -EVIDENCE_DROP ? (float)same_exp((double)behind) : 0;
        sum += (double)d->share[c];
    }
    float scale = sum > 0 ? (float)(1 / sum) : 0;
    for (size_t c = 0; c < count; c++)
        d->share[c] *= scale;
}

/* ---- the fit ------------------------------------------------------------- */

/* The rival with the most evidence; NO_CLASS: there is none. */
static size_t best_rival(const struct task *task, const struct dense *d)
{
    size_t best = task->rival_count;
    for (size_t r = 0; r < task->rival_count; r++) {
        if (task->classes[r] == NO_CLASS) continue;
        if (best == task->rival_count ||
            d->evidence[task->classes[r]] > d->evidence[task->classes[best]])
            best = r;
    }
    return best;
}

static void describe(const struct learner *l, const struct lesson *lesson,
    const struct task *task, const struct dense *d, size_t best,
    struct learner_best *out)
{
    const struct lesson_rival *rival = &task->rivals[best];
    uint32_t class = task->classes[best];
    double other = 0, second = -(double)INFINITY;
    for (size_t r = 0; r < task->rival_count; r++) {
        if (r == best) continue;
        if (task->classes[r] == NO_CLASS) continue;
        double sum = (double)d->evidence[task->classes[r]];
        second = fmax(second, sum);
        other = fmax(
            other, learner_likeness(sum - (double)task->rivals[r].structure));
    }
    double crowd = lesson->crowd > 1 ? (double)lesson->crowd : 1;
    double evidence = (double)d->evidence[class] - (double)rival->structure;
    *out = (struct learner_best){
        .words = same_log(1 + (double)rival->words * (double)lesson->mass),
        .similarity = learner_likeness(evidence),
        .margin = fit_margin(learner_likeness(evidence), other),
        .crowd = same_log(crowd),
        .share = (double)d->share[class],
        .lead = learner_lead((double)d->evidence[class], second),
        .evidence = evidence,
        .learned = learned_of(l, d, class)};
}

/* Was the best one right? -1: nobody knows. */
static int was_right(const struct task *task, uint32_t best)
{
    bool same = best == task->about;
    if (task->kind == LESSON_RIGHT) return same;
    if (task->kind == LESSON_NONE || same) return 0;
    return -1;
}

/* What was foretold against what came. */
static void calibrate(struct learner *l, const struct lesson *lesson,
    const struct task *task, const struct dense *d)
{
    size_t best = best_rival(task, d);
    if (best == task->rival_count) return;
    int right = was_right(task, task->classes[best]);
    if (right < 0) return;
    struct learner_best what;
    double clues[CLUES];
    describe(l, lesson, task, d, best, &what);
    learner_clues(l, &what, clues);
    double odds = learner_sure(l, &what) + (double)task->rivals[best].structure;
    double fit = 1 / (1 + same_exp(-odds));
    size_t at = (size_t)(fit * LEARNER_BINS);
    struct learner_bin *bin =
        &l->head.bins[at < LEARNER_BINS ? at : LEARNER_BINS - 1];
    bin->count += 1;
    bin->fit += (float)fit;
    bin->right += (float)right;
    double steps[CLUES], moved = 0;
    for (int i = 0; i < CLUES; i++) {
        double gradient = (right - fit) * clues[i];
        l->head.clue_square[i] += gradient * gradient;
        steps[i] = RATE_CLUE * gradient / sqrt(1 + l->head.clue_square[i]);
        moved += steps[i] * clues[i];
    }
    double scale = fabs(moved) > MOVED_MOST ? MOVED_MOST / fabs(moved) : 1;
    for (int i = 0; i < CLUES; i++)
        l->head.clue[i] += scale * steps[i];
}

/* ---- the step ------------------------------------------------------------ */

/* What more evidence for each would do. */
static void find_gradient(
    const struct learner *l, const struct task *task, struct dense *d)
{
    size_t count = l->classes.count;
    float factor = -1;
    if (task->kind == LESSON_WRONG) {
        float p = d->share[task->about];
        p = p < SURE_MOST ? p : SURE_MOST;
        factor = p / (1 - p);
    }
    for (size_t c = 0; c < count; c++)
        d->gradient[c] = factor * d->share[c];
    if (task->kind == LESSON_RIGHT) d->gradient[task->about] += 1;
    else d->gradient[task->about] = -d->share[task->about];
    for (size_t c = 0; c < count; c++)
        if (fabsf(d->gradient[c]) < LEAST) d->gradient[c] = 0;
}

static void step_trust(
    struct learner *l, const struct task *task, const struct dense *d)
{
    double gradient[STAGES][CHANNELS] = {{0}};
    for (size_t c = 0; c < l->classes.count; c++) {
        if (d->gradient[c] == 0) continue;
        struct learned learned = learned_of(l, d, (uint32_t)c);
        double *to = gradient[learner_stage(&learned)];
        double g = (double)d->gradient[c];
        to[BY_CENTROID] += g * (double)learned.centroid;
        to[BY_WEIGHTS] += g * (double)learned.weights;
        to[BY_BAYES] += g * (double)learned.bayes;
        to[BY_BASE] += g;
        classes_of(l)[c].bias += RATE_BIAS * d->gradient[c];
    }
    for (size_t r = 0; r < task->rival_count; r++) {
        uint32_t class = task->classes[r];
        if (class == NO_CLASS) continue;
        struct learned learned = {.examples = classes_of(l)[class].examples};
        double *to = gradient[learner_stage(&learned)];
        double g = (double)d->gradient[class];
        to[BY_WORDS] += g * (double)task->rivals[r].words;
        to[BY_LIKENESS] += g * (double)task->rivals[r].likeness;
        to[BY_MEANING] += g * (double)task->rivals[r].meaning;
    }
    for (int s = 0; s < STAGES; s++) {
        for (int i = 0; i < CHANNELS; i++) {
            double g = gradient[s][i];
            double *square = &l->head.trust_square[s][i];
            *square += g * g;
            double *trust = &l->head.trust[s][i];
            *trust += RATE_TRUST * g / sqrt(*square + 0.01);
            if (i != BY_BASE && *trust < 0) *trust = 0;
        }
    }
}

/* The stamp of a class without gradient, as nearly all are: none is wanted. */
#define IDLE UINT32_MAX

/* Classes whose gradient is large enough for a new weight. */
struct wanted {
    uint32_t classes[64];
    size_t count;
};

static void find_wanted(
    const struct learner *l, const struct dense *d, struct wanted *out)
{
    out->count = 0;
    for (size_t c = 0; c < l->classes.count; c++)
        if (fabsf(d->gradient[c]) >= LEAST_NEW && out->count < 64)
            out->classes[out->count++] = (uint32_t)c;
}

static int step_feature(struct learner *l, uint32_t id, float value,
    const struct wanted *wanted, struct dense *d, uint32_t stamp)
{
    struct posting *at = postings_of_learner(l) + features_of(l)[id].at;
    struct posting *end = at + features_of(l)[id].count;
    for (; at < end; at++) {
        if (d->stamp[at->class] == IDLE) continue;
        at->weight += RATE * value * d->gradient[at->class];
        d->stamp[at->class] = stamp;
    }
    if (features_of(l)[id].seen < SEEN_FOR_NEW) return NDF_OK;
    for (size_t i = 0; i < wanted->count; i++) {
        uint32_t class = wanted->classes[i];
        struct posting *made;
        if (d->stamp[class] == stamp) continue;
        int err = learner_posting(l, id, class, &made);
        if (err != NDF_OK) return err;
        if (made != NULL) made->weight += RATE * value * d->gradient[class];
    }
    return NDF_OK;
}

static int step(struct learner *l, const struct task *task, struct dense *d)
{
    struct wanted wanted;
    int err = NDF_OK;
    if (task->kind == LESSON_NONE || task->about == NO_CLASS) return NDF_OK;
    find_gradient(l, task, d);
    find_wanted(l, d, &wanted);
    for (size_t c = 0; c < l->classes.count; c++)
        d->stamp[c] = d->gradient[c] == 0 ? IDLE : 0;
    for (size_t i = 0; err == NDF_OK && i < task->sight.count; i++)
        if (task->ids[i] != NO_FEATURE && task->values[i] > 0)
            err = step_feature(
                l, task->ids[i], task->values[i], &wanted, d, (uint32_t)i + 1);
    if (err == NDF_OK) step_trust(l, task, d);
    return err;
}

/* The task is one of the class's from now on. */
static int add_to_class(struct learner *l, const struct task *task)
{
    struct class *class = &classes_of(l)[task->about];
    double square = (double)class->square;
    for (size_t i = 0; i < task->sight.count; i++) {
        struct posting *posting;
        float value = task->values[i];
        if (task->ids[i] == NO_FEATURE || !(value > 0)) continue;
        int err = learner_posting(l, task->ids[i], task->about, &posting);
        if (err != NDF_OK) return err;
        if (posting == NULL) continue;
        square += 2 * (double)posting->sum * (double)value +
                  (double)value * (double)value;
        posting->sum += value;
        posting->bayes =
            (float)same_log(1 + (double)posting->sum / LEARNER_SMOOTH);
    }
    class->square = (float)square;
    class->mass += task->sight.total;
    class->width =
        (float)same_log(1 + (double)class->mass / LEARNER_SMOOTH_MASS);
    class->examples += 1;
    return NDF_OK;
}

/* ---- examples ------------------------------------------------------------ */

static uint32_t float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* kind, rivals, features; about; rivals: class, prior, structure; features:
 * number and times. */
static int keep(struct learner *l, const struct task *task)
{
    uint32_t words[2 + RIVAL_WORDS * LESSON_RIVALS_MAX + EXAMPLE_FEATURES_MAX];
    size_t features = 0;
    uint32_t *at = words + 2;
    for (size_t r = 0; r < task->rival_count; r++) {
        const struct lesson_rival *rival = &task->rivals[r];
        *at++ = task->classes[r];
        *at++ = (uint32_t)(rival->words * 65535) << 16 |
                (uint32_t)(rival->likeness * 65535);
        *at++ = (uint32_t)(rival->meaning * 65535);
        *at++ = float_bits(rival->structure);
    }
    for (size_t i = 0; i < task->sight.count; i++) {
        if (task->ids[i] == NO_FEATURE) continue;
        if (features == EXAMPLE_FEATURES_MAX) break;
        uint32_t times = task->times[i] < 16 ? task->times[i] - 1U : 15;
        *at++ = task->ids[i] | times << 28;
        features++;
    }
    words[0] = (uint32_t)task->kind << 24 | (uint32_t)task->rival_count << 16 |
               (uint32_t)features;
    words[1] = task->about;
    return learner_keep_example(l, words, (size_t)(at - words));
}

static void recall(const struct learner *l, size_t index, struct task *out)
{
    size_t size;
    const uint32_t *at = learner_example(l, index, &size);
    out->kind = (enum lesson_kind)(at[0] >> 24);
    out->rival_count = at[0] >> 16 & 0xFF;
    out->sight.count = at[0] & 0xFFFF;
    out->about = at[1];
    at += 2;
    for (size_t r = 0; r < out->rival_count; r++, at += RIVAL_WORDS) {
        out->classes[r] = at[0];
        out->rivals[r] =
            (struct lesson_rival){.words = (float)(at[1] >> 16) / 65535,
                .likeness = (float)(at[1] & 0xFFFF) / 65535,
                .meaning = (float)at[2] / 65535};
        memcpy(&out->rivals[r].structure, &at[3], sizeof(float));
    }
    for (size_t i = 0; i < out->sight.count; i++) {
        out->ids[i] = at[i] & 0xFFFFFFF;
        out->times[i] = (uint8_t)((at[i] >> 28) + 1);
        out->hashes[i] = features_of(l)[out->ids[i]].hash;
    }
    learner_weigh(l, out->hashes, out->times, &out->sight);
}

/* A generator of its own, as the draws must be the same for ever (splitmix64;
 * Steele, Lea, Flood 2014). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = *state += 0x9E3779B97F4A7C15ULL;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
    return z ^ z >> 31;
}

static int replay(struct learner *l, struct task *task, uint64_t number)
{
    struct dense d;
    int err = make_dense(l, &d);
    uint64_t state = number;
    for (int i = 0; err == NDF_OK && i < REPLAYS; i++) {
        if (l->head.example_count < 2) break;
        recall(l, (size_t)(draw(&state) % l->head.example_count), task);
        if (task->about == NO_CLASS) continue;
        judge_all(l, task, &d);
        err = step(l, task, &d);
    }
    return err;
}

/* ---- the lesson ---------------------------------------------------------- */

static int read_lesson(
    struct learner *l, const struct lesson *lesson, struct task *task)
{
    task->kind = lesson->kind;
    task->rival_count = lesson->rival_count;
    int err = learner_add_class(l, lesson->about, &task->about);
    for (size_t r = 0; err == NDF_OK && r < lesson->rival_count; r++) {
        task->rivals[r] = lesson->rivals[r];
        err = learner_add_class(l, lesson->rivals[r].key, &task->classes[r]);
    }
    task->sight.count = lesson->feature_count;
    for (size_t i = 0; err == NDF_OK && i < lesson->feature_count; i++) {
        task->hashes[i] = lesson->features[i].hash;
        task->times[i] = lesson->features[i].times;
        task->ids[i] = learner_feature(l, lesson->features[i].hash);
    }
    return err;
}

/* Counts the task for the IDF; its values stay those of before. */
static int count_features(struct learner *l, struct task *task)
{
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < task->sight.count; i++) {
        if (task->ids[i] != NO_FEATURE) features_of(l)[task->ids[i]].seen++;
        else err = learner_add_feature(l, task->hashes[i], &task->ids[i]);
    }
    return err;
}

static int learn(struct learner *l, const struct lesson *lesson,
    struct task *task, uint64_t number)
{
    struct dense d;
    int err = learner_make_room(l);
    if (err == NDF_OK) err = read_lesson(l, lesson, task);
    if (err == NDF_OK) err = make_dense(l, &d);
    if (err != NDF_OK) return err;
    learner_weigh(l, task->hashes, task->times, &task->sight);
    judge_all(l, task, &d);
    calibrate(l, lesson, task, &d);
    err = count_features(l, task);
    l->head.lessons++;
    if (err == NDF_OK) err = step(l, task, &d);
    bool about = task->about != NO_CLASS && task->kind != LESSON_NONE;
    if (err == NDF_OK && about && task->kind == LESSON_RIGHT)
        err = add_to_class(l, task);
    if (err == NDF_OK && about) err = keep(l, task);
    if (err == NDF_OK && about) err = replay(l, task, number);
    return err;
}

int learner_learn(
    struct learner *l, const struct lesson *lesson, uint64_t number)
{
    int err = NDF_OK;
    if (lesson->kind == LESSON_GONE) {
        uint32_t class = learner_class(l, lesson->about);
        if (class != NO_CLASS) learner_remove_class(l, class);
    } else {
        struct task *task = mem_calloc(l->mem, 1, sizeof *task);
        if (task == NULL) return NDF_ENOMEM;
        task->sight.ids = task->ids;
        task->sight.values = task->values;
        err = learn(l, lesson, task, number);
        mem_free(l->mem, task, sizeof *task);
    }
    if (err == NDF_OK) l->head.number = number;
    return err;
}
