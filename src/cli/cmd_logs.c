/*
 * cmd_logs.c - what runs do and did: logs, wait.
 *
 * Both ask the library for a run's records from a number on, which waits for
 * them, and end when there will be no more.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cli/cli.h"
#include "cli/run_doc.h"
#include "cli/watch.h"

enum { NAME_COLUMNS = 16, OUTPUT_INDENT = 4 };

static bool has_ended(const json_t *news)
{
    const char *state = cli_get(news, "state");
    return strcmp(state, "running") != 0;
}

static void say_left(const struct cli *cli, const char *run)
{
    cli_say(cli,
        "run %s was interrupted, nobody is at work on it: `ndf resume %s` goes "
        "on with it",
        run, run);
}

/* ---- logs: one record
 * ---------------------------------------------------------------- */

struct kind_style {
    const char *kind;
    const char *mark, *plain; /* with Unicode, and without */
    const char *word;
    enum style style;
};

/* What a record tells when it did not go wrong. */
static const struct kind_style kind_styles[] = {
    {"plan", "\xE2\x80\xA2", "*", "started", STYLE_DIM},
    {"intent", "\xE2\x97\x8B", ">", "started", STYLE_DIM},
    {"result", "\xE2\x9C\x93", "+", "done", STYLE_GOOD},
    {"retry", "\xE2\x86\xBB", "~", "tried again", STYLE_WARN},
    {"skip", "\xC2\xB7", ".", "skipped", STYLE_WARN},
    {"undo_intent", "\xE2\x86\xB6", "<", "undoing", STYLE_WARN},
    {"undo_result", "\xE2\x86\xB6", "<", "undone", STYLE_WARN},
    {"pattern_begin", "\xE2\x80\xA2", "*", "began", STYLE_DIM},
    {"pattern_cancel", "!", "!", "stopped", STYLE_WARN},
    {"pattern_rollback", "\xE2\x86\xB6", "<", "taken back", STYLE_WARN},
    {"pattern_ask", "?", "?", "waits for approval", STYLE_WARN},
    {"pattern_approve", "\xE2\x9C\x93", "+", "approved", STYLE_GOOD},
    {"pattern_end", "\xE2\x80\xA2", "*", "ended", STYLE_DIM},
    {"phase_select", "\xE2\x80\xA2", "*", "chose", STYLE_DIM},
    {"phase_stop", "!", "!", "stopped", STYLE_WARN},
    {"phase_end", "\xE2\x9C\x93", "+", "done", STYLE_GOOD},
    {"verify_intent", "\xE2\x97\x8B", ">", "verifying", STYLE_DIM},
    {"verify_result", "\xE2\x9C\x93", "+", "verified", STYLE_GOOD},
    {"verify_retry", "\xE2\x86\xBB", "~", "verified again", STYLE_WARN},
    {"ask", "?", "?", "waits for approval", STYLE_WARN},
    {"approve", "\xE2\x9C\x93", "+", "approved", STYLE_GOOD},
    {"cancel", "!", "!", "cancelled", STYLE_WARN},
    {"end", "\xE2\x80\xA2", "*", "ended", STYLE_BOLD},
};

/* A kind that a newer version writes is shown by its name. */
static struct kind_style style_of(const char *kind)
{
    for (size_t i = 0; i < sizeof kind_styles / sizeof kind_styles[0]; i++)
        if (strcmp(kind_styles[i].kind, kind) == 0) return kind_styles[i];
    return (struct kind_style){kind, "\xE2\x80\xA2", "*", kind, STYLE_DIM};
}

static void print_time(const struct term *out, int64_t at_ms)
{
    char text[16] = "--:--:--";
    time_t seconds = (time_t)(at_ms / 1000);
    struct tm when;
    if (localtime_r(&seconds, &when) != NULL)
        (void)strftime(text, sizeof text, "%H:%M:%S", &when);
    term_styled(out, STYLE_DIM, text);
    (void)fputc(' ', out->file);
}

/* Each line behind a margin, cleaned. */
static void print_output(const struct term *out, const json_t *output)
{
    if (output == NULL || json_is_null(output)) return;
    char *made = json_is_string(output) ? NULL : cli_json(out, output);
    const char *text = made != NULL ? made : json_string_value(output);
    size_t size = made != NULL ? strlen(made) : json_string_length(output);
    const char *end = text + size;
    while (text < end) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (stop == NULL) stop = end;
        term_pad(out, OUTPUT_INDENT);
        term_styled(out, STYLE_DIM, out->unicode ? "\xE2\x94\x82 " : "| ");
        term_clean(out, text, (size_t)(stop - text));
        (void)fputc('\n', out->file);
        text = stop + 1;
    }
    cli_free(made);
}

