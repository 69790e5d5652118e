/*
 * module.c - the module `_ndf`: its state, its names, its end.
 *
 * An engine has threads that call Python. All engines are closed while Python
 * still stands (atexit), so that none of them meets it half gone.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "python/engine.h"
#include "python/methods.h"
#include "python/run.h"
#include "python/state.h"

struct state *state_of(PyObject *object)
{
    return PyType_GetModuleState(Py_TYPE(object));
}

/* ---- functions ---------------------------------------------------------- */

static PyObject *validate(
    PyObject *module, PyObject *const *at, Py_ssize_t count)
{
    const struct state *state = PyModule_GetState(module);
    struct args args = {&state->errors, "validate", at, count};
    struct text text = {NULL, 0};
    if (args_count(&args, 1, 1) < 0 || args_text(&args, 0, "text", &text) < 0)
        return NULL;
    size_t documents = 0;
    ndf_error error = {0};
    PyThreadState *gil = PyEval_SaveThread();
    int err = ndf_validate(text.at, text.size, &documents, &error);
    PyEval_RestoreThread(gil);
    if (err != NDF_OK) return errors_raise(&state->errors, err, &error);
    return PyLong_FromSize_t(documents);
}

static PyObject *domain_matches(
    PyObject *module, PyObject *const *at, Py_ssize_t count)
{
    const struct state *state = PyModule_GetState(module);
    struct args args = {&state->errors, "domain_matches", at, count};
    const char *glob = NULL, *domain = NULL;
    if (args_count(&args, 2, 2) < 0 || args_name(&args, 0, "glob", &glob) < 0 ||
        args_name(&args, 1, "domain", &domain) < 0)
        return NULL;
    int fits = ndf_domain_matches(glob, domain);
    if (fits >= 0) return PyBool_FromLong(fits);
    ndf_error error = {.code = fits};
    (void)snprintf(error.message, sizeof error.message,
        "'%.200s' or '%.200s' is no domain: parts of letters, digits, _ and "
        "-, divided by dots; in the first, * for one part and ** for the rest",
        glob, domain);
    return errors_raise(&state->errors, fits, &error);
}

static PyObject *success(
    PyObject *module, PyObject *const *at, Py_ssize_t count)
{
    const struct state *state = PyModule_GetState(module);
    struct args args = {&state->errors, "success", at, count};
    double wins = 0, tries = 0, mean, lower;
    if (args_count(&args, 2, 2) < 0 || args_real(&args, 0, "wins", &wins) < 0 ||
        args_real(&args, 1, "tries", &tries) < 0)
        return NULL;
    int err = ndf_success(wins, tries, &mean, &lower);
    if (err == NDF_OK) return Py_BuildValue("(dd)", mean, lower);
    ndf_error error = {.code = err};
    (void)snprintf(error.message, sizeof error.message,
        "%g wins in %g tries cannot be", wins, tries);
    return errors_raise(&state->errors, err, &error);
}

static PyMethodDef functions[] = {
    {"validate", PY_FASTCALL(validate), METH_FASTCALL,
        "validate(text, /)\n--\n\n"
        "How many documents the text holds; raises when one is not valid."},
    {"domain_matches", PY_FASTCALL(domain_matches), METH_FASTCALL,
        "domain_matches(glob, domain, /)\n--\n\n"
        "Whether the domain is glob or fits it."},
    {"success", PY_FASTCALL(success), METH_FASTCALL,
        "success(wins, tries, /)\n--\n\n"
        "(mean, lower bound) of the probability that it works."},
    {NULL, NULL, 0, NULL},
};

/* ---- the end ------------------------------------------------------------ */

static void pause_a_little(void)
{
    const struct timespec ms = {.tv_nsec = 1000000};
    PyThreadState *gil = PyEval_SaveThread();
    (void)nanosleep(&ms, NULL);
    PyEval_RestoreThread(gil);
}

/* The first engine that is this process's own. */
static struct core *first_core(const struct state *state)
{
    struct core *core = state->cores;
    while (core != NULL && !core_is_ours(core))
        core = core->next;
    return core;
}

static PyObject *close_all(PyObject *module, PyObject *unused)
{
    (void)unused;
    struct state *state = PyModule_GetState(module);
    state->ended = true;
    struct core *core;
    while ((core = first_core(state)) != NULL) {
        if (core->engine == NULL) {
            /* Nobody's, or another thread is just closing it. */
            core_close_abandoned(state);
            if (first_core(state) == core) pause_a_little();
            continue;
        }
        PyObject *engine = Py_NewRef((PyObject *)core->engine);
        int failed = engine_close((struct engine *)engine);
        Py_DECREF(engine);
        if (failed != 0) return NULL;
    }
    return Py_NewRef(Py_None);
}

