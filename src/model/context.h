/*
 * context.h - what is known about a task. An immutable value.
 */
#ifndef NDF_MODEL_CONTEXT_H
#define NDF_MODEL_CONTEXT_H

#include "base/value.h"

enum {
    CONTEXT_PRIORITY_MIN = 1, /* most urgent */
    CONTEXT_PRIORITY_MAX = 5,
    CONTEXT_NAME_MAX = 256,             /* bytes of domain, agent_type */
    CONTEXT_TEXT_MAX = 1024 * 1024,     /* a longer task goes by file */
    CONTEXT_SIZE_MAX = 8 * 1024 * 1024, /* bytes of one encoded context */
};

struct context {
    struct str domain;       /* dotted; .at NULL: unknown */
    struct str agent_type;   /* .at NULL: unknown */
    int priority;            /* 1..5; 0: unknown */
    struct value attributes; /* always an object; a missing key is unknown */
    struct str text;         /* the task; .at NULL: unknown */
};

/* From {domain, agent_type, priority, attributes, text}, each optional; null
 * is the same as missing. priority may be a word (highest high medium low
 * lowest = 1..5). Borrows value's memory. NDF_ESCHEMA (position and nearest
 * known key in error), NDF_ELIMIT, NDF_ENOMEM. */
int context_decode(struct arena *arena, const struct value *value,
    struct context *out, ndf_error *error);
/* The reverse; unknown parts are left out. Borrows context's memory. */
int context_encode(
    struct arena *arena, const struct context *context, struct value *out);
/* Dotted domain: segments of [A-Za-z0-9_-], at most CONTEXT_NAME_MAX. */
bool context_domain_valid(struct str domain);

#endif
