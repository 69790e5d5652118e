/*
 * rebuild.h - a run as its journal tells it.
 */
#ifndef NDF_ENGINE_REBUILD_H
#define NDF_ENGINE_REBUILD_H

#include "engine/runner.h"

/* The run's row by its id or an unambiguous start of it; fills id, state and
 * started_ms of run. *row (may be NULL) lives in the run's arena. As
 * lookup_run. */
int rebuild_find(struct ndf_run *run, struct str id, struct store_run *row,
    ndf_error *error);
/* The executor of the run's plan and context. */
int rebuild_executor(struct ndf_run *run, uint64_t seed,
    enum exec_outputs outputs, ndf_error *error);
/* Plan, context and executor of the run whose id is set, every record replayed;
 * records (initialised; struct exec_record) takes them all, the plan first.
 * They live in the run's arena. NDF_ECORRUPT, NDF_ENOMEM, store errors. */
int rebuild_run(struct ndf_run *run, enum exec_outputs outputs,
    struct vec *records, ndf_error *error);

#endif
