/*
 * outcome.h - how a run, or a choice, turned out: what learning consumes.
 */
#ifndef NDF_MODEL_OUTCOME_H
#define NDF_MODEL_OUTCOME_H

#include "base/value.h"

/* UNKNOWN: it ended well by its own word, and nothing proves it. */
enum outcome_result { OUTCOME_UNKNOWN, OUTCOME_SUCCESS, OUTCOME_FAILURE };

/* What the evidence of an outcome is that tells of no execution, but that the
 * pattern went, or that its counts were forgotten. */
#define OUTCOME_REMOVED "removed"
#define OUTCOME_RESET   "reset"

struct outcome {
    struct str run;     /* id; .at NULL: reported from outside */
    struct str pattern; /* the one that was chosen; qualified name; .at NULL:
                           none was, and `none` is set */
    struct str domain;  /* .at NULL: unknown */
    struct str text;    /* the task; .at NULL: unknown */
    enum outcome_result result;
    struct str evidence; /* expect, verify, person, override, reask, ... */
    struct str should;   /* the right pattern if known; .at NULL: not */
    bool none;           /* no pattern or agent was right */
    bool follow_up;      /* its text teaches no words */
    double excuse;     /* of a failure that a person told: how likely it is that
                          another should have been chosen; 0..1 */
    struct str lesson; /* bytes; .at NULL: it teaches nothing */
    int64_t at_ms;     /* wall time */
    uint64_t latency_ms;
    double cost; /* NAN: unknown */
};

int outcome_encode(
    struct arena *arena, const struct outcome *outcome, struct value *out);
/* NDF_ESCHEMA, NDF_ENOMEM. */
int outcome_decode(struct arena *arena, const struct value *value,
    struct outcome *out, ndf_error *error);
const char *outcome_result_name(enum outcome_result result);
/* Whether it tells of an execution of its pattern, so that it counts. */
bool outcome_counts(const struct outcome *outcome);
/* Whether it is an event of NDF's own: a removal, or counts forgotten. */
bool outcome_is_event(const struct outcome *outcome);

#endif
