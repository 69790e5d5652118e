/*
 * init.h - the parts of ndf-init: what they share.
 *
 * init_main.c watches and keeps what the agent prints, init_spawn.c starts it,
 * init_kill.c ends it. Only libc; nothing is allocated.
 */
#ifndef NDF_RUN_INIT_H
#define NDF_RUN_INIT_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "run/exit_file.h"
#include "run/init_settings.h"

enum {
    INIT_LOCK_FD = 3,
    INIT_CHUNK = 64 * 1024,
    INIT_ERR_MAX = 64 * 1024, /* tail of stderr */
};

struct watcher {
    char base[PATH_MAX];
    const char *cwd;
    char **argv;
    struct init_settings settings;

    /* Our child: the agent, or the first process of its namespace. */
    pid_t agent;
    bool alone;   /* it is in a PID namespace of its own */
    int status;   /* read end: how the agent ended, when alone; -1 */
    int signals;  /* signalfd */
    int out, err; /* read ends; -1 when closed */
    int out_file;
    struct exit_file result;
    int64_t started_ms;
    int64_t heard_ms; /* when it printed last */
    int64_t kill_ms;  /* when TERM becomes KILL; 0: nobody asked it to end */
    char chunk[INIT_CHUNK];
    char tail[INIT_ERR_MAX]; /* ring of stderr */
    uint64_t tail_size;      /* bytes ever put in */
};

int64_t init_now_ms(void);
/* Opens BASE + suffix; -1 with errno. */
int init_open_file(const struct watcher *w, const char *suffix, int flags);

/* 0 when the agent runs; otherwise the result says why not. */
int init_start_agent(struct watcher *w);

/* To the agent and its group. */
void init_signal_agent(const struct watcher *w, int number);
/* Kills whatever the agent left, until nothing is or the time is up. */
void init_sweep(const struct watcher *w);
/* How many processes and threads of this user there are. */
uint64_t init_count_tasks(void);

#endif
