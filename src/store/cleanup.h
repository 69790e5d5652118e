/*
 * cleanup.h - removing what is old, and what nothing refers to any more.
 */
#ifndef NDF_STORE_CLEANUP_H
#define NDF_STORE_CLEANUP_H

#include "store/store.h"

/* What goes, and who is asked about it; on the caller's thread. */
struct store_cleanup {
    int64_t before_ms;
    /* Whether somebody is at work on the run: it is left alone then. */
    bool (*owned)(void *ud, struct str run);
    /* The run is gone for good. */
    void (*removed)(void *ud, struct str run);
    void *ud;
};

struct store_cleanup_counts {
    uint64_t runs, outcomes, contents;
    uint64_t bytes; /* of records, outcomes and packed contents */
};

/* Removes runs that ended before, unless an outcome of theirs is newer, with
 * journals and outcomes; outcomes of no run; then each content that no entry,
 * run or record refers to. In several transactions: what an error leaves is
 * whole. Not while an export is being read in: its contents come before what
 * refers to them. NDF_ECORRUPT: what refers to what cannot be told. */
int store_cleanup(struct store *store, const struct store_cleanup *what,
    struct store_cleanup_counts *counts, ndf_error *error);

#endif
