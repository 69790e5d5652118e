/*
 * fit.h - the probability that a candidate is the right one, from evidence.
 *
 * A fixed logistic function: its text part was fitted offline over routing
 * data sets (fit.c says how), its structure part is judgement and says so.
 * Later forms learn; this is where they start.
 */
#ifndef NDF_DECIDE_FIT_H
#define NDF_DECIDE_FIT_H

#include <stddef.h>
#include <stdint.h>

/* X(name in C, name for people) */
#define FIT_FACTORS(X)                                                         \
    X(FIT_BASE, "base")         /* before any evidence */                      \
    X(FIT_WORDS, "words")       /* BM25 share, 0..1 */                         \
    X(FIT_COSINE, "cosine")     /* words and 4-grams, 0..1 */                  \
    X(FIT_MARGIN, "margin")     /* ahead of the best other one, -1..1 */       \
    X(FIT_KNOWN, "known")       /* share of the task anybody knows */          \
    X(FIT_CROWD, "crowd")       /* ln of the number of candidates */           \
    X(FIT_NOT_FOR, "not_for")   /* cosine with its not_for, 0..1 */            \
    X(FIT_LAW, "only_if")       /* predicates of its law that hold */          \
    X(FIT_GOOD_FOR, "good_for") /* share of its taste that holds, 0..1 */      \
    X(FIT_DOMAIN, "domain")     /* the inferred domain is in its name */       \
    X(FIT_KIND, "kind")         /* 1 suits the hint, 0 not */

#define FIT_FACTOR_ENUM(name, text) name,
enum fit_factor { FIT_FACTORS(FIT_FACTOR_ENUM) FIT_FACTOR_COUNT };
#undef FIT_FACTOR_ENUM

struct fit_evidence {
    double value[FIT_FACTOR_COUNT];
};

const char *fit_factor_name(enum fit_factor factor);
/* What a factor adds to the log-odds. */
double fit_contribution(
    const struct fit_evidence *evidence, enum fit_factor factor);
/* 0..1. */
double fit_probability(const struct fit_evidence *evidence);
/* One number that orders text evidence: BM25 share and cosine, mixed. */
double fit_text_score(double bm25, double cosine);

#endif
