/*
 * test_exec_sim.c - ten thousand random runs: random plans, agents, orders of
 * events, cancels, crashes and power losses. Each is played by its seed:
 * NDF_SIM_SEED=n plays that one only, NDF_SIM_COUNT=n as many.
 *
 * Whatever happens: the run ends, its journal ends with one end record, every
 * recorded result was made by one start, and what may not be undone is not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec_world.h"
#include "support/parse.h"

enum { SIM_COUNT = 10000, SIM_STEPS_MAX = 5, SIM_LIVES_MAX = 12 };

struct sim {
    struct world w;
    char steps[4096];
    char names[SIM_STEPS_MAX][24];
    char work[SIM_STEPS_MAX][8];
    char undo[SIM_STEPS_MAX][8];
    bool idempotent[SIM_STEPS_MAX];
    struct script scripts[SIM_STEPS_MAX + 1];
    size_t step_count;
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
        "[\"stage\"]%s%s%s}",
        i > 0 ? ", " : "[", i, sim->idempotent[i] ? "true" : "false",
        retries[world_draw(dice, 4)], undos[world_draw(dice, 3)],
        i > 0 && world_draw(dice, 2) == 0
            ? ", \"with\": {\"x\": \"${steps.s0.output}\"}"
            : "");
}

static void draw_run(struct sim *sim, uint64_t seed)
{
    struct world dice = {.random = seed * 2 + 1};
    *sim = (struct sim){.step_count = 0};
    for (int i = 0; i < 8; i++) {
        (void)world_draw(&dice, 2);
    }
    sim->step_count = 1 + (size_t)world_draw(&dice, SIM_STEPS_MAX);
    for (size_t i = 0; i < sim->step_count; i++) {
        draw_step(sim, &dice, i);
    }
    strncat(sim->steps, "]", 2);
    sim->crashes = world_draw(&dice, 3) > 0;
    sim->cancels = world_draw(&dice, 4) == 0;
    world_init(&sim->w, &mem_libc, sim->steps, sim->scripts);
    sim->w.random = dice.random;
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
        assert_int_equal(w->end.steps_done, sim->step_count);
        assert_int_equal(world_count(w, "undo_intent", NULL), 0);
    }
    assert_true(w->end.preservation >= 0 && w->end.preservation <= 1);
}

static void play(uint64_t seed)
{
    static struct sim sim;
    struct world *w = &sim.w;
    ndf_error error = {0};
    draw_run(&sim, seed);
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
    }
    check_end(&sim, seed);
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
        play(only);
        return;
    }
    uint64_t count = number_of("NDF_SIM_COUNT", SIM_COUNT);
    for (uint64_t seed = 1; seed <= count; seed++) {
        play(seed);
    }
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
            draw_run(&sim, seed);
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
        cmocka_unit_test(a_seed_plays_the_same_run_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
