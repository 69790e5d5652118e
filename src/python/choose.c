/*
 * choose.c - the methods of an engine that select and find.
 *
 * What the core finds it hands over one by one, without the GIL. Taking it for
 * each would wait for other threads each time: names are gathered and taken
 * over together.
 */
#include <stdalign.h>
#include <string.h>

#include "python/engine.h"
#include "python/host.h"
#include "python/methods.h"

/* ---- selecting ---------------------------------------------------------- */

struct ask {
    struct text context;
    size_t limit;
    struct guest guest;
};

static int parse_ask(const struct args *args, struct ask *out)
{
    *out = (struct ask){{NULL, 0}, 0, {NULL, NULL, NULL, NULL}};
    if (args_count(args, 1, 3) < 0) return -1;
    if (args_text(args, 0, "context", &out->context) < 0) return -1;
    if (args_limit(args, 1, "limit", &out->limit) < 0) return -1;
    return args_function_or_none(args, 2, "ask", &out->guest.fn);
}

static ndf_select_options options_of(struct ask *ask)
{
    ndf_select_options options = NDF_SELECT_OPTIONS_INIT;
    options.limit = ask->limit;
    if (ask->guest.fn != NULL) {
        options.ask = host_ask;
        options.ask_ud = &ask->guest;
    }
    return options;
}

/* Without the GIL. */
static void select_one(
    struct call *call, struct ask *ask, ndf_selection **selection)
{
    ndf_select_options options = options_of(ask);
    ndf_context *context;
    call->err = ndf_context_new(
        call->ndf, ask->context.at, ask->context.size, &context, &call->error);
    if (call->err == NDF_OK)
        call->err = ndf_select_with(
            call->ndf, context, &options, selection, &call->error);
    ndf_context_free(context);
}

/* What ask raised, else what the core said. */
static PyObject *failed(struct call *call, struct ask *ask)
{
    if (guest_raised(&ask->guest)) {
        call_end(call);
        return NULL;
    }
    return call_none(call);
}

static PyObject *choice_at(const ndf_selection *selection, size_t index)
{
    ndf_choice choice = {.name = ""};
    (void)ndf_selection_at(selection, index, &choice); /* there is one */
    return Py_BuildValue("(sdddiK)", choice.name, choice.fit, choice.success,
        choice.confidence, choice.level, (unsigned long long)choice.executions);
}

static PyObject *choices_of(const ndf_selection *selection)
{
    size_t count = ndf_selection_count(selection);
    PyObject *list = PyList_New((Py_ssize_t)count);
    if (list == NULL) return NULL;
    for (size_t i = 0; i < count; i++) {
        PyObject *item = choice_at(selection, i);
        if (item == NULL) {
            Py_DECREF(list);
            return NULL;
        }
        PyList_SetItem(list, (Py_ssize_t)i, item); /* takes item */
    }
    return list;
}

PyObject *choose_select(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "select", at, count);
    struct ask ask;
    struct call call;
    if (parse_ask(&args, &ask) < 0 || call_begin(&call, self) < 0) return NULL;
    ndf_selection *selection = NULL;
    PyThreadState *gil = PyEval_SaveThread();
    select_one(&call, &ask, &selection);
    PyEval_RestoreThread(gil);
    if (call.err != NDF_OK) return failed(&call, &ask);
    PyObject *result = NULL;
    PyObject *choices = choices_of(selection);
    const char *reason = ndf_selection_reason(selection);
    if (choices != NULL)
        result = Py_BuildValue("(Nzs)", choices,
            ndf_selection_chosen(selection), reason != NULL ? reason : "");
    gil = PyEval_SaveThread();
    ndf_selection_free(selection); /* maybe the last to hold a registry */
    PyEval_RestoreThread(gil);
    call_end(&call);
    return result;
}

PyObject *choose_why(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "why", at, count);
    struct ask ask;
    struct call call;
    if (parse_ask(&args, &ask) < 0 || call_begin(&call, self) < 0) return NULL;
    ndf_selection *selection = NULL;
    ndf_text *text = NULL;
    PyThreadState *gil = PyEval_SaveThread();
    select_one(&call, &ask, &selection);
    if (call.err == NDF_OK) call.err = ndf_selection_json(selection, &text);
    ndf_selection_free(selection);
    PyEval_RestoreThread(gil);
    if (call.err != NDF_OK) return failed(&call, &ask);
    return call_text(&call, text);
}

PyObject *choose_explain(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "explain", at, count);
    struct ask ask = {{NULL, 0}, 0, {NULL, NULL, NULL, NULL}};
    const char *pattern = NULL;
    struct call call;
    if (args_count(&args, 2, 3) < 0 ||
        args_text(&args, 0, "context", &ask.context) < 0 ||
        args_name(&args, 1, "pattern", &pattern) < 0 ||
        args_function_or_none(&args, 2, "ask", &ask.guest.fn) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    ndf_context *made;
    ndf_text *text = NULL;
    PyThreadState *gil = PyEval_SaveThread();
    ndf_select_options options = options_of(&ask);
    call.err = ndf_context_new(
        call.ndf, ask.context.at, ask.context.size, &made, &call.error);
    if (call.err == NDF_OK)
        call.err = ndf_explain_with(
            call.ndf, made, pattern, &options, &text, &call.error);
    ndf_context_free(made);
    PyEval_RestoreThread(gil);
    if (call.err != NDF_OK) return failed(&call, &ask);
    return call_text(&call, text);
}

