/*
 * run.c - what a durable run costs, beside what its commits alone would cost.
 *
 * Runs and what only commits as much take turns, a tenth of all at a time, on
 * the same disk (floor.h): the ratios say what all else of a run takes.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#include "ndf/ndf.h"

#include "base/buf.h"
#include "base/json.h"
#include "base/os.h"
#include "bench.h"
#include "floor.h"

enum {
    ROUNDS = 10,
    STEPS_MAX = 1000,
    CONCURRENCY_MAX = 512,
    FANOUT_MAX = 64, /* as many as run at once */
    WAITING_MAX = 1000000,
    WAITING_MS = 120000,
    TMPFS = 0x01021994,
    RAMFS = 0x858458f6 & 0x7fffffff,
};

struct options {
    size_t runs, steps, concurrency;
    size_t fanout;  /* tasks side by side instead of steps; 0: steps */
    size_t waiting; /* runs that only wait; 0: measure runs that end */
    bool programs;  /* agents are processes */
    bool json;
};

struct bench {
    struct options options;
    char dir[256];
    ndf_engine *engine;
    ndf_context *context;
    struct floor *floor;
    size_t run_bytes;   /* that one run writes */
    uint64_t rss_bytes; /* at most, in the first round: before the floor's */
    struct bench_times times; /* of the runs */
    uint64_t run_ns, cpu_ns, commits;
    atomic_size_t failed; /* calls of waiting runs */
};

static size_t steps_of(const struct options *options)
{
    return options->fanout > 0 ? options->fanout : options->steps;
}

/* ---- the engine ---------------------------------------------------------- */

static void check(int err, const ndf_error *error)
{
    if (err != NDF_OK) bench_fail(error->message, "ndf");
}

static int answer(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)ud;
    (void)call;
    return ndf_reply_output(reply, "done", 4);
}

static int fail(void *ud, const ndf_call *call, ndf_reply *reply)
{
    (void)call;
    atomic_fetch_add((atomic_size_t *)ud, 1);
    (void)ndf_reply_error(reply, "not yet", 7);
    return 1;
}

/* A pattern of so many steps, or tasks, all of one agent. */
static void register_pattern(struct bench *bench)
{
    struct buf text;
    ndf_error error;
    buf_init(&text, &mem_libc);
    buf_format(&text,
        "agent: worker\ndescription: does nothing\nrun: [\"true\"]\n---\n"
        "pattern: bench.steps\ndescription: steps that do nothing\n%s:\n",
        bench->options.fanout > 0 ? "tasks" : "steps");
    for (size_t i = 0; i < steps_of(&bench->options); i++)
        buf_format(&text,
            "  - s%zu: {agent: worker, expect: {nonempty: false}}\n", i + 1);
    buf_format(&text,
        "---\nagent: waiter\ndescription: fails\n---\n"
        "pattern: bench.wait\ndescription: a step that fails, and waits\n"
        "retry: {attempts: 2, backoff: 1h}\nsteps: [waiter]\n");
    if (text.failed) bench_fail("out of memory", "pattern");
    check(ndf_register(bench->engine, text.at, text.size, 0, &error), &error);
    if (!bench->options.programs)
        check(ndf_bind(bench->engine, "worker", answer, NULL, &error), &error);
    check(ndf_bind(bench->engine, "waiter", fail, &bench->failed, &error),
        &error);
    buf_deinit(&text);
}

static void open_engine(struct bench *bench)
{
    static const char context[] = "{\"text\":\"do nothing, five times\"}";
    char path[300];
    char home[300];
    ndf_error error;
    ndf_options options = NDF_OPTIONS_INIT;
    (void)snprintf(path, sizeof path, "%s/ndf.db", bench->dir);
    (void)snprintf(home, sizeof home, "%s/home", bench->dir);
    options.path = path;
    options.home = home;
    check(ndf_open(&bench->engine, &options, &error), &error);
    register_pattern(bench);
    check(ndf_context_new(bench->engine, context, sizeof context - 1,
              &bench->context, &error),
        &error);
}

static uint64_t commits_of(struct bench *bench)
{
    ndf_text *text;
    struct arena arena;
    struct value metrics;
    if (ndf_metrics(bench->engine, &text) != NDF_OK)
        bench_fail("cannot be read", "metrics");
    arena_init(&arena, &mem_libc);
    struct str json = {ndf_text_data(text), ndf_text_size(text)};
    if (json_parse(&arena, json, &metrics, NULL) != NDF_OK)
        bench_fail("are no JSON", "metrics");
    int64_t count = value_get_int(&metrics, STR("store_commits"), -1);
    if (count < 0) bench_fail("have no store_commits", "metrics");
    arena_deinit(&arena);
    ndf_text_free(text);
    return (uint64_t)count;
}