static PyMethodDef close_all_def = {"_close_all", close_all, METH_NOARGS, NULL};

static int close_all_at_exit(PyObject *module)
{
    PyObject *function = PyCFunction_NewEx(&close_all_def, module, NULL);
    PyObject *atexit = PyImport_ImportModule("atexit");
    PyObject *done = NULL;
    if (function != NULL && atexit != NULL)
        done = PyObject_CallMethod(atexit, "register", "O", function);
    Py_XDECREF(done);
    Py_XDECREF(atexit);
    Py_XDECREF(function);
    return done != NULL ? 0 : -1;
}

/* ---- names -------------------------------------------------------------- */

/* By their numbers; no event has 0. */
static const char *const event_names[] = {"", "run_started", "step_started",
    "step_done", "step_failed", "step_retry", "step_skipped", "undo_started",
    "undo_done", "undo_failed", "violation", "run_done", "approval_asked",
    "approved", "denied", "verify_started"};
enum { EVENT_COUNT = NDF_EVENT_VERIFY_STARTED + 1 };
_Static_assert(sizeof event_names / sizeof *event_names == EVENT_COUNT,
    "every kind of event has its name");

static const char *const state_names[] = {
    "running", "succeeded", "failed", "cancelled", "in_doubt", "undo_failed"};
_Static_assert(
    sizeof state_names / sizeof *state_names == NDF_RUN_UNDO_FAILED + 1,
    "every state has its name");

static PyObject *names_new(const char *const *names, size_t count)
{
    PyObject *tuple = PyTuple_New((Py_ssize_t)count);
    if (tuple == NULL) return NULL;
    for (size_t i = 0; i < count; i++) {
        PyObject *item = PyUnicode_InternFromString(names[i]);
        if (item == NULL) {
            Py_DECREF(tuple);
            return NULL;
        }
        PyTuple_SetItem(tuple, (Py_ssize_t)i, item); /* takes item */
    }
    return tuple;
}

static int add_names(
    PyObject *module, const char *name, const char *const *names, size_t count)
{
    PyObject *tuple = names_new(names, count);
    if (tuple == NULL) return -1;
    int err = PyModule_AddObjectRef(module, name, tuple);
    Py_DECREF(tuple);
    return err;
}

/* ---- the module --------------------------------------------------------- */

/* The engine's threads come in through the GIL state of the main interpreter,
 * there is no other way in the stable ABI. */
static int refuse_subinterpreter(void)
{
    if (PyInterpreterState_GetID(PyInterpreterState_Get()) == 0) return 0;
    PyErr_SetString(PyExc_ImportError,
        "patterns works in the main interpreter only, not in a subinterpreter");
    return -1;
}

static int module_exec(PyObject *module)
{
    struct state *state = PyModule_GetState(module);
    if (refuse_subinterpreter() < 0) return -1;
    if (errors_init(&state->errors, module) < 0) return -1;
    state->engine_type = engine_type_new(module, methods_of_engine);
    if (state->engine_type == NULL) return -1;
    state->run_type = run_type_new(module);
    if (state->run_type == NULL) return -1;
    if (PyModule_AddStringConstant(module, "version", ndf_version()) < 0 ||
        PyModule_AddStringConstant(module, "schema", ndf_schema()) < 0)
        return -1;
    if (add_names(module, "EVENTS", event_names, EVENT_COUNT) < 0 ||
        add_names(module, "STATES", state_names, NDF_RUN_UNDO_FAILED + 1) < 0)
        return -1;
    return close_all_at_exit(module);
}

static int module_traverse(PyObject *module, visitproc visit, void *arg)
{
    const struct state *state = PyModule_GetState(module);
    Py_VISIT(state->engine_type);
    Py_VISIT(state->run_type);
    return errors_traverse(&state->errors, visit, arg);
}

static int module_clear(PyObject *module)
{
    struct state *state = PyModule_GetState(module);
    Py_CLEAR(state->engine_type);
    Py_CLEAR(state->run_type);
    errors_clear(&state->errors);
    return 0;
}

static void module_free(void *module)
{
    (void)module_clear(module);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, PY_FUNCTION(module_exec)},
    {0, NULL},
};

static struct PyModuleDef definition = {
    .m_base = PyModuleDef_HEAD_INIT,
    .m_name = "patterns._ndf",
    .m_doc = "The C core, as Python sees it: engines, runs and exceptions.",
    .m_size = sizeof(struct state),
    .m_methods = functions,
    .m_slots = slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

/* Python declares it nowhere, and looks for it by this name. */
/* NOLINTBEGIN(readability-identifier-naming): Python's name for it */
PyMODINIT_FUNC PyInit__ndf(void);

PyMODINIT_FUNC PyInit__ndf(void)
{
    return PyModuleDef_Init(&definition);
}
/* NOLINTEND(readability-identifier-naming) */
