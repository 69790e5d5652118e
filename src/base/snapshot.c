/*
 * snapshot.c - see snapshot.h.
 *
 * A node is current, retired (it has something that is not published any more)
 * or free (it has nothing). Invariant: only the node that is `now` can be
 * entered, and a node becomes free only after all its cells were seen empty
 * while it was retired.
 */
#include "base/snapshot.h"

#include "base/err.h"

struct snapshot_node {
    struct snapshot_node *next; /* of all */
    void *what;                 /* NULL: free; changed under the lock */
    struct stripe readers[STRIPES];
};

void snapshot_init(struct snapshot *snapshot, const struct mem *mem,
    snapshot_free_fn free_fn, void *ud)
{
    *snapshot = (struct snapshot){.mem = mem, .free_fn = free_fn, .ud = ud};
    atomic_init(&snapshot->now, NULL);
    atomic_init(&snapshot->wanted, false);
    pthread_mutex_init(&snapshot->lock, NULL);
}

void snapshot_deinit(struct snapshot *snapshot)
{
    struct snapshot_node *node = snapshot->nodes;
    while (node != NULL) {
        struct snapshot_node *next = node->next;
        if (node->what != NULL) snapshot->free_fn(snapshot->ud, node->what);
        mem_free(snapshot->mem, node, sizeof *node);
        node = next;
    }
    snapshot->nodes = NULL;
    pthread_mutex_destroy(&snapshot->lock);
}

/* ---- freeing ------------------------------------------------------------- */

static bool is_empty(const struct snapshot_node *node)
{
    for (size_t i = 0; i < STRIPES; i++)
        if (atomic_load(&node->readers[i].count) != 0) return false;
    return true;
}

/* Takes what a retired node without readers has; NULL: there is none. The lock
 * is held. */
static void *take_unseen(struct snapshot *snapshot)
{
    struct snapshot_node *now = atomic_load(&snapshot->now);
    for (struct snapshot_node *node = snapshot->nodes; node != NULL;
         node = node->next) {
        if (node == now || node->what == NULL || !is_empty(node)) continue;
        void *what = node->what;
        node->what = NULL;
        return what;
    }
    return NULL;
}

/* Who finds the lock held leaves the work to its holder, who looks at `wanted`
 * after giving it back: both exchange it, so one of them sees the other. */
static void sweep(struct snapshot *snapshot)
{
    bool again = true;
    while (again) {
        (void)atomic_exchange(&snapshot->wanted, true);
        if (pthread_mutex_trylock(&snapshot->lock) != 0) return;
        (void)atomic_exchange(&snapshot->wanted, false);
        void *old = take_unseen(snapshot);
        pthread_mutex_unlock(&snapshot->lock);
        if (old != NULL) snapshot->free_fn(snapshot->ud, old);
        else again = atomic_exchange(&snapshot->wanted, false);
    }
}

/* ---- reading ------------------------------------------------------------- */

void *snapshot_enter(struct snapshot *snapshot, struct snapshot_guard *guard)
{
    struct snapshot_node *node = atomic_load(&snapshot->now);
    guard->cell = stripe_here();
    while (node != NULL) {
        _Atomic uint64_t *cell = &node->readers[guard->cell].count;
        atomic_fetch_add(cell, 1);
        struct snapshot_node *now = atomic_load(&snapshot->now);
        if (now == node) break;
        atomic_fetch_sub(cell, 1);
        /* Who looked meanwhile may have seen this reader, and freed nothing. */
        sweep(snapshot);
        node = now;
    }
    guard->node = node;
    return node != NULL ? node->what : NULL;
}

void snapshot_leave(struct snapshot *snapshot, struct snapshot_guard *guard)
{
    struct snapshot_node *node = guard->node;
    if (node == NULL) return;
    guard->node = NULL;
    atomic_fetch_sub(&node->readers[guard->cell].count, 1);
    if (atomic_load(&snapshot->now) != node) sweep(snapshot);
}

/* ---- writing ------------------------------------------------------------- */

/* The lock is held. */
static struct snapshot_node *free_node(struct snapshot *snapshot)
{
    struct snapshot_node *node = snapshot->nodes;
    while (node != NULL && node->what != NULL)
        node = node->next;
    if (node != NULL) return node;
    node = mem_calloc(snapshot->mem, 1, sizeof *node);
    if (node == NULL) return NULL;
    node->next = snapshot->nodes;
    snapshot->nodes = node;
    return node;
}

int snapshot_publish(struct snapshot *snapshot, void *what)
{
    int err = NDF_OK;
    pthread_mutex_lock(&snapshot->lock);
    struct snapshot_node *node = NULL;
    if (what != NULL) {
        node = free_node(snapshot);
        if (node == NULL) err = NDF_ENOMEM;
        else node->what = what;
    }
    if (err == NDF_OK) atomic_store(&snapshot->now, node);
    pthread_mutex_unlock(&snapshot->lock);
    sweep(snapshot);
    return err;
}
