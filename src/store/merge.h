/*
 * merge.h - the outcomes of two stores as one sequence.
 */
#ifndef NDF_STORE_MERGE_H
#define NDF_STORE_MERGE_H

#include "store/tx.h"

/* May change the body of an outcome that is taken; its bytes must live until
 * the next call. Not 0 stops the merge and is returned. */
typedef int (*merge_outcome_fn)(void *ud, struct store_outcome *outcome);

struct merge_counts {
    uint64_t taken; /* were not there */
    uint64_t known;
};

/* Inside a store_work_fn: takes the outcomes of another store that are not here
 * by their ids, and numbers all from 1 by their time, then id: so it does not
 * matter which store takes from which. One of a run that is not here names it
 * in its body only. fn may be NULL. Store errors, NDF_ENOMEM. */
int merge_outcomes(struct store_tx *tx, struct store_reader *from,
    merge_outcome_fn fn, void *ud, struct merge_counts *counts,
    ndf_error *error);

#endif
