/*
 * campaign.h - what the files of kill_runs share: the patterns that are run,
 * what is known of a run, what is counted, and the parts themselves.
 */
#ifndef NDF_TESTS_CAMPAIGN_H
#define NDF_TESTS_CAMPAIGN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ndf/ndf.h"

#include "dying.h"

enum { ID_SIZE = 64, NAME_SIZE = 96, DIR_SIZE = 1024, WORDS_MAX = 1024 };

/* ---- campaign_patterns.c ------------------------------------------------ */

struct kill_pattern {
    const char *name;
    const char *document; /* all but the line with its name */
    int end;              /* enum ndf_run_state that it always comes to */
};

extern const struct kill_pattern kill_patterns[];
extern const size_t kill_pattern_count;

/* Makes the agents and patterns known to the store in a folder. worker: the
 * program that the agents run. */
void patterns_import(const char *dir, const char *worker);
/* The store in a folder; ends the program when it cannot be opened. */
ndf_engine *store_open_in(const char *dir, int mode);
_Noreturn void give_up(const char *what);

/* ---- what is counted ---------------------------------------------------- */

struct tally {
    unsigned long kills, runs, resumes;
    unsigned long unstarted;    /* killed before the run was durable */
    unsigned long acknowledged; /* results, undos and ends */
    unsigned long lost;         /* acknowledged, and not in the journal */
    unsigned long changed;      /* in the journal once, and not any more */
    unsigned long starts;       /* of agents, by their own book */
    unsigned long repeated;     /* a recorded step or undo done again */
    unsigned long doubled;      /* two of one step at the same time */
    unsigned long forged;       /* recorded, and by no agent's book done */
    unsigned long left;         /* agents alive after the end of their run */
    unsigned long doubt;        /* runs that stopped in doubt, step named */
    unsigned long wrong;        /* ended otherwise than they had to */
    unsigned long damage;       /* problems that the check of a store found */
};

void tally_add(struct tally *to, const struct tally *from);
bool tally_is_clean(const struct tally *tally);
void tally_print(const char *what, const struct tally *tally, double seconds);

/* ---- campaign_life.c: one owner ------------------------------------------ */

/* A word that the owner was told after it was durable. */
struct word {
    char kind[16]; /* of the record: result, undo_result, end */
    char step[NAME_SIZE];
    int attempt;
};

struct watched {
    const struct kill_pattern *pattern;
    const char *dir;
    char id[ID_SIZE];
    struct word words[WORDS_MAX];
    size_t word_count;
    int end;       /* state at its end; -2: none yet, -1: an error */
    char last[64]; /* the call at which an owner died last */
    char *journal; /* as it was seen last; malloc */
};

/* How an owner dies: at a random moment, at a call, or not at all. */
struct death {
    bool with_agents;  /* and all that it started, at the same moment */
    unsigned after_us; /* 0: not so */
    long call;         /* 0: not so */
    enum dying_when when;
};

/* One life of an owner: starts the run or resumes it. Waits until it is over;
 * true when it was killed. */
bool one_life(
    struct tally *tally, struct watched *run, const struct death *death);
/* How many calls that change files a whole run of a pattern makes. */
long calls_of(const struct kill_pattern *pattern, const char *dir);

/* ---- campaign_books.c: what is left of the promises ---------------------- */

/* Kills agents and their watchers at once. */
void agents_kill(const char *dir);
/* After each death: everything acknowledged is there, and all that was there
 * before. */
void books_look(struct tally *tally, struct watched *run);
/* After the end; prints what does not fit. */
void books_compare(struct tally *tally, struct watched *run);
/* The whole store, every record and chain. */
void books_check(struct tally *tally, const char *dir);

#endif
