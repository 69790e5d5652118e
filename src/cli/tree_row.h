/*
 * tree_row.h - one line of a run's tree.
 */
#ifndef NDF_CLI_TREE_ROW_H
#define NDF_CLI_TREE_ROW_H

#include "cli/term.h"

enum row_state {
    ROW_PENDING,
    ROW_RUNNING,
    ROW_WAITING, /* to be tried again */
    ROW_DONE,
    ROW_FAILED,
    ROW_SKIPPED,
    ROW_UNDOING,
    ROW_UNDONE,
    ROW_UNDO_FAILED,
    ROW_DOUBT,
    ROW_STATES,
};

/* A step, or a group of what stands below it. */
struct tree_row {
    char *id;         /* "build/review/scan" */
    char *note;       /* why it failed; NULL */
    char *undeclared; /* what it changed without saying so before; NULL */
    size_t depth;
    bool group;
    enum row_state state;
    int64_t since_ms; /* of its call, or until when it waits; wall time */
    int64_t took_ms;  /* all its calls that ended; -1: none did */
    int64_t attempt, tokens;
    double cost;
    bool has_cost;
};

struct tree_sums {
    size_t steps, done, hidden;
    int64_t tokens, began_ms, ended_ms;
    double cost;
    bool has_cost;
};

/* Where and how wide. */
struct tree_line {
    const struct term *to;
    size_t columns, label;
    int64_t now_ms;
    unsigned tick;
};

/* The last part of its id. */
const char *tree_row_label(const struct tree_row *row);
bool tree_row_works(const struct tree_row *row);
void tree_row_draw(const struct tree_row *row, const struct tree_line *line);
void tree_sums_draw(const struct tree_sums *sums, const struct tree_line *line,
    const char *stops);

#endif
