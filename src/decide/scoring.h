/*
 * scoring.h - a selector inside, and the evidence of one choice; private to
 * scoring.c and selector*.c.
 */
#ifndef NDF_DECIDE_SCORING_H
#define NDF_DECIDE_SCORING_H

#include "base/map.h"
#include "decide/choice.h"
#include "decide/domain.h"
#include "decide/evidence.h"
#include "decide/index.h"
#include "decide/learner.h"
#include "decide/mentions.h"
#include "decide/overlap.h"
#include "decide/text.h"

struct selector {
    const struct mem *mem;
    struct candidate *candidates;
    size_t count;
    uint8_t *kind_names; /* bits: the kinds that a name is listed for */
    bool *copied;        /* whether another one has the same words */
    bool asks;           /* some candidate asks the host */
    struct map names;    /* to index + 1 */
    struct index *index;
    struct mentions *mentions;
    struct overlap *overlap;
    struct text_index *text;
    struct domains *domains;
    struct evidence_list evidence; /* beside the words */
};

/* A candidate whose law holds; its evidence is made when it is needed. */
struct scored {
    const struct index_match *match;
    struct text_score text; /* zero when it shares no term */
    double similarity;      /* of the prior */
    float meaning;          /* what providers of evidence say, 0..1 */
    struct learned learned;
    struct learner_parts parts;
    double evidence;     /* of text and of the past, all together */
    double structure;    /* log-odds of law, taste, not_for, ... */
    double log_odds;     /* but for rounding; see scoring_rank */
    uint32_t law;        /* predicates of the alternative that holds */
    int8_t domain, kind; /* values of these factors */
    bool for_domain;     /* its law asks for the domain that was stated */
};

/* The best by evidence and structure, and the best that are no copy of it. */
struct leaders {
    const struct scored *best; /* NULL: the task has no words */
    uint64_t identity;
    double evidence; /* the most of another one, at least 0 */
    double second;   /* evidence and structure of another one */
    double base;     /* what makes the evidence of the best one its fit */
};

/* All of one choice, before ranking. */
struct scoring {
    const struct selector *selector;
    const struct selector_query *query;
    struct arena *arena;
    struct index_matches matches;
    size_t refused; /* by the host, though their law holds */
    struct text_query text;
    struct text_scores scores;
    float *meaning;                  /* of each candidate; NULL: nobody says */
    struct lesson_feature *features; /* of the task, for what was learned */
    size_t feature_count;
    struct learner_view past;
    struct str domain; /* .at NULL: unknown */
    bool domain_inferred;
    struct str domain_head; /* what a name may say of it; empty: nothing */
    enum pattern_kind hint;
    struct scored *items; /* with any evidence, by candidate */
    size_t count;
    struct leaders leaders;
    double odds; /* of all that structure speaks for, and of none */
};

/* Filter, text and fit: fills *out. NDF_OK, NDF_ENOMEM, or what asking said. */
int scoring_make(const struct selector *selector,
    const struct selector_query *query, struct arena *arena,
    struct scoring *out);
/* The one of a candidate, or NULL. */
const struct scored *scoring_find(
    const struct scoring *scoring, size_t candidate);
/* What speaks for one, and against it. */
void scoring_evidence(const struct scoring *scoring,
    const struct scored *scored, struct fit_evidence *out);
/* Fit, success, confidence, level and threshold of one. */
void scoring_rank(const struct scoring *scoring, const struct scored *scored,
    struct ranked *out);
/* The lesson of this choice: kind about `about`, among the best and those two;
 * candidates of theirs that are not there are left out. Lives in the arena.
 * NDF_OK or NDF_ENOMEM. */
int scoring_lesson(const struct scoring *scoring, enum lesson_kind kind,
    uint64_t about, uint64_t chosen, struct lesson *out);
/* Its factors that are not nothing, and its copies. NDF_OK or NDF_ENOMEM. */
int scoring_detail(const struct scoring *scoring, const struct scored *scored,
    struct ranked *out);

#endif
