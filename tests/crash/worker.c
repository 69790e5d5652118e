/*
 * worker.c - an agent that writes down what it does, in a book of its own.
 *
 * usage: worker work|undo|fail|flaky BOOK, with NDF_RUN, NDF_STEP,
 * NDF_STEP_KEY and NDF_ATTEMPT set.
 *
 * BOOK.RUN gets a line when it starts and one when it ends, each on the disk
 * before it goes on: "start work STEP ATTEMPT KEY". Two of one step at the same
 * time cannot both have its lock: the second writes "twice". `fail` fails,
 * `flaky` does the first time.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum { LINE_SIZE = 512, WORK_MS_MAX = 10 };

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    if (value == NULL) exit(9);
    return value;
}

static void note(int book, const char *word, const char *kind)
{
    char line[LINE_SIZE];
    int size = snprintf(line, sizeof line, "%s %s %s %s %s\n", word, kind,
        variable("NDF_STEP"), variable("NDF_ATTEMPT"),
        variable("NDF_STEP_KEY"));
    if (write(book, line, (size_t)size) != size || fdatasync(book) != 0)
        exit(9);
}

/* Held until the end of this process. */
static void lock(int book, const char *path, const char *kind)
{
    char name[PATH_MAX];
    size_t from = strlen(path);
    (void)snprintf(
        name, sizeof name, "%s.%s.%s.lock", path, kind, variable("NDF_STEP"));
    for (char *at = name + from; *at != '\0'; at++)
        if (*at == '/') *at = '_';
    int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) exit(9);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) note(book, "twice", kind);
}

static void take_time(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    struct timespec pause = {
        .tv_nsec = (now.tv_nsec / 1000 + getpid()) % WORK_MS_MAX * 1000000L};
    nanosleep(&pause, NULL);
}

int main(int argc, char **argv)
{
    char path[PATH_MAX], request[4096];
    if (argc != 3) return 9;
    const char *kind = strcmp(argv[1], "undo") == 0 ? "undo" : "work";
    bool fails = strcmp(argv[1], "fail") == 0 ||
                 (strcmp(argv[1], "flaky") == 0 &&
                     strcmp(variable("NDF_ATTEMPT"), "1") == 0);
    (void)snprintf(path, sizeof path, "%s.%s", argv[2], variable("NDF_RUN"));
    int book = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (book < 0) return 9;
    note(book, "start", kind);
    lock(book, path, kind);
    while (read(STDIN_FILENO, request, sizeof request) > 0)
        continue;
    take_time();
    note(book, fails ? "failed" : "end", kind);
    if (fails) return 1;
    return printf("{\"output\": \"did %s\"}\n", variable("NDF_STEP")) < 0;
}
