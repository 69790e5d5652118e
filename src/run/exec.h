/*
 * exec.h - the inside of an executor, shared by the exec_*.c files only.
 *
 * Three things happen, and each has its place:
 * - A record changes the state (exec_record.c), in the same way when it is
 *   made and when it is replayed.
 * - exec_advance looks at the state and does whatever can be done now (the
 *   node kinds, exec_slot.c, exec_undo.c). It may be called at any time.
 * - Effects that others see (a start, a word of progress, the end) wait until
 *   the records before them are on disk: the token of their batch is at most
 *   x->recorded.
 */
#ifndef NDF_RUN_EXEC_H
#define NDF_RUN_EXEC_H

#include "base/map.h"
#include "base/vec.h"
#include "model/patch.h"
#include "run/exec_event.h"
#include "run/template.h"

enum slot_phase {
    SLOT_IDLE,
    SLOT_INTENDED, /* its intent is recorded, or about to be */
    SLOT_RUNNING,  /* started or adopted */
    SLOT_WAITING,  /* failed, to be called again */
    SLOT_OK,
    SLOT_FAILED,
    SLOT_DOUBT, /* of a task: nobody knows how it ended, others still run */
};

struct exec_node;
struct exec_verdict;

/* One kind of call of a step: its work, its undo, or its verifier's. */
struct exec_slot {
    struct exec_node *node;
    bool undo;
    bool verify;
    enum slot_phase phase;
    uint32_t attempt;   /* of the last intent; 0: none yet */
    uint32_t tries;     /* results that count as tries */
    uint64_t token;     /* batch of its last record; 0: of an earlier life */
    uint64_t number;    /* of the call under way; 0: none */
    uint64_t timer;     /* 0: none */
    uint64_t wait_ms;   /* WAITING */
    bool stopped;       /* STOP was said */
    bool adopted;       /* the call under way is an earlier owner's */
    struct arena arena; /* of call and boot; emptied with its result */
    struct str boot;
    struct agent_call call;
};

enum node_state {
    NODE_PENDING,
    NODE_OPEN,
    NODE_DONE,
    NODE_FAILED,
    NODE_SKIPPED, /* a task that needs one that failed */
};

/* What only a step with a verifier has. The work's result waits here until it
 * is verified. */
struct exec_proof {
    struct exec_slot slot;   /* the verifier's calls */
    struct arena arena;      /* of the work's output and patch */
    struct value patch;      /* null: none */
    char hex[HASH_HEX_SIZE]; /* of the context with it */
    bool proved;             /* an expectation held, too */
};

enum approval {
    APPROVAL_NONE, /* nobody was asked */
    APPROVAL_ASKED,
    APPROVAL_GIVEN,
    APPROVAL_DENIED,
};

struct exec_node {
    struct executor *owner;
    const struct plan_node *plan;
    uint32_t index; /* in preorder */
    uint32_t end;   /* one behind its last descendant */
    enum node_state state;
    uint32_t cursor; /* NODE_SEQUENCE: the child whose turn it is */
    uint32_t leaf;   /* NODE_STEP: which step it is, from 0 */
    enum severity worst;
    bool ran;    /* some call of it may have done something */
    bool passed; /* DONE, as its `if` did not hold */
    bool judged; /* its `if` holds; found in this life */
    enum approval approval;
    struct exec_slot work, undo;
    struct exec_proof *proof; /* NULL: nobody verifies it */
};

/* The slot whose turn it is: the verifier's when the work is done. */
static inline struct exec_slot *exec_turn(struct exec_node *node)
{
    bool verify = node->proof != NULL && node->work.phase == SLOT_OK;
    return verify ? &node->proof->slot : &node->work;
}

/* Why a call failed: what `retry.on` chooses by, and the outcome's evidence. */
enum exec_reason {
    REASON_NONE,
    REASON_FAILURE,
    REASON_TIMEOUT,
    REASON_EXPECT,
    REASON_START,
    REASON_ENFORCE,
    REASON_CANCELLED,
    REASON_LOST,
    REASON_BUDGET,
    REASON_ROLLBACK, /* of a pattern that had succeeded */
    REASON_VERIFY,
    REASON_DENIED,
};

/* A word of progress that waits for its record. */
struct exec_held {
    uint64_t token;
    struct exec_progress progress; /* strings in x->held_arena */
};

