/*
 * exec_event.h - what an executor is told and what it answers: events, records
 * and actions, as plain structs.
 */
#ifndef NDF_RUN_EXEC_EVENT_H
#define NDF_RUN_EXEC_EVENT_H

#include "base/hash.h"
#include "model/outcome.h"
#include "model/plan.h"
#include "run/agent_call.h"

enum {
    EXEC_INLINE_MAX = 4096, /* canonical bytes of an output kept in a record */
    EXEC_LOG_MAX = 4096,    /* bytes of stderr kept in a record */
    EXEC_TRIED_MAX = 256,   /* canonical bytes of what a violation wanted */
    EXEC_UNDO_ATTEMPTS = 3, /* at least; the step's retry may ask for more */
    EXEC_UNDO_WAIT_MS = 200,
    EXEC_WAIT_MAX_MS = 3600 * 1000,
    EXEC_TASKS_AT_ONCE_MAX = 64, /* whatever max_concurrent says */
    EXEC_ADMIT_MS = 1000,        /* how often memory is looked at again */
};

/* Which outputs of steps are kept: those that a later call needs, or all, for
 * who wants to look at them. */
enum exec_outputs { EXEC_OUTPUTS_NEEDED, EXEC_OUTPUTS_ALL };

/* A record of an earlier life; borrowed for the call. */
struct exec_record {
    struct str kind;
    const struct value *body;
    struct str blob; /* the bytes of body.output_blob, when it has one */
};

enum exec_event_kind {
    EXEC_BEGIN,         /* first, also after a replay */
    EXEC_RECORDED,      /* the records of the actions with this token */
    EXEC_RECORD_FAILED, /* the same; give the reason in error */
    EXEC_AGENT_DONE,    /* a started or adopted call ended */
    EXEC_TIMER,         /* fired; it is gone then */
    EXEC_CANCEL,        /* somebody asked for it */
    EXEC_ROOM,          /* other runs take less of the machine */
    EXEC_SELECTED,      /* what a SELECT asked for */
    EXEC_APPROVE,       /* somebody approved or denied */
};

/* A person's word on a step, or on the whole pattern. */
struct exec_approval {
    struct str step; /* empty: the pattern */
    bool approved;
    struct str reason; /* may be empty */
};

/* What tasks may have of the machine; 0: unknown, which bounds nothing. */
struct exec_machine {
    double cpus;
    uint64_t memory;      /* bytes in all */
    uint64_t memory_free; /* that can be had without swapping */
    /* What the tasks at work of other runs declare. */
    uint32_t others;
    double cpu_taken;
    uint64_t memory_taken;
    bool behind; /* another run waits for room, and it is that one's turn */
};

/* What the tasks at work of a run declare; those that declare nothing are not
 * counted. */
struct exec_load {
    uint32_t count;
    double cpu;
    uint64_t memory;
    bool waits; /* a task is due that there is no room for in the machine */
    uint64_t admitted; /* tasks so far, in this life */
};

struct exec_event {
    enum exec_event_kind kind;
    uint64_t token; /* RECORDED, RECORD_FAILED: exec_actions.token; TIMER */
    uint64_t call;  /* AGENT_DONE, SELECTED: the number */
    const struct agent_result *result;    /* AGENT_DONE; borrowed */
    struct str error;                     /* RECORD_FAILED, SELECTED; ends with
                                             a NUL */
    const struct value *plan;             /* SELECTED: of the pattern that was
                                             chosen, encoded; NULL: none, and
                                             error says why. Borrowed */
    const struct exec_approval *approval; /* APPROVE; borrowed */
    const struct exec_machine *machine;   /* now; NULL: as it was. Borrowed */
};

enum exec_action_kind {
    EXEC_APPEND, /* to the journal */
    EXEC_START,  /* the call */
    EXEC_ADOPT,  /* a call intended by an earlier owner: kind->adopt */
    EXEC_STOP,   /* a call; its AGENT_DONE still comes */
    EXEC_SELECT, /* choose and plan a pattern: SELECTED comes */
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
    int64_t tokens; /* of the run so far; -1: none was reported */
    double cost;    /* NAN: unknown */
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

/* A pattern for a phase. Its plan's ids begin with the phase's. */
struct exec_select {
    uint64_t number;
    struct str phase;     /* id; lives as long as the plan */
    struct value context; /* now */
    struct str *around;   /* names of the patterns in which the phase is */
    size_t around_count;
};

struct exec_action {
    enum exec_action_kind kind;
    union {
        struct exec_select select;
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
     * RECORD_FAILED(token). Batches are stored in their order; the answer to a
     * later one may come first, and says that those before it are stored. */
    uint64_t token;
};

/* "succeeded", "in_doubt", ...: as records say it. "unknown" for a number that
 * is no state; static. */
const char *exec_state_name(int64_t state);
/* The reverse; NDF_RUN_FAILED for a name that is none. */
enum ndf_run_state exec_state_of(struct str name);

#endif
