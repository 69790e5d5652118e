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
    uint64_t done, ns, cpu_ns;
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

static uint64_t cpu_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void *run_worker(void *ud)
{
    struct worker *worker = ud;
    (void)pthread_barrier_wait(&worker->turn->start);
    uint64_t start = bench_now_ns();
    uint64_t cpu_start = cpu_now_ns();
    worker->turn->work(worker);
    worker->cpu_ns = cpu_now_ns() - cpu_start;
    worker->ns = bench_now_ns() - start;
    return NULL;
}

/* What the threads of a turn did, a second. */
struct rates {
    double each[READERS_MAX]; /* rising */
    double all;
    double cpu; /* in a second of processor time, the mean of them */
};

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void add_up(
    const struct worker *workers, size_t threads, struct rates *out)
{
    uint64_t done = 0;
    uint64_t cpu_ns = 0;
    out->all = 0;
    for (size_t i = 0; i < threads; i++) {
        out->each[i] = (double)workers[i].done * 1e9 / (double)workers[i].ns;
        out->all += out->each[i];
        done += workers[i].done;
        cpu_ns += workers[i].cpu_ns;
    }
    out->cpu = (double)done * 1e9 / (double)cpu_ns;
    qsort(out->each, threads, sizeof *out->each, by_size);
}

static void run_turn(const struct readers *readers, size_t threads,
    void (*work)(struct worker *worker), struct rates *out)
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
    for (size_t i = 0; i < threads; i++)
        (void)pthread_join(workers[i].thread, NULL);
    (void)pthread_barrier_destroy(&turn.start);
    add_up(workers, threads, out);
}

/* ---- medians ------------------------------------------------------------- */

static double median(double values[TURNS])
{
    qsort(values, TURNS, sizeof *values, by_size);
    return values[TURNS / 2];
}

void readers_measure(const struct readers *readers, struct readers_result *out)
{
    double one[TURNS], all[TURNS], least[TURNS], most[TURNS];
    double growth[TURNS], spin_growth[TURNS], of_spinning[TURNS], each[TURNS];
    size_t threads = readers->threads;
    for (size_t i = 0; i < TURNS; i++) {
        struct rates spin_one, spin_all, read_one, read_all;
        run_turn(readers, 1, spin, &spin_one);
        run_turn(readers, threads, spin, &spin_all);
        run_turn(readers, 1, read_contexts, &read_one);
        run_turn(readers, threads, read_contexts, &read_all);
        one[i] = read_one.all;
        all[i] = read_all.all;
        least[i] = read_all.each[0];
        most[i] = read_all.each[threads - 1];
        growth[i] = all[i] / one[i];
        spin_growth[i] = spin_all.all / spin_one.all;
        of_spinning[i] = growth[i] / spin_growth[i];
        each[i] = read_all.cpu / read_one.cpu;
    }
    *out = (struct readers_result){median(one), median(all), median(least),
        median(most), median(growth), median(spin_growth), median(of_spinning),
        median(each)};
}
