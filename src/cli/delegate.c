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

enum { LOOKED_AT = 50, FALLBACKS_MAX = 16 };

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
    /* Also one that cannot draw must not be steered. */
    if (isatty(fileno(out->file)) == 1) term_clean(out, text, size);
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
    if (run->composed) return;
    if (strcmp(run->outcome, "unknown") == 0 && run->succeeded)
        cli_say(cli,
            "Nothing proved the result, so the run itself teaches nothing: say "
            "`ndf rate %s good` or `bad`.",
            run->id);
    else if (strcmp(run->evidence, "") != 0)
        cli_say(cli, "Counted as a %s, by %s.", run->outcome, run->evidence);
}

static void say_failure(const struct cli *cli, const struct run_doc *run)
{
    const char *state = run->state;
    if (strcmp(state, "in_doubt") == 0) state = "is in doubt";
    if (strcmp(state, "undo_failed") == 0) state = "failed, and so did an undo";
    (void)cli_fail(cli, 0, "%s %s (run %s): %s%s", run->pattern, state, run->id,
        run->error[0] != '\0' ? run->error : "step ",
        run->error[0] != '\0' ? "" : run->step);
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
    say_failure(cli, run);
}

/* The document of a run; NULL after printing why not, *status is set then. */
static json_t *read_run(struct cli *cli, const char *id, int *status)
{
    ndf_text *text = NULL;
    int err = ndf_show(cli->engine, id, &text, &cli->error);
    if (err == NDF_OK) return cli_document(text);
    *status = cli_error(cli, err);
    return NULL;
}

