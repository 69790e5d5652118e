/*
 * when.h - the `if` of a step: whether it is to be called.
 *
 *     ${attributes.urgent}               is it anything but nothing?
 *     not ${attributes.urgent}
 *     ${steps.scan.output.count} > 3     == != < <= > >=
 *     ${domain} == 'web.api'             a number, true, false, null, a word,
 *                                        or a text in quotes
 *
 * Nothing is null, false, 0, an empty text, list or map, and a text that reads
 * false, no, 0 or null. What a reference names and is not there is null. A text
 * is compared with a number, true, false or null as what it reads; agents print
 * texts. What a reference brings is a value and never part of the condition.
 */
#ifndef NDF_RUN_WHEN_H
#define NDF_RUN_WHEN_H

#include "run/template.h"

enum when_op {
    WHEN_TRUE, /* of the left side alone */
    WHEN_EQ,
    WHEN_NE,
    WHEN_LT,
    WHEN_LE,
    WHEN_GT,
    WHEN_GE,
};

struct when_side {
    bool reference;     /* text is "${...}" */
    struct str text;    /* as it was written, without quotes */
    struct value value; /* of what is no reference */
};

struct when {
    bool negated;
    enum when_op op;
    struct when_side left, right;
};

/* Borrows text. NDF_ESYNTAX, NDF_ENOMEM. */
int when_parse(
    struct arena *arena, struct str text, struct when *out, ndf_error *error);
/* What can be known of it before anything ran. Also NDF_EREFERENCE. */
int when_check(struct arena *arena, const struct template_names *names,
    struct str text, ndf_error *error);
/* Also NDF_EREFERENCE (an output that is no JSON) and NDF_EINVAL (an order of
 * what is no number). */
int when_holds(struct arena *arena, const struct template_scope *scope,
    struct str text, bool *out, ndf_error *error);

#endif
