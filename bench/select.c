/*
 * select.c - how fast ndf_select chooses, and how it grows with threads.
 *
 * Two threads never do twice the work of one on a machine that others use. So
 * the threads that select take turns with threads that only count, one and all
 * of each in every round: what counts is how the one grows as a share of how
 * the other does. Beside that, what a selection takes of a processor's time
 * alone and among others, which does not depend on who else wants the
 * processor, but tells nothing of waiting.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "ndf/ndf.h"

#include "base/buf.h"
#include "bench.h"

enum {
    THREADS_MAX = 64,
    ROUNDS_MAX = 1000,
    PATTERNS_MAX = 1000000,
    CALLS_MAX = 1000000000,
    TURN_MS = 25,
    CONTEXTS = 64,
    VOCABULARY = 2000,
    SPIN_STEPS = 2000,
    TASK_WORDS = 10,
};

struct options {
    size_t patterns, threads, rounds;
    size_t outcomes;   /* recorded before */
    size_t calls;      /* this many on one thread, and no rounds; 0: rounds */
    size_t text, json; /* 1: yes */
};

struct bench {
    struct options options;
    ndf_engine *engine;
    ndf_context *contexts[CONTEXTS];
    uint64_t state; /* of what is drawn */
};

static void check(int err, const ndf_error *error)
{
    if (err != NDF_OK) bench_fail(error->message, "ndf");
}

/* ---- what is selected from ----------------------------------------------- */

static size_t draw(struct bench *bench, size_t below)
{
    bench->state = bench->state * UINT64_C(6364136223846793005) + 1;
    return (size_t)(bench->state >> 33) % below;
}

/* Words that look like none of a language, so that no rule of one applies;
 * those drawn small are more frequent, as in any text. */
static void add_words(struct bench *bench, struct buf *out, size_t count)
{
    static const char parts[][3] = {"ba", "ce", "di", "fo", "gu", "ha", "le",
        "mi", "no", "pu", "ra", "se", "ti", "vo", "zu", "ke"};
    for (size_t i = 0; i < count; i++) {
        size_t word = draw(bench, 1 + draw(bench, VOCABULARY));
        buf_format(out, "%s%s%s%s", i > 0 ? " " : "", parts[word % 16],
            parts[word / 16 % 16], parts[word / 256 % 16]);
    }
}

static void add_pattern(struct bench *bench, struct buf *out, size_t number)
{
    buf_format(out,
        "---\npattern: area%zu.task%zu\ndescription: ", draw(bench, 12),
        number);
    add_words(bench, out, 14);
    buf_format(out, "\nexamples: [");
    add_words(bench, out, 6);
    buf_format(out, "]\n");
    if (draw(bench, 2) == 0)
        buf_format(out,
            "only_if: {attributes: {level: {ge: %zu}, place: [p%zu, p%zu]}}\n",
            draw(bench, 4), draw(bench, 6), draw(bench, 6));
    buf_format(out, "good_for: {domain: ['area%zu.**']}\nsteps: [worker]\n",
        draw(bench, 12));
}

static void register_patterns(struct bench *bench)
{
    struct buf text;
    ndf_error error;
    buf_init(&text, &mem_libc);
    buf_format(&text, "agent: worker\ndescription: does it\nrun: [\"true\"]\n");
    for (size_t i = 1; i < bench->options.patterns; i++)
        add_pattern(bench, &text, i);
    if (text.failed) bench_fail("out of memory", "patterns");
    check(ndf_register(bench->engine, text.at, text.size, 0, &error), &error);
    buf_deinit(&text);
}

static void make_contexts(struct bench *bench)
{
    ndf_error error;
    for (size_t i = 0; i < CONTEXTS; i++) {
        struct buf json;
        buf_init(&json, &mem_libc);
        buf_format(&json,
            "{\"domain\":\"area%zu.part\",\"attributes\":{\"level\":%zu,"
            "\"place\":\"p%zu\"}",
            draw(bench, 12), draw(bench, 5), draw(bench, 6));
        if (bench->options.text > 0) {
            buf_format(&json, ",\"text\":\"");
            add_words(bench, &json, TASK_WORDS);
            buf_format(&json, "\"");
        }
        buf_format(&json, "}");
        if (json.failed) bench_fail("out of memory", "contexts");
        check(ndf_context_new(bench->engine, json.at, json.size,
                  &bench->contexts[i], &error),
            &error);
        buf_deinit(&json);
    }
}

