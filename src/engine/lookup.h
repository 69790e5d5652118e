/*
 * lookup.h - finding a run by what a person typed.
 */
#ifndef NDF_ENGINE_LOOKUP_H
#define NDF_ENGINE_LOOKUP_H

#include "engine/engine.h"

/* By its id or an unambiguous start of it; the strings live in arena.
 * NDF_ENOTFOUND, NDF_EINVAL (several), NDF_ENOMEM, store errors. */
int lookup_run(ndf_engine *engine, struct arena *arena, struct str id,
    struct store_run *out, ndf_error *error);

#endif
