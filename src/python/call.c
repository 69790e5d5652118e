/*
 * call.c - one call on an engine.
 */
#include <unistd.h>

#include "python/engine.h"

static PyObject *refuse(struct call *call)
{
    ndf_error error = {.code = NDF_ECLOSED, .message = "the engine is closed"};
    return errors_raise(&call->state->errors, NDF_ECLOSED, &error);
}

int call_begin(struct call *call, PyObject *self)
{
    struct engine *engine = (struct engine *)self;
    call->engine = engine;
    call->state = state_of(self);
    call->err = NDF_OK;
    call->error.code = NDF_OK;
    call->error.message[0] = '\0';
    if (engine->core == NULL || engine->closing) {
        refuse(call);
        return -1;
    }
    /* Its locks may be held by threads that are not in this process. */
    if (!core_is_ours(engine->core)) {
        ndf_error error = {
            .message =
                "this engine belongs to the parent process: a forked child "
                "must run another program (exec), or be spawned"};
        errors_raise(&call->state->errors, NDF_EFORKED, &error);
        return -1;
    }
    if (!inside_enter(&engine->calls)) {
        PyErr_NoMemory();
        return -1;
    }
    call->ndf = engine->core->ndf;
    return 0;
}

void call_end(struct call *call)
{
    inside_leave(&call->engine->calls);
}

PyObject *call_none(struct call *call)
{
    call_end(call);
    if (call->err == NDF_OK) return Py_NewRef(Py_None);
    return errors_raise(&call->state->errors, call->err, &call->error);
}

PyObject *text_to_str(ndf_text *text)
{
    PyObject *str = PyUnicode_DecodeUTF8(
        ndf_text_data(text), (Py_ssize_t)ndf_text_size(text), NULL);
    ndf_text_free(text);
    return str;
}

PyObject *call_text(struct call *call, ndf_text *text)
{
    PyObject *str = call->err == NDF_OK ? text_to_str(text) : NULL;
    call_end(call);
    if (call->err == NDF_OK) return str;
    ndf_text_free(text);
    return errors_raise(&call->state->errors, call->err, &call->error);
}

struct args call_args(
    PyObject *self, const char *method, PyObject *const *at, Py_ssize_t count)
{
    return (struct args){&state_of(self)->errors, method, at, count};
}
