/*
 * agent_process.h - agents that are programs.
 *
 * Each call is watched by a small program, ndf-init, which outlives its owner:
 * it holds the call's lock, keeps the time limit, copies the output into files,
 * kills what the agent leaves behind, and writes the result last. In the
 * folder of the call, with S for call.file:
 *
 *     S.lock     OFD lock, held while ndf-init or the agent lives
 *     S.req      the request, the agent's stdin
 *     S.started  made before the agent is executed
 *     S.out      its stdout
 *     S.err      the tail of its stderr
 *     S.exit     how it ended, with the checksum of S.out; renamed into place
 *
 * The files stay: whoever owns the folder removes it when the run has ended.
 *
 * What the agent may see and do: agent_env.h, struct sandbox. In a PID
 * namespace of its own (init_spawn.c) nothing of it can outlive the call or
 * touch the watcher; without one it is a program of the user like any other.
 */
#ifndef NDF_RUN_AGENT_PROCESS_H
#define NDF_RUN_AGENT_PROCESS_H

#include "run/agent_call.h"

extern const struct agent_kind agent_process;

#endif
