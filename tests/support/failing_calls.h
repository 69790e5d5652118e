/*
 * failing_calls.h - the n-th call of the kernel fails: of SQLite and of our
 * own, since a program's own open, pread... come before those of the C library.
 *
 * Only files are looked at, and only while a fault is set. What was asked for
 * is done as far as the fault says, so that half a write is on the disk.
 */
#ifndef NDF_TESTS_FAILING_CALLS_H
#define NDF_TESTS_FAILING_CALLS_H

#include <stdbool.h>

enum call {
    CALL_OPEN,
    CALL_READ,
    CALL_WRITE,
    CALL_SYNC, /* fsync and fdatasync */
    CALL_TRUNCATE,
    CALL_RENAME,
    CALL_LOCK, /* taking; giving back does not fail */
    CALL_MAP,  /* of a file, as a log's shared index */
    CALL_COUNT,
};

enum call_fault {
    CALL_FAILS,       /* EIO, any call; half of a write is done */
    CALL_HAS_NO_ROOM, /* ENOSPC; half of a write is done. Not reads; for a lock
                         ENOLCK, for a mapping ENOMEM */
    CALL_INTERRUPTED, /* EINTR, nothing is done; not mappings and renames, which
                         never are */
    CALL_IS_SHORT,    /* reads and writes do half and say so */
    CALL_FAULT_COUNT,
};

/* The n-th call (from 1) from now on that the fault can meet fails, and all
 * later ones too when for_ever (locks only once: who cannot lock waits).
 * Starts the counts anew. */
void failing_calls_set(enum call_fault fault, long n, bool for_ever);
/* No more faults; the counts stay. */
void failing_calls_stop(void);
/* How many calls have failed. */
long failing_calls_failures(void);
/* Whether a sync of a file has failed whose path ends so; until forgotten. */
bool failing_calls_sync_failed(const char *end);
void failing_calls_forget_syncs(void);
/* What failed first, for a message: "write of a.db-wal". */
const char *failing_calls_first(void);

#endif
