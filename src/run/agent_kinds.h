/*
 * agent_kinds.h - the ways agents run.
 */
#ifndef NDF_RUN_AGENT_KINDS_H
#define NDF_RUN_AGENT_KINDS_H

#include "model/plan.h"
#include "run/agent_call.h"

/* The functions for a plan's runtime. */
const struct agent_kind *agent_kind_of(enum runtime runtime);

#endif