/* The words behind the name: "done in 0.1s", "ended: failed: why". */
static void print_words(
    const struct term *out, const json_t *body, const struct kind_style *style)
{
    const json_t *ok = json_object_get(body, "ok");
    const char *state = cli_get(body, "state");
    const char *error = cli_get(body, "error");
    if (error[0] == '\0' && json_object_get(body, "approved") != NULL)
        error = cli_get(body, "reason");
    if (json_is_true(json_object_get(body, "if")))
        error = "its 'if' does not hold";
    int64_t attempt = run_doc_ms(body, "attempt");
    int64_t took = run_doc_ms(body, "latency_ms");
    (void)fprintf(out->file, " %s%s",
        json_is_false(ok) ? "failed" : style->word,
        json_is_false(ok) && strcmp(style->word, "undone") == 0 ? " to undo"
                                                                : "");
    if (took >= 0) {
        char time[TERM_TIME_SIZE];
        term_duration((uint64_t)took, time);
        (void)fprintf(out->file, " in %s", time);
    }
    if (attempt > 1) (void)fprintf(out->file, ", attempt %" PRId64, attempt);
    if (state[0] != '\0') {
        (void)fputs(": ", out->file);
        (void)term_line(out, state, 0);
    }
    if (error[0] != '\0') {
        (void)fputs(": ", out->file);
        (void)term_line(out, error, 0);
    }
    (void)fputc('\n', out->file);
}

static void print_record(const struct term *out, const json_t *record)
{
    const json_t *body = json_object_get(record, "body");
    struct kind_style style = style_of(cli_get(record, "kind"));
    bool failed = json_is_false(json_object_get(body, "ok"));
    bool ends = strcmp(style.kind, "end") == 0;
    const char *name = ends ? "" : cli_get(body, "step");
    if (strncmp(style.kind, "pattern_", strlen("pattern_")) == 0)
        name = cli_get(body, "pattern");
    if (strncmp(style.kind, "phase_", strlen("phase_")) == 0)
        name = cli_get(body, "phase");
    if (json_is_false(json_object_get(body, "approved"))) {
        style.word = "denied";
        failed = true;
    }
    if (strcmp(style.kind, "plan") == 0)
        name = cli_get(json_object_get(body, "plan"), "pattern");
    /* A limit or a failure stopped it, nobody did. */
    if (strcmp(style.kind, "cancel") == 0) {
        name = "";
        if (strcmp(cli_get(body, "reason"), "cancel") != 0)
            style.word = "stopped";
    }
    if (name[0] == '\0') name = "run";
    print_time(out, run_doc_ms(record, "at_ms"));
    term_styled(out, failed ? STYLE_BAD : style.style,
        failed ? (out->unicode ? "\xE2\x9C\x97" : "x")
               : (out->unicode ? style.mark : style.plain));
    (void)fputc(' ', out->file);
    size_t wide = term_line(out, name, 0);
    if (wide < NAME_COLUMNS) term_pad(out, NAME_COLUMNS - wide);
    print_words(out, body, &style);
    print_output(out, json_object_get(body, "output"));
}

static void print_news(const struct cli *cli, const json_t *records)
{
    const struct term lines = {.file = cli->out.file};
    for (size_t i = 0; i < json_array_size(records); i++) {
        const json_t *record = json_array_get(records, i);
        if (!cli->args.given[OPT_JSON]) {
            print_record(&cli->out, record);
            continue;
        }
        char *line = cli_json(&lines, record);
        (void)fprintf(cli->out.file, "%s\n", line);
        cli_free(line);
    }
    (void)fflush(cli->out.file);
}

/* ---- from a run to its fallback ------------------------------------------ */

enum { LOOK_MS = 100, LOOKS = 30 };

/* The document of a run that has ended, when its fallback is being started
 * also that of then. NULL after printing why not. */
static json_t *read_ended(struct cli *cli, const char *id, int *status)
{
    const struct timespec pause = {.tv_nsec = LOOK_MS * 1000000L};
    json_t *doc = NULL;
    for (int i = 0; i < LOOKS; i++) {
        ndf_text *text = NULL;
        json_decref(doc);
        int err = ndf_show(cli->engine, id, &text, &cli->error);
        if (err != NDF_OK) {
            *status = cli_error(cli, err);
            return NULL;
        }
        doc = cli_document(text);
        if (!run_doc_is_due(doc)) break;
        /* Whoever ended it may be about to start it. */
        (void)nanosleep(&pause, NULL);
    }
    return doc;
}

