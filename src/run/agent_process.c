/*
 * agent_process.c - agents that are programs: starting the watcher, waiting
 * for it, taking over from an owner that died.
 *
 * The watcher (init_main.c) does the work and writes the result; what is here
 * only starts it, or finds it again by the lock of its call. Own calls wait on
 * a pidfd, adopted ones look at the lock now and then.
 *
 * Invariant: a call is started only under its lock and only when S.started is
 * not there; so it runs at most once, whoever tries.
 */
#define _GNU_SOURCE /* NOLINT(bugprone-*,readability-*): not our name */
#include "run/agent_process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/os.h"
#include "run/agent_env.h"
#include "run/call_files.h"
#include "run/exit_file.h"
#include "run/init_settings.h"

enum {
    PROCESS_LOCK_FD = 3,       /* where the watcher finds the lock */
    PROCESS_POLL_MS = 25,      /* how often an adopted call is looked at */
    PROCESS_ORPHAN_POLLS = 40, /* lock held without a watcher: about 1 s */
    PROCESS_TRIES = 400,       /* to look at files that cannot be read: 10 s */
    /* After the grace time of a stop: the watcher sweeps, then tells. */
    PROCESS_KILL_MS = INIT_SWEEP_MS + 5000,
    PROCESS_INIT_ARGS = 4,
    PROCESS_LATE_MS = 100, /* after its limit a watcher has noticed */
    PROCESS_OVERDUE_MAX = 1000000000, /* longer limits are the watcher's */
};

struct process {
    struct agent_task task;
    const struct mem *mem;
    struct loop *loop;
    struct arena arena;
    struct agent_call call;
    agent_done_fn done;
    void *ud;
    int lock;           /* of S.lock, when it is waited for; else -1 */
    int pidfd;          /* own: of the watcher; else -1 */
    pid_t pid;          /* own: of the watcher; else 0 */
    int watcher_status; /* as waitpid gives it, once it ended */
    struct loop_watch *watch;
    struct loop_timer *timer;
    bool reaped; /* own: the watcher's number is not ours any more */
    bool stopped;
    int failures; /* times that its files could not be looked at */
    int orphan_polls;
    uint64_t polls;      /* without a pidfd */
    uint64_t stop_polls; /* of these, since a stop */
};

static uint64_t grace_of(const struct agent_call *call)
{
    return call->grace_ms > 0 ? call->grace_ms : AGENT_GRACE_MS;
}

static void process_free(struct agent_task *task)
{
    struct process *p = (struct process *)task;
    loop_watch_free(p->watch);
    loop_timer_free(p->timer);
    if (p->pidfd >= 0) close(p->pidfd);
    if (p->lock >= 0) close(p->lock);
    arena_deinit(&p->arena);
    mem_free(p->mem, p, sizeof *p);
}

static int process_new(struct process **out, const struct agent_host *host,
    const struct agent_call *call, agent_done_fn done, void *ud)
{
    *out = NULL;
    struct process *p = mem_calloc(host->mem, 1, sizeof *p);
    if (p == NULL) return NDF_ENOMEM;
    p->task.kind = &agent_process;
    p->mem = host->mem;
    p->loop = host->loop;
    p->done = done;
    p->ud = ud;
    p->lock = -1;
    p->pidfd = -1;
    arena_init(&p->arena, host->mem);
    int err = agent_call_copy(&p->arena, call, &p->call);
    if (err == NDF_OK) {
        p->call.dir = arena_str(&p->arena, call->dir);
        if (p->call.dir.at == NULL) err = NDF_ENOMEM;
    }
    if (err != NDF_OK) {
        process_free(&p->task);
        return err;
    }
    *out = p;
    return NDF_OK;
}

/* ---- what the agent is given ------------------------------------------------
 */

/* Strings for exec; an error sticks. */
struct strings {
    struct arena *arena;
    char **at;
    size_t count, capacity;
    int err;
};

static void strings_add(struct strings *list, struct str text)
{
    if (list->count + 1 >= list->capacity || text.at == NULL) {
        list->err = NDF_ENOMEM;
        return;
    }
    char *copy = arena_dup(list->arena, text.at, text.size + 1);
    if (copy == NULL) list->err = NDF_ENOMEM;
    list->at[list->count++] = copy;
}

