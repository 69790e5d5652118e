/*
 * link.h - what ties a run to the one that is tried when it fails.
 *
 * The first record of a run holds the patterns that come after it and the id
 * that the next run will have. The transaction that ends a run as failed leaves
 * a command `fall_back`; the one that starts the next run takes it. So each
 * link is made once, whoever makes it, and one that was not made is found.
 */
#ifndef NDF_ENGINE_LINK_H
#define NDF_ENGINE_LINK_H

#include "engine/registry.h"
#include "engine/runner.h"

/* The fallback that a pattern declares, and those that this one declares, and
 * so on, by their qualified names, into *out; of an agent and of a name that is
 * not there, none. NDF_ELIMIT, NDF_EREFERENCE, NDF_ECYCLE, NDF_ENOMEM. */
int link_declared(const struct registry *registry, struct str pattern,
    struct arena *arena, struct str_list *out, ndf_error *error);
/* What the first record says of a run's place, beside plan and context. */
int link_encode(struct ndf_run *run, struct value *start);
int link_decode(struct ndf_run *run, const struct value *start);

/* In the transaction that ends a run as failed: its fallback is due. */
int link_owe(
    struct store_tx *tx, struct str run, int64_t at_ms, ndf_error *error);
/* In the one that starts it, or says that it is not to be: it is due no more.
 * NDF_EEXISTS: it was not. */
int link_take(struct store_tx *tx, struct str run, ndf_error *error);
int link_due(
    struct store_reader *reader, struct str run, bool *due, ndf_error *error);

#endif
