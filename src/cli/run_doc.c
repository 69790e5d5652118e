/*
 * run_doc.c - reading the document of a run: its head and its records.
 */
#include "cli/run_doc.h"

#include <string.h>

int64_t run_doc_ms(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    return json_is_integer(value) ? (int64_t)json_integer_value(value) : -1;
}

bool run_doc_is_interrupted(const json_t *document)
{
    return strcmp(cli_get(document, "state"), "interrupted") == 0;
}

bool run_doc_is_due(const json_t *document)
{
    const json_t *fallback = json_object_get(document, "fallback");
    return json_is_true(json_object_get(document, "fallback_due")) ||
           strcmp(cli_get(fallback, "state"), "due") == 0;
}

const char *run_doc_next(const json_t *document)
{
    const json_t *fallback = json_object_get(document, "fallback");
    bool started = cli_get(fallback, "pattern")[0] != '\0';
    return started ? cli_get(fallback, "run") : "";
}

void run_doc_say_interrupted(const struct cli *cli, const json_t *list)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        count += run_doc_is_interrupted(json_array_get(list, i)) ||
                 run_doc_is_due(json_array_get(list, i));
    if (count == 1) cli_say(cli, "1 run was interrupted: ndf resume --all");
    if (count > 1)
        cli_say(cli, "%zu runs were interrupted: ndf resume --all", count);
}

int run_doc_status(const struct run_doc *run)
{
    if (run->succeeded) return STATUS_DONE;
    if (strcmp(run->state, "in_doubt") == 0) return STATUS_IN_DOUBT;
    if (strcmp(run->state, "cancelled") == 0 && !run->denied)
        return STATUS_INTERRUPTED;
    return run->timed_out ? STATUS_TIMEOUT : STATUS_FAILED;
}

static void read_result(struct run_doc *run, const json_t *body)
{
    bool ok = json_is_true(json_object_get(body, "ok"));
    /* What a cancel ended says only that it was cancelled. */
    if (!run->cancelled)
        run->timed_out = !ok && strcmp(cli_get(body, "reason"), "timeout") == 0;
}

static void read_record(struct run_doc *run, const json_t *record)
{
    const char *kind = cli_get(record, "kind");
    const json_t *body = json_object_get(record, "body");
    if (strcmp(kind, "result") == 0 || strcmp(kind, "verify_result") == 0)
        read_result(run, body);
    if (strcmp(kind, "cancel") == 0) {
        run->cancelled = true;
        run->timed_out = strcmp(cli_get(body, "reason"), "timeout") == 0;
    }
    if ((strcmp(kind, "approve") == 0 ||
            strcmp(kind, "pattern_approve") == 0) &&
        json_is_false(json_object_get(body, "approved")))
        run->denied = true;
    if (strcmp(kind, "end") == 0) run->end = body;
}

/* The parts of a composed run, or NULL. */
static const json_t *find_parts(const json_t *document)
{
    const json_t *list = json_object_get(document, "records");
    const json_t *body = json_object_get(json_array_get(list, 0), "body");
    const json_t *plan = json_object_get(body, "plan");
    const json_t *phases = json_object_get(plan, "phases");
    const json_t *plans = json_object_get(json_array_get(phases, 0), "plans");
    bool composed = cli_get(json_array_get(plans, 0), "task")[0] != '\0';
    return composed ? plans : NULL;
}

void run_doc_read(struct run_doc *run, const json_t *document)
{
    *run = (struct run_doc){
        .id = cli_get(document, "id"),
        .pattern = cli_get(document, "pattern"),
        .state = cli_get(document, "state"),
        .started_ms = run_doc_ms(document, "started_ms"),
        .elapsed_ms = run_doc_ms(document, "elapsed_ms"),
    };
    run->succeeded = strcmp(run->state, "succeeded") == 0;
    const json_t *list = json_object_get(document, "records");
    for (size_t i = 0; i < json_array_size(list); i++)
        read_record(run, json_array_get(list, i));
    run->composed = find_parts(document) != NULL;
    run->outcome = cli_get(run->end, "outcome");
    run->evidence = cli_get(run->end, "evidence");
    run->error = cli_get(run->end, "error");
    run->step = cli_get(run->end, "step");
}

/* Whether a step is that of this id, or inside of what has this id. */
static bool is_within(const char *step, const char *id)
{
    size_t size = strlen(id);
    return strncmp(step, id, size) == 0 &&
           (step[size] == '\0' || step[size] == '/');
}

/* The last good result of a step or of what is inside of that id (NULL: of
 * any); its body, or NULL. */
static const json_t *find_result(const json_t *document, const char *id)
{
    const json_t *list = json_object_get(document, "records");
    for (size_t i = json_array_size(list); i > 0; i--) {
        const json_t *record = json_array_get(list, i - 1);
        const json_t *body = json_object_get(record, "body");
        if (strcmp(cli_get(record, "kind"), "result") != 0) continue;
        if (id != NULL && !is_within(cli_get(body, "step"), id)) continue;
        if (json_is_true(json_object_get(body, "ok"))) return body;
    }
    return NULL;
}

/* The tasks of a parallel run; NULL when it has steps. */
static const json_t *find_tasks(const json_t *document)
{
    const json_t *list = json_object_get(document, "records");
    const json_t *body = json_object_get(json_array_get(list, 0), "body");
    const json_t *plan = json_object_get(body, "plan");
    const json_t *root = json_object_get(plan, "root");
    if (strcmp(cli_get(root, "kind"), "parallel") != 0) return NULL;
    return json_object_get(root, "children");
}

static bool is_needed(const json_t *tasks, const char *name)
{
    for (size_t i = 0; i < json_array_size(tasks); i++) {
        const json_t *step = json_object_get(json_array_get(tasks, i), "step");
        const json_t *needs = json_object_get(step, "needs");
        for (size_t n = 0; n < json_array_size(needs); n++) {
            const char *need = json_string_value(json_array_get(needs, n));
            if (need != NULL && strcmp(need, name) == 0) return true;
        }
    }
    return false;
}

size_t run_doc_outputs(const json_t *document, struct run_output **out)
{
    const json_t *tasks = find_parts(document);
    if (tasks == NULL) tasks = find_tasks(document);
    size_t most = tasks != NULL ? json_array_size(tasks) : 1, count = 0;
    *out = cli_alloc((most + 1) * sizeof **out);
    for (size_t i = 0; i < most; i++) {
        const char *step = NULL;
        if (tasks != NULL) step = cli_get(json_array_get(tasks, i), "id");
        if (step != NULL && is_needed(tasks, step)) continue;
        const json_t *body = find_result(document, step);
        const json_t *value = json_object_get(body, "output");
        if (value == NULL || json_is_null(value)) continue;
        (*out)[count++] = (struct run_output){
            step != NULL ? step : cli_get(body, "step"), value};
    }
    return count;
}
