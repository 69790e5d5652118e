/*
 * executor.h - one run as a pure state machine: no clock, no I/O, no thread.
 *
 * The engine tells it what happened (an event) and does what it answers (the
 * actions). All state is a fold over journal records, so a run that lost its
 * owner is rebuilt by replaying its journal, and goes on.
 *
 * Invariants, whatever happens in whichever order:
 * - An agent is started only after its intent is on disk.
 * - A result is used, and told to anybody, only after its record is on disk.
 * - A recorded result is never redone.
 * - After a failed record nothing is started and nothing more is recorded.
 *
 * Record kinds and their bodies ("plan", record 0, is the engine's):
 * - intent {step, attempt, key, file, boot, snapshot, request}
 * - result {step, attempt, status, ok, exit?, signal?, output? or output_blob
 *   {sha256, size, kind}, error?, log?, reason?, patch?, violations?, usage?,
 *   latency_ms, snapshot?, proof?}
 * - retry {step, attempt, wait_ms}
 * - undo_intent, undo_result, undo_retry: as those without undo_
 * - verify_intent, verify_result, verify_retry: the same of a step's verifier;
 *   the work's result counts when it is verified
 * - skip {step, needs, error}: of a task that needs one that failed
 * - skip {step, if: true}: of a step whose `if` does not hold; it is done
 * - ask {step?}: a person must approve the step, or the whole run
 * - approve {step?, approved, reason?}: the answer
 * - cancel {reason, error?, step?}: no more is started, and what runs is ended
 * - end {state, outcome, evidence, preservation, error?, step?, snapshot?, ...}
 * Of the patterns in meta patterns, by id ("build/review"):
 * - pattern_begin {pattern, snapshot}; pattern_rollback {pattern, error}: it
 *   had succeeded and is taken back; pattern_cancel, pattern_ask,
 *   pattern_approve, pattern_end: as those without pattern_, of this one
 * - phase_select {phase, plan?, error?}: what was chosen for it
 * - phase_stop {phase, reason, error}; phase_end {phase, ok, error?, snapshot?}
 *
 * snapshot and request are SHA-256 in hex; the snapshot's bytes are a payload
 * of the record that names it first.
 */
#ifndef NDF_RUN_EXECUTOR_H
#define NDF_RUN_EXECUTOR_H

#include "run/exec_event.h"

struct executor;

struct exec_options {
    const struct mem *mem;         /* borrowed */
    const struct plan *plan;       /* borrowed for the executor's life */
    const struct context *initial; /* borrowed for the executor's life */
    struct str run;                /* id; copied */
    struct str boot;               /* os_boot_id of now; copied */
    uint64_t seed;                 /* of the retries' jitter */
    enum exec_outputs outputs;
};

/* Checks the plan whole, so it can be used before the plan is recorded: each
 * template, regex and schema. NDF_EREFERENCE, NDF_ESYNTAX, NDF_ESCHEMA,
 * NDF_EUNSUPPORTED (a cost budget over an agent of unknown price),
 * NDF_ELIMIT, NDF_ENOMEM. */
int executor_new(struct executor **out, const struct exec_options *options,
    ndf_error *error);
/* Accepts NULL. */
void executor_free(struct executor *x);

/* In order, all but "plan", before the first event. NDF_ECORRUPT when a record
 * does not fit what came before it; NDF_ENOMEM. The executor is of no use after
 * an error. */
int executor_replay(
    struct executor *x, const struct exec_record *record, ndf_error *error);
/* The hex SHA-256 in body.output_blob, or {NULL, 0}: what must be loaded for
 * exec_record.blob. */
struct str executor_record_blob(const struct value *body);

/* What the records so far say; borrowed until the next call. */
struct exec_look {
    const struct value *context; /* after the last step that was done */
    const struct exec_end *end;  /* NULL: it has not ended */
    uint32_t step_count;
};
/* NDF_ENOMEM. */
int executor_look(struct executor *x, struct exec_look *out);

/* For how long the run has been at work at least, as its records tell. */
uint64_t executor_time_spent(struct executor *x);

struct exec_step_look {
    const struct plan_node *plan;
    bool done;
    bool skipped;               /* it was not called and will not be */
    bool due;                   /* its work may still be called */
    const struct value *output; /* null unless done, and kept */
};
/* index: below step_count, in the order of the plan. */
void executor_look_step(
    const struct executor *x, uint32_t index, struct exec_step_look *out);

/* Whether the next event should say how the machine is: tasks that declare what
 * they take may be waiting for it. */
bool executor_wants_machine(const struct executor *x);
/* What it takes of the machine since the last event. */
void executor_load(const struct executor *x, struct exec_load *out);

/* out->arena is set by the caller, the rest is filled here. NDF_OK or
 * NDF_ENOMEM: then perform nothing of it and give the run up (it can be
 * resumed); every later step answers nothing. */
int executor_step(struct executor *x, const struct exec_event *event,
    struct exec_actions *out);

#endif
