/*
 * tree.h - a run as a tree of its steps, made of the records of its journal, so
 * that a run of another process looks the same as one's own.
 */
#ifndef NDF_CLI_TREE_H
#define NDF_CLI_TREE_H

#include "cli/cli.h"

struct tree;

struct tree *tree_new(void);
/* Accepts NULL. */
void tree_free(struct tree *tree);
/* Takes over what a record tells; what it does not know it passes over. */
void tree_record(struct tree *tree, const json_t *record);

/* How it is to be drawn. */
struct tree_view {
    int64_t now_ms;    /* wall time */
    size_t rows;       /* lines at most, at least 2 */
    size_t columns;    /* of a line, at most */
    unsigned tick;     /* moves what is at work */
    const char *stops; /* why it is being stopped; "": it is not */
};

/* Writes one line a step, each cut to the view, and one with the sums. */
void tree_draw(const struct tree *tree, const struct term *to,
    const struct tree_view *view);

#endif
