/*
 * clauses.h - a task cut into the things that it may ask for.
 *
 * Only where to cut is told here; whether a piece is a thing of its own is for
 * who selects for it. Lists need no language: lines, semicolons, numbers. Words
 * for "then", "after" and "and" are known of some languages.
 */
#ifndef NDF_DECIDE_CLAUSES_H
#define NDF_DECIDE_CLAUSES_H

#include "base/str.h"

enum { CLAUSES_MAX = 8, CLAUSES_TEXT_MAX = 16 * 1024 };

/* How a clause is tied to the one before it; a stronger one comes later. */
enum clause_join {
    CLAUSE_FIRST,
    CLAUSE_AND,      /* a comma, or a word for "and" */
    CLAUSE_LIST,     /* a line, a semicolon */
    CLAUSE_SENTENCE, /* the next one */
    CLAUSE_ORDER,    /* comes after it: a number, "then" */
    CLAUSE_AFTER,    /* comes before it: "A after B" */
};

struct clause {
    size_t start, end; /* in the text */
    enum clause_join join;
};

/* At all joins, or at all but CLAUSE_AND. */
enum clauses_cut { CLAUSES_STRONG, CLAUSES_ALL };

/* How many there are; 0: too many, or the text is too long. */
size_t clauses_find(
    struct str text, enum clauses_cut cut, struct clause out[CLAUSES_MAX]);

#endif
