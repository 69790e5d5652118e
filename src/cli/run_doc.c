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

void run_doc_say_interrupted(const struct cli *cli, const json_t *list)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list); i++)
        count += run_doc_is_interrupted(json_array_get(list, i));
    if (count == 1) cli_say(cli, "1 run was interrupted: ndf resume --all");
    if (count > 1)
        cli_say(cli, "%zu runs were interrupted: ndf resume --all", count);
}

int run_doc_status(const struct run_doc *run)
{
    if (run->succeeded) return STATUS_DONE;
    if (strcmp(run->state, "in_doubt") == 0) return STATUS_IN_DOUBT;
    return run->timed_out ? STATUS_TIMEOUT : STATUS_FAILED;
}

static void read_result(struct run_doc *run, const json_t *body)
{
    bool ok = json_is_true(json_object_get(body, "ok"));
    /* What a cancel ended says only that it was cancelled. */
    if (!run->cancelled)
        run->timed_out = !ok && strcmp(cli_get(body, "reason"), "timeout") == 0;
    if (!ok) return;
    run->output = json_object_get(body, "output");
    run->output_step = cli_get(body, "step");
}

static void read_record(struct run_doc *run, const json_t *record)
{
    const char *kind = cli_get(record, "kind");
    const json_t *body = json_object_get(record, "body");
    if (strcmp(kind, "result") == 0) read_result(run, body);
    if (strcmp(kind, "cancel") == 0) {
        run->cancelled = true;
        run->timed_out = strcmp(cli_get(body, "reason"), "timeout") == 0;
    }
    if (strcmp(kind, "end") == 0) run->end = body;
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
    run->outcome = cli_get(run->end, "outcome");
    run->evidence = cli_get(run->end, "evidence");
    run->error = cli_get(run->end, "error");
    run->step = cli_get(run->end, "step");
}
