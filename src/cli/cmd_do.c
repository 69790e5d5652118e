/*
 * cmd_do.c - choose the pattern that fits a task, and run it.
 *
 * Below the threshold a person at a terminal picks from the best three, and
 * the pick is kept as a label; without a terminal nothing is run.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/background.h"
#include "cli/delegate.h"
#include "cli/plan.h"

enum { OFFERED = 3, LOOKED_AT = 100, LABEL_TEXT_MAX = 64 * 1024 };

struct doing {
    struct cli *cli;
    json_t *json; /* the context */
    ndf_context *context;
    ndf_selection *selection;
    char *pattern;     /* the one to take; NULL: none yet */
    bool picked;       /* by a person */
    double confidence; /* before; < 0: not ranked */
};

static double confidence_of(const ndf_selection *selection, const char *pattern)
{
    ndf_choice choice;
    for (size_t i = 0; ndf_selection_at(selection, i, &choice) == NDF_OK; i++)
        if (strcmp(choice.name, pattern) == 0) return choice.confidence;
    return -1;
}

static void print_offer(const struct doing *doing)
{
    static const char *const levels[] = {"low", "medium", "high"};
    struct table *table = table_new("rlrrrl");
    const char *head[] = {"", "pattern", "fit", "success", "confidence", ""};
    table_row(table, head);
    ndf_choice choice;
    for (size_t i = 0; i < OFFERED; i++) {
        if (ndf_selection_at(doing->selection, i, &choice) != NDF_OK) break;
        char number[8];
        char fit[32];
        char success[32];
        char confidence[32];
        (void)snprintf(number, sizeof number, "%zu", i + 1);
        (void)snprintf(fit, sizeof fit, "%.2f", choice.fit);
        (void)snprintf(success, sizeof success, "%.2f", choice.success);
        (void)snprintf(
            confidence, sizeof confidence, "%.2f", choice.confidence);
        const char *cells[] = {number, choice.name, fit, success, confidence,
            levels[choice.level >= 0 && choice.level <= 2 ? choice.level : 0]};
        table_row(table, cells);
        table_style(table, 1, STYLE_BOLD);
    }
    table_print(table, &doing->cli->err);
}

/* The number of the offered one that the person takes, from 0; -1: none. */
static long ask(const struct doing *doing)
{
    const struct term *err = &doing->cli->err;
    char line[32];
    size_t count = ndf_selection_count(doing->selection);
    if (count > OFFERED) count = OFFERED;
    for (;;) {
        (void)fprintf(
            err->file, "Which one? 1 to %zu, or Enter for none: ", count);
        (void)fflush(err->file);
        if (fgets(line, sizeof line, stdin) == NULL) return -1;
        char *end;
        long number = strtol(line, &end, 10);
        if (end == line) return -1;
        if (number >= 1 && (size_t)number <= count) return number - 1;
    }
}

static void take(struct doing *doing, const char *name, bool picked)
{
    doing->pattern = cli_text(name);
    doing->picked = picked;
    doing->confidence = confidence_of(doing->selection, name);
}

/* Nothing is confident enough: asks, or says why not. */
static int choose_unsure(struct doing *doing)
{
    struct cli *cli = doing->cli;
    ndf_choice best;
    bool any = ndf_selection_at(doing->selection, 0, &best) == NDF_OK;
    const char *reason = ndf_selection_reason(doing->selection);
    if (any && cli->args.given[OPT_YES]) {
        take(doing, best.name, false);
        return STATUS_DONE;
    }
    (void)cli_fail(cli, 0, "%s",
        reason != NULL ? reason : ndf_strerror(NDF_ENOCONFIDENCE));
    if (!any) return STATUS_NO_CONFIDENCE;
    print_offer(doing);
    bool person = isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
    long number = person ? ask(doing) : -1;
    ndf_choice choice;
    if (number < 0 ||
        ndf_selection_at(doing->selection, (size_t)number, &choice) != NDF_OK)
        return STATUS_NO_CONFIDENCE;
    take(doing, choice.name, true);
    return STATUS_DONE;
}

