/*
 * handle.c - the queue, the writer thread, and the views of readers; see
 * store.h.
 *
 * The writer takes all work that waits, up to GROUP_MAX, runs each piece in a
 * savepoint, and commits once. Who waits for its work anyway while nothing
 * else is under way does it itself: waking two threads takes longer than a
 * small commit in memory. Invariants: one thread at a time is `busy`, and only
 * that one writes; done(NDF_OK) is called only behind a commit that was
 * synced; after a failed one `stopped` is set before anybody is told, and no
 * later work reaches the database.
 */
#include "store/handle.h"

#include <assert.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { GROUP_MAX = 256 };

static int fail_memory(ndf_error *error)
{
    return err_set(error, NDF_ENOMEM, "out of memory");
}

static int fail_stopped(ndf_error *error)
{
    return err_set(error, NDF_ESTORE,
        "the store stopped after a failed write: nothing more is kept until "
        "it is opened again");
}

/* ---- the writer thread -------------------------------------------------- */

/* Does one piece of work; alone: its failure takes the transaction with it. An
 * error is of the whole group: the transaction has ended, and with it the work
 * of the others. */
static int run_job(
    struct store *store, struct job *job, bool alone, ndf_error *error)
{
    const struct store_backend *backend = store->backend;
    int err = alone ? NDF_OK : backend->mark(store->db, error);
    if (err != NDF_OK) return err;
    store->works++;
    store->tx.touched = false;
    job->err = job->work(&store->tx, job->ud, &job->error);
    if (job->err != NDF_OK && job->error.code != job->err)
        err_set(&job->error, job->err, "%s", ndf_strerror(job->err));
    if (!backend->in_transaction(store->db)) {
        if (job->err == NDF_OK)
            return err_set(error, NDF_ESTORE, "a write of the store failed");
        *error = job->error;
        return job->err;
    }
    if (alone) return NDF_OK;
    return job->err == NDF_OK ? backend->keep(store->db, error)
                              : backend->undo(store->db, error);
}

/* All that went well until now did not: for the reason of one. */
static void spread_failure(struct job *group, int err, const ndf_error *error)
{
    for (struct job *job = group; job != NULL; job = job->next) {
        if (job->err != NDF_OK) continue;
        job->err = err;
        job->error = *error;
    }
}

/* These leave it open what is on the disk, or that it will ever take more. */
static bool is_fatal(int err)
{
    return err == NDF_EIO || err == NDF_ECORRUPT || err == NDF_ESTORE ||
           err == NDF_ENEWER;
}

static void stop(struct store *store)
{
    pthread_mutex_lock(&store->queue_lock);
    store->stopped = true;
    pthread_mutex_unlock(&store->queue_lock);
}

static bool is_stopped(struct store *store)
{
    pthread_mutex_lock(&store->queue_lock);
    bool stopped = store->stopped;
    pthread_mutex_unlock(&store->queue_lock);
    return stopped;
}

static int commit(struct store *store, ndf_error *error)
{
    int64_t start = clock_mono_ns(store->clock);
    int err = store->backend->commit(store->db, error);
    int64_t end = clock_mono_ns(store->clock);
    histogram_add(&store->metrics.commit_us, (uint64_t)(end - start) / 1000);
    counter_add(&store->metrics.groups, 1);
    return err;
}

/* Runs the group inside one transaction and commits it. An error is of the
 * group: no work of it was kept. */
static int run_jobs(struct store *store, struct job *group, ndf_error *error)
{
    const struct store_backend *backend = store->backend;
    int err = backend->begin(store->db, error);
    if (err != NDF_OK) return err;
    bool any = false, alone = group->next == NULL;
    for (struct job *job = group; job != NULL; job = job->next) {
        err = run_job(store, job, alone, error);
        if (err != NDF_OK) {
            backend->rollback(store->db);
            return err;
        }
        any = any || job->err == NDF_OK;
    }
    if (any) return commit(store, error);
    backend->rollback(store->db);
    return NDF_OK;
}

static void finish_jobs(struct store *store, struct job *group)
{
    while (group != NULL) {
        struct job *job = group;
        group = job->next;
        counter_add(
            job->err == NDF_OK ? &store->metrics.jobs : &store->metrics.failed,
            1);
        if (job->err == NDF_OK) job->error.code = NDF_OK;
        if (job->done != NULL) job->done(job->ud, job->err, &job->error);
        mem_free(store->mem, job, sizeof *job);
    }
}

