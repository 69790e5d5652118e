/*
 * handle.c - what a host does with a run that is under way: wait, cancel.
 */
#include <time.h>

#include "engine/link.h"
#include "engine/rebuild.h"
#include "store/tx.h"

const char *ndf_run_id(const ndf_run *run)
{
    return run->id;
}

int ndf_run_wait(ndf_run *run, int64_t timeout_ms, int *state, ndf_error *error)
{
    int err = engine_check(run->engine, error);
    if (err != NDF_OK) return err;
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    if (timeout_ms > 0) {
        until.tv_sec += (time_t)(timeout_ms / 1000);
        until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000;
        }
    }
    int waited = 0;
    pthread_mutex_lock(&run->mutex);
    while (!run->ended && waited == 0)
        waited = timeout_ms < 0 ? pthread_cond_wait(&run->changed, &run->mutex)
                                : pthread_cond_timedwait(
                                      &run->changed, &run->mutex, &until);
    bool ended = run->ended;
    err = run->err;
    if (ended && state != NULL) *state = run->state;
    if (ended && err != NDF_OK)
        err_set(error, err, "run %s stopped: %s", run->id, run->message);
    pthread_mutex_unlock(&run->mutex);
    if (!ended)
        return err_set(error, NDF_ETIMEOUT, "run %s is still at work", run->id);
    return err;
}

/* An ended run has no runner to ask. */
static int ask(
    ndf_run *run, void (*what)(struct runner *runner, struct ndf_run *run))
{
    int err = engine_check(run->engine, NULL);
    if (err != NDF_OK) return err;
    pthread_mutex_lock(&run->mutex);
    bool ended = run->ended;
    pthread_mutex_unlock(&run->mutex);
    if (!ended) what(run->engine->runner, run);
    return NDF_OK;
}

int ndf_run_cancel(ndf_run *run)
{
    return ask(run, runner_cancel);
}

int ndf_run_kill(ndf_run *run)
{
    return ask(run, runner_kill);
}

void ndf_run_free(ndf_run *run)
{
    run_unref(run);
}

static int cancel_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct ndf_run *run = ud;
    struct store_command command = {.run = str_of(run->id),
        .kind = STR("cancel"),
        .at_ms = clock_wall_ms(&run->engine->clock)};
    return tx_command_put(tx, &command, error);
}

static int drop_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct ndf_run *run = ud;
    return link_take(tx, str_of(run->id), error);
}

/* Of a run that ended, only its fallback can be kept from starting. */
static int drop_fallback(struct ndf_run *run, ndf_error *error)
{
    int err = run->state == NDF_RUN_FAILED
                  ? store_write(run->engine->store, drop_work, run, error)
                  : NDF_EEXISTS;
    return err == NDF_EEXISTS
               ? err_set(error, NDF_EINVAL, "run %s has ended already", run->id)
               : err;
}

static int ask_cancel(struct ndf_run *run, ndf_error *error)
{
    if (run->state != NDF_RUN_RUNNING) return drop_fallback(run, error);
    int err = store_write(run->engine->store, cancel_work, run, error);
    if (err == NDF_OK) runner_look(run->engine);
    return err;
}

int ndf_cancel(ndf_engine *engine, const char *id, ndf_error *error)
{
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (error != NULL) error->code = NDF_OK;
    struct ndf_run *run;
    err = run_new(&run, engine);
    if (err != NDF_OK) return engine_explain(err, "the run", error);
    err = rebuild_find(run, str_of(id), NULL, error);
    if (err == NDF_OK) err = ask_cancel(run, error);
    run_unref(run);
    return engine_explain(err, "the run cannot be cancelled", error);
}
