/*
 * gate.h - for what many read for a while and now and then somebody changes in
 * place.
 *
 * A reader counts itself in the cell of its processor (stripe.h), so readers
 * never wait for one another, nor share what they write. They wait only while
 * a writer is at work, or for a moment before one that waits for them. A
 * writer waits until no cell has a reader, for as long as it says.
 *
 * A thread may be in several times, further in and further out: so a writer
 * that only waits never keeps readers out for good. Two writers, or a writer
 * that is a reader too, wait for each other until their time is over.
 */
#ifndef NDF_BASE_GATE_H
#define NDF_BASE_GATE_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/stripe.h"

struct gate {
    struct stripe readers[STRIPES];
    _Atomic bool closed;     /* a writer is at work, or about to look */
    _Atomic unsigned wanted; /* writers that wait for readers */
    pthread_mutex_t lock;    /* of the writer at work */
};

void gate_init(struct gate *gate);
/* Nobody may be in. */
void gate_deinit(struct gate *gate);

/* Waits for a writer at work; the result is for gate_leave. */
unsigned gate_enter(struct gate *gate);
/* Never waits. False: a writer is at work, and nobody is in. */
bool gate_try_enter(struct gate *gate, unsigned *cell);
void gate_leave(struct gate *gate, unsigned cell);

/* True: nobody else is in until gate_open. False: there were readers, or
 * another writer, all the time. */
bool gate_close(struct gate *gate, int64_t wait_ms);
void gate_open(struct gate *gate);

#endif
