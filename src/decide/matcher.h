/*
 * matcher.h - regular expressions with bounded effort (PCRE2, UTF and UCP).
 *
 * PCRE2 bounds the work of one start position only, so a bound for the whole
 * search is made here: the limit given to it shrinks with the length of the
 * text, and every attempt is charged to an account that one call shares among
 * all its expressions. Pure: no clock is asked.
 */
#ifndef NDF_DECIDE_MATCHER_H
#define NDF_DECIDE_MATCHER_H

#include "base/err.h"
#include "base/mem.h"

enum {
    MATCHER_TEXT_MAX = 64 * 1024, /* bytes of the text that are searched */
    MATCHER_EFFORT_ONE = 40 * 1000 * 1000, /* steps one search may take */
    MATCHER_EFFORT_ALL =
        640 * 1000 * 1000, /* steps all searches of a call may */
};

struct matcher;

enum matcher_case { MATCHER_EXACT, MATCHER_FOLDED };
enum matcher_result { MATCHER_NO, MATCHER_YES, MATCHER_GAVE_UP };

/* Copies pattern. NDF_OK, NDF_ENOMEM or NDF_ESCHEMA with PCRE2's reason. */
int matcher_new(struct matcher **out, const struct mem *mem, struct str pattern,
    enum matcher_case fold, ndf_error *error);
void matcher_free(struct matcher *matcher);

/* What matching needs beside the expression; one per call and thread. */
struct matcher_work {
    struct arena *arena;
    void *context;   /* pcre2_match_context */
    void *data;      /* pcre2_match_data */
    uint64_t effort; /* steps left */
    bool gave_up;    /* some search ended without an answer */
};

/* Allocates nothing until the first search. */
void matcher_work_init(struct matcher_work *work, struct arena *arena);
/* Pays for other work of the call, of so many steps; false: there is not so
 * much left, and it is given up. */
bool matcher_charge(struct matcher_work *work, uint64_t steps);
/* Whether the text has a match anywhere. GAVE_UP: the effort was used up, or
 * the text is longer than what is searched and that part has no match. text
 * must be valid UTF-8. NDF_OK or NDF_ENOMEM. */
int matcher_search(const struct matcher *matcher, struct matcher_work *work,
    struct str text, enum matcher_result *out);

#endif
