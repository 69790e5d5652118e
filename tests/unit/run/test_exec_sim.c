/*
 * test_exec_sim.c - SIM_COUNT (ten thousand) random runs of each kind of plan:
 * of steps, of tasks, of phases.
 *
 * NDF_SIM_KIND=steps|tasks|meta plays that kind alone, NDF_SIM_COUNT=n so many
 * runs of each (NDF_SIM_TWICE=n so many twice), NDF_SIM_SEED=n the one of that
 * seed. A run that fails is named
 * by the variables that play it again.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "exec_sim.h"

enum { SIM_TWICE = 1000 };

/* How the run under way is played again; empty: none is. */
static char again[128];

static void play(const struct sim_kind *kind, uint64_t seed, struct buf *print)
{
    (void)snprintf(again, sizeof again,
        "to play it again: NDF_SIM_KIND=%s NDF_SIM_SEED=%llu test_exec_sim\n",
        kind->name, (unsigned long long)seed);
    sim_play(kind, seed, print);
    again[0] = '\0';
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

static bool is_wanted(const struct sim_kind *kind)
{
    const char *name = getenv("NDF_SIM_KIND");
    return name == NULL || strcmp(name, kind->name) == 0;
}

static void play_all(const struct sim_kind *kind)
{
    uint64_t only = number_of("NDF_SIM_SEED", 0);
    uint64_t count = number_of("NDF_SIM_COUNT", SIM_COUNT);
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
    uint64_t count = number_of("NDF_SIM_TWICE", SIM_TWICE);
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

/* An assertion of the tests knows no seed. */
static int say_again(void **state)
{
    (void)state;
    print_error("%s", again);
    again[0] = '\0';
    return 0;
}

/* Nor has one of the executor's own. */
static void on_abort(int number)
{
    (void)number;
    (void)!write(STDERR_FILENO, again, strlen(again));
    _exit(1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            random_runs_of_steps_keep_every_promise, say_again),
        cmocka_unit_test_teardown(
            random_runs_of_tasks_keep_every_promise, say_again),
        cmocka_unit_test_teardown(
            random_runs_of_phases_keep_every_promise, say_again),
        cmocka_unit_test_teardown(a_seed_plays_the_same_run_again, say_again),
    };
    struct sigaction action = {.sa_handler = on_abort};
    (void)sigaction(SIGABRT, &action, NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
