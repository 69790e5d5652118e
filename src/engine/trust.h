/*
 * trust.h - which folders' programs may be run.
 *
 * The list lives in the user's data folder, never in a store: a store can come
 * with a cloned repository and must not be able to vouch for itself.
 */
#ifndef NDF_ENGINE_TRUST_H
#define NDF_ENGINE_TRUST_H

#include <stdbool.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/value.h"

struct trust {
    const struct mem *mem;
    struct str home; /* the user's data folder; empty: there is none */
};

/* Adds the folder or file (an existing absolute path without links) to the
 * list. NDF_ENOTFOUND when there is no data folder; errors of writing. */
int trust_grant(const struct trust *trust, struct str path, ndf_error *error);
/* Takes it off; NDF_OK also when it was not there. */
int trust_revoke(const struct trust *trust, struct str path, ndf_error *error);
/* True when path, or a folder above it, is on the list. */
int trust_check(const struct trust *trust, struct str path, bool *trusted,
    ndf_error *error);
/* Appends the listed paths as an array of strings. */
int trust_list(const struct trust *trust, struct arena *arena,
    struct value *out, ndf_error *error);

#endif
