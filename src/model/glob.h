/*
 * glob.h - globs over dotted domains: `*` is one segment, a last `**` is the
 * place itself and all below; `**` alone is any.
 */
#ifndef NDF_MODEL_GLOB_H
#define NDF_MODEL_GLOB_H

#include "base/str.h"

/* Segments of [A-Za-z0-9_-] or `*`; `**` only last. */
bool glob_valid(struct str glob);
/* glob must be valid; matching is by bytes. */
bool glob_match(struct str glob, struct str domain);

#endif