/* Each job of the group knows then how it ended. */
static void run_group(struct store *store, struct job *group)
{
    ndf_error error = {.code = NDF_OK};
    int err = is_stopped(store) ? fail_stopped(&error) : NDF_OK;
    if (err == NDF_OK) {
        pthread_mutex_lock(&store->db_lock);
        err = run_jobs(store, group, &error);
        pthread_mutex_unlock(&store->db_lock);
    }
    if (err == NDF_OK) return;
    if (is_fatal(err)) stop(store);
    spread_failure(group, err, &error);
}

/* Behind the answers: nobody waits for the copying. */
static void tidy(struct store *store)
{
    if (is_stopped(store) || !store->backend->untidy(store->db)) return;
    pthread_mutex_lock(&store->db_lock);
    int err = store->backend->tidy(store->db, NULL);
    pthread_mutex_unlock(&store->db_lock);
    if (is_fatal(err)) stop(store);
}

/* What waits, at most GROUP_MAX of it; NULL: nothing. */
static struct job *pop_group(struct store *store)
{
    struct job *group = store->first, *end = group;
    size_t count = group != NULL ? 1 : 0;
    while (end != NULL && end->next != NULL && count < GROUP_MAX) {
        end = end->next;
        count++;
    }
    if (end != NULL) {
        store->first = end->next;
        if (end->next == NULL) store->last = NULL;
        end->next = NULL;
    }
    store->waiting -= count;
    return group;
}

/* Becomes busy and takes what waits, which may be nothing; false when the
 * store closes and nothing is left. */
static bool take_group(struct store *store, struct job **out)
{
    pthread_mutex_lock(&store->queue_lock);
    while (store->busy ||
           (store->first == NULL && !store->untidy && !store->closing))
        pthread_cond_wait(&store->queue_filled, &store->queue_lock);
    struct job *group = pop_group(store);
    bool any = group != NULL || store->untidy;
    store->untidy = false;
    store->busy = any;
    store->worker = pthread_self();
    pthread_mutex_unlock(&store->queue_lock);
    *out = group;
    return any;
}

static void rest(struct store *store, bool untidy)
{
    pthread_mutex_lock(&store->queue_lock);
    store->busy = false;
    store->untidy = store->untidy || untidy;
    if (store->first != NULL || store->untidy || store->closing)
        pthread_cond_signal(&store->queue_filled);
    pthread_mutex_unlock(&store->queue_lock);
}

static void *write_forever(void *ud)
{
    struct store *store = ud;
    struct job *group;
    while (take_group(store, &group)) {
        if (group != NULL) run_group(store, group);
        finish_jobs(store, group);
        tidy(store);
        rest(store, false);
    }
    return NULL;
}

static void take_no_signals(sigset_t *before)
{
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, before);
}

/* ---- helping ------------------------------------------------------------- */

/* Of the thread that asks; under the lock. */
static bool helps(const struct store *store)
{
    return store->helped && pthread_equal(store->helper, pthread_self()) != 0;
}

bool store_is_helping(struct store *store)
{
    pthread_mutex_lock(&store->queue_lock);
    bool helping = helps(store);
    pthread_mutex_unlock(&store->queue_lock);
    return helping;
}

void store_help_begin(struct store *store)
{
    pthread_mutex_lock(&store->queue_lock);
    if (!store->helped) {
        store->helped = true;
        store->helper = pthread_self();
    }
    pthread_mutex_unlock(&store->queue_lock);
}

void store_help_end(struct store *store)
{
    struct job *group = NULL;
    pthread_mutex_lock(&store->queue_lock);
    bool helping = helps(store);
    if (helping && !store->busy && !store->untidy) {
        group = pop_group(store);
        store->busy = group != NULL;
        store->worker = pthread_self();
    }
    pthread_mutex_unlock(&store->queue_lock);
    if (!helping) return;
    if (group != NULL) {
        sigset_t before;
        take_no_signals(&before);
        run_group(store, group);
        rest(store, store->backend->untidy(store->db));
        pthread_sigmask(SIG_SETMASK, &before, NULL);
        finish_jobs(store, group);
    }
    /* What the answers led to, or what came while another was busy. */
    pthread_mutex_lock(&store->queue_lock);
    store->helped = false;
    if (store->first != NULL) pthread_cond_signal(&store->queue_filled);
    pthread_mutex_unlock(&store->queue_lock);
}

/* ---- submitting ---------------------------------------------------------- */