/* The run after this one, the caller's to free; NULL: none. */
static char *find_next(struct cli *cli, const char *id)
{
    int status;
    json_t *doc = read_ended(cli, id, &status);
    const char *next = doc != NULL ? run_doc_next(doc) : "";
    char *found = next[0] != '\0' ? cli_text(next) : NULL;
    json_decref(doc);
    return found;
}

static void say_due(const struct cli *cli, const char *id)
{
    (void)cli_fail(cli, 0,
        "its fallback was not started: `ndf resume %s` goes on with it", id);
}

/* ---- logs: a run --------------------------------------------------------- */

/* All that a run did; *next (may be NULL) is the run after it. */
static int print_run(struct cli *cli, const char *run, char **next)
{
    int64_t from = 0;
    bool ended = false, failed = false;
    char *id = NULL;
    while (!ended) {
        ndf_text *text = NULL;
        int err = ndf_follow(
            cli->engine, run, from, next != NULL ? -1 : 0, &text, &cli->error);
        if (err != NDF_OK) {
            cli_free(id);
            return cli_error(cli, err);
        }
        json_t *news = cli_document(text);
        print_news(cli, json_object_get(news, "records"));
        from = (int64_t)json_integer_value(json_object_get(news, "next"));
        /* Nobody reads any more. */
        ended = next == NULL || has_ended(news) || ferror(cli->out.file) != 0;
        failed = strcmp(cli_get(news, "state"), "failed") == 0;
        if (run_doc_is_interrupted(news)) say_left(cli, cli_get(news, "id"));
        cli_free(id);
        id = cli_text(cli_get(news, "id"));
        json_decref(news);
    }
    if (next != NULL && failed) *next = find_next(cli, id);
    cli_free(id);
    return STATUS_DONE;
}

int cmd_logs(struct cli *cli)
{
    bool follow = cli->args.given[OPT_FOLLOW];
    int status = cli_open(cli, OPEN_FOR_READING);
    char *run = cli_text(cli->args.words[0]);
    while (status == STATUS_DONE && run != NULL) {
        char *next = NULL;
        status = print_run(cli, run, follow ? &next : NULL);
        cli_free(run);
        run = next;
        if (run != NULL) cli_say(cli, "falling back to run %s", run);
    }
    cli_free(run);
    return status;
}

/* ---- wait ---------------------------------------------------------------- */

/* How it ended; *next is the run after it, and then that counts. */
static int tell_end(struct cli *cli, const char *id, char **next)
{
    int status = STATUS_FAILED;
    json_t *doc = read_ended(cli, id, &status);
    if (doc == NULL) return status;
    struct run_doc run;
    run_doc_read(&run, doc);
    status = run_doc_status(&run);
    if (status != STATUS_DONE)
        (void)cli_fail(cli, 0, "run %s (%s) ended %s%s%s", run.id, run.pattern,
            run.state, run.error[0] != '\0' ? ": " : "", run.error);
    if (run_doc_next(doc)[0] != '\0') *next = cli_text(run_doc_next(doc));
    if (run_doc_is_due(doc)) say_due(cli, run.id);
    json_decref(doc);
    return status;
}

static int wait_for(struct cli *cli, const char *run, char **next)
{
    watch_other(cli, run);
    ndf_text *text = NULL;
    int err = ndf_follow(cli->engine, run, INT64_MAX, -1, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    json_t *news = cli_document(text);
    const char *id = cli_get(news, "id");
    int status = STATUS_FAILED;
    if (run_doc_is_interrupted(news))
        (void)cli_fail(cli, 0,
            "run %s was interrupted, nobody is at work on it: `ndf resume %s` "
            "goes on with it",
            id, id);
    else status = tell_end(cli, id, next);
    json_decref(news);
    return status;
}

/* A run and those that are tried after it. */
static int wait_for_all(struct cli *cli, const char *first)
{
    char *run = cli_text(first);
    int status = STATUS_DONE;
    while (run != NULL) {
        char *next = NULL;
        status = wait_for(cli, run, &next);
        cli_free(run);
        run = next;
    }
    return status;
}

int cmd_wait(struct cli *cli)
{
    int status = cli_open(cli, OPEN_FOR_READING);
    if (status != STATUS_DONE) return status;
    for (size_t i = 0; i < cli->args.word_count; i++) {
        int one = wait_for_all(cli, cli->args.words[i]);
        if (status == STATUS_DONE) status = one;
    }
    return status;
}
