/*
 * kill_runs.c - kills the owner of runs at random moments and looks what is
 * left of its promises.
 *
 * usage: kill_runs [--kills N] [--seed S] [--dir D]
 *
 * A child process starts a run of five real programs, one after the other or
 * side by side, and says on a pipe which
 * steps it was told are done. The parent kills it with SIGKILL at a random
 * moment, lets another child resume the run, perhaps kills that one too, and in
 * the end compares three books: what was acknowledged, what the journal says,
 * and what the programs themselves wrote down when they started.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "ndf/ndf.h"

enum { STEPS = 5, KILLS_PER_RUN = 3, RUN_ID_SIZE = 64, DIR_SIZE = 1024 };

struct book {
    unsigned long kills, runs, resumes, acknowledged;
    unsigned long lost;      /* acknowledged, and not in the journal */
    unsigned long repeated;  /* recorded, and started more than once */
    unsigned long doubled;   /* two starts at the same time */
    unsigned long left;      /* agents alive after the end */
    unsigned long doubt;     /* runs that stopped in doubt */
    unsigned long wrong;     /* runs that did not end well for no reason */
    unsigned long unstarted; /* killed before the run was durable */
};

static uint64_t random_state;

static uint64_t draw(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static void die(const char *what)
{
    fprintf(stderr, "kill_runs: %s: %s\n", what, strerror(errno));
    exit(2);
}

/* Each program writes down that it starts, works a little, and says so. The
 * lock shows two of the same step at once. */
static const char script[] =
    "#!/bin/sh\n"
    "echo \"start $NDF_STEP_KEY\" >>\"$KILL_BOOK\"\n"
    "mkdir \"$KILL_BOOK.$NDF_RUN.$NDF_STEP\" 2>/dev/null ||\n"
    "    echo \"twice $NDF_STEP_KEY\" >>\"$KILL_BOOK\"\n"
    "cat >/dev/null\n"
    "sleep 0.0$(($$ % 3))\n"
    "rmdir \"$KILL_BOOK.$NDF_RUN.$NDF_STEP\"\n"
    "echo \"{\\\"output\\\": \\\"did $NDF_STEP\\\"}\"\n";

static void write_file(const char *path, const char *text, mode_t mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        die(path);
    close(fd);
}

static void make_profile(const char *dir)
{
    char path[PATH_MAX], text[4 * PATH_MAX];
    snprintf(path, sizeof path, "%.1000s/agent.sh", dir);
    write_file(path, script, 0755);
    int size = snprintf(text, sizeof text,
        "agent: worker\n"
        "description: Works a little.\n"
        "run: [%s/agent.sh]\n"
        "env: {KILL_BOOK: \"%s/book\"}\n"
        "---\n"
        "pattern: five.steps\n"
        "description: Five steps.\n"
        "steps:\n",
        dir, dir);
    for (int i = 0; i < STEPS; i++)
        size += snprintf(text + size, sizeof text - (size_t)size,
            "  - s%d: {agent: worker, expect: {regex: did}}\n", i);
    (void)snprintf(text + size, sizeof text - (size_t)size,
        "---\n"
        "pattern: five.tasks\n"
        "description: Five tasks.\n"
        "tasks:\n"
        "  - s0: {agent: worker, expect: {regex: did}}\n"
        "  - s1: {agent: worker, expect: {regex: did}}\n"
        "  - s2: {agent: worker, expect: {regex: did}, needs: [s0]}\n"
        "  - s3: {agent: worker, expect: {regex: did}, needs: [s0, s1]}\n"
        "  - s4: {agent: worker, expect: {regex: did}, needs: [s2, s3]}\n");
    snprintf(path, sizeof path, "%.1000s/ndf.yaml", dir);
    write_file(path, text, 0644);
}

static ndf_engine *open_engine(const char *dir)
{
    char path[PATH_MAX], home[PATH_MAX];
    snprintf(path, sizeof path, "%s/ndf.db", dir);
    snprintf(home, sizeof home, "%s/home", dir);
    ndf_options options = NDF_OPTIONS_INIT;
    options.path = path;
    options.home = home;
    ndf_engine *engine;
    ndf_error error;
    if (ndf_open(&engine, &options, &error) != NDF_OK) {
        fprintf(stderr, "kill_runs: %s\n", error.message);
        exit(2);
    }
    return engine;
}

static void say(const ndf_event *event, int fd)
{
    char line[256];
    int size = 0;
    if (event->kind == NDF_EVENT_RUN_STARTED)
        size = snprintf(line, sizeof line, "run %s\n", event->run);
    if (event->kind == NDF_EVENT_STEP_DONE)
        size = snprintf(line, sizeof line, "done %s\n", event->step);
    if (size > 0 && write(fd, line, (size_t)size) != size) _exit(3);
}

static void on_event(void *ud, const ndf_event *event)
{
    say(event, *(const int *)ud);
}

/* In a child: starts a run of a pattern, or resumes the one of that id, to its
 * end. */
static int work(
    const char *dir, const char *pattern, const char *run_id, int fd)
{
    ndf_engine *engine = open_engine(dir);
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.event = on_event;
    options.event_ud = &fd;
    options.cwd = dir;
    ndf_error error;
    ndf_run *run = NULL;
    int err, state = 0;
    if (run_id[0] != '\0') {
        err = ndf_run_resume(engine, run_id, &options, &run, &error);
    } else {
        ndf_context *context;
        err = ndf_context_new(engine, "{}", 2, &context, &error);
        if (err == NDF_OK)
            err =
                ndf_run_start(engine, pattern, context, &options, &run, &error);
        if (err == NDF_OK) dprintf(fd, "run %s\n", ndf_run_id(run));
        ndf_context_free(context);
    }
    if (err == NDF_OK) err = ndf_run_wait(run, -1, &state, &error);
    if (err != NDF_OK) fprintf(stderr, "kill_runs: %s\n", error.message);
    dprintf(fd, "end %d\n", err == NDF_OK ? state : -1);
    ndf_run_free(run);
    ndf_close(engine);
    return err == NDF_OK ? 0 : 3;
}

/* What the parent knows of one run. */
struct watched {
    const char *pattern;
    char id[RUN_ID_SIZE];
    bool done[STEPS]; /* acknowledged */
    int end;          /* state at its end; -2: none yet */
};

static void read_line(struct watched *run, const char *line)
{
    int step;
    char id[RUN_ID_SIZE];
    if (sscanf(line, "run %63s", id) == 1) memcpy(run->id, id, sizeof id);
    if (sscanf(line, "done s%d", &step) == 1 && step >= 0 && step < STEPS)
        run->done[step] = true;
    if (sscanf(line, "end %d", &step) == 1) run->end = step;
}

static void read_all(struct watched *run, int fd)
{
    FILE *file = fdopen(fd, "r");
    char line[256];
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strchr(line, '\n') != NULL) read_line(run, line);
    if (file != NULL) fclose(file);
}

