/*
 * readers.h - how matching grows with threads that read one index (turns.h).
 */
#ifndef NDF_BENCH_READERS_H
#define NDF_BENCH_READERS_H

#include "turns.h"
#include "workload.h"

/* What is read, by how many. */
struct readers {
    const struct index *index;
    const struct workload *workload;
    size_t threads;
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
};

void readers_measure(const struct readers *readers, struct readers_result *out);

#endif
