/*
 * args.h - the arguments of one call, checked one by one.
 *
 * Each args_* takes the argument at an index into *out; an argument that was
 * not given leaves *out as it was, and so does None where None is allowed.
 * They return 0, or -1 with an exception that names the argument. Texts are
 * borrowed from the argument.
 */
#ifndef NDF_PYTHON_ARGS_H
#define NDF_PYTHON_ARGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "python/py.h"

struct errors;

struct args {
    const struct errors *errors;
    const char *method; /* "select" */
    PyObject *const *at;
    Py_ssize_t count;
};

struct text {
    const char *at; /* NUL-terminated; NULL: not given */
    size_t size;
};

int args_count(const struct args *args, Py_ssize_t min, Py_ssize_t max);

/* A str; an InvalidPatternError when it is no Unicode text. */
int args_text(const struct args *args, Py_ssize_t index, const char *name,
    struct text *out);
int args_text_or_none(const struct args *args, Py_ssize_t index,
    const char *name, struct text *out);
/* A str without a NUL in it: a name or a path. */
int args_name(const struct args *args, Py_ssize_t index, const char *name,
    const char **out);
int args_name_or_none(const struct args *args, Py_ssize_t index,
    const char *name, const char **out);
int args_number(
    const struct args *args, Py_ssize_t index, const char *name, int64_t *out);
/* An int that an `int` holds. */
int args_int(
    const struct args *args, Py_ssize_t index, const char *name, int *out);
/* How many: an int from 0. */
int args_limit(
    const struct args *args, Py_ssize_t index, const char *name, size_t *out);
int args_real(
    const struct args *args, Py_ssize_t index, const char *name, double *out);
int args_flag(
    const struct args *args, Py_ssize_t index, const char *name, bool *out);
/* Borrowed. */
int args_function(const struct args *args, Py_ssize_t index, const char *name,
    PyObject **out);
int args_function_or_none(const struct args *args, Py_ssize_t index,
    const char *name, PyObject **out);
/* The words of a list of str, NULL behind the last, borrowed from *kept, a
 * tuple of the same; NULL with an exception set. Freed by PyMem_Free. */
const char **args_words(
    const struct args *args, PyObject *list, const char *name, PyObject **kept);

#endif