/* One life of an owner; killed after wait_us unless that is 0. */
static void one_life(
    struct book *book, const char *dir, struct watched *run, useconds_t wait_us)
{
    int fds[2];
    if (pipe(fds) != 0) die("pipe");
    fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    pid_t pid = fork();
    if (pid < 0) die("fork");
    if (pid == 0) {
        close(fds[0]);
        _exit(work(dir, run->pattern, run->id, fds[1]));
    }
    close(fds[1]);
    if (run->id[0] != '\0') book->resumes++;
    if (wait_us > 0) {
        usleep(wait_us);
        if (kill(pid, SIGKILL) == 0) book->kills++;
    }
    /* Agents do not hold the pipe: it ends with its owner. */
    read_all(run, fds[0]);
    waitpid(pid, NULL, 0);
}

/* ---- the three books
 * --------------------------------------------------------- */

static unsigned count_lines(const char *dir, const char *wanted)
{
    char path[PATH_MAX], line[512];
    snprintf(path, sizeof path, "%s/book", dir);
    FILE *file = fopen(path, "r");
    unsigned count = 0;
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strcmp(line, wanted) == 0) count++;
    }
    if (file != NULL) fclose(file);
    return count;
}

static json_t *show(const char *dir, const char *id)
{
    ndf_engine *engine = open_engine(dir);
    ndf_text *text = NULL;
    ndf_error error;
    if (ndf_show(engine, id, &text, &error) != NDF_OK) {
        fprintf(stderr, "kill_runs: %s\n", error.message);
        exit(2);
    }
    json_t *shown =
        json_loadb(ndf_text_data(text), ndf_text_size(text), 0, NULL);
    ndf_text_free(text);
    ndf_close(engine);
    return shown;
}

static bool recorded(const json_t *shown, int step)
{
    char name[16];
    snprintf(name, sizeof name, "s%d", step);
    size_t i;
    json_t *record;
    json_array_foreach(json_object_get(shown, "records"), i, record)
    {
        const char *kind = json_string_value(json_object_get(record, "kind"));
        const char *of = json_string_value(
            json_object_get(json_object_get(record, "body"), "step"));
        if (kind != NULL && of != NULL && strcmp(kind, "result") == 0 &&
            strcmp(of, name) == 0)
            return true;
    }
    return false;
}

