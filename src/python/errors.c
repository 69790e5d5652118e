/*
 * errors.c - the exceptions of the module.
 *
 * The table below says which code becomes which class; a code that it does not
 * name is a plain PatternError. Memory that ran out is Python's MemoryError, as
 * everywhere in Python.
 */
#include "python/errors.h"

#include <stdbool.h>
#include <string.h>

struct class_row {
    const char *name; /* qualified: it is what users see and pickle */
    const char *doc;
    const char *builtin; /* a second base, or NULL */
};

static const struct class_row class_rows[ERROR_CLASSES] = {
    [ERROR_PATTERN] = {"patterns.PatternError",
        "The base of all errors of this package.\n\n"
        "code: the number of the core's error; 0 when Python noticed it.\n"
        "line, column: where in a text, from 1; 0 is unknown.",
        NULL},
    [ERROR_NOT_FOUND] = {"patterns.PatternNotFoundError",
        "There is no pattern, agent, run or file of that name.", "LookupError"},
    [ERROR_EXISTS] = {"patterns.PatternAlreadyExistsError",
        "The name is taken already.", NULL},
    [ERROR_INVALID] = {"patterns.InvalidPatternError",
        "A document, a context or an argument is not valid.", "ValueError"},
    [ERROR_EXECUTION] = {"patterns.PatternExecutionError",
        "A run could not be started, or failed.", NULL},
    [ERROR_CONFIDENCE] = {"patterns.ConfidenceThresholdError",
        "No pattern is confident enough to be taken.", NULL},
    [ERROR_RESOURCES] = {"patterns.ResourceExhaustionError",
        "A limit was exceeded, or there is no space left.", NULL},
    [ERROR_TIMEOUT] = {"patterns.TimeoutError",
        "It took longer than it was allowed to.", "TimeoutError"},
};

struct code_row {
    int code;
    enum error_class kind;
};

static const struct code_row code_rows[] = {
    {NDF_ENOTFOUND, ERROR_NOT_FOUND},
    {NDF_EEXISTS, ERROR_EXISTS},
    {NDF_ESYNTAX, ERROR_INVALID},
    {NDF_ESCHEMA, ERROR_INVALID},
    {NDF_ECYCLE, ERROR_INVALID},
    {NDF_EINVAL, ERROR_INVALID},
    {NDF_EREFERENCE, ERROR_EXECUTION},
    {NDF_EAGENT, ERROR_EXECUTION},
    {NDF_EUNTRUSTED, ERROR_EXECUTION},
    {NDF_EUNSUPPORTED, ERROR_EXECUTION},
    {NDF_ECANCELLED, ERROR_EXECUTION},
    {NDF_EINDOUBT, ERROR_EXECUTION},
    {NDF_ENOCONFIDENCE, ERROR_CONFIDENCE},
    {NDF_ELIMIT, ERROR_RESOURCES},
    {NDF_EFULL, ERROR_RESOURCES},
    {NDF_ETIMEOUT, ERROR_TIMEOUT},
};

static enum error_class class_of(int code)
{
    for (size_t i = 0; i < sizeof code_rows / sizeof *code_rows; i++)
        if (code_rows[i].code == code) return code_rows[i].kind;
    return ERROR_PATTERN;
}

/* ---- classes ------------------------------------------------------------ */

static PyObject *bases_of(const struct errors *errors, const char *builtin)
{
    PyObject *base = errors->classes[ERROR_PATTERN];
    if (builtin == NULL) return PyTuple_Pack(1, base);
    PyObject *builtins = PyImport_ImportModule("builtins");
    if (builtins == NULL) return NULL;
    PyObject *second = PyObject_GetAttrString(builtins, builtin);
    Py_DECREF(builtins);
    if (second == NULL) return NULL;
    PyObject *bases = PyTuple_Pack(2, base, second);
    Py_DECREF(second);
    return bases;
}

static PyObject *class_new(const struct errors *errors, enum error_class kind)
{
    const struct class_row *row = &class_rows[kind];
    if (kind == ERROR_PATTERN) {
        /* Defaults of the class: an instance that Python code makes has them
         * too. */
        PyObject *places =
            Py_BuildValue("{sisisi}", "code", 0, "line", 0, "column", 0);
        if (places == NULL) return NULL;
        PyObject *made =
            PyErr_NewExceptionWithDoc(row->name, row->doc, NULL, places);
        Py_DECREF(places);
        return made;
    }
    PyObject *bases = bases_of(errors, row->builtin);
    if (bases == NULL) return NULL;
    PyObject *made =
        PyErr_NewExceptionWithDoc(row->name, row->doc, bases, NULL);
    Py_DECREF(bases);
    return made;
}

int errors_init(struct errors *errors, PyObject *module)
{
    for (int kind = 0; kind < ERROR_CLASSES; kind++) {
        PyObject *made = class_new(errors, (enum error_class)kind);
        if (made == NULL) return -1;
        errors->classes[kind] = made;
        const char *name = strrchr(class_rows[kind].name, '.') + 1;
        if (PyModule_AddObjectRef(module, name, made) < 0) return -1;
    }
    return 0;
}

int errors_traverse(const struct errors *errors, visitproc visit, void *arg)
{
    for (int kind = 0; kind < ERROR_CLASSES; kind++)
        Py_VISIT(errors->classes[kind]);
    return 0;
}

