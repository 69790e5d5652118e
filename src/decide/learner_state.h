/*
 * learner_state.h - a learner inside; private to learner*.c.
 *
 * What is learned of one feature is a block of postings, one a class; blocks
 * have room for powers of two and lie in one pool. So a task is scored by
 * walking the blocks of its features, each in one go. Everything is in flat
 * arrays that are written and mapped as they are.
 */
#ifndef NDF_DECIDE_LEARNER_STATE_H
#define NDF_DECIDE_LEARNER_STATE_H

#include "base/map.h"
#include "decide/learner.h"

enum {
    CLASSES_MAX = 1 << 15,
    FEATURES_MAX = 3 << 16,
    POSTINGS_MAX = 5 << 18,
    BLOCK_LOG_MAX = 15, /* of a block's room: as many as classes */
    EXAMPLES_MAX = 8192,
    EXAMPLE_WORDS_MAX = 1 << 20,
    EXAMPLE_FEATURES_MAX = 512,
    SEEN_MAX = 1 << 30, /* tasks with a feature; lessons */
    RIVAL_WORDS = 4,    /* of an example: class, prior (2), structure */
};
#define NO_CLASS UINT32_MAX

/* What is added up to a candidate's evidence, each times its trust. */
enum channel {
    BY_WORDS,
    BY_LIKENESS,
    BY_MEANING,
    BY_CENTROID,
    BY_WEIGHTS,
    BY_BAYES,
    BY_BASE, /* 1 for all */
    CHANNELS,
};

/* Candidates are trusted differently by how many tasks of theirs are known. */
enum { STAGES = 3 };

/* What the fit of the best one is made from; see learner_sure. */
enum { CLUES = 14 };

struct class
{
    uint64_t key; /* 0: free */
    float examples;
    float square; /* of the centroid's sum */
    float mass;   /* of its tasks' features, all together */
    float width;  /* ln(1 + mass / LEARNER_SMOOTH_MASS) */
    float spare;
    float bias;
};

struct feature {
    uint32_t hash;
    uint32_t seen; /* in how many tasks; 0: free */
    uint32_t at;   /* first posting of its block */
    uint16_t count;
    uint16_t log; /* the block has room for 2^log */
};

struct posting {
    uint32_t class; /* in a free block's first one: the next free block */
    float weight;
    float sum;   /* of the feature in tasks of the class */
    float bayes; /* ln(1 + sum / LEARNER_SMOOTH) */
};

/* One kept example: its words lie at..at + size in the ring. */
struct example {
    uint32_t at, size;
};

/* All that is not an array. Written as it is. */
struct learner_head {
    char magic[8];
    uint64_t number;
    uint64_t lessons;
    double trust[STAGES][CHANNELS];
    double trust_square[STAGES][CHANNELS]; /* of its gradients (AdaGrad) */
    double clue[CLUES];
    double clue_square[CLUES];
    struct learner_bin bins[LEARNER_BINS];
    uint32_t free_blocks[BLOCK_LOG_MAX + 1]; /* + 1; 0: none */
    uint32_t first_example, example_count, word_at;
    uint32_t free_classes, free_features, spare;
    /* of the arrays behind the head */
    uint64_t classes, features, postings, examples, words;
};

struct array {
    void *at;
    size_t count, room;
    bool owned;
};

struct learner {
    const struct mem *mem;
    struct learner_head head;
    struct array classes;  /* struct class */
    struct array features; /* struct feature */
    struct array postings; /* struct posting */
    struct array examples; /* struct example; a ring when it is full */
    struct array words;    /* uint32_t; a ring when it is full */
    /* Made anew, never written. */
    uint32_t *class_slots,
        *feature_slots; /* index + 1 by hash; powers of two */
    size_t class_slot_count, feature_slot_count;
    size_t free_from; /* no free feature comes before */
    float *dense;     /* scratch of learning: DENSE floats a class */
    size_t dense_room;
};

enum { DENSE = 8 };

static inline struct class *classes_of(const struct learner *l)
{
    return l->classes.at;
}

static inline struct feature *features_of(const struct learner *l)
{
    return l->features.at;
}

static inline struct posting *postings_of_learner(const struct learner *l)
{
    return l->postings.at;
}

/* Smoothing of naive Bayes: as if each of so many features had been there that
 * much in every class. */
#define LEARNER_SMOOTH      0.02
#define LEARNER_SMOOTH_MASS 100.0

/* ---- learner_pool.c ------------------------------------------------------ */

/* NO_CLASS: not known. */
uint32_t learner_class(const struct learner *learner, uint64_t key);
/* Makes it when it is not known; *out NO_CLASS when there is no room for more.
 * NDF_OK or NDF_ENOMEM. */
int learner_add_class(struct learner *learner, uint64_t key, uint32_t *out);
void learner_remove_class(struct learner *learner, uint32_t class);

#define NO_FEATURE UINT32_MAX
uint32_t learner_feature(const struct learner *learner, uint32_t hash);
/* For all features of a task: those that it has are not swept away while it is
 * learned. NDF_OK or NDF_ENOMEM. */
int learner_make_room(struct learner *learner);
int learner_add_feature(struct learner *learner, uint32_t hash, uint32_t *out);
/* The posting of a class, made when create is set and there is room; NULL. */
int learner_posting(struct learner *learner, uint32_t feature, uint32_t class,
    struct posting **out);
/* Rebuilds what is not written. NDF_OK or NDF_ENOMEM. */
int learner_index(struct learner *learner);

/* Words of an example, at most EXAMPLE_WORDS_MAX / 4; the oldest go. */
int learner_keep_example(
    struct learner *learner, const uint32_t *words, size_t count);
const uint32_t *learner_example(
    const struct learner *learner, size_t index, size_t *size);

/* ---- learner_look.c ------------------------------------------------------ */

/* A task as the learner sees it. */
struct sight {
    uint32_t *ids; /* NO_FEATURE: never seen */
    float *values; /* the unit vector of its features */
    size_t count;
    float total; /* sum of values */
};

struct dense {
    struct learner_sums *sums;
    float *evidence, *share, *gradient;
    uint32_t *stamp;
};
/* Adds to the sums of all classes, which are 0: what speaks for each. */
void learner_sum(const struct learner *learner, const struct sight *sight,
    struct learner_sums *sums);
/* Values of features: kind, times and how rare they are; then of length 1. */
void learner_weigh(const struct learner *learner, const uint32_t *hashes,
    const uint8_t *times, struct sight *sight);
struct learned learner_learned(const struct learner *learner, uint32_t class,
    const struct learner_sums *sums);
/* All that was learned that speaks for one. */
static inline double learner_past(
    const double trust[CHANNELS], const struct learned *learned)
{
    return trust[BY_CENTROID] * (double)learned->centroid +
           trust[BY_WEIGHTS] * (double)learned->weights +
           trust[BY_BAYES] * (double)learned->bayes + trust[BY_BASE] +
           (double)learned->bias;
}
int learner_stage(const struct learned *learned);
/* What the fit is made from. */
void learner_clues(const struct learner *learner,
    const struct learner_best *best, double out[CLUES]);
extern const double learner_trust[CHANNELS];
extern const double learner_clue[CLUES];

#endif
