/*
 * methods.c - the methods of an engine that record, read and keep, and the
 * table of all.
 */
#include "python/methods.h"

#include "python/engine.h"
#include "python/host.h"
#include "python/run.h"

/* ---- one name in, nothing or a text out --------------------------------- */

typedef int (*name_fn)(ndf_engine *engine, const char *name, ndf_error *error);
typedef int (*show_fn)(
    ndf_engine *engine, const char *name, ndf_text **out, ndf_error *error);
typedef int (*read_fn)(ndf_engine *engine, ndf_text **out, ndf_error *error);

static PyObject *with_name(
    PyObject *self, const struct args *args, const char *argument, name_fn fn)
{
    const char *name = NULL;
    struct call call;
    if (args_count(args, 1, 1) < 0 || args_name(args, 0, argument, &name) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = fn(call.ndf, name, &call.error);
    PyEval_RestoreThread(gil);
    return call_none(&call);
}

static PyObject *show_name(PyObject *self, const char *name, show_fn fn)
{
    struct call call;
    if (call_begin(&call, self) < 0) return NULL;
    ndf_text *text = NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = fn(call.ndf, name, &text, &call.error);
    PyEval_RestoreThread(gil);
    return call_text(&call, text);
}

static PyObject *read_all(PyObject *self, read_fn fn)
{
    struct call call;
    if (call_begin(&call, self) < 0) return NULL;
    ndf_text *text = NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = fn(call.ndf, &text, &call.error);
    PyEval_RestoreThread(gil);
    return call_text(&call, text);
}

/* ---- runs and what was learned ------------------------------------------ */

static PyObject *cancel(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "cancel", at, count);
    return with_name(self, &args, "run", ndf_cancel);
}

static PyObject *approve(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "approve", at, count);
    const char *run = NULL, *step = NULL, *reason = NULL;
    int answer = 0;
    struct call call;
    if (args_count(&args, 4, 4) < 0 || args_name(&args, 0, "run", &run) < 0 ||
        args_name_or_none(&args, 1, "step", &step) < 0 ||
        args_int(&args, 2, "answer", &answer) < 0 ||
        args_name_or_none(&args, 3, "reason", &reason) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_approve(call.ndf, run, step, answer, reason, &call.error);
    PyEval_RestoreThread(gil);
    return call_none(&call);
}

static PyObject *result(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "result", at, count);
    const char *run = NULL;
    if (args_count(&args, 1, 1) < 0 || args_name(&args, 0, "run", &run) < 0)
        return NULL;
    return show_name(self, run, ndf_result);
}

static PyObject *changes(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "changes", at, count);
    const char *run = NULL;
    if (args_count(&args, 1, 1) < 0 || args_name(&args, 0, "run", &run) < 0)
        return NULL;
    return show_name(self, run, ndf_changes);
}

static PyObject *rate(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "rate", at, count);
    const char *run = NULL, *should = NULL;
    int verdict = 0;
    struct call call;
    if (args_count(&args, 2, 3) < 0 || args_name(&args, 0, "run", &run) < 0 ||
        args_int(&args, 1, "verdict", &verdict) < 0 ||
        args_name_or_none(&args, 2, "should", &should) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_rate(call.ndf, run, verdict, should, &call.error);
    PyEval_RestoreThread(gil);
    return call_none(&call);
}

static PyObject *record(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "record", at, count);
    struct text text = {NULL, 0};
    struct call call;
    if (args_count(&args, 1, 1) < 0 ||
        args_text(&args, 0, "outcomes", &text) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_record(call.ndf, text.at, text.size, &call.error);
    PyEval_RestoreThread(gil);
    return call_none(&call);
}

static PyObject *reset(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "reset", at, count);
    return with_name(self, &args, "pattern", ndf_reset);
}

/* ---- reading ------------------------------------------------------------ */

static PyObject *list(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "list", at, count);
    int kind = 0;
    size_t limit = 0;
    struct call call;
    if (args_count(&args, 1, 2) < 0 || args_int(&args, 0, "kind", &kind) < 0 ||
        args_limit(&args, 1, "limit", &limit) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    ndf_text *text = NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_list(call.ndf, kind, limit, &text, &call.error);
    PyEval_RestoreThread(gil);
    return call_text(&call, text);
}

static PyObject *show(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "show", at, count);
    const char *name = NULL;
    if (args_count(&args, 1, 1) < 0 || args_name(&args, 0, "name", &name) < 0)
        return NULL;
    return show_name(self, name, ndf_show);
}

static PyObject *stats(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "stats", at, count);
    const char *pattern = NULL;
    if (args_count(&args, 0, 1) < 0 ||
        args_name_or_none(&args, 0, "pattern", &pattern) < 0)
        return NULL;
    return show_name(self, pattern, ndf_stats);
}