/* A task of a parallel plan, by its leaf. */
struct exec_task {
    uint32_t *needs; /* leaves */
    uint32_t need_count;
    struct value patch; /* of its result; null: none */
    uint64_t spent_ms;  /* by its calls */
    uint64_t chain_ms;  /* and those of the longest way to it */
};

enum { VIEW_BASE = -1, VIEW_ALL = -2 };

/* What only a parallel plan has. */
struct exec_parallel {
    struct exec_task *tasks; /* of each leaf */
    uint32_t *order;         /* leaves: needs first, else as declared */
    bool *marks;             /* of each leaf: of the last exec_closure */
    uint32_t *stack;         /* for exec_closure */
    uint32_t patch_count;
    size_t patch_bytes;    /* with the initial context */
    int64_t view;          /* whose context x->context is: a leaf, VIEW_... */
    uint32_t view_patches; /* patch_count of VIEW_ALL */
    uint32_t first;        /* all tasks before it have ended */
    bool declared;         /* some task declares what it takes */
    uint64_t timer;        /* to look at the machine again; 0: none */
};

enum phase_state { PHASE_PENDING, PHASE_OPEN, PHASE_DONE, PHASE_FAILED };

/* A phase of a meta pattern. */
struct exec_phase {
    struct executor *owner;
    const struct plan_phase *plan;
    struct executor **members; /* in the order of declaration */
    uint32_t count;            /* select: 0 until one is chosen */
    uint32_t began;            /* members that began */
    enum phase_state state;
    bool stopped; /* no more begins, what runs is ended */
    enum exec_reason reason;
    ndf_error error; /* why it was stopped or failed */
    uint64_t timer;  /* of max_latency; 0: none */
    uint64_t choice; /* number of the EXEC_SELECT under way; 0: none */
};

/* What only a meta pattern has. */
struct exec_meta {
    struct exec_phase *phases;
    uint32_t cursor;       /* the phase whose turn it is */
    struct vec done;       /* struct executor *: succeeded and not undone */
    struct executor *undo; /* the member that is taken back; NULL: none */
};

/* What all executors of a run have in common: a meta pattern's is a tree of
 * them, one for each pattern. */
struct exec_shared {
    struct str run, boot;
    uint64_t seed;
    enum exec_outputs outputs;
    struct arena arena;
    struct map by_id;    /* step id -> exec_node, of all */
    struct map patterns; /* plan id -> executor, of all but the run's own */
    struct map phases;   /* phase id -> exec_phase, of all */
    struct vec members;  /* struct executor *, in the order of their making */
    uint32_t node_count; /* of all members */
    uint32_t leaf_count;
    uint32_t done_count; /* steps done, of all */
    uint64_t made;       /* records of this life */
    bool began;
    bool finished;             /* END was said, or out of memory */
    uint64_t issued, recorded; /* batch tokens */
    uint64_t counter;          /* of calls and timers */
    struct vec held;           /* struct exec_held */
    struct arena held_arena;
    uint32_t asked;   /* approvals that are waited for */
    ndf_error denied; /* of the one that was denied */
    bool resting;     /* as executor.resting, of some member */
    struct exec_machine machine;
    bool waits; /* since the last event: some task, for room in the machine */
    uint64_t admitted;        /* tasks that declare what they take */
    struct exec_actions *out; /* of the step under way; NULL in a replay */
};

struct executor {
    const struct mem *mem;
    struct exec_shared *shared;
    struct executor *parent; /* NULL: of the whole run */
    const struct plan *plan;
    struct arena arena;  /* lives as long as the executor */
    uint32_t first_node; /* its nodes' place among those of all members */
    uint32_t first_leaf;

    /* The plan: nodes in preorder, and its steps ("leaves") in order. */
    struct exec_node *nodes;
    uint32_t *leaves; /* node index of each step */
    uint32_t node_count, leaf_count;
    struct template_step *steps;    /* of each leaf: what templates see */
    struct value *outputs;          /* of each leaf */
    bool *used;                     /* of each leaf: is its output needed? */
    struct exec_parallel *parallel; /* NULL: no tasks */
    struct exec_meta *meta;         /* NULL: no phases */
    struct exec_phase *phase;       /* it belongs to; NULL: the run's own */
    bool began;                     /* of a member */
    bool guessed; /* the context it begins with was not known when made */
    struct value initial; /* the context it began with, encoded */