static int strings_init(
    struct strings *list, struct arena *arena, size_t capacity)
{
    *list = (struct strings){.arena = arena, .capacity = capacity + 1};
    list->at = arena_calloc(arena, capacity + 1, sizeof *list->at);
    list->err = list->at == NULL ? NDF_ENOMEM : NDF_OK;
    return list->err;
}

/* What ndf-init is told of the call. */
static struct str settings_of(struct process *p)
{
    const struct agent_call *call = &p->call;
    const struct sandbox *sandbox = &call->sandbox;
    char text[INIT_SETTINGS_SIZE];
    struct init_settings settings = {
        .timeout_ms = call->timeout_ms,
        .silence_ms = call->silence_ms,
        .grace_ms = grace_of(call),
        .output_max =
            call->output_max > 0 ? call->output_max : AGENT_OUTPUT_DEFAULT,
        .namespace = (unsigned)sandbox->namespace,
        .privileges = sandbox->privileges,
        .memory = sandbox->memory,
        .cpu_ms = sandbox->cpu_ms,
        .files = sandbox->files,
        .processes = sandbox->processes,
        .file_size = sandbox->file_size,
    };
    if (settings.output_max > AGENT_OUTPUT_MAX) {
        settings.output_max = AGENT_OUTPUT_MAX;
    }
    size_t size = init_settings_format(&settings, text);
    return arena_str(&p->arena, (struct str){text, size});
}

static int make_argv(struct process *p, struct strings *argv)
{
    const struct agent_call *call = &p->call;
    struct arena *arena = &p->arena;
    if (strings_init(argv, arena, call->argv.count + PROCESS_INIT_ARGS + 1)) {
        return NDF_ENOMEM;
    }
    strings_add(argv, STR("ndf-init"));
    strings_add(argv, call_path(arena, call, ""));
    strings_add(argv, call->cwd);
    strings_add(argv, settings_of(p));
    for (size_t i = 0; i < call->argv.count; i++) {
        strings_add(argv, call->argv.items[i]);
    }
    return argv->err;
}

/* ---- starting ----------------------------------------------------------- */

/* A new descriptor of path that the watcher's own 0 to 3 cannot overwrite,
 * whatever the host has closed; -1 with errno. */
static int open_lock(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || fd > PROCESS_LOCK_FD) return fd;
    int above = fcntl(fd, F_DUPFD_CLOEXEC, PROCESS_LOCK_FD + 1);
    int number = errno;
    close(fd);
    errno = number;
    return above;
}

/* A descriptor with the call's lock. */
static int take_lock(struct process *p, int *out, ndf_error *error)
{
    char text[128];
    struct str path = call_path(&p->arena, &p->call, ".lock");
    if (path.at == NULL) return NDF_ENOMEM;
    int fd = open_lock(path.at);
    if (fd < 0) {
        int number = errno;
        return err_set(error, err_from_errno(number), "'%s' cannot be made: %s",
            path.at, err_errno_text(number, text, sizeof text));
    }
    *out = fd;
    bool started = true;
    int err = os_lock(fd);
    if (err == NDF_OK) err = call_started(p->mem, &p->call, &started);
    if (!started) return NDF_OK;
    close(fd);
    if (err == NDF_ENOMEM) return err;
    if (err != NDF_OK && err != NDF_EBUSY) {
        return err_set(error, err,
            "'%s' cannot be locked: does its file system have locks?", path.at);
    }
    return err_set(error, NDF_EBUSY,
        "step '%.*s' was started before, so it is not started again",
        STR_ARG(p->call.step));
}

