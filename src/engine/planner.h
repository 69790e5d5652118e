/*
 * planner.h - from a name to a plan: references resolved, defaults inherited,
 * programs found and trusted.
 */
#ifndef NDF_ENGINE_PLANNER_H
#define NDF_ENGINE_PLANNER_H

#include "engine/registry.h"
#include "engine/trust.h"
#include "model/plan.h"
#include "store/store.h"

/* Where a plan takes its parts from; all borrowed. */
struct planner {
    const struct registry *registry;
    struct store_reader *reader;
    const struct trust *trust;
    bool (*bound)(void *ud, struct str agent); /* a callback of the host? */
    void *ud;
    struct str cwd;
};

/* What a composed plan is made of: a pattern for each part of a task. */
struct plan_part {
    struct str pattern, task;
};

struct plan_parts {
    bool parallel;
    struct plan_part *items;
    size_t count;
};

/* Plans the pattern or agent of that name, or the function that is bound to a
 * name which the registry has not. Everything of *out lives in arena.
 * NDF_ENOTFOUND, NDF_EREFERENCE (names the reference and the nearest known),
 * NDF_ECYCLE, NDF_EUNTRUSTED, NDF_EUNSUPPORTED, NDF_ENOMEM, store errors. */
int planner_plan(const struct planner *planner, struct arena *arena,
    struct str name, struct plan *out, ndf_error *error);
/* The same for a pattern that was chosen for the phase of that id. */
int planner_plan_chosen(const struct planner *planner, struct arena *arena,
    struct str phase, struct str name, struct plan *out, ndf_error *error);
/* A plan of one phase, with a member for each part, which has the part's task;
 * no pattern of the registry, though it has a name like one. */
int planner_plan_parts(const struct planner *planner, struct arena *arena,
    const struct plan_parts *parts, struct plan *out, ndf_error *error);

#endif
