/*
 * init_kill.c - ending an agent with all that it started.
 *
 * In a PID namespace the kernel does it: its first process dies last. Without
 * one we are the subreaper, so whatever the agent started has us among its
 * ancestors, in whatever group or session it is. All of it is stopped before
 * any of it is killed: what is stopped forks no more and, where the number of
 * processes is limited, leaves no room for others to.
 */
#define _GNU_SOURCE /* NOLINT(bugprone-*,readability-*): not our name */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "run/init.h"

enum {
    KILL_PROCESSES_MAX = 64 * 1024, /* seen at once; the rest is seen later */
    KILL_STOP_ROUNDS = 5,           /* to stop all before killing anyway */
    KILL_PAUSE_MS = 2,
    KILL_STAT_SIZE = 512,
    KILL_FIELD_STATE = 3, /* see proc(5) */
    KILL_FIELD_PARENT = 4,
    KILL_FIELD_THREADS = 20,
    KILL_FIELD_START = 22,
    KILL_CHILDREN_SIZE = 16 * 1024,
    KILL_FAST_ROUNDS = 1000,
};

struct process_seen {
    pid_t pid, parent;
    uint64_t start; /* with its number, names it for good */
    bool ours, stopped;
};

static struct process_seen seen[KILL_PROCESSES_MAX];

void init_signal_agent(const struct watcher *w, int number)
{
    if (w->agent <= 0) return;
    /* Its group, and itself in case it left its group. The first process of a
     * namespace hands it on. */
    if (!w->alone) kill(-w->agent, number);
    if (w->alone || getpgid(w->agent) != w->agent) kill(w->agent, number);
}

/* The fields of /proc/PID/stat behind the name, from the state on; NULL when
 * it is gone. */
static const char *read_stat(const char *pid, char *stat)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%.20s/stat", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return NULL;
    ssize_t size = read(fd, stat, KILL_STAT_SIZE - 1);
    close(fd);
    if (size <= 0) return NULL;
    stat[size] = '\0';
    /* "pid (name) state ppid ...", where the name may hold anything. */
    const char *behind = strrchr(stat, ')');
    return behind == NULL || strlen(behind) < 4 ? NULL : behind + 2;
}

/* A number out of a stat that begins with its third field. */
static uint64_t field_of(const char *at, int wanted)
{
    for (int field = KILL_FIELD_STATE; at != NULL && field < wanted; field++) {
        at = strchr(at + 1, ' ');
    }
    return at == NULL ? 0 : strtoull(at, NULL, 10);
}

/* Fills `seen`; how many. */
static size_t look_around(void)
{
    size_t count = 0;
    char stat[KILL_STAT_SIZE];
    DIR *proc = opendir("/proc");
    if (proc == NULL) return 0;
    struct dirent *entry;
    while (count < KILL_PROCESSES_MAX && (entry = readdir(proc)) != NULL) {
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
        const char *at = read_stat(entry->d_name, stat);
        if (at == NULL || *at == 'Z' || *at == 'X') continue;
        seen[count++] = (struct process_seen){
            .pid = (pid_t)strtol(entry->d_name, NULL, 10),
            .parent = (pid_t)field_of(at, KILL_FIELD_PARENT),
            .start = field_of(at, KILL_FIELD_START),
            .stopped = *at == 'T',
        };
    }
    closedir(proc);
    return count;
}

static int by_pid(const void *left, const void *right)
{
    const struct process_seen *a = left, *b = right;
    return (a->pid > b->pid) - (a->pid < b->pid);
}

static struct process_seen *find(pid_t pid, size_t count)
{
    const struct process_seen key = {.pid = pid};
    return bsearch(&key, seen, count, sizeof *seen, by_pid);
}

/* Marks all that have us among their ancestors. Numbers wrap around, so a
 * child may have a smaller one than its parent. */
