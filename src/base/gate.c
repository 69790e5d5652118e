/*
 * gate.c - see gate.h.
 *
 * A reader counts itself and then looks whether the gate is closed; a writer
 * closes it and then looks at the counts. All four are sequentially consistent,
 * so at least one of the two sees the other.
 */
#include "base/gate.h"

#include <time.h>

enum {
    MOMENT_NS = 50000,
    READ_MOMENTS = 20, /* for which a reader gives way to writers that wait */
};

void gate_init(struct gate *gate)
{
    for (size_t i = 0; i < STRIPES; i++)
        atomic_init(&gate->readers[i].count, 0);
    atomic_init(&gate->closed, false);
    atomic_init(&gate->wanted, 0);
    pthread_mutex_init(&gate->lock, NULL);
}

void gate_deinit(struct gate *gate)
{
    pthread_mutex_destroy(&gate->lock);
}

static void wait_a_moment(void)
{
    const struct timespec moment = {.tv_nsec = MOMENT_NS};
    (void)nanosleep(&moment, NULL);
}

/* ---- reading ------------------------------------------------------------- */

bool gate_try_enter(struct gate *gate, unsigned *cell)
{
    *cell = stripe_here();
    atomic_fetch_add(&gate->readers[*cell].count, 1);
    if (!atomic_load(&gate->closed)) return true;
    atomic_fetch_sub(&gate->readers[*cell].count, 1);
    return false;
}

unsigned gate_enter(struct gate *gate)
{
    unsigned cell;
    /* A writer that waits would starve else. Not for longer: this thread may
     * be in already, further out. */
    for (int i = 0; i < READ_MOMENTS && atomic_load(&gate->wanted) > 0; i++)
        wait_a_moment();
    while (!gate_try_enter(gate, &cell)) {
        pthread_mutex_lock(&gate->lock);
        pthread_mutex_unlock(&gate->lock);
    }
    return cell;
}

void gate_leave(struct gate *gate, unsigned cell)
{
    atomic_fetch_sub(&gate->readers[cell].count, 1);
}

/* ---- writing ------------------------------------------------------------- */

static bool is_empty(const struct gate *gate)
{
    for (size_t i = 0; i < STRIPES; i++)
        if (atomic_load(&gate->readers[i].count) > 0) return false;
    return true;
}

/* It is closed for good only when nobody is in. Readers that come while it is
 * looked wait for the lock, which is given back at once. */
static bool try_close(struct gate *gate)
{
    if (!is_empty(gate) || pthread_mutex_trylock(&gate->lock) != 0)
        return false;
    atomic_store(&gate->closed, true);
    if (is_empty(gate)) return true;
    gate_open(gate);
    return false;
}

static int64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

bool gate_close(struct gate *gate, int64_t wait_ms)
{
    if (try_close(gate)) return true;
    int64_t until = now_ns() + wait_ms * 1000000;
    bool closed = false;
    atomic_fetch_add(&gate->wanted, 1);
    while (!closed && now_ns() < until) {
        wait_a_moment();
        closed = try_close(gate);
    }
    atomic_fetch_sub(&gate->wanted, 1);
    return closed;
}

void gate_open(struct gate *gate)
{
    atomic_store(&gate->closed, false);
    pthread_mutex_unlock(&gate->lock);
}
