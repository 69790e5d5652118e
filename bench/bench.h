/*
 * bench.h - the words of ndf-bench, and what they share.
 */
#ifndef NDF_BENCH_H
#define NDF_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One word: reads its own arguments (argv[0] is the word), prints its result
 * on stdout; returns the exit status. */
struct bench_word {
    const char *name;
    const char *usage;
    int (*run)(int argc, char **argv);
};

extern const struct bench_word bench_run, bench_select;

/* Times in nanoseconds, to be asked for quantiles. */
struct bench_times {
    uint64_t *ns;
    size_t count, capacity;
};

uint64_t bench_now_ns(void);
void bench_times_add(struct bench_times *times, uint64_t ns);
/* The value at q in 0..1, in microseconds; sorts. */
double bench_times_us(struct bench_times *times, double q);
/* Exits with a message: for what a benchmark cannot go on without. */
void bench_fail(const char *what, const char *which) __attribute__((noreturn));

#endif
