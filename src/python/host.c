/*
 * host.c - Python functions that the core calls.
 *
 * Every one of these takes the GIL first. Once Python is ending that would end
 * the thread, so they look before; engines are closed before that (module.c),
 * so it only happens when something kept them from being closed.
 */
#include "python/host.h"

#include <string.h>

#include "python/errors.h"

/* ---- on the thread of the call ------------------------------------------ */

static void keep(struct guest *guest)
{
    PyErr_Fetch(&guest->type, &guest->value, &guest->traceback);
}

bool guest_raised(struct guest *guest)
{
    if (guest->type == NULL) return false;
    PyErr_Restore(guest->type, guest->value, guest->traceback);
    guest->type = NULL;
    return true;
}

int host_ask(void *ud, const char *pattern, const ndf_context *context)
{
    (void)context; /* whoever asks knows it: it is that of the call */
    struct guest *guest = ud;
    PyGILState_STATE gil = PyGILState_Ensure();
    int answer = -1;
    PyObject *said = PyObject_CallFunction(guest->fn, "s", pattern);
    if (said != NULL) answer = PyObject_IsTrue(said);
    Py_XDECREF(said);
    if (answer < 0) keep(guest);
    PyGILState_Release(gil);
    return answer < 0 ? NDF_EHOST : answer;
}

int host_write(void *ud, const char *bytes, size_t size)
{
    struct guest *guest = ud;
    PyGILState_STATE gil = PyGILState_Ensure();
    PyObject *done =
        PyObject_CallFunction(guest->fn, "y#", bytes, (Py_ssize_t)size);
    if (done == NULL) keep(guest);
    Py_XDECREF(done);
    PyGILState_Release(gil);
    return done == NULL;
}

/* ---- steps, on a thread of the engine ----------------------------------- */

static void say(ndf_reply *reply, const char *sentence)
{
    (void)ndf_reply_error(reply, sentence, strlen(sentence));
}

/* Puts the exception that is set into the journal, and clears it. */
static int say_exception(ndf_reply *reply)
{
    PyObject *line = errors_line();
    char *text;
    Py_ssize_t size;
    if (line == NULL || PyBytes_AsStringAndSize(line, &text, &size) < 0) {
        PyErr_Clear();
        say(reply, "out of memory");
    } else {
        (void)ndf_reply_error(reply, text, (size_t)size);
    }
    Py_XDECREF(line);
    return -1;
}

/* One part of what a function returned: a JSON text or None. */
static int give(ndf_reply *reply, PyObject *part, const char *name,
    int (*put)(ndf_reply *reply, const char *json, size_t size))
{
    if (part == Py_None) return 0;
    if (!PyUnicode_Check(part)) {
        PyErr_Format(PyExc_TypeError,
            "the %s of a bound function must be a JSON text or None", name);
        return say_exception(reply);
    }
    Py_ssize_t size;
    const char *text = PyUnicode_AsUTF8AndSize(part, &size);
    if (text == NULL) return say_exception(reply);
    int err = put(reply, text, (size_t)size);
    if (err == NDF_OK) return 0;
    PyErr_Format(PyExc_ValueError, "the %s of a bound function was refused: %s",
        name, ndf_strerror(err));
    return say_exception(reply);
}

static int take_answer(PyObject *answer, ndf_reply *reply)
{
    if (!PyTuple_Check(answer) || PyTuple_Size(answer) != 2) {
        PyErr_SetString(PyExc_TypeError,
            "a bound function must return (output, patch), each a JSON text or "
            "None");
        return say_exception(reply);
    }
    int bad =
        give(reply, PyTuple_GetItem(answer, 0), "output", ndf_reply_value);
    if (bad == 0)
        bad = give(reply, PyTuple_GetItem(answer, 1), "patch", ndf_reply_patch);
    return bad;
}

static int step(PyObject *fn, const ndf_call *call, ndf_reply *reply)
{
    PyObject *answer =
        PyObject_CallFunction(fn, "sssis#", call->run, call->step, call->key,
            call->attempt, call->request, (Py_ssize_t)call->request_size);
    if (answer == NULL) return say_exception(reply);
    int bad = take_answer(answer, reply);
    Py_DECREF(answer);
    return bad;
}

int host_step(void *ud, const ndf_call *call, ndf_reply *reply)
{
    struct core *core = ud;
    if (!Py_IsInitialized()) {
        say(reply, "Python is ending");
        return -1;
    }
    int bad = -1;
    PyGILState_STATE gil = PyGILState_Ensure();
    bool entered = inside_enter(&core->called);
    /* It may be unbound meanwhile. */
    PyObject *fn =
        Py_XNewRef(PyDict_GetItemString(core->functions, call->agent));
    if (!entered) say(reply, "out of memory");
    else if (fn == NULL)
        say(reply, "no function is bound to this agent any more");
    else bad = step(fn, call, reply);
    Py_XDECREF(fn);
    PyGILState_Release(gil);
    /* Releasing may have freed what the thread held, even the engine's object:
     * until here it is on a thread of the engine. */
    if (entered) inside_leave(&core->called);
    return bad;
}

/* ---- events, on the engine's thread ------------------------------------- */

static void tell(struct listener *listener, const ndf_event *event)
{
    PyObject *fn = Py_XNewRef(listener->fn);
    if (fn == NULL) return;
    /* A sentence that was cut may end inside a character. */
    PyObject *detail = PyUnicode_DecodeUTF8(
        event->detail, (Py_ssize_t)strlen(event->detail), "replace");
    PyObject *done = NULL;
    if (detail != NULL)
        done = PyObject_CallFunction(fn, "issOiiiLKLdLd", event->kind,
            event->run, event->step, detail, event->attempt, event->steps_done,
            event->steps_total, (long long)event->at_ms,
            (unsigned long long)event->elapsed_ms, (long long)event->tokens,
            event->cost, (long long)event->step_tokens, event->step_cost);
    Py_XDECREF(detail);
    if (done == NULL) PyErr_WriteUnraisable(fn);
    Py_XDECREF(done);
    /* It is the last one. */
    if (event->kind == NDF_EVENT_RUN_DONE)
        core_unlisten(listener->core, listener->number);
    Py_DECREF(fn);
}

void host_event(void *ud, const ndf_event *event)
{
    struct listener *listener = ud;
    struct core *core = listener->core;
    if (!Py_IsInitialized()) return;
    PyGILState_STATE gil = PyGILState_Ensure();
    bool entered = inside_enter(&core->called);
    if (entered) tell(listener, event);
    PyGILState_Release(gil);
    if (entered) inside_leave(&core->called);
}
