/*
 * sqlite_backup.h - a whole copy of a store while others use it.
 */
#ifndef NDF_STORE_SQLITE_BACKUP_H
#define NDF_STORE_SQLITE_BACKUP_H

#include "store/sqlite_conn.h"

/* Copies what source sees to path. The name is taken first (NDF_EEXISTS when
 * it is there), the copy written beside it and renamed when it is on the
 * disk: path is empty or whole, never half. */
int backup_write(
    struct sqlite_conn *source, const char *path, ndf_error *error);

#endif
