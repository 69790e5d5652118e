/*
 * scan.h - the laws of all candidates tried one after another: what an index
 * is measured against, and what explains.
 *
 * Immutable; any number of threads may scan at once.
 */
#ifndef NDF_DECIDE_SCAN_H
#define NDF_DECIDE_SCAN_H

#include "decide/index.h"

struct scan;

/* As index_new. */
int scan_new(struct scan **out, const struct mem *mem,
    const struct index_rule *rules, size_t count, ndf_error *error);
void scan_free(struct scan *scan);
/* As index_match; the matches come by candidate. */
int scan_match(const struct scan *scan, const struct context *context,
    struct arena *arena, struct index_matches *out);

enum index_why {
    INDEX_FALSE,   /* known, and not so */
    INDEX_UNKNOWN, /* the context does not say */
    INDEX_EFFORT,  /* a regular expression gave up */
};

/* The first predicate of one alternative that does not hold. */
struct index_failure {
    uint32_t alternative;
    const struct predicate *predicate;
    enum index_why why;
    struct value actual; /* the context's value; null when unknown */
};

/* One that holds. */
struct index_holding {
    const struct predicate *predicate;
    struct value actual; /* null when unknown: it asks for that */
    bool taste;          /* of good_for, not of the law */
};

struct index_explanation {
    bool eligible;
    struct index_failure *failures; /* one an alternative; none if eligible */
    size_t count;
    struct index_holding *held; /* if eligible: all of the alternative that
                                   holds, and what of good_for does */
    size_t held_count;
};

/* Whether a law holds, and what holds or fails. Lives in arena and borrows from
 * rule. NDF_OK or NDF_ENOMEM. */
int scan_explain(const struct index_rule *rule, const struct context *context,
    struct arena *arena, struct index_explanation *out);

#endif