/* ---- finding ------------------------------------------------------------ */

enum { FOUND_SIZE = 8192 };

/* One found: its score, then its name and a NUL. */
struct found {
    PyObject *list;
    bool with_scores;
    bool failed; /* an exception is set */
    size_t used;
    alignas(double) char at[FOUND_SIZE];
};

static PyObject *found_item(const struct found *found, const char *at)
{
    double score;
    memcpy(&score, at, sizeof score);
    const char *name = at + sizeof score;
    if (!found->with_scores) return PyUnicode_FromString(name);
    return Py_BuildValue("(sd)", name, score);
}

/* With the GIL held. */
static void take_over(struct found *found)
{
    size_t at = 0;
    while (at < found->used && !found->failed) {
        PyObject *item = found_item(found, found->at + at);
        found->failed = item == NULL || PyList_Append(found->list, item) < 0;
        Py_XDECREF(item);
        at += sizeof(double) + strlen(found->at + at + sizeof(double)) + 1;
    }
    found->used = 0;
}

static int on_found(void *ud, const char *name, double score)
{
    struct found *found = ud;
    size_t size = strlen(name) + 1;
    if (size > FOUND_SIZE - sizeof score) return NDF_ELIMIT;
    if (size + sizeof score > FOUND_SIZE - found->used) {
        PyGILState_STATE gil = PyGILState_Ensure();
        take_over(found);
        PyGILState_Release(gil);
        if (found->failed) return NDF_EHOST;
    }
    memcpy(found->at + found->used, &score, sizeof score);
    memcpy(found->at + found->used + sizeof score, name, size);
    found->used += sizeof score + size;
    return 0;
}

static int found_begin(struct found *found, bool with_scores)
{
    found->list = PyList_New(0);
    found->with_scores = with_scores;
    found->failed = false;
    found->used = 0;
    return found->list != NULL ? 0 : -1;
}

static PyObject *found_end(struct found *found, struct call *call)
{
    if (call->err == NDF_OK) take_over(found);
    call_end(call);
    if (call->err == NDF_OK && !found->failed) return found->list;
    Py_DECREF(found->list);
    if (found->failed) return NULL;
    return errors_raise(&call->state->errors, call->err, &call->error);
}

typedef int (*find_fn)(ndf_engine *engine, const char *what, ndf_found_fn found,
    void *ud, ndf_error *error);

static PyObject *find_all(
    PyObject *self, const struct args *args, const char *name, find_fn find)
{
    const char *what = NULL;
    struct call call;
    struct found found;
    if (args_count(args, 1, 1) < 0 || args_name(args, 0, name, &what) < 0)
        return NULL;
    if (call_begin(&call, self) < 0) return NULL;
    if (found_begin(&found, false) < 0) {
        call_end(&call);
        return NULL;
    }
    PyThreadState *gil = PyEval_SaveThread();
    call.err = find(call.ndf, what, on_found, &found, &call.error);
    PyEval_RestoreThread(gil);
    return found_end(&found, &call);
}

PyObject *choose_domain(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "find_domain", at, count);
    return find_all(self, &args, "domain", ndf_find_domain);
}

PyObject *choose_attribute(
    PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "find_attribute", at, count);
    return find_all(self, &args, "attribute", ndf_find_attribute);
}

PyObject *choose_similar(PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "find_similar", at, count);
    const char *pattern = NULL;
    double threshold = 0;
    size_t limit = 0;
    struct call call;
    struct found found;
    if (args_count(&args, 2, 3) < 0 ||
        args_name(&args, 0, "pattern", &pattern) < 0 ||
        args_real(&args, 1, "threshold", &threshold) < 0 ||
        args_limit(&args, 2, "limit", &limit) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    if (found_begin(&found, true) < 0) {
        call_end(&call);
        return NULL;
    }
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_find_similar(
        call.ndf, pattern, threshold, limit, on_found, &found, &call.error);
    PyEval_RestoreThread(gil);
    return found_end(&found, &call);
}

PyObject *choose_compile(PyObject *self, PyObject *unused)
{
    (void)unused;
    struct call call;
    if (call_begin(&call, self) < 0) return NULL;
    ndf_text *text = NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_compile(call.ndf, &text, &call.error);
    PyEval_RestoreThread(gil);
    return call_text(&call, text);
}

PyObject *choose_configure(
    PyObject *self, PyObject *const *at, Py_ssize_t count)
{
    struct args args = call_args(self, "configure", at, count);
    struct text json = {NULL, 0};
    struct call call;
    if (args_count(&args, 0, 1) < 0 ||
        args_text_or_none(&args, 0, "text", &json) < 0 ||
        call_begin(&call, self) < 0)
        return NULL;
    ndf_text *text = NULL;
    PyThreadState *gil = PyEval_SaveThread();
    call.err = ndf_configure(call.ndf, json.at, json.size, &text, &call.error);
    PyEval_RestoreThread(gil);
    return call_text(&call, text);
}
