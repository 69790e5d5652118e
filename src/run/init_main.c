/*
 * init_main.c - ndf-init, the small program that watches over one agent.
 *
 *     ndf-init BASE CWD TIMEOUT_MS GRACE_MS OUTPUT_MAX PROGRAM [ARG...]
 *
 * It is started for each call with the call's lock on descriptor 3, lives as
 * long as the agent, and does not care whether its owner does: time limit,
 * output files and the result are its own business (agent_process.h lists the
 * files). TERM asks it to end the agent. It uses libc only and allocates
 * nothing.
 *
 * Invariants: S.started is there before the agent runs. When S.exit appears,
 * nothing that the agent started is left (what it may have is killed first).
 */
#define _GNU_SOURCE /* NOLINT(bugprone-*,readability-*): not our name */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run/exit_file.h"

enum {
    INIT_LOCK_FD = 3,
    INIT_CHUNK = 64 * 1024,
    INIT_ERR_MAX = 64 * 1024, /* tail of stderr */
    INIT_ARGS = 6,            /* before the program */
};

struct watcher {
    char base[PATH_MAX];
    const char *cwd;
    char **argv;
    int64_t timeout_ms, grace_ms, output_max;

    pid_t agent;
    int signals;  /* signalfd */
    int out, err; /* read ends; -1 when closed */
    int out_file;
    struct exit_file result;
    int64_t started_ms;
    int64_t kill_ms; /* when TERM becomes KILL; 0: nobody asked it to end */
    char chunk[INIT_CHUNK];
    char tail[INIT_ERR_MAX]; /* ring of stderr */
    uint64_t tail_size;      /* bytes ever put in */
};

static int64_t now_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Opens BASE + suffix; -1 with errno. */
static int open_file(const struct watcher *w, const char *suffix, int flags)
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

static void signal_agent(const struct watcher *w, int number)
{
    if (w->agent <= 0) return;
    /* Its group, and itself in case it left its group. */
    kill(-w->agent, number);
    kill(w->agent, number);
}

/* The first reason stands; asking twice kills at once. */
static void end_agent(struct watcher *w, const char *status)
{
    if (w->kill_ms != 0) {
        if (strcmp(status, "cancelled") == 0) w->kill_ms = now_ms();
        return;
    }
    snprintf(w->result.status, sizeof w->result.status, "%s", status);
    w->kill_ms = now_ms() + w->grace_ms;
    signal_agent(w, SIGTERM);
}

/* The parent of a process, from /proc/PID/stat; -1 when it is gone. */
static pid_t parent_of(const char *pid)
{
    char path[64];
    char stat[512];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t size = read(fd, stat, sizeof stat - 1);
    close(fd);
    if (size <= 0) return -1;
    stat[size] = '\0';
    /* "pid (name) state ppid ...", where the name may hold anything. */
    const char *behind = strrchr(stat, ')');
    if (behind == NULL || strlen(behind) < 4) return -1;
    return (pid_t)strtol(behind + 4, NULL, 10);
}

static void kill_children(void)
{
    DIR *proc = opendir("/proc");
    if (proc == NULL) return;
    struct dirent *entry;
    while ((entry = readdir(proc)) != NULL) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
        if (parent_of(entry->d_name) != getpid()) continue;
        kill((pid_t)strtol(entry->d_name, NULL, 10), SIGKILL);
    }
    closedir(proc);
}

/* Kills whatever the agent left: we are the subreaper, so all of it becomes
 * our child as its parents die. Ordinarily there is nothing. */
static void sweep(const struct watcher *w)
{
    int64_t until = now_ms() + INIT_SWEEP_MS;
    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid > 0) continue;
        if (pid < 0 || now_ms() > until) return;
        kill_children();
        struct pollfd signals = {w->signals, POLLIN, 0};
        struct signalfd_siginfo info;
        if (poll(&signals, 1, 10) > 0) {
            (void)!read(w->signals, &info, sizeof info);
        }
    }
}

/* ---- output ----------------------------------------------------------------
 */

static void keep_out(struct watcher *w, size_t size)
{
    uint64_t room = (uint64_t)w->output_max - w->result.size;
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
    for (size_t i = 0; i < size; i++) {
        w->tail[w->tail_size++ % INIT_ERR_MAX] = w->chunk[i];
    }
}

/* Reads what is there from a pipe; closes it at its end. Says whether there
 * may be more. */
static int drain(
    struct watcher *w, int *fd, void (*keep)(struct watcher *, size_t))
{
    if (*fd < 0) return 0;
    ssize_t size = read(*fd, w->chunk, sizeof w->chunk);
    if (size > 0) {
        keep(w, (size_t)size);
        return 1;
    }
    if (size < 0 && (errno == EINTR || errno == EAGAIN)) return 0;
    close(*fd);
    *fd = -1;
    return 0;
}

