/*
 * random_rules.h - rules and contexts that mean something to one another, drawn
 * from a seed or from given bytes: the same always, on any machine.
 *
 * A world has a few attribute names, values, globs and types, of which both its
 * rules and its contexts are made, so that much holds and much does not. Among
 * the values are those at which comparing goes wrong: the ends of 64 bits, the
 * neighbours of 2^53, words of scales, nothing, what is empty.
 */
#ifndef NDF_TESTS_RANDOM_RULES_H
#define NDF_TESTS_RANDOM_RULES_H

#include "decide/index.h"

enum { RANDOM_VALUES_MAX = 64, RANDOM_NAMES_MAX = 24 };

/* Where the draws come from: bytes as long as there are any, then state. */
struct draw {
    uint64_t state;
    const uint8_t *bytes; /* NULL: none */
    size_t left;
};

/* 0 to below - 1. */
uint32_t draw_below(struct draw *draw, uint32_t below);
bool draw_chance(struct draw *draw, unsigned percent);

struct world {
    struct arena arena; /* all that the others point to */
    struct draw draw;
    bool odd;            /* conditions too that no decoder makes */
    bool wide;           /* hundreds of values, types and places */
    bool grouped;        /* most rules ask for a place and a type first */
    unsigned free_share; /* percent of the rules: no law */
    uint32_t ways_max;   /* alternatives of a law */
    uint32_t all_max;    /* predicates of an alternative */
    struct str names[RANDOM_NAMES_MAX];
    size_t name_count;
    struct value values[RANDOM_VALUES_MAX];
    size_t value_count;
};

/* What kind of world it is comes from its draws. */
void world_init(struct world *world, struct draw draw);
void world_deinit(struct world *world);
/* Live in the world's arena. */
struct index_rule world_rule(struct world *world);
struct context *world_context(struct world *world);
struct predicate world_predicate(
    struct world *world, enum field field, enum predicate_op op);
/* Whether a decoder makes such a predicate. */
bool world_may_ask(enum field field, enum predicate_op op);

#endif
