/*
 * turns.h - how work grows with threads.
 *
 * Two threads never do twice the work of one on a machine that others use. So
 * what is measured takes turns with threads that only count, a part of a second
 * each: what counts is how the one grows as a share of how the other does, and
 * the medians of many turns.
 */
#ifndef NDF_BENCH_TURNS_H
#define NDF_BENCH_TURNS_H

#include "bench.h"

enum { TURN_THREADS_MAX = 64, TURN_MS = 300 };

struct turn;

/* One thread of a turn. */
struct turn_worker {
    const struct turn *turn;
    void *ud;
    size_t number; /* 0 to threads - 1 */
    size_t threads;
};

/* Works until turn_is_over; returns how often it did what it does. */
typedef uint64_t (*turn_fn)(const struct turn_worker *worker);
bool turn_is_over(const struct turn_worker *worker);

/* What happens in a turn. */
struct turn_plan {
    turn_fn work;
    turn_fn beside; /* in one more thread, which is not counted; NULL: none */
    void *ud;
    size_t threads;
    unsigned ms; /* 0: TURN_MS */
};

/* What the threads did, a second. */
struct turn_rates {
    double each[TURN_THREADS_MAX]; /* rising */
    double all;
    double cpu; /* in a second of processor time, the mean of all */
};

void turn_run(const struct turn_plan *plan, struct turn_rates *out);
/* Only counts. */
uint64_t turn_spin(const struct turn_worker *worker);
/* Sorts. */
double turn_median(double *values, size_t count);

#endif
