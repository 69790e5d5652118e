/*
 * store.h - everything that must survive: opened, written, kept whole.
 *
 * Writing is done by one thread at a time: a thread of the store takes all work
 * that is queued, runs each piece in a savepoint of one transaction, commits
 * once (with an fsync) and only then says "done" to each: many callers share
 * one commit. A caller that waits while nothing is queued is that one thread
 * itself. Reading is done by any thread, each with its own consistent view.
 * Several processes may have the same file open.
 *
 * Invariant: done(NDF_OK) means durable. After a failed fsync nothing more is
 * acknowledged until the store is opened again.
 *
 * tx.h has what work may write, read.h what a reader sees, record.h the rows.
 */
#ifndef NDF_STORE_STORE_H
#define NDF_STORE_STORE_H

#include "base/clock.h"
#include "base/err.h"
#include "base/mem.h"
#include "base/metrics.h"
#include "store/record.h"

enum {
    STORE_SCHEMA_VERSION = 3,
    STORE_RECORDS_MAX = 1 << 24, /* of a run */
    STORE_QUEUE_MAX = 65536,     /* pieces of work waiting */
    STORE_BUSY_MS = 5000,        /* how long another process is waited for */
};

struct store;
struct store_tx;
struct store_reader;

enum store_mode {
    STORE_CREATE,
    STORE_EXISTING,
    STORE_READ_ONLY,
    STORE_STILL, /* for reading a file that nobody writes: no lock is taken and
                    nothing made beside it */
};

struct store_options {
    const char *path; /* NULL: private, in memory */
    enum store_mode mode;
    const struct clock *clock; /* borrowed; NULL: the machine's */
};

struct store_metrics {
    struct counter jobs;   /* work that was committed */
    struct counter failed; /* work that was not */
    struct counter groups; /* commits */
    struct histogram commit_us;
};

/* Borrows mem for the store's life. A store of an older schema is upgraded,
 * after a backup beside it. NDF_ENOTFOUND, NDF_ENEWER, NDF_ECORRUPT (also: a
 * file that is no store), NDF_EREADONLY, NDF_EFULL, NDF_EBUSY, NDF_EIO,
 * NDF_ESTORE, NDF_ENOMEM. */
int store_open(struct store **out, const struct mem *mem,
    const struct store_options *options, ndf_error *error);
/* Finishes what is queued. No reader may be open and nobody may submit any
 * more, except work and done functions that still run. Accepts NULL. */
void store_close(struct store *store);

/* Runs once, on the store's thread or on one that waits in store_write, inside
 * a transaction; not NDF_OK undoes what this piece wrote, and nothing else.
 * error is never NULL. */
typedef int (*store_work_fn)(struct store_tx *tx, void *ud, ndf_error *error);
/* Runs once on the writer thread, or on one that helps, after the commit; be
 * short. error is valid
 * in the call, its code is err. May submit; must not store_write. */
typedef void (*store_done_fn)(void *ud, int err, const ndf_error *error);

/* Queues work; never blocks on the disk. Work runs in the order of submission.
 * When it returns an error (NDF_ENOMEM; NDF_ELIMIT: the queue is full;
 * NDF_EREADONLY), neither function will be called. done may be NULL. */
int store_submit(struct store *store, store_work_fn work, store_done_fn done,
    void *ud, ndf_error *error);
/* Between the two, what this thread submits waits for the end, which commits
 * it, with all else that waits, on this thread and calls done here: so nobody
 * has to be woken. Does nothing while another thread helps, or is writing. Not
 * from work or done. */
void store_help_begin(struct store *store);
void store_help_end(struct store *store);
/* Whether this thread is between the two, for done functions. */
bool store_is_helping(struct store *store);
/* Submits and waits for the end. Not from work or done, and not while this
 * thread holds a reader: in memory a commit waits for readers to end. */
int store_write(
    struct store *store, store_work_fn work, void *ud, ndf_error *error);

/* One consistent view of what is committed; from any thread, any number at
 * once. Keep it short: a long view keeps the file's log from being reset. One
 * reader belongs to one thread at a time. */
int store_read_begin(
    struct store *store, struct store_reader **out, ndf_error *error);
/* Accepts NULL. */
void store_read_end(struct store_reader *reader);

/* A number that changes when another process has changed the store (own writes
 * do not change it). Cheap; never waits: while the writer is busy it is the
 * last number known. Ask now and then. */
int64_t store_data_version(struct store *store);
/* Of this handle, since it was opened; borrowed. */
const struct store_metrics *store_metrics(const struct store *store);
bool store_is_read_only(const struct store *store);

/* A whole copy at path while others write; it is checked. NDF_EEXISTS when path
 * is there; NDF_ECORRUPT: the copy was made, and stays, but has problems. After
 * other errors there is no copy. */
int store_backup(struct store *store, const char *path, ndf_error *error);

/* Something wrong: where ("run 01J.., record 7") and what. */
typedef void (*store_problem_fn)(void *ud, const char *where, const char *what);

struct store_check_counts {
    uint64_t runs, records, contents, entries, outcomes, problems;
};

/* Walks everything: the file's structure, every reference, hash, checksum and
 * chain. NDF_OK also when there are problems; an error when it could not be
 * walked to the end. problem may be NULL. */
int store_check(struct store *store, store_problem_fn problem, void *ud,
    struct store_check_counts *counts, ndf_error *error);

#endif
