/*
 * host.h - Python functions that the core calls.
 *
 * Two kinds: those that the core calls while it is called, on the thread of the
 * call (ask, write): what they raise is kept and comes out of the call; and
 * those that an engine's own threads call (steps, events), which have nobody to
 * raise to.
 */
#ifndef NDF_PYTHON_HOST_H
#define NDF_PYTHON_HOST_H

#include <stdbool.h>

#include "ndf/ndf.h"

#include "python/core.h"
#include "python/py.h"

/* A function for the time of one call, and what it raised. */
struct guest {
    PyObject *fn; /* borrowed */
    PyObject *type, *value, *traceback;
};

/* An ndf_ask_fn; ud is a struct guest. */
int host_ask(void *ud, const char *pattern, const ndf_context *context);
/* An ndf_write_fn; ud is a struct guest. */
int host_write(void *ud, const char *bytes, size_t size);
/* Whether it raised; then that exception is set anew. */
bool guest_raised(struct guest *guest);

/* An ndf_agent_fn; ud is a struct core. */
int host_step(void *ud, const ndf_call *call, ndf_reply *reply);
/* An ndf_event_fn; ud is a struct listener. */
void host_event(void *ud, const ndf_event *event);

#endif
