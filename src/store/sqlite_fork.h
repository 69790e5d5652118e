/*
 * sqlite_fork.h - a forked child must not open a store file while its parent
 * has one open.
 *
 * SQLite counts its file locks per process, in memory that fork copies: the
 * child would believe that it holds the parent's locks and take none.
 */
#ifndef NDF_STORE_SQLITE_FORK_H
#define NDF_STORE_SQLITE_FORK_H

#include "base/err.h"

/* Before a file is opened. NDF_EFORKED, NDF_ENOMEM. */
int sqlite_fork_enter(ndf_error *error);
/* After it was closed; once for each enter that was NDF_OK. */
void sqlite_fork_leave(void);

#endif
