/*
 * cmd_learn.c - what was learned: shown, learned anew, taken from elsewhere.
 */
#include <inttypes.h>
#include <string.h>

#include "cli/cli.h"

/* ---- showing --------------------------------------------------------------
 */

static int64_t count_of(const json_t *object, const char *key)
{
    return json_integer_value(json_object_get(object, key));
}

static void add_line(struct table *table, const char *name, char *value)
{
    const char *cells[] = {name, value};
    table_row(table, cells);
    cli_free(value);
}

static char *size_text(int64_t bytes)
{
    return bytes < 1000000 ? cli_format("%.1f kB", (double)bytes / 1e3)
                           : cli_format("%.1f MB", (double)bytes / 1e6);
}

static void add_sizes(struct table *table, const json_t *doc)
{
    char *held = size_text(count_of(doc, "bytes"));
    char *most = size_text(count_of(doc, "bytes_max"));
    add_line(table, "memory", cli_format("%s of at most %s", held, most));
    cli_free(held);
    cli_free(most);
    const json_t *file = json_object_get(doc, "checkpoint");
    if (file == NULL) return;
    char *size = size_text(count_of(file, "bytes"));
    add_line(table, "checkpoint",
        cli_format("%s (%s, up to outcome %" PRId64 ")", cli_get(file, "path"),
            size, count_of(file, "number")));
    cli_free(size);
}

static void print_known(const struct cli *cli, const json_t *doc)
{
    static const struct {
        const char *key, *name;
    } counts[] = {{"number", "up to outcome"}, {"lessons", "lessons"},
        {"classes", "patterns and agents"}, {"features", "features of tasks"},
        {"weights", "weights"}, {"examples", "examples"}};
    struct table *table = table_new("ll");
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        add_line(table, counts[i].name,
            cli_format("%" PRId64, count_of(doc, counts[i].key)));
    add_sizes(table, doc);
    table_print(table, &cli->out);
}

static bool has_choices(const json_t *bin)
{
    return json_number_value(json_object_get(bin, "count")) > 0;
}

static void add_bin(struct table *table, const json_t *bin)
{
    char *to = cli_number(json_object_get(bin, "to"), 2);
    char *range = cli_format("to %s", to);
    char *count = cli_number(json_object_get(bin, "count"), 0);
    char *fit = cli_number(json_object_get(bin, "fit"), 2);
    char *right = cli_number(json_object_get(bin, "right"), 2);
    const char *cells[] = {range, count, fit, right};
    table_row(table, cells);
    cli_free(to);
    cli_free(range);
    cli_free(count);
    cli_free(fit);
    cli_free(right);
}

/* How far the fit is from meaning what it says. */
static void print_reliability(const struct cli *cli, const json_t *bins)
{
    struct table *table = NULL;
    const char *head[] = {"fit", "choices", "mean fit", "right"};
    for (size_t i = 0; i < json_array_size(bins); i++) {
        const json_t *bin = json_array_get(bins, i);
        if (!has_choices(bin)) continue;
        if (table == NULL) {
            table = table_new("rrrr");
            table_row(table, head);
        }
        add_bin(table, bin);
    }
    if (table == NULL) return;
    (void)fputc('\n', cli->out.file);
    table_print(table, &cli->out);
}

static int show(struct cli *cli)
{
    ndf_text *text = NULL;
    int err = ndf_learned(cli->engine, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    if (cli->args.given[OPT_JSON]) {
        cli_print_json(cli, text);
        return STATUS_DONE;
    }
    json_t *doc = cli_document(text);
    print_known(cli, doc);
    print_reliability(cli, json_object_get(doc, "reliability"));
    if (cli_get(doc, "problem")[0] != '\0')
        cli_say(cli, "%s", cli_get(doc, "problem"));
    json_decref(doc);
    return STATUS_DONE;
}

/* ---- learning anew --------------------------------------------------------
 */

static int rebuild(struct cli *cli)
{
    ndf_text *text = NULL;
    int err = ndf_learn_rebuild(cli->engine, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    if (cli->args.given[OPT_JSON]) {
        cli_print_json(cli, text);
        return STATUS_DONE;
    }
    json_t *doc = cli_document(text);
    bool same = json_is_true(json_object_get(doc, "same"));
    cli_say(cli,
        "learned anew from %" PRId64 " lessons, up to outcome %" PRId64 ": %s",
        count_of(doc, "lessons"), count_of(doc, "number"),
        same ? "the same as before, byte for byte"
             : "not the same as before; this replaces it");
    json_decref(doc);
    return STATUS_DONE;
}

static int merge(struct cli *cli, const char *path)
{
    ndf_text *text = NULL;
    int err = ndf_learn_merge(
        cli->engine, path, !cli->args.given[OPT_NO_TEXTS], &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    if (cli->args.given[OPT_JSON]) {
        cli_print_json(cli, text);
        return STATUS_DONE;
    }
    json_t *doc = cli_document(text);
    cli_say(cli,
        "%" PRId64 " outcomes taken, %" PRId64 " were there; all was learned "
        "and counted anew",
        count_of(doc, "taken"), count_of(doc, "known"));
    json_decref(doc);
    return STATUS_DONE;
}

int cmd_dev_learn(struct cli *cli)
{
    const struct args *args = &cli->args;
    const char *verb = args->word_count > 0 ? args->words[0] : "";
    bool anew = strcmp(verb, "rebuild") == 0;
    bool from = strcmp(verb, "merge") == 0;
    if (args->word_count > 0 && !anew && !from)
        return cli_fail(cli, STATUS_USAGE,
            "'%s' is nothing to do with what was learned: say rebuild, or "
            "merge STORE",
            verb);
    if (from != (args->word_count == 2))
        return cli_fail(cli, STATUS_USAGE,
            from ? "which store? ndf dev learn merge STORE"
                 : "rebuild takes no more words");
    if (args->given[OPT_NO_TEXTS] && !from)
        return cli_fail(cli, STATUS_USAGE, "--no-texts is for merge only");
    int status = cli_open(cli, anew || from ? OPEN_FOR_WORK : OPEN_FOR_READING);
    if (status != STATUS_DONE) return status;
    if (anew) return rebuild(cli);
    return from ? merge(cli, args->words[1]) : show(cli);
}
