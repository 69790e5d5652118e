/*
 * regex.h - regular expressions with bounded effort (PCRE2, UTF and UCP).
 *
 * PCRE2 bounds the work of one start position only, so a bound for the whole
 * search is made here: the limit given to it shrinks with the length of the
 * text, and every attempt is charged to an account that one call shares among
 * all its expressions. Pure: no clock is asked.
 */
#ifndef NDF_DECIDE_REGEX_H
#define NDF_DECIDE_REGEX_H

#include "base/err.h"
#include "base/mem.h"

enum {
    REGEX_TEXT_MAX = 64 * 1024, /* bytes of the text that are searched */
    REGEX_EFFORT_ONE = 4 * 1000 * 1000,  /* steps one search may take */
    REGEX_EFFORT_ALL = 64 * 1000 * 1000, /* steps all searches of a call may */
};

struct regex;

enum regex_case { REGEX_EXACT, REGEX_FOLDED };
enum regex_result { REGEX_NO, REGEX_YES, REGEX_GAVE_UP };

/* Copies pattern. NDF_OK, NDF_ENOMEM or NDF_ESCHEMA with PCRE2's reason. */
int regex_new(struct regex **out, const struct mem *mem, struct str pattern,
    enum regex_case fold, ndf_error *error);
void regex_free(struct regex *regex);

/* What matching needs beside the expression; one per call and thread. */
struct regex_work {
    struct arena *arena;
    void *context;   /* pcre2_match_context */
    void *data;      /* pcre2_match_data */
    uint64_t effort; /* steps left */
    bool gave_up;    /* some search ended without an answer */
};

/* Allocates nothing until the first search. */
void regex_work_init(struct regex_work *work, struct arena *arena);
/* Whether the text has a match anywhere. GAVE_UP: the effort was used up, or
 * the text is longer than what is searched and that part has no match. text
 * must be valid UTF-8. NDF_OK or NDF_ENOMEM. */
int regex_search(const struct regex *regex, struct regex_work *work,
    struct str text, enum regex_result *out);

#endif