static int tell(struct cli *cli, const char *id)
{
    int status = STATUS_DONE;
    json_t *doc = read_run(cli, id, &status);
    if (doc == NULL) return status;
    struct run_doc run;
    run_doc_read(&run, doc);
    cli_free(cli->run);
    cli->run = cli_text(run.id);
    if (cli->args.given[OPT_JSON]) {
        ndf_text *text = NULL;
        int err = ndf_show(cli->engine, id, &text, &cli->error);
        if (err == NDF_OK) cli_print_json(cli, text);
    } else if (run.succeeded) {
        print_outputs(cli, doc);
    }
    say_end(cli, &run);
    status = run_doc_status(&run);
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

/* ---- fallbacks ----------------------------------------------------------- */

/* What --fallback and --no-fallback say, into the options. */
static int read_fallbacks(struct cli *cli, struct delegation *delegation,
    const char *names[FALLBACKS_MAX + 1], ndf_run_options *to)
{
    const char *text = cli->args.values[OPT_FALLBACK];
    to->fallback = NDF_FALLBACK_DECLARED;
    if (cli->args.given[OPT_NO_FALLBACK]) to->fallback = NDF_FALLBACK_NONE;
    if (text == NULL) return STATUS_DONE;
    if (cli->args.given[OPT_NO_FALLBACK])
        return cli_fail(cli, STATUS_USAGE,
            "--fallback and --no-fallback exclude each other: leave one out");
    delegation->fallbacks = cli_text(text);
    size_t count = 0;
    char *rest = delegation->fallbacks;
    while (rest != NULL) {
        char *comma = strchr(rest, ',');
        if (comma != NULL) *comma = '\0';
        if (rest[0] == '\0' || count == FALLBACKS_MAX)
            return cli_fail(cli, STATUS_USAGE,
                "--fallback: expected 1 to %d names of patterns with commas "
                "between them, got '%s'",
                FALLBACKS_MAX, text);
        names[count++] = rest;
        rest = comma != NULL ? comma + 1 : NULL;
    }
    names[count] = NULL;
    to->fallbacks = names;
    return STATUS_DONE;
}

/* Those that could not be started, and the one that was. */
static void say_fallback(struct cli *cli, const char *id)
{
    int status;
    json_t *doc = read_run(cli, id, &status);
    if (doc == NULL) return;
    const json_t *records = json_object_get(doc, "records");
    const json_t *body = json_object_get(json_array_get(records, 0), "body");
    const json_t *passed = json_object_get(body, "passed_over");
    for (size_t i = 0; i < json_array_size(passed); i++) {
        const json_t *item = json_array_get(passed, i);
        (void)cli_fail(cli, 0, "%s cannot be started: %s",
            cli_get(item, "pattern"), cli_get(item, "error"));
    }
    if (json_array_size(passed) > 0 || cli_get(doc, "fallback_of")[0] != '\0')
        cli_say(cli, "falling back to %s (run %s)", cli_get(doc, "pattern"),
            cli_get(doc, "id"));
    json_decref(doc);
}

static void say_attempt(struct cli *cli, const char *id)
{
    int status;
    json_t *doc = read_run(cli, id, &status);
    if (doc == NULL) return;
    struct run_doc run;
    run_doc_read(&run, doc);
    say_failure(cli, &run);
    json_decref(doc);
}

/* The run after one that failed; NULL: there is none. What a person stopped is
 * not to go on later, either. */
static int fall_back(
    struct cli *cli, struct watch *watch, const char *id, ndf_run **next)
{
    *next = NULL;
    if (watch_interrupted(watch)) {
        (void)ndf_cancel(cli->engine, id, NULL);
        return NDF_OK;
    }
    int err =
        ndf_run_next(cli->engine, id, watch_options(watch), next, &cli->error);
    if (err == NDF_OK && *next != NULL) {
        say_attempt(cli, id);
        say_fallback(cli, ndf_run_id(*next));
    }
    return err;
}

/* ---- the way ------------------------------------------------------------- */

static int start(struct cli *cli, const struct delegation *delegation,
    struct watch *watch, ndf_run **run)
{
    if (delegation->run != NULL)
        return ndf_run_resume(cli->engine, delegation->run,
            watch_options(watch), run, &cli->error);
    return ndf_run_start(cli->engine, delegation->pattern, delegation->context,
        watch_options(watch), run, &cli->error);
}

/* To the end of the last run; takes run. */
static int follow(struct cli *cli, struct watch *watch, ndf_run *run)
{
    for (;;) {
        char *id = cli_text(ndf_run_id(run));
        int state = NDF_RUN_RUNNING;
        int status = watch_run(watch, run, &state);
        ndf_run_free(run);
        int err = NDF_OK;
        run = NULL;
        if (state == NDF_RUN_FAILED) err = fall_back(cli, watch, id, &run);
        /* Running: its records could not be kept, which has been said. */
        if (run == NULL && state != NDF_RUN_RUNNING) status = tell(cli, id);
        if (err != NDF_OK) (void)cli_error(cli, err);
        cli_free(id);
        if (run != NULL) continue;
        return watch_interrupted(watch) && status == STATUS_FAILED
                   ? STATUS_INTERRUPTED
                   : status;
    }
}

static int say_busy(const struct cli *cli, const char *run)
{
    return cli_fail(cli, STATUS_FAILED,
        "run %s is at work in another process: wait for it, or end and undo it "
        "with `ndf cancel %s`",
        run, run);
}

static int run_it(struct cli *cli, struct delegation *delegation, bool *busy,
    struct watch *watch)
{
    const char *names[FALLBACKS_MAX + 1];
    ndf_run *run = NULL;
    ndf_run_options *with = watch_options(watch);
    int status = read_fallbacks(cli, delegation, names, with);
    if (status != STATUS_DONE) return status;
    if (delegation->timeout_ms > 0) with->timeout_ms = delegation->timeout_ms;
    with->compose = delegation->compose;
    if (delegation->run == NULL) with->session = cli_session(cli);
    int err = start(cli, delegation, watch, &run);
    with->fallbacks = NULL; /* they are on record */
    with->compose = NULL;
    if (err == NDF_EBUSY && delegation->run != NULL) {
        if (busy == NULL) return say_busy(cli, delegation->run);
        *busy = true;
        return STATUS_DONE;
    }
    if (err != NDF_OK) return cli_error(cli, err);
    delegation->started = true;
    if (delegation->fallbacks != NULL) say_fallback(cli, ndf_run_id(run));
    background_started(cli, ndf_run_id(run));
    return follow(cli, watch, run);
}

int delegate(struct cli *cli, struct delegation *delegation, bool *busy)
{
    background_leave(cli);
    if (busy != NULL) *busy = false;
    struct watch *watch = watch_new(cli);
    int status = run_it(cli, delegation, busy, watch);
    watch_free(watch);
    cli_free(delegation->fallbacks);
    delegation->fallbacks = NULL;
    return status;
}
