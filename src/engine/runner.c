/*
 * runner.c - the engine's thread.
 *
 * It sleeps in its loop. While runs are under way a timer looks whether another
 * process left a command for one of them; reading it is work for the store's
 * writer thread, as the loop never touches the disk.
 */
#include "engine/runner.h"

#include <signal.h>
#include <string.h>

#include "engine/commands.h"

/* ---- runs -------------------------------------------------------------------
 */

int run_new(struct ndf_run **out, ndf_engine *engine)
{
    *out = NULL;
    struct ndf_run *run = mem_calloc(&engine->mem, 1, sizeof *run);
    if (run == NULL) return NDF_ENOMEM;
    run->mem = engine->mem;
    run->engine = engine;
    atomic_init(&run->references, 1);
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_mutex_init(&run->mutex, NULL);
    pthread_cond_init(&run->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    arena_init(&run->arena, &run->mem);
    *out = run;
    return NDF_OK;
}

void run_ref(struct ndf_run *run)
{
    atomic_fetch_add_explicit(&run->references, 1, memory_order_relaxed);
}

void run_unref(struct ndf_run *run)
{
    if (run == NULL) return;
    if (atomic_fetch_sub_explicit(&run->references, 1, memory_order_acq_rel) !=
        1)
        return;
    executor_free(run->executor);
    arena_deinit(&run->arena);
    pthread_cond_destroy(&run->changed);
    pthread_mutex_destroy(&run->mutex);
    struct mem mem = run->mem;
    mem_free(&mem, run, sizeof *run);
}

void run_ended(struct ndf_run *run, int err, int state, const char *message)
{
    pthread_mutex_lock(&run->mutex);
    if (!run->ended) {
        run->ended = true;
        run->err = err;
        run->state = state;
        size_t size = strlen(message);
        if (size >= sizeof run->message) size = sizeof run->message - 1;
        memcpy(run->message, message, size);
        run->message[size] = '\0';
    }
    pthread_mutex_unlock(&run->mutex);
    /* Not before: who wakes up needs the mutex. */
    pthread_cond_broadcast(&run->changed);
}

/* ---- closing ---------------------------------------------------------- */

static void stop_when_idle(struct runner *runner)
{
    if (runner->closing && runner->runs == NULL && runner->pending == 0)
        loop_stop(runner->loop);
}

void runner_expect(struct runner *runner)
{
    runner->pending++;
}

void runner_answered(struct runner *runner)
{
    runner->pending--;
    stop_when_idle(runner);
}

/* ---- commands of other processes
 * --------------------------------------------- */

struct poll_word {
    struct str run, kind; /* of the command */
};

struct poll_job {
    struct loop_post answer;
    struct runner *runner;
    bool failed;
    struct arena arena;
    struct vec
        words; /* struct poll_word, in the order in which they were said */
    size_t count;
    char runs[][ENGINE_ID_SIZE]; /* under way when it was asked */
};

static size_t poll_job_size(size_t count)
{
    return sizeof(struct poll_job) + count * ENGINE_ID_SIZE;
}

static void poll_job_free(struct poll_job *job)
{
    vec_deinit(&job->words);
    arena_deinit(&job->arena);
    mem_free(&job->runner->engine->mem, job, poll_job_size(job->count));
}

static int note_command(void *ud, const struct store_command *command)
{
    struct poll_job *job = ud;
    size_t at = 0;
    while (at < job->count && !str_equal(command->run, str_of(job->runs[at])))
        at++;
    if (at == job->count) return NDF_OK;
    struct poll_word *word = vec_push(&job->words);
    if (word == NULL) return NDF_ENOMEM;
    word->run = str_of(job->runs[at]);
    word->kind = arena_str(&job->arena, command->kind);
    return word->kind.at != NULL ? NDF_OK : NDF_ENOMEM;
}

/* Commands stay until what they led to is on record (commands_take). */
static int poll_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    return read_commands(tx_reader(tx), STR(""), note_command, ud, error);
}

