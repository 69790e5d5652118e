/*
 * tell.c - see tell.h.
 */
#include "engine/tell.h"

#include <math.h>

/* A result is told of right behind what it added: that is the difference. The
 * words on its violations come before that on itself. */
static void put_usage(
    struct ndf_run *run, const struct exec_progress *progress, ndf_event *event)
{
    event->tokens = progress->tokens;
    event->cost = progress->cost;
    event->step_tokens = -1;
    event->step_cost = (double)NAN;
    if (progress->event == NDF_EVENT_VIOLATION) return;
    bool step = progress->step.size > 0; /* else what was used before */
    if (progress->tokens > run->told_tokens) {
        if (step) event->step_tokens = progress->tokens - run->told_tokens;
        run->told_tokens = progress->tokens;
    }
    if (progress->cost > run->told_cost) {
        if (step) event->step_cost = progress->cost - run->told_cost;
        run->told_cost = progress->cost;
    }
}

void tell_progress(struct ndf_run *run, const struct exec_progress *progress)
{
    run->steps_done = progress->steps_done;
    run->steps_total = progress->steps_total;
    if (progress->event == NDF_EVENT_VIOLATION)
        counter_add(&run->engine->metrics.violations, 1);
    if (run->event == NULL) return;
    const struct clock *clock = &run->engine->clock;
    /* The executor's strings end with a NUL where they are made by arena_str;
     * a copy is sure. */
    struct arena scratch;
    arena_init(&scratch, &run->engine->mem);
    struct str step = arena_str(&scratch, progress->step);
    struct str detail = arena_str(&scratch, progress->detail);
    ndf_event event = {.kind = progress->event,
        .run = run->id,
        .step = step.at != NULL ? step.at : "",
        .detail = detail.at != NULL ? detail.at : "",
        .attempt = (int)progress->attempt,
        .steps_done = (int)progress->steps_done,
        .steps_total = (int)progress->steps_total,
        .at_ms = clock_wall_ms(clock),
        .elapsed_ms =
            (uint64_t)(clock_mono_ns(clock) - run->started_mono_ns) / 1000000};
    put_usage(run, progress, &event);
    run->event(run->event_ud, &event);
    arena_deinit(&scratch);
}