static PyObject *metrics(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct call call;
    if (call_begin(&call, self) < 0) return NULL;
    ndf_text *text = NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_metrics(call.ndf, &text);
    PyEval_RestoreThread(gil);
    return call_text(&call, text);
}

/* ---- keeping ------------------------------------------------------------ */

static PyObject *keep(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "keep", at, count);
    const char *name = NULL;
    char *bytes = NULL;
    Py_ssize_t size = 0;
    struct call call;
    if (args_count(&args, 2, 2) < 0 || args_name(&args, 0, "name", &name) < 0)
        return NULL;
    if (at[1] != Py_None && !PyBytes_Check(at[1])) {
        PyErr_SetString(PyExc_TypeError, "keep(): data must be bytes or None");
        return NULL;
    }
    if (at[1] != Py_None && PyBytes_AsStringAndSize(at[1], &bytes, &size) < 0)
        return NULL;
    if (call_begin(&call, self) < 0) return NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_keep(call.ndf, name, bytes, (size_t)size, &call.error);
    PyEval_RestoreThread(gil);
    return call_none(&call);
}

static PyObject *kept(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "kept", at, count);
    const char *name = NULL;
    struct call call;
    if (args_count(&args, 1, 1) < 0 || args_name(&args, 0, "name", &name) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    ndf_text *text = NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_kept(call.ndf, name, &text, &call.error);
    PyEval_RestoreThread(gil);
    PyObject *done = call_none(&call);
    if (done == NULL) return NULL;
    Py_DECREF(done);
    PyObject *bytes = PyBytes_FromStringAndSize(
        ndf_text_data(text), (Py_ssize_t)ndf_text_size(text));
    ndf_text_free(text);
    return bytes;
}

static PyObject *kept_names(PyObject *self, PyObject *unused)
{
    (void)unused;
    return read_all(self, ndf_kept_names);
}

static PyObject *cleanup(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "cleanup", at, count);
    int64_t before_ms = 0;
    struct call call;
    if (args_count(&args, 1, 1) < 0 ||
        args_number(&args, 0, "before_ms", &before_ms) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    ndf_text *text = NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_cleanup(call.ndf, before_ms, &text, &call.error);
    PyEval_RestoreThread(gil);
    return call_text(&call, text);
}

static PyObject *export_all(
    PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "export", at, count);
    struct guest guest = {NULL, NULL, NULL, NULL};
    struct call call;
    if (args_count(&args, 1, 1) < 0 ||
        args_function(&args, 0, "write", &guest.fn) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_export(call.ndf, host_write, &guest, &call.error);
    PyEval_RestoreThread(gil);
    if (!guest_raised(&guest)) return call_none(&call);
    call_end(&call);
    return NULL;
}

static PyObject *import_line(
    PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "import_line", at, count);
    struct text line = {NULL, 0};
    struct call call;
    if (args_count(&args, 1, 1) < 0 || args_text(&args, 0, "line", &line) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_import_line(call.ndf, line.at, line.size, &call.error);
    PyEval_RestoreThread(gil);
    return call_none(&call);
}

static PyObject *check(PyObject *self, PyObject *unused)
{
    (void)unused;
    return read_all(self, ndf_check);
}

static PyObject *backup(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "backup", at, count);
    return with_name(self, &args, "path", ndf_backup);
}

static PyObject *close_it(PyObject *self, PyObject *unused)
{
    (void)unused;
    if (engine_close((struct engine *)self) < 0) return NULL;
    return Py_NewRef(Py_None);
}

/* ---- the table ---------------------------------------------------------- */

#define FAST(fn) PY_FASTCALL(fn), METH_FASTCALL

