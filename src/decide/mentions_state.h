/*
 * mentions_state.h - mentions inside; private to mentions.c and
 * mentions_block.c.
 */
#ifndef NDF_DECIDE_MENTIONS_STATE_H
#define NDF_DECIDE_MENTIONS_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/vec.h"

enum {
    ROOT_GLOB,
    ROOT_DOMAIN,
    ROOT_ATTRIBUTE,
    ROOTS,
    NODE_NONE = 0, /* no edge leads to a root */
};

/* `*` and `**` are edges to themselves: no segment is one of these pairs. */
enum edge_kind { EDGE_TEXT, EDGE_ANY, EDGE_BELOW };

/* A part of the texts. */
struct text_part {
    uint32_t at, size;
};

struct edge {
    struct text_part text;
    uint32_t from;
    uint32_t to; /* NODE_NONE: a free slot */
    uint32_t kind;
};

struct long_glob {
    struct text_part glob;
    uint32_t candidate;
};

/* What is in a block beside the arrays. */
struct numbers {
    uint64_t seed;
    uint64_t candidates; /* how many there are */
};

struct mentions {
    const struct mem *mem;
    struct numbers numbers;
    struct edge *edges; /* open addressing */
    size_t edge_room;   /* a power of two, more than twice edge_count */
    size_t edge_count;
    uint32_t node_count;
    uint32_t *starts; /* node_count + 1: where each node's list begins */
    uint32_t *lists;
    size_t list_count;
    struct long_glob *globs;
    size_t glob_count;
    char *texts;
    size_t text_size;
    bool lent;             /* the arrays above lie in a block */
    struct buf own_texts;  /* if not */
    struct vec long_globs; /* struct long_glob; if not */
};

static inline struct str mentions_text(
    const struct mentions *m, struct text_part part)
{
    if (part.size == 0) return STR("");
    return (struct str){m->texts + part.at, part.size};
}

#endif