int store_submit(struct store *store, store_work_fn work, store_done_fn done,
    void *ud, ndf_error *error)
{
    if (store->read_only)
        return err_set(error, NDF_EREADONLY,
            "the store was opened for reading only: open it for writing");
    struct job *job = mem_calloc(store->mem, 1, sizeof *job);
    if (job == NULL) return fail_memory(error);
    job->work = work;
    job->done = done;
    job->ud = ud;
    int err = NDF_OK;
    pthread_mutex_lock(&store->queue_lock);
    if (store->stopped) {
        err = NDF_ESTORE;
    } else if (store->waiting >= STORE_QUEUE_MAX) {
        err = NDF_ELIMIT;
    } else {
        if (store->last != NULL) store->last->next = job;
        else store->first = job;
        store->last = job;
        store->waiting++;
        if (!helps(store)) pthread_cond_signal(&store->queue_filled);
    }
    pthread_mutex_unlock(&store->queue_lock);
    if (err == NDF_OK) return NDF_OK;
    mem_free(store->mem, job, sizeof *job);
    if (err == NDF_ESTORE) return fail_stopped(error);
    return err_set(error, err,
        "%d writes wait for the disk already: try again later",
        STORE_QUEUE_MAX);
}

struct waiter {
    pthread_mutex_t lock;
    pthread_cond_t ended;
    bool is_ended;
    store_work_fn work;
    void *ud;
    int err;
    ndf_error *error; /* may be NULL */
};

static int waiter_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct waiter *waiter = ud;
    return waiter->work(tx, waiter->ud, error);
}

static void waiter_done(void *ud, int err, const ndf_error *error)
{
    struct waiter *waiter = ud;
    pthread_mutex_lock(&waiter->lock);
    waiter->err = err;
    if (err != NDF_OK && waiter->error != NULL) *waiter->error = *error;
    waiter->is_ended = true;
    pthread_cond_signal(&waiter->ended);
    pthread_mutex_unlock(&waiter->lock);
}

/* The right to write, if nobody has it and nothing waits for it. */
static bool become_busy(struct store *store)
{
    pthread_mutex_lock(&store->queue_lock);
    /* Behind a log to be copied: else it would never be its turn. */
    bool idle = !store->busy && store->first == NULL && !store->untidy &&
                !store->stopped;
    if (idle) {
        store->busy = true;
        store->worker = pthread_self();
    }
    pthread_mutex_unlock(&store->queue_lock);
    return idle;
}

/* The work of a caller that is busy. A signal must not end a sync halfway,
 * since a failed one stops the store: it waits. */
static int write_now(
    struct store *store, store_work_fn work, void *ud, ndf_error *error)
{
    struct job job = {.work = work, .ud = ud};
    sigset_t before;
    take_no_signals(&before);
    run_group(store, &job);
    counter_add(
        job.err == NDF_OK ? &store->metrics.jobs : &store->metrics.failed, 1);
    rest(store, store->backend->untidy(store->db));
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (job.err != NDF_OK && error != NULL) *error = job.error;
    return job.err;
}

/* Whether this thread is the one that writes. */
static bool is_writing(struct store *store)
{
    pthread_mutex_lock(&store->queue_lock);
    bool writing =
        store->busy && pthread_equal(store->worker, pthread_self()) != 0;
    pthread_mutex_unlock(&store->queue_lock);
    return writing;
}

static void wake_writer(struct store *store)
{
    pthread_mutex_lock(&store->queue_lock);
    pthread_cond_signal(&store->queue_filled);
    pthread_mutex_unlock(&store->queue_lock);
}

int store_write(
    struct store *store, store_work_fn work, void *ud, ndf_error *error)
{
    if (is_writing(store))
        return err_set(error, NDF_EINVAL,
            "the store's own thread cannot wait for itself: submit instead");
    if (!store->read_only && become_busy(store))
        return write_now(store, work, ud, error);
    struct waiter waiter = {.work = work, .ud = ud, .error = error};
    pthread_mutex_init(&waiter.lock, NULL);
    pthread_cond_init(&waiter.ended, NULL);
    int err = store_submit(store, waiter_work, waiter_done, &waiter, error);
    if (err == NDF_OK) {
        /* One that helps has not woken the writer for what it submits. */
        wake_writer(store);
        pthread_mutex_lock(&waiter.lock);
        while (!waiter.is_ended)
            pthread_cond_wait(&waiter.ended, &waiter.lock);
        err = waiter.err;
        pthread_mutex_unlock(&waiter.lock);
    }
    pthread_cond_destroy(&waiter.ended);
    pthread_mutex_destroy(&waiter.lock);
    return err;
}

/* ---- opening ------------------------------------------------------------- */

/* The host's signals are the host's: the thread takes none. */
static int start_thread(struct store *store, ndf_error *error)
{
    sigset_t before;
    take_no_signals(&before);
    int failed = pthread_create(&store->thread, NULL, write_forever, store);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    store->has_thread = failed == 0;
    if (failed == 0) return NDF_OK;
    return err_set(error, NDF_ENOMEM,
        "the store could not start its thread: out of memory or threads");
}

