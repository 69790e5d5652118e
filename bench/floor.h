/*
 * floor.h - what commits alone cost: the floor under everything durable.
 */
#ifndef NDF_BENCH_FLOOR_H
#define NDF_BENCH_FLOOR_H

#include <stddef.h>
#include <stdint.h>

struct floor;

/* Files of its own in that folder. */
struct floor *floor_new(const char *dir);
void floor_free(struct floor *floor);

/* What so many runs wrote, in how many commits. */
struct floor_load {
    uint64_t runs, commits;
    size_t run_records; /* of one run */
    size_t run_bytes;   /* of its records */
};

/* Commits the same load twice: bare (one row a commit, into a plain file of
 * SQLite that syncs at each), and through the store (its rows, sums and
 * chains), with nothing else in either. */
void floor_commit(struct floor *floor, const struct floor_load *load);
/* Of all loads together. */
uint64_t floor_bare_ns(const struct floor *floor);
uint64_t floor_store_ns(const struct floor *floor);

#endif
