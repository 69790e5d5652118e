/*
 * template.h - `${...}` in strings of a plan.
 *
 *     text domain agent_type priority attributes.a.b
 *     steps.NAME.output steps.NAME.output.a.0.b steps.NAME.exit
 *     run agent.name agent.body
 *
 * A string that is one reference and nothing else keeps the value's type; in a
 * longer string the value is inserted as text (strings as they are, all else as
 * canonical JSON). `$${` is a literal `${`. What was inserted is never expanded
 * again, and in an argv it stays inside its element.
 */
#ifndef NDF_RUN_TEMPLATE_H
#define NDF_RUN_TEMPLATE_H

#include "model/context.h"
#include "model/pattern.h"

struct template_step {
    struct str name;            /* as templates call it */
    const struct value *output; /* NULL: it did not run (only undo sees it) */
    int exit;
    bool skipped; /* its `if` did not hold: whatever is asked of it is null */
};

/* What references can see; all borrowed. */
struct template_scope {
    const struct context *context;
    struct str run;
    const struct agent *agent; /* NULL: none */
    const struct template_step *steps;
    size_t step_count;
    bool absent_is_null; /* what the context or an output lacks is no error */
};

/* In a string: text. NDF_EREFERENCE with the nearest known name, NDF_ESYNTAX
 * ("${" without "}"), NDF_ENOMEM. */
int template_text(struct arena *arena, const struct template_scope *scope,
    struct str text, struct str *out, ndf_error *error);
/* In all strings of a value (not its keys), keeping types. Shares memory with
 * in. */
int template_value(struct arena *arena, const struct template_scope *scope,
    const struct value *in, struct value *out, ndf_error *error);
/* Each element of list becomes one element. NDF_ELIMIT when one is over
 * AGENT_ARG_MAX bytes: such things go by stdin. */
int template_list(struct arena *arena, const struct template_scope *scope,
    const struct str_list *list, struct str_list *out, ndf_error *error);

/* What can be known before anything ran. */
struct template_names {
    const struct str *steps; /* that run before */
    size_t step_count;
    bool tasks;                    /* they are those that a task needs */
    const struct context *context; /* the initial one */
    const struct str *writes;      /* attributes that steps before may add */
    size_t write_count;
    bool any_attribute;  /* steps may add others too */
    bool *used;          /* NULL, or step_count flags to be set on use */
    bool absent_is_null; /* as in a scope */
};

/* Syntax, and that each reference can name something. As above. */
int template_check_text(
    const struct template_names *names, struct str text, ndf_error *error);
int template_check_value(const struct template_names *names,
    const struct value *value, ndf_error *error);

/* What the two halves of this module share. */

enum { TEMPLATE_ROOTS = 8 };
extern const struct str template_roots[TEMPLATE_ROOTS];

/* A text is a row of pieces. */
struct template_piece {
    bool reference;
    struct str text; /* of a reference: what stands between the braces */
};

/* Cuts the next piece off *rest; false at the end, or with NDF_ESYNTAX in
 * *err. */
bool template_next(
    struct str *rest, struct template_piece *out, int *err, ndf_error *error);
/* NDF_EREFERENCE: part of reference is unknown; with the nearest of known. */
int template_unknown(struct str reference, struct str part,
    const struct str *known, size_t count, ndf_error *error);

#endif
