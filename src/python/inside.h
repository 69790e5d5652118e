/*
 * inside.h - which threads are inside of something.
 *
 * One who ends it waits until all have left, and first asks whether he is
 * inside himself: then waiting would be for ever.
 */
#ifndef NDF_PYTHON_INSIDE_H
#define NDF_PYTHON_INSIDE_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

struct inside {
    pthread_mutex_t mutex;
    pthread_cond_t left;
    pthread_t *threads; /* a thread stands in it once for each time */
    size_t count, room;
};

/* False when there is no memory or lock for it. */
bool inside_init(struct inside *inside);
/* With the GIL held. */
void inside_deinit(struct inside *inside);
/* Notes this thread; false without memory. With the GIL held. */
bool inside_enter(struct inside *inside);
/* With the GIL or without. */
void inside_leave(struct inside *inside);
/* Whether this thread is inside. */
bool inside_has_self(struct inside *inside);
/* Waits until nobody is inside. Without the GIL. */
void inside_wait_empty(struct inside *inside);

#endif
