/*
 * choose.h - the pattern for a phase that says `select: true`, chosen when the
 * phase is reached, as an unattended task would be: by the context then, its
 * words led by the phase's name ("deploy: ship the app").
 */
#ifndef NDF_ENGINE_CHOOSE_H
#define NDF_ENGINE_CHOOSE_H

#include "engine/runner.h"

/* On the runner's thread; done comes as that of an agent's call. Its result is
 * the plan of the pattern that was chosen, encoded, as output; or exit 1 and in
 * error why there is none. */
int choice_start(struct ndf_run *run, const struct exec_select *select,
    agent_done_fn done, void *ud, struct agent_task **out, ndf_error *error);

#endif
