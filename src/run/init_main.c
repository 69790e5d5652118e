/*
 * init_main.c - ndf-init, the small program that watches over one agent.
 *
 *     ndf-init BASE CWD SETTINGS PROGRAM [ARG...]
 *
 * It is started for each call with the call's lock on descriptor 3, lives as
 * long as the agent, and does not care whether its owner does: time limit,
 * output files and the result are its own business (agent_process.h lists the
 * files). TERM asks it to end the agent. It uses libc only and allocates
 * nothing. init_settings.h has what it is told.
 *
 * Invariants: S.started is there before the agent runs. When S.exit appears,
 * nothing that the agent started is left (what it may have is killed first).
 */
#define _GNU_SOURCE /* NOLINT(bugprone-*,readability-*): not our name */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run/exit_file.h"
#include "run/init.h"

enum {
    INIT_ARGS = 4, /* before the program */
    /* Milliseconds after which a poll looks again anyway. */
    INIT_POLL_MAX = 3600000,
};

int64_t init_now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Opens BASE + suffix; -1 with errno. */
int init_open_file(const struct watcher *w, const char *suffix, int flags)
{
    char path[PATH_MAX + 16];
    snprintf(path, sizeof path, "%s%s", w->base, suffix);
    return open(path, flags | O_CLOEXEC, 0600);
}

static int write_all(int fd, const char *at, size_t size)
{
    while (size > 0) {
        ssize_t done = write(fd, at, size);
        if (done < 0 && errno == EINTR) continue;
        if (done < 0) return -1;
        at += done;
        size -= (size_t)done;
    }
    return 0;
}

/* ---- ending the agent ------------------------------------------------------
 */

/* The first reason stands; asking twice kills at once. */
static void end_agent(struct watcher *w, const char *status)
{
    if (w->kill_ms != 0) {
        if (strcmp(status, "cancelled") == 0) w->kill_ms = init_now_ms();
        return;
    }
    snprintf(w->result.status, sizeof w->result.status, "%s", status);
    w->kill_ms = init_now_ms() + (int64_t)w->settings.grace_ms;
    init_signal_agent(w, SIGTERM);
}

/* ---- output ----------------------------------------------------------------
 */

static void keep_out(struct watcher *w, size_t size)
{
    uint64_t room = w->settings.output_max - w->result.size;
    size_t kept = size < room ? size : (size_t)room;
    if (write_all(w->out_file, w->chunk, kept) != 0) {
        if (w->result.error == 0) w->result.error = errno;
        /* Half a chunk may be there; the checksum knows nothing of it. */
        (void)!ftruncate(w->out_file, (off_t)w->result.size);
        (void)lseek(w->out_file, 0, SEEK_END);
        end_agent(w, "output_lost");
        return;
    }
    w->result.size += kept;
    w->result.check = exit_file_check(w->result.check, w->chunk, kept);
    if (kept == size) return;
    end_agent(w, "output_cap");
    close(w->out);
    w->out = -1;
}

static void keep_err(struct watcher *w, size_t size)
{
    size_t at = (size_t)(w->tail_size % INIT_ERR_MAX);
    size_t before_end = INIT_ERR_MAX - at < size ? INIT_ERR_MAX - at : size;
    memcpy(w->tail + at, w->chunk, before_end);
    memcpy(w->tail, w->chunk + before_end, size - before_end);
    w->tail_size += size;
}

/* Reads what is there from a pipe; closes it at its end. Says whether there
 * may be more. */
static int drain(
    struct watcher *w, int *fd, void (*keep)(struct watcher *, size_t))
{
    if (*fd < 0) return 0;
    ssize_t size = read(*fd, w->chunk, sizeof w->chunk);
    if (size > 0) {
        w->heard_ms = init_now_ms();
        keep(w, (size_t)size);
        return 1;
    }
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
    close(*fd);
    *fd = -1;
    return 0;
}

/* What is in a pipe now: if something outlived even the sweep, it may print for
 * ever. */
static void drain_rest(
    struct watcher *w, int *fd, void (*keep)(struct watcher *, size_t))
{
    int left = 0;
    if (*fd < 0 || ioctl(*fd, FIONREAD, &left) != 0) return;
    for (; left > 0; left -= INIT_CHUNK) {
        if (drain(w, fd, keep) == 0) return;
    }
}

