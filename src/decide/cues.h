/*
 * cues.h - the words by which a description says when to use something and
 * when not to. English only, one table (cues.c): text in other languages has no
 * cues and is read as it stands.
 */
#ifndef NDF_DECIDE_CUES_H
#define NDF_DECIDE_CUES_H

#include "base/str.h"

enum cue {
    CUE_NONE,
    CUE_USE,     /* "use this agent when" */
    CUE_NOT_FOR, /* "not for", "do not use it when" */
    CUE_OTHER,   /* "use X instead": about another one */
};

/* Where in its clause a text stands. */
enum cue_place {
    CUE_AT_START,     /* of a clause: all cues count */
    CUE_INSIDE,       /* only those for what it is not for */
    CUE_IN_GUIDANCE,  /* inside one that said when to use it: "except" too */
    CUE_IN_EXCLUSION, /* inside one that said when not: what ends it */
    CUE_AFTER_COMMA,  /* the same, behind a comma: "use X" ends it too */
};

/* Whether a cue starts at the first byte of rest, which is the start of a word
 * and goes to the end of its clause. *size is how many bytes the cue has; in
 * CUE_AT_START "for Y use X instead" is CUE_NOT_FOR and has the size of "for".
 */
enum cue cue_at(struct str rest, enum cue_place place, size_t *size);
/* Whether rest starts with a word after which people quote requests. */
bool cue_quotes(struct str rest);
/* The bytes of the word at the start of rest: letters and ' and -. */
size_t cue_word(struct str rest);
/* The same words, whatever their case; b is in small letters. */
bool cue_same(struct str a, struct str b);

#endif
