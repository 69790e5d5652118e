/*
 * fit.h - the probability that a candidate is the right one, from evidence.
 *
 * A logistic function. Its structure part has fixed weights; what words and
 * earlier tasks contribute, and how sure the best one is ("base"), is learned:
 * see learner.h.
 */
#ifndef NDF_DECIDE_FIT_H
#define NDF_DECIDE_FIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* X(name in C, name for people) */
#define FIT_FACTORS(X)                                                         \
    X(FIT_BASE, "base")             /* before any evidence: 1 */               \
    X(FIT_WORDS, "words")           /* BM25 share of its description, 0..1 */  \
    X(FIT_SIMILARITY, "similarity") /* cosine with its description, 0..1 */    \
    X(FIT_MEANING, "meaning")       /* what a provider of evidence says */     \
    X(FIT_PAST, "past")             /* cosine with its earlier tasks, 0..1 */  \
    X(FIT_CROWD, "crowd")           /* how many others there are to choose */  \
    X(FIT_NOT_FOR, "not_for")       /* cosine with its not_for, 0..1 */        \
    X(FIT_LAW, "only_if")           /* predicates of its law that hold */      \
    X(FIT_GOOD_FOR, "good_for")     /* predicates of its taste that hold */    \
    X(FIT_DOMAIN, "domain")         /* 1: it names the task's domain */        \
    X(FIT_KIND, "kind")             /* -1, 0, 1: against or for the hint */

#define FIT_FACTOR_ENUM(name, text) name,
enum fit_factor { FIT_FACTORS(FIT_FACTOR_ENUM) FIT_FACTOR_COUNT };
#undef FIT_FACTOR_ENUM

enum fit_basis {
    FIT_BY_TEXT,      /* the task has words */
    FIT_BY_STRUCTURE, /* it has none: law and taste decide */
};

struct fit_evidence {
    enum fit_basis basis;
    double value[FIT_FACTOR_COUNT];
    double contribution[FIT_FACTOR_COUNT]; /* to the log-odds */
};

const char *fit_factor_name(enum fit_factor factor);
/* Sets a factor whose weight is fixed: from FIT_CROWD on. */
void fit_put(
    struct fit_evidence *evidence, enum fit_factor factor, double value);
/* The sum of all contributions. */
double fit_log_odds(const struct fit_evidence *evidence);
/* Log-odds as a probability, 0..1, and back. */
double fit_probability(double log_odds);
double fit_odds_of(double probability);
/* What not_for, law, taste, domain and kind add to the log-odds together. */
double fit_structure(const struct fit_evidence *evidence);
/* One number that orders text evidence: BM25 share and cosine, mixed. */
double fit_similarity(double bm25, double cosine);
/* The lead in similarity over the best other one, as a share of the larger,
 * -1..1. */
double fit_margin(double own, double other);

#endif
