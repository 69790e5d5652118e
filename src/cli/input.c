/*
 * input.c - what a person gives: files, durations, numbers, and the context of
 * a task.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"

enum { FILE_MAX = 64 << 20, CHUNK = 64 * 1024, TASK_MAX = 1 << 20 };

static char *read_stream(FILE *file, size_t *size)
{
    size_t capacity = CHUNK;
    char *text = cli_alloc(capacity + 1);
    size_t used = 0;
    for (;;) {
        size_t got = fread(text + used, 1, capacity - used, file);
        used += got;
        if (got == 0 || used > FILE_MAX) break;
        if (used < capacity) continue;
        capacity *= 2;
        text = cli_resize(text, capacity + 1);
    }
    text[used] = '\0';
    *size = used;
    return text;
}

char *cli_read_file(
    struct cli *cli, const char *path, size_t *size, int *status)
{
    *status = STATUS_USAGE;
    bool standard = strcmp(path, "-") == 0;
    struct stat info;
    FILE *file = standard ? stdin : fopen(path, "rb");
    if (file == NULL || fstat(fileno(file), &info) != 0 ||
        S_ISDIR(info.st_mode)) {
        int number = file != NULL ? EISDIR : errno;
        *status = number == ENOENT ? STATUS_NOT_FOUND : STATUS_USAGE;
        (void)cli_fail(cli, 0, "cannot read %s: %s",
            standard ? "standard input" : path, strerror(number));
        if (file != NULL && !standard) (void)fclose(file);
        return NULL;
    }
    char *text = read_stream(file, size);
    bool failed = ferror(file) != 0;
    if (!standard) (void)fclose(file);
    if (!failed && *size <= FILE_MAX) return text;
    cli_free(text);
    const char *what = standard ? "standard input" : path;
    if (failed) (void)cli_fail(cli, STATUS_USAGE, "cannot read %s", what);
    else
        (void)cli_fail(cli, STATUS_USAGE,
            "%s is larger than %zu MiB, the most that is read", what,
            (size_t)FILE_MAX >> 20);
    return NULL;
}

int64_t cli_duration(const char *text)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {{"", 1000}, {"ms", 1}, {"s", 1000}, {"m", 60000},
        {"h", 3600000}, {"d", 86400000}};
    char *end;
    errno = 0;
    double number = strtod(text, &end);
    bool plain = text[0] >= '0' && text[0] <= '9';
    if (!plain || errno != 0 || !(number >= 0 && number <= 1e9)) return -1;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (strcmp(end, units[i].unit) == 0)
            return (int64_t)(number * (double)units[i].ms);
    return -1;
}

long cli_count(const struct cli *cli, enum option_id option, long fallback)
{
    const char *text = cli->args.values[option];
    if (text == NULL) return fallback;
    char *end;
    errno = 0;
    long limit = strtol(text, &end, 10);
    bool good = end != text && *end == '\0' && errno == 0 && limit >= 0 &&
                limit <= 1000000;
    if (good) return limit;
    (void)cli_fail(cli, STATUS_USAGE, "--%s: expected a number, got '%s'",
        options[option].name, text);
    return -1;
}

/* ---- the context --------------------------------------------------------- */

/* What a person gave as text, and what they call it. */
struct given {
    const char *what, *text;
    size_t size;
};

static bool set_text(
    struct cli *cli, json_t *object, const char *key, const struct given *given)
{
    json_t *value = json_stringn(given->text, given->size);
    if (value != NULL && strlen(given->text) >= given->size)
        return json_object_set_new(object, key, value) == 0;
    json_decref(value);
    (void)cli_fail(cli, STATUS_USAGE,
        "%s cannot be read as text, which is UTF-8 without NUL bytes: convert "
        "it, or name a file that holds it",
        given->what);
    return false;
}

static bool set_option(
    struct cli *cli, json_t *object, const char *key, enum option_id option)
{
    const char *text = cli->args.values[option];
    char *what = cli_format("the value of --%s", options[option].name);
    struct given given = {what, text, strlen(text)};
    bool ok = set_text(cli, object, key, &given);
    cli_free(what);
    return ok;
}

/* The library judges the file, as it says best what is wrong and where; what is
 * good is read again, as the options add to it. */
static json_t *read_context_file(struct cli *cli, const char *path, int *status)
{
    size_t size;
    char *text = cli_read_file(cli, path, &size, status);
    if (text == NULL) return NULL;
    ndf_engine *engine = NULL;
    ndf_context *context = NULL;
    json_t *json = NULL;
    int err = ndf_open(&engine, NULL, &cli->error);
    if (err == NDF_OK)
        err = ndf_context_new(engine, text, size, &context, &cli->error);
    if (err == NDF_OK) {
        json = json_loadb(text, size, 0, NULL);
    } else {
        const ndf_error *error = &cli->error;
        *status = cli_status(err);
        if (error->line > 0)
            (void)cli_fail(cli, 0, "%s:%u:%u: %s", path, error->line,
                error->column, error->message);
        else (void)cli_fail(cli, 0, "%s: %s", path, error->message);
    }
    ndf_context_free(context);
    ndf_close(engine);
    cli_free(text);
    return json;
}

static const char *task_file(const char *path)
{
    return strcmp(path, "-") == 0 ? "standard input" : path;
}