/* What was chosen for some tasks was right, mostly. */
static void record_outcomes(struct bench *bench)
{
    struct buf json;
    ndf_error error;
    buf_init(&json, &mem_libc);
    buf_format(&json, "[");
    for (size_t i = 0; i < bench->options.outcomes; i++) {
        ndf_selection *selection;
        ndf_choice choice;
        check(ndf_select(bench->engine, bench->contexts[i % CONTEXTS], 1,
                  &selection, &error),
            &error);
        if (ndf_selection_at(selection, 0, &choice) == NDF_OK) {
            buf_format(&json,
                "%s{\"pattern\":\"%s\",\"domain\":\"area%zu.part\","
                "\"result\":\"%s\",\"evidence\":\"test\",\"text\":\"",
                json.size > 1 ? "," : "", choice.name, draw(bench, 12),
                draw(bench, 5) > 0 ? "success" : "failure");
            add_words(bench, &json, TASK_WORDS);
            buf_format(&json, "\"}");
        }
        ndf_selection_free(selection);
    }
    buf_format(&json, "]");
    if (json.failed) bench_fail("out of memory", "outcomes");
    if (json.size > 2)
        check(ndf_record(bench->engine, json.at, json.size, &error), &error);
    buf_deinit(&json);
}

static void open_engine(struct bench *bench)
{
    ndf_error error;
    ndf_options options = NDF_OPTIONS_INIT;
    bench->state = 42;
    check(ndf_open(&bench->engine, &options, &error), &error);
    register_patterns(bench);
    make_contexts(bench);
    record_outcomes(bench);
}

/* ---- threads ------------------------------------------------------------- */

struct turn;

/* What it counts is on its own stack until it ends. */
struct worker {
    struct turn *turn;
    pthread_t thread;
    size_t number;
    uint64_t done, ns, cpu_ns;
};

/* Some threads doing one thing for a time. */
struct turn {
    struct bench *bench;
    uint64_t (*work)(const struct worker *worker);
    pthread_barrier_t start;
    atomic_bool stop;
};

static bool is_over(const struct worker *worker)
{
    return atomic_load_explicit(&worker->turn->stop, memory_order_relaxed);
}

static void select_once(struct bench *bench, size_t context)
{
    ndf_selection *selection;
    ndf_error error;
    check(ndf_select(bench->engine, bench->contexts[context % CONTEXTS], 0,
              &selection, &error),
        &error);
    ndf_selection_free(selection);
}

/* Each begins somewhere else, so that they do not go in step. */
static uint64_t select_often(const struct worker *worker)
{
    struct bench *bench = worker->turn->bench;
    size_t at = worker->number * CONTEXTS / bench->options.threads;
    uint64_t done = 0;
    for (; !is_over(worker); done++)
        select_once(bench, at++);
    return done;
}

static uint64_t spin(const struct worker *worker)
{
    volatile uint64_t sink = 0;
    uint64_t state = worker->number, done = 0;
    for (; !is_over(worker); done++) {
        for (int i = 0; i < SPIN_STEPS; i++)
            state = state * UINT64_C(6364136223846793005) + 1;
        sink = state;
    }
    (void)sink;
    return done;
}

static uint64_t cpu_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec;
}

static void *run_worker(void *ud)
{
    struct worker *worker = ud;
    (void)pthread_barrier_wait(&worker->turn->start);
    uint64_t start = bench_now_ns(), cpu = cpu_ns();
    worker->done = worker->turn->work(worker);
    worker->ns = bench_now_ns() - start;
    worker->cpu_ns = cpu_ns() - cpu;
    return NULL;
}

/* What they did a second, all together. *cpu_us: what one thing took of a
 * processor. */
static double run_turn(struct bench *bench, size_t threads,
    uint64_t (*work)(const struct worker *worker), double *cpu_us)
{
    struct turn turn = {.bench = bench, .work = work};
    struct worker workers[THREADS_MAX];
    const struct timespec time = {.tv_nsec = TURN_MS * 1000000L};
    if (pthread_barrier_init(&turn.start, NULL, (unsigned)threads + 1) != 0)
        bench_fail("cannot be made", "barrier");
    for (size_t i = 0; i < threads; i++) {
        workers[i] = (struct worker){.turn = &turn, .number = i};
        if (pthread_create(&workers[i].thread, NULL, run_worker, &workers[i]) !=
            0)
            bench_fail("cannot be started", "thread");
    }
    (void)pthread_barrier_wait(&turn.start);
    (void)nanosleep(&time, NULL);
    atomic_store(&turn.stop, true);
    double sum = 0, done = 0, cpu = 0;
    for (size_t i = 0; i < threads; i++) {
        (void)pthread_join(workers[i].thread, NULL);
        sum += (double)workers[i].done * 1e9 / (double)workers[i].ns;
        done += (double)workers[i].done;
        cpu += (double)workers[i].cpu_ns;
    }
    *cpu_us = cpu / done / 1000;
    (void)pthread_barrier_destroy(&turn.start);
    return sum;
}