PyMethodDef methods_of_engine[] = {
    {"close", close_it, METH_NOARGS,
        "close($self, /)\n--\n\n"
        "Ends what runs and closes; every later call raises PatternError."},
    {"register", FAST(registry_register),
        "register($self, text, replace=False, /)\n--\n\n"
        "Registers the agents and patterns of a YAML or JSON text, all or "
        "none."},
    {"unregister", FAST(registry_unregister),
        "unregister($self, name, /)\n--\n\nForgets an agent or a pattern."},
    {"load", FAST(registry_load),
        "load($self, name, /)\n--\n\n"
        "(document, bytes, stored bytes, updated ms) of a stored document."},
    {"import_", FAST(registry_import),
        "import_($self, path, source=None, run=None, /)\n--\n\n"
        "Imports a file or a folder; a report."},
    {"refresh", registry_refresh, METH_NOARGS,
        "refresh($self, /)\n--\n\n"
        "Reads again the imported files that changed; a report."},
    {"trust", FAST(registry_trust),
        "trust($self, path, action=0, /)\n--\n\n"
        "Whether programs of a folder may be run; 1 grants, 2 revokes."},
    {"select", FAST(choose_select),
        "select($self, context, limit=0, ask=None, /)\n--\n\n"
        "(choices, the chosen one's name or None, the reason).\n\n"
        "A choice: name, fit, success, confidence, level, executions."},
    {"why", FAST(choose_why),
        "why($self, context, limit=0, ask=None, /)\n--\n\n"
        "A selection with every factor and its number."},
    {"explain", FAST(choose_explain),
        "explain($self, context, pattern, ask=None, /)\n--\n\n"
        "Why a pattern was not chosen."},
    {"find_domain", FAST(choose_domain),
        "find_domain($self, domain, /)\n--\n\nThe patterns of a domain."},
    {"find_attribute", FAST(choose_attribute),
        "find_attribute($self, attribute, /)\n--\n\n"
        "The patterns that ask for an attribute."},
    {"find_similar", FAST(choose_similar),
        "find_similar($self, pattern, threshold, limit=0, /)\n--\n\n"
        "[(name, likeness)] of the patterns like another, best first."},
    {"compile", choose_compile, METH_NOARGS,
        "compile($self, /)\n--\n\n"
        "Makes what selecting needs now, and keeps it beside the store."},
    {"configure", FAST(choose_configure),
        "configure($self, text=None, /)\n--\n\n"
        "Changes what decides where a document does not say; all of it."},
    {"bind", FAST(registry_bind),
        "bind($self, name, fn, /)\n--\n\n"
        "Makes fn the agent of that name; None unbinds.\n\n"
        "fn(run, step, key, attempt, request) returns (output, patch)."},
    {"start", FAST(run_start),
        "start($self, pattern, context, event=None, cwd=None, fallbacks=None, "
        "/)\n--\n\nStarts a run."},
    {"next", FAST(run_next),
        "next($self, run, event=None, cwd=None, /)\n--\n\n"
        "Starts the fallback of a run that failed; None: there is none."},
    {"plan", FAST(run_plan),
        "plan($self, pattern, context, cwd=None, /)\n--\n\n"
        "The plan that start would run; nothing is started."},
    {"follow", FAST(run_follow),
        "follow($self, run, start=0, timeout_ms=0, /)\n--\n\n"
        "The records of a run from a number on, waited for."},
    {"changes", FAST(changes),
        "changes($self, run, /)\n--\n\n"
        "What each step of a run changed in the context."},
    {"resume", FAST(run_resume),
        "resume($self, run, event=None, cwd=None, /)\n--\n\n"
        "Goes on with a run whose owner died."},
    {"cancel", FAST(cancel),
        "cancel($self, run, /)\n--\n\nCancels a run by its id."},
    {"approve", FAST(approve),
        "approve($self, run, step, answer, reason, /)\n--\n\n"
        "A person's answer to a run that waits: 1 approved, 2 denied."},
    {"result", FAST(result), "result($self, run, /)\n--\n\nHow a run ended."},
    {"rate", FAST(rate),
        "rate($self, run, verdict, should=None, /)\n--\n\n"
        "A person's word on a run: 1 good, 2 bad, 0 none."},
    {"record", FAST(record),
        "record($self, outcomes, /)\n--\n\n"
        "Reports outcomes that happened outside."},
    {"reset", FAST(reset),
        "reset($self, pattern, /)\n--\n\nForgets the counts of a pattern."},
    {"list", FAST(list),
        "list($self, kind, limit=0, /)\n--\n\n"
        "1 patterns, 2 agents, 3 runs, 4 sources."},
    {"show", FAST(show),
        "show($self, name, /)\n--\n\nOne agent, pattern or run, whole."},
    {"stats", FAST(stats),
        "stats($self, pattern=None, /)\n--\n\n"
        "Executions, success, confidence: of all or of one."},
    {"metrics", metrics, METH_NOARGS,
        "metrics($self, /)\n--\n\nCounters and histograms since it was "
        "opened."},
    {"keep", FAST(keep),
        "keep($self, name, data, /)\n--\n\n"
        "Keeps bytes in the store under a name; None removes them."},
    {"kept", FAST(kept),
        "kept($self, name, /)\n--\n\nThe bytes that were kept."},
    {"kept_names", kept_names, METH_NOARGS,
        "kept_names($self, /)\n--\n\nThe names of what is kept, sorted."},
    {"cleanup", FAST(cleanup),
        "cleanup($self, before_ms, /)\n--\n\n"
        "Removes what is older and nothing refers to; a report."},
    {"export", FAST(export_all),
        "export($self, write, /)\n--\n\n"
        "Everything in the store as JSON Lines, in pieces, to write(bytes)."},
    {"import_line", FAST(import_line),
        "import_line($self, line, /)\n--\n\nReads one line of an export."},
    {"check", check, METH_NOARGS,
        "check($self, /)\n--\n\nWalks every record and checksum; a report."},
    {"backup", FAST(backup),
        "backup($self, path, /)\n--\n\nA consistent copy while others write."},
    {NULL, NULL, 0, NULL},
};
