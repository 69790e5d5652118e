/*
 * cmd_test.c - tests of routing: who would be chosen for which task?
 *
 * A test asks for what `ndf do` would take without a terminal. All results are
 * one document first; what is printed and the JUnit file are made from it.
 */
#include <string.h>
#include <time.h>

#include "cli/junit.h"

enum { TOP_MAX = 100, SHOWN = 3, TASK_COLUMNS = 60 };

struct routes {
    struct cli *cli;
    const char *path;
    json_t *tests, *places; /* of the file, see ndf_yaml_to_json */
    json_t *results;
    size_t failed;
    double ms;
};

/* One test; all but context borrowed. */
struct route {
    json_t *test;
    const json_t *place;
    const char *task;
    json_t *expect; /* names, or one; NULL: none is expected */
    size_t top;     /* 0: the one that would be taken */
    ndf_context *context;
};

/* ---- reading ------------------------------------------------------------- */

static int line_of(const json_t *place)
{
    return (int)json_integer_value(json_object_get(place, "line"));
}

/* key "": the test as a whole. */
static int refuse(const struct routes *routes, const struct route *route,
    const char *key, const char *sentence)
{
    const json_t *part =
        json_object_get(json_object_get(route->place, "of"), key);
    return cli_fail(routes->cli, STATUS_USAGE, "%s:%d: %s%s%s", routes->path,
        line_of(part != NULL ? part : route->place), key,
        key[0] != '\0' ? ": " : "", sentence);
}

static int check_keys(const struct routes *routes, const struct route *route)
{
    static const char *const keys[] = {"task", "expect", "top", "context"};
    enum { COUNT = sizeof keys / sizeof keys[0] };
    const char *key;
    json_t *value;
    json_object_foreach(route->test, key, value)
    {
        size_t i = 0;
        while (i < COUNT && strcmp(keys[i], key) != 0)
            i++;
        if (i < COUNT) continue;
        const char *near = nearest_word(key, keys, COUNT);
        char *sentence =
            near != NULL ? cli_format("no such key: did you mean '%s'?", near)
                         : cli_text("no such key: a test has task, expect, "
                                    "top and context");
        int status = refuse(routes, route, key, sentence);
        cli_free(sentence);
        return status;
    }
    return STATUS_DONE;
}

static bool is_names(const json_t *expect)
{
    if (json_is_string(expect)) return json_string_length(expect) > 0;
    for (size_t i = 0; i < json_array_size(expect); i++)
        if (json_string_length(json_array_get(expect, i)) == 0) return false;
    return json_array_size(expect) > 0;
}

static int read_expected(const struct routes *routes, struct route *route)
{
    const json_t *top = json_object_get(route->test, "top");
    json_int_t number = json_integer_value(top);
    route->expect = json_object_get(route->test, "expect");
    if (!is_names(route->expect))
        return refuse(routes, route, "expect",
            "expected a name, a list of names, or none");
    if (strcmp(cli_get(route->test, "expect"), "none") == 0)
        route->expect = NULL;
    if (top != NULL && (number < 1 || number > TOP_MAX))
        return refuse(routes, route, "top", "expected a number from 1 to 100");
    if (top != NULL && route->expect == NULL)
        return refuse(routes, route, "top",
            "it cannot go with `expect: none`: leave it out");
    route->top = (size_t)number;
    return STATUS_DONE;
}

static int read_context(const struct routes *routes, struct route *route)
{
    struct cli *cli = routes->cli;
    json_t *given = json_object_get(route->test, "context");
    if (given != NULL && !json_is_object(given))
        return refuse(routes, route, "context", "expected a map");
    if (json_object_get(given, "text") != NULL)
        return refuse(routes, route, "context",
            "its text is the task of the test: leave it out");
    json_t *json = given != NULL ? json_copy(given) : json_object();
    (void)json_object_set(json, "text", json_object_get(route->test, "task"));
    char *text = cli_json(&cli->out, json);
    json_decref(json);
    int err = ndf_context_new(
        cli->engine, text, strlen(text), &route->context, &cli->error);
    cli_free(text);
    return err == NDF_OK ? STATUS_DONE
                         : refuse(routes, route, "context", cli->error.message);
}

static int read_route(
    const struct routes *routes, size_t index, struct route *route)
{
    *route = (struct route){.test = json_array_get(routes->tests, index),
        .place = json_array_get(routes->places, index)};
    if (!json_is_object(route->test))
        return refuse(routes, route, "",
            "a test is a map: {task: fix the failing test, expect: coder}");
    route->task = cli_get(route->test, "task");
    int status = check_keys(routes, route);
    if (status == STATUS_DONE && route->task[0] == '\0')
        status = refuse(routes, route, "task",
            "a test needs the task, as a text that is not empty");
    if (status == STATUS_DONE) status = read_expected(routes, route);
    if (status == STATUS_DONE) status = read_context(routes, route);
    return status;
}

