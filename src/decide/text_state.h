/*
 * text_state.h - an index over features inside; private to text_index.c and
 * text_block.c.
 */
#ifndef NDF_DECIDE_TEXT_STATE_H
#define NDF_DECIDE_TEXT_STATE_H

#include "decide/common_words.h"
#include "decide/postings.h"
#include "decide/text.h"

struct document {
    float length; /* of its core, in words of weight 1 */
    float pivot;  /* the count at which a word gives half of its most */
    float norm;   /* of its TF-IDF vector */
    uint32_t negative_at, negative_count;
    float negative_norm;
    uint64_t identity;
};

struct negative {
    uint32_t hash;
    float weight; /* count, then TF-IDF */
};

struct text_index {
    const struct mem *mem;
    struct document *documents;
    size_t count;
    struct postings words, grams;
    struct common_words common;
    struct negative *negatives; /* by document, then hash */
    size_t negative_count, negative_room;
    bool lent; /* the arrays lie in a block */
};

#endif
