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
 *   intent      {step, attempt, key, file, boot, snapshot, request}
 *   result      {step, attempt, status, ok, exit?, signal?, output? or
 *                output_blob {sha256, size, kind}, error?, log?, reason?,
 * patch?, violations?, usage?, latency_ms, snapshot?, proof?} retry {step,
 * attempt, wait_ms} undo_intent, undo_result   as intent and result undo_retry
 * as retry cancel      {reason, error?}   cancel | timeout end         {state,
 * outcome, evidence, preservation, error?, step?, ...} snapshot and request are
 * SHA-256 in hex; the snapshot's bytes are a payload of the record that names
 * it first.
 */
#ifndef NDF_RUN_EXECUTOR_H
#define NDF_RUN_EXECUTOR_H

#include "base/hash.h"
#include "model/outcome.h"
#include "model/plan.h"
#include "run/agent_call.h"

enum {
    EXEC_INLINE_MAX = 4096, /* canonical bytes of an output kept in a record */
    EXEC_LOG_MAX = 4096,    /* bytes of stderr kept in a record */
    EXEC_UNDO_ATTEMPTS = 3, /* at least; the step's retry may ask for more */
    EXEC_UNDO_WAIT_MS = 200,
    EXEC_WAIT_MAX_MS = 3600 * 1000,
};

struct executor;

struct exec_options {
    const struct mem *mem;         /* borrowed */
    const struct plan *plan;       /* borrowed for the executor's life */
    const struct context *initial; /* borrowed for the executor's life */
    struct str run;                /* id; copied */
    struct str boot;               /* os_boot_id of now; copied */
    uint64_t seed;                 /* of the retries' jitter */
};

/* Checks the plan whole, so it can be used before the plan is recorded: each
 * template, regex and schema. NDF_EREFERENCE, NDF_ESYNTAX, NDF_ESCHEMA,
 * NDF_EUNSUPPORTED (a step's verify, if, approval, heartbeat; a cost budget
 * over an agent of unknown price), NDF_ELIMIT, NDF_ENOMEM. */
int executor_new(struct executor **out, const struct exec_options *options,
    ndf_error *error);
/* Accepts NULL. */
void executor_free(struct executor *x);

/* A record of an earlier life; borrowed for the call. */
struct exec_record {
    struct str kind;
    const struct value *body;
    struct str blob; /* the bytes of body.output_blob, when it has one */
};

/* In order, all but "plan", before the first event. NDF_ECORRUPT when a record
 * does not fit what came before it; NDF_ENOMEM. The executor is of no use after
 * an error. */
int executor_replay(
    struct executor *x, const struct exec_record *record, ndf_error *error);
/* The hex SHA-256 in body.output_blob, or {NULL, 0}: what must be loaded for
 * exec_record.blob. */
struct str executor_record_blob(const struct value *body);

enum exec_event_kind {
    EXEC_BEGIN,         /* first, also after a replay */
    EXEC_RECORDED,      /* the records of the actions with this token */
    EXEC_RECORD_FAILED, /* the same; give the reason in error */
    EXEC_AGENT_DONE,    /* a started or adopted call ended */
    EXEC_TIMER,         /* fired; it is gone then */
    EXEC_CANCEL,        /* somebody asked for it */
};

struct exec_event {
    enum exec_event_kind kind;
    uint64_t token; /* RECORDED, RECORD_FAILED: exec_actions.token; TIMER */
    uint64_t call;  /* AGENT_DONE: the call's number */
    const struct agent_result *result; /* AGENT_DONE; borrowed */
    struct str error;                  /* RECORD_FAILED */
};

enum exec_action_kind {
    EXEC_APPEND, /* to the journal */
    EXEC_START,  /* the call */
    EXEC_ADOPT,  /* a call intended by an earlier owner: kind->adopt */
    EXEC_STOP,   /* a call; its AGENT_DONE still comes */
    EXEC_TIMER_SET,
    EXEC_TIMER_CLEAR, /* its TIMER may still come, and is ignored then */
    EXEC_PROGRESS,    /* tell whoever watches */
    EXEC_END,         /* the last action of all */
};

/* Bytes to be stored under their hash, in the same transaction. */
struct exec_payload {
    bool set;
    uint8_t hash[HASH_SHA256_SIZE];
    struct str bytes;
};

struct exec_append {
    struct str kind;
    struct value body;
    struct exec_payload snapshot; /* a context */
    struct exec_payload blob;     /* an output */
};

struct exec_call {
    uint64_t number; /* of this executor's life; not 0 */
    enum runtime runtime;
    struct agent_call call; /* dir, fn, fn_ud are for the engine to fill */
};

struct exec_progress {
    int event; /* enum ndf_event_kind */
    struct str step;
    struct str detail; /* safe to print */
    uint32_t attempt;
    uint32_t steps_done;
    uint32_t steps_total;
};

struct exec_end {
    bool halted; /* a record failed: the run did not end, it can be resumed;
                    only error is meaningful then */
    enum ndf_run_state state;
    enum outcome_result outcome;
    struct str evidence; /* "expect", or empty */
    double preservation; /* 0..1 */
    struct str error;    /* one sentence; empty when it succeeded */
    struct str step;     /* in which it went wrong; or empty */
    uint32_t steps_done;
    uint32_t steps_total;
    uint64_t busy_ms; /* sum of the calls' times, earlier lives included */
    int64_t tokens;   /* -1: none was reported */
    double cost;      /* NAN: unknown */
};

struct exec_action {
    enum exec_action_kind kind;
    union {
        struct exec_append append;
        struct exec_call call; /* START, ADOPT */
        uint64_t stop;         /* STOP: the call's number */
        struct {
            uint64_t token;
            uint64_t ms;
        } timer;
        struct exec_progress progress;
        struct exec_end end;
    };
};

/* What one event leads to, in order. Everything lives in arena, which the
 * caller gives and frees when the actions are done with. */
struct exec_actions {
    struct arena *arena;
    struct exec_action *items;
    size_t count;
    size_t capacity;
    /* 0, or the name of this batch's APPENDs: store them all in ONE
     * transaction and in order, then answer once with RECORDED(token) or
     * RECORD_FAILED(token). Batches are answered in their order. */
    uint64_t token;
};

/* out->arena is set by the caller, the rest is filled here. NDF_OK or
 * NDF_ENOMEM: then perform nothing of it and give the run up (it can be
 * resumed); every later step answers nothing. */
int executor_step(struct executor *x, const struct exec_event *event,
    struct exec_actions *out);

#endif
