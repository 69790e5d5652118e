/*
 * fit.c - see fit.h.
 *
 * The text weights are a logistic regression (Newton's method, ridge 0.001) of
 * "this candidate is a right answer" on the four text factors, without any
 * training on the labels' queries: over banking77, clinc150 (with its
 * out-of-scope queries), MetaTool and Seal-Tools, whole (77 to 4,076 labels)
 * and as random registries of 1 to 80 labels, of whose queries a quarter (80)
 * to a half (10 and fewer) had no right answer among them. Sets weigh equally;
 * the best candidate of a query weighs five times the others together. The
 * calibration error is 0.03 pooled over the whole sets. Fitted with one set
 * left out and measured on that set it is 0.06, 0.10, 0.05 and, for
 * Seal-Tools, 0.38: its thousands of labels are unlike the others, and there
 * the others' weights are too modest.
 *
 * No data says what laws and tastes are worth: those weights are judgement.
 */
#include "decide/fit.h"

#include <math.h>

#define BM25_SHARE 0.4
/* The similarity of a rival that is always there: a lead over nobody is none.
 */
#define NOBODY 0.03

static const double text_weights[FIT_FACTOR_COUNT] = {
    [FIT_BASE] = -3.93,
    [FIT_WORDS] = 1.53,
    [FIT_SIMILARITY] = 8.14,
    [FIT_MARGIN] = 2.56,
    [FIT_CROWD] = -0.18,
    [FIT_NOT_FOR] = -5.0,
    [FIT_LAW] = 0.5,
    [FIT_GOOD_FOR] = 0.9,
    [FIT_DOMAIN] = 0.4,
    [FIT_KIND] = 0.3,
};

/* Without words a law that holds says more. */
static const double structure_weights[FIT_FACTOR_COUNT] = {
    [FIT_BASE] = 0,
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

static const double *weights_of(const struct fit_evidence *evidence)
{
    return evidence->basis == FIT_BY_TEXT ? text_weights : structure_weights;
}

static double counted(const struct fit_evidence *evidence, int factor)
{
    double value = evidence->value[factor];
    bool counts = factor == FIT_LAW || factor == FIT_GOOD_FOR;
    return counts && value > PREDICATES_COUNTED ? PREDICATES_COUNTED : value;
}

static double sum_from(const struct fit_evidence *evidence, int factor)
{
    const double *weights = weights_of(evidence);
    double sum = 0;
    for (; factor < FIT_FACTOR_COUNT; factor++)
        sum += weights[factor] * counted(evidence, factor);
    return sum;
}

double fit_contribution(
    const struct fit_evidence *evidence, enum fit_factor factor)
{
    return weights_of(evidence)[factor] * counted(evidence, (int)factor);
}

double fit_log_odds(const struct fit_evidence *evidence)
{
    return sum_from(evidence, FIT_BASE);
}

double fit_structure(const struct fit_evidence *evidence)
{
    return sum_from(evidence, FIT_LAW);
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
