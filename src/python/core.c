/*
 * core.c - an open engine of the core with what it may call.
 *
 * Whoever drops a reference to a Python function may run any code, which may
 * come back here: so a thing is taken off its list before it is freed.
 */
#include "python/core.h"

#include <string.h>
#include <unistd.h>

#include "python/state.h"

static struct state *state_of_core(const struct core *core)
{
    return PyModule_GetState(core->module);
}

static struct core *core_alloc(void)
{
    PyObject *functions = PyDict_New();
    if (functions == NULL) return NULL;
    struct core *core = PyMem_Calloc(1, sizeof *core);
    if (core == NULL || !inside_init(&core->called)) {
        PyMem_Free(core);
        Py_DECREF(functions);
        PyErr_NoMemory();
        return NULL;
    }
    core->functions = functions;
    return core;
}

struct core *core_open(PyObject *module, const ndf_options *options)
{
    struct state *state = PyModule_GetState(module);
    struct core *core = core_alloc();
    if (core == NULL) return NULL;
    ndf_error error = {0};
    PyThreadState *gil = PyEval_SaveThread();
    int err = ndf_open(&core->ndf, options, &error);
    PyEval_RestoreThread(gil);
    if (err == NDF_OK && state->ended) { /* since it began to open */
        ndf_close(core->ndf);
        err = NDF_ECLOSED;
    }
    if (err != NDF_OK) {
        Py_DECREF(core->functions);
        inside_deinit(&core->called);
        PyMem_Free(core);
        errors_raise(&state->errors, err, &error);
        return NULL;
    }
    core->pid = getpid();
    core->module = Py_NewRef(module);
    core->next = state->cores;
    state->cores = core;
    return core;
}

bool core_is_ours(const struct core *core)
{
    return core->pid == getpid();
}

static void unlist(struct state *state, const struct core *core)
{
    struct core **at = &state->cores;
    while (*at != NULL && *at != core)
        at = &(*at)->next;
    if (*at != NULL) *at = core->next;
}

void core_stop(struct core *core)
{
    PyThreadState *gil = PyEval_SaveThread();
    ndf_close(core->ndf);
    PyEval_RestoreThread(gil);
    unlist(state_of_core(core), core);
}

void core_free(struct core *core)
{
    PyObject *module = core->module;
    while (core->listeners != NULL)
        core_unlisten(core, core->listeners->number);
    Py_XDECREF(core->functions);
    inside_deinit(&core->called);
    PyMem_Free(core);
    Py_DECREF(module);
}

/* ---- abandoned ---------------------------------------------------------- */

void core_close_abandoned(struct state *state)
{
    struct core *core = state->cores;
    while (core != NULL) {
        if (core->abandoned && core_is_ours(core) &&
            !inside_has_self(&core->called)) {
            core->abandoned = false; /* nobody else closes it now */
            core_stop(core);
            core_free(core);
            core = state->cores; /* the list may be another by now */
        } else {
            core = core->next;
        }
    }
}

static int close_pending(void *module)
{
    struct state *state = PyModule_GetState(module);
    if (state != NULL) core_close_abandoned(state);
    Py_DECREF((PyObject *)module);
    return 0;
}

void core_abandon(struct core *core)
{
    core->abandoned = true;
    /* When it cannot be asked for, the end of Python closes it. */
    if (Py_AddPendingCall(close_pending, Py_NewRef(core->module)) < 0)
        Py_DECREF(core->module);
}

/* ---- functions ---------------------------------------------------------- */

int core_traverse(const struct core *core, visitproc visit, void *arg)
{
    Py_VISIT(core->functions);
    for (struct listener *at = core->listeners; at != NULL; at = at->next)
        Py_VISIT(at->fn);
    return 0;
}

void core_clear(struct core *core)
{
    PyDict_Clear(core->functions);
    /* Listeners may go while code runs, so each round begins anew. */
    struct listener *at = core->listeners;
    while (at != NULL) {
        PyObject *fn = at->fn;
        at->fn = NULL;
        if (fn == NULL) {
            at = at->next;
            continue;
        }
        Py_DECREF(fn);
        at = core->listeners;
    }
}

struct listener *core_listen(struct core *core, PyObject *fn)
{
    struct listener *listener = PyMem_Calloc(1, sizeof *listener);
    if (listener == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    listener->core = core;
    listener->number = ++core->listener_count;
    listener->fn = Py_NewRef(fn);
    listener->next = core->listeners;
    core->listeners = listener;
    return listener;
}

void core_unlisten(struct core *core, unsigned long long number)
{
    struct listener **at = &core->listeners;
    while (*at != NULL && (*at)->number != number)
        at = &(*at)->next;
    struct listener *listener = *at;
    if (listener == NULL) return;
    *at = listener->next;
    PyObject *fn = listener->fn;
    PyMem_Free(listener);
    Py_XDECREF(fn);
}