static void tell_run(struct ndf_run *run, struct str kind)
{
    const struct command_word word = command_read(kind);
    const struct exec_approval approval = {
        .step = word.step, .approved = word.approved, .reason = word.reason};
    if (word.verb == COMMAND_CANCEL)
        run_dispatch(run, &(struct exec_event){.kind = EXEC_CANCEL});
    if (word.verb == COMMAND_APPROVE)
        run_dispatch(run,
            &(struct exec_event){.kind = EXEC_APPROVE, .approval = &approval});
}

/* On the runner's thread. */
static void poll_taken(void *ud)
{
    struct poll_job *job = ud;
    struct runner *runner = job->runner;
    const struct poll_word *words = job->words.at;
    if (job->failed) atomic_store(&runner->asked, true); /* ask again */
    for (size_t i = 0; !job->failed && i < job->words.count; i++) {
        struct ndf_run *run = runner->runs;
        while (run != NULL && !str_equal(words[i].run, str_of(run->id)))
            run = run->next;
        if (run != NULL) tell_run(run, words[i].kind);
    }
    poll_job_free(job);
    runner->polling = false;
    runner_answered(runner);
}

/* On the writer's thread. */
static void poll_written(void *ud, int err, const ndf_error *error)
{
    (void)error;
    struct poll_job *job = ud;
    job->failed = err != NDF_OK;
    loop_post(job->runner->loop, &job->answer);
}

/* False when it could not be asked. */
static bool poll_commands(struct runner *runner)
{
    size_t count = 0;
    for (struct ndf_run *run = runner->runs; run != NULL; run = run->next)
        count++;
    struct poll_job *job =
        mem_calloc(&runner->engine->mem, 1, poll_job_size(count));
    if (job == NULL) return false;
    job->runner = runner;
    job->answer = (struct loop_post){.fn = poll_taken, .ud = job};
    arena_init(&job->arena, &runner->engine->mem);
    vec_init(&job->words, &runner->engine->mem, sizeof(struct poll_word));
    for (struct ndf_run *run = runner->runs; run != NULL; run = run->next)
        memcpy(job->runs[job->count++], run->id, ENGINE_ID_SIZE);
    if (store_submit(runner->engine->store, poll_work, poll_written, job,
            NULL) != NDF_OK) {
        poll_job_free(job);
        return false;
    }
    runner->polling = true;
    runner_expect(runner);
    return true;
}

static void set_poll(struct runner *runner);

static void tick(void *ud)
{
    struct runner *runner = ud;
    loop_timer_free(runner->poll);
    runner->poll = NULL;
    int64_t version = store_data_version(runner->engine->store);
    if (runner->runs != NULL && !runner->polling &&
        (version != runner->seen_version || atomic_load(&runner->asked))) {
        bool asked = poll_commands(runner);
        atomic_store(&runner->asked, !asked);
        if (asked) runner->seen_version = version;
    }
    if (runner->runs != NULL) set_poll(runner);
}

static void set_poll(struct runner *runner)
{
    if (runner->poll == NULL)
        (void)loop_timer_new(
            &runner->poll, runner->loop, RUNNER_POLL_MS, tick, runner);
}

/* ---- the thread
 * --------------------------------------------------------------- */

static void *thread_main(void *ud)
{
    struct runner *runner = ud;
    (void)loop_run(runner->loop);
    return NULL;
}

/* The host's signals are for the host's threads. */
static int start_thread(struct runner *runner)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number = pthread_create(&runner->thread, NULL, thread_main, runner);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    runner->running = number == 0;
    return number == 0 ? NDF_OK : NDF_ENOMEM;
}

/* A function returned: what comes of it is performed and committed on its
 * thread. To wake the loop's and the writer's takes longer than both. */
static void function_returned(void *ud, struct loop_post *post)
{
    struct runner *runner = ud;
    struct store *store = runner->engine->store;
    store_help_begin(store);
    loop_do(runner->loop, post);
    store_help_end(store);
}

