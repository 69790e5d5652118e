/*
 * readers.c - see readers.h.
 */
#include "readers.h"

enum { TURNS = 9 };

/* Each reader begins somewhere else, so that they do not go in step. */
static uint64_t read_contexts(const struct turn_worker *worker)
{
    const struct readers *readers = worker->ud;
    const struct workload *workload = readers->workload;
    size_t count = workload->context_count;
    size_t at = worker->number * count / worker->threads;
    uint64_t done = 0;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    for (; !turn_is_over(worker); done++) {
        struct index_matches matches;
        arena_reset(&arena);
        if (index_match(readers->index, &workload->contexts[at++ % count],
                &arena, &matches) != NDF_OK)
            bench_fail("out of memory", "match");
    }
    arena_deinit(&arena);
    return done;
}

void readers_measure(const struct readers *readers, struct readers_result *out)
{
    double one[TURNS], all[TURNS], least[TURNS], most[TURNS];
    double growth[TURNS], spin_growth[TURNS], of_spinning[TURNS], each[TURNS];
    struct readers copy = *readers;
    size_t threads = readers->threads;
    const struct turn_plan plans[] = {{.work = turn_spin, .threads = 1},
        {.work = turn_spin, .threads = threads},
        {.work = read_contexts, .ud = &copy, .threads = 1},
        {.work = read_contexts, .ud = &copy, .threads = threads}};
    for (size_t i = 0; i < TURNS; i++) {
        struct turn_rates spin_one, spin_all, read_one, read_all;
        turn_run(&plans[0], &spin_one);
        turn_run(&plans[1], &spin_all);
        turn_run(&plans[2], &read_one);
        turn_run(&plans[3], &read_all);
        one[i] = read_one.all;
        all[i] = read_all.all;
        least[i] = read_all.each[0];
        most[i] = read_all.each[threads - 1];
        growth[i] = all[i] / one[i];
        spin_growth[i] = spin_all.all / spin_one.all;
        of_spinning[i] = growth[i] / spin_growth[i];
        each[i] = read_all.cpu / read_one.cpu;
    }
    *out = (struct readers_result){.one = turn_median(one, TURNS),
        .all = turn_median(all, TURNS),
        .least = turn_median(least, TURNS),
        .most = turn_median(most, TURNS),
        .growth = turn_median(growth, TURNS),
        .spin_growth = turn_median(spin_growth, TURNS),
        .of_spinning = turn_median(of_spinning, TURNS),
        .each_of_one = turn_median(each, TURNS)};
}
