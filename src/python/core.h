/*
 * core.h - an open engine of the core with what it may call: the functions
 * that are bound in it and those that runs tell their events.
 *
 * It is apart from the Python object, because an engine's threads use it until
 * ndf_close returned, whatever became of the object meanwhile. Its fields and
 * lists belong to who holds the GIL.
 */
#ifndef NDF_PYTHON_CORE_H
#define NDF_PYTHON_CORE_H

#include <sys/types.h>

#include "ndf/ndf.h"

#include "python/inside.h"
#include "python/py.h"

struct engine;
struct state;

/* Who is told the events of one run. */
struct listener {
    struct core *core;
    struct listener *next;
    unsigned long long number; /* addresses come again, numbers do not */
    PyObject *fn;
};

struct core {
    ndf_engine *ndf;
    pid_t pid;             /* of the process it belongs to */
    PyObject *module;      /* a reference */
    struct engine *engine; /* borrowed; NULL: the object is gone */
    struct core *next;     /* in the state's list */
    bool abandoned;        /* its object went on a thread that it calls on */
    struct inside called;  /* threads that run Python functions for it */
    PyObject *functions;   /* a dict: name of an agent -> what is bound */
    struct listener *listeners;
    unsigned long long listener_count; /* that there ever were */
};

/* Opens; NULL with an exception set. */
struct core *core_open(PyObject *module, const ndf_options *options);
/* Whether this process opened it, not one that it was forked from. */
bool core_is_ours(const struct core *core);
/* Ends what runs and closes; lets other threads run meanwhile. Not from a
 * thread that it called on, and never in a forked child: there it is left as it
 * is, since what it waits for is in the parent. */
void core_stop(struct core *core);
/* After core_stop. */
void core_free(struct core *core);
/* Its object goes on one of its own threads, which cannot wait for itself: the
 * main thread closes it soon, at the latest when Python ends. */
void core_abandon(struct core *core);
/* Closes the abandoned ones of a module. */
void core_close_abandoned(struct state *state);

int core_traverse(const struct core *core, visitproc visit, void *arg);
/* Lets go of the functions; calls to them fail from then on. */
void core_clear(struct core *core);

/* NULL with an exception set. */
struct listener *core_listen(struct core *core, PyObject *fn);
/* Frees a listener if it is there still. */
void core_unlisten(struct core *core, unsigned long long number);

#endif
