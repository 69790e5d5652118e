/*
 * agent_kinds.c - the ways agents run, one line each.
 *
 * A new way is a new file with its table of functions and a line here; nothing
 * else asks how an agent runs.
 */
#include "run/agent_kinds.h"

#include "run/agent_callback.h"
#include "run/agent_process.h"

const struct agent_kind *agent_kind_of(enum runtime runtime)
{
    static const struct agent_kind *const kinds[] = {
        [RUNTIME_PROCESS] = &agent_process,
        [RUNTIME_CALLBACK] = &agent_callback,
    };
    return kinds[runtime];
}
