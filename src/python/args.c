/*
 * args.c - the arguments of one call.
 */
#include "python/args.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "python/errors.h"

static int wrong_type(const struct args *args, Py_ssize_t index,
    const char *name, const char *wanted)
{
    PyObject *type = PyType_GetName(Py_TYPE(args->at[index]));
    if (type == NULL) return -1;
    PyErr_Format(PyExc_TypeError, "%s(): %s must be %s, not %U", args->method,
        name, wanted, type);
    Py_DECREF(type);
    return -1;
}

static bool given(const struct args *args, Py_ssize_t index)
{
    return index < args->count;
}

static bool given_some(const struct args *args, Py_ssize_t index)
{
    return index < args->count && args->at[index] != Py_None;
}

int args_count(const struct args *args, Py_ssize_t min, Py_ssize_t max)
{
    if (args->count >= min && args->count <= max) return 0;
    if (min == max)
        PyErr_Format(PyExc_TypeError, "%s() takes %zd arguments, got %zd",
            args->method, min, args->count);
    else
        PyErr_Format(PyExc_TypeError,
            "%s() takes %zd to %zd arguments, got %zd", args->method, min, max,
            args->count);
    return -1;
}

/* Only surrogates and a lack of memory keep a str from being UTF-8. */
static int not_unicode(const struct args *args, const char *name)
{
    if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError)) return -1;
    PyErr_Clear();
    PyErr_Format(args->errors->classes[ERROR_INVALID],
        "%s(): %s holds half a character (a lone surrogate), which is no "
        "text: decode it anew with errors='replace'",
        args->method, name);
    return -1;
}

int args_text(const struct args *args, Py_ssize_t index, const char *name,
    struct text *out)
{
    if (!given(args, index)) return 0;
    PyObject *value = args->at[index];
    if (!PyUnicode_Check(value)) return wrong_type(args, index, name, "str");
    Py_ssize_t size;
    const char *at = PyUnicode_AsUTF8AndSize(value, &size);
    if (at == NULL) return not_unicode(args, name);
    *out = (struct text){at, (size_t)size};
    return 0;
}

int args_text_or_none(const struct args *args, Py_ssize_t index,
    const char *name, struct text *out)
{
    if (!given_some(args, index)) return 0;
    if (!PyUnicode_Check(args->at[index]))
        return wrong_type(args, index, name, "str or None");
    return args_text(args, index, name, out);
}

int args_name(const struct args *args, Py_ssize_t index, const char *name,
    const char **out)
{
    struct text text = {NULL, 0};
    if (args_text(args, index, name, &text) < 0) return -1;
    if (text.at == NULL) return 0;
    if (strlen(text.at) != text.size) {
        PyErr_Format(PyExc_ValueError, "%s(): %s holds a NUL character",
            args->method, name);
        return -1;
    }
    *out = text.at;
    return 0;
}

int args_name_or_none(const struct args *args, Py_ssize_t index,
    const char *name, const char **out)
{
    if (!given_some(args, index)) return 0;
    if (!PyUnicode_Check(args->at[index]))
        return wrong_type(args, index, name, "str or None");
    return args_name(args, index, name, out);
}

static int out_of_range(const struct args *args, const char *name)
{
    PyErr_Format(
        PyExc_ValueError, "%s(): %s is out of its range", args->method, name);
    return -1;
}

int args_number(
    const struct args *args, Py_ssize_t index, const char *name, int64_t *out)
{
    if (!given(args, index)) return 0;
    if (!PyLong_Check(args->at[index]))
        return wrong_type(args, index, name, "int");
    int overflow;
    long long number = PyLong_AsLongLongAndOverflow(args->at[index], &overflow);
    if (overflow != 0) return out_of_range(args, name);
    if (number == -1 && PyErr_Occurred() != NULL) return -1;
    *out = (int64_t)number;
    return 0;
}

int args_int(
    const struct args *args, Py_ssize_t index, const char *name, int *out)
{
    int64_t number = *out;
    if (args_number(args, index, name, &number) < 0) return -1;
    if (number < INT_MIN || number > INT_MAX) return out_of_range(args, name);
    *out = (int)number;
    return 0;
}

int args_limit(
    const struct args *args, Py_ssize_t index, const char *name, size_t *out)
{
    int64_t number = 0;
    if (!given(args, index)) return 0;
    if (args_number(args, index, name, &number) < 0) return -1;
    if (number < 0) return out_of_range(args, name);
    *out = (size_t)number;
    return 0;
}

int args_real(
    const struct args *args, Py_ssize_t index, const char *name, double *out)
{
    if (!given(args, index)) return 0;
    PyObject *value = args->at[index];
    if (!PyFloat_Check(value) && !PyLong_Check(value))
        return wrong_type(args, index, name, "float");
    double number = PyFloat_AsDouble(value);
    if (PyErr_Occurred() != NULL) return -1;
    *out = number;
    return 0;
}

int args_flag(
    const struct args *args, Py_ssize_t index, const char *name, bool *out)
{
    if (!given(args, index)) return 0;
    if (!PyBool_Check(args->at[index]))
        return wrong_type(args, index, name, "bool");
    *out = args->at[index] == Py_True;
    return 0;
}

int args_function(
    const struct args *args, Py_ssize_t index, const char *name, PyObject **out)
{
    if (!given(args, index)) return 0;
    if (!PyCallable_Check(args->at[index]))
        return wrong_type(args, index, name, "callable");
    *out = args->at[index];
    return 0;
}

int args_function_or_none(
    const struct args *args, Py_ssize_t index, const char *name, PyObject **out)
{
    if (!given_some(args, index)) return 0;
    if (!PyCallable_Check(args->at[index]))
        return wrong_type(args, index, name, "callable or None");
    return args_function(args, index, name, out);
}

const char **args_words(
    const struct args *args, PyObject *list, const char *name, PyObject **kept)
{
    char word_name[64];
    *kept = NULL;
    if (!PyList_Check(list) && !PyTuple_Check(list)) {
        PyErr_Format(PyExc_TypeError, "%s(): %s must be a list of str or None",
            args->method, name);
        return NULL;
    }
    PyObject *tuple = PySequence_Tuple(list); /* others may change the list */
    if (tuple == NULL) return NULL;
    Py_ssize_t count = PyTuple_Size(tuple);
    const char **words = PyMem_Calloc((size_t)count + 1, sizeof *words);
    bool good = words != NULL;
    if (words == NULL) PyErr_NoMemory();
    (void)snprintf(word_name, sizeof word_name, "a word of %s", name);
    for (Py_ssize_t i = 0; good && i < count; i++) {
        PyObject *word = PyTuple_GetItem(tuple, i);
        struct args one = {args->errors, args->method, &word, 1};
        good = args_name(&one, 0, word_name, &words[i]) == 0;
    }
    if (good) {
        *kept = tuple;
        return words;
    }
    PyMem_Free((void *)words);
    Py_DECREF(tuple);
    return NULL;
}
