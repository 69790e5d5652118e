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
    for (size_t i = 0; i < json_array_size(ranked); i++) {
        const json_t *item = json_array_get(ranked, i);
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
        {"base",
            "how sure the best may be of a choice like this: the same for all"},
        {"words", "words it shares with the task, weighed by rarity"},
        {"similarity", "alike in words and groups of letters"},
        {"past", "its earlier tasks: how alike this one is, and all else they "
                 "taught"},
        {"crowd", "others there are to choose from"},
        {"meaning", "words that mean the same"},
        {"not_for", "alike with what it is not for"},
        {"only_if", "predicates of its law that hold"},
        {"good_for", "predicates of its taste that hold"},
        {"domain", "names the domain of the task"},
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
    const json_t *list = json_object_get(item, "factors");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *factor = json_array_get(list, i);
        double weight =
            json_number_value(json_object_get(factor, "contribution"));
        const char *name = cli_get(factor, "name");
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
    for (size_t i = 0; i < json_array_size(copies); i++) {
        const json_t *copy = json_array_get(copies, i);
        (void)fputs(i == 0 ? "the same as " : ", ", out->file);
        (void)term_line(out, json_string_value(copy), 0);
    }
    if (json_array_size(copies) > 0) (void)fputc('\n', out->file);
    const json_t *near = json_object_get(best, "near_copy");
    if (near == NULL) return;
    (void)fputs("nearly the same as ", out->file);
    (void)term_line(out, cli_get(near, "name"), 0);
    (void)fprintf(out->file, " (%.2f)\n",
        json_number_value(json_object_get(near, "likeness")));
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
    const json_t *compose = json_object_get(doc, "compose");
    if (compose == NULL) return;
    (void)fprintf(out->file,
        "\nIt asks for several things; `ndf do --compose` runs them %s:\n",
        strcmp(cli_get(compose, "kind"), "parallel") == 0
            ? "side by side"
            : "one after another");
    cli_print_parts(out, compose);
}

static int why(struct cli *cli, const ndf_context *context, size_t limit)
{
    ndf_selection *selection = NULL;
    ndf_text *text = NULL;
    ndf_select_options how = NDF_SELECT_OPTIONS_INIT;
    how.limit = limit;
    how.session = cli_session(cli);
    int err =
        ndf_select_with(cli->engine, context, &how, &selection, &cli->error);
    if (err == NDF_OK) err = ndf_selection_json(selection, &text);
    ndf_selection_free(selection);
    if (err != NDF_OK) return cli_error(cli, err);
    json_t *compose;
    int status = cli_compose(cli, context, &compose);
    if (compose == NULL && status == STATUS_DONE && cli->args.given[OPT_JSON]) {
        cli_print_json(cli, text);
        return status;
    }
    json_t *doc = cli_document(text);
    if (compose != NULL) (void)json_object_set_new(doc, "compose", compose);
    if (status == STATUS_DONE && cli->args.given[OPT_JSON])
        cli_print_document(cli, doc);
    else if (status == STATUS_DONE) print_selection(cli, doc);
    json_decref(doc);
    return status;
}

/* ---- why not ------------------------------------------------------------- */

/* The first predicate of each alternative of its law that does not hold. */
static void print_law(const struct cli *cli, const json_t *doc)
{
    const struct term *out = &cli->out;
    const json_t *all = json_object_get(doc, "alternatives");
    size_t count = json_array_size(all);
    (void)term_line(out, cli_get(doc, "pattern"), 0);
    (void)fprintf(out->file, " is excluded: its only_if does not hold%s\n\n",
        count > 1 ? " in any of its alternatives" : "");
    struct table *table = table_new("ll");
    const char *head[] = {"must hold", "but the task"};
    table_row(table, head);
    for (size_t i = 0; i < json_array_size(all); i++) {
        const json_t *item = json_array_get(all, i);
        const char *reason = cli_get(item, "why");
        char *actual = json_dumps(
            json_object_get(item, "actual"), JSON_ENCODE_ANY | JSON_COMPACT);
        bool unknown = strcmp(reason, "unknown") == 0;
        char *text = unknown
                         ? cli_text("does not say")
                         : cli_format("has %s%s", actual != NULL ? actual : "",
                               strcmp(reason, "false") == 0
                                   ? ""
                                   : " (the match was given up)");
        const char *cells[] = {cli_get(item, "predicate"), text};
        table_row(table, cells);
        cli_free(text);
        cli_free(actual);
    }
    table_print(table, out);
}

