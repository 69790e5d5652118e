/*
 * lesson.h - one thing to learn: a task, those that competed for it, and what
 * was told about it.
 *
 * A lesson is whole: it has all that learning from it needs, so learning is a
 * fold over lessons and depends on no registry. The task is in it as hashed
 * features, not as text. Its byte form is kept with the outcome that it came
 * from; all numbers are little-endian.
 */
#ifndef NDF_DECIDE_LESSON_H
#define NDF_DECIDE_LESSON_H

#include <stdint.h>

#include "base/buf.h"
#include "base/mem.h"

enum {
    LESSON_RIVALS_MAX = 18,     /* the best 16, the chosen and the right one */
    LESSON_FEATURES_MAX = 1024, /* of a task */
};

enum lesson_kind {
    LESSON_RIGHT = 1, /* `about` was right */
    LESSON_WRONG,     /* `about` was taken, and was not */
    LESSON_NONE,      /* none of all that there are is right */
    LESSON_GONE,      /* `about` was removed: forget it */
};

/* One that competed; by the key of candidates (choice.h). */
struct lesson_rival {
    uint64_t key;
    float words;     /* 0..1: BM25 share */
    float likeness;  /* 0..1: cosine */
    float meaning;   /* 0..1: what a provider of evidence says; 0: nothing */
    float structure; /* log-odds of law, taste, domain, kind, not_for */
};

/* A hashed feature of a task; its top two bits tell its kind: a word, a pair of
 * words that follow one another, a 4-gram. */
struct lesson_feature {
    uint32_t hash;
    uint8_t times; /* how often it stands there, 255 or more: 255 */
};

struct lesson {
    enum lesson_kind kind;
    uint64_t about; /* a key */
    float mass;     /* the IDF mass of the task's words */
    uint32_t crowd; /* how many there were to choose from */
    struct lesson_rival *rivals;
    size_t rival_count;
    struct lesson_feature *features; /* always in the same order */
    size_t feature_count;
};

/* Appends the byte form. NDF_OK or NDF_ENOMEM. */
int lesson_encode(const struct lesson *lesson, struct buf *out);
/* Any bytes may come. *out lives in arena. NDF_OK, NDF_ECORRUPT, NDF_ENOMEM. */
int lesson_decode(
    struct arena *arena, const char *bytes, size_t size, struct lesson *out);

#endif