void errors_clear(struct errors *errors)
{
    for (int kind = 0; kind < ERROR_CLASSES; kind++)
        Py_CLEAR(errors->classes[kind]);
}

/* ---- raising ------------------------------------------------------------ */

static int set_number(PyObject *object, const char *name, long long number)
{
    PyObject *key = PyUnicode_InternFromString(name);
    PyObject *value = PyLong_FromLongLong(number);
    int err = -1;
    if (key != NULL && value != NULL)
        err = PyObject_SetAttr(object, key, value);
    Py_XDECREF(value);
    Py_XDECREF(key);
    return err;
}

PyObject *errors_raise(
    const struct errors *errors, int code, const ndf_error *error)
{
    if (code == NDF_ENOMEM) return PyErr_NoMemory();
    bool told = error != NULL && error->message[0] != '\0';
    const char *sentence = told ? error->message : ndf_strerror(code);
    /* A sentence that was cut may end inside a character. */
    PyObject *text =
        PyUnicode_DecodeUTF8(sentence, (Py_ssize_t)strlen(sentence), "replace");
    if (text == NULL) return NULL;
    PyObject *kind = errors->classes[class_of(code)];
    PyObject *raised = PyObject_CallFunctionObjArgs(kind, text, NULL);
    Py_DECREF(text);
    if (raised == NULL) return NULL;
    if (set_number(raised, "code", code) == 0 &&
        set_number(raised, "line", told ? (long long)error->line : 0) == 0 &&
        set_number(raised, "column", told ? (long long)error->column : 0) == 0)
        PyErr_SetObject(kind, raised);
    Py_DECREF(raised);
    return NULL;
}

PyObject *errors_say(
    const struct errors *errors, enum error_class kind, const char *sentence)
{
    PyErr_SetString(errors->classes[kind], sentence);
    return NULL;
}

/* ---- an exception as a line --------------------------------------------- */

/* Python caches what it looked up by the name's address: a name that is made
 * anew each time would fill that cache. */
static PyObject *attribute(PyObject *object, const char *name)
{
    PyObject *key = PyUnicode_InternFromString(name);
    if (key == NULL) return NULL;
    PyObject *value = PyObject_GetAttr(object, key);
    Py_DECREF(key);
    return value;
}

static PyObject *last_traceback(PyObject *traceback)
{
    PyObject *last = Py_XNewRef(traceback);
    while (last != NULL) {
        PyObject *next = attribute(last, "tb_next");
        if (next == NULL || next == Py_None) {
            Py_XDECREF(next);
            break;
        }
        Py_DECREF(last);
        last = next;
    }
    return last;
}

/* " (file.py, line 12, in f)" of where it was raised. */
static PyObject *place_of(PyObject *traceback)
{
    PyObject *place = NULL, *frame = NULL, *code = NULL;
    PyObject *file = NULL, *line = NULL, *name = NULL;
    PyObject *last = last_traceback(traceback);
    if (last == NULL) return PyUnicode_FromString("");
    frame = attribute(last, "tb_frame");
    line = attribute(last, "tb_lineno");
    if (frame != NULL) code = attribute(frame, "f_code");
    if (code != NULL) file = attribute(code, "co_filename");
    if (code != NULL) name = attribute(code, "co_name");
    if (file != NULL && line != NULL && name != NULL) {
        Py_ssize_t size = PyUnicode_GetLength(file);
        Py_ssize_t slash = PyUnicode_FindChar(file, '/', 0, size, -1);
        PyObject *base = PyUnicode_Substring(file, slash + 1, size);
        if (base != NULL)
            place =
                PyUnicode_FromFormat(" (%U, line %S, in %U)", base, line, name);
        Py_XDECREF(base);
    }
    Py_XDECREF(name);
    Py_XDECREF(file);
    Py_XDECREF(code);
    Py_XDECREF(line);
    Py_XDECREF(frame);
    Py_DECREF(last);
    return place;
}

static PyObject *line_of(PyObject *type, PyObject *value, PyObject *traceback)
{
    PyObject *line = NULL;
    PyObject *name = attribute(type, "__name__");
    PyObject *text = PyObject_Str(value);
    PyObject *place = place_of(traceback);
    if (name != NULL && text != NULL && place != NULL) {
        const char *colon = PyUnicode_GetLength(text) > 0 ? ": " : "";
        line = PyUnicode_FromFormat("%U%s%U%U", name, colon, text, place);
    }
    Py_XDECREF(place);
    Py_XDECREF(text);
    Py_XDECREF(name);
    if (line == NULL) return NULL;
    /* What somebody raises may hold anything; the journal is UTF-8. */
    PyObject *bytes =
        PyUnicode_AsEncodedString(line, "utf-8", "backslashreplace");
    Py_DECREF(line);
    return bytes;
}

PyObject *errors_line(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    PyObject *line = line_of(type, value != NULL ? value : Py_None, traceback);
    /* Its own text failed: what it is can still be said. */
    if (line == NULL) {
        PyErr_Clear();
        line = PyBytes_FromString("an exception that has no text");
    }
    PyErr_Clear();
    Py_XDECREF(type);
    Py_XDECREF(value);
    Py_XDECREF(traceback);
    return line;
}
