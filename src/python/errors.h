/*
 * errors.h - the exceptions of the module, and an error of the core as one.
 */
#ifndef NDF_PYTHON_ERRORS_H
#define NDF_PYTHON_ERRORS_H

#include "ndf/error.h"

#include "python/py.h"

enum error_class {
    ERROR_PATTERN, /* the base of the others */
    ERROR_NOT_FOUND,
    ERROR_EXISTS,
    ERROR_INVALID,
    ERROR_EXECUTION,
    ERROR_CONFIDENCE,
    ERROR_RESOURCES,
    ERROR_TIMEOUT,
    ERROR_CLASSES,
};

struct errors {
    PyObject *classes[ERROR_CLASSES];
};

/* Makes the classes and adds them to the module. 0, or -1 with an exception
 * set; what was made is freed by errors_clear. */
int errors_init(struct errors *errors, PyObject *module);
int errors_traverse(const struct errors *errors, visitproc visit, void *arg);
void errors_clear(struct errors *errors);

/* Sets the exception that belongs to a code, with the core's sentence and
 * place. error may hold no sentence. Returns NULL, for `return`. */
PyObject *errors_raise(
    const struct errors *errors, int code, const ndf_error *error);
/* Sets an exception with a sentence of this module's. Returns NULL. */
PyObject *errors_say(
    const struct errors *errors, enum error_class kind, const char *sentence);

/* The exception that is set, and is cleared by this, as one line of UTF-8:
 * "ValueError: boom (file.py, line 12, in f)". A new bytes object; NULL when
 * there is no memory for it, and no exception is set then. */
PyObject *errors_line(void);

#endif