static int runner_new(struct runner **out, ndf_engine *engine, ndf_error *error)
{
    struct runner *runner = mem_calloc(&engine->mem, 1, sizeof *runner);
    if (runner == NULL) return NDF_ENOMEM;
    runner->engine = engine;
    runner->seen_version = -1; /* commands may wait already */
    int err = loop_new(&runner->loop, &engine->mem);
    if (err == NDF_OK)
        err = callback_pool_new(&runner->pool, &engine->mem, runner->loop);
    if (err == NDF_OK) {
        callback_pool_returns(runner->pool, function_returned, runner);
        runner->host = (struct agent_host){.mem = &engine->mem,
            .loop = runner->loop,
            .clock = &engine->clock,
            .init_path = engine->init_path,
            .pool = runner->pool};
        err = start_thread(runner);
    }
    if (err != NDF_OK) {
        runner_free(runner);
        return err_set(error, err, "the engine's thread cannot be started: %s",
            err == NDF_EIO ? "too many files are open (see ulimit -n)"
                           : ndf_strerror(err));
    }
    *out = runner;
    return NDF_OK;
}

int runner_get(ndf_engine *engine, struct runner **out, ndf_error *error)
{
    int err = NDF_OK;
    pthread_mutex_lock(&engine->loading);
    if (engine->runner == NULL)
        err = runner_new(&engine->runner, engine, error);
    *out = engine->runner;
    pthread_mutex_unlock(&engine->loading);
    return err;
}

void runner_look(ndf_engine *engine)
{
    pthread_mutex_lock(&engine->loading);
    if (engine->runner != NULL) atomic_store(&engine->runner->asked, true);
    pthread_mutex_unlock(&engine->loading);
}

static void begin_closing(void *ud)
{
    struct runner *runner = ud;
    runner->closing = true;
    struct ndf_run *next;
    for (struct ndf_run *run = runner->runs; run != NULL; run = next) {
        next = run->next;
        run_dispatch(run, &(struct exec_event){.kind = EXEC_CANCEL});
    }
    stop_when_idle(runner);
}

void runner_free(struct runner *runner)
{
    if (runner == NULL) return;
    if (runner->running) {
        runner->close = (struct loop_post){.fn = begin_closing, .ud = runner};
        loop_post(runner->loop, &runner->close);
        pthread_join(runner->thread, NULL);
    }
    callback_pool_free(runner->pool);
    loop_timer_free(runner->poll);
    loop_free(runner->loop);
    mem_free(&runner->engine->mem, runner, sizeof *runner);
}

void runner_drop(struct runner *runner, struct ndf_run *run)
{
    if (run->listed) {
        if (run->previous != NULL) run->previous->next = run->next;
        else runner->runs = run->next;
        if (run->next != NULL) run->next->previous = run->previous;
        run->next = NULL;
        run->previous = NULL;
        run->listed = false;
        run_unref(run);
    }
    stop_when_idle(runner);
}

static void begin_run(void *ud)
{
    struct ndf_run *run = ud;
    struct runner *runner = run->engine->runner;
    run->listed = true;
    run->next = runner->runs;
    if (run->next != NULL) run->next->previous = run;
    runner->runs = run;
    set_poll(runner);
    if (run->words_first) atomic_store(&runner->asked, true);
    run_ref(run);
    run_dispatch(run, &(struct exec_event){.kind = EXEC_BEGIN});
    if (runner->closing || run->cancel_first)
        run_dispatch(run, &(struct exec_event){.kind = EXEC_CANCEL});
    run_unref(run);
}

void runner_take(struct runner *runner, struct ndf_run *run)
{
    run->begin = (struct loop_post){.fn = begin_run, .ud = run};
    loop_post(runner->loop, &run->begin);
}

static void cancel_run(void *ud)
{
    struct ndf_run *run = ud;
    atomic_store(&run->cancelling, false);
    run_dispatch(run, &(struct exec_event){.kind = EXEC_CANCEL});
    run_unref(run);
}

void runner_cancel(struct runner *runner, struct ndf_run *run)
{
    if (atomic_exchange(&run->cancelling, true)) return;
    run_ref(run);
    run->cancel = (struct loop_post){.fn = cancel_run, .ud = run};
    loop_post(runner->loop, &run->cancel);
}

static void kill_run(void *ud)
{
    struct ndf_run *run = ud;
    run_kill(run);
    run_unref(run);
}

void runner_kill(struct runner *runner, struct ndf_run *run)
{
    if (atomic_exchange(&run->killing, true)) return;
    run_ref(run);
    run->kill = (struct loop_post){.fn = kill_run, .ud = run};
    loop_post(runner->loop, &run->kill);
}
