/*
 * scoring.h - a selector inside, and the evidence of one choice; private to
 * scoring*.c, ranking.c and selector*.c.
 *
 * A context may allow a hundred thousand candidates of which only a few have
 * anything of their own to say. So evidence is kept in two forms: a candidate
 * that shares a word with the task, or of which anything was learned, is
 * `told` by itself; of all others only the shape of their structure matters,
 * and those of one shape are a group with one number for all.
 */
#ifndef NDF_DECIDE_SCORING_H
#define NDF_DECIDE_SCORING_H

#include "base/names.h"
#include "decide/choice.h"
#include "decide/domain.h"
#include "decide/evidence.h"
#include "decide/index.h"
#include "decide/learner.h"
#include "decide/mentions.h"
#include "decide/overlap.h"
#include "decide/prior.h"
#include "decide/text.h"

/* What structure asks of a candidate, side by side. */
struct trait {
    uint32_t head;    /* hash of the first segment of its name */
    uint32_t laws;    /* where its alternatives are in selector->laws */
    uint8_t suits[3]; /* its kind's part of a shape, by the hint */
    uint8_t law;      /* that of the first alternative */
    bool copied;      /* another one has the same words */
    bool globs;       /* its taste may like a guessed domain */
    bool usual;       /* its success is counted by the configuration */
};

/* One alternative of a law. */
struct law {
    uint16_t predicates;
    bool for_domain; /* it asks for domains, not just shuts some out */
};

struct selector {
    const struct mem *mem;
    struct candidate *candidates;
    size_t count;
    struct trait *traits; /* of each candidate */
    struct law *laws;     /* the first is that of who has none */
    size_t law_count;
    bool asks;               /* some candidate asks the host */
    struct names *names;     /* of the candidates */
    const struct str *saved; /* while it is made: blocks; NULL: none */
    struct index *index;
    struct mentions *mentions;
    struct overlap *overlap;
    struct text_index *text;
    struct domains *domains;
    struct evidence_list evidence; /* beside the words */
};

/* What is known of the structure of a match, as far as it weighs anything:
 * predicates beyond the third add nothing. */
enum { SHAPES = 256, SHAPE_NONE = SHAPES - 1 /* nothing speaks for it */ };

/* All that is known of one match. */
struct scored {
    const struct index_match *match;
    uint32_t number;        /* of the match */
    struct text_score text; /* zero when it shares no term */
    double similarity;      /* of the prior */
    float meaning;          /* what providers of evidence say, 0..1 */
    struct learned learned;
    struct learner_parts parts;
    double evidence;     /* of text and of the past, all together */
    double structure;    /* log-odds of law, taste, not_for, ... */
    uint32_t law;        /* predicates of the alternative that holds */
    int8_t domain, kind; /* values of these factors */
    bool for_domain;     /* its law asks for the domain that was stated */
};

/* What choosing among all needs of one that is told. */
struct told {
    uint32_t match;
    uint32_t text; /* which score + 1; 0: it shares no term */
    double evidence, structure;
    double log_odds; /* but for rounding; see scoring_rank */
    uint8_t shape;
};

/* Those of one shape of whom nothing else is known. */
struct group {
    uint32_t count; /* 0: all of that shape are told */
    uint32_t first; /* match */
    bool made;      /* the numbers are */
    uint8_t shape;
    bool for_domain;  /* as of each of them */
    double structure; /* as a part of the fit by text */
    double alone;     /* the odds that structure alone gives */
    double log_odds;
    double fit;
};

/* The best by evidence and structure, and the best that are no copy of it. */
struct leaders {
    bool any; /* false: the task has no words */
    struct scored best;
    double log_odds; /* of the best */
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
    const struct prior *prior;
    struct lesson_feature *features; /* of the task, for what was learned */
    size_t feature_count;
    struct index_matches matches; /* those that may be chosen */
    const float *meaning;         /* of each match; NULL: nobody says */
    size_t refused;               /* by the host, though their law holds */
    struct learner_view past;
    struct str domain; /* .at NULL: unknown */
    bool domain_inferred;
    struct str domain_head; /* what a name may say of it; empty: nothing */
    uint32_t domain_hash;   /* of that */
    enum pattern_kind hint;
    struct told *told; /* by match */
    size_t told_count;
    uint8_t *shapes;       /* of each match; SHAPE_NONE of who is told, too */
    uint8_t slots[SHAPES]; /* in groups */
    struct group *groups;  /* one a shape that any match has */
    size_t group_count;
    double plain; /* the evidence of those in groups */
    struct leaders leaders;
    double odds; /* of all that structure speaks for, and of none */
};

/* Of the block of copies that a selector is made with. NDF_OK,
 * NDF_ECORRUPT, NDF_ENEWER. */
int selector_read_copies(struct selector *selector);
/* Of the block of laws, which must be of these rules. The same. */
int selector_open_laws(
    struct selector *selector, const struct index_rule *rules);

static inline struct group *scoring_group(
    const struct scoring *scoring, uint8_t shape)
{
    return &scoring->groups[scoring->slots[shape]];
}

/* One of all that have any evidence. */
struct walk_item {
    uint32_t match;
    const struct told *told;   /* NULL: it is one of the group */
    const struct group *group; /* of its shape */
};

/* Goes over them by match. Begins as {0}; with told_only it passes over those
 * in groups. */
struct walk {
    size_t match, told;
    bool told_only;
};

