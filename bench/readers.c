/*
 * readers.c - see readers.h.
 */
#include "readers.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { TURNS = 9, TURN_MS = 300, SPIN_STEPS = 2000 };

struct turn;

/* One thread of a turn, on cache lines of its own. */
struct worker {
    _Alignas(128) struct turn *turn;
    pthread_t thread;
    size_t number;
    uint64_t done, ns;
};

/* Some threads doing one thing for a time. */
struct turn {
    const struct readers *readers;
    void (*work)(struct worker *worker);
    pthread_barrier_t start;
    _Alignas(128) atomic_bool stop;
};

static bool is_over(const struct worker *worker)
{
    return atomic_load_explicit(&worker->turn->stop, memory_order_relaxed);
}

/* Each reader begins somewhere else, so that they do not go in step. */
static void read_contexts(struct worker *worker)
{
    const struct readers *readers = worker->turn->readers;
    const struct workload *workload = readers->workload;
    size_t count = workload->context_count;
    size_t at = worker->number * count / readers->threads;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    while (!is_over(worker)) {
        struct index_matches matches;
        arena_reset(&arena);
        if (index_match(readers->index, &workload->contexts[at % count], &arena,
                &matches) != NDF_OK)
            bench_fail("out of memory", "match");
        at++;
        worker->done++;
    }
    arena_deinit(&arena);
}

static void spin(struct worker *worker)
{
    volatile uint64_t sink = 0;
    uint64_t state = worker->number;
    while (!is_over(worker)) {
        for (int i = 0; i < SPIN_STEPS; i++)
            state = state * 6364136223846793005U + 1;
        sink = state;
        worker->done++;
    }
    (void)sink;
}

static void *run_worker(void *ud)
{
    struct worker *worker = ud;
    (void)pthread_barrier_wait(&worker->turn->start);
    uint64_t start = bench_now_ns();
    worker->turn->work(worker);
    worker->ns = bench_now_ns() - start;
    return NULL;
}

/* Rates of the threads, a second, and their sum. */
static double run_turn(const struct readers *readers, size_t threads,
    void (*work)(struct worker *worker), double rates[READERS_MAX])
{
    struct turn turn = {.readers = readers, .work = work};
    struct worker workers[READERS_MAX] = {{.turn = &turn}};
    const struct timespec time = {.tv_nsec = TURN_MS * 1000000L};
    if (pthread_barrier_init(&turn.start, NULL, (unsigned)threads + 1) != 0)
        bench_fail("cannot be made", "barrier");
    for (size_t i = 0; i < threads; i++) {
        workers[i].turn = &turn;
        workers[i].number = i;
        if (pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]) !=
            0)
            bench_fail("cannot be started", "thread");
    }
    (void)pthread_barrier_wait(&turn.start);
    (void)nanosleep(&time, NULL);
    atomic_store(&turn.stop, true);
    double sum = 0;
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        rates[i] = (double)workers[i].done * 1e9 / (double)workers[i].ns;
        sum += rates[i];
    }
    (void)pthread_barrier_destroy(&turn.start);
    return sum;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double values[TURNS])
{
    qsort(values, TURNS, sizeof *values, by_size);
    return values[TURNS / 2];
}

void readers_measure(const struct readers *readers, struct readers_result *out)
{
    double one[TURNS], all[TURNS], least[TURNS], most[TURNS];
    double growth[TURNS], spin_growth[TURNS], of_spinning[TURNS];
    double rates[READERS_MAX];
    size_t threads = readers->threads;
    for (size_t i = 0; i < TURNS; i++) {
        double spin_one = run_turn(readers, 1, spin, rates);
        double spin_all = run_turn(readers, threads, spin, rates);
        one[i] = run_turn(readers, 1, read_contexts, rates);
        all[i] = run_turn(readers, threads, read_contexts, rates);
        qsort(rates, threads, sizeof *rates, by_size);
        least[i] = rates[0];
        most[i] = rates[threads - 1];
        growth[i] = all[i] / one[i];
        spin_growth[i] = spin_all / spin_one;
        of_spinning[i] = growth[i] / spin_growth[i];
    }
    *out = (struct readers_result){median(one), median(all), median(least),
        median(most), median(growth), median(spin_growth), median(of_spinning)};
}
