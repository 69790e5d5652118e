/*
 * faulty_vfs.h - a disk that fails when it is told to: a shim in front of
 * SQLite's files, for the whole test program.
 *
 * What changes a file (write, sync, truncate) is counted; the n-th fails. It
 * also knows which files were written and not synced since.
 */
#ifndef NDF_TESTS_FAULTY_VFS_H
#define NDF_TESTS_FAULTY_VFS_H

#include <stdbool.h>

enum fault {
    FAULT_NONE,
    FAULT_IO,   /* EIO, whatever is done */
    FAULT_FULL, /* a write meets a full disk, half of it done */
    FAULT_SYNC, /* only syncs are counted and fail */
    FAULT_ROOM, /* nothing is counted; no log and no index of one can be made */
};

/* Makes it the VFS of every SQLite file opened from now on. */
void faulty_vfs_install(void);
void faulty_vfs_remove(void);
/* The n-th change from now on fails (from 1), and all later ones too when
 * for_ever. Starts the counts anew. */
void faulty_vfs_fail(enum fault fault, long n, bool for_ever);
/* How often it failed since then. */
long faulty_vfs_failures(void);
/* How many logs have bytes that were not synced. */
int faulty_vfs_dirty_logs(void);

#endif
