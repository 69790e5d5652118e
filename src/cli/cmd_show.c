/*
 * cmd_show.c - one pattern, agent or run, whole; counts of patterns.
 */
#include <string.h>

#include "cli/changes.h"
#include "cli/cli.h"
#include "cli/run_doc.h"

/* ---- a run --------------------------------------------------------------- */

static void print_pair(
    const struct term *out, const char *name, const char *text)
{
    if (text[0] == '\0') return;
    term_begin(out, STYLE_DIM);
    (void)fprintf(out->file, "%-10s", name);
    term_end(out, STYLE_DIM);
    (void)fputc(' ', out->file);
    (void)term_line(out, text, out->width > 12 ? out->width - 12 : 0);
    (void)fputc('\n', out->file);
}

/* What was tried before it, and what after it. */
static void print_chain(const struct term *out, const json_t *doc)
{
    const json_t *after = json_object_get(doc, "fallback");
    const char *state = cli_get(after, "state");
    const char *pattern = cli_get(after, "pattern");
    print_pair(out, "instead of", cli_get(doc, "fallback_of"));
    char *text = NULL;
    if (strcmp(state, "due") == 0)
        text = cli_format("not started yet: `ndf resume %s` goes on with it",
            cli_get(doc, "id"));
    else if (strcmp(state, "dropped") == 0)
        text = cli_text("was given up before it was started");
    else if (after != NULL)
        text =
            cli_format("%s, run %s: %s", pattern, cli_get(after, "run"), state);
    if (text != NULL) print_pair(out, "fallback", text);
    cli_free(text);
}

static void print_head(
    const struct term *out, const struct run_doc *run, const json_t *doc)
{
    char when[TERM_TIME_SIZE];
    char took[TERM_TIME_SIZE];
    print_pair(out, "run", run->id);
    print_pair(out, "pattern", run->pattern);
    print_pair(out, "state", run->state);
    print_pair(out, "step", run->step);
    print_pair(out, "error", run->error);
    print_chain(out, doc);
    print_pair(out, "task", cli_get(doc, "text"));
    print_pair(out, "domain", cli_get(doc, "domain"));
    print_pair(out, "folder", cli_get(doc, "cwd"));
    if (run->started_ms >= 0) {
        term_when(run->started_ms, when);
        print_pair(out, "started", when);
    }
    if (run->elapsed_ms >= 0) {
        term_duration((uint64_t)run->elapsed_ms, took);
        print_pair(out, "took", took);
    }
    const json_t *kept = json_object_get(run->end, "preservation");
    if (json_is_number(kept)) {
        char *text = cli_number(kept, 2);
        print_pair(out, "context", text);
        cli_free(text);
    }
}

/* What was never called has no attempt and took no time. */
static void add_skip(struct table *table, const json_t *record)
{
    const json_t *body = json_object_get(record, "body");
    bool passed = json_is_true(json_object_get(body, "if"));
    const char *cells[] = {cli_get(body, "step"), "skipped", "-", "-",
        passed ? "its 'if' does not hold" : cli_get(body, "error")};
    table_row(table, cells);
    table_style(table, 0, STYLE_BOLD);
    table_style(table, 1, STYLE_WARN);
}

/* Whether a record of that kind answers the intent at index `at`. */
static bool is_answered(const json_t *list, size_t at, const char *kind)
{
    const json_t *intent = json_object_get(json_array_get(list, at), "body");
    for (size_t i = at + 1; i < json_array_size(list); i++) {
        const json_t *record = json_array_get(list, i);
        const json_t *body = json_object_get(record, "body");
        if (strcmp(cli_get(record, "kind"), kind) == 0 &&
            strcmp(cli_get(body, "step"), cli_get(intent, "step")) == 0 &&
            json_equal(json_object_get(body, "attempt"),
                json_object_get(intent, "attempt")))
            return true;
    }
    return false;
}