/* ---- rounds -------------------------------------------------------------- */

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return values[count / 2];
}

/* All figures of a round, and of all rounds. */
enum figure { ONE, ALL, GROWTH, SPINNING, SHARE, ONE_CPU, ALL_CPU, FIGURES };

static void run_round(struct bench *bench, double out[FIGURES])
{
    size_t threads = bench->options.threads;
    double spin_cpu;
    double spin_one = run_turn(bench, 1, spin, &spin_cpu);
    out[ONE] = run_turn(bench, 1, select_often, &out[ONE_CPU]);
    double spin_all = run_turn(bench, threads, spin, &spin_cpu);
    out[ALL] = run_turn(bench, threads, select_often, &out[ALL_CPU]);
    out[GROWTH] = out[ALL] / out[ONE];
    out[SPINNING] = spin_all / spin_one;
    out[SHARE] = out[GROWTH] / out[SPINNING];
}

static void run_rounds(struct bench *bench)
{
    static const char *const names[FIGURES] = {"one_s", "all_s", "growth",
        "spin_growth", "of_spinning", "one_cpu_us", "all_cpu_us"};
    static double all[FIGURES][ROUNDS_MAX];
    const struct options *options = &bench->options;
    for (size_t i = 0; i < options->rounds; i++) {
        double figures[FIGURES];
        run_round(bench, figures);
        for (size_t k = 0; k < FIGURES; k++)
            all[k][i] = figures[k];
    }
    printf(options->json ? "{\"patterns\": %zu, \"threads\": %zu"
                         : "patterns            %zu\nthreads             %zu",
        options->patterns, options->threads);
    for (size_t k = 0; k < FIGURES; k++)
        printf(options->json ? ", \"%s\": %.3f" : "\n%-19s %.3f", names[k],
            median(all[k], options->rounds));
    printf(options->json ? "}\n" : "\n");
}

/* ---- the word ------------------------------------------------------------ */

static bool parse(int argc, char **argv, struct options *out)
{
    const struct {
        const char *name;
        size_t *value;
        size_t least, most; /* 0 of both: a flag */
    } all[] = {{"--patterns", &out->patterns, 1, PATTERNS_MAX},
        {"--threads", &out->threads, 1, THREADS_MAX},
        {"--rounds", &out->rounds, 1, ROUNDS_MAX},
        {"--outcomes", &out->outcomes, 0, PATTERNS_MAX},
        {"--calls", &out->calls, 0, CALLS_MAX}, {"--text", &out->text, 0, 0},
        {"--json", &out->json, 0, 0}};
    enum { COUNT = sizeof all / sizeof all[0] };
    for (int i = 1; i < argc; i++) {
        size_t k = 0;
        while (k < COUNT && strcmp(all[k].name, argv[i]) != 0)
            k++;
        if (k == COUNT) return false;
        *all[k].value = 1;
        if (all[k].most == 0) continue;
        char *end = argv[i];
        if (++i == argc) return false;
        *all[k].value = strtoul(argv[i], &end, 10);
        if (*end != '\0' || end == argv[i]) return false;
        if (*all[k].value < all[k].least || *all[k].value > all[k].most)
            return false;
    }
    return true;
}

static int run(int argc, char **argv)
{
    static struct bench bench = {
        .options = {.patterns = 1000, .threads = 2, .rounds = 51}};
    if (!parse(argc, argv, &bench.options)) {
        fprintf(stderr, "usage: ndf-bench select %s\n", bench_select.usage);
        return 2;
    }
    open_engine(&bench);
    /* The first one pays for what is made once. */
    select_once(&bench, 0);
    for (size_t i = 0; i < bench.options.calls; i++)
        select_once(&bench, i);
    if (bench.options.calls == 0) run_rounds(&bench);
    for (size_t i = 0; i < CONTEXTS; i++)
        ndf_context_free(bench.contexts[i]);
    ndf_close(bench.engine);
    return 0;
}

const struct bench_word bench_select = {"select",
    "[--patterns N] [--threads N] [--text] [--outcomes N] [--rounds N] "
    "[--json] | --calls N [--patterns N] [--text] [--outcomes N]",
    run};