static void write_err(const struct watcher *w)
{
    if (w->tail_size == 0) return;
    int fd = open_file(w, ".err", O_WRONLY | O_CREAT | O_TRUNC);
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

/* posix_spawn leaves the two signals that libc keeps for itself ignored, and
 * libc does not let us near them. */
static void reset_internal_signals(void)
{
    const uint64_t default_action[8] = {0};
    (void)syscall(SYS_rt_sigaction, 32, default_action, NULL, 8);
    (void)syscall(SYS_rt_sigaction, 33, default_action, NULL, 8);
}

/* In the child: becomes the agent, or says in pipe why not. */
static _Noreturn void become_agent(
    const struct watcher *w, const int out[2], const int err[2], int pipe)
{
    pid_t watcher_pid = getsid(0); /* we made the session */
    int failure[2] = {EXIT_STAGE_EXEC, 0};
    sigset_t none;
    int request = open_file(w, ".req", O_RDONLY);
    sigemptyset(&none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != watcher_pid) _exit(127); /* it died before prctl */
    setpgid(0, 0);
    bool ready = request >= 0 && dup2(request, STDIN_FILENO) >= 0 &&
                 dup2(out[1], STDOUT_FILENO) >= 0 &&
                 dup2(err[1], STDERR_FILENO) >= 0;
    if (ready && w->cwd[0] != '\0' && chdir(w->cwd) != 0) {
        failure[0] = EXIT_STAGE_CWD;
        ready = false;
    }
    if (ready) {
        /* The agent keeps the lock: while anything of it lives, nobody
         * starts the step again. */
        (void)close_range(INIT_LOCK_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC);
        reset_internal_signals();
        sigprocmask(SIG_SETMASK, &none, NULL);
        execvp(w->argv[0], w->argv);
    }
    failure[1] = errno;
    (void)!write(pipe, failure, sizeof failure);
    _exit(127);
}

static void close_pair(const int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

static int start_failed(struct watcher *w, int stage, int error)
{
    snprintf(w->result.status, sizeof w->result.status, "start_failed");
    w->result.stage = stage;
    w->result.error = error;
    return -1;
}

/* 0 when the agent runs; otherwise the result says why not. */
static int start_agent(struct watcher *w)
{
    int out[2], err[2], fail[2];
    int failure[2] = {0, 0};
    if (pipe2(out, O_CLOEXEC) != 0) return start_failed(w, 0, errno);
    if (pipe2(err, O_CLOEXEC) != 0 || pipe2(fail, O_CLOEXEC) != 0) {
        return start_failed(w, 0, errno);
    }
    w->agent = fork();
    if (w->agent == 0) become_agent(w, out, err, fail[1]);
    if (w->agent < 0) return start_failed(w, 0, errno);
    setpgid(w->agent, w->agent);
    close(fail[1]);
    close(out[1]);
    close(err[1]);
    /* The pipe closes when the agent is executed, or says why it was not. */
    ssize_t size;
    do {
        size = read(fail[0], failure, sizeof failure);
    } while (size < 0 && errno == EINTR);
    close(fail[0]);
    if (size == (ssize_t)sizeof failure) {
        close_pair((int[2]){out[0], err[0]});
        waitpid(w->agent, NULL, 0);
        w->agent = 0;
        return start_failed(w, failure[0], failure[1]);
    }
    w->out = out[0];
    w->err = err[0];
    fcntl(w->out, F_SETFL, O_NONBLOCK);
    fcntl(w->err, F_SETFL, O_NONBLOCK);
    return 0;
}

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

/* Milliseconds until something is due; -1: nothing is. */
static int next_due(const struct watcher *w)
{
    int64_t due = -1;
    if (w->kill_ms != 0) {
        due = w->kill_ms;
    } else if (w->timeout_ms > 0) {
        due = w->started_ms + w->timeout_ms;
    }
    if (due < 0) return -1;
    int64_t left = due - now_ms();
    if (left < 0) return 0;
    return left > 3600000 ? 3600000 : (int)left;
}

static void check_due(struct watcher *w)
{
    if (next_due(w) != 0) return;
    if (w->kill_ms == 0) {
        end_agent(w, "timed_out");
        return;
    }
    signal_agent(w, SIGKILL);
    w->kill_ms = now_ms() + 1000;
}

static void reap(struct watcher *w)
{
    int status = 0;
    kill(-w->agent, SIGKILL);
    waitpid(w->agent, &status, 0);
    w->agent = 0;
    w->result.latency_ms = (uint64_t)(now_ms() - w->started_ms);
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
    sweep(w);
    /* What was printed before the end is still in the pipes. */
    while (drain(w, &w->out, keep_out) != 0) {}
    while (drain(w, &w->err, keep_err) != 0) {}
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
    int fd = open_file(w, ".started", O_WRONLY | O_CREAT | O_EXCL);
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
    int fd = open_file(w, ".tmp", O_WRONLY | O_CREAT | O_TRUNC);
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
    const struct rlimit no_core = {0, 0};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return -1;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return -1;
    w->signals = signalfd(-1, &all, SFD_NONBLOCK | SFD_CLOEXEC);
    w->out = -1;
    w->err = -1;
    w->result.check = EXIT_CHECK_START;
    return w->signals < 0 ? -1 : 0;
}

static struct watcher watcher; /* too large for the stack */

int main(int argc, char **argv)
{
    struct watcher *w = &watcher;
    if (argc < INIT_ARGS + 1 || strlen(argv[1]) >= sizeof w->base) {
        (void)!write(STDERR_FILENO, "ndf-init is started by ndf only\n", 32);
        return 2;
    }
    snprintf(w->base, sizeof w->base, "%s", argv[1]);
    w->cwd = argv[2];
    w->timeout_ms = strtoll(argv[3], NULL, 10);
    w->grace_ms = strtoll(argv[4], NULL, 10);
    w->output_max = strtoll(argv[5], NULL, 10);
    w->argv = argv + INIT_ARGS;
    if (set_up(w) != 0) return INIT_NOT_STARTED;
    int exit_fd = reserve_exit(w);
    w->out_file = open_file(w, ".out", O_WRONLY | O_CREAT | O_TRUNC);
    if (exit_fd < 0 || w->out_file < 0) return INIT_NOT_STARTED;
    if (write_started(w) != 0) return INIT_NOT_STARTED;
    w->started_ms = now_ms();
    if (start_agent(w) == 0) watch_agent(w);
    write_err(w);
    return write_exit(w, exit_fd) == 0 ? 0 : INIT_RESULT_LOST;
}
