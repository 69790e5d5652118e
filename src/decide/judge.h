/*
 * judge.h - whether one predicate holds in a context.
 */
#ifndef NDF_DECIDE_JUDGE_H
#define NDF_DECIDE_JUDGE_H

#include "decide/matcher.h"
#include "model/context.h"
#include "model/pattern.h"

/* A predicate with its regular expressions compiled. */
struct judge_predicate {
    const struct predicate *predicate;
    struct matcher *const *matchers; /* of OP_MATCHES, any of them */
    size_t matcher_count;
};

enum judgement {
    JUDGEMENT_HOLDS,
    JUDGEMENT_FALSE,
    JUDGEMENT_UNKNOWN, /* the context does not say */
    JUDGEMENT_EFFORT,  /* it was given up */
};

/* NDF_OK or NDF_ENOMEM. *actual (may be NULL) is the context's value, null
 * when unknown; borrowed from context. */
int judge(const struct judge_predicate *judged, const struct context *context,
    struct matcher_work *work, enum judgement *out, struct value *actual);

#endif
