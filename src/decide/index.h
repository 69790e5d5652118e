/*
 * index.h - which candidates a context allows, and what is good about them.
 *
 * The law (`only_if`, any of its alternatives) excludes; taste (`good_for`)
 * only adds evidence. On an unknown part of the context every predicate is
 * false except `absent`; null is a value. The scan behind these calls is the
 * first form and the oracle of later ones.
 *
 * An index is immutable and may be used by any number of threads at once.
 */
#ifndef NDF_DECIDE_INDEX_H
#define NDF_DECIDE_INDEX_H

#include "decide/matcher.h"
#include "model/context.h"
#include "model/pattern.h"

/* Borrowed with all they point to for the index's life. */
struct index_rule {
    const struct condition *only_if; /* any of them; count 0: no law */
    size_t only_if_count;
    const struct condition *good_for; /* NULL: none */
};

struct index;

/* Copies the rules, borrows what they point to. NDF_OK, NDF_ENOMEM, or
 * NDF_ESCHEMA for a regular expression that does not compile (the decoder
 * refuses those). */
int index_new(struct index **out, const struct mem *mem,
    const struct index_rule *rules, size_t count, ndf_error *error);
void index_free(struct index *index);

struct index_match {
    uint32_t candidate;
    uint32_t alternative; /* the first of only_if that holds */
    uint32_t held;        /* good_for predicates that hold */
    const bool *good;     /* one a good_for predicate; NULL: it has none */
};

struct index_matches {
    struct index_match *items; /* by candidate */
    size_t count;
    bool effort_limit; /* some regular expression gave up: counted as false */
};

/* Results live in arena. NDF_OK or NDF_ENOMEM. */
int index_match(const struct index *index, const struct context *context,
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

struct index_explanation {
    bool eligible;
    struct index_failure *failures; /* one an alternative; none if eligible */
    size_t count;
};

/* NDF_OK, NDF_EINVAL (no such candidate) or NDF_ENOMEM. */
int index_explain(const struct index *index, size_t candidate,
    const struct context *context, struct arena *arena,
    struct index_explanation *out);

#endif
