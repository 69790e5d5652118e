/*
 * changes.c - see changes.h.
 *
 * One line a change: a mark, the field, and its values from old to new, cut to
 * the terminal. What was not declared has a second line that says how bad it
 * was and what became of it.
 */
#include "cli/changes.h"

#include <inttypes.h>
#include <string.h>

enum { FIELD_COLUMNS = 24, INDENT = 2, DETAIL_INDENT = 4 };

static char *value_text(const json_t *value)
{
    const struct term plain = {.tty = false};
    return cli_json(&plain, value);
}

static size_t field_columns(const struct term *out)
{
    size_t half = out->width / 2;
    return out->width > 0 && half < FIELD_COLUMNS ? half : FIELD_COLUMNS;
}

/* What is left of the line behind `used` columns; 0: no limit. */
static size_t room(const struct term *out, size_t used)
{
    if (out->width == 0) return 0;
    return out->width > used + 4 ? out->width - used : 4;
}

static size_t print_field(const struct term *out, const char *field)
{
    size_t columns = field_columns(out);
    size_t wide = term_line(out, field, out->width > 0 ? columns : 0);
    if (wide < columns) {
        term_pad(out, columns - wide);
        wide = columns;
    }
    (void)fputc(' ', out->file);
    return wide + 1;
}

static char *sized_text(const json_t *bytes)
{
    return cli_format(
        "(%" JSON_INTEGER_FORMAT " bytes)", json_integer_value(bytes));
}

/* "old -> new" of a change; the caller's to free. */
static char *change_text(const struct term *out, const json_t *change)
{
    const char *arrow = out->unicode ? "\xE2\x86\x92" : "->";
    const json_t *before = json_object_get(change, "before");
    const json_t *after = json_object_get(change, "after");
    const json_t *tried = json_object_get(change, "tried");
    const json_t *bytes = json_object_get(change, "tried_bytes");
    bool removed = strcmp(cli_get(change, "change"), "removed") == 0;
    char *old = before != NULL ? value_text(before) : NULL;
    char *new = NULL;
    if (after != NULL) new = value_text(after);
    else if (tried != NULL) new = value_text(tried);
    else if (bytes != NULL) new = sized_text(bytes);
    else if (!removed) new = cli_text("?");
    char *text;
    if (old != NULL && new != NULL)
        text = cli_format("%s %s %s", old, arrow, new);
    else text = cli_text(new != NULL ? new : old != NULL ? old : "");
    cli_free(old);
    cli_free(new);
    return text;
}

static const char *fate(const char *policy)
{
    if (strcmp(policy, "restored") == 0) return "restored";
    if (strcmp(policy, "enforced") == 0) return "the step failed";
    return "kept";
}

static void print_change(const struct term *out, const json_t *change)
{
    const char *kind = cli_get(change, "change");
    bool declared = json_is_true(json_object_get(change, "declared"));
    const char *mark = strcmp(kind, "added") == 0     ? "+"
                       : strcmp(kind, "removed") == 0 ? "-"
                                                      : "~";
    enum style style = strcmp(kind, "added") == 0     ? STYLE_GOOD
                       : strcmp(kind, "removed") == 0 ? STYLE_BAD
                                                      : STYLE_NAME;
    term_pad(out, INDENT - 1);
    term_styled(out, STYLE_WARN, declared ? " " : "!");
    term_styled(out, style, mark);
    (void)fputc(' ', out->file);
    size_t used = INDENT + 2 + print_field(out, cli_get(change, "field"));
    char *text = change_text(out, change);
    (void)term_line(out, text, room(out, used));
    (void)fputc('\n', out->file);
    cli_free(text);
    if (declared) return;
    term_pad(out, DETAIL_INDENT);
    text = cli_format("not declared, %s: %s", cli_get(change, "severity"),
        fate(cli_get(change, "policy")));
    term_begin(out, STYLE_WARN);
    (void)term_line(out, text, room(out, DETAIL_INDENT));
    term_end(out, STYLE_WARN);
    (void)fputc('\n', out->file);
    cli_free(text);
}

static void print_step(const struct term *out, const json_t *step)
{
    const json_t *changes = json_object_get(step, "changes");
    int64_t attempt =
        (int64_t)json_integer_value(json_object_get(step, "attempt"));
    bool undo = json_is_true(json_object_get(step, "undo"));
    bool failed = json_is_false(json_object_get(step, "ok"));
    (void)fputc('\n', out->file);
    term_begin(out, STYLE_BOLD);
    (void)term_line(out, cli_get(step, "step"), room(out, 20));
    term_end(out, STYLE_BOLD);
    if (undo) (void)fputs(", its undo", out->file);
    if (attempt > 1) (void)fprintf(out->file, ", attempt %" PRId64, attempt);
    if (failed) term_styled(out, STYLE_BAD, ", failed");
    if (json_array_size(changes) == 0)
        term_styled(out, STYLE_DIM, ": changed nothing");
    (void)fputc('\n', out->file);
    for (size_t i = 0; i < json_array_size(changes); i++)
        print_change(out, json_array_get(changes, i));
}

static void print_given(
    const struct term *out, const char *field, const json_t *value)
{
    term_pad(out, DETAIL_INDENT);
    size_t used = DETAIL_INDENT + print_field(out, field);
    char *text = value_text(value);
    (void)term_line(out, text, room(out, used));
    (void)fputc('\n', out->file);
    cli_free(text);
}

static void print_context(const struct term *out, json_t *context)
{
    static const char *const fields[] = {
        "domain", "agent_type", "priority", "text"};
    term_styled(out, STYLE_BOLD, "as the run found it");
    (void)fputc('\n', out->file);
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const json_t *value = json_object_get(context, fields[i]);
        if (value != NULL) print_given(out, fields[i], value);
    }
    json_t *attributes = json_object_get(context, "attributes");
    void *at = json_object_iter(attributes);
    for (; at != NULL; at = json_object_iter_next(attributes, at)) {
        char *field = cli_format("attributes.%s", json_object_iter_key(at));
        print_given(out, field, json_object_iter_value(at));
        cli_free(field);
    }
}

static void print_kept(const struct term *out, const json_t *doc)
{
    const json_t *kept = json_object_get(doc, "preservation");
    (void)fprintf(out->file, "\npolicy %s", cli_get(doc, "policy"));
    if (json_is_number(kept)) {
        char *text = cli_number(kept, 2);
        (void)fprintf(out->file, "; preservation %s", text);
        cli_free(text);
    }
    (void)fputc('\n', out->file);
}

int changes_print(struct cli *cli, const char *run)
{
    ndf_text *text = NULL;
    int err = ndf_changes(cli->engine, run, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    if (cli->args.given[OPT_JSON]) {
        cli_print_json(cli, text);
        return STATUS_DONE;
    }
    json_t *doc = cli_document(text);
    const json_t *steps = json_object_get(doc, "steps");
    print_context(&cli->out, json_object_get(doc, "context"));
    for (size_t i = 0; i < json_array_size(steps); i++)
        print_step(&cli->out, json_array_get(steps, i));
    print_kept(&cli->out, doc);
    json_decref(doc);
    return STATUS_DONE;
}