    /* The context now; it is in context_arenas[which]. */
    struct arena context_arenas[2];
    struct context context;
    struct value context_value;
    char context_hex[HASH_HEX_SIZE];
    bool context_stored; /* its bytes are with some record */
    bool failing;        /* undoing */
    bool ended;          /* an end record was made */
    int which;

    /* What was done and spent. */
    uint32_t *order; /* leaves in the order of their completion */
    uint32_t order_count, proofs;
    uint32_t passed;   /* steps whose `if` did not hold */
    uint32_t verified; /* steps */
    uint64_t intents, busy_ms;
    int64_t tokens;
    double cost, deducted;
    bool critical; /* some undeclared change was */

    /* How it goes wrong. REASON_NONE, NULL: it does not. */
    enum exec_reason cancel, failed_reason;
    uint64_t cancel_token;
    struct exec_node *failed; /* the step that failed last */
    ndf_error cancel_error, failed_error;
    ndf_error undo_error;   /* of the last undo that failed */
    enum approval approval; /* of the whole pattern */
    struct exec_end end;
    uint64_t end_token;

    /* Of this life. */
    uint64_t run_timer; /* 0: none */
    bool resting;       /* the time limit does not run: a person is asked */
};

/* One pattern of a run. */
struct exec_member {
    struct exec_phase *phase;    /* it belongs to; NULL: the run's own */
    bool guessed;                /* context is not what it will begin with */
    const struct plan *plan;     /* borrowed for its life */
    const struct value *context; /* it is checked with, and begins with unless
                                    exec_begin_with says otherwise */
};

static inline struct executor *exec_member_at(
    const struct exec_shared *shared, size_t index)
{
    return *(struct executor **)vec_get(&shared->members, index);
}

/* exec_new.c: shared frees it, after an error too. Codes of executor_new. */
int exec_member_new(struct executor **out, struct exec_shared *shared,
    const struct exec_member *member, ndf_error *error);
/* Gives it a context (encoded) to begin with; before it began. */
int exec_begin_with(
    struct executor *x, const struct value *context, ndf_error *error);

/* Does what a pattern can do now, up to its end record. */
int exec_advance(struct executor *x);
/* It begins to run in this life: sets the timer of its time limit. */
int exec_begin_timing(struct executor *x);
int exec_on_timeout(struct executor *x); /* of that timer */
int exec_clear_timers(struct executor *x);

/* exec_meta.c: patterns in phases. */
int exec_meta_new(struct executor *x, ndf_error *error);
void exec_meta_free(struct executor *x);
int exec_meta_advance(struct executor *x);
int exec_meta_undo(struct executor *x);
bool exec_meta_failed(const struct executor *x);
/* The members that are under way go on in this life. */
int exec_meta_resume(struct executor *x);
/* Nothing but a person is waited for, or that is over: so long no phase gets
 * any later. */
int exec_meta_rest(struct executor *x, bool rests);
int exec_meta_on_timer(struct executor *x, uint64_t token);
int exec_meta_on_selected(
    struct exec_shared *shared, const struct exec_event *event);
/* What records "pattern_..." and "phase_..." do; and that a member ended. */
int exec_meta_apply(struct exec_shared *shared,
    const struct exec_record *record, ndf_error *error);
int exec_meta_member_ended(struct executor *member, ndf_error *error);
uint64_t exec_meta_time_spent(struct executor *x);
/* Of a pattern with all that is inside. */
uint32_t exec_steps_done(const struct executor *x);
uint32_t exec_steps_total(const struct executor *x);
uint64_t exec_phase_time_spent(const struct exec_phase *phase);
/* The context after a phase of which all ended. */
int exec_phase_context(
    struct exec_phase *phase, struct arena *arena, struct value *out);

/* How a node of each kind moves on. */
struct exec_node_kind {
    int (*advance)(struct executor *x, struct exec_node *node);
};

/* exec_sequential.c, exec_slot.c */
int exec_node_advance(struct executor *x, struct exec_node *node);
int exec_sequence_advance(struct executor *x, struct exec_node *node);
int exec_step_advance(struct executor *x, struct exec_node *node);

/* exec_parallel.c */
uint32_t exec_places(const struct executor *x); /* tasks at once, at most */
int exec_parallel_advance(struct executor *x, struct exec_node *root);
/* What the tasks at work in all patterns of the run declare. */
void exec_parallel_load(const struct executor *x, struct exec_load *out);

