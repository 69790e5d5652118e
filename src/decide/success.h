/*
 * success.h - how sure we are that a pattern works when it is the right one.
 *
 * A tally is a pair of counts that fade by half every half-life of time, not a
 * number between 0 and 1: counts merge, survive a restart exactly, and give a
 * bound for free. Invariant: 0 <= wins <= tries, both finite.
 */
#ifndef NDF_DECIDE_SUCCESS_H
#define NDF_DECIDE_SUCCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "model/outcome.h"

#define SUCCESS_HALF_LIFE_MS (30LL * 24 * 3600 * 1000)

struct tally {
    double wins;
    double tries;
    int64_t at_ms; /* wall time the counts are faded to */
    int64_t count; /* executions ever, those of unknown outcome too */
};

/* Whether the invariant holds; what a store gives back is checked by it. */
bool tally_valid(const struct tally *tally);
/* The tally as of now. A clock that went back fades nothing. half_life_ms 0
 * means the default. */
struct tally tally_fade(
    struct tally tally, int64_t now_ms, uint64_t half_life_ms);
/* Fades, then adds one outcome: its weight (0..1) to tries, and to wins on
 * success; unknown adds to count only. */
struct tally tally_add(struct tally tally, enum outcome_result result,
    double weight, int64_t now_ms, uint64_t half_life_ms);

struct success {
    double mean;  /* of the posterior */
    double a, b;  /* its parameters: Beta(a, b) */
    double tries; /* faded tries of the pattern, all domains */
};

/* The counts of one pattern in one domain, of it in all domains, and of all
 * patterns of its kind; each includes the one before. */
struct success_counts {
    struct tally domain;
    struct tally pattern;
    struct tally kind;
};

/* Shrinks domain -> pattern -> kind -> prior: each level is the prior of the
 * next with a bounded weight, so that few outcomes move it little. */
struct success success_estimate(
    const struct success_counts *counts, int64_t now_ms, uint64_t half_life_ms);

/* When a person says that it went badly: how likely it is that another one
 * should have been chosen, and not that this one failed, of one that fitted
 * with `fit` and works with `success` when it is right (Bayes). */
double success_excuse(double fit, double success);

/* 95 % sure that the probability is at least this; costs microseconds. */
double success_lower(const struct success *success);

/* The regularised incomplete beta function I_x(a, b); a, b > 0. */
double success_beta_cdf(double a, double b, double x);
/* The x with I_x(a, b) = p. */
double success_beta_quantile(double a, double b, double p);

#endif
