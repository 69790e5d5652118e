/*
 * cmd_stats.c - how often patterns were executed, and how well they work.
 */
#include <string.h>

#include "cli/cli.h"
#include "cli/run_doc.h"

static void add_counts(
    struct table *table, const json_t *item, const char *name)
{
    char *executions = cli_member_text(item, "executions");
    char *wins = cli_number(json_object_get(item, "wins"), 1);
    char *tries = cli_number(json_object_get(item, "tries"), 1);
    char *success = cli_number(json_object_get(item, "success"), 2);
    char *lower = cli_number(json_object_get(item, "success_lower"), 2);
    char when[TERM_TIME_SIZE] = "";
    int64_t last = run_doc_ms(item, "last_ms");
    bool any = json_integer_value(json_object_get(item, "executions")) > 0;
    if (last >= 0 && any) term_when(last, when);
    const char *cells[] = {name, executions, wins, tries, success, lower, when};
    table_row(table, cells);
    cli_free(executions);
    cli_free(wins);
    cli_free(tries);
    cli_free(success);
    cli_free(lower);
}

static void add_pattern(struct table *table, const json_t *item)
{
    add_counts(table, item, cli_get(item, "name"));
    table_style(table, 0, STYLE_BOLD);
    const json_t *list = json_object_get(item, "domains");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *domain = json_array_get(list, i);
        char *name = cli_format("  in %s", cli_get(domain, "domain"));
        add_counts(table, domain, name);
        cli_free(name);
    }
}

int cmd_stats(struct cli *cli)
{
    int status = cli_open(cli, OPEN_FOR_READING);
    if (status != STATUS_DONE) return status;
    const char *pattern = cli->args.word_count > 0 ? cli->args.words[0] : NULL;
    ndf_text *text = NULL;
    int err = ndf_stats(cli->engine, pattern, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    if (cli->args.given[OPT_JSON]) {
        cli_print_json(cli, text);
        return STATUS_DONE;
    }
    json_t *doc = cli_document(text);
    struct table *table = table_new("lrrrrrl");
    const char *head[] = {
        "pattern", "runs", "wins", "of", "success", "at least", "last"};
    table_row(table, head);
    if (json_is_object(doc)) add_pattern(table, doc);
    for (size_t i = 0; i < json_array_size(doc); i++)
        add_pattern(table, json_array_get(doc, i));
    bool empty = json_is_array(doc) && json_array_size(doc) == 0;
    table_print(table, &cli->out);
    json_decref(doc);
    if (empty) cli_say(cli, "nothing was run yet");
    return STATUS_DONE;
}