static int write_request(struct process *p, ndf_error *error)
{
    char text[128];
    struct str path = call_path(&p->arena, &p->call, ".req");
    if (path.at == NULL) return NDF_ENOMEM;
    int fd = open(path.at, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int failed = fd < 0 ? -1 : os_write_all(fd, p->call.request);
    int number = errno;
    if (fd >= 0) close(fd);
    if (failed == 0) return NDF_OK;
    return err_set(error, err_from_errno(number),
        "the request for agent '%.*s' cannot be written to '%s': %s",
        STR_ARG(p->call.agent), path.at,
        err_errno_text(number, text, sizeof text));
}

static int explain_spawn(const struct process *p, const char *init_path,
    int number, ndf_error *error)
{
    char text[128];
    if (number == E2BIG) {
        return err_set(error, NDF_ELIMIT,
            "agent '%.*s': its arguments and environment are too large "
            "together: let it read large things from the request on its stdin",
            STR_ARG(p->call.agent));
    }
    return err_set(error, NDF_EAGENT,
        "agent '%.*s' cannot be started: its watcher '%s' cannot be run: %s; "
        "build or install ndf-init, or set the path to it",
        STR_ARG(p->call.agent), init_path,
        err_errno_text(number, text, sizeof text));
}

/* The watcher with the lock on its descriptor 3; an errno. */
static int spawn(struct process *p, const char *init_path, int lock,
    char *const *argv, char *const *envp)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attr;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int err = posix_spawn_file_actions_init(&actions);
    if (err != 0) return err;
    err = posix_spawnattr_init(&attr);
    if (err != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return err;
    }
    for (int fd = 0; fd < PROCESS_LOCK_FD && err == 0; fd++) {
        err = posix_spawn_file_actions_addopen(
            &actions, fd, "/dev/null", O_RDWR, 0);
    }
    if (err == 0) {
        err = posix_spawn_file_actions_adddup2(&actions, lock, PROCESS_LOCK_FD);
    }
    /* Nothing of the host's signals reaches the agent (SIGPIPE ignored, a
     * blocked TERM). */
    if (err == 0) err = posix_spawnattr_setsigmask(&attr, &none);
    if (err == 0) err = posix_spawnattr_setsigdefault(&attr, &all);
    if (err == 0) {
        err = posix_spawnattr_setflags(
            &attr, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    }
    if (err == 0) {
        err = posix_spawn(&p->pid, init_path, &actions, &attr, argv, envp);
    }
    posix_spawnattr_destroy(&attr);
    posix_spawn_file_actions_destroy(&actions);
    return err;
}

/* ---- ending ------------------------------------------------------------- */

static void stop_waiting(struct process *p)
{
    loop_watch_free(p->watch);
    p->watch = NULL;
    loop_timer_free(p->timer);
    p->timer = NULL;
}

/* A watcher that was killed may have left some of the agent behind. Whatever it
 * is has the file of the lock open, even if it gave up the lock. */
static void kill_left(struct process *p)
{
    struct str path = call_path(&p->arena, &p->call, ".lock");
    int fd = path.at == NULL ? -1 : open(path.at, O_RDWR | O_CLOEXEC);
    if (fd < 0) return;
    call_holders_kill(fd);
    close(fd);
}

/* Whether the watcher can have written the result: an agent that killed it may
 * have written one of its own. */
static bool watcher_ended_well(const struct process *p)
{
    return !p->reaped || (WIFEXITED(p->watcher_status) &&
                             WEXITSTATUS(p->watcher_status) == 0);
}

/* What is known of a call that left no result. */
static enum agent_status status_of_nothing(const struct process *p)
{
    char boot[OS_BOOT_ID_SIZE];
    bool started;
    (void)call_started(p->mem, &p->call, &started);
    if (started) return AGENT_LOST;
    /* A missing file proves nothing (the agent may have removed it); the word
     * of the watcher does. */
    if (p->pid > 0) {
        bool not_started = WIFEXITED(p->watcher_status) &&
                           WEXITSTATUS(p->watcher_status) == INIT_NOT_STARTED;
        return not_started ? AGENT_START_FAILED : AGENT_LOST;
    }
    os_boot_id(boot);
    /* After a crash of the machine a file that is not there may have been. */
    bool same_boot = boot[0] != '\0' && str_equal(p->call.boot, str_of(boot));
    return same_boot ? AGENT_NEVER_STARTED : AGENT_LOST;
}

/* What is told of a call whose result is not there (NDF_ENOTFOUND) or cannot
 * be read. */
static struct agent_result result_without(struct process *p, int err)
{
    struct agent_result result = {.error = STR(""), .log = STR("")};
    result.status = AGENT_LOST;
    if (err == NDF_ENOMEM) {
        result.error = STR("out of memory while reading its result");
        return result;
    }
    kill_left(p);
    if (err == NDF_ENOTFOUND) {
        result.status = status_of_nothing(p);
    } else {
        result.error = STR("its result cannot be read");
    }
    return result;
}

/* Whether what failed with err is tried again later, by on_timer. */
static bool try_later(struct process *p, int err, void (*on_timer)(void *ud))
{
    if (err == NDF_OK || err == NDF_ENOTFOUND || err == NDF_ENOMEM)
        return false;
    if (p->failures++ >= PROCESS_TRIES) return false;
    return loop_timer_new(&p->timer, p->loop, PROCESS_POLL_MS, on_timer, p) ==
           NDF_OK;
}

/* Gives the result, now or when its files can be read; p may be gone
 * afterwards. */
static void tell(void *ud)
{
    struct process *p = ud;
    struct agent_result result;
    stop_waiting(p);
    if (p->pid > 0 && !p->reaped)
        p->reaped = waitpid(p->pid, &p->watcher_status, WNOHANG) == p->pid;
    int err = NDF_ENOTFOUND;
    if (watcher_ended_well(p)) {
        err = call_result_read(&p->arena, &p->call, &result);
    }
    if (try_later(p, err, tell)) return;
    if (err != NDF_OK) result = result_without(p, err);
    if (result.status == AGENT_START_FAILED && result.error.size == 0) {
        result.error = STR("its watcher ended before it was started");
    }
    p->done(p->ud, &result);
}

/* ---- waiting for a call by its lock -----------------------------------------
 */

static void on_poll(void *ud);

/* Tells the watcher of an adopted call what its owner wants; kills what is
 * left when there is no watcher any more. */
static void tend(struct process *p)
{
    uint64_t patience = grace_of(&p->call) + PROCESS_KILL_MS;
    int number = 0;
    /* A watcher that an agent stopped keeps no time. */
    p->polls++;
    if (p->call.timeout_ms > 0 &&
        p->polls > (p->call.timeout_ms + patience) / PROCESS_POLL_MS) {
        p->stopped = true;
    }
    if (p->stopped && p->stop_polls == 0) number = SIGTERM;
    if (p->stop_polls > patience / PROCESS_POLL_MS) number = SIGKILL;
    enum call_watcher watcher = call_watcher_signal(p->mem, &p->call, number);
    if (watcher == WATCHER_UNKNOWN) return;
    if (watcher == WATCHER_LIVES) {
        p->orphan_polls = 0;
        if (p->stopped) p->stop_polls++;
        return;
    }
    p->orphan_polls++;
    if (p->orphan_polls >= PROCESS_ORPHAN_POLLS && p->lock >= 0) {
        call_holders_kill(p->lock);
    }
}

/* Takes the lock of a call that ended, or NDF_ENOTFOUND: it never had one.
 * NDF_EBUSY while it runs; another error when it cannot be told. */
static int look(struct process *p)
{
    if (p->lock < 0) {
        struct str path = call_path(&p->arena, &p->call, ".lock");
        if (path.at == NULL) return NDF_ENOMEM;
        p->lock = open(path.at, O_RDWR | O_CLOEXEC);
        if (p->lock < 0) return err_from_errno(errno);
    }
    return os_lock(p->lock);
}

static void on_poll(void *ud)
{
    struct process *p = ud;
    loop_timer_free(p->timer);
    p->timer = NULL;
    int err = look(p);
    /* The file of the lock may have been removed. */
    if ((err == NDF_OK || err == NDF_ENOTFOUND) &&
        call_watcher_signal(p->mem, &p->call, 0) == WATCHER_LIVES) {
        if (p->lock >= 0) close(p->lock);
        p->lock = -1;
        err = NDF_EBUSY;
    }
    if (err == NDF_EBUSY) {
        tend(p);
        p->failures = 0;
    }
    if (try_later(p, err, on_poll)) return;
    /* A call that never started may be started while it is told of. */
    if (p->lock >= 0) close(p->lock);
    p->lock = -1;
    if (err == NDF_OK || err == NDF_ENOTFOUND) {
        tell(p);
        return;
    }
    struct agent_result result = result_without(p, err);
    p->done(p->ud, &result);
}

static int process_adopt(struct agent_task **out, const struct agent_host *host,
    const struct agent_call *call, agent_done_fn done, void *ud,
    ndf_error *error)
{
    struct process *p;
    *out = NULL;
    int err = process_new(&p, host, call, done, ud);
    if (err == NDF_OK) {
        err = loop_timer_new(&p->timer, p->loop, 0, on_poll, p);
        if (err != NDF_OK) process_free(&p->task);
    }
    if (err != NDF_OK) return err_set(error, err, "out of memory");
    *out = &p->task;
    return NDF_OK;
}

/* ---- the table ---------------------------------------------------------- */

static void process_stop(struct agent_task *task);

static void on_overdue(void *ud)
{
    struct process *p = ud;
    process_stop(&p->task);
}

/* The watcher keeps the time limit, unless its agent stopped it: then it is
 * waked. One that runs does not notice. */
static void on_limit(void *ud)
{
    struct process *p = ud;
    os_pidfd_kill(p->pidfd, SIGCONT);
    loop_timer_free(p->timer);
    p->timer = NULL;
    (void)loop_timer_new(&p->timer, p->loop,
        grace_of(&p->call) + PROCESS_KILL_MS, on_overdue, p);
}

static void expect_end(struct process *p)
{
    uint64_t limit = p->call.timeout_ms;
    if (limit == 0 || limit > PROCESS_OVERDUE_MAX) return;
    (void)loop_timer_new(
        &p->timer, p->loop, limit + PROCESS_LATE_MS, on_limit, p);
}

static int start_locked(
    struct process *p, const char *init_path, int lock, ndf_error *error)
{
    struct strings argv;
    char *const *env;
    int err = make_argv(p, &argv);
    if (err == NDF_OK) err = agent_env_make(&p->arena, &p->call, &env);
    if (err == NDF_OK) err = write_request(p, error);
    /* Should the pidfd fail, the lock is looked at instead. */
    if (err == NDF_OK) {
        err = loop_timer_new(&p->timer, p->loop, PROCESS_POLL_MS, on_poll, p);
    }
    if (err != NDF_OK) return err;
    int number = spawn(p, init_path, lock, argv.at, env);
    if (number != 0) {
        p->pid = 0;
        return explain_spawn(p, init_path, number, error);
    }
    p->pidfd = os_pidfd_open(p->pid);
    if (p->pidfd >= 0) {
        (void)loop_watch_new(&p->watch, p->loop, p->pidfd, tell, p);
    }
    if (p->watch != NULL) {
        loop_timer_free(p->timer);
        p->timer = NULL;
        expect_end(p);
    }
    return NDF_OK;
}

static int process_start(struct agent_task **out, const struct agent_host *host,
    const struct agent_call *call, agent_done_fn done, void *ud,
    ndf_error *error)
{
    struct process *p;
    *out = NULL;
    int err = process_new(&p, host, call, done, ud);
    if (err != NDF_OK) return err_set(error, err, "out of memory");
    int lock = -1;
    err = take_lock(p, &lock, error);
    if (err == NDF_OK) {
        err = start_locked(p, host->init_path, lock, error);
        close(lock);
    }
    if (err != NDF_OK) {
        process_free(&p->task);
        return err == NDF_ENOMEM ? err_set(error, err, "out of memory") : err;
    }
    *out = &p->task;
    return NDF_OK;
}

static void on_stop_overdue(void *ud)
{
    struct process *p = ud;
    os_pidfd_kill(p->pidfd, SIGKILL);
}

static void process_stop(struct agent_task *task)
{
    struct process *p = (struct process *)task;
    bool again = p->stopped; /* then there is no more grace */
    p->stopped = true;
    p->stop_polls = 0;
    if (p->watch == NULL) return; /* on_poll tells it */
    os_pidfd_kill(p->pidfd, SIGTERM);
    if (again) return;
    os_pidfd_kill(p->pidfd, SIGCONT); /* its agent may have stopped it */
    loop_timer_free(p->timer);
    p->timer = NULL;
    /* Without memory for the timer the watcher is trusted to keep the grace
     * time, as it always does. */
    (void)loop_timer_new(&p->timer, p->loop,
        grace_of(&p->call) + PROCESS_KILL_MS, on_stop_overdue, p);
}

const struct agent_kind agent_process = {
    .name = "process",
    .start = process_start,
    .adopt = process_adopt,
    .stop = process_stop,
    .free = process_free,
};
