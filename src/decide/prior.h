/*
 * prior.h - what a context says of all candidates before anything that was
 * learned or counted: whose law holds, how their words suit, what the text is
 * about.
 *
 * It depends on the context and the selector alone, so it may be kept and used
 * again for the same context: what is learned, counted, asked of the host or
 * configured is put to it anew each time.
 */
#ifndef NDF_DECIDE_PRIOR_H
#define NDF_DECIDE_PRIOR_H

#include "decide/index.h"
#include "decide/text.h"

/* Lives in an arena, or in one block, and borrows from its selector. */
struct prior {
    struct index_matches matches; /* whoever asks the host among them */
    struct text_query text;
    struct text_scores scores;
    struct lesson_feature *features; /* of the task; NULL: not made yet */
    size_t feature_count;
    float *meaning;    /* of each match; NULL: nobody says */
    struct str domain; /* inferred; .at NULL: stated, or there is no text */
};

/* Adds what a copy must have: the features. NDF_OK or NDF_ENOMEM. */
int prior_finish(struct prior *prior, struct arena *arena);
/* A copy in one block, for the next time: what choosing does not need is left
 * out (good_for one by one, 4-grams, pairs, who is excluded). Borrows from the
 * selector still, but from no context. */
size_t prior_size(const struct prior *prior);
/* at: prior_size bytes, aligned for any type; the copy begins there. */
void prior_write(const struct prior *prior, void *at);

#endif