static void print_compared(const struct term *out, const json_t *doc)
{
    struct table *table = table_new("lrrrrl");
    const char *head[] = {"because", "value", "weighs", "best", "weighs", ""};
    table_row(table, head);
    const json_t *list = json_object_get(doc, "compared");
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *item = json_array_get(list, i);
        double mine = json_number_value(json_object_get(item, "contribution"));
        double best =
            json_number_value(json_object_get(item, "best_contribution"));
        const char *name = cli_get(item, "name");
        char *cells[] = {cli_number(json_object_get(item, "value"), 3),
            cli_format("%+.2f", mine),
            cli_number(json_object_get(item, "best_value"), 3),
            cli_format("%+.2f", best)};
        const char *row[] = {
            name, cells[0], cells[1], cells[2], cells[3], factor_words(name)};
        table_row(table, row);
        if (mine < best) table_style(table, 2, STYLE_BAD);
        if (mine > best) table_style(table, 2, STYLE_GOOD);
        table_style(table, 5, STYLE_DIM);
        for (size_t c = 0; c < sizeof cells / sizeof cells[0]; c++)
            cli_free(cells[c]);
    }
    table_print(table, out);
}

static void add_rival(struct table *table, const json_t *item, const char *name)
{
    char *cells[] = {cli_number(json_object_get(item, "fit"), 3),
        cli_number(json_object_get(item, "success"), 3),
        cli_number(json_object_get(item, "confidence"), 3),
        cli_member_text(item, "executions")};
    const char *row[] = {name, cells[0], cells[1], cells[2], cells[3]};
    table_row(table, row);
    table_style(table, 0, STYLE_BOLD);
    for (size_t c = 0; c < sizeof cells / sizeof cells[0]; c++)
        cli_free(cells[c]);
}

/* What of its law and its taste holds, with the task's own values. */
static void print_held(const struct term *out, const json_t *doc)
{
    const json_t *held = json_object_get(doc, "held");
    if (json_array_size(held) == 0) return;
    struct table *table = table_new("lll");
    const char *head[] = {"holds", "as the task has", ""};
    table_row(table, head);
    for (size_t i = 0; i < json_array_size(held); i++) {
        const json_t *item = json_array_get(held, i);
        char *actual = json_dumps(
            json_object_get(item, "actual"), JSON_ENCODE_ANY | JSON_COMPACT);
        const char *cells[] = {cli_get(item, "predicate"),
            actual != NULL ? actual : "", cli_get(item, "of")};
        table_row(table, cells);
        table_style(table, 2, STYLE_DIM);
        cli_free(actual);
    }
    table_print(table, out);
    (void)fputc('\n', out->file);
}

static void print_why_not(const struct cli *cli, const json_t *doc)
{
    const struct term *out = &cli->out;
    const json_t *best = json_object_get(doc, "best");
    bool eligible = json_is_true(json_object_get(doc, "eligible"));
    if (!eligible && json_object_get(doc, "reason") == NULL) {
        print_law(cli, doc);
        return;
    }
    if (json_is_object(best)) {
        struct table *table = table_new("lrrrr");
        const char *head[] = {
            "pattern", "fit", "success", "confidence", "runs"};
        table_row(table, head);
        add_rival(table, doc, cli_get(doc, "pattern"));
        if (strcmp(cli_get(doc, "pattern"), cli_get(best, "name")) != 0)
            add_rival(table, best, cli_get(best, "name"));
        table_print(table, out);
        (void)fputc('\n', out->file);
        print_compared(out, doc);
        (void)fputc('\n', out->file);
        print_held(out, doc);
    } else {
        (void)term_line(out, cli_get(doc, "pattern"), 0);
        (void)fputs(": ", out->file);
    }
    (void)term_line(out, cli_get(doc, "reason"), 0);
    (void)fputc('\n', out->file);
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
    print_why_not(cli, doc);
    json_decref(doc);
    return STATUS_DONE;
}

int cmd_why(struct cli *cli)
{
    long limit = cli_count(cli, OPT_LIMIT, USUAL_LIMIT);
    if (limit < 0) return STATUS_USAGE;
    int status;
    ndf_context *context = NULL;
    json_t *json = cli_context_json(cli, 0, &status);
    if (json == NULL) return status;
    status = cli_open(cli, OPEN_FOR_READING);
    if (status == STATUS_DONE) status = cli_vectors(cli, cli->engine);
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
