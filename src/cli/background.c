/*
 * background.c - see background.h.
 */
#include "cli/background.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ID_SIZE = 64 };

/* What the other process says until it says no more. */
static size_t read_report(int fd, char id[ID_SIZE])
{
    size_t size = 0;
    while (size + 1 < ID_SIZE) {
        ssize_t got = read(fd, id + size, ID_SIZE - 1 - size);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) break;
        size += (size_t)got;
    }
    id[size] = '\0';
    return size;
}

static int end_of(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR) return STATUS_FAILED;
    return WIFEXITED(status) ? WEXITSTATUS(status) : STATUS_FAILED;
}

static int tell_run(const struct cli *cli, const char *id)
{
    if (cli->args.given[OPT_JSON])
        (void)fprintf(cli->out.file, "{\"run\":\"%s\"}\n", id);
    else (void)fprintf(cli->out.file, "%s\n", id);
    cli_say(cli,
        "run %s goes on in the background: `ndf logs -f %s` follows it, `ndf "
        "wait %s` waits for its end, `ndf cancel %s` undoes it",
        id, id, id, id);
    return STATUS_DONE;
}

bool background_split(struct cli *cli, int *status)
{
    int ends[2];
    *status = STATUS_DONE;
    cli->background.report = -1;
    if (!cli->args.given[OPT_BG]) return false;
    if (cli->args.given[OPT_DRY_RUN]) {
        *status = cli_fail(cli, STATUS_USAGE,
            "--bg starts a run and --dry-run does not: leave one of them out");
        return true;
    }
    if (fflush(NULL) != 0 || pipe(ends) != 0) {
        *status = cli_fail(cli, STATUS_FAILED,
            "cannot go to the background: %s", strerror(errno));
        return true;
    }
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        (void)fcntl(ends[1], F_SETFD, FD_CLOEXEC);
        cli->background = (struct background){true, ends[1]};
        return false;
    }
    int number = errno;
    (void)close(ends[1]);
    char id[ID_SIZE] = "";
    if (child < 0)
        *status = cli_fail(cli, STATUS_FAILED,
            "cannot go to the background: %s", strerror(number));
    else if (read_report(ends[0], id) > 0) *status = tell_run(cli, id);
    else *status = end_of(child); /* which has said why */
    (void)close(ends[0]);
    return true;
}

void background_leave(const struct cli *cli)
{
    struct sigaction ignore;
    if (!cli->background.on) return;
    (void)setsid();
    memset(&ignore, 0, sizeof ignore);
    ignore.sa_handler = SIG_IGN;
    (void)sigemptyset(&ignore.sa_mask);
    (void)sigaction(SIGHUP, &ignore, NULL);
}

/* The file in the run's folder; -1 when there is none, as the run may have
 * ended already and taken its folder with it. */
static int open_log(struct cli *cli, const char *run)
{
    ndf_text *text = NULL;
    if (ndf_follow(cli->engine, run, INT64_MAX, 0, &text, NULL) != NDF_OK)
        return -1;
    json_t *doc = cli_document(text);
    const char *dir = cli_get(doc, "dir");
    int fd = -1;
    if (dir[0] != '\0') {
        char *path = cli_format("%s/log", dir);
        fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
        cli_free(path);
    }
    json_decref(doc);
    return fd;
}

static void take_over(int fd, int from)
{
    if (from < 0 || from == fd) return;
    (void)dup2(from, fd);
}

void background_started(struct cli *cli, const char *run)
{
    struct background *background = &cli->background;
    if (!background->on) return;
    int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
    int log = open_log(cli, run);
    (void)fflush(NULL);
    take_over(STDIN_FILENO, nothing);
    take_over(STDOUT_FILENO, log >= 0 ? log : nothing);
    take_over(STDERR_FILENO, log >= 0 ? log : nothing);
    if (log > STDERR_FILENO) (void)close(log);
    if (nothing > STDERR_FILENO) (void)close(nothing);
    term_init(&cli->out, stdout);
    term_init(&cli->err, stderr);
    /* Last: who reads the id may end this process at once. One that is gone
     * need not be told. */
    ssize_t written = write(background->report, run, strlen(run));
    (void)written;
    (void)close(background->report);
    background->report = -1;
}
