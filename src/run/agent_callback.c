/*
 * agent_callback.c - agents that are functions of the host.
 *
 * A job is made on the loop's thread, run by a worker, and posted back. It is
 * on the pool's list all its life, so whatever happens to the loop it is freed
 * once. A task that is timed out, stopped or freed leaves its job: the job goes
 * on alone and what it brings is dropped.
 *
 * Locking: the queue and the list belong to pool->mutex; a job's task belongs
 * to the loop's thread; its reply to the worker until it is posted.
 */
#include "run/agent_callback.h"

#include <pthread.h>
#include <stdatomic.h>

#include "base/json.h"
#include "base/vec.h"
#include "run/expect.h"
#include "run/result.h"

struct ndf_reply {
    struct arena arena;
    struct value output, patch, usage;
    bool typed; /* output was given as a value */
    struct str error;
    /* Monotonic time of the last sign of life; 0: it has not begun. */
    _Atomic int64_t alive_ns;
};

struct callback;

struct job {
    struct callback_pool *pool;
    struct loop_post post;    /* brings it back to the loop when it is done */
    struct job *next;         /* in the queue */
    struct job *left, *right; /* in the list of all */
    struct callback *task;    /* NULL: nobody waits for it any more */
    bool dropped; /* the same, before a worker took it; under pool->mutex */
    struct agent_call call;
    struct arena arena; /* of call */
    ndf_reply reply;
    int64_t wall_ms;
    uint64_t latency_ms;
    struct clock clock;
    int returned;
};

struct callback {
    struct agent_task task;
    const struct mem *mem;
    struct job *job;
    struct loop_timer *timer;
    struct loop_timer *silence; /* looks for a sign of life */
    struct loop *loop;
    agent_done_fn done;
    void *ud;
    uint64_t timeout_ms, silence_ms;
    enum agent_status ended_by; /* when the timer fires before the job ends */
};

struct worker {
    struct callback_pool *pool;
    pthread_t thread;
    bool returning; /* it hands a result over, and is here again soon */
};

struct callback_pool {
    const struct mem *mem;
    struct loop *loop;
    pthread_mutex_t mutex;
    pthread_cond_t wake;
    struct job *first, *last; /* the queue */
    struct job *all;
    void (*returns)(void *ud, struct loop_post *post);
    void *returns_ud;
    struct worker workers[CALLBACK_THREADS_MAX];
    size_t thread_count, idle, queued;
    bool closing;
};

/* ---- replies ------------------------------------------------------------ */

static int reply_json(
    ndf_reply *reply, const char *json, size_t size, struct value *out)
{
    struct value value;
    if (json == NULL) return NDF_EINVAL;
    int err = json_parse(&reply->arena, (struct str){json, size}, &value, NULL);
    if (err != NDF_OK) return err;
    if (value.kind != VALUE_OBJECT) return NDF_ESCHEMA;
    if (value_depth(&value) >= VALUE_DEPTH_MAX) return NDF_ELIMIT;
    *out = value;
    return NDF_OK;
}

int ndf_reply_output(ndf_reply *reply, const char *text, size_t size)
{
    if (reply == NULL || (text == NULL && size > 0)) return NDF_EINVAL;
    if (size > AGENT_OUTPUT_MAX) return NDF_ELIMIT;
    reply->typed = false;
    struct str given = {text, size};
    struct str trimmed = str_trim(given);
    if (trimmed.size > 0 && str_find_char(STR("{["), trimmed.at[0]) < 2) {
        int err = json_parse(&reply->arena, trimmed, &reply->output, NULL);
        /* A record puts one more level around it, and must be read again. */
        bool fits = value_depth(&reply->output) < VALUE_DEPTH_MAX;
        if (err == NDF_ENOMEM || (err == NDF_OK && fits)) return err;
    }
    return result_text(&reply->arena, given, &reply->output);
}

int ndf_reply_value(ndf_reply *reply, const char *json, size_t size)
{
    struct value value;
    if (reply == NULL || json == NULL) return NDF_EINVAL;
    if (size > AGENT_OUTPUT_MAX) return NDF_ELIMIT;
    int err = json_parse(&reply->arena, (struct str){json, size}, &value, NULL);
    if (err != NDF_OK) return err;
    /* As in ndf_reply_output; but a value is never made into a text. */
    if (value_depth(&value) >= VALUE_DEPTH_MAX) return NDF_ELIMIT;
    reply->output = value;
    reply->typed = true;
    return NDF_OK;
}

int ndf_reply_patch(ndf_reply *reply, const char *json, size_t size)
{
    if (reply == NULL) return NDF_EINVAL;
    return reply_json(reply, json, size, &reply->patch);
}

