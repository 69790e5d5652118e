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

extern const struct bench_word bench_run, bench_match, bench_select;

/* Times in nanoseconds, to be asked for quantiles. */
struct bench_times {
    uint64_t *ns;
    size_t count, capacity;
};

uint64_t bench_now_ns(void);
void bench_times_add(struct bench_times *times, uint64_t ns);
/* The value at q in 0..1, in microseconds; sorts. */
double bench_times_us(struct bench_times *times, double q);
/* What the program has of memory now, in bytes. */
uint64_t bench_rss(void);
/* A whole number from 1 to max. */
bool bench_read_size(const char *text, size_t max, size_t *out);

/* A figure of a result. */
struct bench_line {
    const char *name;
    double value;
    int decimals;
};
/* Names and figures, one a line or as a JSON object. */
void bench_print(const struct bench_line *lines, size_t count, bool json);
/* Exits with a message: for what a benchmark cannot go on without. */
void bench_fail(const char *what, const char *which) __attribute__((noreturn));

#endif
