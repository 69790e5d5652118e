/*
 * init_spawn.c - starting the agent, in a PID namespace where that is possible.
 *
 * In a namespace our child is its first process: the agent is a child of that,
 * sees a /proc of its own and none of the other processes, and when the first
 * process ends, the kernel kills all the rest before we learn of it. Without
 * privileges a namespace needs a user namespace around it, in which files of
 * others seem to be nobody's: that is done only when asked for.
 */
#define _GNU_SOURCE /* NOLINT(bugprone-*,readability-*): not our name */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/init.h"

/* What the agent's first process needs, each end where it belongs. */
struct pipes {
    int out[2], err[2];
    int fail[2];   /* why it could not be started; closed by exec */
    int status[2]; /* how it ended, out of a namespace */
};

struct failure {
    int stage, error;
};

static void close_pair(const int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

static int pipes_open(struct pipes *p)
{
    int *const all[] = {p->out, p->err, p->fail, p->status};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (pipe2(all[i], O_CLOEXEC) == 0) continue;
        int number = errno;
        while (i > 0)
            close_pair(all[--i]);
        errno = number;
        return -1;
    }
    return 0;
}

static void pipes_close(const struct pipes *p)
{
    close_pair(p->out);
    close_pair(p->err);
    close_pair(p->fail);
    close_pair(p->status);
}

/* ---- in the child ----------------------------------------------------------
 */

static _Noreturn void give_up(const struct pipes *p, int stage)
{
    const struct failure failure = {stage, errno};
    (void)!write(p->fail[1], &failure, sizeof failure);
    _exit(127);
}

/* posix_spawn leaves the two signals that libc keeps for itself ignored, and
 * libc does not let us near them. */
static void reset_internal_signals(void)
{
    const uint64_t default_action[8] = {0};
    (void)syscall(SYS_rt_sigaction, 32, default_action, NULL, 8);
    (void)syscall(SYS_rt_sigaction, 33, default_action, NULL, 8);
}

static int set_limit(int what, uint64_t value)
{
    struct rlimit now;
    if (value == 0) return 0;
    if (getrlimit((__rlimit_resource_t)what, &now) != 0) return -1;
    /* Ours may be lower already, and cannot be raised. */
    rlim_t limit = now.rlim_max < value ? now.rlim_max : (rlim_t)value;
    now = (struct rlimit){limit, limit};
    return setrlimit((__rlimit_resource_t)what, &now);
}

static int set_limits(const struct init_settings *s, uint64_t tasks)
{
    uint64_t seconds = s->cpu_ms / 1000 + (s->cpu_ms % 1000 != 0);
    /* The kernel counts all of a user. */
    uint64_t processes = s->processes == 0 ? 0 : s->processes + tasks;
    int failed = set_limit(RLIMIT_AS, s->memory);
    failed |= set_limit(RLIMIT_CPU, seconds);
    failed |= set_limit(RLIMIT_NOFILE, s->files);
    failed |= set_limit(RLIMIT_FSIZE, s->file_size);
    failed |= set_limit(RLIMIT_NPROC, processes);
    return failed;
}

/* Becomes the agent, or says why not. */
static _Noreturn void become_agent(
    const struct watcher *w, const struct pipes *p, uint64_t tasks)
{
    sigset_t none;
    int request = init_open_file(w, ".req", O_RDONLY);
    sigemptyset(&none);
    setpgid(0, 0);
    if (request < 0 || dup2(request, STDIN_FILENO) < 0 ||
        dup2(p->out[1], STDOUT_FILENO) < 0 ||
        dup2(p->err[1], STDERR_FILENO) < 0) {
        give_up(p, EXIT_STAGE_EXEC);
    }
    if (w->cwd[0] != '\0' && chdir(w->cwd) != 0) give_up(p, EXIT_STAGE_CWD);
    if (set_limits(&w->settings, tasks) != 0 ||
        (w->settings.privileges == 0 &&
            prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)) {
        give_up(p, EXIT_STAGE_LIMITS);
    }
    /* The agent keeps the lock: while anything of it lives, nobody starts the
     * step again. */
    (void)close_range(INIT_LOCK_FD + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    reset_internal_signals();
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(w->argv[0], w->argv);
    give_up(p, EXIT_STAGE_EXEC);
}

/* ---- the first process of a namespace
 * ----------------------------------------- */

static int write_text(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) return -1;
    ssize_t size = write(fd, text, strlen(text));
    int number = errno;
    close(fd);
    errno = number;
    return size < 0 ? -1 : 0;
}

/* We stay who we were, so that files made are the user's. */
static int map_user(uid_t user, gid_t group)
{
    char text[64];
    snprintf(text, sizeof text, "%u %u 1\n", user, user);
    if (write_text("/proc/self/uid_map", text) != 0) return -1;
    if (write_text("/proc/self/setgroups", "deny") != 0) return -1;
    snprintf(text, sizeof text, "%u %u 1\n", group, group);
    return write_text("/proc/self/gid_map", text);
}

/* Without a /proc of its own an agent would look at numbers of others. Only
 * that is private: what an agent of root mounts is there for all, where / is
 * shared. */
static int own_proc(void)
{
    unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
    if (mount("none", "/proc", NULL, MS_PRIVATE, NULL) != 0) return -1;
    return mount("proc", "/proc", "proc", flags, NULL);
}

/* Hands a TERM on, buries what dies, and ends with the agent: then the kernel
 * kills all else that is in the namespace. */