static int choose(struct doing *doing)
{
    struct cli *cli = doing->cli;
    ndf_select_options how = NDF_SELECT_OPTIONS_INIT;
    how.limit = LOOKED_AT;
    how.session = cli_session(cli);
    int err = ndf_select_with(
        cli->engine, doing->context, &how, &doing->selection, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    const char *picked = cli->args.values[OPT_PICK];
    const char *chosen = ndf_selection_chosen(doing->selection);
    if (picked == NULL && chosen == NULL) return choose_unsure(doing);
    take(doing, picked != NULL ? picked : chosen, picked != NULL);
    return STATUS_DONE;
}

static void say_choice(const struct doing *doing)
{
    const struct cli *cli = doing->cli;
    const char *reason = ndf_selection_reason(doing->selection);
    if (cli->args.given[OPT_QUIET]) return;
    if (!doing->picked && reason != NULL && !cli->args.given[OPT_YES])
        cli_say(cli, "%s", reason);
    else cli_say(cli, "%s, as you said", doing->pattern);
}

/* The person's pick is the right pattern for this task. */
static void keep_pick(struct doing *doing)
{
    struct cli *cli = doing->cli;
    const json_t *text = json_object_get(doing->json, "text");
    if (!doing->picked || json_string_length(text) == 0 ||
        json_string_length(text) > LABEL_TEXT_MAX)
        return;
    json_t *label = json_pack("{s:s, s:s, s:s, s:s, s:O}", "pattern",
        doing->pattern, "should", doing->pattern, "result", "unknown",
        "evidence", "person", "text", text);
    if (ndf_selection_follow_up(doing->selection))
        (void)json_object_set_new(label, "follow_up", json_true());
    const char *domain = cli_get(doing->json, "domain");
    if (domain[0] != '\0')
        (void)json_object_set_new(label, "domain", json_string(domain));
    char *line = json_dumps(label, JSON_COMPACT);
    json_decref(label);
    if (line == NULL) return;
    int err = ndf_record(cli->engine, line, strlen(line), &cli->error);
    free(line);
    if (err != NDF_OK) (void)cli_error(cli, err);
}

static void say_change(const struct doing *doing)
{
    struct cli *cli = doing->cli;
    ndf_selection *after = NULL;
    if (cli->args.given[OPT_QUIET] || doing->confidence < 0) return;
    int err =
        ndf_select(cli->engine, doing->context, LOOKED_AT, &after, &cli->error);
    if (err != NDF_OK) return;
    double now = confidence_of(after, doing->pattern);
    if (now >= 0)
        cli_say(cli, "confidence in %s for this task: %.3f before, %.3f now",
            doing->pattern, doing->confidence, now);
    ndf_selection_free(after);
}

/* Runs a pattern for each part of the task. */
static int do_parts(
    struct doing *doing, const json_t *compose, struct delegation *delegation)
{
    struct cli *cli = doing->cli;
    char *text = cli_json(&cli->out, compose);
    int status;
    if (!cli->args.given[OPT_QUIET]) {
        cli_say(cli, "the task asks for several things, which are done %s:",
            strcmp(cli_get(compose, "kind"), "parallel") == 0
                ? "side by side"
                : "one after another");
        cli_print_parts(&cli->err, compose);
    }
    if (cli->args.given[OPT_DRY_RUN]) {
        status = plan_print_composed(cli, text, doing->context);
    } else {
        delegation->compose = text;
        delegation->context = doing->context;
        status = delegate(cli, delegation, NULL);
        if (delegation->started) delegate_say_others(cli);
    }
    cli_free(text);
    return status;
}

static int do_it(struct doing *doing)
{
    struct cli *cli = doing->cli;
    struct delegation delegation = {0};
    int status = delegate_timeout(cli, &delegation.timeout_ms);
    bool dry = cli->args.given[OPT_DRY_RUN];
    if (status == STATUS_DONE)
        status = cli_open(cli, dry ? OPEN_FOR_READING : OPEN_FOR_WORK);
    if (status == STATUS_DONE) status = cli_vectors(cli, cli->engine);
    if (status == STATUS_DONE) status = cli_refresh(cli);
    if (status == STATUS_DONE)
        status = cli_context(cli, doing->json, &doing->context);
    json_t *compose = NULL;
    if (status == STATUS_DONE && cli->args.given[OPT_COMPOSE])
        status = cli_compose(cli, doing->context, &compose);
    if (compose != NULL) {
        status = do_parts(doing, compose, &delegation);
        json_decref(compose);
        return status;
    }
    if (status == STATUS_DONE) status = choose(doing);
    if (status != STATUS_DONE) return status;
    say_choice(doing);
    if (dry) return plan_print(cli, doing->pattern, doing->context);
    delegation.pattern = doing->pattern;
    delegation.context = doing->context;
    status = delegate(cli, &delegation, NULL);
    if (delegation.started) {
        keep_pick(doing);
        say_change(doing);
        delegate_say_others(cli);
    }
    return status;
}

int cmd_do(struct cli *cli)
{
    struct doing doing = {.cli = cli};
    int status;
    if (background_split(cli, &status)) return status;
    if (cli->args.given[OPT_COMPOSE] && cli->args.given[OPT_PICK])
        return cli_fail(cli, STATUS_USAGE,
            "--compose and --pick exclude each other: leave one out");
    doing.json = cli_context_json(cli, 0, &status);
    if (doing.json == NULL) return status;
    if (json_string_length(json_object_get(doing.json, "text")) == 0)
        status = cli_fail(cli, STATUS_USAGE,
            "say what is to be done: ndf do \"fix the failing test\"");
    else status = do_it(&doing);
    ndf_selection_free(doing.selection);
    ndf_context_free(doing.context);
    json_decref(doing.json);
    cli_free(doing.pattern);
    return status;
}