/* What nobody has answered. */
static void add_asks(struct table *table, const json_t *asks)
{
    for (size_t i = 0; i < json_array_size(asks); i++) {
        const char *step = json_string_value(json_array_get(asks, i));
        const char *cells[] = {step == NULL || step[0] == '\0' ? "run" : step,
            "waits", "-", "-", "for approval"};
        table_row(table, cells);
        table_style(table, 0, STYLE_BOLD);
        table_style(table, 1, STYLE_WARN);
    }
}

/* A call that nothing is known of yet, or ever will be. */
static void add_open(struct table *table, const json_t *list, size_t at,
    const struct run_doc *run)
{
    const json_t *record = json_array_get(list, at);
    const json_t *body = json_object_get(record, "body");
    const char *kind = cli_get(record, "kind");
    bool undo = strcmp(kind, "undo_intent") == 0;
    bool verify = strcmp(kind, "verify_intent") == 0;
    if (is_answered(list, at,
            undo     ? "undo_result"
            : verify ? "verify_result"
                     : "result"))
        return;
    char *attempt = cli_member_text(body, "attempt");
    const char *cells[] = {cli_get(body, "step"),
        run->end != NULL ? "in doubt"
        : undo           ? "undoing"
        : verify         ? "verifying"
                         : "started",
        attempt, "-", ""};
    table_row(table, cells);
    table_style(table, 0, STYLE_BOLD);
    table_style(table, 1, STYLE_WARN);
    cli_free(attempt);
}

static void add_step(struct table *table, const json_t *record)
{
    const char *kind = cli_get(record, "kind");
    if (strcmp(kind, "skip") == 0) add_skip(table, record);
    bool undo = strcmp(kind, "undo_result") == 0;
    bool verify = strcmp(kind, "verify_result") == 0;
    if (!undo && !verify && strcmp(kind, "result") != 0) return;
    const json_t *body = json_object_get(record, "body");
    bool ok = json_is_true(json_object_get(body, "ok"));
    char took[TERM_TIME_SIZE] = "-";
    int64_t latency = run_doc_ms(body, "latency_ms");
    if (latency >= 0) term_duration((uint64_t)latency, took);
    char *attempt = cli_member_text(body, "attempt");
    const char *good = undo ? "undone" : verify ? "verified" : "done";
    const char *bad = undo ? "undo failed" : verify ? "refused" : "failed";
    const char *cells[] = {cli_get(body, "step"), ok ? good : bad, attempt,
        took, cli_get(body, "error")};
    table_row(table, cells);
    table_style(table, 0, STYLE_BOLD);
    table_style(table, 1, !ok ? STYLE_BAD : undo ? STYLE_WARN : STYLE_GOOD);
    cli_free(attempt);
}

static void print_steps(
    const struct term *out, const struct run_doc *run, const json_t *doc)
{
    struct table *table = table_new("llrrl");
    const char *head[] = {"step", "result", "attempt", "took", "error"};
    table_row(table, head);
    const json_t *list = json_object_get(doc, "records");
    for (size_t i = 0; i < json_array_size(list); i++)
        add_step(table, json_array_get(list, i));
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *kind = cli_get(json_array_get(list, i), "kind");
        if (strcmp(kind, "intent") == 0 || strcmp(kind, "undo_intent") == 0 ||
            strcmp(kind, "verify_intent") == 0)
            add_open(table, list, i, run);
    }
    add_asks(table, json_object_get(doc, "asks"));
    (void)fputc('\n', out->file);
    table_print(table, out);
}

static void print_outcomes(const struct term *out, const json_t *doc)
{
    const json_t *list = json_object_get(doc, "outcomes");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *should = cli_get(item, "should");
        char *text = cli_format("%s%s%s%s%s", cli_get(item, "result"),
            cli_get(item, "evidence")[0] != '\0' ? ", by " : "",
            cli_get(item, "evidence"),
            should[0] != '\0' ? "; should have been " : "", should);
        print_pair(out, "outcome", text);
        cli_free(text);
    }
}

