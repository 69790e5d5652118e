/*
 * run.c - a run that was started.
 *
 * Waiting is done in slices: between two of them signals are handled and the
 * engine can be closed.
 */
#include "python/run.h"

#include <time.h>

#include "python/engine.h"
#include "python/host.h"

enum { WAIT_SLICE_MS = 50 };

struct run {
    PyObject_HEAD PyObject *weakrefs;
    struct engine *engine; /* a reference */
    ndf_run *ndf;
    PyObject *id;
};

/* ---- starting ----------------------------------------------------------- */

/* What a run is started with. */
struct start {
    struct call call;
    ndf_run_options options;
    ndf_run *ndf;
    unsigned long long listener; /* its number; 0: none */
};

static int begin(struct start *start, PyObject *self, PyObject *event)
{
    start->ndf = NULL;
    start->listener = 0;
    if (call_begin(&start->call, self) < 0) return -1;
    if (event == NULL) return 0;
    struct listener *listener = core_listen(start->call.engine->core, event);
    if (listener == NULL) {
        call_end(&start->call);
        return -1;
    }
    start->listener = listener->number;
    start->options.event = host_event;
    start->options.event_ud = listener;
    return 0;
}

static struct run *run_new(struct start *start)
{
    PyTypeObject *type = start->call.state->run_type;
    struct run *run = (struct run *)PyType_GenericAlloc(type, 0);
    if (run == NULL) return NULL;
    run->engine = (struct engine *)Py_NewRef((PyObject *)start->call.engine);
    run->ndf = start->ndf;
    start->ndf = NULL;
    run->id = PyUnicode_FromString(ndf_run_id(run->ndf));
    if (run->id != NULL) return run;
    Py_DECREF(run);
    return NULL;
}

static PyObject *finish(struct start *start)
{
    struct call *call = &start->call;
    struct run *run = call->err == NDF_OK ? run_new(start) : NULL;
    ndf_run_free(start->ndf);
    /* A run that was over, or did not begin, has no last event. */
    bool over = call->err != NDF_OK;
    if (run != NULL)
        over = ndf_run_wait(run->ndf, 0, NULL, NULL) != NDF_ETIMEOUT;
    if (over && start->listener != 0)
        core_unlisten(call->engine->core, start->listener);
    call_end(call);
    if (call->err != NDF_OK)
        return errors_raise(&call->state->errors, call->err, &call->error);
    return (PyObject *)run;
}

static int parse_rest(const struct args *args, Py_ssize_t from,
    PyObject **event, const char **cwd)
{
    if (args_function_or_none(args, from, "event", event) < 0) return -1;
    return args_name_or_none(args, from + 1, "cwd", cwd);
}

static void start_run(
    struct start *start, const char *pattern, const struct text *context)
{
    struct call *call = &start->call;
    ndf_context *made = NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call->err = ndf_context_new(
        call->ndf, context->at, context->size, &made, &call->error);
    if (call->err == NDF_OK)
        call->err = ndf_run_start(call->ndf, pattern, made, &start->options,
            &start->ndf, &call->error);
    ndf_context_free(made);
    PyEval_RestoreThread(gil);
}

PyObject *run_start(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "start", at, count);
    struct start start = {.options = NDF_RUN_OPTIONS_INIT};
    struct text context = {NULL, 0};
    const char *pattern = NULL, **fallbacks = NULL;
    PyObject *event = NULL, *kept = NULL, *run = NULL;
    if (args_count(&args, 2, 5) < 0) return NULL;
    if (args_name(&args, 0, "pattern", &pattern) < 0) return NULL;
    if (args_text(&args, 1, "context", &context) < 0) return NULL;
    if (parse_rest(&args, 2, &event, &start.options.cwd) < 0) return NULL;
    if (count > 4 && at[4] != Py_None) {
        fallbacks = args_words(&args, at[4], "fallbacks", &kept);
        if (fallbacks == NULL) return NULL;
        start.options.fallbacks = fallbacks;
    }
    if (begin(&start, self, event) == 0) {
        start_run(&start, pattern, &context);
        run = finish(&start);
    }
    PyMem_Free((void *)fallbacks);
    Py_XDECREF(kept);
    return run;
}

