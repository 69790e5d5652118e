/*
 * eval_score.h - what answers to queries are worth: accuracy, ranking,
 * calibration, telling what is out of scope. Pure; what cannot be told, as
 * there is no such answer, is NAN.
 */
#ifndef NDF_CLI_EVAL_SCORE_H
#define NDF_CLI_EVAL_SCORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EVAL_TOP = 5, EVAL_BINS = 15, EVAL_LAST = 1000 };

/* What was chosen for one query. */
struct eval_answer {
    double fit;      /* of the top one; 0 when there was none */
    double evidence; /* the same */
    double ndcg;     /* of the first EVAL_TOP; 0 out of scope */
    unsigned rank;   /* of the first right one, from 1; 0: not among the top */
    bool in_scope;   /* some label is right */
    bool acted;      /* one would have been taken unattended */
};

struct eval_answers {
    struct eval_answer *items;
    size_t count;
};

/* Those whose top one had a fit in [from, to); the last bin has 1, too. */
struct eval_bin {
    size_t count;
    double fit, right; /* means, NAN when there are none */
};

/* Of hits[i] (whether the label at place i is right) among the first EVAL_TOP,
 * where `right` labels are right in all. */
double eval_ndcg(const bool hits[EVAL_TOP], size_t right);

size_t eval_in_scope(const struct eval_answers *answers);
/* Percent of those in scope with a right one among the first k; of the last
 * `last` of them. */
double eval_accuracy(
    const struct eval_answers *answers, unsigned k, size_t last);
/* Means over those in scope. */
double eval_mrr(const struct eval_answers *answers);
double eval_mean_ndcg(const struct eval_answers *answers);
/* Percent of all that were acted on, and of these that were right. */
double eval_acted(const struct eval_answers *answers);
double eval_acted_right(const struct eval_answers *answers);

void eval_bins(
    const struct eval_answers *answers, struct eval_bin out[EVAL_BINS]);
/* The mean distance between fit and share of right ones of the bins, weighted
 * by their counts. What is out of scope is never right. */
double eval_calibration_error(const struct eval_answers *answers);

/* The probability that a query in scope has more evidence than one out of
 * scope; a tie is half of it. */
double eval_auroc(const struct eval_answers *answers);
/* The least evidence of those out of scope that rejects, with all that are not
 * above it, this part of them (0..1). */
double eval_threshold(const struct eval_answers *answers, double part);
/* Percent of those out of scope whose evidence is not above it. */
double eval_rejected(const struct eval_answers *answers, double threshold);
/* Percent of those in scope that are above the threshold, and right. */
double eval_accepted_right(
    const struct eval_answers *answers, double threshold);

/* Nanoseconds, to be asked for quantiles. */
struct eval_times {
    uint64_t *ns;
    size_t count;
};

/* At q in 0..1, in microseconds; sorts. */
double eval_quantile_us(struct eval_times *times, double q);
double eval_mean_us(const struct eval_times *times);

#endif
