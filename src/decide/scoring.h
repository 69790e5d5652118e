/*
 * scoring.h - a selector inside, and the evidence of one choice; private to
 * scoring.c and selector*.c.
 */
#ifndef NDF_DECIDE_SCORING_H
#define NDF_DECIDE_SCORING_H

#include "base/map.h"
#include "decide/domain.h"
#include "decide/index.h"
#include "decide/selector.h"
#include "decide/text.h"

struct selector {
    const struct mem *mem;
    struct candidate *candidates;
    size_t count;
    uint8_t *kind_names; /* bits: the kinds that a name is listed for */
    struct map names;    /* to index + 1 */
    struct index *index;
    struct text_index *text;
    struct domains *domains;
};

/* A candidate whose law holds, with its evidence. */
struct scored {
    const struct index_match *match;
    struct text_score text; /* zero when it shares no term */
    double similarity;
    struct fit_evidence evidence;
    double log_odds;
    uint32_t law; /* predicates of the alternative that holds */
};

/* All of one choice, before ranking. */
struct scoring {
    const struct selector *selector;
    const struct selector_query *query;
    struct arena *arena;
    struct index_matches matches;
    struct text_query text;
    struct text_scores scores;
    struct str domain; /* .at NULL: unknown */
    bool domain_inferred;
    enum pattern_kind hint;
    struct scored *items; /* with any evidence, by candidate */
    size_t count;
};

/* Filter, text and fit: fills *out. NDF_OK or NDF_ENOMEM. */
int scoring_make(const struct selector *selector,
    const struct selector_query *query, struct arena *arena,
    struct scoring *out);
/* The one of a candidate, or NULL. */
const struct scored *scoring_find(
    const struct scoring *scoring, size_t candidate);
/* Success, confidence, level and threshold of one; all but its lower bound,
 * which comes from *success when it is wanted. */
void scoring_rank(const struct scoring *scoring, const struct scored *scored,
    struct ranked *out, struct success *success);
/* Its factors that are not nothing, and its copies. NDF_OK or NDF_ENOMEM. */
int scoring_detail(const struct scoring *scoring, const struct scored *scored,
    struct ranked *out);

#endif
