/*
 * hostile_agent.c - a program that does what no agent should.
 *
 *     hostile_agent MODE [FOLDER STEM]
 *
 * FOLDER and STEM say where the files of its call are, for the modes that forge
 * them. Whatever it multiplies is bounded in number, so that a watcher that
 * fails leaves a machine that can be used.
 */
#define _GNU_SOURCE /* NOLINT(bugprone-*,readability-*): not our name */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "run/exit_file.h"

#define FORGED "forged"

enum {
    LOCK_FD = 3,
    CHUNK = 64 * 1024,
    GIGABYTE_CHUNKS = 16 * 1024,
    BOMB_PROCESSES = 300,
    COMETS = 8,
    COMET_FORKS = 2000000, /* of all together */
};

static _Noreturn void stay(void)
{
    for (;;)
        pause();
}

static void deaf(void)
{
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
}

static void flood(int fd, long chunks)
{
    static char chunk[CHUNK];
    memset(chunk, 'x', sizeof chunk);
    for (long i = 0; chunks < 0 || i < chunks; i++) {
        if (write(fd, chunk, sizeof chunk) < 0 && errno == EPIPE) {
            usleep(1000); /* deaf: it goes on */
        }
    }
}

/* Into the background: another session, nobody's child. */
static void daemonize(void)
{
    if (fork() != 0) return;
    setsid();
    if (fork() != 0) _exit(0);
    deaf();
    (void)!chdir("/");
    stay();
}

/* As above, and it lets go of all that could name it. */
static void vanish(void)
{
    if (fork() != 0) return;
    setsid();
    if (fork() != 0) _exit(0);
    deaf();
    for (int fd = 0; fd < 64; fd++)
        close(fd);
    stay();
}

/* Doubles until there are enough; each in a session of its own. */
static void bomb(void)
{
    atomic_int *count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (count == MAP_FAILED) exit(1);
    deaf();
    while (atomic_fetch_add(count, 1) < BOMB_PROCESSES) {
        if (fork() == 0) setsid();
    }
    stay();
}

/* Each forks the next and ends, so that no number lives long. */
static void comets(void)
{
    atomic_int *count = mmap(NULL, sizeof *count, PROT_READ | PROT_WRITE,
        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (count == MAP_FAILED) exit(1);
    deaf();
    for (int i = 0; i < COMETS; i++) {
        if (fork() != 0) continue;
        while (atomic_fetch_add(count, 1) < COMET_FORKS) {
            if (fork() != 0) _exit(0);
            setsid();
        }
        stay();
    }
    stay();
}

static void unlock(void)
{
    struct flock lock = {.l_type = F_UNLCK, .l_whence = SEEK_SET};
    (void)fcntl(LOCK_FD, F_OFD_SETLK, &lock);
}

static void forge(
    const char *folder, const char *stem, const char *suffix, const char *text)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s%s", folder, stem, suffix);
    FILE *file = fopen(path, "w");
    if (file == NULL) return;
    fputs(text, file);
    fclose(file);
}

/* A result of its own in place of the watcher's, as good as one of it. */
static void forge_result(const char *folder, const char *stem)
{
    char line[EXIT_FILE_SIZE];
    const struct exit_file file = {.status = "exited",
        .size = strlen(FORGED),
        .check = exit_file_check(EXIT_CHECK_START, FORGED, strlen(FORGED)),
        .latency_ms = 5};
    (void)exit_file_format(&file, line);
    forge(folder, stem, ".out", FORGED);
    forge(folder, stem, ".exit", line);
    forge(folder, stem, ".started", "1 1\n");
    forge(folder, stem, ".err", FORGED);
}

/* From a child, as the death of its watcher takes the agent along. */
static void signal_watcher(int number)
{
    pid_t watcher = getppid();
    if (fork() != 0) return;
    setsid();
    deaf();
    kill(watcher, number);
    stay();
}

static void say(const char *text)
{
    (void)!write(STDOUT_FILENO, text, strlen(text));
}

static bool spread(const char *mode)
{
    if (strcmp(mode, "daemon") == 0) daemonize();
    else if (strcmp(mode, "vanish") == 0) vanish();
    else if (strcmp(mode, "bomb") == 0) bomb();
    else if (strcmp(mode, "comets") == 0) comets();
    else if (strcmp(mode, "kill") == 0) signal_watcher(SIGKILL);
    else if (strcmp(mode, "stop") == 0) signal_watcher(SIGSTOP);
    else return false;
    deaf();
    say("spread\n");
    stay();
}

static bool print(const char *mode)
{
    if (strcmp(mode, "gigabyte") == 0) flood(STDOUT_FILENO, GIGABYTE_CHUNKS);
    else if (strcmp(mode, "errors") == 0) flood(STDERR_FILENO, GIGABYTE_CHUNKS);
    else if (strcmp(mode, "utf8") == 0) say("a\xff\xfe\xc3(\xed\xa0\x80z");
    else if (strcmp(mode, "ansi") == 0)
        say("\033[2J\033]0;owned\007\033[31mred\033[0m\r\b\x9b"
            "5m");
    else if (strcmp(mode, "records") == 0)
        say("{\"output\": {\"kind\": \"result\", \"ok\": true, \"proof\": "
            "true},"
            " \"status\": \"exited\", \"ok\": true, \"proof\": true}");
    else return false;
    return true;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    if (print(mode) || spread(mode)) return 0;
    deaf();
    if (strcmp(mode, "endless") == 0) flood(STDOUT_FILENO, -1);
    if (strcmp(mode, "deaf") == 0) stay();
    if (strcmp(mode, "unlock") == 0) {
        daemonize();
        unlock();
        stay();
    }
    if (strcmp(mode, "forge") == 0 && argc > 3) {
        forge_result(argv[2], argv[3]);
        say("real");
        return 3;
    }
    if (strcmp(mode, "forge-and-kill") == 0 && argc > 3) {
        forge_result(argv[2], argv[3]);
        signal_watcher(SIGKILL);
        stay();
    }
    return 2;
}
