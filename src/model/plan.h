/*
 * plan.h - a pattern made ready to run: a tree with stable ids, all references
 * resolved, everything a run needs inside.
 *
 * The plan is journaled before anything starts, so later edits of files do not
 * touch a run under way. The plan of steps or tasks is a tree of nodes: a leaf
 * is one step with the agent it calls; a parallel node stands at its root only,
 * its children are steps, which name by `needs` those that come before them.
 * The plan of a meta pattern has phases, and in them whole plans: ids of what
 * is inside begin with those of the phase and pattern ("build/review/scan").
 */
#ifndef NDF_MODEL_PLAN_H
#define NDF_MODEL_PLAN_H

#include "model/context.h"
#include "model/pattern.h"

enum {
    PLAN_DEPTH_MAX = 16,
    PLAN_NODES_MAX = 10000,
    PLAN_BYTES_MAX = 16 * 1024 * 1024,
};

enum node_kind { NODE_STEP, NODE_SEQUENCE, NODE_PARALLEL };

enum runtime { RUNTIME_PROCESS, RUNTIME_CALLBACK };

struct plan_node {
    enum node_kind kind;
    struct str id; /* stable: "scan", "phase/scan"; unique in the plan; a
                      root with children may have none */
    /* NODE_STEP */
    struct step step; /* timeouts and retries already inherited */
    enum runtime runtime;
    struct agent agent;      /* with run resolved (argv[0] may be a path) */
    struct agent undo_agent; /* when step.undo.agent names one */
    enum runtime undo_runtime;
    struct agent verify_agent; /* when step.verify names one */
    enum runtime verify_runtime;
    /* NODE_SEQUENCE, NODE_PARALLEL */
    struct plan_node *children;
    size_t child_count;
    /* NODE_PARALLEL: as in a pattern */
    uint32_t max_concurrent;
    double resource_threshold;
    double failure_tolerance;
};

struct plan;

/* A phase of a meta pattern. */
struct plan_phase {
    struct str id; /* "build"; unique as those of nodes */
    bool select;   /* its one pattern is chosen when it is reached */
    bool parallel; /* its patterns run side by side */
    struct success_criteria success;
    struct str_list triggers;
    struct allocation allocation;
    struct plan *plans; /* NULL when select */
    size_t plan_count;
};

struct plan {
    struct str id;      /* "build/review"; empty: of the whole run */
    struct str pattern; /* qualified name */
    struct str version; /* hash of the pattern's canonical bytes, hex */
    struct str cwd;     /* where agents run; absolute */
    struct str task;    /* for what is inside; .at NULL: that of the context */
    enum context_policy policy;
    uint64_t timeout_ms;
    bool rollback;
    bool approval; /* a person must approve the run before its first step */
    struct budget budget;
    struct plan_node root; /* without children when there are phases */
    struct plan_phase *phases;
    size_t phase_count;
    enum rollback_strategy strategy; /* of a failed phase */
};

/* Calls visit for each leaf, in order, also of plans inside; stops at the first
 * that does not answer NDF_OK. Plans that are not chosen yet have none. */
int plan_each_step(const struct plan *plan,
    int (*visit)(void *ud, const struct plan_node *step), void *ud);

/* NDF_ENOMEM; NDF_ELIMIT: deeper than PLAN_DEPTH_MAX or over PLAN_BYTES_MAX.
 */
int plan_encode(
    struct arena *arena, const struct plan *plan, struct value *out);
/* Of a record from a journal: everything is checked again. */
int plan_decode(struct arena *arena, const struct value *value,
    struct plan *out, ndf_error *error);

/* Whether some phase is chosen only when it is reached. */
bool plan_chooses(const struct plan *plan);
/* NDF_ELIMIT: more than PLAN_NODES_MAX nodes or PLAN_DEPTH_MAX levels in all;
 * NDF_ESCHEMA: neither nodes nor phases, or both. plan_decode checks it. */
int plan_check_size(const struct plan *plan, ndf_error *error);

#endif
