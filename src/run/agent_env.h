/*
 * agent_env.h - the environment of an agent: an allow list.
 *
 * What a program needs to work at all (PATH, HOME, the language, the terminal's
 * kind, XDG folders, the way to the network), what the agent's pass_env and
 * NDF_PASS_ENV of our own environment name, the agent's own env, and NDF_RUN
 * NDF_STEP NDF_STEP_KEY NDF_ATTEMPT. Nothing else: secrets of ours stay ours.
 */
#ifndef NDF_RUN_AGENT_ENV_H
#define NDF_RUN_AGENT_ENV_H

#include "run/agent_call.h"

/* For exec, in arena. NDF_OK or NDF_ENOMEM. */
int agent_env_make(
    struct arena *arena, const struct agent_call *call, char *const **out);

#endif
