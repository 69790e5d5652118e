/*
 * cmd_dev.c - keeping the store: export, import, check, backup, schema.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

static int write_piece(void *ud, const char *bytes, size_t size)
{
    return fwrite(bytes, 1, size, ud) == size ? 0 : -1;
}

int cmd_dev_export(struct cli *cli)
{
    const char *path = cli->args.word_count > 0 ? cli->args.words[0] : "-";
    int status = cli_open(cli, OPEN_FOR_READING);
    if (status != STATUS_DONE) return status;
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdout : fopen(path, "wbx");
    if (file == NULL)
        return cli_fail(
            cli, STATUS_USAGE, "cannot make %s: %s", path, strerror(errno));
    int err = ndf_export(cli->engine, write_piece, file, &cli->error);
    bool failed = fflush(file) != 0 || ferror(file) != 0;
    int number = errno;
    if (!standard) failed |= fclose(file) != 0;
    /* Of standard output main says what is wrong. */
    if (failed && standard) return STATUS_DONE;
    if (failed)
        return cli_fail(
            cli, STATUS_FAILED, "cannot write %s: %s", path, strerror(number));
    return err == NDF_OK ? STATUS_DONE : cli_error(cli, err);
}

static int import_lines(struct cli *cli, FILE *file, const char *path)
{
    char *line = NULL;
    size_t capacity = 0;
    unsigned long number = 0;
    int err = NDF_OK;
    while (err == NDF_OK) {
        ssize_t got = getline(&line, &capacity, file);
        if (got < 0) break;
        number++;
        size_t size = (size_t)got;
        if (size > 0 && line[size - 1] == '\n') size--;
        if (size == 0) continue;
        err = ndf_import_line(cli->engine, line, size, &cli->error);
    }
    free(line);
    if (err != NDF_OK)
        return cli_fail(cli, cli_status(err), "%s:%lu: %s", path, number,
            cli->error.code == err ? cli->error.message : ndf_strerror(err));
    if (ferror(file) != 0)
        return cli_fail(cli, STATUS_USAGE, "cannot read %s", path);
    cli_say(cli, "%lu lines read", number);
    return STATUS_DONE;
}

int cmd_dev_import(struct cli *cli)
{
    const char *path = cli->args.words[0];
    bool standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (file == NULL)
        return cli_fail(cli, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_USAGE,
            "cannot read %s: %s", path, strerror(errno));
    int status = cli_open(cli, OPEN_TO_FILL);
    if (status == STATUS_DONE) status = import_lines(cli, file, path);
    if (!standard) (void)fclose(file);
    return status;
}

static int print_check(const struct cli *cli, const json_t *report)
{
    const json_t *problems = json_object_get(report, "problems");
    for (size_t i = 0; i < json_array_size(problems); i++) {
        json_t *problem = json_array_get(problems, i);
        if (json_is_string(problem)) {
            (void)term_line(&cli->out, json_string_value(problem), 0);
            (void)fputc('\n', cli->out.file);
        } else {
            cli_print_value(&cli->out, problem, 0);
        }
    }
    char *runs = cli_member_text(report, "runs");
    char *records = cli_member_text(report, "records");
    size_t count = json_array_size(problems);
    if (count == 0)
        cli_say(cli, "the store is sound: %s runs, %s records", runs, records);
    else
        (void)cli_fail(cli, 0,
            "the store is damaged: %zu problems in %s runs and %s records; "
            "go back to a backup, or export what is left",
            count, runs, records);
    cli_free(runs);
    cli_free(records);
    return count == 0 ? STATUS_DONE : STATUS_STORE;
}

int cmd_dev_check(struct cli *cli)
{
    int status = cli_open(cli, OPEN_FOR_READING);
    if (status != STATUS_DONE) return status;
    ndf_text *text = NULL;
    int err = ndf_check(cli->engine, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    json_error_t ignored;
    json_t *report = json_loadb(
        ndf_text_data(text), ndf_text_size(text), JSON_DECODE_ANY, &ignored);
    if (cli->args.given[OPT_JSON]) {
        cli_print_json(cli, text);
        bool ok = json_array_size(json_object_get(report, "problems")) == 0;
        status = ok ? STATUS_DONE : STATUS_STORE;
    } else {
        ndf_text_free(text);
        status = print_check(cli, report);
    }
    json_decref(report);
    return status;
}

int cmd_dev_backup(struct cli *cli)
{
    const char *path = cli->args.words[0];
    int status = cli_open(cli, OPEN_FOR_READING);
    if (status != STATUS_DONE) return status;
    int err = ndf_backup(cli->engine, path, &cli->error);
    if (err != NDF_OK) {
        (void)cli_error(cli, err);
        return STATUS_STORE;
    }
    cli_say(cli, "copied to %s", path);
    return STATUS_DONE;
}

int cmd_dev_compile(struct cli *cli)
{
    int status = cli_open(cli, OPEN_FOR_READING);
    if (status != STATUS_DONE) return status;
    ndf_text *text = NULL;
    int err = ndf_compile(cli->engine, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    if (cli->args.given[OPT_JSON]) {
        cli_print_json(cli, text);
        return STATUS_DONE;
    }
    json_error_t ignored;
    json_t *report = json_loadb(
        ndf_text_data(text), ndf_text_size(text), JSON_DECODE_ANY, &ignored);
    char *patterns = cli_member_text(report, "patterns");
    char *bytes = cli_member_text(report, "bytes");
    const char *problem = json_string_value(json_object_get(report, "problem"));
    if (problem != NULL) cli_say(cli, "%s", problem);
    cli_say(cli, "%s patterns and agents are ready (%s bytes kept)", patterns,
        bytes);
    cli_free(patterns);
    cli_free(bytes);
    json_decref(report);
    ndf_text_free(text);
    return STATUS_DONE;
}

int cmd_dev_schema(struct cli *cli)
{
    (void)fputs(ndf_schema(), cli->out.file);
    return STATUS_DONE;
}
