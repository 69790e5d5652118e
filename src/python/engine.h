/*
 * engine.h - the Python object of an engine, and one call on it.
 *
 * Any number of threads may be in a call; whoever closes waits for them. The
 * fields belong to who holds the GIL.
 */
#ifndef NDF_PYTHON_ENGINE_H
#define NDF_PYTHON_ENGINE_H

#include <stdbool.h>

#include "ndf/ndf.h"

#include "python/args.h"
#include "python/core.h"
#include "python/py.h"
#include "python/state.h"

struct engine {
    PyObject_HEAD PyObject *weakrefs;
    PyObject *path;    /* as it was given; None: in memory */
    struct core *core; /* NULL: closed */
    bool closing;      /* no call begins any more */
    struct inside calls;
    struct inside closers;
};

/* Makes the type with its methods and adds it to the module. NULL with an
 * exception set. */
PyTypeObject *engine_type_new(PyObject *module, PyMethodDef *methods);
/* Ends what runs, waits for the calls in flight, closes; again is nothing. -1
 * with an exception set on a thread that the engine called, which cannot wait
 * for itself. In a forked child it only marks it as closed. */
int engine_close(struct engine *engine);

/* ---- one call ----------------------------------------------------------- */

/* From call_begin to call_end the engine stays open. */
struct call {
    struct engine *engine;
    struct state *state;
    ndf_engine *ndf;
    int err; /* what the core said */
    ndf_error error;
};

/* -1 with an exception set when the engine is closed, or its parent process's;
 * then call_end is not due. */
int call_begin(struct call *call, PyObject *self);
/* Each returns the result of the method, or NULL with the exception of
 * call->err. */
PyObject *call_none(struct call *call);
/* Takes text. */
PyObject *call_text(struct call *call, ndf_text *text);
/* Ends it without looking at call->err. */
void call_end(struct call *call);
/* The arguments of a method of an engine or a run. */
struct args call_args(
    PyObject *self, const char *method, PyObject *const *at, Py_ssize_t count);

/* A text of the core as str; takes it. */
PyObject *text_to_str(ndf_text *text);

#endif