int ndf_reply_usage(ndf_reply *reply, const char *json, size_t size)
{
    if (reply == NULL) return NDF_EINVAL;
    if (size > AGENT_USAGE_MAX) return NDF_ELIMIT;
    return reply_json(reply, json, size, &reply->usage);
}

int ndf_reply_error(ndf_reply *reply, const char *text, size_t size)
{
    struct value value;
    if (reply == NULL || (text == NULL && size > 0)) return NDF_EINVAL;
    int err = result_text(&reply->arena, (struct str){text, size}, &value);
    if (err == NDF_OK) reply->error = value.string;
    return err;
}

int ndf_reply_alive(ndf_reply *reply)
{
    if (reply == NULL) return NDF_EINVAL;
    /* By the clock of the loop's timers, whatever the host's tells. */
    atomic_store_explicit(
        &reply->alive_ns, clock_mono_ns(&clock_system), memory_order_relaxed);
    return NDF_OK;
}

/* ---- jobs --------------------------------------------------------------- */

static void job_free(struct job *job)
{
    const struct mem *mem = job->pool->mem;
    arena_deinit(&job->arena);
    arena_deinit(&job->reply.arena);
    mem_free(mem, job, sizeof *job);
}

/* Its call ended without it. When no worker has it yet it will not be run: who
 * was told that a call is over must not find its function at work later. */
static void drop_job(struct job *job)
{
    if (job == NULL) return;
    job->task = NULL;
    pthread_mutex_lock(&job->pool->mutex);
    job->dropped = true;
    pthread_mutex_unlock(&job->pool->mutex);
}

static void job_unlist(struct job *job)
{
    struct callback_pool *pool = job->pool;
    if (job->left != NULL) job->left->right = job->right;
    if (job->right != NULL) job->right->left = job->left;
    if (pool->all == job) pool->all = job->right;
}

static int job_new(struct job **out, const struct agent_host *host,
    const struct agent_call *call)
{
    struct job *job = mem_calloc(host->mem, 1, sizeof *job);
    if (job == NULL) return NDF_ENOMEM;
    job->pool = host->pool;
    job->clock = *host->clock;
    arena_init(&job->arena, host->mem);
    arena_init(&job->reply.arena, host->mem);
    job->reply.error = STR("");
    int err = agent_call_copy(&job->arena, call, &job->call);
    if (err != NDF_OK) {
        job_free(job);
        return err;
    }
    *out = job;
    return NDF_OK;
}

static void job_result(struct job *job, struct agent_result *out)
{
    const struct agent_call *call = &job->call;
    *out = (struct agent_result){
        .status = AGENT_EXITED,
        .exit = job->returned,
        .output = job->reply.output,
        .typed = job->reply.typed,
        .patch = job->reply.patch,
        .usage = job->reply.usage,
        .error = job->reply.error,
        .log = STR(""),
        .latency_ms = job->latency_ms,
    };
    out->files =
        expect_files(&job->arena, &call->files, call->cwd, job->wall_ms);
    if (out->files != NULL) {
        out->file_count = call->files.count;
        return;
    }
    out->status = AGENT_OUTPUT_LOST;
    out->error = STR("out of memory");
}

static void stop_timers(struct callback *task)
{
    loop_timer_free(task->timer);
    loop_timer_free(task->silence);
    task->timer = NULL;
    task->silence = NULL;
}

/* On the loop's thread: the function returned. */
static void on_job_done(void *ud)
{
    struct job *job = ud;
    struct callback_pool *pool = job->pool;
    struct callback *task = job->task;
    pthread_mutex_lock(&pool->mutex);
    job_unlist(job);
    pthread_mutex_unlock(&pool->mutex);
    if (task != NULL) {
        struct agent_result result;
        stop_timers(task);
        task->job = NULL;
        job_result(job, &result);
        task->done(task->ud, &result);
    }
    job_free(job);
}

static void job_run(struct job *job)
{
    const struct agent_call *call = &job->call;
    const ndf_call given = {
        .run = call->run.at,
        .step = call->step.at,
        .key = call->key.at,
        .attempt = (int)call->attempt,
        .request = call->request.at,
        .request_size = call->request.size,
        .agent = call->agent.at,
    };
    int64_t start = clock_mono_ns(&job->clock);
    job->wall_ms = clock_wall_ms(&job->clock);
    (void)ndf_reply_alive(&job->reply);
    job->returned = call->fn(call->fn_ud, &given, &job->reply);
    int64_t took = clock_mono_ns(&job->clock) - start;
    job->latency_ms = took > 0 ? (uint64_t)took / 1000000 : 0;
}

