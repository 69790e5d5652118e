/*
 * plan.c - the plan of a run for people, from its document.
 *
 * What is not known here by name is printed as it stands in the plan: a key
 * that a newer plan has is never hidden.
 */
#include "cli/plan.h"

#include <inttypes.h>
#include <string.h>

enum { DEPTH_MAX = 80, INDENT = 2, BODY_INDENT = 4, KEY_COLUMNS = 10 };

static void print_pair(
    const struct term *out, size_t indent, const char *name, const char *text)
{
    size_t used = indent + KEY_COLUMNS + 1;
    term_pad(out, indent);
    term_styled(out, STYLE_DIM, name);
    if (strlen(name) < KEY_COLUMNS) term_pad(out, KEY_COLUMNS - strlen(name));
    (void)fputc(' ', out->file);
    (void)term_line(out, text, out->width > used ? out->width - used : 0);
    (void)fputc('\n', out->file);
}

/* A text as it is, all else as one line of JSON; the caller's to free. */
static char *value_text(const json_t *value)
{
    const struct term plain = {.tty = false};
    if (json_is_string(value)) return cli_text(json_string_value(value));
    return cli_json(&plain, value);
}

static void print_value(const struct term *out, size_t indent, const char *name,
    const json_t *value)
{
    char *text = value_text(value);
    print_pair(out, indent, name, text);
    cli_free(text);
}

/* The words of an argv, those with blanks in quotes. */
static char *argv_text(const json_t *argv)
{
    char *line = cli_text("");
    for (size_t i = 0; i < json_array_size(argv); i++) {
        const char *word = json_string_value(json_array_get(argv, i));
        if (word == NULL) continue;
        bool plain = word[0] != '\0' && strpbrk(word, " \t\n'\"") == NULL;
        char *longer = cli_format("%s%s%s%s%s", line, i > 0 ? " " : "",
            plain ? "" : "\"", word, plain ? "" : "\"");
        cli_free(line);
        line = longer;
    }
    return line;
}

/* Who does it: "agent NAME, program ..." or "agent NAME, a function". */
static void print_agent(const struct term *out, size_t indent,
    const char *title, const json_t *agent, const char *runtime)
{
    bool function = strcmp(runtime, "callback") == 0;
    char *argv = argv_text(json_object_get(agent, "run"));
    char *text = cli_format("%s, %s%s", cli_get(agent, "agent"),
        function ? "a function of the host" : "program ", function ? "" : argv);
    print_pair(out, indent, title, text);
    cli_free(text);
    cli_free(argv);
}

static void print_undo(const struct term *out, size_t indent,
    const json_t *node, const json_t *undo)
{
    const json_t *agent = json_object_get(node, "undo_agent");
    const json_t *own = json_object_get(undo, "run");
    if (undo == NULL) {
        print_pair(out, indent, "undo", "none");
    } else if (own != NULL) {
        char *argv = argv_text(json_object_get(agent, "run"));
        char *text = cli_format("program %s", argv);
        print_pair(out, indent, "undo", text);
        cli_free(text);
        cli_free(argv);
    } else {
        print_agent(out, indent, "undo", agent, cli_get(node, "undo_runtime"));
    }
    const json_t *timeout = json_object_get(undo, "timeout");
    if (timeout != NULL) print_value(out, indent, "  timeout", timeout);
    const json_t *with = json_object_get(undo, "with");
    if (with != NULL) print_value(out, indent, "  with", with);
}

/* What a person asks of each step, with what holds when the plan says nothing.
 */
static const struct {
    const char *key, *usual;
} asked[] = {
    {"timeout", "none"},
    {"retry", "none"},
    {"expect", "some output"},
    {"writes", "nothing"},
};

enum { ASKED_COUNT = sizeof asked / sizeof asked[0] };

static bool is_told(const char *key)
{
    static const char *const told[] = {"name", "agent", "undo", "verify"};
    for (size_t i = 0; i < sizeof told / sizeof told[0]; i++)
        if (strcmp(told[i], key) == 0) return true;
    for (size_t i = 0; i < ASKED_COUNT; i++)
        if (strcmp(asked[i].key, key) == 0) return true;
    return false;
}

