/*
 * turns.c - see turns.h. What a thread counts is its own until it ends.
 */
#include "turns.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

enum { SPIN_STEPS = 2000 };

struct turn {
    pthread_barrier_t start;
    atomic_bool over;
};

struct thread {
    struct turn *turn;
    struct turn_worker worker;
    turn_fn work;
    pthread_t id;
    uint64_t done, ns, cpu_ns;
};

bool turn_is_over(const struct turn_worker *worker)
{
    return atomic_load_explicit(&worker->turn->over, memory_order_relaxed);
}

uint64_t turn_spin(const struct turn_worker *worker)
{
    volatile uint64_t sink = 0;
    uint64_t state = worker->number;
    uint64_t done = 0;
    for (; !turn_is_over(worker); done++) {
        for (int i = 0; i < SPIN_STEPS; i++)
            state = state * UINT64_C(6364136223846793005) + 1;
        sink = state;
    }
    (void)sink;
    return done;
}

static uint64_t cpu_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void *run_thread(void *ud)
{
    struct thread *thread = ud;
    (void)pthread_barrier_wait(&thread->turn->start);
    uint64_t start = bench_now_ns();
    uint64_t cpu_start = cpu_now_ns();
    thread->done = thread->work(&thread->worker);
    thread->cpu_ns = cpu_now_ns() - cpu_start;
    thread->ns = bench_now_ns() - start;
    return NULL;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static void add_up(
    const struct thread *threads, size_t count, struct turn_rates *out)
{
    uint64_t done = 0;
    uint64_t cpu_ns = 0;
    out->all = 0;
    for (size_t i = 0; i < count; i++) {
        out->each[i] = (double)threads[i].done * 1e9 / (double)threads[i].ns;
        out->all += out->each[i];
        done += threads[i].done;
        cpu_ns += threads[i].cpu_ns;
    }
    out->cpu = (double)done * 1e9 / (double)cpu_ns;
    qsort(out->each, count, sizeof *out->each, by_size);
}

void turn_run(const struct turn_plan *plan, struct turn_rates *out)
{
    struct turn turn;
    struct thread threads[TURN_THREADS_MAX + 1];
    unsigned ms = plan->ms > 0 ? plan->ms : TURN_MS;
    const struct timespec time = {
        .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
    size_t count = plan->threads + (plan->beside != NULL ? 1 : 0);
    atomic_init(&turn.over, false);
    if (pthread_barrier_init(&turn.start, NULL, (unsigned)count + 1) != 0)
        bench_fail("cannot be made", "barrier");
    for (size_t i = 0; i < count; i++) {
        threads[i] = (struct thread){.turn = &turn,
            .worker = {&turn, plan->ud, i, plan->threads},
            .work = i < plan->threads ? plan->work : plan->beside};
        if (pthread_create(&threads[i].id, NULL, run_thread, &threads[i]) != 0)
            bench_fail("cannot be started", "thread");
    }
    (void)pthread_barrier_wait(&turn.start);
    (void)nanosleep(&time, NULL);
    atomic_store(&turn.over, true);
    for (size_t i = 0; i < count; i++)
        (void)pthread_join(threads[i].id, NULL);
    (void)pthread_barrier_destroy(&turn.start);
    add_up(threads, plan->threads, out);
}

double turn_median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return values[count / 2];
}