/* exec_tasks.c: what the tasks of a parallel plan need and are given. */
/* Makes x->parallel when the plan is parallel. NDF_EREFERENCE, NDF_ECYCLE,
 * NDF_EUNSUPPORTED (parallel nodes elsewhere than at the root). */
int exec_tasks_new(struct executor *x, ndf_error *error);
/* Sets the marks of all tasks that a task needs, and that those need. */
void exec_closure(struct executor *x, uint32_t leaf);
/* Whether all that a task needs is done. */
bool exec_needs_done(const struct executor *x, const struct exec_node *node);
/* The first among what a task needs that failed or was skipped; or NULL. */
const struct exec_node *exec_needs_failed(
    const struct executor *x, const struct exec_node *node);
/* Makes x->context what a call of the slot is given: of a task, the initial one
 * with the patches of all that it needs; of an undo and of NULL, with those of
 * all that is done. In a sequence there is one context, and nothing happens. */
int exec_view(struct executor *x, const struct exec_slot *slot);
/* The patch of a task's result, which led to the context with hash hex.
 * NDF_ECORRUPT, NDF_ENOMEM. */
int exec_task_patch(struct executor *x, const struct exec_slot *slot,
    const struct value *patch, struct str hex, ndf_error *error);
/* For how long the run has been at work at least, as its records tell. */
uint64_t exec_time_spent(struct executor *x);
/* What templates of a task's work see. */
int exec_task_scope(struct executor *x, struct exec_slot *slot,
    const struct template_step **steps, size_t *count);

/* exec_gate.c: what stands before a step's first call. */
/* Judges its `if` and asks for its approval, as far as that is due: then it may
 * be done (passed), failed, or the run stopped. */
int exec_gate(struct executor *x, struct exec_node *node);
/* Whether nothing stands before it any more. */
bool exec_gate_open(const struct exec_node *node);
/* The same for the whole pattern. */
int exec_pattern_gate(struct executor *x);
bool exec_pattern_open(const struct executor *x);
int exec_on_approve(
    struct exec_shared *shared, const struct exec_approval *word);
/* Says again who is asked, to the owner of another life. */
int exec_tell_asked(struct exec_shared *shared);
/* Whether nothing of a run moves until a person approves. */
bool exec_stands(const struct exec_shared *shared);

/* exec_slot.c: does what can be done for a call now. */
int exec_slot_advance(struct executor *x, struct exec_slot *slot);
/* Its next attempt fails without being started. */
int exec_slot_refuse(
    struct executor *x, struct exec_slot *slot, const char *why);
/* The words for a slot that nobody knows the end of. */
void exec_doubt_words(const struct exec_slot *slot, ndf_error *error);
/* A call of the slot ended. */
int exec_slot_result(struct executor *x, struct exec_slot *slot,
    const struct agent_result *result);
/* The slot of a call's or timer's number; NULL when there is none. */
struct exec_slot *exec_slot_of(struct executor *x, uint64_t number);

/* exec_undo.c */
int exec_undo_advance(struct executor *x);

/* exec_verify.c: a step's verifier. */
/* What its result is worth; it ended by itself. */
int exec_judge_verifier(struct executor *x, const struct exec_slot *slot,
    const struct agent_result *result, struct exec_verdict *out);
/* The work was called again, or its result is applied: forgets, keeps, or
 * applies what is to be verified. */
void exec_proof_drop(struct executor *x, struct exec_node *node);
int exec_proof_keep(
    struct executor *x, struct exec_node *node, const struct value *body);
int exec_proof_accept(
    struct executor *x, struct exec_node *node, ndf_error *error);

/* exec_judge.c: what a result is worth. */
struct exec_verdict {
    bool ok;
    bool proof; /* an expectation was asked for and held */
    bool final; /* not to be tried again */
    enum exec_reason reason;
    ndf_error error;
    bool patched;
    struct value patch; /* from the context before to the one after */
    struct value after; /* the context after, encoded */
    const struct violation *violations;
    size_t violation_count;
};
int exec_judge(struct executor *x, const struct exec_slot *slot,
    const struct agent_result *result, struct exec_verdict *out);
/* The patch (RFC 7396) that makes b of a; both objects. */
int exec_diff(struct arena *arena, const struct value *a, const struct value *b,
    struct value *out);

