/*
 * test_exec_sim.c - ten thousand random runs of steps and a thousand of tasks:
 * random plans, agents, machines, orders of events, cancels, crashes and power
 * losses. Each is played by its seed: NDF_SIM_SEED=n plays that one only,
 * NDF_SIM_COUNT=n as many.
 *
 * Whatever happens: the run ends, its journal ends with one end record, every
 * recorded result was made by one start, no agent is left, what may not be
 * undone is not. Of tasks besides: none starts before what it needs, nor more
 * at once than may; undos go backwards; every beginning of the journal can be
 * taken up; and the context is the one that patches make of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec_world.h"
#include "model/patch.h"
#include "support/parse.h"

enum {
    SIM_COUNT = 10000,
    SIM_TASKS_COUNT = 1000,
    SIM_STEPS_MAX = 5,
    SIM_TASKS_MAX = 8,
    SIM_LIVES_MAX = 12,
};

/* The seed of the run of tasks under way; 0: none. */
static uint64_t played;

struct sim {
    struct world w;
    char steps[4096];
    char names[SIM_TASKS_MAX][24];
    char work[SIM_TASKS_MAX][8];
    char undo[SIM_TASKS_MAX][8];
    bool idempotent[SIM_TASKS_MAX];
    unsigned needs[SIM_TASKS_MAX]; /* bits: tasks that it needs */
    struct script scripts[SIM_TASKS_MAX + 1];
    struct exec_machine machine;
    size_t step_count;
    bool tasks;
    unsigned at_once; /* 0: any */
    double tolerance;
    bool crashes, cancels;
};

static void draw_letters(struct world *w, const char *from, char out[8])
{
    size_t count = 1 + (size_t)world_draw(w, 3);
    for (size_t i = 0; i < count; i++) {
        out[i] = from[world_draw(w, strlen(from))];
    }
    out[count] = '\0';
}

static void add_text(struct sim *sim, const char *text)
{
    strncat(sim->steps, text, sizeof sim->steps - strlen(sim->steps) - 1);
}

/* What only tasks have; the names of those before, more or less of them. */
static void draw_task(struct sim *sim, struct world *dice, size_t i)
{
    static const char *const resources[] = {"", "", "",
        ", \"resources\": {\"cpu\": 2}",
        ", \"resources\": {\"memory\": \"40B\"}",
        ", \"resources\": {\"cpu\": 1, \"memory\": \"20B\"}"};
    char text[64];
    add_text(sim, resources[world_draw(dice, 6)]);
    add_text(sim, ", \"needs\": [");
    for (size_t n = 0; n < i; n++) {
        if (world_draw(dice, 4) > 0) continue;
        snprintf(
            text, sizeof text, "%s\"s%zu\"", sim->needs[i] != 0 ? ", " : "", n);
        add_text(sim, text);
        sim->needs[i] |= 1u << n;
    }
    add_text(sim, "]");
}

/* The head of a plan of tasks. */
static void draw_tasks(struct sim *sim, struct world *dice)
{
    static const double tolerances[] = {0, 0, 0.2, 0.5, 1};
    sim->at_once = (unsigned)world_draw(dice, 5);
    sim->tolerance = tolerances[world_draw(dice, 5)];
    snprintf(sim->steps, sizeof sim->steps,
        "{\"max_concurrent\": %u, \"failure_tolerance\": %g, \"tasks\": ",
        sim->at_once, sim->tolerance);
}

static void draw_step(struct sim *sim, struct world *dice, size_t i)
{
    static const char *const retries[] = {"", ", \"retry\": {\"attempts\": 3}",
        ", \"retry\": {\"attempts\": 2, \"backoff\": 5, \"jitter\": 0.5}",
        ", \"retry\": {\"attempts\": 3, \"on\": [\"timeout\", \"start\"]}"};
    static const char *const undos[] = {"", ", \"undo\": {\"run\": [\"back\"]}",
        ", \"undo\": {\"run\": [\"back\"]}, \"undo_on_failure\": true"};
    snprintf(sim->names[i], sizeof sim->names[i], "s%zu", i);
    /* Mostly good: else no run would come far. */
    draw_letters(dice, "ooooooopbuftscevlhn", sim->work[i]);
    draw_letters(dice, "oooooofl", sim->undo[i]);
    sim->idempotent[i] = world_draw(dice, 2) == 0;
    sim->scripts[i] =
        (struct script){sim->names[i], sim->work[i], sim->undo[i]};
    size_t size = strlen(sim->steps);
    snprintf(sim->steps + size, sizeof sim->steps - size,
        "%s{\"name\": \"s%zu\", \"idempotent\": %s, \"writes\": "
        "[\"stage\"]%s%s",
        i > 0 ? ", " : "[", i, sim->idempotent[i] ? "true" : "false",
        retries[world_draw(dice, 4)], undos[world_draw(dice, 3)]);
    bool hands_on = i > 0 && world_draw(dice, 2) == 0;
    if (sim->tasks) draw_task(sim, dice, i);
    if (sim->tasks && (sim->needs[i] & 1u) == 0) hands_on = false;
    if (hands_on) add_text(sim, ", \"with\": {\"x\": \"${steps.s0.output}\"}");
    add_text(sim, "}");
}

