/*
 * fixture.h - a store for a test, and one of everything to put into it.
 */
#ifndef NDF_TESTS_STORE_FIXTURE_H
#define NDF_TESTS_STORE_FIXTURE_H

#include "store/read.h"
#include "store/store.h"
#include "store/tx.h"
#include "support/support.h"

/* Opens with mem_libc; fails the test when that does not work. */
struct store *fixture_open(const char *path, enum store_mode mode);
/* The code of an open that should fail; the message is in error. */
int fixture_open_error(
    const char *path, enum store_mode mode, ndf_error *error);

/* A text as the ud of one of the works below, which do not change it. */
void *fixture_text(const char *text);
/* Writes and fails the test when that does not work. */
void fixture_write(struct store *store, store_work_fn work, void *ud);
struct store_reader *fixture_read(struct store *store);

/* Work: one of every record; run "run-1" with 3 journal records. */
int fixture_fill(struct store_tx *tx, void *ud, ndf_error *error);
/* Work: a run of the id that ud (const char *) is. */
int fixture_run(struct store_tx *tx, void *ud, ndf_error *error);

/* Work: appends {"n": seq} to the journal of a run. */
struct fixture_record {
    const char *run;
    int64_t seq;
};
int fixture_append(struct store_tx *tx, void *ud, ndf_error *error);
/* How many records the journal has; the test fails when it is damaged. */
int64_t fixture_records(struct store *store, const char *run);
/* How many problems store_check finds. */
uint64_t fixture_problems(struct store *store);
/* Runs SQL on the file with SQLite's own shell of defaults, behind our back. */
void fixture_sql(const char *path, const char *sql);
/* Of places in a row, every how many-th a test takes: NDF_TEST_STRIDE when it
 * is set (1 in ./dev soak), else the usual one. */
long fixture_stride(long usual);

#endif
