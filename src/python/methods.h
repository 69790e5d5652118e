/*
 * methods.h - the methods of an engine, but for those that start runs (run.h):
 * methods.c has the table and what keeps and reads, choose.c what selects.
 */
#ifndef NDF_PYTHON_METHODS_H
#define NDF_PYTHON_METHODS_H

#include "python/py.h"

/* Python asks for its tables writable; nothing writes into it. */
extern PyMethodDef methods_of_engine[];

PyObject *choose_select(PyObject *self, PyObject *const *at, Py_ssize_t count);
PyObject *choose_why(PyObject *self, PyObject *const *at, Py_ssize_t count);
PyObject *choose_explain(PyObject *self, PyObject *const *at, Py_ssize_t count);
PyObject *choose_domain(PyObject *self, PyObject *const *at, Py_ssize_t count);
PyObject *choose_attribute(
    PyObject *self, PyObject *const *at, Py_ssize_t count);
PyObject *choose_similar(PyObject *self, PyObject *const *at, Py_ssize_t count);
PyObject *choose_compile(PyObject *self, PyObject *unused);
PyObject *choose_configure(
    PyObject *self, PyObject *const *at, Py_ssize_t count);

PyObject *registry_register(
    PyObject *self, PyObject *const *at, Py_ssize_t count);
PyObject *registry_unregister(
    PyObject *self, PyObject *const *at, Py_ssize_t count);
PyObject *registry_load(PyObject *self, PyObject *const *at, Py_ssize_t count);
PyObject *registry_import(
    PyObject *self, PyObject *const *at, Py_ssize_t count);
PyObject *registry_refresh(PyObject *self, PyObject *unused);
PyObject *registry_trust(PyObject *self, PyObject *const *at, Py_ssize_t count);
PyObject *registry_bind(PyObject *self, PyObject *const *at, Py_ssize_t count);

#endif