static void write_err(const struct watcher *w)
{
    if (w->tail_size == 0) return;
    int fd = init_open_file(w, ".err", O_WRONLY | O_CREAT | O_TRUNC);
    if (fd < 0) return;
    size_t end = (size_t)(w->tail_size % INIT_ERR_MAX);
    int err = 0;
    if (w->tail_size > INIT_ERR_MAX) {
        err = write_all(fd, w->tail + end, INIT_ERR_MAX - end);
    }
    if (err == 0) (void)write_all(fd, w->tail, end);
    close(fd);
}

/* ---- the agent -------------------------------------------------------------
 */

/* Whether the agent ended; it stays a zombie, so that its group's number stays
 * its own until all of it is killed. */
static int agent_ended(const struct watcher *w)
{
    siginfo_t info = {0};
    int flags = WEXITED | WNOHANG | WNOWAIT;
    if (waitid(P_PID, (id_t)w->agent, &info, flags) != 0) return 1;
    return info.si_pid == w->agent;
}

static void read_signals(struct watcher *w)
{
    struct signalfd_siginfo info;
    while (read(w->signals, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGTERM) end_agent(w, "cancelled");
    }
}

/* When the agent has to be ended for taking or being silent too long; *status
 * says which. INT64_MAX: never. */
static int64_t limit_of(const struct watcher *w, const char **status)
{
    const struct init_settings *s = &w->settings;
    int64_t due = INT64_MAX;
    *status = "timed_out";
    if (s->timeout_ms > 0) due = w->started_ms + (int64_t)s->timeout_ms;
    if (s->silence_ms > 0 && w->heard_ms + (int64_t)s->silence_ms < due) {
        due = w->heard_ms + (int64_t)s->silence_ms;
        *status = "silent";
    }
    return due;
}

/* Milliseconds until something is due. */
static int next_due(const struct watcher *w)
{
    const char *status;
    int64_t due = w->kill_ms != 0 ? w->kill_ms : limit_of(w, &status);
    if (due == INT64_MAX) return -1;
    int64_t left = due - init_now_ms();
    if (left < 0) return 0;
    return left > INIT_POLL_MAX ? INIT_POLL_MAX : (int)left;
}

static void check_due(struct watcher *w)
{
    const char *status;
    if (next_due(w) != 0) return;
    if (w->kill_ms == 0) {
        (void)limit_of(w, &status);
        end_agent(w, status);
        return;
    }
    init_signal_agent(w, SIGKILL);
    w->kill_ms = init_now_ms() + 1000;
}

static void reap(struct watcher *w)
{
    int status = 0;
    int told = 0;
    if (!w->alone) kill(-w->agent, SIGKILL);
    waitpid(w->agent, &status, 0);
    w->agent = 0;
    /* The first process of a namespace says how the agent ended, unless it was
     * killed itself. */
    if (w->alone && read(w->status, &told, sizeof told) == sizeof told) {
        status = told;
    }
    w->result.alone = w->alone;
    w->result.latency_ms = (uint64_t)(init_now_ms() - w->started_ms);
    if (WIFEXITED(status)) w->result.exit = WEXITSTATUS(status);
    if (WIFSIGNALED(status)) w->result.signal = WTERMSIG(status);
    if (w->kill_ms != 0) return;
    snprintf(w->result.status, sizeof w->result.status, "%s",
        WIFSIGNALED(status) ? "signalled" : "exited");
}

static void watch_agent(struct watcher *w)
{
    while (!agent_ended(w)) {
        struct pollfd fds[] = {
            {w->signals, POLLIN, 0}, {w->out, POLLIN, 0}, {w->err, POLLIN, 0}};
        if (poll(fds, 3, next_due(w)) < 0 && errno != EINTR) break;
        read_signals(w);
        (void)drain(w, &w->out, keep_out);
        (void)drain(w, &w->err, keep_err);
        check_due(w);
    }
    reap(w);
    init_sweep(w);
    /* What was printed before the end is still in the pipes. */
    drain_rest(w, &w->out, keep_out);
    drain_rest(w, &w->err, keep_err);
}

/* ---- files ------------------------------------------------------------------
 */

/* Start time of this process in clock ticks since boot: with the pid it names
 * us for good. */
static uint64_t own_start(void)
{
    char stat[1024];
    int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return 0;
    ssize_t size = read(fd, stat, sizeof stat - 1);
    close(fd);
    if (size <= 0) return 0;
    stat[size] = '\0';
    const char *at = strrchr(stat, ')');
    for (int field = 2; at != NULL && field < 22; field++) {
        at = strchr(at + 1, ' ');
    }
    return at == NULL ? 0 : strtoull(at + 1, NULL, 10);
}

