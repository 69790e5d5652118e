/*
 * exec_sim_tasks.c - random runs of tasks that need one another.
 *
 * None starts before what it needs, nor more at once than may; undos go
 * backwards; and the context is the one that the patches make of it.
 */
#include <stdio.h>

#include "exec_sim.h"
#include "model/patch.h"
#include "support/parse.h"

/* ---- drawing ------------------------------------------------------------- */

/* What only tasks have; the names of those before, more or less of them. */
static void add_needs(
    struct sim *sim, struct world *dice, struct sim_step *step, size_t i)
{
    static const char *const resources[] = {"", "", "",
        ", \"resources\": {\"cpu\": 2}",
        ", \"resources\": {\"memory\": \"40B\"}",
        ", \"resources\": {\"cpu\": 1, \"memory\": \"20B\"}"};
    sim_add(sim, "%s, \"needs\": [", resources[world_draw(dice, 6)]);
    for (size_t n = 0; n < i; n++) {
        if (world_draw(dice, 4) > 0) continue;
        sim_add(sim, "%s\"s%zu\"", step->needs != 0 ? ", " : "", n);
        step->needs |= 1u << n;
    }
    sim_add(sim, "]");
}

void sim_add_tasks(
    struct sim *sim, struct world *dice, const char *prefix, size_t most)
{
    static const double tolerances[] = {0, 0, 0.2, 0.5, 1};
    size_t count = 1 + (size_t)world_draw(dice, most);
    sim->at_once = (unsigned)world_draw(dice, 5);
    sim->tolerance = tolerances[world_draw(dice, 5)];
    sim_add(sim,
        "\"max_concurrent\": %u, \"failure_tolerance\": %g, \"tasks\": [",
        sim->at_once, sim->tolerance);
    for (size_t i = 0; i < count; i++) {
        struct sim_step *step = sim_add_step(sim, dice, prefix, i);
        bool hands_on = i > 0 && world_draw(dice, 2) == 0;
        add_needs(sim, dice, step, i);
        hands_on = hands_on && (step->needs & 1u) != 0;
        sim_add(sim, "%s}",
            hands_on ? ", \"with\": {\"x\": \"${steps.s0.output}\"}" : "");
    }
    sim_add(sim, "]");
}

static void draw_tasks(struct sim *sim, struct world *dice)
{
    sim_add(sim, "{");
    sim_add_tasks(sim, dice, "", SIM_TASKS_MAX);
    sim_add(sim, "}");
}

/* ---- checking ------------------------------------------------------------ */

/* What the journal says of a task, as far as it is read. */
struct task_tale {
    bool done, failed, skipped, undoing, worked, approved, wordless;
    size_t done_at; /* in the order of completion */
};

struct tale {
    struct task_tale tasks[SIM_TASKS_MAX];
    size_t done_count;
    size_t undone_at; /* of the last undo of a done task */
    struct value context;
};

static bool all_needed_are_done(
    const struct sim *sim, const struct tale *tale, size_t task)
{
    for (size_t n = 0; n < task; n++) {
        if ((sim->steps[task].needs >> n & 1u) != 0 && !tale->tasks[n].done)
            return false;
    }
    return true;
}

static bool one_needed_has_failed(
    const struct sim *sim, const struct tale *tale, size_t task)
{
    for (size_t n = 0; n < task; n++) {
        const struct task_tale *needed = &tale->tasks[n];
        if ((sim->steps[task].needs >> n & 1u) != 0 &&
            (needed->failed || needed->skipped))
            return true;
    }
    return false;
}