static void mark_ours(size_t count)
{
    pid_t self = getpid();
    bool again = true;
    qsort(seen, count, sizeof *seen, by_pid);
    while (again) {
        again = false;
        for (size_t i = 0; i < count; i++) {
            if (seen[i].ours) continue;
            const struct process_seen *parent = find(seen[i].parent, count);
            bool ours = seen[i].parent == self || (parent && parent->ours);
            if (!ours) continue;
            seen[i].ours = true;
            again = true;
        }
    }
}

/* Signals the process that was seen, and none that got its number since. */
static void signal_seen(const struct process_seen *process, int number)
{
    char pid[32], stat[KILL_STAT_SIZE];
    int pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
    if (pidfd < 0) {
        if (errno == ENOSYS) kill(process->pid, number);
        return;
    }
    snprintf(pid, sizeof pid, "%d", (int)process->pid);
    const char *at = read_stat(pid, stat);
    if (at != NULL && field_of(at, KILL_FIELD_START) == process->start) {
        (void)syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0);
    }
    close(pidfd);
}

/* Sends a signal to all that the agent left; how many still ran before. */
static size_t signal_left(int number)
{
    size_t running = 0;
    size_t count = look_around();
    mark_ours(count);
    for (size_t i = 0; i < count; i++) {
        if (!seen[i].ours) continue;
        if (!seen[i].stopped) running++;
        signal_seen(&seen[i], number);
    }
    return running;
}

static bool all_reaped(void)
{
    pid_t pid;
    do {
        pid = waitpid(-1, NULL, WNOHANG);
    } while (pid > 0);
    return pid < 0;
}

/* Kills our own children as fast as can be: what forks and ends at once is ours
 * already, and gone to the next number by the time all of /proc is read. */
static void kill_children(void)
{
    char list[KILL_CHILDREN_SIZE];
    int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    for (int i = 0; i < KILL_FAST_ROUNDS; i++) {
        ssize_t size = pread(fd, list, sizeof list - 1, 0);
        if (size <= 0) break;
        list[size] = '\0';
        /* The last number may be cut. */
        char *end = (size_t)size == sizeof list - 1 ? strrchr(list, ' ') : NULL;
        if (end != NULL) *end = '\0';
        for (char *at = list; *at != '\0';) {
            char *next;
            long pid = strtol(at, &next, 10);
            if (next == at) break;
            if (pid > 1) kill((pid_t)pid, SIGKILL);
            at = next;
        }
        if (all_reaped()) break;
    }
    close(fd);
}

static void pause_for(const struct watcher *w)
{
    struct pollfd signals = {w->signals, POLLIN, 0};
    struct signalfd_siginfo info;
    if (poll(&signals, 1, KILL_PAUSE_MS) > 0) {
        (void)!read(w->signals, &info, sizeof info);
    }
}

void init_sweep(const struct watcher *w)
{
    int64_t until = init_now_ms() + INIT_SWEEP_MS;
    while (!all_reaped() && init_now_ms() < until) {
        kill_children();
        if (all_reaped()) return;
        for (int i = 0; i < KILL_STOP_ROUNDS; i++) {
            if (signal_left(SIGSTOP) == 0) break;
        }
        (void)signal_left(SIGKILL);
        pause_for(w);
    }
}

uint64_t init_count_tasks(void)
{
    uint64_t tasks = 0;
    char stat[KILL_STAT_SIZE];
    DIR *proc = opendir("/proc");
    if (proc == NULL) return 0;
    struct dirent *entry;
    while ((entry = readdir(proc)) != NULL) {
        struct stat st;
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
        if (fstatat(dirfd(proc), entry->d_name, &st, 0) != 0) continue;
        if (st.st_uid != getuid()) continue;
        const char *at = read_stat(entry->d_name, stat);
        tasks += at == NULL ? 1 : field_of(at, KILL_FIELD_THREADS);
    }
    closedir(proc);
    return tasks;
}
