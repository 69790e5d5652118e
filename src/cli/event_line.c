/*
 * event_line.c - see event_line.h.
 */
#include "cli/event_line.h"

#include <math.h>
#include <stdlib.h>

enum { NAME_COLUMNS = 16, KINDS = 64 };

struct event_style {
    const char *name;         /* in JSON */
    const char *mark, *plain; /* with Unicode, and without; NULL: no line */
    const char *word;
    enum style style;
};

static const struct event_style styles[KINDS] = {
    [NDF_EVENT_RUN_STARTED] = {"run_started", NULL, NULL, "", STYLE_PLAIN},
    [NDF_EVENT_STEP_STARTED] = {"step_started", "\xE2\x97\x8B", ">", "started",
        STYLE_DIM},
    [NDF_EVENT_STEP_DONE] = {"step_done", "\xE2\x9C\x93", "+", "done",
        STYLE_GOOD},
    [NDF_EVENT_STEP_FAILED] = {"step_failed", "\xE2\x9C\x97", "x", "failed",
        STYLE_BAD},
    [NDF_EVENT_STEP_RETRY] = {"step_retry", "\xE2\x86\xBB", "~", "tried again",
        STYLE_WARN},
    [NDF_EVENT_STEP_SKIPPED] = {"step_skipped", "\xC2\xB7", ".", "skipped",
        STYLE_DIM},
    [NDF_EVENT_UNDO_STARTED] = {"undo_started", "\xE2\x86\xB6", "<", "undoing",
        STYLE_WARN},
    [NDF_EVENT_UNDO_DONE] = {"undo_done", "\xE2\x86\xB6", "<", "undone",
        STYLE_WARN},
    [NDF_EVENT_UNDO_FAILED] = {"undo_failed", "\xE2\x9C\x97", "x",
        "undo failed", STYLE_BAD},
    [NDF_EVENT_VIOLATION] = {"violation", "!", "!", "context", STYLE_WARN},
    [NDF_EVENT_APPROVAL_ASKED] = {"approval_asked", NULL, NULL, "",
        STYLE_PLAIN},
    [NDF_EVENT_APPROVED] = {"approved", "\xE2\x9C\x93", "+", "approved",
        STYLE_GOOD},
    [NDF_EVENT_DENIED] = {"denied", "\xE2\x9C\x97", "x", "denied", STYLE_BAD},
    [NDF_EVENT_VERIFY_STARTED] = {"verify_started", "\xE2\x97\x8B", ">",
        "verifying", STYLE_DIM},
    [NDF_EVENT_RUN_DONE] = {"run_done", NULL, NULL, "", STYLE_PLAIN},
};

static const struct event_style *style_of(const ndf_event *event)
{
    static const struct event_style none = {
        "other", NULL, NULL, "", STYLE_PLAIN};
    if (event->kind <= 0 || event->kind >= KINDS) return &none;
    const struct event_style *style = &styles[event->kind];
    return style->name != NULL ? style : &none;
}

void event_line_print(
    const struct term *to, const ndf_event *event, int64_t took_ms)
{
    const struct event_style *style = style_of(event);
    char time[TERM_TIME_SIZE] = "";
    if (style->mark == NULL) return;
    (void)fputs("  ", to->file);
    term_styled(to, style->style, to->unicode ? style->mark : style->plain);
    (void)fputc(' ', to->file);
    const char *name = event->step[0] != '\0' ? event->step : "run";
    size_t wide = term_line(to, name, 0);
    if (wide < NAME_COLUMNS) term_pad(to, NAME_COLUMNS - wide);
    if (took_ms >= 0) term_duration((uint64_t)took_ms, time);
    (void)fprintf(to->file, " %s", style->word);
    if (took_ms >= 0) (void)fprintf(to->file, " in %s", time);
    if (event->detail[0] != '\0') {
        (void)fputs(": ", to->file);
        (void)term_line(to, event->detail, 0);
    }
    (void)fputc('\n', to->file);
}

static void put_text(json_t *line, const char *key, const char *text)
{
    if (text[0] != '\0')
        (void)json_object_set_new(line, key, json_string(text));
}

static void put_number(json_t *line, const char *key, int64_t number)
{
    (void)json_object_set_new(line, key, json_integer((json_int_t)number));
}

static void put_usage(json_t *line, const char *tokens_key,
    const char *cost_key, int64_t tokens, double cost)
{
    if (tokens >= 0) put_number(line, tokens_key, tokens);
    if (!isnan(cost))
        (void)json_object_set_new(line, cost_key, json_real(cost));
}

void event_line_json(FILE *file, const ndf_event *event)
{
    json_t *line = json_object();
    put_text(line, "event", style_of(event)->name);
    put_text(line, "run", event->run);
    put_text(line, "step", event->step);
    put_text(line, "detail", event->detail);
    if (event->attempt > 0) put_number(line, "attempt", event->attempt);
    put_number(line, "steps_done", event->steps_done);
    put_number(line, "steps_total", event->steps_total);
    put_number(line, "at_ms", event->at_ms);
    put_number(line, "elapsed_ms", (int64_t)event->elapsed_ms);
    put_usage(line, "tokens", "cost", event->tokens, event->cost);
    put_usage(
        line, "step_tokens", "step_cost", event->step_tokens, event->step_cost);
    char *text = json_dumps(line, JSON_COMPACT | JSON_REAL_PRECISION(15));
    json_decref(line);
    if (text == NULL) return;
    (void)fprintf(file, "%s\n", text);
    free(text);
}