static void tell_record(const struct sim *sim, struct tale *tale,
    struct str kind, const struct value *body)
{
    struct str step = value_get_str(body, STR("step"));
    if (step.at == NULL || str_equal(kind, STR("end"))) return;
    if (str_equal(kind, STR("cancel"))) return;
    size_t i = (size_t)(step.at[1] - '0');
    struct task_tale *task = &tale->tasks[i];
    bool ok = value_get_bool(body, STR("ok"), false);
    bool judged = str_equal(kind, STR("verify_result"));
    if (str_equal(kind, STR("approve"))) {
        task->approved = value_get_bool(body, STR("approved"), false);
        return;
    }
    if (str_equal(kind, STR("skip")) && value_get(body, STR("if")) != NULL) {
        assert_true(all_needed_are_done(sim, tale, i));
        assert_false(task->done || task->failed || task->skipped);
        task->done = true;
        task->done_at = ++tale->done_count;
        return;
    }
    if (str_equal(kind, STR("verify_intent"))) assert_true(task->worked);
    if (str_equal(kind, STR("result"))) task->worked = ok;
    if (str_equal(kind, STR("intent"))) {
        assert_true(all_needed_are_done(sim, tale, i));
        assert_false(task->done || task->skipped || task->undoing);
        task->wordless = sim->steps[i].approval && !task->approved;
        task->failed = false;
    } else if (str_equal(kind, STR("result")) && sim->steps[i].verified && ok) {
        return;
    } else if (str_equal(kind, STR("result")) || judged) {
        task->done = ok;
        assert_false(ok && task->wordless);
        task->failed = !task->done;
        if (task->done) task->done_at = ++tale->done_count;
    } else if (str_equal(kind, STR("skip"))) {
        assert_true(one_needed_has_failed(sim, tale, i));
        assert_false(task->done || task->failed || task->skipped);
        task->skipped = true;
    } else if (str_equal(kind, STR("undo_intent")) && !task->undoing) {
        task->undoing = true;
        if (!task->done) return;
        assert_true(tale->undone_at == 0 || task->done_at < tale->undone_at);
        tale->undone_at = task->done_at;
    }
}

/* The patches of what is done, as declared: needs point backwards here. */
static struct value context_of(struct sim *sim, struct arena *arena)
{
    struct world *w = &sim->w;
    struct value context;
    assert_ok(context_encode(arena, &w->context, &context));
    for (size_t i = 0; i < sim->step_count; i++) {
        for (size_t r = 0; r < w->journal.count; r++) {
            const struct world_record *record = vec_get(&w->journal, r);
            if (!str_equal(record->kind, STR("result"))) continue;
            struct value body = test_json(arena, record->body.at);
            const struct value *patch = value_get(&body, STR("patch"));
            struct str step = value_get_str(&body, STR("step"));
            if (patch == NULL || (size_t)(step.at[1] - '0') != i) continue;
            if (!sim_is_verified(sim, arena, r, i)) continue;
            struct value before = context;
            assert_ok(patch_merge(arena, &before, patch, &context));
        }
    }
    return context;
}

static void check_tasks(struct sim *sim)
{
    struct world *w = &sim->w;
    struct tale tale = {.done_count = 0};
    struct arena arena;
    arena_init(&arena, &mem_libc);
    for (size_t r = 0; r < w->journal.count; r++) {
        const struct world_record *record = vec_get(&w->journal, r);
        struct value body = test_json(&arena, record->body.at);
        tell_record(sim, &tale, record->kind, &body);
    }
    size_t over = 0;
    for (size_t i = 0; i < sim->step_count; i++) {
        if (tale.tasks[i].failed || tale.tasks[i].skipped) over++;
    }
    assert_int_equal(w->end.steps_done, tale.done_count);
    if (w->end.state == NDF_RUN_SUCCEEDED) {
        double share = (double)over / (double)sim->step_count;
        assert_int_equal(tale.done_count + over, sim->step_count);
        assert_true(share <= sim->tolerance && tale.done_count > 0);
    }
    struct value context = context_of(sim, &arena);
    sim_replay_all(sim, &context);
    arena_deinit(&arena);
}

static void check_room(const struct sim *sim)
{
    unsigned count = 0;
    for (size_t i = 0; i < sim->w.calls.count; i++) {
        const struct world_call *call = vec_get(&sim->w.calls, i);
        if (call->state == CALL_RUNS && !call->undo) count++;
    }
    if (sim->at_once > 0) assert_true(count <= sim->at_once);
}

const struct sim_kind sim_tasks = {
    "tasks", draw_tasks, check_room, check_tasks};
