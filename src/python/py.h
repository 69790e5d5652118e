/*
 * py.h - Python.h, as this folder uses it: the stable ABI of 3.11 and nothing
 * beyond, so that one file serves every later Python 3.
 *
 * Python's headers do not keep all our warnings; ours stay on for our files.
 */
#ifndef NDF_PYTHON_PY_H
#define NDF_PYTHON_PY_H

#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030b0000
#endif
#define PY_SSIZE_T_CLEAN

#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wpedantic"
#pragma GCC diagnostic ignored "-Wcast-qual"
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wundef"
#endif

#include <Python.h>
#include <stdint.h>
#include <structmember.h>

#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

/* A function as Python's tables hold it; C has no plain cast for that. */
#define PY_FUNCTION(fn) ((void *)(uintptr_t)(fn))
#define PY_FASTCALL(fn) ((PyCFunction)(void (*)(void))(fn))

#endif
