/*
 * cmd_why.c - the ranking for a task with its reasons; why not another.
 */
#include <math.h>
#include <string.h>

#include "cli/cli.h"

enum { USUAL_LIMIT = 5 };

static void print_ranking(
    const struct term *out, const json_t *ranked, const char *chosen)
{
    struct table *table = table_new("rlrrrlr");
    const char *head[] = {
        "", "pattern", "fit", "success", "confidence", "level", "runs"};
    table_row(table, head);
    size_t i;
    const json_t *item;
    json_array_foreach(ranked, i, item)
    {
        const char *name = cli_get(item, "name");
        char *cells[] = {cli_format("%zu", i + 1),
            cli_number(json_object_get(item, "fit"), 3),
            cli_number(json_object_get(item, "success"), 3),
            cli_number(json_object_get(item, "confidence"), 3),
            cli_member_text(item, "executions")};
        const char *row[] = {cells[0], name, cells[1], cells[2], cells[3],
            cli_get(item, "level"), cells[4]};
        bool is_chosen = strcmp(name, chosen) == 0;
        table_row(table, row);
        table_style(table, 1, is_chosen ? STYLE_GOOD : STYLE_BOLD);
        for (size_t c = 0; c < sizeof cells / sizeof cells[0]; c++)
            cli_free(cells[c]);
    }
    table_print(table, out);
}

/* What each factor of fit means; the numbers are the selector's. */
static const char *factor_words(const char *name)
{
    static const struct {
        const char *name, *words;
    } factors[] = {
        {"base", "before any evidence"},
        {"words", "of the task's words, weighed by how rare they are"},
        {"cosine", "alike in words and groups of letters"},
        {"margin", "ahead of the next best one"},
        {"known", "of the task is known to any pattern"},
        {"crowd", "for the number of patterns that compete"},
        {"not_for", "like what it is not for"},
        {"only_if", "predicates of its law hold"},
        {"good_for", "of what it is good for holds"},
        {"domain", "its name has the task's domain"},
        {"kind", "suits the kind of work"},
    };
    for (size_t i = 0; i < sizeof factors / sizeof factors[0]; i++)
        if (strcmp(factors[i].name, name) == 0) return factors[i].words;
    return name;
}

static void print_factors(const struct term *out, const json_t *item)
{
    struct table *table = table_new("lrrll");
    const char *head[] = {"because", "value", "weighs", "", ""};
    table_row(table, head);
    size_t i;
    const json_t *factor;
    json_array_foreach(json_object_get(item, "factors"), i, factor)
    {
        double weight =
            json_number_value(json_object_get(factor, "contribution"));
        const char *name = cli_get(factor, "factor");
        char *value = cli_number(json_object_get(factor, "value"), 3);
        char *weighs = cli_format("%+.2f", weight);
        const char *cells[] = {
            name, value, weighs, factor_words(name), cli_get(factor, "words")};
        table_row(table, cells);
        if (fabs(weight) >= 0.005)
            table_style(table, 2, weight > 0 ? STYLE_GOOD : STYLE_BAD);
        table_style(table, 3, STYLE_DIM);
        cli_free(value);
        cli_free(weighs);
    }
    table_print(table, out);
}

static void print_best(const struct term *out, const json_t *best)
{
    (void)fputc('\n', out->file);
    term_styled(out, STYLE_BOLD, cli_get(best, "name"));
    (void)fputc('\n', out->file);
    print_factors(out, best);
    const json_t *copies = json_object_get(best, "copies");
    size_t i;
    const json_t *copy;
    json_array_foreach(copies, i, copy)
    {
        (void)fputs(i == 0 ? "the same as " : ", ", out->file);
        (void)term_line(out, json_string_value(copy), 0);
    }
    if (json_array_size(copies) > 0) (void)fputc('\n', out->file);
}

static void print_selection(const struct cli *cli, const json_t *doc)
{
    const struct term *out = &cli->out;
    const json_t *ranked = json_object_get(doc, "ranked");
    print_ranking(out, ranked, cli_get(doc, "chosen"));
    if (json_array_size(ranked) > 0) print_best(out, json_array_get(ranked, 0));
    (void)fputs(json_array_size(ranked) > 0 ? "\n" : "", out->file);
    (void)term_line(out, cli_get(doc, "reason"), 0);
    (void)fputc('\n', out->file);
}

static int why(struct cli *cli, const ndf_context *context, size_t limit)
{
    ndf_selection *selection = NULL;
    ndf_text *text = NULL;
    int err = ndf_select(cli->engine, context, limit, &selection, &cli->error);
    if (err == NDF_OK) err = ndf_selection_json(selection, &text);
    ndf_selection_free(selection);
    if (err != NDF_OK) return cli_error(cli, err);
    if (cli->args.given[OPT_JSON]) {
        cli_print_json(cli, text);
        return STATUS_DONE;
    }
    json_t *doc = cli_document(text);
    print_selection(cli, doc);
    json_decref(doc);
    return STATUS_DONE;
}

static int why_not(
    struct cli *cli, const ndf_context *context, const char *pattern)
{
    ndf_text *text = NULL;
    int err = ndf_explain(cli->engine, context, pattern, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    if (cli->args.given[OPT_JSON]) {
        cli_print_json(cli, text);
        return STATUS_DONE;
    }
    json_t *doc = cli_document(text);
    cli_print_value(&cli->out, doc, 0);
    json_decref(doc);
    return STATUS_DONE;
}

int cmd_why(struct cli *cli)
{
    long limit = cli_limit(cli, USUAL_LIMIT);
    if (limit < 0) return STATUS_USAGE;
    int status;
    ndf_context *context = NULL;
    json_t *json = cli_context_json(cli, 0, &status);
    if (json == NULL) return status;
    status = cli_open(cli, OPEN_FOR_READING);
    if (status == STATUS_DONE) status = cli_refresh(cli);
    if (status == STATUS_DONE) status = cli_context(cli, json, &context);
    const char *other = cli->args.values[OPT_NOT];
    if (status == STATUS_DONE)
        status = other != NULL ? why_not(cli, context, other)
                               : why(cli, context, (size_t)limit);
    ndf_context_free(context);
    json_decref(json);
    return status;
}