/* Says that the call is under way; fails when it already was. */
static int write_started(const struct watcher *w)
{
    char text[64];
    int fd = init_open_file(w, ".started", O_WRONLY | O_CREAT | O_EXCL);
    if (fd < 0) return -1;
    int size = snprintf(
        text, sizeof text, "%d %" PRIu64 "\n", (int)getpid(), own_start());
    int err = write_all(fd, text, (size_t)size);
    close(fd);
    return err;
}

/* The room for the result is taken beforehand, so that a full disk cannot hide
 * how the agent ended. */
static int reserve_exit(const struct watcher *w)
{
    char blank[EXIT_FILE_SIZE];
    memset(blank, ' ', sizeof blank);
    int fd = init_open_file(w, ".tmp", O_WRONLY | O_CREAT | O_TRUNC);
    if (fd >= 0 && write_all(fd, blank, sizeof blank) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static int write_exit(const struct watcher *w, int fd)
{
    char text[EXIT_FILE_SIZE];
    char from[PATH_MAX + 16];
    char to[PATH_MAX + 16];
    size_t size = exit_file_format(&w->result, text);
    if (pwrite(fd, text, size, 0) != (ssize_t)size) return -1;
    if (ftruncate(fd, (off_t)size) != 0) return -1;
    close(fd);
    snprintf(from, sizeof from, "%s.tmp", w->base);
    snprintf(to, sizeof to, "%s.exit", w->base);
    return rename(from, to);
}

/* The agent inherits the lock, and could give it up. So it becomes one that can
 * be shared, and we hold it a second time. */
static int share_lock(const struct watcher *w)
{
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    if (fcntl(INIT_LOCK_FD, F_OFD_SETLK, &lock) != 0) return -1;
    int own = init_open_file(w, ".lock", O_RDONLY);
    return own < 0 ? -1 : fcntl(own, F_OFD_SETLK, &lock);
}

static int set_up(struct watcher *w)
{
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    sigemptyset(&all);
    sigaddset(&all, SIGTERM);
    sigaddset(&all, SIGCHLD);
    (void)close_range(INIT_LOCK_FD + 1, ~0U, 0);
    fcntl(INIT_LOCK_FD, F_SETFD, 0);
    (void)setsid();
    /* No core of ours or the agent's: it would hold the task. A limit of 1
     * also keeps it from a program that takes cores (see core(5)). */
    const struct rlimit no_core = {0, 0}, not_even_piped = {1, 1};
    if (setrlimit(RLIMIT_CORE, &not_even_piped) != 0) {
        (void)setrlimit(RLIMIT_CORE, &no_core);
    }
    /* Nor may the agent look into us. */
    prctl(PR_SET_DUMPABLE, 0);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return -1;
    if (share_lock(w) != 0) return -1;
    w->signals = signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
    w->out = -1;
    w->err = -1;
    w->status = -1;
    w->result.check = EXIT_CHECK_START;
    return w->signals < 0 ? -1 : 0;
}

/* False: it was started by somebody else. */
static bool read_args(struct watcher *w, int argc, char **argv)
{
    struct init_settings *s = &w->settings;
    if (argc < INIT_ARGS + 1) return false;
    if (strlen(argv[1]) >= sizeof w->base) return false;
    if (!init_settings_parse(argv[3], s)) return false;
    snprintf(w->base, sizeof w->base, "%s", argv[1]);
    w->cwd = argv[2];
    w->argv = argv + INIT_ARGS;
    /* Times are added up. */
    uint64_t *const times[] = {&s->timeout_ms, &s->silence_ms, &s->grace_ms};
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        if (*times[i] > INT64_MAX / 4) *times[i] = INT64_MAX / 4;
    }
    return true;
}

static struct watcher watcher; /* too large for the stack */

int main(int argc, char **argv)
{
    struct watcher *w = &watcher;
    if (!read_args(w, argc, argv)) {
        (void)!write(STDERR_FILENO, "ndf-init is started by ndf only\n", 32);
        return 2;
    }
    if (set_up(w) != 0) return INIT_NOT_STARTED;
    int exit_fd = reserve_exit(w);
    w->out_file = init_open_file(w, ".out", O_WRONLY | O_CREAT | O_TRUNC);
    if (exit_fd < 0 || w->out_file < 0) return INIT_NOT_STARTED;
    if (write_started(w) != 0) return INIT_NOT_STARTED;
    w->started_ms = init_now_ms();
    w->heard_ms = w->started_ms;
    if (init_start_agent(w) == 0) watch_agent(w);
    write_err(w);
    return write_exit(w, exit_fd) == 0 ? 0 : INIT_RESULT_LOST;
}
