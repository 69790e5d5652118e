/*
 * fit.c - see fit.h.
 *
 * No data says what laws and tastes are worth: those weights are judgement.
 * What text is worth is learned (learner.h). Where that starts was fitted
 * without any training on the labels' queries, as a logistic regression
 * (Newton's method, ridge 0.001) of "this candidate is a right answer": over
 * banking77, clinc150 (with its out-of-scope queries), MetaTool and Seal-Tools,
 * whole (77 to 4,076 labels) and as random registries of 1 to 80 labels, of
 * whose queries a quarter (80) to a half (10 and fewer) had no right answer
 * among them. Sets weigh equally; the best candidate of a query weighs five
 * times the others together.
 */
#include "decide/fit.h"

#include <math.h>

#define BM25_SHARE 0.4
/* The similarity of a rival that is always there: a lead over nobody is none.
 */
#define NOBODY 0.03

static const double text_weights[FIT_FACTOR_COUNT] = {
    [FIT_NOT_FOR] = -5.0,
    [FIT_LAW] = 0.5,
    [FIT_GOOD_FOR] = 0.9,
    [FIT_DOMAIN] = 0.4,
    [FIT_KIND] = 0.3,
};

/* Without words a law that holds says more. */
static const double structure_weights[FIT_FACTOR_COUNT] = {
    [FIT_CROWD] = -1,
    [FIT_LAW] = 1.3,
    [FIT_GOOD_FOR] = 0.9,
    [FIT_DOMAIN] = 0.6,
    [FIT_KIND] = 0.3,
};

/* Predicates beyond the third of a law or a taste add nothing. */
#define PREDICATES_COUNTED 3.0

#define FACTOR_NAME(name, text) [name] = (text),
static const char *const names[FIT_FACTOR_COUNT] = {FIT_FACTORS(FACTOR_NAME)};
#undef FACTOR_NAME

const char *fit_factor_name(enum fit_factor factor)
{
    return names[factor];
}

void fit_put(
    struct fit_evidence *evidence, enum fit_factor factor, double value)
{
    const double *weights =
        evidence->basis == FIT_BY_TEXT ? text_weights : structure_weights;
    bool counted = factor == FIT_LAW || factor == FIT_GOOD_FOR;
    evidence->value[factor] = value;
    if (counted && value > PREDICATES_COUNTED) value = PREDICATES_COUNTED;
    evidence->contribution[factor] = weights[factor] * value;
}

static double sum_from(const struct fit_evidence *evidence, int factor)
{
    double sum = 0;
    for (; factor < FIT_FACTOR_COUNT; factor++)
        sum += evidence->contribution[factor];
    return sum;
}

double fit_log_odds(const struct fit_evidence *evidence)
{
    return sum_from(evidence, FIT_BASE);
}

double fit_structure(const struct fit_evidence *evidence)
{
    return sum_from(evidence, FIT_NOT_FOR);
}

double fit_probability(double log_odds)
{
    return 1 / (1 + exp(-log_odds));
}

double fit_odds_of(double probability)
{
    return log(probability / (1 - probability));
}

double fit_similarity(double bm25, double cosine)
{
    return BM25_SHARE * bm25 + (1 - BM25_SHARE) * cosine;
}

double fit_margin(double own, double other)
{
    other = fmax(other, NOBODY);
    return (own - other) / fmax(own, other);
}
