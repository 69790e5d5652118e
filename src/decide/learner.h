/*
 * learner.h - what was learned of which tasks are whose.
 *
 * An online softmax over the candidates of a task. Evidence for one is: what
 * its description says (the prior: BM25 and cosine, from outside), how like its
 * earlier tasks the task is (cosine to their centroid), how likely its words
 * are in its tasks (naive Bayes), and sparse weights learned by gradient. How
 * much each counts is learned, too. A lesson is learned at once and a few
 * earlier ones are gone over again.
 *
 * State is a fold over lessons in their order: the same lessons give the same
 * bytes, on every machine (own exp and log, no contraction). No lock of its
 * own, no I/O. Memory is bounded by LEARNER_BYTES_MAX, whatever is learned: at
 * the bound the least of what was learned goes.
 */
#ifndef NDF_DECIDE_LEARNER_H
#define NDF_DECIDE_LEARNER_H

#include <stdbool.h>

#include "decide/lesson.h"

enum { LEARNER_BYTES_MAX = 32 * 1024 * 1024 };

struct learner;

/* Knows nothing. NDF_OK or NDF_ENOMEM. */
int learner_new(struct learner **out, const struct mem *mem);
/* What learner_write wrote: the learner works in these bytes, which must stay,
 * may be written to, begin at a multiple of 8, and are the
 * caller's. Any bytes may come. NDF_OK, NDF_ECORRUPT (also: of another version
 * of NDF: learn anew), NDF_ENOMEM. */
int learner_open(
    struct learner **out, const struct mem *mem, char *bytes, size_t size);
void learner_free(struct learner *learner);

/* After an error the learner must be thrown away and learn anew. number: of
 * the outcome that it comes from, greater than all before. NDF_OK or
 * NDF_ENOMEM. */
int learner_learn(
    struct learner *learner, const struct lesson *lesson, uint64_t number);
/* Says that all outcomes up to this one are learned (those that teach nothing
 * too). */
void learner_reached(struct learner *learner, uint64_t number);
/* Up to which outcome. 0: none. */
uint64_t learner_number(const struct learner *learner);
/* The whole state; the same state gives the same bytes. NDF_OK, NDF_ENOMEM. */
int learner_write(const struct learner *learner, struct buf *out);

/* For people and for measuring. */
enum { LEARNER_BINS = 15 };
struct learner_bin {
    float count, fit, right; /* sums over what was foretold in this bin */
};
struct learner_summary {
    uint64_t lessons;                      /* ever */
    size_t classes;                        /* that something is known of */
    size_t features;                       /* distinct ones of tasks */
    size_t weights;                        /* pairs of feature and class */
    size_t examples;                       /* kept to be gone over again */
    size_t bytes;                          /* held, all together */
    struct learner_bin bins[LEARNER_BINS]; /* equal ones of fit, 0..1 */
};
void learner_summarise(
    const struct learner *learner, struct learner_summary *out);

/* ---- evidence, for scoring.c --------------------------------------------- */

/* What was learned that speaks for one candidate, and its parts. */
struct learned {
    float centroid; /* cosine with its earlier tasks, less that of others */
    float weights;
    float bayes;
    float bias;
    float examples; /* tasks known to be its */
};

/* What a task's features add up to for one class, side by side, as a posting
 * has something for all three. */
struct learner_sums {
    float weights, centroid, bayes;
    float spare; /* makes them a power of two */
};

/* Of a task; lives in the arena. */
struct learner_view {
    const struct learner *learner;   /* NULL: nothing is learned */
    const struct learner_sums *sums; /* one a class */
};

/* learner NULL: nothing was learned. NDF_OK or NDF_ENOMEM. */
int learner_look(const struct learner *learner,
    const struct lesson_feature *features, size_t count, struct arena *arena,
    struct learner_view *out);
/* Of one candidate; all 0 when nothing is known of it. */
struct learned learner_of(const struct learner_view *view, uint64_t key);
/* Whether anything is; and of how many at most. */
bool learner_knows(const struct learner_view *view, uint64_t key);
size_t learner_classes(const struct learner_view *view);

/* What speaks for a candidate, all together (without its structure), and in
 * parts for people. */
struct learner_parts {
    double words, likeness, meaning; /* of the prior */
    double past;                     /* all that was learned */
};
struct learner_parts learner_parts(const struct learner *learner,
    const struct lesson_rival *prior, const struct learned *learned);

/* What the best of a choice looks like: what its fit is made from. */
struct learner_best {
    double words;      /* ln(1 + IDF mass of shared words) */
    double similarity; /* learner_likeness of its evidence */
    double margin;     /* fit_margin of that and of the best other one's */
    double crowd;      /* ln of how many there are */
    double share;      /* softmax, 0..1 */
    double lead;       /* of its evidence over the second's */
    double evidence;   /* all together */
    struct learned learned;
};
/* Evidence as if it were all likeness to a description, 0..1.5: where the fit
 * starts, earlier tasks are trusted as descriptions are. */
double learner_likeness(double evidence);
/* The lead of an evidence over the second's (-INFINITY: there is none). */
double learner_lead(double evidence, double second);
/* The log-odds that such a best one is right, without its structure. */
double learner_sure(
    const struct learner *learner, const struct learner_best *best);

#endif
