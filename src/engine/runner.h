/*
 * runner.h - the engine's thread, and the runs on it.
 *
 * Whoever has the loop's turn owns every run under way: it steps the executor
 * and performs the actions. That is the engine's thread, or one that has just
 * run a function and borrows the turn: both are "the runner's thread" below.
 * Records go to the store's writer thread, or are committed by such a borrower
 * after its turn, and come back when they are durable; nobody waits for the
 * disk with the turn.
 */
#ifndef NDF_ENGINE_RUNNER_H
#define NDF_ENGINE_RUNNER_H

#include "engine/engine.h"
#include "run/agent_callback.h"
#include "run/agent_kinds.h"
#include "run/executor.h"
#include "store/tx.h"

enum { RUNNER_POLL_MS = 200, RUNNER_MACHINE_MS = 100 };

struct run_call;
struct run_timer;

/* A run and its handle; freed with the last reference. */
struct ndf_run {
    struct mem mem; /* the handle may outlive the engine */
    ndf_engine *engine;
    _Atomic size_t references;
    char id[ENGINE_ID_SIZE];
    bool dir_was_there;      /* before this owner */
    bool cancel_first;       /* a cancel waited when it was taken up */
    bool words_first;        /* so did other commands */
    _Atomic bool cancelling; /* `cancel` is posted */
    _Atomic bool killing;    /* `kill` was posted */

    /* Guarded by mutex; what waiters see. */
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool ended;
    int err; /* why it stopped without an end; NDF_OK otherwise */
    int state;
    char message[NDF_MESSAGE_SIZE];

    /* Written before it is handed to the runner's thread, then its own. */
    struct arena arena; /* plan and context */
    struct plan plan;
    struct context context;
    struct str domain;            /* stated, or inferred when it was chosen */
    struct str session;           /* .at NULL: of none */
    bool follow_up;               /* its task is about the turn before */
    struct str fallback_of;       /* the run before; .at NULL: none */
    char next_id[ENGINE_ID_SIZE]; /* of the run after it; "": none */
    struct str_list after;        /* the patterns that are tried then */
    const struct value *passed;   /* before it, in vain; while it starts */
    const char *dir;              /* of its agents' files */
    struct executor *executor;
    int64_t next_seq;
    int64_t started_mono_ns;
    int64_t started_ms;
    ndf_event_fn event;
    void *event_ud;
    struct exec_load load; /* of the machine */
    uint64_t waits_since;  /* its place among those that wait for room */
    uint64_t told_round;   /* the last one in which it was told of room */
    struct run_call *calls;
    struct run_timer *timers;
    uint32_t steps_done, steps_total;
    int64_t told_tokens; /* by the last word of progress; 0: none */
    double told_cost;
    struct loop_post begin;
    struct loop_post cancel;
    struct loop_post kill;
    size_t unanswered; /* its pieces of work that the writer has */
    unsigned kills;    /* how often its calls were told to end at once */
    bool owned;        /* by this engine */
    bool listed;       /* in the runner's list */
    bool left; /* it is over here; the rest is told when all is answered */
    int left_err, left_state;
    const char *left_message;
    struct ndf_run *next, *previous;
};

struct runner {
    ndf_engine *engine;
    struct loop *loop;
    struct callback_pool *pool;
    struct agent_host host;
    pthread_t thread;
    bool running;
    struct ndf_run *runs;        /* under way; the loop's thread only */
    struct exec_machine machine; /* as it was at machine_ns; 0: never */
    int64_t machine_ns;
    struct exec_load load; /* of all runs; `waits` is not used */
    size_t waiting;        /* runs that wait for room */
    uint64_t waits_made, round;
    bool round_posted;
    struct loop_post room;
    struct loop_timer *poll;
    int64_t seen_version; /* of the store's data, when commands were read */
    _Atomic bool asked;   /* this process wrote a command */
    bool polling;         /* a reading of commands is under way */
    bool closing;
    struct loop_post close; /* begins the closing */
    size_t pending;         /* answers of the writer's thread that will come */
};

/* The engine's runner, started when it is first needed. */
int runner_get(ndf_engine *engine, struct runner **out, ndf_error *error);
/* Cancels what runs, waits for it and ends the thread. Accepts NULL. */
void runner_free(struct runner *runner);
/* Takes over a run that is ready (executor made, lock held); one reference
 * becomes the runner's. */
void runner_take(struct runner *runner, struct ndf_run *run);
/* On the runner's thread, before work is handed to the store's writer, and
 * when its answer has arrived (by loop_post). */
void runner_expect(struct runner *runner);
void runner_answered(struct runner *runner);
/* Asks for a cancel; from any thread. */
void runner_cancel(struct runner *runner, struct ndf_run *run);
/* The same for a kill. */
void runner_kill(struct runner *runner, struct ndf_run *run);

/* Reads commands at the next tick although only this process wrote one. */
void runner_look(ndf_engine *engine);

/* A run with one reference, everything empty. */
int run_new(struct ndf_run **out, ndf_engine *engine);
void run_ref(struct ndf_run *run);
void run_unref(struct ndf_run *run);
/* Another may own it from now on. */
void run_disown(struct ndf_run *run);
/* Tells the waiters. err not NDF_OK: it stopped without an end. */
void run_ended(struct ndf_run *run, int err, int state, const char *message);

/* On the runner's thread: hands one event to the executor and performs what it
 * answers. */
void run_dispatch(struct ndf_run *run, const struct exec_event *event);
/* On the runner's thread: ends its calls at once and leaves it, not undone. */
void run_kill(struct ndf_run *run);
/* Takes the run off the runner's list. */
void runner_drop(struct runner *runner, struct ndf_run *run);

#endif
