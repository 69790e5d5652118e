/*
 * cmd_ls.c - lists of patterns, agents, runs and sources.
 */
#include <string.h>

#include "cli/cli.h"
#include "cli/run_doc.h"

struct kind {
    const char *name;
    int list; /* enum ndf_list_kind */
    void (*print)(const struct cli *cli, const json_t *list);
};

static enum style style_of_state(const char *state)
{
    if (strcmp(state, "succeeded") == 0) return STYLE_GOOD;
    if (strcmp(state, "running") == 0) return STYLE_NAME;
    if (strcmp(state, "cancelled") == 0) return STYLE_WARN;
    if (strcmp(state, "interrupted") == 0) return STYLE_WARN;
    if (strcmp(state, "waiting") == 0) return STYLE_WARN;
    return STYLE_BAD;
}

static void print_patterns(const struct cli *cli, const json_t *list)
{
    struct table *table = table_new("llrl");
    const char *head[] = {"pattern", "kind", "steps", "description"};
    table_row(table, head);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        char *steps = cli_member_text(item, "steps");
        const char *cells[] = {cli_get(item, "name"), cli_get(item, "kind"),
            steps, cli_get(item, "description")};
        table_row(table, cells);
        table_style(table, 0, STYLE_BOLD);
        cli_free(steps);
    }
    table_print(table, &cli->out);
}

static void print_agents(const struct cli *cli, const json_t *list)
{
    struct table *table = table_new("llll");
    const char *head[] = {"agent", "source", "program", "description"};
    table_row(table, head);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        bool runs = json_is_true(json_object_get(item, "runs"));
        const char *cells[] = {cli_get(item, "name"), cli_get(item, "source"),
            runs ? "yes" : "none", cli_get(item, "description")};
        table_row(table, cells);
        table_style(table, 0, STYLE_BOLD);
        if (!runs) table_style(table, 2, STYLE_DIM);
    }
    table_print(table, &cli->out);
}

static void print_runs(const struct cli *cli, const json_t *list)
{
    struct table *table = table_new("lllrll");
    const char *head[] = {"run", "state", "started", "took", "pattern", "task"};
    table_row(table, head);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        char when[TERM_TIME_SIZE];
        char took[TERM_TIME_SIZE] = "-";
        int64_t elapsed = run_doc_ms(item, "elapsed_ms");
        term_when(run_doc_ms(item, "started_ms"), when);
        if (elapsed >= 0) term_duration((uint64_t)elapsed, took);
        const char *state = cli_get(item, "state");
        const char *cells[] = {cli_get(item, "id"), state, when, took,
            cli_get(item, "pattern"), cli_get(item, "text")};
        table_row(table, cells);
        table_style(table, 0, STYLE_BOLD);
        table_style(table, 1, style_of_state(state));
    }
    table_print(table, &cli->out);
    run_doc_say_interrupted(cli, list);
}

static void print_sources(const struct cli *cli, const json_t *list)
{
    struct table *table = table_new("llrrl");
    const char *head[] = {"source", "kind", "agents", "patterns", "path"};
    table_row(table, head);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        char *agents = cli_member_text(item, "agents");
        char *patterns = cli_member_text(item, "patterns");
        const char *cells[] = {cli_get(item, "name"), cli_get(item, "kind"),
            agents, patterns, cli_get(item, "path")};
        table_row(table, cells);
        table_style(table, 0, STYLE_BOLD);
        cli_free(agents);
        cli_free(patterns);
    }
    table_print(table, &cli->out);
}

static const struct kind kinds[] = {
    {"patterns", NDF_LIST_PATTERNS, print_patterns},
    {"agents", NDF_LIST_AGENTS, print_agents},
    {"runs", NDF_LIST_RUNS, print_runs},
    {"sources", NDF_LIST_SOURCES, print_sources},
};

enum { KIND_COUNT = sizeof kinds / sizeof kinds[0] };

static void print_names(const struct cli *cli, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        const char *id = cli_get(item, "id");
        (void)term_line(
            &cli->out, id[0] != '\0' ? id : cli_get(item, "name"), 0);
        (void)fputc('\n', cli->out.file);
    }
}

/* One list; *count gets its length. */
static int list_kind(
    struct cli *cli, const struct kind *kind, size_t limit, size_t *count)
{
    ndf_text *text = NULL;
    int err = ndf_list(cli->engine, kind->list, limit, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    if (cli->args.given[OPT_JSON]) {
        *count = 1;
        cli_print_json(cli, text);
        return STATUS_DONE;
    }
    json_t *list = cli_document(text);
    if (cli->args.given[OPT_NAMES]) print_names(cli, list);
    else if (json_array_size(list) > 0 && *count > 0)
        (void)fputc('\n', cli->out.file);
    if (!cli->args.given[OPT_NAMES]) kind->print(cli, list);
    *count += json_array_size(list);
    json_decref(list);
    return STATUS_DONE;
}

/* Without a kind: what can be delegated to, which is patterns and agents. */
static int list_both(struct cli *cli, size_t limit)
{
    size_t count = 0;
    if (cli->args.given[OPT_JSON]) {
        (void)fputs("{\"agents\":", cli->out.file);
        ndf_text *text[2] = {NULL, NULL};
        int err = ndf_list(
            cli->engine, NDF_LIST_AGENTS, limit, &text[0], &cli->error);
        if (err == NDF_OK)
            err = ndf_list(
                cli->engine, NDF_LIST_PATTERNS, limit, &text[1], &cli->error);
        if (err == NDF_OK)
            (void)fprintf(cli->out.file, "%s,\"patterns\":%s}\n",
                ndf_text_data(text[0]), ndf_text_data(text[1]));
        ndf_text_free(text[0]);
        ndf_text_free(text[1]);
        return err == NDF_OK ? STATUS_DONE : cli_error(cli, err);
    }
    int status = list_kind(cli, &kinds[0], limit, &count);
    if (status == STATUS_DONE)
        status = list_kind(cli, &kinds[1], limit, &count);
    if (status == STATUS_DONE && count == 0 && !cli->args.given[OPT_NAMES])
        cli_say(cli, "nothing yet: ndf import FOLDER");
    return status;
}

int cmd_ls(struct cli *cli)
{
    const char *word = cli->args.word_count > 0 ? cli->args.words[0] : NULL;
    const struct kind *kind = NULL;
    const char *names[KIND_COUNT];
    for (size_t i = 0; i < KIND_COUNT; i++) {
        names[i] = kinds[i].name;
        if (word != NULL && strcmp(word, kinds[i].name) == 0) kind = &kinds[i];
    }
    if (word != NULL && kind == NULL) {
        const char *near = nearest_word(word, names, KIND_COUNT);
        return cli_fail(cli, STATUS_USAGE,
            "expected agents, patterns, runs or sources, got '%s'%s%s%s", word,
            near != NULL ? ": did you mean " : "", near != NULL ? near : "",
            near != NULL ? "?" : "");
    }
    long limit = cli_count(cli, OPT_LIMIT, 0);
    if (limit < 0) return STATUS_USAGE;
    int status = cli_open(cli, OPEN_FOR_READING);
    if (status == STATUS_DONE && (kind == NULL || kind->list != NDF_LIST_RUNS))
        status = cli_refresh(cli);
    if (status != STATUS_DONE) return status;
    if (kind == NULL) return list_both(cli, (size_t)limit);
    size_t count = 0;
    status = list_kind(cli, kind, (size_t)limit, &count);
    if (status == STATUS_DONE && count == 0 && !cli->args.given[OPT_NAMES])
        cli_say(cli, "no %s yet", kind->name);
    return status;
}