static void draw_run(struct sim *sim, uint64_t seed, bool tasks)
{
    struct world dice = {.random = seed * 2 + 1};
    *sim = (struct sim){.tasks = tasks};
    for (int i = 0; i < 8; i++) {
        (void)world_draw(&dice, 2);
    }
    sim->step_count =
        1 + (size_t)world_draw(&dice, tasks ? SIM_TASKS_MAX : SIM_STEPS_MAX);
    if (tasks) draw_tasks(sim, &dice);
    for (size_t i = 0; i < sim->step_count; i++) {
        draw_step(sim, &dice, i);
    }
    add_text(sim, tasks ? "]}" : "]");
    sim->crashes = world_draw(&dice, 3) > 0;
    sim->cancels = world_draw(&dice, 4) == 0;
    world_init(&sim->w, &mem_libc, sim->steps, sim->scripts);
    sim->w.random = dice.random;
    if (tasks && world_draw(&dice, 2) == 0) sim->w.machine = &sim->machine;
    sim->w.plan.policy = (enum context_policy)world_draw(&dice, 3);
    sim->w.plan.rollback = world_draw(&dice, 4) > 0;
    if (world_draw(&dice, 4) == 0) sim->w.plan.timeout_ms = 1000;
    if (world_draw(&dice, 6) == 0) {
        sim->w.plan.budget.steps = 1 + world_draw(&dice, 6);
    }
}

/* One random thing; true when the executor must be made anew. */
static bool disturb(struct sim *sim)
{
    struct world *w = &sim->w;
    uint64_t dice = world_draw(w, 100);
    if (sim->cancels && dice < 3) world_cancel(w);
    if (!sim->crashes || w->lives >= SIM_LIVES_MAX) return false;
    if (dice >= 90) {
        world_crash(w, (size_t)world_draw(w, 3));
        return true;
    }
    if (dice == 89) {
        world_power_loss(w);
        return true;
    }
    if (dice == 88 && w->batches.count > 0) {
        w->fail_next_record = true;
        world_happen(w, 0);
        w->fail_next_record = false;
        assert_true(w->ended);
        w->ended = false;
        world_crash(w, 0);
        return true;
    }
    return false;
}

/* Others come and go. */
static void change_machine(struct sim *sim)
{
    if (sim->w.machine == NULL) return;
    sim->machine =
        (struct exec_machine){.cpus = 1 + (double)world_draw(&sim->w, 4),
            .memory = 50 + world_draw(&sim->w, 2) * 50,
            .memory_free = world_draw(&sim->w, 100)};
}

/* A hanging agent without any time limit is ended by somebody. */
static void unblock(struct sim *sim)
{
    if (world_choices(&sim->w) == 0 && !sim->w.ended) world_cancel(&sim->w);
}

static void check_end(struct sim *sim, uint64_t seed)
{
    struct world *w = &sim->w;
    const struct world_record *last =
        vec_get(&w->journal, w->journal.count - 1);
    assert_true(str_equal(last->kind, STR("end")));
    assert_int_equal(world_count(w, "end", NULL), 1);
    for (size_t i = 0; i < w->calls.count; i++) {
        const struct world_call *call = vec_get(&w->calls, i);
        if (call->starts > 1) {
            fail_msg("seed %llu: %s started %d times", (unsigned long long)seed,
                call->file, call->starts);
        }
        if (call->state == CALL_RUNS) {
            fail_msg(
                "seed %llu: %s is left", (unsigned long long)seed, call->file);
        }
    }
    for (size_t i = 0; i < sim->step_count; i++) {
        const char *name = sim->names[i];
        size_t results = world_count(w, "result", name);
        size_t intents = world_count(w, "intent", name);
        assert_true(results <= intents);
        assert_true(intents - results <= 1);
        /* Only a run in doubt leaves an intent without a result. */
        if (w->end.state != NDF_RUN_IN_DOUBT) {
            assert_int_equal(results, intents);
        }
    }
    if (w->end.state == NDF_RUN_SUCCEEDED) {
        if (!sim->tasks) assert_int_equal(w->end.steps_done, sim->step_count);
        assert_int_equal(world_count(w, "undo_intent", NULL), 0);
    }
    assert_true(w->end.preservation >= 0 && w->end.preservation <= 1);
}

/* ---- of tasks ----------------------------------------------------------- */

/* What the journal says of a task, as far as it is read. */
struct task_tale {
    bool done, failed, skipped, undoing;
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
        if ((sim->needs[task] >> n & 1u) != 0 && !tale->tasks[n].done)
            return false;
    }
    return true;
}