/* Takes the next job; NULL when the pool closes. */
static struct job *next_job(struct callback_pool *pool, bool *dropped)
{
    pthread_mutex_lock(&pool->mutex);
    pool->idle++;
    while (pool->first == NULL && !pool->closing) {
        pthread_cond_wait(&pool->wake, &pool->mutex);
    }
    pool->idle--;
    struct job *job = pool->closing ? NULL : pool->first;
    *dropped = job != NULL && job->dropped;
    if (job != NULL) {
        pool->first = job->next;
        if (pool->first == NULL) pool->last = NULL;
        pool->queued--;
    }
    pthread_mutex_unlock(&pool->mutex);
    return job;
}

static void post_to_loop(void *ud, struct loop_post *post)
{
    struct callback_pool *pool = ud;
    loop_post(pool->loop, post);
}

static void *work(void *ud)
{
    struct worker *worker = ud;
    struct callback_pool *pool = worker->pool;
    struct job *job;
    bool dropped;
    while ((job = next_job(pool, &dropped)) != NULL) {
        if (!dropped) job_run(job);
        job->post = (struct loop_post){.fn = on_job_done, .ud = job};
        worker->returning = true;
        pool->returns(pool->returns_ud, &job->post);
        worker->returning = false;
    }
    return NULL;
}

/* ---- the pool ----------------------------------------------------------- */

int callback_pool_new(
    struct callback_pool **out, const struct mem *mem, struct loop *loop)
{
    *out = NULL;
    struct callback_pool *pool = mem_calloc(mem, 1, sizeof *pool);
    if (pool == NULL) return NDF_ENOMEM;
    pool->mem = mem;
    pool->loop = loop;
    pool->returns = post_to_loop;
    pool->returns_ud = pool;
    if (pthread_mutex_init(&pool->mutex, NULL) != 0) goto fail;
    if (pthread_cond_init(&pool->wake, NULL) != 0) {
        pthread_mutex_destroy(&pool->mutex);
        goto fail;
    }
    *out = pool;
    return NDF_OK;

fail:
    mem_free(mem, pool, sizeof *pool);
    return NDF_ENOMEM;
}

void callback_pool_returns(struct callback_pool *pool,
    void (*fn)(void *ud, struct loop_post *post), void *ud)
{
    pool->returns = fn;
    pool->returns_ud = ud;
}

void callback_pool_free(struct callback_pool *pool)
{
    if (pool == NULL) return;
    pthread_mutex_lock(&pool->mutex);
    pool->closing = true;
    pthread_cond_broadcast(&pool->wake);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; i < pool->thread_count; i++) {
        pthread_join(pool->workers[i].thread, NULL);
    }
    while (pool->all != NULL) {
        struct job *job = pool->all;
        pool->all = job->right;
        job_free(job);
    }
    pthread_cond_destroy(&pool->wake);
    pthread_mutex_destroy(&pool->mutex);
    mem_free(pool->mem, pool, sizeof *pool);
}

/* Whether this thread is a worker that takes the next job by itself. */
static bool takes_it_soon(const struct callback_pool *pool)
{
    for (size_t i = 0; i < pool->thread_count; i++) {
        const struct worker *worker = &pool->workers[i];
        if (pthread_equal(worker->thread, pthread_self()) != 0)
            return worker->returning && pool->queued == 0;
    }
    return false;
}

/* A thread more when all are busy. False when there is none to run it. */
static bool ensure_thread(struct callback_pool *pool)
{
    if (pool->idle > pool->queued) return true;
    if (pool->thread_count == CALLBACK_THREADS_MAX) return true;
    struct worker *worker = &pool->workers[pool->thread_count];
    worker->pool = pool;
    if (pthread_create(&worker->thread, NULL, work, worker) == 0)
        pool->thread_count++;
    return pool->thread_count > 0;
}

static bool pool_add(struct callback_pool *pool, struct job *job)
{
    pthread_mutex_lock(&pool->mutex);
    bool soon = takes_it_soon(pool);
    bool added = soon || ensure_thread(pool);
    if (added) {
        job->right = pool->all;
        if (pool->all != NULL) pool->all->left = job;
        pool->all = job;
        if (pool->last != NULL) pool->last->next = job;
        if (pool->first == NULL) pool->first = job;
        pool->last = job;
        pool->queued++;
        if (!soon) pthread_cond_signal(&pool->wake);
    }
    pthread_mutex_unlock(&pool->mutex);
    return added;
}

/* ---- the table ---------------------------------------------------------- */

static void callback_free(struct agent_task *base)
{
    struct callback *task = (struct callback *)base;
    stop_timers(task);
    drop_job(task->job);
    mem_free(task->mem, task, sizeof *task);
}

