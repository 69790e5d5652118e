/*
 * gone.h - what leaves the registry is an outcome, too.
 *
 * What was learned of a pattern must go at the same place of the sequence for
 * everybody who learns it, and when it is learned anew. Replacing a document is
 * no removal.
 */
#ifndef NDF_ENGINE_GONE_H
#define NDF_ENGINE_GONE_H

#include "store/tx.h"

/* Inside the store_work_fn that removes the entry of that id. Adds nothing
 * while there are no outcomes. NDF_ENOMEM, store errors. */
int gone_write(struct store_tx *tx, const struct mem *mem, struct str id,
    int64_t at_ms, ndf_error *error);
/* The same for counts that are forgotten. */
int gone_reset(struct store_tx *tx, const struct mem *mem, struct str id,
    int64_t at_ms, ndf_error *error);

#endif
