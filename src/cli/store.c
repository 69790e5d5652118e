/*
 * store.c - which store, how it is opened, and what its files say.
 *
 * The store is --store, else $NDF_STORE, else .ndf/ndf.db in this folder or
 * the nearest one above, else the user's.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli.h"

#define PROJECT_STORE ".ndf/ndf.db"

/* What may not be looked at is there as well: opening it tells why not. */
static bool is_there(const char *path)
{
    return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

/* The project's store in this folder or one above it; NULL: none. */
static char *find_project(void)
{
    char folder[PATH_MAX];
    if (getcwd(folder, sizeof folder) == NULL) return NULL;
    for (;;) {
        const char *gap = strcmp(folder, "/") == 0 ? "" : "/";
        char *path = cli_format("%s%s%s", folder, gap, PROJECT_STORE);
        if (is_there(path)) return path;
        cli_free(path);
        char *slash = strrchr(folder, '/');
        if (slash == NULL || strcmp(folder, "/") == 0) return NULL;
        slash[slash == folder ? 1 : 0] = '\0';
    }
}

static bool is_set(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0';
}

static char *user_store(void)
{
    const char *own = getenv("NDF_HOME");
    const char *data = getenv("XDG_DATA_HOME");
    const char *home = getenv("HOME");
    if (own != NULL && own[0] != '\0') return cli_format("%s/ndf.db", own);
    if (data != NULL && data[0] == '/')
        return cli_format("%s/ndf/ndf.db", data);
    if (home != NULL && home[0] != '\0')
        return cli_format("%s/.local/share/ndf/ndf.db", home);
    return cli_text(PROJECT_STORE);
}

bool cli_has_home(void)
{
    const char *data = getenv("XDG_DATA_HOME");
    return is_set("NDF_HOME") || is_set("HOME") ||
           (data != NULL && data[0] == '/');
}

char *cli_store_path(const struct cli *cli)
{
    const char *given = cli->args.values[OPT_STORE];
    const char *named = getenv("NDF_STORE");
    if (given != NULL) return cli_text(given);
    if (named != NULL && named[0] != '\0') return cli_text(named);
    char *project = find_project();
    return project != NULL ? project : user_store();
}

/* 0, or why there is no such folder. */
static int make_folder(const char *path)
{
    struct stat info;
    if (mkdir(path, 0777) == 0) return 0;
    int number = errno;
    if (stat(path, &info) != 0) return number;
    return S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
}

/* Makes the folders above a file. False: says which one cannot be made. */
static bool make_folders(const struct cli *cli, const char *path)
{
    char here[PATH_MAX];
    char *part = cli_text(path);
    int number = 0;
    for (char *at = part + 1; *at != '\0' && number == 0; at++) {
        if (*at != '/') continue;
        *at = '\0';
        number = make_folder(part);
        if (number == 0) *at = '/';
    }
    bool lost =
        number == ENOENT && part[0] != '/' && getcwd(here, sizeof here) == NULL;
    if (number != 0)
        (void)cli_fail(cli, 0, "cannot make the folder %s for the store: %s",
            part,
            lost ? "the folder you are in was deleted" : strerror(number));
    cli_free(part);
    return number == 0;
}

static void remember_store(struct cli *cli, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) return;
    cli->store = cli_text(path);
    cli->store_device = (uint64_t)info.st_dev;
    cli->store_file = (uint64_t)info.st_ino;
}

bool cli_store_is_gone(const struct cli *cli)
{
    struct stat info;
    if (cli->store == NULL) return false;
    return stat(cli->store, &info) != 0 ||
           (uint64_t)info.st_dev != cli->store_device ||
           (uint64_t)info.st_ino != cli->store_file;
}

static int open_path(struct cli *cli, const char *path, int mode)
{
    ndf_options how = NDF_OPTIONS_INIT;
    how.path = path;
    how.mode = mode;
    return ndf_open(&cli->engine, &how, &cli->error);
}

