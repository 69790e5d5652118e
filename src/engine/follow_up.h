/*
 * follow_up.h - tasks that say nothing by themselves: "yes", "try again".
 */
#ifndef NDF_ENGINE_FOLLOW_UP_H
#define NDF_ENGINE_FOLLOW_UP_H

#include "engine/runner.h"

/* A selection that was made for a task of a session; all borrowed. */
struct follow_up_query {
    const char *session;
    const struct registry *registry;
    const struct selector_query *query;
};

/* Whether the task follows up the last turn: it is short, no word of it speaks
 * for any pattern, and the one of the last turn may be taken. Then that is what
 * the selection takes, and its reason says so. */
int follow_up_apply(ndf_engine *engine, const struct follow_up_query *what,
    struct arena *arena, struct selection *selection, bool *follows,
    ndf_error *error);

/* Of a run that is about to start: takes the session over and finds out whether
 * the run follows up. */
int follow_up_begin(struct ndf_run *run, const char *session, ndf_error *error);
/* What the first record says of it, and back. */
int follow_up_encode(
    const struct ndf_run *run, struct arena *arena, struct value *start);
void follow_up_decode(struct ndf_run *run, const struct value *start);
/* In the transaction that starts the run: it has the last turn. */
int follow_up_turn(
    struct store_tx *tx, const struct ndf_run *run, ndf_error *error);

/* Of a run that was recorded: its session, .at NULL if it is of none, and
 * whether it was a follow-up. In arena. */
int follow_up_recorded(ndf_engine *engine, struct str run, struct arena *arena,
    struct str *session, bool *follow_up, ndf_error *error);

#endif
