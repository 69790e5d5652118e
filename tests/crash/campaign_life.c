/*
 * campaign_life.c - one life of a run's owner, a process of its own that says
 * on a pipe what it is told.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "campaign.h"

enum { BUSY_MS_MAX = 5000, BUSY_LOOK_MS = 5 };

/* ---- the owner ----------------------------------------------------------- */

static const char *record_of(int kind)
{
    switch (kind) {
    case NDF_EVENT_STEP_DONE:
    case NDF_EVENT_STEP_FAILED: return "result";
    case NDF_EVENT_UNDO_DONE:
    case NDF_EVENT_UNDO_FAILED: return "undo_result";
    case NDF_EVENT_STEP_STARTED: return "intent";
    case NDF_EVENT_UNDO_STARTED: return "undo_intent";
    case NDF_EVENT_RUN_DONE: return "end";
    default: return NULL;
    }
}

static void on_event(void *ud, const ndf_event *event)
{
    const char *record = record_of(event->kind);
    if (record == NULL) return;
    const char *step = event->step[0] != '\0' ? event->step : "-";
    dprintf(*(const int *)ud, "word %s %d %s\n", record, event->attempt, step);
}

/* What the dead owner was just starting holds its files, and with them the lock
 * of the run, until it is another program. */
static int resume_soon(ndf_engine *engine, const struct watched *watched,
    const ndf_run_options *options, ndf_run **run, ndf_error *error)
{
    int err = NDF_EBUSY;
    for (int ms = 0; err == NDF_EBUSY && ms < BUSY_MS_MAX; ms += BUSY_LOOK_MS) {
        if (ms > 0) usleep(BUSY_LOOK_MS * 1000);
        err = ndf_run_resume(engine, watched->id, options, run, error);
    }
    return err;
}

static int start_or_resume(ndf_engine *engine, const struct watched *watched,
    const ndf_run_options *options, ndf_run **run, ndf_error *error)
{
    if (watched->id[0] != '\0')
        return resume_soon(engine, watched, options, run, error);
    ndf_context *context;
    int err = ndf_context_new(engine, "{}", 2, &context, error);
    if (err == NDF_OK)
        err = ndf_run_start(
            engine, watched->pattern->name, context, options, run, error);
    ndf_context_free(context);
    return err;
}

/* In a child: from the start or the last record to the end. */
static int be_owner(const struct watched *watched, int fd)
{
    ndf_engine *engine = store_open_in(watched->dir, NDF_OPEN_EXISTING);
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.event = on_event;
    options.event_ud = &fd;
    options.cwd = watched->dir;
    ndf_error error = {0};
    ndf_run *run = NULL;
    int state = 0;
    int err = start_or_resume(engine, watched, &options, &run, &error);
    if (err == NDF_OK) dprintf(fd, "run %s\n", ndf_run_id(run));
    if (err == NDF_OK) err = ndf_run_wait(run, -1, &state, &error);
    if (err != NDF_OK)
        fprintf(stderr, "kill_runs: %s %s: %s\n", watched->pattern->name,
            watched->id, error.message);
    dprintf(fd, "end %d\n", err == NDF_OK ? state : -1);
    ndf_run_free(run);
    ndf_close(engine);
    return err == NDF_OK ? 0 : 3;
}

/* ---- who watches it ------------------------------------------------------ */

static void read_line(struct watched *run, const char *line)
{
    struct word word;
    char id[ID_SIZE], last[sizeof run->last];
    int end;
    if (sscanf(line, "run %63s", id) == 1) memcpy(run->id, id, sizeof id);
    if (sscanf(line, "end %d", &end) == 1) run->end = end;
    if (sscanf(line, "dies %63s", last) == 1)
        memcpy(run->last, last, sizeof last);
    if (sscanf(line, "word %15s %d %95s", word.kind, &word.attempt,
            word.step) != 3)
        return;
    if (run->word_count == WORDS_MAX) {
        fprintf(
            stderr, "kill_runs: more than %d words of one run\n", WORDS_MAX);
        exit(2);
    }
    run->words[run->word_count++] = word;
}

static void read_all(struct watched *run, int fd)
{
    FILE *file = fdopen(fd, "r");
    char line[256];
    if (file == NULL) give_up("fdopen");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strchr(line, '\n') != NULL) read_line(run, line);
    fclose(file);
}

bool one_life(
    struct tally *tally, struct watched *run, const struct death *death)
{
    int fds[2], status;
    if (pipe(fds) != 0) give_up("pipe");
    fcntl(fds[0], F_SETFD, FD_CLOEXEC);
    fcntl(fds[1], F_SETFD, FD_CLOEXEC);
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) give_up("fork");
    if (pid == 0) {
        close(fds[0]);
        if (death->call > 0) dying_set(death->call, death->when, fds[1]);
        _exit(be_owner(run, fds[1]));
    }
    close(fds[1]);
    if (run->id[0] != '\0') tally->resumes++;
    if (death->after_us > 0) {
        usleep(death->after_us);
        kill(pid, SIGKILL);
    }
    /* Agents do not hold the pipe: it ends with its owner. */
    read_all(run, fds[0]);
    if (waitpid(pid, &status, 0) != pid) give_up("waitpid");
    bool killed = WIFSIGNALED(status);
    if (killed) tally->kills++;
    if (killed && death->with_agents) agents_kill(run->dir);
    if (!killed && WEXITSTATUS(status) != 0) run->end = -1;
    return killed;
}

long calls_of(const struct kill_pattern *pattern, const char *dir)
{
    struct watched run = {.pattern = pattern, .dir = dir, .end = -2};
    int fds[2];
    long calls = -1;
    if (pipe(fds) != 0) give_up("pipe");
    (void)fflush(stdout);
    pid_t pid = fork();
    if (pid < 0) give_up("fork");
    if (pid == 0) {
        int nothing = open("/dev/null", O_WRONLY | O_CLOEXEC);
        dying_set(0, DYING_BEFORE, -1);
        int code = be_owner(&run, nothing);
        calls = dying_calls();
        if (write(fds[1], &calls, sizeof calls) != sizeof calls) code = 3;
        _exit(code);
    }
    close(fds[1]);
    if (read(fds[0], &calls, sizeof calls) != sizeof calls) give_up("a run");
    close(fds[0]);
    waitpid(pid, NULL, 0);
    return calls;
}
