/*
 * registry.c - the methods of an engine about its agents and patterns.
 */
#include "python/engine.h"
#include "python/host.h"
#include "python/methods.h"

PyObject *registry_register(
    PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "register", at, count);
    struct text text = {NULL, 0};
    bool replace = false;
    struct call call;
    if (args_count(&args, 1, 2) < 0 || args_text(&args, 0, "text", &text) < 0 ||
        args_flag(&args, 1, "replace", &replace) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_register(call.ndf, text.at, text.size, replace, &call.error);
    PyEval_RestoreThread(gil);
    return call_none(&call);
}

PyObject *registry_unregister(
    PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "unregister", at, count);
    const char *name = NULL;
    struct call call;
    if (args_count(&args, 1, 1) < 0 || args_name(&args, 0, "name", &name) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_unregister(call.ndf, name, &call.error);
    PyEval_RestoreThread(gil);
    return call_none(&call);
}

PyObject *registry_load(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "load", at, count);
    const char *name = NULL;
    struct call call;
    if (args_count(&args, 1, 1) < 0 || args_name(&args, 0, "name", &name) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    ndf_text *text = NULL;
    ndf_stored stored = {0, 0, 0};
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_load(call.ndf, name, &text, &stored, &call.error);
    PyEval_RestoreThread(gil);
    PyObject *document = call_text(&call, text);
    if (document == NULL) return NULL;
    return Py_BuildValue("(NKKL)", document, (unsigned long long)stored.bytes,
        (unsigned long long)stored.stored_bytes, (long long)stored.updated_ms);
}

/* ---- files -------------------------------------------------------------- */

PyObject *registry_import(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "import_", at, count);
    const char *path = NULL, *source = NULL;
    struct call call;
    if (args_count(&args, 1, 3) < 0 || args_name(&args, 0, "path", &path) < 0 ||
        args_name_or_none(&args, 1, "source", &source) < 0)
        return NULL;
    const char **argv = NULL;
    PyObject *kept = NULL;
    if (count > 2 && at[2] != Py_None) {
        argv = args_words(&args, at[2], "run", &kept);
        if (argv == NULL) return NULL;
    }
    PyObject *report = NULL;
    if (call_begin(&call, self) == 0) {
        ndf_text *text = NULL;
        PyThreadState *gil = PyEval_SaveThread();
        call.err = ndf_import(call.ndf, path, source, argv, &text, &call.error);
        PyEval_RestoreThread(gil);
        report = call_text(&call, text);
    }
    PyMem_Free((void *)argv);
    Py_XDECREF(kept);
    return report;
}

PyObject *registry_refresh(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct call call;
    if (call_begin(&call, self) < 0) return NULL;
    ndf_text *text = NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_refresh(call.ndf, &text, &call.error);
    PyEval_RestoreThread(gil);
    return call_text(&call, text);
}

PyObject *registry_trust(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "trust", at, count);
    const char *path = NULL;
    int action = NDF_TRUST_ASK;
    struct call call;
    if (args_count(&args, 1, 2) < 0 || args_name(&args, 0, "path", &path) < 0 ||
        args_int(&args, 1, "action", &action) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    int trusted = 0;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_trust_folder(call.ndf, path, action, &trusted, &call.error);
    PyEval_RestoreThread(gil);
    PyObject *done = call_none(&call);
    if (done == NULL) return NULL;
    Py_DECREF(done);
    return PyBool_FromLong(trusted);
}

/* ---- functions ---------------------------------------------------------- */

/* fn NULL takes it out. What was there before goes into *old. */
static int set_function(
    PyObject *functions, PyObject *name, PyObject *fn, PyObject **old)
{
    *old = PyDict_GetItemWithError(functions, name);
    if (*old == NULL && PyErr_Occurred()) return -1;
    Py_XINCREF(*old);
    int failed = 0;
    if (fn != NULL) failed = PyDict_SetItem(functions, name, fn);
    else if (*old != NULL) failed = PyDict_DelItem(functions, name);
    if (failed < 0) Py_CLEAR(*old);
    return failed;
}

/* A function is in its place before the core can call it; one that the core
 * refuses leaves what was there. */
static PyObject *bind(
    struct call *call, PyObject *at, const char *name, PyObject *fn)
{
    struct core *core = call->engine->core;
    PyObject *old, *new;
    if (set_function(core->functions, at, fn, &old) < 0) {
        call_end(call);
        return NULL;
    }
    PyThreadState *gil = PyEval_SaveThread();
    call->err = ndf_bind(
        call->ndf, name, fn != NULL ? host_step : NULL, core, &call->error);
    PyEval_RestoreThread(gil);
    if (call->err != NDF_OK &&
        set_function(core->functions, at, old, &new) == 0)
        Py_XDECREF(new);
    Py_XDECREF(old);
    return call_none(call);
}

PyObject *registry_bind(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "bind", at, count);
    const char *name = NULL;
    PyObject *fn = NULL;
    struct call call;
    if (args_count(&args, 2, 2) < 0 || args_name(&args, 0, "name", &name) < 0 ||
        args_function_or_none(&args, 1, "fn", &fn) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    return bind(&call, at[0], name, fn);
}
