/*
 * cmd_diff.c - which tasks would go elsewhere after a change of the files?
 *
 * Each side is an engine of its own. Files are imported into memory, so what
 * was learned in a store does not count for them; a store is only read.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"

enum { LAST = 200, READ_FOR_ONE = 4, SIDES = 2 };

struct side {
    const char *path;
    ndf_engine *engine;
    bool is_store;
};

struct diff {
    struct cli *cli;
    struct side sides[SIDES];
    json_t *tasks;   /* contexts */
    json_t *seen;    /* the same by their text */
    json_t *changes; /* of those that move */
};

/* ---- the two sides ------------------------------------------------------- */

static bool is_store(const char *path)
{
    static const char magic[] = "SQLite format 3";
    char start[sizeof magic] = "";
    struct stat info;
    if (stat(path, &info) != 0 || !S_ISREG(info.st_mode)) return false;
    FILE *file = fopen(path, "rb");
    if (file == NULL) return false;
    size_t got = fread(start, 1, sizeof start, file);
    (void)fclose(file);
    return got == sizeof start && memcmp(start, magic, sizeof magic) == 0;
}

static int import(struct cli *cli, const struct side *side)
{
    ndf_text *text = NULL;
    /* One name for both sides: names that are qualified can be compared. */
    int err =
        ndf_import(side->engine, side->path, "files", NULL, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    json_t *report = cli_document(text);
    size_t errors = cli_print_report(cli, report);
    json_decref(report);
    if (errors == 0) return STATUS_DONE;
    return cli_fail(cli, STATUS_USAGE,
        "%s cannot be compared before that is mended", side->path);
}

static int open_side(struct cli *cli, struct side *side)
{
    struct stat info;
    if (stat(side->path, &info) != 0)
        return cli_fail(cli, errno == ENOENT ? STATUS_NOT_FOUND : STATUS_USAGE,
            "cannot read %s: %s", side->path, strerror(errno));
    ndf_options how = NDF_OPTIONS_INIT;
    side->is_store = is_store(side->path);
    if (side->is_store) how.path = side->path;
    if (side->is_store) how.mode = NDF_OPEN_READ_ONLY;
    int err = ndf_open(&side->engine, &how, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    int status = cli_vectors(cli, side->engine);
    return side->is_store || status != STATUS_DONE ? status : import(cli, side);
}

/* ---- the tasks ----------------------------------------------------------- */

/* Each is compared once. */
static void add_task(struct diff *diff, json_t *context)
{
    char *key = cli_json(&diff->cli->out, context);
    if (json_object_get(diff->seen, key) == NULL) {
        (void)json_object_set(diff->seen, key, context);
        (void)json_array_append(diff->tasks, context);
    }
    cli_free(key);
}

/* The context that a run was given: its domain and attributes decide, too. */
static json_t *context_of_run(struct cli *cli, const char *run)
{
    ndf_text *text = NULL;
    if (run[0] == '\0' || ndf_show(cli->engine, run, &text, NULL) != NDF_OK)
        return NULL;
    json_t *doc = cli_document(text);
    const json_t *first = json_array_get(json_object_get(doc, "records"), 0);
    json_t *context =
        json_incref(json_object_get(json_object_get(first, "body"), "context"));
    json_decref(doc);
    return context;
}

static json_t *context_of_outcome(const json_t *outcome)
{
    json_t *context = json_object();
    static const char *const keys[] = {"text", "domain"};
    for (size_t i = 0; i < 2; i++)
        if (json_object_get(outcome, keys[i]) != NULL)
            (void)json_object_set(
                context, keys[i], json_object_get(outcome, keys[i]));
    return context;
}

/* Newest first. A run has an outcome for each verdict on it, and a task may
 * have been given again, so that more are read than are wanted. */
static int read_store(struct diff *diff, size_t last)
{
    struct cli *cli = diff->cli;
    ndf_text *text = NULL;
    int status = cli_open(cli, OPEN_FOR_READING);
    if (status != STATUS_DONE) return status;
    int err = ndf_list(cli->engine, NDF_LIST_OUTCOMES, last * READ_FOR_ONE,
        &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    json_t *outcomes = cli_document(text);
    for (size_t i = 0; i < json_array_size(outcomes); i++) {
        const json_t *outcome = json_array_get(outcomes, i);
        if (json_array_size(diff->tasks) == last) break;
        if (cli_get(outcome, "text")[0] == '\0') continue;
        json_t *context = context_of_run(cli, cli_get(outcome, "run"));
        if (context == NULL) context = context_of_outcome(outcome);
        add_task(diff, context);
        json_decref(context);
    }
    json_decref(outcomes);
    if (json_array_size(diff->tasks) > 0) return STATUS_DONE;
    return cli_fail(cli, STATUS_NOT_FOUND,
        "the store has no tasks yet: name a file of them with --tasks");
}

/* A line that is an object is a context, whose text may be called `query`. */
static json_t *context_of_line(const char *line, size_t size)
{
    static const char *const kept[] = {
        "text", "domain", "agent_type", "priority", "attributes"};
    if (size > 0 && line[0] != '{')
        return json_pack("{s:s%}", "text", line, size);
    json_t *given = json_loadb(line, size, 0, NULL);
    json_t *context = json_object();
    for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
        if (json_object_get(given, kept[i]) != NULL)
            (void)json_object_set(
                context, kept[i], json_object_get(given, kept[i]));
    if (json_object_get(context, "text") == NULL)
        (void)json_object_set(context, "text", json_object_get(given, "query"));
    bool good = json_string_length(json_object_get(context, "text")) > 0;
    json_decref(given);
    if (good) return context;
    json_decref(context);
    return NULL;
}

static int read_tasks(struct diff *diff, const char *path)
{
    size_t size;
    int status;
    char *text = cli_read_file(diff->cli, path, &size, &status);
    if (text == NULL) return status;
    status = STATUS_DONE;
    unsigned number = 0;
    for (const char *at = text; status == STATUS_DONE && at < text + size;) {
        const char *end = memchr(at, '\n', (size_t)(text + size - at));
        if (end == NULL) end = text + size;
        size_t length = (size_t)(end - at);
        if (length > 0 && at[length - 1] == '\r') length--;
        number++;
        json_t *context = length > 0 ? context_of_line(at, length) : NULL;
        if (context != NULL) add_task(diff, context);
        else if (length > 0)
            status = cli_fail(diff->cli, STATUS_USAGE,
                "%s:%u: expected a task, as text or as JSON with a `text` or "
                "`query`",
                strcmp(path, "-") == 0 ? "standard input" : path, number);
        json_decref(context);
        at = end + 1;
    }
    cli_free(text);
    if (status != STATUS_DONE || json_array_size(diff->tasks) > 0)
        return status;
    return cli_fail(diff->cli, STATUS_USAGE, "%s holds no task", path);
}

/* ---- comparing ----------------------------------------------------------- */

/* {name, confidence}; null when none would be taken. */
static int choose(struct cli *cli, const struct side *side,
    const json_t *context, json_t **out)
{
    *out = json_null();
    char *text = cli_json(&cli->out, context);
    ndf_context *given = NULL;
    ndf_selection *selection = NULL;
    int err =
        ndf_context_new(side->engine, text, strlen(text), &given, &cli->error);
    if (err == NDF_OK)
        err = ndf_select(side->engine, given, 0, &selection, &cli->error);
    if (err == NDF_OK) {
        const char *chosen = ndf_selection_chosen(selection);
        double confidence = 0; /* a fallback need not be ranked */
        ndf_choice choice;
        for (size_t i = 0; chosen != NULL && confidence == 0 &&
                           ndf_selection_at(selection, i, &choice) == NDF_OK;
             i++)
            if (strcmp(choice.name, chosen) == 0)
                confidence = choice.confidence;
        if (chosen != NULL)
            *out = json_pack(
                "{s:s, s:f}", "name", chosen, "confidence", confidence);
    }
    ndf_selection_free(selection);
    ndf_context_free(given);
    cli_free(text);
    return err == NDF_OK ? STATUS_DONE : cli_error(cli, err);
}

/* Files know nothing of the sources by which a store qualifies names. */
static const char *plain(const char *name)
{
    const char *slash = strrchr(name, '/');
    return slash != NULL ? slash + 1 : name;
}

static bool differ(const struct diff *diff, const json_t *a, const json_t *b)
{
    const char *left = cli_get(a, "name"), *right = cli_get(b, "name");
    if (diff->sides[0].is_store && diff->sides[1].is_store)
        return strcmp(left, right) != 0;
    return strcmp(plain(left), plain(right)) != 0;
}

static int compare(struct diff *diff)
{
    int status = STATUS_DONE;
    for (size_t i = 0;
         status == STATUS_DONE && i < json_array_size(diff->tasks); i++) {
        json_t *context = json_array_get(diff->tasks, i);
        json_t *found[SIDES] = {NULL, NULL};
        for (size_t s = 0; status == STATUS_DONE && s < SIDES; s++)
            status = choose(diff->cli, &diff->sides[s], context, &found[s]);
        if (status == STATUS_DONE && differ(diff, found[0], found[1]))
            (void)json_array_append_new(
                diff->changes, json_pack("{s:O, s:O, s:O}", "context", context,
                                   "from", found[0], "to", found[1]));
        json_decref(found[0]);
        json_decref(found[1]);
    }
    return status;
}

/* ---- telling ------------------------------------------------------------- */

static void print_changes(const struct diff *diff)
{
    struct table *table = table_new("lrlrl");
    const char *head[] = {"from", "", "to", "", "task"};
    table_row(table, head);
    for (size_t i = 0; i < json_array_size(diff->changes); i++) {
        const json_t *change = json_array_get(diff->changes, i);
        const json_t *from = json_object_get(change, "from");
        const json_t *to = json_object_get(change, "to");
        char *left = cli_number(json_object_get(from, "confidence"), 2);
        char *right = cli_number(json_object_get(to, "confidence"), 2);
        const char *cells[] = {
            json_is_null(from) ? "none" : cli_get(from, "name"), left,
            json_is_null(to) ? "none" : cli_get(to, "name"), right,
            cli_get(json_object_get(change, "context"), "text")};
        table_row(table, cells);
        table_style(table, 0, STYLE_BOLD);
        table_style(table, 2, STYLE_BOLD);
        cli_free(left);
        cli_free(right);
    }
    table_print(table, &diff->cli->out);
}

static int tell(const struct diff *diff)
{
    struct cli *cli = diff->cli;
    size_t count = json_array_size(diff->tasks);
    size_t moved = json_array_size(diff->changes);
    json_t *doc =
        json_pack("{s:s, s:s, s:I, s:I, s:O}", "a", diff->sides[0].path, "b",
            diff->sides[1].path, "tasks", (json_int_t)count, "moved",
            (json_int_t)moved, "changes", diff->changes);
    if (cli->args.given[OPT_JSON]) cli_print_document(cli, doc);
    else print_changes(diff);
    json_decref(doc);
    cli_say(cli, "%zu of %zu tasks would go elsewhere", moved, count);
    return moved > 0 ? STATUS_FAILED : STATUS_DONE;
}

static int diff_them(struct diff *diff)
{
    struct cli *cli = diff->cli;
    const char *tasks = cli->args.values[OPT_TASKS];
    long last = cli_count(cli, OPT_LAST, LAST);
    if (last < 0) return STATUS_USAGE;
    if (tasks != NULL && cli->args.given[OPT_LAST])
        return cli_fail(cli, STATUS_USAGE,
            "--last is about the tasks of the store, and --tasks names a file "
            "of them: leave one out");
    int status = STATUS_DONE;
    for (size_t s = 0; status == STATUS_DONE && s < SIDES; s++)
        status = open_side(cli, &diff->sides[s]);
    if (status == STATUS_DONE)
        status = tasks != NULL ? read_tasks(diff, tasks)
                               : read_store(diff, (size_t)last);
    if (status == STATUS_DONE) status = compare(diff);
    return status == STATUS_DONE ? tell(diff) : status;
}

int cmd_diff(struct cli *cli)
{
    struct diff diff = {.cli = cli,
        .sides = {{.path = cli->args.words[0]}, {.path = cli->args.words[1]}},
        .tasks = json_array(),
        .seen = json_object(),
        .changes = json_array()};
    int status = diff_them(&diff);
    for (size_t s = 0; s < SIDES; s++)
        ndf_close(diff.sides[s].engine);
    json_decref(diff.tasks);
    json_decref(diff.seen);
    json_decref(diff.changes);
    return status;
}
