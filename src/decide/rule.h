/*
 * rule.h - what a candidate asks of a context, and what of it held: what goes
 * into an index or a scan and what comes out.
 */
#ifndef NDF_DECIDE_RULE_H
#define NDF_DECIDE_RULE_H

#include "model/pattern.h"

struct index_rule {
    const struct condition *only_if; /* any of them; count 0: no law */
    size_t only_if_count;
    const struct condition *good_for; /* NULL: none */
};

struct index_match {
    uint32_t candidate;
    uint32_t alternative; /* the first of only_if that holds */
    uint32_t held;        /* good_for predicates that hold */
    const bool *good;     /* one a good_for predicate; NULL: it has none */
};

struct index_matches {
    struct index_match *items; /* each candidate once, in no order */
    size_t count;
    bool effort_limit; /* some regular expression gave up: counted as false */
};

#endif
