/*
 * cmd_import.c - bringing agents and patterns in: init, import, trust.
 */
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

enum { NEAR_COPIES_SHOWN = 5 };

/* "3 agents", "1 agent" */
static char *counted(const json_t *report, const char *key)
{
    json_int_t count = json_integer_value(json_object_get(report, key));
    size_t size = strlen(key) - (count == 1 ? 1 : 0);
    return cli_format("%lld %.*s", (long long)count, (int)size, key);
}

static void say_counts(const struct cli *cli, const json_t *report)
{
    char *agents = counted(report, "agents");
    char *patterns = counted(report, "patterns");
    char *files = counted(report, "files");
    json_int_t folded = json_integer_value(json_object_get(report, "folded"));
    cli_say(cli, "%s: %s and %s in %s", cli_get(report, "source"), agents,
        patterns, files);
    if (folded > 0)
        cli_say(cli, "%lld of them are exact copies of others, and folded",
            (long long)folded);
    cli_free(agents);
    cli_free(patterns);
    cli_free(files);
}

/* Selecting can hardly tell them apart: people may. */
static void say_near_copies(const struct cli *cli, const json_t *report)
{
    const json_t *list = json_object_get(report, "near_copies");
    size_t count = json_array_size(list);
    for (size_t i = 0; i < count && i < NEAR_COPIES_SHOWN; i++) {
        const json_t *item = json_array_get(list, i);
        cli_say(cli,
            "'%s' says nearly the same as '%s' (%.2f): remove one, or describe "
            "how they differ",
            cli_get(item, "name"), cli_get(item, "of"),
            json_number_value(json_object_get(item, "likeness")));
    }
    if (count > NEAR_COPIES_SHOWN)
        cli_say(cli, "%zu more say nearly the same as another one (--json)",
            count - NEAR_COPIES_SHOWN);
}

/* Imports one path and reports; *reports gets the document. */
static int import_path(struct cli *cli, const char *path, json_t *reports)
{
    const struct args *args = &cli->args;
    ndf_text *text = NULL;
    int err = ndf_import(cli->engine, path, args->values[OPT_SOURCE],
        args->rest, &text, &cli->error);
    /* A file that is there and holds no agent is not what it should be. */
    if (err == NDF_ENOTFOUND && access(path, F_OK) == 0) {
        (void)cli_error(cli, err);
        return STATUS_USAGE;
    }
    if (err != NDF_OK) return cli_error(cli, err);
    json_t *report = cli_document(text);
    size_t errors = cli_print_report(cli, report);
    say_counts(cli, report);
    say_near_copies(cli, report);
    (void)json_array_append_new(reports, report);
    return errors == 0 ? STATUS_DONE : STATUS_USAGE;
}

/* A single path gives the API's document, several an array of them. */
static void print_reports(const struct cli *cli, json_t *reports)
{
    const json_t *what =
        json_array_size(reports) == 1 ? json_array_get(reports, 0) : reports;
    (void)json_dumpf(what, cli->out.file,
        cli->out.tty ? JSON_INDENT(2) : JSON_COMPACT | JSON_SORT_KEYS);
    (void)fputc('\n', cli->out.file);
}

/* How the program may be run: what was imported is not trusted by that. */
static void say_trust(struct cli *cli, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) return;
    int trusted = 1;
    int err = ndf_trust_folder(
        cli->engine, path, NDF_TRUST_ASK, &trusted, &cli->error);
    if (!cli_has_home()) cli_say(cli, "%s", CLI_NO_HOME);
    else if (err == NDF_OK && !trusted)
        cli_say(cli,
            "Its programs are not run before you trust the folder: ndf trust "
            "%s",
            path);
}

int cmd_import(struct cli *cli)
{
    int status = cli_open(cli, OPEN_TO_FILL);
    if (status != STATUS_DONE) return status;
    json_t *reports = json_array();
    for (size_t i = 0; i < cli->args.word_count; i++) {
        int one = import_path(cli, cli->args.words[i], reports);
        if (status == STATUS_DONE) status = one;
        if (one == STATUS_DONE) say_trust(cli, cli->args.words[i]);
    }
    if (cli->args.given[OPT_JSON]) print_reports(cli, reports);
    json_decref(reports);
    return status;
}

