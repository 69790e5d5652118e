/*
 * delegate.c - start, watch, tell.
 *
 * How a run ended is told from its document, never from what was seen while it
 * ran: so a run that another process ended is told the same way.
 */
#include "cli/delegate.h"

#include <string.h>
#include <unistd.h>

#include "cli/background.h"
#include "cli/run_doc.h"

enum { LOOKED_AT = 50 };

int delegate_timeout(const struct cli *cli, int64_t *ms)
{
    const char *text = cli->args.values[OPT_TIMEOUT];
    *ms = text == NULL ? -1 : cli_duration(text);
    if (text == NULL || *ms >= 0) return STATUS_DONE;
    return cli_fail(cli, STATUS_USAGE,
        "--timeout: expected a time like 90s, 5m or 1h, got '%s'", text);
}

static void print_output(const struct cli *cli, const json_t *output)
{
    const struct term *out = &cli->out;
    char *made = NULL;
    const char *text = json_string_value(output);
    size_t size = json_string_length(output);
    if (text == NULL) {
        made = cli_json(out, output);
        text = made;
        size = strlen(text);
    }
    (void)fflush(cli->err.file);
    if (out->tty) term_clean(out, text, size);
    else (void)fwrite(text, 1, size, out->file);
    if (size == 0 || text[size - 1] != '\n') (void)fputc('\n', out->file);
    (void)fflush(out->file);
    cli_free(made);
}

/* One output is the answer as it is; of several, each is named. */
static void print_outputs(const struct cli *cli, const json_t *doc)
{
    struct run_output *outputs;
    size_t count = run_doc_outputs(doc, &outputs);
    for (size_t i = 0; i < count; i++) {
        if (count > 1) {
            (void)term_line(&cli->out, outputs[i].step, 0);
            (void)fputs(":\n", cli->out.file);
        }
        print_output(cli, outputs[i].value);
    }
    cli_free(outputs);
}

/* What the outcome teaches, and what a person can add. */
static void say_lesson(const struct cli *cli, const struct run_doc *run)
{
    if (strcmp(run->outcome, "unknown") == 0 && run->succeeded)
        cli_say(cli,
            "Nothing proved the result, so nothing is learned from it: say "
            "`ndf rate %s good` or `bad`.",
            run->id);
    else if (strcmp(run->evidence, "") != 0)
        cli_say(cli, "Counted as a %s, by %s.", run->outcome, run->evidence);
}

static void say_end(const struct cli *cli, const struct run_doc *run)
{
    const struct term *err = &cli->err;
    char time[TERM_TIME_SIZE] = "";
    if (run->elapsed_ms >= 0) term_duration((uint64_t)run->elapsed_ms, time);
    if (cli->args.given[OPT_QUIET] && run->succeeded) return;
    if (isatty(fileno(err->file)) == 1) (void)fputc('\n', err->file);
    if (run->succeeded) {
        term_styled(err, STYLE_GOOD, err->unicode ? "\xE2\x9C\x93 " : "");
        cli_say(cli, "%s done in %s (run %s)", run->pattern, time, run->id);
        say_lesson(cli, run);
        return;
    }
    const char *state = run->state;
    if (strcmp(state, "in_doubt") == 0) state = "is in doubt";
    if (strcmp(state, "undo_failed") == 0) state = "failed, and so did an undo";
    (void)cli_fail(cli, 0, "%s %s (run %s): %s%s", run->pattern, state, run->id,
        run->error[0] != '\0' ? run->error : "step ",
        run->error[0] != '\0' ? "" : run->step);
}

static int tell(struct cli *cli, const char *id, int status)
{
    ndf_text *text = NULL;
    int err = ndf_show(cli->engine, id, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    json_t *doc = cli_document(text);
    struct run_doc run;
    run_doc_read(&run, doc);
    if (status == STATUS_FAILED && run.timed_out) status = STATUS_TIMEOUT;
    cli_free(cli->run);
    cli->run = cli_text(run.id);
    if (cli->args.given[OPT_JSON]) {
        text = NULL;
        err = ndf_show(cli->engine, id, &text, &cli->error);
        if (err == NDF_OK) cli_print_json(cli, text);
    } else if (run.succeeded) {
        print_outputs(cli, doc);
    }
    say_end(cli, &run);
    json_decref(doc);
    return status;
}

void delegate_say_others(struct cli *cli)
{
    ndf_text *text = NULL;
    if (cli->args.given[OPT_QUIET]) return;
    int err =
        ndf_list(cli->engine, NDF_LIST_RUNS, LOOKED_AT, &text, &cli->error);
    if (err != NDF_OK) return; /* only a remark would be lost */
    json_t *runs = cli_document(text);
    run_doc_say_interrupted(cli, runs);
    json_decref(runs);
}

static int start(struct cli *cli, const struct delegation *delegation,
    struct watch *watch, ndf_run **run)
{
    if (delegation->run != NULL)
        return ndf_run_resume(cli->engine, delegation->run,
            watch_options(watch), run, &cli->error);
    return ndf_run_start(cli->engine, delegation->pattern, delegation->context,
        watch_options(watch), run, &cli->error);
}

int delegate(struct cli *cli, struct delegation *delegation, bool *busy)
{
    background_leave(cli);
    struct watch *watch = watch_new(cli);
    ndf_run *run = NULL;
    int err = start(cli, delegation, watch, &run);
    if (busy != NULL) *busy = err == NDF_EBUSY;
    if (err != NDF_OK) {
        watch_free(watch);
        if (err != NDF_EBUSY || delegation->run == NULL)
            return cli_error(cli, err);
        if (busy != NULL) return STATUS_DONE;
        return cli_fail(cli, STATUS_FAILED,
            "run %s is at work in another process: wait for it, or end and "
            "undo it with `ndf cancel %s`",
            delegation->run, delegation->run);
    }
    delegation->started = true;
    char *id = cli_text(ndf_run_id(run));
    background_started(cli, id);
    int state = NDF_RUN_RUNNING;
    int status = watch_run(watch, run, delegation->timeout_ms, &state);
    ndf_run_free(run);
    /* Otherwise its records could not be kept, which has been said. */
    if (state != NDF_RUN_RUNNING) status = tell(cli, id, status);
    watch_free(watch);
    cli_free(id);
    return status;
}