/* exec_call.c: the task for what x runs. A part of a composed plan has one of
 * its own, which is that of all plans inside it; the context still tells the
 * whole.
 */
struct str exec_task_text(const struct executor *x);
/* The call of a slot, its next attempt, into slot->call. Codes of
 * templates when it cannot be made; its names (key, file) are good then too. */
int exec_call_make(struct executor *x, struct exec_slot *slot, uint32_t attempt,
    ndf_error *error);
/* The runtime of a slot's calls. */
enum runtime exec_call_runtime(const struct exec_slot *slot);
/* exec_check.c */
int exec_check(struct executor *x, ndf_error *error);

/* exec_record.c: make a record: it is appended and applied. */
int exec_record_intent(struct executor *x, struct exec_slot *slot);
int exec_record_result(struct executor *x, struct exec_slot *slot,
    const struct agent_result *result, const struct exec_verdict *verdict);
int exec_record_retry(
    struct executor *x, struct exec_slot *slot, uint64_t wait_ms);
/* step: that it is for, or NULL. */
int exec_record_cancel(struct executor *x, enum exec_reason reason,
    const char *error, const struct exec_node *step);
/* Of a member: that it begins; that it is taken back. */
int exec_record_begin(struct executor *member);
int exec_record_rollback(struct executor *member, const char *error);
/* Of a phase: what was chosen for it (plan encoded; NULL: nothing, and why);
 * that it is stopped; that it is over, with the context after it. */
int exec_record_select(
    struct exec_phase *phase, const struct value *plan, const char *error);
int exec_record_stop(
    struct exec_phase *phase, enum exec_reason reason, const char *error);
int exec_record_phase(struct exec_phase *phase, bool ok, const char *error,
    const struct value *context);
int exec_record_skip(struct executor *x, const struct exec_node *node,
    const struct exec_node *needed, const char *error);
/* Of a step whose `if` does not hold. */
int exec_record_pass(struct executor *x, const struct exec_node *node);
/* node: NULL: of the whole pattern. */
int exec_record_ask(struct executor *x, const struct exec_node *node);
int exec_record_approve(struct executor *x, const struct exec_node *node,
    bool approved, struct str reason);
/* step may be NULL. */
int exec_record_end(struct executor *x, enum ndf_run_state state,
    const char *error, const struct exec_node *step);

/* exec_apply.c: what a record changes. output: of a live result; NULL: as the
 * body or blob says. NDF_ECORRUPT, NDF_ENOMEM. */
int exec_apply(struct executor *x, const struct exec_record *record,
    const struct value *output, ndf_error *error);
/* That x ends, is cancelled, asks, or is answered: "end", "cancel", "ask",
 * "approve". */
int exec_apply_run(struct executor *x, struct str kind,
    const struct value *body, ndf_error *error);
/* A patch of a step's work, which led to the context with hash hex. As above.
 */
int exec_apply_patch(struct executor *x, const struct exec_slot *slot,
    const struct value *patch, struct str hex, ndf_error *error);
/* SHA-256 of a value's canonical JSON, in hex. */
int exec_value_hex(
    const struct mem *mem, const struct value *value, char out[HASH_HEX_SIZE]);
/* A context that patches were merged into, as contexts are written: without
 * attributes that nothing is left of. */
int exec_context_tidy(struct arena *arena, struct value *value);
/* Makes value (borrowed for the call) the context. */
int exec_context_set(
    struct executor *x, const struct value *value, ndf_error *error);
const char *exec_reason_name(enum exec_reason reason);
enum exec_reason exec_reason_of(const struct value *body);

/* exec_emit.c */
/* A zeroed action at the end of x->out; NULL when out of memory. */
struct exec_action *exec_emit(struct executor *x, enum exec_action_kind kind);
/* Whether the batch of that token is on disk. */
bool exec_durable(const struct executor *x, uint64_t token);
/* The token of this step's records; makes it on first use. */
uint64_t exec_batch(struct executor *x);
int exec_progress(struct executor *x, enum ndf_event_kind event,
    const struct exec_slot *slot, const char *detail);
/* Says the held words whose records are on disk. */
int exec_release(struct executor *x);
/* A new number for a call or timer of a slot (NULL: the run). */
uint64_t exec_number(struct executor *x, const struct exec_slot *slot);

#endif