static void print_step(
    const struct term *out, size_t indent, const json_t *node)
{
    json_t *step = json_object_get(node, "step");
    print_agent(out, indent, "agent", json_object_get(node, "agent"),
        cli_get(node, "runtime"));
    for (size_t i = 0; i < ASKED_COUNT; i++) {
        const json_t *value = json_object_get(step, asked[i].key);
        if (value != NULL) print_value(out, indent, asked[i].key, value);
        else print_pair(out, indent, asked[i].key, asked[i].usual);
    }
    if (json_object_get(step, "verify") != NULL)
        print_agent(out, indent, "verify",
            json_object_get(node, "verify_agent"),
            cli_get(node, "verify_runtime"));
    print_undo(out, indent, node, json_object_get(step, "undo"));
    void *at = json_object_iter(step);
    for (; at != NULL; at = json_object_iter_next(step, at)) {
        const char *key = json_object_iter_key(at);
        if (!is_told(key))
            print_value(out, indent, key, json_object_iter_value(at));
    }
}

static bool is_of_step(const char *key)
{
    static const char *const known[] = {"id", "step", "agent", "runtime",
        "undo_agent", "undo_runtime", "verify_agent", "verify_runtime",
        "children"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i], key) == 0) return true;
    return false;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most DEPTH_MAX levels */
static void print_node(
    const struct term *out, json_t *node, size_t depth, size_t *number)
{
    size_t indent = depth * INDENT;
    const json_t *children = json_object_get(node, "children");
    const char *id = cli_get(node, "id");
    if (id[0] != '\0') {
        term_pad(out, indent);
        if (children == NULL) (void)fprintf(out->file, "%2zu  ", ++*number);
        term_styled(out, STYLE_BOLD, id);
        (void)fputc('\n', out->file);
    }
    if (json_object_get(node, "step") != NULL)
        print_step(out, indent + BODY_INDENT, node);
    void *at = json_object_iter(node);
    for (; at != NULL; at = json_object_iter_next(node, at))
        if (!is_of_step(json_object_iter_key(at)))
            print_value(out, indent + BODY_INDENT, json_object_iter_key(at),
                json_object_iter_value(at));
    for (size_t i = 0; depth < DEPTH_MAX && i < json_array_size(children); i++)
        print_node(out, json_array_get(children, i),
            id[0] != '\0' ? depth + 1 : depth, number);
}

static bool is_of_plan(const char *key)
{
    static const char *const known[] = {"id", "pattern", "root", "phases"};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i], key) == 0) return true;
    return false;
}

static void print_head(const struct term *out, size_t indent, json_t *plan)
{
    term_styled(out, STYLE_BOLD, cli_get(plan, "pattern"));
    (void)fputc('\n', out->file);
    void *at = json_object_iter(plan);
    for (; at != NULL; at = json_object_iter_next(plan, at)) {
        const char *key = json_object_iter_key(at);
        if (is_of_plan(key)) continue;
        /* Patterns inside run where the whole does. */
        if (indent > INDENT && strcmp(key, "cwd") == 0) continue;
        print_value(out, indent, strcmp(key, "cwd") == 0 ? "folder" : key,
            json_object_iter_value(at));
    }
}