int cli_open(struct cli *cli, enum open_for purpose)
{
    char *path = purpose == OPEN_NOTHING ? NULL : cli_store_path(cli);
    int status = STATUS_DONE;
    int err = NDF_OK;
    if (path != NULL && purpose != OPEN_TO_FILL && !is_there(path)) {
        status = cli_fail(cli, STATUS_NOT_FOUND,
            "there is no store at %s: make one with `ndf init`", path);
    } else if (purpose == OPEN_TO_FILL && !make_folders(cli, path)) {
        status = STATUS_STORE;
    } else {
        err = open_path(cli, path,
            purpose == OPEN_TO_FILL || path == NULL ? NDF_OPEN_CREATE
                                                    : NDF_OPEN_EXISTING);
        if ((err == NDF_EREADONLY || err == NDF_EFULL) &&
            purpose == OPEN_FOR_READING)
            err = open_path(cli, path, NDF_OPEN_READ_ONLY);
        if (err != NDF_OK) {
            (void)cli_error(cli, err);
            status = STATUS_STORE;
        } else if (path != NULL && purpose != OPEN_FOR_READING) {
            remember_store(cli, path);
        }
    }
    cli_free(path);
    return status;
}

/* The library reads the file once, and says what is wrong with it. */
int cli_vectors(struct cli *cli, ndf_engine *engine)
{
    const char *path = getenv("NDF_VECTORS");
    if (path == NULL || path[0] == '\0') return STATUS_DONE;
    json_t *settings = json_pack("{s:s}", "vectors", path);
    char *json = settings != NULL ? json_dumps(settings, 0) : NULL;
    int status = json != NULL
                     ? STATUS_DONE
                     : cli_fail(cli, STATUS_USAGE,
                           "NDF_VECTORS is no path in UTF-8: rename the file");
    if (json != NULL) {
        int err = ndf_configure(engine, json, strlen(json), NULL, &cli->error);
        if (err != NDF_OK)
            status = cli_fail(
                cli, cli_status(err), "NDF_VECTORS: %s", cli->error.message);
    }
    free(json);
    json_decref(settings);
    return status;
}

/* ---- reports ------------------------------------------------------------- */

static void print_problem(const struct cli *cli, enum style style,
    const char *word, const json_t *problem)
{
    const struct term *err = &cli->err;
    const char *path = cli_get(problem, "path");
    const char *message = cli_get(problem, "message");
    const char *mend = cli_get(problem, "mend");
    json_int_t line = json_integer_value(json_object_get(problem, "line"));
    term_styled(err, style, word);
    (void)fputs(": ", err->file);
    /* The message of a parser says the place itself. */
    if (strncmp(message, path, strlen(path)) != 0) {
        (void)term_line(err, path, 0);
        if (line > 0) (void)fprintf(err->file, ":%lld", (long long)line);
        (void)fputs(": ", err->file);
    }
    (void)term_line(err, message, 0);
    if (mend[0] != '\0') {
        (void)fputs(" (read as: ", err->file);
        (void)term_line(err, mend, 0);
        (void)fputc(')', err->file);
    }
    (void)fputc('\n', err->file);
}

size_t cli_print_report(const struct cli *cli, const json_t *report)
{
    const json_t *warnings = json_object_get(report, "warnings");
    const json_t *errors = json_object_get(report, "errors");
    if (!cli->args.given[OPT_QUIET]) {
        for (size_t i = 0; i < json_array_size(warnings); i++)
            print_problem(
                cli, STYLE_WARN, "warning", json_array_get(warnings, i));
    }
    for (size_t i = 0; i < json_array_size(errors); i++)
        print_problem(cli, STYLE_BAD, "error", json_array_get(errors, i));
    return json_array_size(errors);
}

int cli_refresh(struct cli *cli)
{
    ndf_text *text = NULL;
    int err = ndf_refresh(cli->engine, &text, &cli->error);
    if (err == NDF_EREADONLY) return STATUS_DONE;
    if (err != NDF_OK) return cli_error(cli, err);
    json_t *reports = cli_document(text);
    for (size_t i = 0; i < json_array_size(reports); i++)
        (void)cli_print_report(cli, json_array_get(reports, i));
    json_decref(reports);
    return STATUS_DONE;
}
