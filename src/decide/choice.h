/*
 * choice.h - what goes into a choice among candidates and what comes out of
 * it: plain values, made and read by selector.h.
 */
#ifndef NDF_DECIDE_CHOICE_H
#define NDF_DECIDE_CHOICE_H

#include "base/hash.h"
#include "decide/fit.h"
#include "decide/learner.h"
#include "decide/success.h"
#include "model/context.h"
#include "model/pattern.h"

enum {
    SELECTOR_SCORED_MAX = 4096, /* survivors of the prior scored fully */
    SELECTOR_LIMIT = 10,        /* ranked ones returned unless asked */
    SELECTOR_WORDS_MAX = 8,     /* matching words named in a factor */
    SELECTOR_COPIES_MAX = 8,    /* exact copies named in a reason */
};
#define SELECTOR_NONE SIZE_MAX

/* What is learned of a candidate is kept under this, made of a name that never
 * changes; never 0. */
static inline uint64_t candidate_key(struct str name)
{
    return hash64(name) | 1;
}

/* What selecting needs to know of a pattern or an agent. */
struct candidate {
    struct str name;                 /* qualified where names clash; unique */
    enum pattern_kind kind;          /* an agent is PATTERN_SEQUENTIAL */
    const struct condition *only_if; /* any of them; count 0: no law */
    size_t only_if_count;
    const struct condition *good_for;          /* NULL: none */
    const struct confidence_rules *confidence; /* NULL: all defaults */
    struct str features;                       /* of text_features */
    struct str fallback; /* another candidate's name; .at NULL: none */
    bool ask_host;       /* law, too: see selector_ask_fn */
    uint64_t key;        /* of what is learned of it; 0: made from the name */
};

/* The counts of one candidate: in one domain (.at NULL: unknown; leave
 * *domain_tally zero) and in all. Both are zeroed before the call. Must be
 * thread-safe if selecting is; called at most SELECTOR_SCORED_MAX times. */
typedef void (*selector_tally_fn)(void *ud, size_t candidate, struct str domain,
    struct tally *domain_tally, struct tally *pattern_tally);

/* Whether the host allows a candidate that asks it, of those whose law holds:
 * not 0 or 0, or a negative code, which ends the choice with it. */
typedef int (*selector_ask_fn)(void *ud, size_t candidate);

/* What a candidate's own rules do not say. */
struct selector_config {
    double threshold;      /* of confidence */
    double cold_threshold; /* of fit, below min_executions */
    uint32_t min_executions;
    double medium, high; /* where the levels begin */
    uint64_t half_life_ms;
};

struct prior;

struct selector_query {
    const struct context *context;
    int64_t now_ms; /* wall time */
    size_t limit;   /* 0: SELECTOR_LIMIT */
    struct selector_config config;
    struct tally kinds[3];     /* by enum pattern_kind: all patterns of it */
    selector_tally_fn tallies; /* NULL: nothing was ever executed */
    void *ud;
    selector_ask_fn ask; /* NULL: nobody allows those that ask */
    void *ask_ud;
    const struct learner *learner; /* NULL: nothing was learned */
    const struct prior *prior;     /* of this context, kept; NULL: made anew */
    const size_t *without;         /* candidates that may not be chosen */
    size_t without_count;
};

/* One reason with its number. */
struct factor {
    enum fit_factor kind;
    double value;
    double contribution; /* to the log-odds of fit */
    struct str words;    /* "memory (0.61), leak (0.39)"; may be empty */
};

enum level { LEVEL_LOW, LEVEL_MEDIUM, LEVEL_HIGH };

struct ranked {
    size_t candidate;
    double fit, success, confidence;
    double evidence; /* all that speaks for it, not set against others */
    struct success posterior; /* for success_lower */
    enum level level;
    uint64_t executions;
    bool cold;     /* too few executions: fit alone decides */
    double needed; /* the threshold that applies to it */
    struct factor *factors;
    size_t factor_count;
    size_t *copies; /* other candidates with the same words and law */
    size_t copy_count;
    size_t near; /* of the best: the ranked one with nearly the same words, or
                  * SELECTOR_NONE */
    double likeness; /* to that, NEAR_LEAST to 1 */
};

struct selection {
    struct ranked *ranked;
    size_t count;
    size_t chosen;     /* a candidate, or SELECTOR_NONE */
    bool fallback;     /* chosen is the fallback of the best */
    struct str reason; /* one sentence; NUL-terminated */
    struct str domain; /* stated or inferred; .at NULL: unknown */
    bool domain_inferred;
    enum pattern_kind hint; /* the kind that suits the context */
    size_t eligible; /* candidates whose law holds, the host's word included */
    size_t total;
    double known;      /* share of the task's words that any candidate knows */
    bool effort_limit; /* a regular expression gave up */
    bool text_cut;     /* the task was longer than what is read of it */
};

#endif
