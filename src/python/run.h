/*
 * run.h - a run that was started.
 */
#ifndef NDF_PYTHON_RUN_H
#define NDF_PYTHON_RUN_H

#include "python/py.h"

/* Makes the type and adds it to the module. NULL with an exception set. */
PyTypeObject *run_type_new(PyObject *module);

/* Methods of Engine, by these names. */
PyObject *run_start(PyObject *self, PyObject *const *at, Py_ssize_t count);
PyObject *run_next(PyObject *self, PyObject *const *at, Py_ssize_t count);
PyObject *run_plan(PyObject *self, PyObject *const *at, Py_ssize_t count);
PyObject *run_follow(PyObject *self, PyObject *const *at, Py_ssize_t count);
PyObject *run_resume(PyObject *self, PyObject *const *at, Py_ssize_t count);

#endif