static bool one_needed_has_failed(
    const struct sim *sim, const struct tale *tale, size_t task)
{
    for (size_t n = 0; n < task; n++) {
        const struct task_tale *needed = &tale->tasks[n];
        if ((sim->needs[task] >> n & 1u) != 0 &&
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
    if (str_equal(kind, STR("intent"))) {
        assert_true(all_needed_are_done(sim, tale, i));
        assert_false(task->done || task->skipped || task->undoing);
        task->failed = false;
    } else if (str_equal(kind, STR("result"))) {
        task->done = value_get_bool(body, STR("ok"), false);
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
            struct value before = context;
            assert_ok(patch_merge(arena, &before, patch, &context));
        }
    }
    return context;
}

/* Every beginning of the journal can be taken up; all of it tells the end. */
static void replay_all(struct sim *sim, struct arena *arena)
{
    struct world *w = &sim->w;
    const struct exec_options options = {.mem = &mem_libc,
        .plan = &w->plan,
        .initial = &w->context,
        .run = STR("run-1"),
        .boot = STR("boot"),
        .seed = 7};
    struct executor *x;
    struct exec_look look;
    assert_ok(executor_new(&x, &options, NULL));
    for (size_t i = 0; i < w->journal.count; i++) {
        const struct world_record *from = vec_get(&w->journal, i);
        struct value body = test_json(arena, from->body.at);
        struct exec_record record = {
            .kind = from->kind, .body = &body, .blob = from->blob};
        assert_ok(executor_replay(x, &record, NULL));
        assert_ok(executor_look(x, &look));
    }
    struct value context = context_of(sim, arena);
    assert_true(value_equal(look.context, &context));
    assert_non_null(look.end);
    assert_int_equal(look.end->state, w->end.state);
    assert_int_equal(look.end->steps_done, w->end.steps_done);
    executor_free(x);
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
    replay_all(sim, &arena);
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

static void play(uint64_t seed, bool tasks)
{
    static struct sim sim;
    struct world *w = &sim.w;
    ndf_error error = {0};
    draw_run(&sim, seed, tasks);
    change_machine(&sim);
    int err = world_live(w, &error);
    if (err != NDF_OK) {
        fail_msg("seed %llu: %s", (unsigned long long)seed, error.message);
    }
    while (!w->ended) {
        if (disturb(&sim)) {
            err = world_live(w, &error);
            if (err != NDF_OK) {
                fail_msg(
                    "seed %llu: %s", (unsigned long long)seed, error.message);
            }
        }
        unblock(&sim);
        size_t choices = world_choices(w);
        if (w->ended) break;
        if (choices == 0) {
            fail_msg("seed %llu: stuck after '%s'", (unsigned long long)seed,
                buf_str(&w->trace).at);
        }
        world_happen(w, (size_t)world_draw(w, choices));
        check_room(&sim);
        change_machine(&sim);
    }
    check_end(&sim, seed);
    if (tasks) check_tasks(&sim);
    world_deinit(w);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static void ten_thousand_random_runs_keep_every_promise(void **state)
{
    (void)state;
    uint64_t only = number_of("NDF_SIM_SEED", 0);
    if (only > 0) {
        play(only, false);
        return;
    }
    uint64_t count = number_of("NDF_SIM_COUNT", SIM_COUNT);
    for (uint64_t seed = 1; seed <= count; seed++) {
        play(seed, false);
    }
}

/* An assertion that fails knows no seed: the teardown says it. */
static void a_thousand_random_runs_of_tasks_keep_every_promise(void **state)
{
    (void)state;
    uint64_t only = number_of("NDF_SIM_SEED", 0);
    if (only > 0) {
        play(only, true);
        return;
    }
    uint64_t count = number_of("NDF_SIM_COUNT", SIM_TASKS_COUNT);
    for (uint64_t seed = 1; seed <= count; seed++) {
        played = seed;
        play(seed, true);
    }
    played = 0;
}

static int say_seed(void **state)
{
    (void)state;
    if (played > 0)
        print_error("the run of tasks with NDF_SIM_SEED=%llu failed\n",
            (unsigned long long)played);
    return 0;
}

static void a_seed_plays_the_same_run_again(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed < 20; seed++) {
        struct str traces[2];
        struct arena arena;
        arena_init(&arena, &mem_libc);
        for (int i = 0; i < 2; i++) {
            static struct sim sim;
            draw_run(&sim, seed, seed % 2 == 0);
            change_machine(&sim);
            sim.crashes = false;
            assert_ok(world_live(&sim.w, NULL));
            while (!sim.w.ended) {
                unblock(&sim);
                size_t choices = world_choices(&sim.w);
                if (choices == 0) continue;
                world_happen(&sim.w, (size_t)world_draw(&sim.w, choices));
            }
            traces[i] = arena_str(&arena, buf_str(&sim.w.trace));
            world_deinit(&sim.w);
        }
        assert_string_equal(traces[0].at, traces[1].at);
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_thousand_random_runs_keep_every_promise),
        cmocka_unit_test_teardown(
            a_thousand_random_runs_of_tasks_keep_every_promise, say_seed),
        cmocka_unit_test(a_seed_plays_the_same_run_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