/* ---- init ---------------------------------------------------------------- */

static int import_if_there(struct cli *cli, const char *path, json_t *reports)
{
    if (access(path, F_OK) != 0) return STATUS_DONE;
    return import_path(cli, path, reports);
}

static int import_here(struct cli *cli, json_t *reports)
{
    static const char *const usual[] = {".claude/agents", "ndf.yaml"};
    int status = STATUS_DONE;
    for (size_t i = 0; i < 2; i++) {
        int one = import_if_there(cli, usual[i], reports);
        if (status == STATUS_DONE) status = one;
    }
    glob_t found;
    if (glob("*.ndf.yaml", 0, NULL, &found) != 0) return status;
    for (size_t i = 0; i < found.gl_pathc; i++) {
        int one = import_if_there(cli, found.gl_pathv[i], reports);
        if (status == STATUS_DONE) status = one;
    }
    globfree(&found);
    return status;
}

/* The project's store holds what was done here: not for version control. */
static void write_ignore(void)
{
    FILE *file = fopen(".ndf/.gitignore", "wx");
    if (file == NULL) return;
    (void)fputs("*\n", file);
    (void)fclose(file);
}

/* A store that is named is made where it was named; else the project's. */
static bool is_named(const struct cli *cli)
{
    const char *named = getenv("NDF_STORE");
    return cli->args.given[OPT_STORE] || (named != NULL && named[0] != '\0');
}

int cmd_init(struct cli *cli)
{
    char *path = is_named(cli) ? cli_store_path(cli) : cli_text(".ndf/ndf.db");
    bool was_there = access(path, F_OK) == 0;
    bool own_folder = !is_named(cli);
    cli->args.values[OPT_STORE] = path;
    int status = cli_open(cli, OPEN_TO_FILL);
    if (status == STATUS_DONE && own_folder) write_ignore();
    if (status == STATUS_DONE) {
        cli_say(cli, "%s %s", was_there ? "there is a store already:" : "made",
            path);
        json_t *reports = json_array();
        status = import_here(cli, reports);
        if (status != STATUS_DONE)
            cli_say(cli, "Next: mend that and call ndf init again.");
        else if (json_array_size(reports) == 0)
            cli_say(cli, "Next: ndf import FOLDER, or write a pattern into "
                         "ndf.yaml and call ndf init again.");
        else if (!cli_has_home()) cli_say(cli, "%s", CLI_NO_HOME);
        else
            cli_say(cli, "Next: ndf trust ., so that programs of this folder "
                         "may be run, then ndf do \"a task\".");
        json_decref(reports);
    }
    cli->args.values[OPT_STORE] = NULL;
    cli_free(path);
    return status;
}

/* ---- trust --------------------------------------------------------------- */

static int print_trusted(struct cli *cli)
{
    ndf_text *text = NULL;
    int err = ndf_trust_list(cli->engine, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    if (cli->args.given[OPT_JSON]) {
        cli_print_json(cli, text);
        return STATUS_DONE;
    }
    json_t *list = cli_document(text);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *path = json_array_get(list, i);
        (void)term_line(&cli->out, json_string_value(path), 0);
        (void)fputc('\n', cli->out.file);
    }
    json_decref(list);
    return STATUS_DONE;
}

int cmd_trust(struct cli *cli)
{
    const struct args *args = &cli->args;
    const char *path = args->word_count > 0 ? args->words[0] : ".";
    int status = cli_open(cli, OPEN_NOTHING);
    if (status != STATUS_DONE) return status;
    if (args->given[OPT_LIST]) return print_trusted(cli);
    int revoke = args->given[OPT_REVOKE];
    int trusted = 0;
    int err = ndf_trust_folder(cli->engine, path,
        revoke ? NDF_TRUST_REVOKE : NDF_TRUST_GRANT, &trusted, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    if (revoke && trusted)
        cli_say(cli,
            "%s is still trusted, through a folder above it: see ndf "
            "trust --list",
            path);
    else
        cli_say(cli,
            revoke ? "programs of %s are not run any more"
                   : "programs of %s may be run",
            path);
    return STATUS_DONE;
}
