/*
 * snapshot.h - a pointer to something immutable: readers take what is there
 * now and keep it for as long as they like; a writer puts another in its
 * place; each is freed when nobody can see it any more.
 *
 * Readers never lock, wait or allocate, whatever writers and others do. What is
 * published has a node with a cell for each processor (stripe.h). A reader
 * counts itself in a cell of the node that it saw and looks whether that node
 * is still the one: if so, it is in; if not, it takes itself out again and
 * tries the one that is there now, so it tries again only when a writer
 * published in these few instructions. Who leaves takes itself out of the same
 * cell. So no cell is ever below the number of readers in it, and a node that
 * is not the current one and has no reader in any cell stays so.
 *
 * Why not epochs: a reader that stays for long would keep all that came after
 * it. Why not hazard slots: there would have to be one for each reader that
 * stays, and finding a free one, or chaining another, takes long or fails. A
 * cell counts any number of them, in as many threads as there are, which need
 * not be told of beforehand nor say when they end; another thread may leave for
 * the one that entered.
 *
 * The memory of a node is kept until the end and used for what is published
 * later, since a reader that was late may count itself in one that is not used
 * any more (and take itself out again). So there are never more nodes than
 * there were things alive at once.
 *
 * The order that this needs is of one kind: who writes a cell and then reads
 * what is current, against who writes what is current and then reads the cells.
 * At least one of the two must see the other's, so all four are sequentially
 * consistent.
 *
 * Freeing is done by who publishes, or by the reader that was the last to leave
 * something old; late at times, since a thread that frees may be slow, but
 * never early. A child of fork must call nothing here.
 */
#ifndef NDF_BASE_SNAPSHOT_H
#define NDF_BASE_SNAPSHOT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/mem.h"
#include "base/stripe.h"

/* Frees one that was published; on any thread that publishes or leaves, and
 * under no lock. It must not use the same snapshot. */
typedef void (*snapshot_free_fn)(void *ud, void *what);

struct snapshot_node;

struct snapshot {
    /* What readers look at changes with a publication only. */
    struct snapshot_node *_Atomic now; /* NULL: nothing is published */
    const struct mem *mem;
    snapshot_free_fn free_fn;
    void *ud;
    unsigned char apart[STRIPE_BYTES];
    _Atomic bool wanted;  /* somebody should look for what can be freed */
    pthread_mutex_t lock; /* of the list and of publishing */
    struct snapshot_node *nodes; /* all that were ever made */
};

/* A reader that is in; nothing of it may be changed by hand. */
struct snapshot_guard {
    struct snapshot_node *node; /* NULL: not in */
    unsigned cell;
};

/* Nothing is published yet. Borrows mem; allocates nothing. */
void snapshot_init(struct snapshot *snapshot, const struct mem *mem,
    snapshot_free_fn free_fn, void *ud);
/* No reader may be in. Frees what is published, too. */
void snapshot_deinit(struct snapshot *snapshot);

/* What is published now, valid until the guard is left, or NULL: then there is
 * nothing to leave, and leaving it does nothing. */
void *snapshot_enter(struct snapshot *snapshot, struct snapshot_guard *guard);
/* Once for each entry; on any thread. */
void snapshot_leave(struct snapshot *snapshot, struct snapshot_guard *guard);

/* Takes `what` (NULL: nothing is published from now on) and frees the one
 * before as soon as nobody sees it. Writers wait for each other. NDF_ENOMEM:
 * `what` is the caller's still. */
int snapshot_publish(struct snapshot *snapshot, void *what);

#endif