static void compare(
    struct book *book, const char *dir, const struct watched *run)
{
    json_t *shown = show(dir, run->id);
    for (int i = 0; i < STEPS; i++) {
        char line[160];
        bool kept = recorded(shown, i);
        if (run->done[i]) book->acknowledged++;
        if (run->done[i] && !kept) book->lost++;
        snprintf(line, sizeof line, "start %s/s%d", run->id, i);
        unsigned starts = count_lines(dir, line);
        if (starts > 1) book->repeated++;
        if (kept && starts != 1 && starts <= 1) book->wrong++;
        snprintf(line, sizeof line, "twice %s/s%d", run->id, i);
        if (count_lines(dir, line) > 0) book->doubled++;
    }
    json_decref(shown);
    if (run->end == NDF_RUN_IN_DOUBT) book->doubt++;
    else if (run->end != NDF_RUN_SUCCEEDED) book->wrong++;
}

static bool command_names(const char *pid, const char *program)
{
    char path[64], text[4096] = "";
    snprintf(path, sizeof path, "/proc/%.16s/cmdline", pid);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = fd >= 0 ? read(fd, text, sizeof text - 1) : 0;
    if (fd >= 0) close(fd);
    for (ssize_t i = 0; i < size; i++)
        if (text[i] == '\0') text[i] = ' ';
    return strstr(text, program) != NULL;
}

/* Agents that still live: their command line names our folder. */
static unsigned count_agents(const char *dir)
{
    char program[DIR_SIZE + 16];
    snprintf(program, sizeof program, "%.1000s/agent.sh", dir);
    DIR *processes = opendir("/proc");
    if (processes == NULL) die("/proc");
    unsigned found = 0;
    const struct dirent *item;
    while ((item = readdir(processes)) != NULL)
        if (item->d_name[0] >= '1' && item->d_name[0] <= '9' &&
            command_names(item->d_name, program))
            found++;
    closedir(processes);
    return found;
}

static void one_run(struct book *book, const char *dir)
{
    static const char *const patterns[] = {"five.steps", "five.tasks"};
    struct watched run = {.pattern = patterns[draw() % 2], .end = -2};
    for (int life = 0; run.end == -2; life++) {
        useconds_t wait = (useconds_t)(draw() % 250000) + 1;
        if (life >= KILLS_PER_RUN) wait = 0;
        one_life(book, dir, &run, wait);
        if (run.id[0] == '\0') {
            book->unstarted++;
            if (run.end == -2) return;
        }
        if (life > KILLS_PER_RUN + 2) break;
    }
    book->runs++;
    compare(book, dir, &run);
}

int main(int argc, char **argv)
{
    unsigned long kills = 100;
    const char *given = NULL;
    random_state = (uint64_t)time(NULL) * 2654435761u + 1;
    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--kills") == 0)
            kills = strtoul(argv[i + 1], NULL, 10);
        if (strcmp(argv[i], "--seed") == 0)
            random_state = strtoull(argv[i + 1], NULL, 10) | 1;
        if (strcmp(argv[i], "--dir") == 0) given = argv[i + 1];
    }
    printf("seed %llu\n", (unsigned long long)random_state);
    char dir[DIR_SIZE];
    const char *tmp = getenv("TMPDIR");
    snprintf(dir, sizeof dir, "%s/ndf-kill-XXXXXX",
        given != NULL ? given
        : tmp != NULL ? tmp
                      : "/tmp");
    if (mkdtemp(dir) == NULL) die(dir);
    make_profile(dir);
    ndf_engine *engine = open_engine(dir);
    char yaml[PATH_MAX];
    ndf_error error;
    ndf_text *report = NULL;
    int trusted;
    snprintf(yaml, sizeof yaml, "%.1000s/ndf.yaml", dir);
    if (ndf_import(engine, yaml, NULL, NULL, &report, &error) != NDF_OK ||
        ndf_trust_folder(engine, dir, NDF_TRUST_GRANT, &trusted, &error) !=
            NDF_OK) {
        fprintf(stderr, "kill_runs: %s\n", error.message);
        return 2;
    }
    ndf_text_free(report);
    ndf_close(engine);

    struct book book = {0};
    while (book.kills < kills)
        one_run(&book, dir);
    book.left = count_agents(dir);

    printf("kills %lu, runs %lu, resumes %lu, before the run was durable %lu\n"
           "acknowledged steps %lu: lost %lu, run again %lu, started twice at "
           "once %lu\n"
           "agents left %lu, runs in doubt %lu, ended otherwise %lu\n",
        book.kills, book.runs, book.resumes, book.unstarted, book.acknowledged,
        book.lost, book.repeated, book.doubled, book.left, book.doubt,
        book.wrong);
    bool good = book.lost + book.repeated + book.doubled + book.left +
                    book.wrong + book.doubt ==
                0;
    if (!good) {
        printf("kept for a look: %s\n", dir);
        return 1;
    }
    char remove[PATH_MAX + 16];
    snprintf(remove, sizeof remove, "rm -rf '%s'", dir);
    FILE *done = popen(remove, "r");
    if (done != NULL) pclose(done);
    return 0;
}
