/*
 * delegate.c - NDF as a library, whole: two agents that are functions of this
 * program, a choice by words with its reason, a durable run, and what was
 * learned from it.
 *
 *     cc delegate.c $(pkg-config --cflags --libs ndf) -o delegate
 *     ./delegate "find out why the build is slow"
 */
#include <ndf/ndf.h>
#include <stdio.h>
#include <string.h>

static const char profile[] =
    "agent: profiler\n"
    "description: Measures where a program or a build spends its time.\n"
    "examples: [why is this slow, find the bottleneck]\n"
    "---\n"
    "agent: translator\n"
    "description: Translates texts between languages.\n";

/* An agent: reads its request, answers with an output. */
static int measure(void *ud, const ndf_call *call, ndf_reply *reply)
{
    char text[256];
    int size = snprintf(text, sizeof text,
        "%s has read %zu bytes of request and would now measure",
        (const char *)ud, call->request_size);
    return ndf_reply_output(reply, text, (size_t)size);
}

static int translate(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    static const char text[] = "Guten Tag";
    return ndf_reply_output(reply, text, strlen(text));
}

static void watch(void *ud, const ndf_event *event)
{
    (void)ud;
    if (event->kind == NDF_EVENT_STEP_DONE)
        printf("done: %s after %llu ms\n", event->step,
            (unsigned long long)event->elapsed_ms);
}

/* Chooses for the context and runs what was chosen. */
static int delegate(
    ndf_engine *engine, const ndf_context *context, ndf_error *error)
{
    ndf_selection *selection;
    int err = ndf_select(engine, context, 3, &selection, error);
    if (err != NDF_OK) return err;
    printf("%s\n", ndf_selection_reason(selection));
    const char *chosen = ndf_selection_chosen(selection);
    ndf_run *run = NULL;
    if (chosen != NULL) {
        ndf_run_options options = NDF_RUN_OPTIONS_INIT;
        options.event = watch;
        err = ndf_run_start(engine, chosen, context, &options, &run, error);
    }
    int state = NDF_RUN_RUNNING;
    if (run != NULL) err = ndf_run_wait(run, 60000, &state, error);
    if (err == NDF_OK && state == NDF_RUN_SUCCEEDED)
        err = ndf_rate(engine, ndf_run_id(run), NDF_VERDICT_GOOD, NULL, error);
    ndf_run_free(run);
    ndf_selection_free(selection);
    return err;
}

int main(int argc, char **argv)
{
    const char *task = argc > 1 ? argv[1] : "find out why the build is slow";
    char json[1024];
    if (strpbrk(task, "\"\\") != NULL || strlen(task) > sizeof json - 32) {
        fprintf(stderr, "keep the task short and without quotes\n");
        return 2;
    }
    snprintf(json, sizeof json, "{\"text\": \"%s\"}", task);

    ndf_engine *engine = NULL;
    ndf_context *context = NULL;
    ndf_error error = {0};
    char who[] = "profiler";
    int err = ndf_open(&engine, NULL, &error); /* private, in memory */
    if (err == NDF_OK)
        err = ndf_register(engine, profile, strlen(profile), 0, &error);
    if (err == NDF_OK) err = ndf_bind(engine, "profiler", measure, who, &error);
    if (err == NDF_OK)
        err = ndf_bind(engine, "translator", translate, NULL, &error);
    if (err == NDF_OK)
        err = ndf_context_new(engine, json, strlen(json), &context, &error);
    if (err == NDF_OK) err = delegate(engine, context, &error);
    ndf_text *stats = NULL;
    if (err == NDF_OK) err = ndf_stats(engine, NULL, &stats, &error);
    if (err == NDF_OK) printf("%s\n", ndf_text_data(stats));
    if (err != NDF_OK) fprintf(stderr, "delegate: %s\n", error.message);
    ndf_text_free(stats);
    ndf_context_free(context);
    ndf_close(engine);
    return err == NDF_OK ? 0 : 1;
}
