/*
 * readers.h - how matching grows with threads that read one index (turns.h),
 * and what a writer that changes it meanwhile costs them.
 */
#ifndef NDF_BENCH_READERS_H
#define NDF_BENCH_READERS_H

#include "turns.h"
#include "workload.h"

enum { READERS_WRITES_MAX = 1000000 };

/* What is read, by how many. */
struct readers {
    struct index *index; /* what each turn begins with; stays the caller's */
    const struct workload *workload;
    size_t threads;
    size_t writes; /* patterns that a writer adds a second; 0: nobody does */
};

/* Medians of all turns. Rates are a second, of all threads together. */
struct readers_result {
    double one, all;    /* contexts matched by one reader, and by all */
    double least, most; /* of the threads of all */
    double growth;      /* all / one, of the same turn */
    double spin_growth; /* the same of threads that only count */
    double of_spinning; /* growth / spin_growth */
    /* What a reader of all does in a second of its processor, of what one alone
     * does: below 1 they stand in each other's way, whoever else is there. */
    double each_of_one;
    /* With a writer; 0 without: what all do beside it, of what they do without,
     * and the same in a second of their processors. */
    double beside, of_alone, each_of_alone;
    double writes_s;             /* that it came to */
    double write_p50, write_p99; /* us: making the index with one more */
};

void readers_measure(const struct readers *readers, struct readers_result *out);

#endif
