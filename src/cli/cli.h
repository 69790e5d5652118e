/*
 * cli.h - what the commands of ndf share.
 *
 * The command line is a guest of the library: it sees the public headers and
 * its own. As a program it may print and exit, and it ends with a sentence
 * when memory runs out.
 */
#ifndef NDF_CLI_CLI_H
#define NDF_CLI_CLI_H

#include <jansson.h>

#include "ndf/ndf.h"

#include "cli/options.h"
#include "cli/term.h"

enum exit_status {
    STATUS_DONE = 0,
    STATUS_FAILED = 1,
    STATUS_USAGE = 2,
    STATUS_NOT_FOUND = 3,
    STATUS_NO_CONFIDENCE = 4,
    STATUS_STORE = 5,
    STATUS_TIMEOUT = 6,
    STATUS_IN_DOUBT = 7,
    STATUS_INTERRUPTED = 130,
};

/* Going on without the terminal (background.h). */
struct background {
    bool on;    /* this is the process that goes on */
    int report; /* where the one at the terminal is told; -1: it was */
};

struct cli {
    const struct command *command;
    struct args args;
    struct term out; /* data */
    struct term err; /* all else */
    ndf_engine *engine;
    ndf_error error; /* of the last call of the library */
    char *run;       /* whose output is printed; NULL: none */
    char *store;     /* the path of a store to write to; NULL: none */
    uint64_t store_device, store_file; /* which file that was */
    struct background background;
};

int cmd_init(struct cli *cli);
int cmd_import(struct cli *cli);
int cmd_trust(struct cli *cli);
int cmd_do(struct cli *cli);
int cmd_run(struct cli *cli);
int cmd_ls(struct cli *cli);
int cmd_show(struct cli *cli);
int cmd_why(struct cli *cli);
int cmd_rate(struct cli *cli);
int cmd_test(struct cli *cli);
int cmd_diff(struct cli *cli);
int cmd_resume(struct cli *cli);
int cmd_cancel(struct cli *cli);
int cmd_approve(struct cli *cli);
int cmd_logs(struct cli *cli);
int cmd_wait(struct cli *cli);
int cmd_stats(struct cli *cli);
int cmd_completions(struct cli *cli);
int cmd_help(struct cli *cli);
int cmd_version(struct cli *cli);
int cmd_dev_export(struct cli *cli);
int cmd_dev_import(struct cli *cli);
int cmd_dev_check(struct cli *cli);
int cmd_dev_backup(struct cli *cli);
int cmd_dev_schema(struct cli *cli);
int cmd_dev_compile(struct cli *cli);
int cmd_dev_eval(struct cli *cli);
int cmd_dev_learn(struct cli *cli);

/* Zeroed memory; ends the program with a sentence when there is none. */
void *cli_alloc(size_t size);
void *cli_resize(void *ptr, size_t size);
/* A copy of text. */
char *cli_text(const char *text);
char *cli_format(const char *format, ...)
    __attribute__((format(printf, 1, 2), nonnull(1)));
void cli_free(void *ptr);

/* Cuts the middle out of words (paths, mostly) that no person would read to
 * their end; in place. */
void cli_cut_words(char *text);
/* "ndf: sentence" on standard error. Returns status. */
int cli_fail(const struct cli *cli, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The exit status for a code of the library. */
int cli_status(int code);
/* Prints cli->error, or the code's text when it says nothing; returns the
 * exit status. */
int cli_error(const struct cli *cli, int code);
/* A remark on standard error, unless --quiet. */
void cli_say(const struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

enum open_for {
    OPEN_FOR_READING, /* the store must exist; it may be read-only */
    OPEN_FOR_WORK,    /* the store must exist */
    OPEN_TO_FILL,     /* the store is made when it is missing */
    OPEN_NOTHING,     /* no store: one in memory */
};

/* Opens the store into cli->engine. STATUS_DONE, or prints why not. */
int cli_open(struct cli *cli, enum open_for purpose);
/* Lets the engine read the file of word vectors that NDF_VECTORS names, if it
 * names one: for commands that choose, or learn. STATUS_DONE, or prints why
 * not. */
int cli_vectors(struct cli *cli, ndf_engine *engine);
/* Whether the store that is written to is not the file at its path any more:
 * what was recorded since is lost. */
bool cli_store_is_gone(const struct cli *cli);
#define CLI_NO_HOME                                                            \
    "neither HOME nor NDF_HOME is set, so there is no place for the list of "  \
    "trusted folders and no program is run: set one of them"

/* Whether the environment says where the user's data folder is. */
bool cli_has_home(void);
/* The path of the store by the rules of --store; the caller's to free. */
char *cli_store_path(const struct cli *cli);
/* Reads changed files again and says on standard error what was wrong with
 * them. A store that cannot be written stays as it is. */
int cli_refresh(struct cli *cli);
/* Says what a report of ndf_import or ndf_refresh warns of. Returns the number
 * of errors in it. */
size_t cli_print_report(const struct cli *cli, const json_t *report);

/* The document of a text, which is freed; ends the program with a sentence
 * when it is no JSON. The caller's to json_decref. */
json_t *cli_document(ndf_text *text);
/* JSON as it is printed: indented for a terminal, else canonical: one line,
 * keys in order. Numbers have no more digits than they need. The caller's to
 * cli_free. */
char *cli_json(const struct term *out, const json_t *value);
/* Prints the API's document, and frees it. Indented on a terminal. */
void cli_print_json(const struct cli *cli, ndf_text *text);
/* The same of a document of the command's own. */
void cli_print_document(const struct cli *cli, const json_t *value);
/* As `%.2f`, but "-" for what is no number. */
char *cli_number(const json_t *value, int decimals);
/* The string of a member, or "". Borrowed. */
const char *cli_get(const json_t *object, const char *key);
/* The first of several members that is there, as text; the caller's to free.
 */
char *cli_member_text(const json_t *object, const char *key);
/* A document as YAML-like lines for people. */
void cli_print_value(const struct term *term, json_t *value, size_t indent);

/* The context that the options and words say, as a new object; words_from is
 * the first word of the task. NULL after printing what is wrong; *status is
 * then the exit status. */
json_t *cli_context_json(struct cli *cli, size_t words_from, int *status);
/* What the task is made of, as JSON (ndf_compose); NULL in *out: one thing. The
 * caller's to json_decref. STATUS_DONE or printed. */
int cli_compose(struct cli *cli, const ndf_context *context, json_t **out);
/* Prints its parts as a table. */
void cli_print_parts(const struct term *term, const json_t *compose);
/* --session, else $NDF_SESSION; NULL: none. Borrowed. */
const char *cli_session(const struct cli *cli);
/* The same as the library's. STATUS_DONE or printed. */
int cli_context(struct cli *cli, const json_t *json, ndf_context **out);
/* A duration like 90s or 5m in milliseconds, or -1. */
int64_t cli_duration(const char *text);
/* The number that an option gives, or fallback; -1 after printing what is
 * wrong. */
long cli_count(const struct cli *cli, enum option_id option, long fallback);

/* All of a file, or of standard input for "-". The caller's to free; NULL
 * after printing what is wrong, *status is then the exit status. */
char *cli_read_file(
    struct cli *cli, const char *path, size_t *size, int *status);

#endif
