/*
 * handle.h - the insides of the store's handles, for its own files.
 */
#ifndef NDF_STORE_HANDLE_H
#define NDF_STORE_HANDLE_H

#include <pthread.h>

#include "store/backend.h"
#include "store/content.h"
#include "store/store.h"

struct job {
    struct job *next;
    store_work_fn work;
    store_done_fn done;
    void *ud;
    int err;
    ndf_error error;
};

struct store_reader {
    struct store *store;
    void *conn;
};

/* One for the store's life, used by the thread that is busy. */
struct store_tx {
    struct store_reader reader; /* over the writer's connection */
    struct content_packer packer;
    bool touched; /* this piece of work has noted that the registry changes */
};

struct store {
    const struct mem *mem;
    const struct store_backend *backend;
    void *db;
    const struct clock *clock;
    bool read_only;
    struct store_metrics metrics;
    struct content_unpacker unpacker;
    struct store_tx tx;
    uint64_t works; /* pieces of work begun; of who is busy */

    pthread_t thread;
    bool has_thread;
    pthread_mutex_t db_lock; /* who uses the writer's connection */
    _Atomic int64_t version; /* as last seen */

    pthread_mutex_t queue_lock; /* of all below */
    pthread_cond_t queue_filled;
    struct job *first, *last;
    size_t waiting;
    pthread_t worker; /* the writer thread, or one in store_write */
    pthread_t helper; /* see store_help_begin */
    bool busy;        /* `worker` is writing */
    bool helped;      /* by `helper` */
    bool untidy;      /* left to the writer thread to tidy */
    bool closing;
    bool stopped; /* a write failed so that nothing may follow */
};

#endif
