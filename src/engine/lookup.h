/*
 * lookup.h - finding single things in the store, as people name them.
 */
#ifndef NDF_ENGINE_LOOKUP_H
#define NDF_ENGINE_LOOKUP_H

#include "engine/engine.h"

/* The one run whose id starts with `id`; its strings live in arena.
 * NDF_ENOTFOUND; NDF_EINVAL when several do. */
int lookup_run(ndf_engine *engine, struct arena *arena, struct str id,
    struct store_run *out, ndf_error *error);
/* Whether a process is at work on the run. */
bool lookup_owned(ndf_engine *engine, struct str run);
/* Whether nobody is at work on a run that was seen running. An owner records
 * the end before it lets go: without one, a newer view is asked whether it is
 * that. */
bool lookup_left(ndf_engine *engine, struct str run);

struct lookup_entry {
    struct str id; /* lives in the arena */
    uint8_t spec[STORE_HASH_SIZE];
    int64_t updated_ms;
    size_t count; /* entries of that name, all with this document */
};

/* An agent or a pattern: one of the host's, else of a qualified name, else the
 * document that all have who are called so. NDF_ENOTFOUND; NDF_EREFERENCE
 * names the several. */
int lookup_entry(struct store_reader *reader, struct arena *arena,
    struct str name, struct lookup_entry *out, ndf_error *error);

/* The qualified name of a pattern or an agent that is there: a typing error
 * does not teach. Lives in arena. NDF_ENOTFOUND, NDF_EREFERENCE. */
int lookup_pattern(ndf_engine *engine, struct arena *arena, struct str name,
    struct str *out, ndf_error *error);

#endif