static void print_output(
    const struct term *out, const struct run_output *output)
{
    term_begin(out, STYLE_DIM);
    (void)fputs("\noutput of ", out->file);
    (void)term_line(out, output->step, 0);
    (void)fputs(":\n", out->file);
    term_end(out, STYLE_DIM);
    const char *text = json_string_value(output->value);
    size_t size = json_string_length(output->value);
    if (text == NULL) {
        json_t *copy = json_deep_copy(output->value);
        cli_print_value(out, copy, 0);
        json_decref(copy);
        return;
    }
    term_clean(out, text, size);
    if (size == 0 || text[size - 1] != '\n') (void)fputc('\n', out->file);
}

static void print_run(const struct cli *cli, const json_t *doc)
{
    const struct term *out = &cli->out;
    struct run_doc run;
    run_doc_read(&run, doc);
    print_head(out, &run, doc);
    print_outcomes(out, doc);
    print_steps(out, &run, doc);
    if (run_doc_is_interrupted(doc))
        cli_say(cli,
            "Nobody is at work on it: `ndf resume %s` goes on with it, `ndf "
            "cancel %s` undoes it.",
            run.id, run.id);
    if (json_array_size(json_object_get(doc, "asks")) > 0)
        cli_say(cli,
            "It waits for approval: `ndf approve %s` lets it go on, with "
            "--deny it is undone and ends.",
            run.id);
    struct run_output *outputs;
    size_t count = run_doc_outputs(doc, &outputs);
    for (size_t i = 0; i < count; i++)
        print_output(out, &outputs[i]);
    cli_free(outputs);
}

/* ---- a pattern or an agent ----------------------------------------------- */

/* The keys that a person looks for first come first. */
static json_t *in_order(json_t *document)
{
    static const char *const first[] = {"agent", "pattern", "description"};
    json_t *ordered = json_object();
    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        json_t *value = json_object_get(document, first[i]);
        if (value != NULL) (void)json_object_set(ordered, first[i], value);
    }
    void *at = json_object_iter(document);
    for (; at != NULL; at = json_object_iter_next(document, at)) {
        const char *key = json_object_iter_key(at);
        if (json_object_get(ordered, key) == NULL)
            (void)json_object_set(ordered, key, json_object_iter_value(at));
    }
    return ordered;
}

static void print_entry(const struct cli *cli, const json_t *doc)
{
    const struct term *out = &cli->out;
    const char *path = cli_get(doc, "path");
    char *line = cli_member_text(doc, "line");
    bool has_line = json_is_integer(json_object_get(doc, "line"));
    char *head = cli_format("# %s of %s%s%s%s%s", cli_get(doc, "kind"),
        cli_get(doc, "source"), path[0] != '\0' ? ", " : "", path,
        has_line ? ":" : "", has_line ? line : "");
    term_styled(out, STYLE_DIM, head);
    (void)fputc('\n', out->file);
    cli_free(head);
    cli_free(line);
    json_t *ordered = in_order(json_object_get(doc, "document"));
    cli_print_value(out, ordered, 0);
    json_decref(ordered);
}

int cmd_show(struct cli *cli)
{
    int status = cli_open(cli, OPEN_FOR_READING);
    if (status == STATUS_DONE) status = cli_refresh(cli);
    if (status != STATUS_DONE) return status;
    if (cli->args.given[OPT_CHANGES])
        return changes_print(cli, cli->args.words[0]);
    ndf_text *text = NULL;
    int err = ndf_show(cli->engine, cli->args.words[0], &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    if (cli->args.given[OPT_JSON]) {
        cli_print_json(cli, text);
        return STATUS_DONE;
    }
    json_t *doc = cli_document(text);
    if (strcmp(cli_get(doc, "what"), "run") == 0) print_run(cli, doc);
    else print_entry(cli, doc);
    json_decref(doc);
    return STATUS_DONE;
}