/* How its patterns go together, and what else it says. */
static void print_phase_head(
    const struct term *out, size_t indent, json_t *phase)
{
    term_pad(out, indent);
    (void)fputs("phase ", out->file);
    term_styled(out, STYLE_BOLD, cli_get(phase, "id"));
    (void)fputc('\n', out->file);
    void *at = json_object_iter(phase);
    for (; at != NULL; at = json_object_iter_next(phase, at)) {
        const char *key = json_object_iter_key(at);
        if (strcmp(key, "id") == 0 || strcmp(key, "plans") == 0) continue;
        if (strcmp(key, "select") == 0)
            print_pair(out, indent + INDENT, "pattern",
                "selected when the phase is reached");
        else print_value(out, indent + INDENT, key, json_object_iter_value(at));
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): at most DEPTH_MAX levels */
static void print_inside(
    const struct term *out, json_t *plan, size_t depth, size_t *number)
{
    const json_t *phases = json_object_get(plan, "phases");
    json_t *root = json_object_get(plan, "root");
    if (root != NULL) print_node(out, root, depth, number);
    for (size_t i = 0; depth < DEPTH_MAX && i < json_array_size(phases); i++) {
        json_t *phase = json_array_get(phases, i);
        const json_t *plans = json_object_get(phase, "plans");
        print_phase_head(out, depth * INDENT, phase);
        for (size_t p = 0; p < json_array_size(plans); p++) {
            json_t *inner = json_array_get(plans, p);
            term_pad(out, (depth + 1) * INDENT);
            print_head(out, (depth + 3) * INDENT, inner);
            print_inside(out, inner, depth + 2, number);
        }
    }
}

/* Whether a phase, or one inside of it, chooses when it is reached. */
/* NOLINTNEXTLINE(misc-no-recursion): at most DEPTH_MAX levels */
static bool has_choice(const json_t *plan, size_t depth)
{
    const json_t *phases = json_object_get(plan, "phases");
    for (size_t i = 0; depth < DEPTH_MAX && i < json_array_size(phases); i++) {
        const json_t *phase = json_array_get(phases, i);
        const json_t *plans = json_object_get(phase, "plans");
        if (json_object_get(phase, "select") != NULL) return true;
        for (size_t p = 0; p < json_array_size(plans); p++)
            if (has_choice(json_array_get(plans, p), depth + 2)) return true;
    }
    return false;
}

static void print_totals(
    const struct cli *cli, const json_t *totals, const json_t *plan)
{
    static const char *const keys[] = {
        "steps", "calls", "programs", "functions", "undos"};
    long long numbers[sizeof keys / sizeof keys[0]];
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        numbers[i] = json_integer_value(json_object_get(totals, keys[i]));
    (void)fprintf(cli->out.file,
        "\n%lld step%s (%lld by programs, %lld by functions), at most %lld "
        "call%s of agents; %lld can be undone%s\n",
        numbers[0], numbers[0] == 1 ? "" : "s", numbers[2], numbers[3],
        numbers[1], numbers[1] == 1 ? "" : "s", numbers[4],
        has_choice(plan, 0) ? "; besides, what is selected" : "");
}

/* What is tried when it fails, one behind the other. */
static void print_fallbacks(const struct term *out, const json_t *names)
{
    for (size_t i = 0; i < json_array_size(names); i++)
        print_pair(out, INDENT, i == 0 ? "if it fails" : "then",
            json_string_value(json_array_get(names, i)));
    if (json_array_size(names) > 0) (void)fputc('\n', out->file);
}

static int print_plan(struct cli *cli, const char *pattern, const char *compose,
    const ndf_context *context)
{
    ndf_text *text = NULL;
    ndf_run_options with = NDF_RUN_OPTIONS_INIT;
    with.compose = compose;
    if (!cli->args.given[OPT_NO_FALLBACK])
        with.fallback = NDF_FALLBACK_DECLARED;
    int err =
        ndf_plan(cli->engine, pattern, context, &with, &text, &cli->error);
    if (err != NDF_OK) return cli_error(cli, err);
    if (cli->args.given[OPT_JSON]) {
        cli_print_json(cli, text);
        return STATUS_DONE;
    }
    json_t *doc = cli_document(text);
    json_t *plan = json_object_get(doc, "plan");
    size_t number = 0;
    print_head(&cli->out, INDENT, plan);
    (void)fputc('\n', cli->out.file);
    print_inside(&cli->out, plan, 0, &number);
    print_fallbacks(&cli->out, json_object_get(doc, "fallbacks"));
    print_totals(cli, json_object_get(doc, "totals"), plan);
    json_decref(doc);
    cli_say(cli, "nothing was started");
    return STATUS_DONE;
}

int plan_print(struct cli *cli, const char *pattern, const ndf_context *context)
{
    return print_plan(cli, pattern, NULL, context);
}

int plan_print_composed(
    struct cli *cli, const char *compose, const ndf_context *context)
{
    return print_plan(cli, NULL, compose, context);
}