/* Runs once to its end. Returns the bytes of its document when asked for. */
static size_t run_once(struct bench *bench, bool measure)
{
    ndf_run *run;
    ndf_error error;
    int state = NDF_RUN_RUNNING;
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.cwd = bench->dir;
    check(ndf_run_start(bench->engine, "bench.steps", bench->context, &options,
              &run, &error),
        &error);
    check(ndf_run_wait(run, -1, &state, &error), &error);
    if (state != NDF_RUN_SUCCEEDED) bench_fail("did not succeed", "a run");
    size_t size = 0;
    if (measure) {
        ndf_text *text;
        check(ndf_show(bench->engine, ndf_run_id(run), &text, &error), &error);
        size = ndf_text_size(text);
        ndf_text_free(text);
    }
    ndf_run_free(run);
    return size;
}

/* ---- rounds -------------------------------------------------------------- */

/* One of those that run at once, each run after run. */
struct worker {
    struct bench *bench;
    pthread_t thread;
    size_t runs;
    struct bench_times times;
};

static void *work(void *ud)
{
    struct worker *worker = ud;
    for (size_t i = 0; i < worker->runs; i++) {
        uint64_t start = bench_now_ns();
        (void)run_once(worker->bench, false);
        bench_times_add(&worker->times, bench_now_ns() - start);
    }
    return NULL;
}

static uint64_t ns_of(struct timeval time)
{
    return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_usec * 1000U;
}

/* Of this process and of the agents that ended. */
static uint64_t cpu_ns(void)
{
    uint64_t sum = 0;
    static const int whose[] = {RUSAGE_SELF, RUSAGE_CHILDREN};
    for (size_t i = 0; i < sizeof whose / sizeof whose[0]; i++) {
        struct rusage usage;
        (void)getrusage(whose[i], &usage);
        sum += ns_of(usage.ru_utime) + ns_of(usage.ru_stime);
    }
    return sum;
}

/* Of this program: getrusage would count what ran before its exec. */
static uint64_t rss_most(void)
{
    static const char name[] = "VmHWM:";
    char line[128];
    uint64_t kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (strncmp(line, name, sizeof name - 1) == 0)
            kib = strtoul(line + sizeof name - 1, NULL, 10);
    if (kib == 0) bench_fail("cannot be read", "/proc/self/status");
    (void)fclose(file);
    return kib * 1024;
}

static void run_round(struct bench *bench, size_t runs)
{
    if (runs == 0) return;
    size_t count = bench->options.concurrency;
    struct worker *workers = calloc(count, sizeof *workers);
    if (workers == NULL) bench_fail("out of memory", "workers");
    uint64_t commits = commits_of(bench);
    uint64_t cpu = cpu_ns();
    uint64_t start = bench_now_ns();
    for (size_t i = 0; i < count; i++) {
        workers[i].bench = bench;
        workers[i].runs = runs * (i + 1) / count - runs * i / count;
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            bench_fail("cannot be started", "thread");
    }
    for (size_t i = 0; i < count; i++)
        (void)pthread_join(workers[i].thread, NULL);
    bench->run_ns += bench_now_ns() - start;
    bench->cpu_ns += cpu_ns() - cpu;
    commits = commits_of(bench) - commits;
    bench->commits += commits;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < workers[i].times.count; j++)
            bench_times_add(&bench->times, workers[i].times.ns[j]);
        free(workers[i].times.ns);
    }
    free(workers);
    const struct floor_load load = {
        runs, commits, 2 * steps_of(&bench->options) + 2, bench->run_bytes};
    if (bench->floor == NULL) {
        bench->rss_bytes = rss_most();
        bench->floor = floor_new(bench->dir);
    }
    floor_commit(bench->floor, &load);
}

/* ---- the word ------------------------------------------------------------ */

static void print(struct bench *bench)
{
    double runs = (double)bench->options.runs;
    double runs_s = runs * 1e9 / (double)bench->run_ns;
    double floor_s = runs * 1e9 / (double)floor_bare_ns(bench->floor);
    double store_s = runs * 1e9 / (double)floor_store_ns(bench->floor);
    const struct bench_line lines[] = {
        {"runs", runs, 0},
        {"steps", (double)steps_of(&bench->options), 0},
        {"fanout", (double)bench->options.fanout, 0},
        {"concurrency", (double)bench->options.concurrency, 0},
        {"runs_s", runs_s, 1},
        {"p50_ms", bench_times_us(&bench->times, 0.5) / 1000, 3},
        {"p99_ms", bench_times_us(&bench->times, 0.99) / 1000, 3},
        {"cpu_ms_per_run", (double)bench->cpu_ns / 1e6 / runs, 3},
        {"rss_bytes", (double)bench->rss_bytes, 0},
        {"commits", (double)bench->commits, 0},
        {"run_bytes", (double)bench->run_bytes, 0},
        {"commit_floor_runs_s", floor_s, 1},
        {"store_floor_runs_s", store_s, 1},
        {"of_commit_floor", runs_s / floor_s, 3},
        {"of_store_floor", runs_s / store_s, 3},
    };
    bench_print(lines, sizeof lines / sizeof lines[0], bench->options.json);
}