PyObject *run_next(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "next", at, count);
    struct start start = {.options = NDF_RUN_OPTIONS_INIT};
    const char *run = NULL;
    PyObject *event = NULL;
    if (args_count(&args, 1, 3) < 0) return NULL;
    if (args_name(&args, 0, "run", &run) < 0) return NULL;
    if (parse_rest(&args, 1, &event, &start.options.cwd) < 0) return NULL;
    if (begin(&start, self, event) < 0) return NULL;
    struct call *call = &start.call;
    PyThreadState *gil = PyEval_SaveThread();
    call->err =
        ndf_run_next(call->ndf, run, &start.options, &start.ndf, &call->error);
    PyEval_RestoreThread(gil);
    if (call->err != NDF_OK || start.ndf != NULL) return finish(&start);
    if (start.listener != 0) core_unlisten(call->engine->core, start.listener);
    call_end(call);
    Py_RETURN_NONE;
}

PyObject *run_plan(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "plan", at, count);
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    struct text context = {NULL, 0};
    const char *pattern = NULL;
    struct call call;
    if (args_count(&args, 2, 3) < 0 ||
        args_name(&args, 0, "pattern", &pattern) < 0 ||
        args_text(&args, 1, "context", &context) < 0 ||
        args_name_or_none(&args, 2, "cwd", &options.cwd) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    ndf_text *text = NULL;
    ndf_context *made = NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err =
        ndf_context_new(call.ndf, context.at, context.size, &made, &call.error);
    if (call.err == NDF_OK)
        call.err =
            ndf_plan(call.ndf, pattern, made, &options, &text, &call.error);
    ndf_context_free(made);
    PyEval_RestoreThread(gil);
    return call_text(&call, text);
}

PyObject *run_follow(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "follow", at, count);
    const char *run = NULL;
    int64_t from = 0, timeout_ms = 0;
    struct call call;
    if (args_count(&args, 1, 3) < 0 || args_name(&args, 0, "run", &run) < 0 ||
        args_number(&args, 1, "start", &from) < 0 ||
        args_number(&args, 2, "timeout_ms", &timeout_ms) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    ndf_text *text = NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_follow(call.ndf, run, from, timeout_ms, &text, &call.error);
    PyEval_RestoreThread(gil);
    return call_text(&call, text);
}

PyObject *run_resume(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "resume", at, count);
    struct start start = {.options = NDF_RUN_OPTIONS_INIT};
    const char *run = NULL;
    PyObject *event = NULL;
    if (args_count(&args, 1, 3) < 0) return NULL;
    if (args_name(&args, 0, "run", &run) < 0) return NULL;
    if (parse_rest(&args, 1, &event, &start.options.cwd) < 0) return NULL;
    if (begin(&start, self, event) < 0) return NULL;
    struct call *call = &start.call;
    PyThreadState *gil = PyEval_SaveThread();
    call->err = ndf_run_resume(
        call->ndf, run, &start.options, &start.ndf, &call->error);
    PyEval_RestoreThread(gil);
    return finish(&start);
}

/* ---- waiting ------------------------------------------------------------ */

static int64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* One slice of waiting. 0, or -1 with an exception set; *over when it ended. */
static int wait_slice(struct run *run, int64_t ms, int *state, bool *over)
{
    struct call call;
    if (call_begin(&call, (PyObject *)run->engine) < 0) return -1;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_run_wait(run->ndf, ms, state, &call.error);
    PyEval_RestoreThread(gil);
    call_end(&call);
    *over = call.err == NDF_OK;
    if (call.err == NDF_OK || call.err == NDF_ETIMEOUT) return 0;
    errors_raise(&call.state->errors, call.err, &call.error);
    return -1;
}

