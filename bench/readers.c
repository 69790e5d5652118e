/*
 * readers.c - see readers.h.
 *
 * All take the newest index from a snapshot for each context, as an engine's
 * readers do. The writer adds the patterns of the workload once more, under
 * numbers of their own, one at a time; with each turn it begins anew.
 */
#include "readers.h"

#include <stdlib.h>
#include <time.h>

#include "base/snapshot.h"

enum { TURNS = 9, WRITER_MS = 1000 };

/* What the threads share. */
struct shelf {
    const struct readers *readers;
    struct snapshot snapshot;
    struct bench_times writes; /* of the writer alone */
};

/* Each reader begins somewhere else, so that they do not go in step. */
static uint64_t read_contexts(const struct turn_worker *worker)
{
    struct shelf *shelf = worker->ud;
    const struct workload *workload = shelf->readers->workload;
    size_t count = workload->context_count;
    size_t at = worker->number * count / worker->threads;
    uint64_t done = 0;
    struct arena arena;
    arena_init(&arena, &mem_libc);
    for (; !turn_is_over(worker); done++) {
        struct index_matches matches;
        struct snapshot_guard guard;
        arena_reset(&arena);
        const struct index *index = snapshot_enter(&shelf->snapshot, &guard);
        if (index_match(index, &workload->contexts[at++ % count], &arena,
                &matches) != NDF_OK)
            bench_fail("out of memory", "match");
        snapshot_leave(&shelf->snapshot, &guard);
    }
    arena_deinit(&arena);
    return done;
}

/* ---- the writer ---------------------------------------------------------- */

static void publish(struct shelf *shelf, struct index *index)
{
    if (snapshot_publish(&shelf->snapshot, index) != NDF_OK)
        bench_fail("out of memory", "snapshot");
}

static void index_gone(void *ud, void *index)
{
    const struct shelf *shelf = ud;
    if (index != shelf->readers->index) index_free(index);
}

/* Waits for its time; returns at once when that is over. */
static void wait_until(uint64_t ns)
{
    const struct timespec time = {.tv_sec = (time_t)(ns / 1000000000U),
        .tv_nsec = (long)(ns % 1000000000U)};
    (void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static uint64_t add_patterns(const struct turn_worker *worker)
{
    struct shelf *shelf = worker->ud;
    const struct readers *readers = shelf->readers;
    const struct workload *workload = readers->workload;
    const struct index *now = readers->index;
    uint64_t start = bench_now_ns();
    uint64_t done = 0;
    for (; !turn_is_over(worker); done++) {
        uint32_t number = (uint32_t)(workload->rule_count + done);
        const struct index_change change = {
            .rules = &workload->rules[done % workload->rule_count],
            .candidates = &number,
            .count = 1};
        struct index *next;
        ndf_error error;
        wait_until(start + done * 1000000000U / readers->writes);
        uint64_t before = bench_now_ns();
        if (index_change(&next, now, &change, &error) != NDF_OK)
            bench_fail(error.message, "index");
        bench_times_add(&shelf->writes, bench_now_ns() - before);
        publish(shelf, next);
        now = next;
    }
    publish(shelf, readers->index);
    return done;
}

/* ---- turns --------------------------------------------------------------- */

/* One figure of each turn. */
struct figures {
    double at[TURNS];
};

static double middle(struct figures *figures)
{
    return turn_median(figures->at, TURNS);
}

static void measure_growth(struct shelf *shelf, struct readers_result *out)
{
    struct figures one, all, least, most, growth, spin, of_spinning, each;
    size_t threads = shelf->readers->threads;
    const struct turn_plan plans[] = {{.work = turn_spin, .threads = 1},
        {.work = turn_spin, .threads = threads},
        {.work = read_contexts, .ud = shelf, .threads = 1},
        {.work = read_contexts, .ud = shelf, .threads = threads}};
    for (size_t i = 0; i < TURNS; i++) {
        struct turn_rates spin_one, spin_all, read_one, read_all;
        turn_run(&plans[0], &spin_one);
        turn_run(&plans[1], &spin_all);
        turn_run(&plans[2], &read_one);
        turn_run(&plans[3], &read_all);
        one.at[i] = read_one.all;
        all.at[i] = read_all.all;
        least.at[i] = read_all.each[0];
        most.at[i] = read_all.each[threads - 1];
        growth.at[i] = read_all.all / read_one.all;
        spin.at[i] = spin_all.all / spin_one.all;
        of_spinning.at[i] = growth.at[i] / spin.at[i];
        each.at[i] = read_all.cpu / read_one.cpu;
    }
    *out = (struct readers_result){.one = middle(&one),
        .all = middle(&all),
        .least = middle(&least),
        .most = middle(&most),
        .growth = middle(&growth),
        .spin_growth = middle(&spin),
        .of_spinning = middle(&of_spinning),
        .each_of_one = middle(&each)};
}

static void measure_writer(struct shelf *shelf, struct readers_result *out)
{
    struct figures beside, of_alone, each;
    struct turn_plan plan = {.work = read_contexts,
        .ud = shelf,
        .threads = shelf->readers->threads,
        .ms = WRITER_MS};
    struct turn_plan writer = plan;
    writer.beside = add_patterns;
    for (size_t i = 0; i < TURNS; i++) {
        struct turn_rates alone, with;
        turn_run(&plan, &alone);
        turn_run(&writer, &with);
        beside.at[i] = with.all;
        of_alone.at[i] = with.all / alone.all;
        each.at[i] = with.cpu / alone.cpu;
    }
    out->beside = middle(&beside);
    out->of_alone = middle(&of_alone);
    out->each_of_alone = middle(&each);
    out->writes_s =
        (double)shelf->writes.count * 1000 / (double)(TURNS * WRITER_MS);
    out->write_p50 = bench_times_us(&shelf->writes, 0.5);
    out->write_p99 = bench_times_us(&shelf->writes, 0.99);
}

void readers_measure(const struct readers *readers, struct readers_result *out)
{
    struct shelf shelf = {.readers = readers};
    snapshot_init(&shelf.snapshot, &mem_libc, index_gone, &shelf);
    publish(&shelf, readers->index);
    measure_growth(&shelf, out);
    if (readers->writes > 0) measure_writer(&shelf, out);
    snapshot_deinit(&shelf.snapshot);
    free(shelf.writes.ns);
}