static int read_file(struct routes *routes)
{
    struct cli *cli = routes->cli;
    int status;
    size_t size;
    ndf_text *documents, *places;
    char *text = cli_read_file(cli, routes->path, &size, &status);
    if (text == NULL) return status;
    int err = ndf_yaml_to_json(text, size, &documents, &places, &cli->error);
    cli_free(text);
    if (err != NDF_OK)
        return cli_fail(cli, cli_status(err), "%s:%u:%u: %s", routes->path,
            cli->error.line, cli->error.column, cli->error.message);
    json_t *all = cli_document(documents), *where = cli_document(places);
    routes->tests = json_incref(json_array_get(all, 0));
    routes->places =
        json_incref(json_object_get(json_array_get(where, 0), "of"));
    bool good = json_array_size(all) == 1 && json_array_size(routes->tests) > 0;
    json_decref(all);
    json_decref(where);
    if (good) return STATUS_DONE;
    return cli_fail(cli, STATUS_USAGE,
        "%s holds no tests: write a list, as in `- {task: fix the failing "
        "test, expect: coder}`",
        routes->path);
}

/* ---- judging ------------------------------------------------------------- */

/* One of the names expected, or NULL behind the last. */
static const char *expected(const struct route *route, size_t index)
{
    if (json_is_string(route->expect))
        return index == 0 ? json_string_value(route->expect) : NULL;
    return json_string_value(json_array_get(route->expect, index));
}

/* Whether it is the name of what was chosen, or the name of a copy of it. */
static bool is_it(const struct routes *routes, const struct route *route,
    const char *name, const char *chosen)
{
    ndf_text *text;
    if (strcmp(name, chosen) == 0) return true;
    if (ndf_explain(routes->cli->engine, route->context, name, &text, NULL) !=
        NDF_OK)
        return false;
    json_t *doc = cli_document(text);
    bool same = strcmp(cli_get(doc, "pattern"), chosen) == 0;
    json_decref(doc);
    return same;
}

static bool is_expected(
    const struct routes *routes, const struct route *route, const char *chosen)
{
    const char *name;
    for (size_t i = 0; (name = expected(route, i)) != NULL; i++)
        if (is_it(routes, route, name, chosen)) return true;
    return false;
}

static bool passes(const struct routes *routes, const struct route *route,
    const ndf_selection *selection)
{
    const char *chosen = ndf_selection_chosen(selection);
    ndf_choice choice;
    if (route->expect == NULL) return chosen == NULL;
    if (route->top == 0)
        return chosen != NULL && is_expected(routes, route, chosen);
    for (size_t i = 0; i < route->top; i++)
        if (ndf_selection_at(selection, i, &choice) == NDF_OK &&
            is_expected(routes, route, choice.name))
            return true;
    return false;
}

/* Why one that was expected was not chosen; the caller's to free. */
static char *why_not(
    const struct routes *routes, const struct route *route, const char *name)
{
    struct cli *cli = routes->cli;
    ndf_text *text;
    int err =
        ndf_explain(cli->engine, route->context, name, &text, &cli->error);
    if (err != NDF_OK) return cli_text(cli->error.message);
    json_t *doc = cli_document(text);
    const json_t *law = json_array_get(json_object_get(doc, "alternatives"), 0);
    const char *label = cli_get(doc, "pattern");
    char *said = NULL;
    if (law != NULL)
        said = cli_format("%s: its only_if does not hold: %s", label,
            cli_get(law, "predicate"));
    else if (json_object_get(doc, "best") == NULL)
        said = cli_format("%s: %s", label, cli_get(doc, "reason"));
    else
        said = cli_format("%s: fit %.2f, confidence %.2f", label,
            json_number_value(json_object_get(doc, "fit")),
            json_number_value(json_object_get(doc, "confidence")));
    json_decref(doc);
    return said;
}

/* "a", "a or b". */
static char *list_expected(const struct route *route)
{
    const char *name;
    char *list = cli_text(route->expect == NULL ? "none" : "");
    for (size_t i = 0; (name = expected(route, i)) != NULL; i++) {
        char *longer = cli_format("%s%s%s", list, i > 0 ? " or " : "", name);
        cli_free(list);
        list = longer;
    }
    if (route->top == 0) return list;
    char *among = cli_format("%s among the best %zu", list, route->top);
    cli_free(list);
    return among;
}

static char *tell_failure(const struct routes *routes,
    const struct route *route, const ndf_selection *selection)
{
    const char *chosen = ndf_selection_chosen(selection);
    const char *reason = ndf_selection_reason(selection);
    char *wanted = list_expected(route);
    char *message = cli_format("expected %s, got %s (%s)", wanted,
        chosen != NULL ? chosen : "none", reason != NULL ? reason : "");
    cli_free(wanted);
    const char *name;
    for (size_t i = 0; (name = expected(route, i)) != NULL; i++) {
        char *why = why_not(routes, route, name);
        char *longer = cli_format("%s; %s", message, why);
        cli_free(message);
        cli_free(why);
        message = longer;
    }
    return message;
}

