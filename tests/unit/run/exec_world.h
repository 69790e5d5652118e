/*
 * exec_world.h - a small world for an executor: a journal, agents that do what
 * a script says, timers, and crashes. No clock and no I/O, so every schedule
 * can be played again.
 *
 * The world checks the executor's invariants at every action: an intent before
 * its start, a record before its news, nothing recorded done again.
 */
#ifndef NDF_TESTS_EXEC_WORLD_H
#define NDF_TESTS_EXEC_WORLD_H

#include "base/vec.h"
#include "run/executor.h"
#include "support/support.h"

/* What the calls of a step do, one letter for each attempt (the last letter
 * goes on): o ok, f exit 1, t timeout, q silent, s start failed, c output cap,
 * e empty output, p declared patch, v undeclared patch, l lost, h hangs until
 * it is stopped, n not taken down after being stopped (ends well all the same),
 * u usage of 10 tokens, b a large output, x the output false. */
struct script {
    const char *step;
    const char *work;
    const char *undo; /* NULL: "o" */
};

enum call_state { CALL_NEVER, CALL_RUNS, CALL_ENDED, CALL_GONE };

/* What the machine knows of a call, whoever owns the run. */
struct world_call {
    char file[32];
    char step[32];
    bool undo, verify;
    uint32_t attempt;
    enum call_state state;
    char does;
    bool stopped;
    int starts;
    uint64_t number; /* for the living executor; 0: none */
};

/* What a person does who is asked. */
enum answer { ANSWER_NEVER, ANSWER_YES, ANSWER_NO };

struct world_record {
    struct str kind, body, blob; /* in world.arena */
};

struct world_select {
    uint64_t number;
    struct str phase;
};

struct world_batch {
    uint64_t token;
    size_t first, count; /* in world.pending */
};

struct world {
    struct arena arena; /* of plan, journal, trace */
    const struct mem *mem;
    struct plan plan;
    struct context context;
    const struct script *scripts;
    const struct script *verifiers; /* NULL, or what they do: work is meant */
    enum answer answer;
    struct executor *x;
    struct vec journal; /* struct world_record, durable */
    struct vec pending; /* struct world_record, not yet */
    struct vec batches; /* struct world_batch, not yet answered */
    struct vec calls;   /* struct world_call */
    struct vec timers;  /* uint64_t */
    uint64_t last_timer_ms;
    struct buf trace;      /* what was done, one word each */
    struct exec_call last; /* the call that was started last; in arena */
    enum exec_outputs outputs;
    struct exec_machine *machine; /* NULL, or what events say of it */
    struct agent_result *instead; /* NULL, or what every call brings */
    struct vec selects;           /* struct world_select, not yet answered */
    struct vec moot;              /* struct str: asked, and not heard of any
                                     more: what asked was ended */
    struct value choices;         /* {phase id: what is chosen} */
    struct exec_end end;
    bool ended;
    uint64_t random;
    int lives;
    size_t steps;       /* events given to executors so far */
    size_t budget_left; /* of events before the world is declared stuck */
    bool fail_next_record;
    int last_error;
};

/* steps: a JSON list of steps in the shape of files; {"max_concurrent": ..,
 * "failure_tolerance": .., "tasks": [..]}: of tasks; {"rollback_strategy": ..,
 * "phases": [{"id": .., "parallel": .., "plans": [..] or "select": ..}, ..]}:
 * of phases (the keys of plans), each plan in one of these shapes. What
 * `select` holds is chosen; null: nothing. Ids: "build/0/scan". */
void world_init(struct world *w, const struct mem *mem, const char *steps,
    const struct script *scripts);
/* exec_plans.c: a plan of that id in one of these shapes; ids inside another.
 */
void world_make_plan(struct world *w, struct str id, const struct value *from,
    struct plan *plan);
struct str world_id(struct world *w, struct str outer, struct str name);
void world_deinit(struct world *w);
/* A new executor over the journal; gives it BEGIN. What executor_new said. */
int world_live(struct world *w, ndf_error *error);
/* The executor dies: unanswered batches are written (the first `written` of
 * them) or lost; agents go on. */
void world_crash(struct world *w, size_t written);
/* The machine dies: running agents are gone. */
void world_power_loss(struct world *w);
void world_cancel(struct world *w);
/* Other runs take less of the machine. */
void world_room(struct world *w);
void world_approve(struct world *w, const char *step, bool approved);
/* The step that is asked for and not answered, "" for the run; NULL: none. */
const char *world_asked(const struct world *w);
/* One more thing happens: number `choice` of those that could; the count of
 * them is returned (0: nothing can happen). */
size_t world_choices(const struct world *w);
void world_happen(struct world *w, size_t choice);
/* First things first until the end; fails when it never comes. */
void world_run(struct world *w);
/* world_init, live, run. */
void world_play(
    struct world *w, const char *steps, const struct script *scripts);
/* The next number of the world's own generator, below n. */
uint64_t world_draw(struct world *w, uint64_t n);
/* How often the durable journal holds a record of that kind (and step, unless
 * NULL). */
size_t world_count(const struct world *w, const char *kind, const char *step);
/* How often calls of a step were started. */
int world_starts(const struct world *w, const char *step, bool undo);
/* Of its verifier. */
int world_verifies(const struct world *w, const char *step);

#endif