static inline bool walk_next(
    const struct scoring *scoring, struct walk *walk, struct walk_item *out)
{
    size_t next = walk->told < scoring->told_count
                      ? scoring->told[walk->told].match
                      : scoring->matches.count;
    size_t at = walk->told_only ? next : walk->match;
    while (at < next && scoring->shapes[at] == SHAPE_NONE)
        at++;
    walk->match = at + 1;
    if (at == scoring->matches.count) {
        walk->match = at;
        return false;
    }
    out->match = (uint32_t)at;
    bool told = at == next;
    out->told = told ? &scoring->told[walk->told++] : NULL;
    uint8_t shape = told ? out->told->shape : scoring->shapes[at];
    out->group = scoring_group(scoring, shape);
    return true;
}

static inline double walk_evidence(
    const struct scoring *scoring, const struct walk_item *item)
{
    return item->told != NULL ? item->told->evidence : scoring->plain;
}

static inline double walk_sum(
    const struct scoring *scoring, const struct walk_item *item)
{
    if (item->told != NULL) return item->told->evidence + item->told->structure;
    return scoring->plain + item->group->structure;
}

static inline double walk_log_odds(const struct walk_item *item)
{
    return item->told != NULL ? item->told->log_odds : item->group->log_odds;
}

/* ---- scoring_structure.c ------------------------------------------------- */

/* Makes traits and laws of the candidates, but for `copied`. NDF_OK or
 * NDF_ENOMEM; traits_deinit is right after both. */
int traits_init(struct selector *selector);
void traits_deinit(struct selector *selector);
/* Fills in the shapes of all matches, none of which is SHAPE_NONE, and 1 in the
 * slots of those that there are. */
void structure_shapes(struct scoring *scoring);
/* Whether a law or a taste holds in it. */
bool shape_speaks(uint8_t shape);
/* How many predicates of its law hold. */
uint32_t structure_law(const struct scoring *scoring, size_t match);
/* Fills in what structure says, but for `structure` itself. */
void structure_look(const struct scoring *scoring, struct scored *scored);
void structure_put(const struct scored *scored, struct fit_evidence *evidence);
/* The first segment of what a dotted name says without its source. */
struct str structure_head(struct str name);
uint32_t structure_hash(struct str head);

/* ---- scoring_prior.c ------------------------------------------------------
 */

/* Lives in arena and borrows from selector and context. NDF_OK, NDF_ENOMEM. */
int scoring_prior(const struct selector *selector,
    const struct context *context, struct arena *arena, struct prior *out);

/* ---- scoring.c ----------------------------------------------------------- */

/* Filter, text and fit: fills *out. NDF_OK, NDF_ENOMEM, or what asking said. */
int scoring_make(const struct selector *selector,
    const struct selector_query *query, struct arena *arena,
    struct scoring *out);
/* Who is told of a match, or NULL. */
const struct told *scoring_told(const struct scoring *scoring, size_t match);
/* Makes features, if the prior has none. NDF_OK or NDF_ENOMEM. */
int scoring_features(struct scoring *scoring);
/* All that is known of a match that has any evidence, by who is told of it. */
void scoring_look(const struct scoring *scoring, size_t match,
    const struct told *told, struct scored *out);
/* The match of a candidate, or SELECTOR_NONE: it may not be chosen. */
size_t scoring_match(const struct scoring *scoring, size_t candidate);
/* The one of a candidate; false: it has no evidence, or may not be chosen. */
bool scoring_find(
    const struct scoring *scoring, size_t candidate, struct scored *out);
/* What speaks for one, and against it. */
void scoring_evidence(const struct scoring *scoring,
    const struct scored *scored, struct fit_evidence *out);
double scoring_log_odds(
    const struct scoring *scoring, const struct scored *scored);
static inline uint64_t scoring_identity(
    const struct scoring *scoring, size_t match)
{
    return text_index_identity(
        scoring->selector->text, scoring->matches.items[match].candidate);
}

/* ---- scoring_detail.c ---------------------------------------------------- */

/* Asks for the counts of a candidate. */
void scoring_count(const struct scoring *scoring, size_t candidate,
    struct success_counts *out);
/* Fit, success, confidence, level and threshold of one. */
void scoring_rank(const struct scoring *scoring, const struct scored *scored,
    struct ranked *out);
/* The same of one in a group, whose counts are known. */
void scoring_rank_plain(const struct scoring *scoring,
    const struct walk_item *item, const struct success_counts *counts,
    struct ranked *out);
/* Its factors that are not nothing, and its copies. NDF_OK or NDF_ENOMEM. */
int scoring_detail(const struct scoring *scoring, const struct scored *scored,
    struct ranked *out);

/* ---- scoring_lesson.c ---------------------------------------------------- */

/* The lesson of this choice: kind about `about`, among the best and those two;
 * candidates of theirs that are not there are left out. Lives in the arena.
 * NDF_OK or NDF_ENOMEM. */
int scoring_lesson(struct scoring *scoring, enum lesson_kind kind,
    uint64_t about, uint64_t chosen, struct lesson *out);

/* ---- ranking.c ----------------------------------------------------------- */

struct place {
    struct ranked ranked;
    uint32_t match;
    uint32_t law; /* predicates of the alternative that holds */
};

/* The best `limit` of all, in order, without their details; in the arena. At
 * most SELECTOR_SCORED_MAX. NDF_OK or NDF_ENOMEM. */
int ranking_make(const struct scoring *scoring, size_t limit,
    const struct place ***out, size_t *count);

#endif