/* A task is a text for people and models; what is longer is material. */
static bool fits_task(struct cli *cli, const char *path, size_t size)
{
    if (size <= TASK_MAX) return true;
    bool standard = strcmp(path, "-") == 0;
    (void)cli_fail(cli, STATUS_USAGE,
        "%s has %zu bytes, and a task at most %d (1 MiB): %s name the file in "
        "the task, as in: ndf do \"do what %s says\"",
        task_file(path), size, TASK_MAX,
        standard ? "write it to a file and" : "instead",
        standard ? "FILE" : path);
    return false;
}

/* The words of the line, or the file of --file. */
static bool add_task(struct cli *cli, json_t *context, size_t from, int *status)
{
    const struct args *args = &cli->args;
    const char *path = args->values[OPT_FILE];
    size_t size = 0;
    char *text = NULL;
    if (path != NULL && args->word_count > from) {
        (void)cli_fail(cli, STATUS_USAGE,
            "give the task as words or with --file, not both");
        return false;
    }
    if (path != NULL) {
        text = cli_read_file(cli, path, &size, status);
        if (text == NULL) return false;
    } else if (args->word_count > from) {
        for (size_t i = from; i < args->word_count; i++)
            size += strlen(args->words[i]) + 1;
        text = cli_alloc(size + 1);
        size_t at = 0;
        for (size_t i = from; i < args->word_count; i++) {
            if (i > from) text[at++] = ' ';
            size_t length = strlen(args->words[i]);
            memcpy(text + at, args->words[i], length);
            at += length;
        }
        size = at;
    } else {
        return true;
    }
    struct given given = {"the task", text, size};
    bool ok = path == NULL || fits_task(cli, path, size);
    if (ok && path != NULL) given.what = task_file(path);
    if (ok) ok = set_text(cli, context, "text", &given);
    cli_free(text);
    return ok;
}

/* KEY=VALUE: the value is JSON if it is some, else text. */
static bool add_attribute(struct cli *cli, json_t *attributes, const char *pair)
{
    const char *equals = strchr(pair, '=');
    if (equals == NULL || equals == pair) {
        (void)cli_fail(
            cli, STATUS_USAGE, "--attr: expected KEY=VALUE, got '%s'", pair);
        return false;
    }
    const char *text = equals + 1;
    char *key = cli_text(pair);
    key[equals - pair] = '\0';
    json_error_t error;
    json_t *value =
        json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error);
    json_t *name = json_string(key);
    char *what = cli_format("the value of --attr %s", key);
    struct given given = {what, text, strlen(text)};
    if (name == NULL)
        (void)cli_fail(cli, STATUS_USAGE,
            "the name of --attr %s cannot be read as text, which is UTF-8",
            pair);
    if (name == NULL) json_decref(value);
    bool ok = name != NULL &&
              (value != NULL ? json_object_set_new(attributes, key, value) == 0
                             : set_text(cli, attributes, key, &given));
    json_decref(name);
    cli_free(what);
    cli_free(key);
    return ok;
}

static bool add_attributes(struct cli *cli, json_t *context)
{
    const struct args *args = &cli->args;
    if (args->attr_count == 0) return true;
    json_t *attributes = json_object_get(context, "attributes");
    if (attributes == NULL) {
        attributes = json_object();
        (void)json_object_set_new(context, "attributes", attributes);
    }
    if (!json_is_object(attributes)) {
        (void)cli_fail(
            cli, STATUS_USAGE, "the context's attributes are not an object");
        return false;
    }
    for (size_t i = 0; i < args->attr_count; i++)
        if (!add_attribute(cli, attributes, args->attrs[i])) return false;
    return true;
}

static bool add_priority(struct cli *cli, json_t *context)
{
    const char *text = cli->args.values[OPT_PRIORITY];
    if (text == NULL) return true;
    char *end;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (end != text && *end == '\0' && errno == 0)
        return json_object_set_new(context, "priority", json_integer(number)) ==
               0;
    return set_option(cli, context, "priority", OPT_PRIORITY);
}

static bool add_names(struct cli *cli, json_t *context)
{
    static const struct {
        enum option_id option;
        const char *key;
    } names[] = {{OPT_DOMAIN, "domain"}, {OPT_AGENT_TYPE, "agent_type"}};
    for (size_t i = 0; i < 2; i++) {
        if (cli->args.values[names[i].option] == NULL) continue;
        if (!set_option(cli, context, names[i].key, names[i].option))
            return false;
    }
    return true;
}

json_t *cli_context_json(struct cli *cli, size_t words_from, int *status)
{
    const char *path = cli->args.values[OPT_CONTEXT];
    *status = STATUS_USAGE;
    json_t *context =
        path != NULL ? read_context_file(cli, path, status) : json_object();
    bool ok = context != NULL && add_task(cli, context, words_from, status) &&
              add_names(cli, context) && add_priority(cli, context) &&
              add_attributes(cli, context);
    if (ok) *status = STATUS_DONE;
    if (ok) return context;
    json_decref(context);
    return NULL;
}

const char *cli_session(const struct cli *cli)
{
    const char *given = cli->args.values[OPT_SESSION];
    const char *set = getenv("NDF_SESSION");
    if (given != NULL) return given;
    return set != NULL && set[0] != '\0' ? set : NULL;
}

int cli_context(struct cli *cli, const json_t *json, ndf_context **out)
{
    *out = NULL;
    char *text = json_dumps(json, JSON_COMPACT);
    if (text == NULL)
        return cli_fail(cli, STATUS_USAGE, "the context is too large");
    int err =
        ndf_context_new(cli->engine, text, strlen(text), out, &cli->error);
    free(text);
    return err == NDF_OK ? STATUS_DONE : cli_error(cli, err);
}
