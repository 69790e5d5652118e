/*
 * test_exec_sim.c - SIM_COUNT (ten thousand) random runs of each kind of plan:
 * of steps, of tasks, of phases.
 *
 * NDF_SIM_KIND=steps|tasks|meta plays that kind alone, NDF_SIM_COUNT=n so many
 * runs of each (NDF_SIM_TWICE=n so many twice), NDF_SIM_SEED=n the one of that
 * seed. A run that fails is named
 * by the variables that play it again.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec_sim.h"
#include "support/again.h"

enum { SIM_TWICE = 1000 };

static void play(const struct sim_kind *kind, uint64_t seed, struct buf *print)
{
    again_set("NDF_SIM_KIND=%s NDF_SIM_SEED=%llu test_exec_sim", kind->name,
        (unsigned long long)seed);
    sim_play(kind, seed, print);
    again_clear();
}

static bool is_wanted(const struct sim_kind *kind)
{
    const char *name = getenv("NDF_SIM_KIND");
    return name == NULL || strcmp(name, kind->name) == 0;
}

static void play_all(const struct sim_kind *kind)
{
    uint64_t only = again_number("NDF_SIM_SEED", 0);
    uint64_t count = again_number("NDF_SIM_COUNT", SIM_COUNT);
    if (!is_wanted(kind)) skip();
    if (only > 0) play(kind, only, NULL);
    for (uint64_t seed = 1; only == 0 && seed <= count; seed++) {
        play(kind, seed, NULL);
    }
}

static void random_runs_of_steps_keep_every_promise(void **state)
{
    (void)state;
    play_all(&sim_steps);
}

static void random_runs_of_tasks_keep_every_promise(void **state)
{
    (void)state;
    play_all(&sim_tasks);
}

static void random_runs_of_phases_keep_every_promise(void **state)
{
    (void)state;
    play_all(&sim_meta);
}

/* To the byte: trace, journal and end. */
static void a_seed_plays_the_same_run_again(void **state)
{
    static const struct sim_kind *const kinds[] = {
        &sim_steps, &sim_tasks, &sim_meta};
    (void)state;
    uint64_t count = again_number("NDF_SIM_TWICE", SIM_TWICE);
    for (uint64_t seed = 1; seed <= count; seed++) {
        const struct sim_kind *kind = kinds[seed % 3];
        struct buf first, second;
        if (!is_wanted(kind)) continue;
        buf_init(&first, &mem_libc);
        buf_init(&second, &mem_libc);
        play(kind, seed, &first);
        play(kind, seed, &second);
        assert_true(first.size > 0);
        assert_true(str_equal(buf_str(&first), buf_str(&second)));
        buf_deinit(&first);
        buf_deinit(&second);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            random_runs_of_steps_keep_every_promise, again_say),
        cmocka_unit_test_teardown(
            random_runs_of_tasks_keep_every_promise, again_say),
        cmocka_unit_test_teardown(
            random_runs_of_phases_keep_every_promise, again_say),
        cmocka_unit_test_teardown(a_seed_plays_the_same_run_again, again_say),
    };
    again_on_abort();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
