/*
 * inside.c - which threads are inside of something.
 *
 * The notes lie in memory of their own, not on the stacks of those threads: in
 * a forked child the threads and their stacks are gone.
 */
#include "python/inside.h"

#include "python/py.h"

bool inside_init(struct inside *inside)
{
    inside->threads = NULL;
    inside->count = 0;
    inside->room = 0;
    if (pthread_mutex_init(&inside->mutex, NULL) != 0) return false;
    if (pthread_cond_init(&inside->left, NULL) == 0) return true;
    pthread_mutex_destroy(&inside->mutex);
    return false;
}

void inside_deinit(struct inside *inside)
{
    PyMem_Free(inside->threads);
    pthread_cond_destroy(&inside->left);
    pthread_mutex_destroy(&inside->mutex);
}

static bool has_room(struct inside *inside)
{
    if (inside->count < inside->room) return true;
    size_t room = inside->room > 0 ? inside->room * 2 : 8;
    pthread_t *threads =
        PyMem_Realloc(inside->threads, room * sizeof *inside->threads);
    if (threads == NULL) return false;
    inside->threads = threads;
    inside->room = room;
    return true;
}

bool inside_enter(struct inside *inside)
{
    pthread_mutex_lock(&inside->mutex);
    bool entered = has_room(inside);
    if (entered) inside->threads[inside->count++] = pthread_self();
    pthread_mutex_unlock(&inside->mutex);
    return entered;
}

/* Where this thread entered last; count when it did not. */
static size_t find_self(const struct inside *inside)
{
    pthread_t self = pthread_self();
    for (size_t i = inside->count; i > 0; i--)
        if (pthread_equal(inside->threads[i - 1], self)) return i - 1;
    return inside->count;
}

void inside_leave(struct inside *inside)
{
    pthread_mutex_lock(&inside->mutex);
    size_t at = find_self(inside);
    if (at < inside->count) {
        inside->count--;
        inside->threads[at] = inside->threads[inside->count];
    }
    if (inside->count == 0) pthread_cond_broadcast(&inside->left);
    pthread_mutex_unlock(&inside->mutex);
}

bool inside_has_self(struct inside *inside)
{
    pthread_mutex_lock(&inside->mutex);
    bool found = find_self(inside) < inside->count;
    pthread_mutex_unlock(&inside->mutex);
    return found;
}

void inside_wait_empty(struct inside *inside)
{
    pthread_mutex_lock(&inside->mutex);
    while (inside->count > 0)
        pthread_cond_wait(&inside->left, &inside->mutex);
    pthread_mutex_unlock(&inside->mutex);
}