/* The time is up, or it was stopped, or there was nothing to adopt. */
static void on_ended(void *ud)
{
    struct callback *task = ud;
    struct agent_result result = {
        .status = task->ended_by, .error = STR(""), .log = STR("")};
    stop_timers(task);
    drop_job(task->job);
    if (task->ended_by == AGENT_TIMED_OUT) result.latency_ms = task->timeout_ms;
    task->job = NULL;
    task->done(task->ud, &result);
}

/* Milliseconds until a function that says nothing more has been silent for too
 * long. */
static uint64_t silence_left(const struct callback *task)
{
    int64_t last =
        atomic_load_explicit(&task->job->reply.alive_ns, memory_order_relaxed);
    int64_t silent = clock_mono_ns(&clock_system) - last;
    uint64_t silent_ms = silent > 0 ? (uint64_t)silent / 1000000 : 0;
    /* Waiting for a thread is no silence. */
    if (last == 0) return task->silence_ms;
    return silent_ms < task->silence_ms ? task->silence_ms - silent_ms : 0;
}

static void on_silence(void *ud)
{
    struct callback *task = ud;
    uint64_t left = silence_left(task);
    loop_timer_free(task->silence);
    task->silence = NULL;
    /* Without memory to look again, its time limit has to do. */
    if (left > 0) {
        (void)loop_timer_new(
            &task->silence, task->loop, left, on_silence, task);
        return;
    }
    task->ended_by = AGENT_SILENT;
    on_ended(task);
}

static struct callback *task_new(
    const struct agent_host *host, agent_done_fn done, void *ud)
{
    struct callback *task = mem_calloc(host->mem, 1, sizeof *task);
    if (task == NULL) return NULL;
    task->task.kind = &agent_callback;
    task->mem = host->mem;
    task->loop = host->loop;
    task->done = done;
    task->ud = ud;
    return task;
}

static int callback_start(struct agent_task **out,
    const struct agent_host *host, const struct agent_call *call,
    agent_done_fn done, void *ud, ndf_error *error)
{
    *out = NULL;
    if (call->fn == NULL) {
        return err_set(error, NDF_EAGENT,
            "agent '%.*s' is bound to no function in this process",
            STR_ARG(call->agent));
    }
    struct callback *task = task_new(host, done, ud);
    if (task == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
    task->ended_by = AGENT_TIMED_OUT;
    task->timeout_ms = call->timeout_ms;
    int err = job_new(&task->job, host, call);
    if (err == NDF_OK && call->timeout_ms > 0) {
        err = loop_timer_new(
            &task->timer, host->loop, call->timeout_ms, on_ended, task);
    }
    if (err == NDF_OK && call->silence_ms > 0) {
        task->silence_ms = call->silence_ms;
        err = loop_timer_new(
            &task->silence, host->loop, call->silence_ms, on_silence, task);
    }
    struct job *job = task->job;
    if (err == NDF_OK) {
        job->task = task;
        if (!pool_add(host->pool, job)) err = NDF_EAGENT;
    }
    if (err == NDF_OK) {
        *out = &task->task;
        return NDF_OK;
    }
    callback_free(&task->task);
    if (job != NULL) job_free(job);
    return err_set(error, err,
        err == NDF_ENOMEM ? "out of memory" : "no thread can be made for it");
}

static int callback_adopt(struct agent_task **out,
    const struct agent_host *host, const struct agent_call *call,
    agent_done_fn done, void *ud, ndf_error *error)
{
    *out = NULL;
    (void)call;
    struct callback *task = task_new(host, done, ud);
    int err = task == NULL ? NDF_ENOMEM : NDF_OK;
    if (err == NDF_OK) {
        task->ended_by = AGENT_LOST;
        err = loop_timer_new(&task->timer, host->loop, 0, on_ended, task);
    }
    if (err == NDF_OK) {
        *out = &task->task;
        return NDF_OK;
    }
    if (task != NULL) callback_free(&task->task);
    return err_set(error, err, "out of memory");
}

static void callback_stop(struct agent_task *base)
{
    struct callback *task = (struct callback *)base;
    if (task->job == NULL) return; /* it is about to end as lost */
    struct loop_timer *timer;
    int err = loop_timer_new(&timer, task->job->pool->loop, 0, on_ended, task);
    if (err != NDF_OK) return; /* no memory: it ends when it returns */
    loop_timer_free(task->timer);
    task->timer = timer;
    task->ended_by = AGENT_CANCELLED;
}

const struct agent_kind agent_callback = {
    .name = "callback",
    .start = callback_start,
    .adopt = callback_adopt,
    .stop = callback_stop,
    .free = callback_free,
};
