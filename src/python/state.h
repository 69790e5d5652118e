/*
 * state.h - what a module object keeps; there is nothing outside of it.
 */
#ifndef NDF_PYTHON_STATE_H
#define NDF_PYTHON_STATE_H

#include <pthread.h>
#include <stdbool.h>

#include "python/errors.h"
#include "python/py.h"

struct core;

struct state {
    struct errors errors;
    PyTypeObject *engine_type;
    PyTypeObject *run_type;
    struct core *cores; /* of all engines that are not closed yet */
    bool ended;         /* Python is ending: nothing is opened any more */
};

/* Of the module that an object's type is of. */
struct state *state_of(PyObject *object);

#endif
