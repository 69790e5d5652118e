/*
 * engine.c - the Python object of an engine: opening, closing, its end.
 *
 * Closing waits in three places: for other closers, for calls in flight, and in
 * ndf_close for what the engine's threads do. All without the GIL, since each
 * of them may need it to come to its end. Who stands in one of them himself is
 * refused, or, when the object just goes, leaves the closing to another thread.
 */
#include "python/engine.h"

/* ---- opening ------------------------------------------------------------ */

static int parse_new(PyObject *args, PyObject *kwargs, PyObject *module,
    ndf_options *options, PyObject **path)
{
    /* The words of a call by keyword; Python asks for them writable. */
    static char word_path[] = "path", word_mode[] = "mode",
                word_home[] = "home";
    static char *words[] = {word_path, word_mode, word_home, NULL};
    PyObject *home = Py_None;
    *path = Py_None;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "|OiO:Engine", words, path, &options->mode, &home))
        return -1;
    struct state *state = PyModule_GetState(module);
    PyObject *texts[] = {*path, home};
    struct args given = {&state->errors, "Engine", texts, 2};
    if (args_name_or_none(&given, 0, "path", &options->path) < 0) return -1;
    if (args_name_or_none(&given, 1, "home", &options->home) < 0) return -1;
    if (!state->ended) return 0;
    errors_say(&state->errors, ERROR_PATTERN,
        "Python is ending: no engine can be opened any more");
    return -1;
}

static struct engine *engine_alloc(PyTypeObject *type)
{
    struct engine *engine = (struct engine *)PyType_GenericAlloc(type, 0);
    if (engine == NULL) return NULL;
    if (inside_init(&engine->calls)) {
        if (inside_init(&engine->closers)) return engine;
        inside_deinit(&engine->calls);
    }
    PyObject_GC_UnTrack(engine);
    PyObject_GC_Del(engine);
    Py_DECREF(type);
    PyErr_NoMemory();
    return NULL;
}

static PyObject *engine_new(
    PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *module = PyType_GetModule(type);
    if (module == NULL) return NULL;
    ndf_options options = NDF_OPTIONS_INIT;
    PyObject *path;
    if (parse_new(args, kwargs, module, &options, &path) < 0) return NULL;
    struct engine *engine = engine_alloc(type);
    if (engine == NULL) return NULL;
    engine->path = Py_NewRef(path);
    engine->core = core_open(module, &options);
    if (engine->core == NULL) {
        Py_DECREF(engine);
        return NULL;
    }
    engine->core->engine = engine;
    return (PyObject *)engine;
}

/* ---- closing ------------------------------------------------------------ */

/* Whether this thread is inside of what closing would wait for. */
static bool on_own_thread(struct engine *engine)
{
    return inside_has_self(&engine->calls) ||
           inside_has_self(&engine->core->called);
}

static void wait_for(struct inside *inside)
{
    PyThreadState *gil = PyEval_SaveThread();
    inside_wait_empty(inside);
    PyEval_RestoreThread(gil);
}

int engine_close(struct engine *engine)
{
    if (engine->core == NULL) return 0;
    if (!core_is_ours(engine->core)) {
        engine->closing = true;
        return 0;
    }
    if (on_own_thread(engine)) {
        errors_say(&state_of((PyObject *)engine)->errors, ERROR_PATTERN,
            "close() waits for the functions that the engine called, so one "
            "of them cannot call it");
        return -1;
    }
    if (engine->closing) {
        wait_for(&engine->closers);
        return 0;
    }
    if (!inside_enter(&engine->closers)) {
        PyErr_NoMemory();
        return -1;
    }
    engine->closing = true;
    wait_for(&engine->calls);
    struct core *core = engine->core;
    core_stop(core);
    engine->core = NULL;
    inside_leave(&engine->closers);
    core_free(core);
    return 0;
}

/* The object goes: nobody is in a call, as calls hold the object. */
static void let_go(struct engine *engine)
{
    struct core *core = engine->core;
    if (core == NULL || !core_is_ours(core)) return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    core->engine = NULL;
    engine->closing = true;
    if (inside_has_self(&core->called)) {
        engine->core = NULL;
        core_abandon(core);
    } else {
        core_stop(core);
        engine->core = NULL;
        core_free(core);
    }
    PyErr_Restore(type, value, traceback);
}

/* ---- the object's end --------------------------------------------------- */

/* The collector found it in a circle of garbage. */
static void engine_finalize(PyObject *self)
{
    struct engine *engine = (struct engine *)self;
    if (!engine->closing) let_go(engine);
}

static int engine_traverse(PyObject *self, visitproc visit, void *arg)
{
    const struct engine *engine = (const struct engine *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(engine->path);
    return engine->core != NULL ? core_traverse(engine->core, visit, arg) : 0;
}

static int engine_clear(PyObject *self)
{
    struct engine *engine = (struct engine *)self;
    if (engine->core != NULL) core_clear(engine->core);
    return 0;
}

static void engine_dealloc(PyObject *self)
{
    struct engine *engine = (struct engine *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (engine->weakrefs != NULL) PyObject_ClearWeakRefs(self);
    let_go(engine);
    Py_XDECREF(engine->path);
    inside_deinit(&engine->calls);
    inside_deinit(&engine->closers);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

/* ---- the type ----------------------------------------------------------- */

static PyObject *get_closed(PyObject *self, void *ud)
{
    (void)ud;
    const struct engine *engine = (const struct engine *)self;
    return PyBool_FromLong(engine->core == NULL || engine->closing);
}

static PyObject *get_path(PyObject *self, void *ud)
{
    (void)ud;
    return Py_NewRef(((const struct engine *)self)->path);
}

static PyGetSetDef getters[] = {
    {"closed", get_closed, NULL, "Whether it was closed.", NULL},
    {"path", get_path, NULL, "The store's file; None: in memory.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(struct engine, weakrefs),
        READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject *engine_type_new(PyObject *module, PyMethodDef *methods)
{
    static char doc[] =
        "Engine(path=None, mode=0, home=None)\n--\n\n"
        "An open store with its registry, selector and runner.\n\n"
        "path: the store's file; None: private, in memory.\n"
        "mode: 0 made when missing, 1 must be there, 2 read-only.\n"
        "home: the user's data folder.";
    PyType_Slot slots[] = {
        {Py_tp_doc, doc},
        {Py_tp_new, PY_FUNCTION(engine_new)},
        {Py_tp_dealloc, PY_FUNCTION(engine_dealloc)},
        {Py_tp_finalize, PY_FUNCTION(engine_finalize)},
        {Py_tp_traverse, PY_FUNCTION(engine_traverse)},
        {Py_tp_clear, PY_FUNCTION(engine_clear)},
        {Py_tp_methods, methods},
        {Py_tp_getset, getters},
        {Py_tp_members, members},
        {0, NULL},
    };
    PyType_Spec spec = {
        .name = "patterns._ndf.Engine",
        .basicsize = sizeof(struct engine),
        .flags =
            Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
        .slots = slots,
    };
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    if (type == NULL) return NULL;
    if (PyModule_AddObjectRef(module, "Engine", type) < 0) {
        Py_DECREF(type);
        return NULL;
    }
    return (PyTypeObject *)type;
}
