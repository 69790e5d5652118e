/*
 * meaning.h - evidence by the meaning of words: how near the mean of a task's
 * word vectors is to that of each candidate's words.
 */
#ifndef NDF_DECIDE_MEANING_H
#define NDF_DECIDE_MEANING_H

#include "decide/evidence.h"
#include "decide/text.h"
#include "decide/vectors.h"

struct meaning;

/* Of count candidates, each without words at first. Refers to vectors. NDF_OK
 * or NDF_ENOMEM. */
int meaning_new(struct meaning **out, const struct mem *mem,
    struct vectors *vectors, size_t count);
/* Accepts NULL. */
void meaning_free(struct meaning *meaning);
/* What a candidate is called and says of itself: its name, description and
 * examples; other fields are passed over. Once for each, before any score. */
int meaning_set(struct meaning *meaning, size_t candidate,
    const struct text_field *fields, size_t count);
/* Borrows meaning. */
struct evidence meaning_evidence(const struct meaning *meaning);

#endif