int store_open(struct store **out, const struct mem *mem,
    const struct store_options *options, ndf_error *error)
{
    *out = NULL;
    struct store *store = mem_calloc(mem, 1, sizeof *store);
    if (store == NULL) return fail_memory(error);
    store->mem = mem;
    store->backend = &store_sqlite;
    store->clock = options->clock != NULL ? options->clock : &clock_system;
    store->read_only =
        options->path != NULL &&
        (options->mode == STORE_READ_ONLY || options->mode == STORE_STILL);
    pthread_mutex_init(&store->db_lock, NULL);
    pthread_mutex_init(&store->queue_lock, NULL);
    pthread_cond_init(&store->queue_filled, NULL);
    content_packer_init(&store->tx.packer, mem);
    content_unpacker_init(&store->unpacker);
    int err = store->backend->open(&store->db, mem, options, error);
    if (err != NDF_OK) goto fail;
    store->tx.reader.store = store;
    store->tx.reader.conn = store->backend->writer(store->db);
    atomic_store(&store->version, store->backend->version(store->db));
    if (!store->read_only) err = start_thread(store, error);
    if (err != NDF_OK) goto fail;
    *out = store;
    return NDF_OK;

fail:
    store_close(store);
    return err;
}

void store_close(struct store *store)
{
    if (store == NULL) return;
    pthread_mutex_lock(&store->queue_lock);
    store->closing = true;
    pthread_cond_signal(&store->queue_filled);
    pthread_mutex_unlock(&store->queue_lock);
    if (store->has_thread) pthread_join(store->thread, NULL);
    assert(store->first == NULL);
    if (store->db != NULL) store->backend->close(store->db, !store->stopped);
    content_packer_deinit(&store->tx.packer);
    content_unpacker_deinit(&store->unpacker);
    pthread_cond_destroy(&store->queue_filled);
    pthread_mutex_destroy(&store->queue_lock);
    pthread_mutex_destroy(&store->db_lock);
    mem_free(store->mem, store, sizeof *store);
}

/* ---- reading ------------------------------------------------------------- */

int store_read_begin(
    struct store *store, struct store_reader **out, ndf_error *error)
{
    *out = NULL;
    struct store_reader *reader = mem_alloc(store->mem, sizeof *reader);
    if (reader == NULL) return fail_memory(error);
    reader->store = store;
    int err = store->backend->reader_begin(store->db, &reader->conn, error);
    if (err == NDF_OK) *out = reader;
    else mem_free(store->mem, reader, sizeof *reader);
    return err;
}

void store_read_end(struct store_reader *reader)
{
    if (reader == NULL) return;
    struct store *store = reader->store;
    store->backend->reader_end(store->db, reader->conn);
    mem_free(store->mem, reader, sizeof *reader);
}

int64_t store_data_version(struct store *store)
{
    /* While the writer works its transaction sees no other's changes. */
    if (pthread_mutex_trylock(&store->db_lock) == 0) {
        atomic_store(&store->version, store->backend->version(store->db));
        pthread_mutex_unlock(&store->db_lock);
    }
    return atomic_load(&store->version);
}

const struct store_metrics *store_metrics(const struct store *store)
{
    return &store->metrics;
}

bool store_is_read_only(const struct store *store)
{
    return store->read_only;
}

/* ---- copying ------------------------------------------------------------- */

/* A copy of a damaged store is as damaged: who has only that should know. */
static int check_copy(struct store *store, const char *path, ndf_error *error)
{
    struct store_options options = {
        .path = path, .mode = STORE_STILL, .clock = store->clock};
    struct store_check_counts counts = {.problems = 0};
    struct store *copy;
    int err = store_open(&copy, store->mem, &options, error);
    if (err != NDF_OK) return err;
    err = store_check(copy, NULL, NULL, &counts, error);
    store_close(copy);
    if (err != NDF_OK || counts.problems == 0) return err;
    return err_set(error, NDF_ECORRUPT,
        "copied to %s, but the store is damaged: %llu problem%s: check it, and "
        "keep the backups from before",
        path, (unsigned long long)counts.problems,
        counts.problems == 1 ? "" : "s");
}

int store_backup(struct store *store, const char *path, ndf_error *error)
{
    int err = store->backend->backup(store->db, path, error);
    if (err != NDF_OK) return err;
    err = check_copy(store, path, error);
    if (err != NDF_OK && err != NDF_ECORRUPT) (void)unlink(path);
    return err;
}
