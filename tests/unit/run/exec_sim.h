/*
 * exec_sim.h - random runs of an executor in its small world, each made whole
 * by a seed: the plan, what agents do, the machine, the order of events,
 * cancels, crashes, failing records and power losses.
 *
 * Whatever happens: the run ends, its journal ends with one end record, every
 * recorded result was made by one start, no agent is left, what may not be
 * undone is not, and every beginning of the journal can be taken up. A kind
 * adds what its plans promise besides.
 */
#ifndef NDF_TESTS_EXEC_SIM_H
#define NDF_TESTS_EXEC_SIM_H

#include "exec_world.h"

enum {
    SIM_STEPS_MAX = 5,
    SIM_TASKS_MAX = 8,
    SIM_ALL_MAX = 96, /* steps of a run, with those of patterns inside */
    SIM_PHASES_MAX = 24,
    SIM_LIVES_MAX = 12,
    SIM_TEXT_MAX = 32768,
    SIM_ID_MAX = 32,
};

struct sim_step {
    char id[SIM_ID_MAX];
    char work[8], undo[8]; /* letters of scripts */
    char judge[8];         /* of its verifier */
    bool has_undo, verified, approval;
    unsigned needs; /* bits: tasks of its own pattern that it needs */
};

/* A phase, as it is drawn and as its records tell it. */
struct sim_phase {
    char id[SIM_ID_MAX], owner[SIM_ID_MAX]; /* owner: "" of the run itself */
    unsigned number;                        /* in its pattern */
    bool parallel;
    unsigned places, count;
    unsigned began, running;
    bool closed, ok;
};

struct sim {
    struct world w;
    const struct sim_kind *kind;
    char text[SIM_TEXT_MAX]; /* the plan */
    struct sim_step steps[SIM_ALL_MAX];
    struct script scripts[SIM_ALL_MAX + 1];
    struct script judges[SIM_ALL_MAX + 1];
    size_t step_count;
    struct exec_machine machine;
    bool crashes, cancels;
    /* tasks */
    unsigned at_once; /* 0: any */
    double tolerance;
    /* meta */
    struct sim_phase phases[SIM_PHASES_MAX];
    size_t phase_count;
    bool complete; /* a run that fails takes everything back */
};

struct sim_kind {
    const char *name;
    /* The plan into sim->text, its steps into sim->steps. */
    void (*draw)(struct sim *sim, struct world *dice);
    /* While it runs, and at its end; NULL: nothing more. */
    void (*watch)(const struct sim *sim);
    void (*check)(struct sim *sim);
};

extern const struct sim_kind sim_steps, sim_tasks, sim_meta;

/* ---- for kinds ------------------------------------------------------------
 */

void sim_add(struct sim *sim, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The beginning of the next step, whose id begins with prefix, up to where its
 * braces close; its number in its pattern is i. */
struct sim_step *sim_add_step(
    struct sim *sim, struct world *dice, const char *prefix, size_t i);
/* Steps or tasks of a pattern, whole. */
void sim_add_steps(
    struct sim *sim, struct world *dice, const char *prefix, size_t most);
void sim_add_tasks(
    struct sim *sim, struct world *dice, const char *prefix, size_t most);
/* Whether the work counts whose result stands at r in the journal. */
bool sim_is_verified(
    const struct sim *sim, struct arena *arena, size_t r, size_t step);
/* The step of that id; fails when there is none. */
size_t sim_find(const struct sim *sim, struct str id);
/* Every beginning of the journal can be taken up; all of it tells the end.
 * context: what it has to be at the end, or NULL. */
void sim_replay_all(struct sim *sim, const struct value *context);

/* ---- for tests -------------------------------------------------------------
 */

/* Plays a run to its end and checks it. print: NULL, or what gets the bytes of
 * its trace, its journal and its end. */
void sim_play(const struct sim_kind *kind, uint64_t seed, struct buf *print);

#endif