static json_t *list_ranked(const ndf_selection *selection, size_t count)
{
    json_t *list = json_array();
    ndf_choice choice;
    for (size_t i = 0; i < count; i++)
        if (ndf_selection_at(selection, i, &choice) == NDF_OK)
            (void)json_array_append_new(
                list, json_pack("{s:s, s:f, s:f}", "name", choice.name, "fit",
                          choice.fit, "confidence", choice.confidence));
    return list;
}

static double now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1000 + (double)now.tv_nsec / 1000000;
}

static int run_route(struct routes *routes, const struct route *route)
{
    struct cli *cli = routes->cli;
    size_t shown = route->top > SHOWN ? route->top : SHOWN;
    ndf_selection *selection;
    double start = now_ms();
    int err =
        ndf_select(cli->engine, route->context, shown, &selection, &cli->error);
    double ms = now_ms() - start;
    if (err != NDF_OK) return cli_error(cli, err);
    bool passed = passes(routes, route, selection);
    json_t *result = json_pack("{s:i, s:s, s:O, s:b, s:s?, s:s, s:o, s:f}",
        "line", line_of(route->place), "task", route->task, "expect",
        json_object_get(route->test, "expect"), "passed", passed, "chosen",
        ndf_selection_chosen(selection), "reason",
        ndf_selection_reason(selection), "ranked",
        list_ranked(selection, shown), "ms", ms);
    if (route->top > 0)
        (void)json_object_set(
            result, "top", json_object_get(route->test, "top"));
    if (!passed) {
        char *message = tell_failure(routes, route, selection);
        (void)json_object_set_new(result, "message", json_string(message));
        cli_free(message);
        routes->failed++;
    }
    routes->ms += ms;
    (void)json_array_append_new(routes->results, result);
    ndf_selection_free(selection);
    return STATUS_DONE;
}

/* ---- telling ------------------------------------------------------------- */

static void print_failures(const struct routes *routes)
{
    const struct term *out = &routes->cli->out;
    for (size_t i = 0; i < json_array_size(routes->results); i++) {
        const json_t *result = json_array_get(routes->results, i);
        const char *message = cli_get(result, "message");
        if (message[0] == '\0') continue;
        (void)term_line(out, routes->path, 0);
        (void)fprintf(out->file, ":%d: ", line_of(result));
        (void)term_line(out, cli_get(result, "task"), TASK_COLUMNS);
        (void)fputs(": ", out->file);
        (void)term_line(out, message, 0);
        (void)fputc('\n', out->file);
    }
}

static int tell(const struct routes *routes)
{
    struct cli *cli = routes->cli;
    const char *junit = cli->args.values[OPT_JUNIT];
    size_t count = json_array_size(routes->results);
    size_t failed = routes->failed;
    json_t *doc = json_pack("{s:s, s:I, s:I, s:I, s:f, s:O}", "file",
        routes->path, "tests", (json_int_t)count, "passed",
        (json_int_t)(count - failed), "failed", (json_int_t)failed, "ms",
        routes->ms, "results", routes->results);
    if (cli->args.given[OPT_JSON]) cli_print_document(cli, doc);
    else print_failures(routes);
    cli_say(cli, "%zu of %zu tests passed", count - failed, count);
    int status = junit != NULL ? junit_write(cli, junit, doc) : STATUS_DONE;
    json_decref(doc);
    return status == STATUS_DONE && failed > 0 ? STATUS_FAILED : status;
}

/* Every test is read before one is run, so that a mistake is said alone. */
static int run_all(struct routes *routes)
{
    int status = STATUS_DONE;
    for (int run = 0; run < 2; run++)
        for (size_t i = 0;
             status == STATUS_DONE && i < json_array_size(routes->tests); i++) {
            struct route route;
            status = read_route(routes, i, &route);
            if (run == 1 && status == STATUS_DONE)
                status = run_route(routes, &route);
            ndf_context_free(route.context);
        }
    return status == STATUS_DONE ? tell(routes) : status;
}

int cmd_test(struct cli *cli)
{
    struct routes routes = {
        .cli = cli, .path = cli->args.words[0], .results = json_array()};
    int status = read_file(&routes);
    if (status == STATUS_DONE) status = cli_open(cli, OPEN_FOR_READING);
    if (status == STATUS_DONE) status = cli_vectors(cli, cli->engine);
    if (status == STATUS_DONE) status = cli_refresh(cli);
    if (status == STATUS_DONE) status = run_all(&routes);
    json_decref(routes.tests);
    json_decref(routes.places);
    json_decref(routes.results);
    return status;
}
