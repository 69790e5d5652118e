/*
 * agent_call.c - copies of calls, and the names of how they end.
 *
 * Invariant: the names are in journals, so they never change.
 */
#include "run/agent_call.h"

static const char *const status_names[] = {
    [AGENT_EXITED] = "exited",
    [AGENT_SIGNALLED] = "signalled",
    [AGENT_TIMED_OUT] = "timed_out",
    [AGENT_SILENT] = "silent",
    [AGENT_OUTPUT_CAP] = "output_cap",
    [AGENT_OUTPUT_LOST] = "output_lost",
    [AGENT_START_FAILED] = "start_failed",
    [AGENT_CANCELLED] = "cancelled",
    [AGENT_LOST] = "lost",
    [AGENT_NEVER_STARTED] = "never_started",
};

enum { STATUS_COUNT = sizeof status_names / sizeof *status_names };

const char *agent_status_name(enum agent_status status)
{
    return status_names[status];
}

bool agent_status_parse(struct str text, enum agent_status *out)
{
    for (int i = 0; i < STATUS_COUNT; i++) {
        if (!str_equal(text, str_of(status_names[i]))) continue;
        *out = (enum agent_status)i;
        return true;
    }
    return false;
}

static int copy_list(
    struct arena *arena, const struct str_list *from, struct str_list *to)
{
    *to = (struct str_list){NULL, 0};
    struct str *items = arena_calloc(arena, from->count + 1, sizeof *items);
    if (items == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < from->count; i++) {
        items[i] = arena_str(arena, from->items[i]);
        if (items[i].at == NULL) return NDF_ENOMEM;
    }
    *to = (struct str_list){items, from->count};
    return NDF_OK;
}

int agent_call_copy(
    struct arena *arena, const struct agent_call *from, struct agent_call *to)
{
    *to = *from;
    enum { TEXTS = 8 };
    struct str *const texts[TEXTS] = {&to->run, &to->step, &to->key, &to->agent,
        &to->cwd, &to->request, &to->file, &to->boot};
    for (size_t i = 0; i < TEXTS; i++) {
        *texts[i] = arena_str(arena, *texts[i]);
        if (texts[i]->at == NULL) return NDF_ENOMEM;
    }
    int err = copy_list(arena, &from->argv, &to->argv);
    if (err == NDF_OK) err = copy_list(arena, &from->files, &to->files);
    if (err == NDF_OK) err = copy_list(arena, &from->pass_env, &to->pass_env);
    if (err == NDF_OK) err = value_copy(arena, &from->env, &to->env);
    return err;
}