static _Noreturn void stay_first(pid_t agent, int status_fd)
{
    sigset_t wanted;
    int status = 0;
    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGCHLD);
    for (;;) {
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid == agent) break;
        if (pid > 0) continue;
        if (sigwaitinfo(&wanted, NULL) != SIGTERM) continue;
        kill(-agent, SIGTERM);
        if (getpgid(agent) != agent) kill(agent, SIGTERM);
    }
    (void)!write(status_fd, &status, sizeof status);
    _exit(0);
}

/* Who we are outside of the namespaces. */
struct outside {
    bool with_user; /* there is a user namespace */
    uid_t user;
    gid_t group;
    uint64_t tasks;
};

static int enter(const struct outside *outside)
{
    if (outside->with_user) {
        /* A process that cannot be dumped may not say who it is. */
        prctl(PR_SET_DUMPABLE, 1);
        if (map_user(outside->user, outside->group) != 0) return -1;
        prctl(PR_SET_DUMPABLE, 0);
    }
    return own_proc();
}

static _Noreturn void be_first(const struct watcher *w, const struct pipes *p,
    const struct outside *outside)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(p->status[0]);
    struct pollfd watcher = {p->status[1], 0, 0};
    if (poll(&watcher, 1, 0) > 0) _exit(127); /* it died before prctl */
    if (enter(outside) != 0) give_up(p, EXIT_STAGE_NAMESPACE);
    (void)setsid();
    pid_t agent = fork();
    if (agent == 0) become_agent(w, p, outside->tasks);
    if (agent < 0) give_up(p, EXIT_STAGE_EXEC);
    setpgid(agent, agent);
    /* An agent of root could reach what is open here. */
    if (dup2(p->status[1], INIT_LOCK_FD + 1) < 0) _exit(127);
    (void)close_range(INIT_LOCK_FD + 2, ~0U, 0);
    stay_first(agent, INIT_LOCK_FD + 1);
}

/* ---- in the watcher --------------------------------------------------------
 */

/* How many of the user's processes a limit has to count in. */
static uint64_t tasks_now(const struct watcher *w)
{
    return w->settings.processes > 0 ? init_count_tasks() : 0;
}

/* Forks into namespaces; as fork. */
static pid_t fork_alone(
    const struct watcher *w, const struct pipes *p, bool with_user)
{
    const struct outside outside = {with_user, geteuid(), getegid(),
        /* In a user namespace only its own are counted: its first. */
        with_user ? 1 : tasks_now(w)};
    unsigned long flags = CLONE_NEWPID | CLONE_NEWNS | SIGCHLD;
    if (with_user) flags |= CLONE_NEWUSER;
    pid_t pid = (pid_t)syscall(SYS_clone, flags, NULL, NULL, NULL, 0);
    if (pid == 0) be_first(w, p, &outside);
    return pid;
}

static pid_t fork_plain(const struct watcher *w, const struct pipes *p)
{
    uint64_t tasks = tasks_now(w);
    pid_t watcher = getpid();
    pid_t pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != watcher) _exit(127); /* it died before prctl */
        become_agent(w, p, tasks);
    }
    if (pid > 0) setpgid(pid, pid);
    return pid;
}

/* How a try to start the agent went. */
enum way { WAY_PLAIN, WAY_ALONE, WAY_ALONE_USER };

static int failed_at(struct failure *out, int stage)
{
    *out = (struct failure){stage, errno};
    return -1;
}

static int try_start(struct watcher *w, enum way way, struct failure *out)
{
    struct pipes p;
    if (pipes_open(&p) != 0) return failed_at(out, EXIT_STAGE_NONE);
    w->alone = way != WAY_PLAIN;
    w->agent =
        w->alone ? fork_alone(w, &p, way == WAY_ALONE_USER) : fork_plain(w, &p);
    if (w->agent < 0) {
        int number = errno;
        pipes_close(&p);
        w->agent = 0;
        errno = number;
        return failed_at(
            out, w->alone ? EXIT_STAGE_NAMESPACE : EXIT_STAGE_NONE);
    }
    close(p.fail[1]);
    close(p.out[1]);
    close(p.err[1]);
    close(p.status[1]);
    /* The pipe closes when the agent is executed, or says why it was not. */
    ssize_t size;
    do {
        size = read(p.fail[0], out, sizeof *out);
    } while (size < 0 && errno == EINTR);
    close(p.fail[0]);
    if (size == (ssize_t)sizeof *out) {
        close(p.out[0]);
        close(p.err[0]);
        close(p.status[0]);
        waitpid(w->agent, NULL, 0);
        w->agent = 0;
        return -1;
    }
    w->out = p.out[0];
    w->err = p.err[0];
    w->status = p.status[0];
    fcntl(w->out, F_SETFL, O_NONBLOCK);
    fcntl(w->err, F_SETFL, O_NONBLOCK);
    return 0;
}

int init_start_agent(struct watcher *w)
{
    struct failure failure = {EXIT_STAGE_NAMESPACE, 0};
    unsigned wanted = w->settings.namespace;
    int err = -1;
    if (wanted != INIT_NAMESPACE_NEVER) err = try_start(w, WAY_ALONE, &failure);
    if (err != 0 && failure.stage == EXIT_STAGE_NAMESPACE) {
        if (wanted == INIT_NAMESPACE_ALWAYS) {
            err = try_start(w, WAY_ALONE_USER, &failure);
        } else {
            err = try_start(w, WAY_PLAIN, &failure);
        }
    }
    if (err == 0) return 0;
    snprintf(w->result.status, sizeof w->result.status, "start_failed");
    w->result.stage = failure.stage;
    w->result.error = failure.error;
    return -1;
}
