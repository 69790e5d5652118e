/*
 * start.h - a run before it starts: what both starting it and only showing its
 * plan do.
 */
#ifndef NDF_ENGINE_START_H
#define NDF_ENGINE_START_H

#include "base/buf.h"
#include "engine/planner.h"
#include "engine/runner.h"

/* The place of a run among those that are tried one after the other (chain.c);
 * all borrowed. */
struct start_place {
    struct str of;              /* the run before; .at NULL: it is the first */
    struct str id;              /* that it takes; .at NULL: a new one */
    struct str_list after;      /* patterns to be tried when it fails */
    const struct value *passed; /* that could not be started; NULL: none */
};

/* What a run is started with; all borrowed. */
struct start_request {
    const char *pattern;
    const ndf_context *context;
    const ndf_run_options *options;  /* NULL: all defaults */
    const struct start_place *place; /* NULL: as the options say */
};

/* The options with the defaults for what is not given. NDF_EINVAL. */
int start_options(
    const ndf_run_options *given, ndf_run_options *out, ndf_error *error);
/* What is to be run: a pattern, or what the options compose. NDF_EINVAL. */
int start_check(
    const char *pattern, const ndf_run_options *options, ndf_error *error);
/* Starts a run. NDF_EEXISTS: the place's id is taken, or it is not due. */
int start_run(ndf_engine *engine, const struct start_request *request,
    ndf_run **out, ndf_error *error);

/* What is planned; borrowed. */
struct plan_request {
    struct str pattern; /* or agent, or bound function */
    struct str phase; /* id of the one it was chosen for; empty: a whole run */
    struct str cwd;   /* where agents run; absolute */
    const struct plan_parts *parts; /* instead of pattern; NULL: none */
};

/* By the registry of now. The plan lives in arena, with what it borrows. As
 * planner_plan. */
int start_plan(ndf_engine *engine, struct arena *arena,
    const struct plan_request *request, struct plan *out, ndf_error *error);
/* Gives a new run its id, plan, context and executor, and draws its seed.
 * Nothing is owned, written or started. As ndf_run_start. */
int start_prepare(struct ndf_run *run, const struct start_request *request,
    uint64_t *seed, ndf_error *error);
/* Record 0 of a prepared run: {plan, context, domain?, seed}, in that
 * arena, and its canonical bytes into body. NDF_ELIMIT, NDF_ENOMEM. */
int start_encode(struct ndf_run *run, uint64_t seed, struct arena *arena,
    struct value *out, struct buf *body, ndf_error *error);

#endif
