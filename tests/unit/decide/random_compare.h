/*
 * random_compare.h - where two answers about the same context differ, for
 * tests that hold an index against a scan.
 */
#ifndef NDF_TESTS_RANDOM_COMPARE_H
#define NDF_TESTS_RANDOM_COMPARE_H

#include "decide/index.h"

struct difference {
    const char *what;   /* a static sentence */
    uint32_t candidate; /* UINT32_MAX: none alone */
};

/* The first difference between what is wanted and what was found. numbers are
 * the candidates of the wanted ones' numbers, NULL when they are the same;
 * rules are by candidate. */
bool matches_differ(const struct index_matches *wanted, const uint32_t *numbers,
    const struct index_matches *found, const struct index_rule *rules,
    struct difference *out);

/* A rule, and a context, for people; in arena, NUL-terminated. */
struct str rule_text(struct arena *arena, const struct index_rule *rule);
struct str context_text(struct arena *arena, const struct context *context);

#endif