/* NULL: not one of those that are numbers. */
static size_t *number_option(
    struct options *options, const char *name, size_t *max)
{
    const struct {
        const char *name;
        size_t max;
        size_t *at;
    } numbers[] = {
        {"--runs", 100000000, &options->runs},
        {"--steps", STEPS_MAX, &options->steps},
        {"--fanout", FANOUT_MAX, &options->fanout},
        {"--concurrency", CONCURRENCY_MAX, &options->concurrency},
        {"--waiting", WAITING_MAX, &options->waiting},
    };
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        if (strcmp(numbers[i].name, name) != 0) continue;
        *max = numbers[i].max;
        return numbers[i].at;
    }
    return NULL;
}

static bool parse(int argc, char **argv, struct options *out)
{
    *out = (struct options){.runs = 1000, .steps = 5, .concurrency = 1};
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (strcmp(name, "--json") == 0) {
            out->json = true;
            continue;
        }
        if (++i == argc) return false;
        size_t max;
        size_t *number = number_option(out, name, &max);
        if (number != NULL) {
            if (!bench_read_size(argv[i], max, number)) return false;
        } else if (strcmp(name, "--agent") == 0) {
            out->programs = strcmp(argv[i], "true") == 0;
            if (!out->programs && strcmp(argv[i], "callback") != 0)
                return false;
        } else {
            return false;
        }
    }
    return true;
}

/* In memory a commit would cost nothing, and all else look dear. */
static void make_dir(struct bench *bench)
{
    const char *tmp = getenv("TMPDIR");
    struct statfs info;
    (void)snprintf(bench->dir, sizeof bench->dir, "%s/ndf-bench-XXXXXX",
        tmp != NULL && tmp[0] == '/' ? tmp : "/var/tmp");
    if (mkdtemp(bench->dir) == NULL || statfs(bench->dir, &info) != 0)
        bench_fail("cannot be made", bench->dir);
    if ((info.f_type & 0x7fffffff) != TMPFS &&
        (info.f_type & 0x7fffffff) != RAMFS)
        return;
    (void)rmdir(bench->dir);
    bench_fail("is in memory: have TMPDIR name a folder on a disk", bench->dir);
}

static void remove_dir(const struct bench *bench)
{
    if (os_remove_tree(bench->dir) != NDF_OK)
        fprintf(stderr, "ndf-bench: %s is left behind\n", bench->dir);
}

/* ---- runs that wait ------------------------------------------------------ */

/* Starts runs of one step that failed and waits for its next try; prints what
 * they take. */
static void run_waiting(struct bench *bench)
{
    size_t count = bench->options.waiting;
    ndf_run **runs = calloc(count, sizeof(ndf_run *));
    if (runs == NULL) bench_fail("out of memory", "runs");
    ndf_error error;
    ndf_run_options options = NDF_RUN_OPTIONS_INIT;
    options.cwd = bench->dir;
    const struct timespec pause = {.tv_nsec = 1000000};
    uint64_t before = bench_rss();
    uint64_t start = bench_now_ns();
    for (size_t i = 0; i < count; i++)
        check(ndf_run_start(bench->engine, "bench.wait", bench->context,
                  &options, &runs[i], &error),
            &error);
    while (atomic_load(&bench->failed) < count)
        nanosleep(&pause, NULL);
    /* The results of the last ones, and their waits. */
    uint64_t took = bench_now_ns() - start;
    (void)sleep(1);
    uint64_t rss = bench_rss();
    printf(bench->options.json
               ? "{\"waiting\": %zu, \"starts_s\": %.1f, \"rss_bytes\": "
                 "%" PRIu64 ", \"bytes_per_run\": %.0f}\n"
               : "waiting             %zu\nstarts_s            %.1f\n"
                 "rss_bytes           %" PRIu64 "\nbytes_per_run       %.0f\n",
        count, (double)count * 1e9 / (double)took, rss,
        (double)(rss - before) / (double)count);
    for (size_t i = 0; i < count; i++)
        check(ndf_run_cancel(runs[i]), &error);
    for (size_t i = 0; i < count; i++) {
        int state;
        (void)ndf_run_wait(runs[i], WAITING_MS, &state, &error);
        ndf_run_free(runs[i]);
    }
    free(runs);
}

static void run_rounds(struct bench *bench)
{
    /* The first one pays for what is made once. */
    (void)run_once(bench, false);
    bench->run_bytes = run_once(bench, true);
    for (size_t i = 0; i < ROUNDS; i++)
        run_round(bench, bench->options.runs * (i + 1) / ROUNDS -
                             bench->options.runs * i / ROUNDS);
}

static int run(int argc, char **argv)
{
    struct bench bench = {.commits = 0};
    if (!parse(argc, argv, &bench.options)) {
        fprintf(stderr, "usage: ndf-bench run %s\n", bench_run.usage);
        return 2;
    }
    make_dir(&bench);
    open_engine(&bench);
    if (bench.options.waiting > 0) run_waiting(&bench);
    else run_rounds(&bench);
    ndf_context_free(bench.context);
    ndf_close(bench.engine);
    if (bench.options.waiting == 0) print(&bench);
    if (bench.floor != NULL) floor_free(bench.floor);
    free(bench.times.ns);
    remove_dir(&bench);
    return 0;
}

const struct bench_word bench_run = {"run",
    "[--runs N] [--steps N | --fanout N] [--concurrency N] "
    "[--agent callback|true] [--json] | --waiting N [--json]",
    run};