static PyObject *run_wait(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct run *run = (struct run *)self;
    struct args args = call_args(self, "wait", at, count);
    int64_t timeout_ms = -1;
    if (args_count(&args, 0, 1) < 0) return NULL;
    if (args_number(&args, 0, "timeout_ms", &timeout_ms) < 0) return NULL;
    int64_t start_ms = now_ms();
    for (;;) {
        int64_t slice_ms = WAIT_SLICE_MS;
        int64_t left_ms = timeout_ms - (now_ms() - start_ms);
        if (timeout_ms >= 0 && left_ms < slice_ms)
            slice_ms = left_ms > 0 ? left_ms : 0;
        int state = NDF_RUN_RUNNING;
        bool over;
        if (wait_slice(run, slice_ms, &state, &over) < 0) return NULL;
        if (over) return PyLong_FromLong(state);
        if (PyErr_CheckSignals() < 0) return NULL;
        if (timeout_ms >= 0 && now_ms() - start_ms >= timeout_ms)
            return Py_NewRef(Py_None);
    }
}

static PyObject *run_cancel(PyObject *self, PyObject *unused)
{
    (void)unused;
    const struct run *run = (const struct run *)self;
    struct call call;
    if (call_begin(&call, (PyObject *)run->engine) < 0) return NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_run_cancel(run->ndf);
    PyEval_RestoreThread(gil);
    return call_none(&call);
}

static PyObject *get_id(PyObject *self, void *ud)
{
    (void)ud;
    return Py_NewRef(((const struct run *)self)->id);
}

/* ---- the type ----------------------------------------------------------- */

static int run_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)((const struct run *)self)->engine);
    return 0;
}

/* The engine is let go by its own end alone: a run without one would have to
 * be looked for everywhere, and the circle is broken in the engine. */
static int run_clear(PyObject *self)
{
    (void)self;
    return 0;
}

static void run_dealloc(PyObject *self)
{
    struct run *run = (struct run *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (run->weakrefs != NULL) PyObject_ClearWeakRefs(self);
    /* In a forked child, threads that wait in it are not there any more. */
    const struct core *core = run->engine->core;
    if (core == NULL || core_is_ours(core)) ndf_run_free(run->ndf);
    Py_DECREF((PyObject *)run->engine);
    Py_XDECREF(run->id);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"wait", PY_FASTCALL(run_wait), METH_FASTCALL,
        "wait($self, timeout_ms=-1, /)\n--\n\n"
        "The number of its state once it ended, None when the time was over "
        "first.\n\nSignals are handled meanwhile: a handler that raises "
        "(Ctrl-C) ends the\nwaiting, not the run."},
    {"cancel", run_cancel, METH_NOARGS,
        "cancel($self, /)\n--\n\n"
        "Asks it to stop: agents are ended, completed steps undone."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef getters[] = {
    {"id", get_id, NULL, "Its id.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(struct run, weakrefs), READONLY,
        NULL},
    {NULL, 0, 0, 0, NULL},
};

PyTypeObject *run_type_new(PyObject *module)
{
    static char doc[] =
        "A run that was started; it goes on when this is freed.";
    PyType_Slot slots[] = {
        {Py_tp_doc, doc},
        {Py_tp_dealloc, PY_FUNCTION(run_dealloc)},
        {Py_tp_traverse, PY_FUNCTION(run_traverse)},
        {Py_tp_clear, PY_FUNCTION(run_clear)},
        {Py_tp_methods, methods},
        {Py_tp_getset, getters},
        {Py_tp_members, members},
        {0, NULL},
    };
    PyType_Spec spec = {
        .name = "patterns._ndf.Run",
        .basicsize = sizeof(struct run),
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC |
                 Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
        .slots = slots,
    };
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    if (type == NULL) return NULL;
    if (PyModule_AddObjectRef(module, "Run", type) < 0) {
        Py_DECREF(type);
        return NULL;
    }
    return (PyTypeObject *)type;
}
