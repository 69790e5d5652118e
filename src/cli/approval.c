/*
 * approval.c - see approval.h.
 *
 * The question is a line that stands while the run is watched: an answer is
 * read when there is one, so the run may go on, be cancelled, or be answered by
 * another process meanwhile.
 */
#include "cli/approval.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

enum { LINE_SIZE = 256 };

void approvals_init(struct approvals *approvals, struct cli *cli)
{
    *approvals = (struct approvals){.cli = cli};
    approvals->person = !cli->background.on && isatty(STDIN_FILENO) == 1 &&
                        isatty(STDERR_FILENO) == 1;
}

static void drop(struct approvals *approvals, size_t index)
{
    cli_free(approvals->steps[index]);
    approvals->count--;
    for (size_t i = index; i < approvals->count; i++)
        approvals->steps[i] = approvals->steps[i + 1];
}

void approvals_deinit(struct approvals *approvals)
{
    approvals_hide(approvals);
    while (approvals->count > 0)
        drop(approvals, approvals->count - 1);
    cli_free(approvals->steps);
}

static void add(struct approvals *approvals, const char *step)
{
    if (approvals->count == approvals->room) {
        size_t room = approvals->room == 0 ? 4 : 2 * approvals->room;
        char **more = cli_alloc(room * sizeof *more);
        for (size_t i = 0; i < approvals->count; i++)
            more[i] = approvals->steps[i];
        cli_free(approvals->steps);
        approvals->steps = more;
        approvals->room = room;
    }
    approvals->steps[approvals->count++] = cli_text(step);
}

static void say_how(const struct cli *cli, const char *run, const char *step)
{
    bool whole = step[0] == '\0';
    cli_say(cli,
        "run %s waits for approval%s%s%s: say `ndf approve %s%s%s`, or the "
        "same with --deny",
        run, whole ? "" : " of '", step, whole ? "" : "'", run,
        whole ? "" : " ", step);
}

void approvals_event(struct approvals *approvals, const ndf_event *event)
{
    bool asked = event->kind == NDF_EVENT_APPROVAL_ASKED;
    bool over = event->kind == NDF_EVENT_RUN_DONE;
    bool answered =
        event->kind == NDF_EVENT_APPROVED || event->kind == NDF_EVENT_DENIED;
    for (size_t i = approvals->count; i > 0; i--) {
        bool same = strcmp(approvals->steps[i - 1], event->step) == 0;
        if (over || (answered && same)) drop(approvals, i - 1);
    }
    if (!asked) return;
    if (approvals->person) add(approvals, event->step);
    else say_how(approvals->cli, event->run, event->step);
}

void approvals_hide(struct approvals *approvals)
{
    if (!approvals->shown) return;
    (void)fputc('\n', approvals->cli->err.file);
    approvals->shown = false;
}

static void show_question(struct approvals *approvals)
{
    const struct term *err = &approvals->cli->err;
    const char *step = approvals->steps[0];
    (void)fputs("  ", err->file);
    term_styled(err, STYLE_WARN, "?");
    (void)fputs(
        step[0] == '\0' ? " Start this run" : " Go on with step '", err->file);
    if (step[0] != '\0') {
        (void)term_line(err, step, 0);
        (void)fputc('\'', err->file);
    }
    (void)fputs("? y or n: ", err->file);
    (void)fflush(err->file);
    approvals->shown = true;
}

/* In the background nobody types for us, and to read would stop us. */
static bool is_in_front(void)
{
    return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static bool can_read(void)
{
    struct pollfd fd = {.fd = STDIN_FILENO, .events = POLLIN};
    return is_in_front() && poll(&fd, 1, 0) == 1;
}

static void answer(struct approvals *approvals, const char *run, int verdict)
{
    struct cli *cli = approvals->cli;
    int err = ndf_approve(
        cli->engine, run, approvals->steps[0], verdict, NULL, &cli->error);
    /* Another process may have been quicker; its answer comes as an event. */
    if (err != NDF_OK && err != NDF_EINVAL) (void)cli_error(cli, err);
    drop(approvals, 0);
}

static void take_answer(struct approvals *approvals, const char *run)
{
    char line[LINE_SIZE];
    ssize_t size = read(STDIN_FILENO, line, sizeof line - 1);
    approvals->shown = false;
    if (size <= 0) { /* nobody answers here any more */
        approvals->person = false;
        (void)fputc('\n', approvals->cli->err.file);
        while (approvals->count > 0) {
            say_how(approvals->cli, run, approvals->steps[0]);
            drop(approvals, 0);
        }
        return;
    }
    line[size] = '\0';
    line[strcspn(line, "\r\n")] = '\0';
    if (strcmp(line, "y") == 0 || strcmp(line, "yes") == 0)
        answer(approvals, run, NDF_APPROVED);
    else if (strcmp(line, "n") == 0 || strcmp(line, "no") == 0)
        answer(approvals, run, NDF_DENIED);
}

void approvals_tick(struct approvals *approvals, const char *run)
{
    if (approvals->count == 0 || !is_in_front()) return;
    if (!approvals->shown) show_question(approvals);
    if (can_read()) take_answer(approvals, run);
}
