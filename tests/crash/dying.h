/*
 * dying.h - the process kills itself at its n-th call that changes files.
 *
 * Such calls of SQLite and of our own come here first, since a program's own
 * pwrite, fdatasync... go before those of the C library. Pipes are not looked
 * at: what was acknowledged on one stays acknowledged.
 */
#ifndef NDF_TESTS_DYING_H
#define NDF_TESTS_DYING_H

enum dying_when {
    DYING_BEFORE,
    DYING_HALF, /* writes only: half of the bytes are written */
    DYING_AFTER,
    DYING_WHEN_COUNT,
};

/* From now on: SIGKILL at call n (from 1); n 0 only counts. told: where the
 * name of that call is written to ("dies pwrite"), or -1. */
void dying_set(long n, enum dying_when when, int told);
/* Calls since dying_set. */
long dying_calls(void);

#endif
