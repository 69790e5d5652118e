/*
 * match.c - how long it takes to find the patterns whose law a context fits,
 * and what the index of them takes.
 *
 * A pass over all contexts warms what can be warm. Then each context is
 * measured once: the clock is read before and after index_match, which is
 * given the context as it is, so that bringing it into the index's own form is
 * part of the figure. Memory for results is kept from context to context.
 * Then the contexts are encoded once more, without being matched.
 * Nothing is subtracted: a figure has one reading of the clock in it, which is
 * printed as clock_ns (20 to 40 ns where the kernel need not be asked).
 */
#include <inttypes.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "readers.h"
#include "workload.h"

enum { CLOCK_READINGS = 10001, LINES_MAX = 32 };

struct options {
    const char *patterns, *contexts;
    const char *dump; /* NULL: none */
    size_t threads;   /* 0: none but the one that measures */
    size_t writes;    /* patterns added a second meanwhile; 0: none */
    enum rows_with with;
    bool json;
};

struct bench {
    struct options options;
    struct workload workload;
    struct index *index;
    struct bench_times times, encodings;
    double build_s;
    uint64_t rss_bytes; /* growth by building */
    uint64_t matches;   /* of the pass that is measured */
    double clock_ns;
};

/* ---- building ------------------------------------------------------------ */

static void build(struct bench *bench)
{
    const struct index_options options = {.with = bench->options.with};
    const struct workload *workload = &bench->workload;
    ndf_error error;
    /* What reading left over would hide what building takes. */
    (void)malloc_trim(0);
    uint64_t before = bench_rss();
    uint64_t start = bench_now_ns();
    if (index_new(&bench->index, &mem_libc, workload->rules,
            workload->rule_count, &options, &error) != NDF_OK)
        bench_fail(error.message, "index");
    bench->build_s = (double)(bench_now_ns() - start) / 1e9;
    uint64_t after = bench_rss();
    bench->rss_bytes = after > before ? after - before : 0;
}

/* ---- matching ------------------------------------------------------------ */

static void match(struct bench *bench, size_t context, struct arena *arena,
    struct index_matches *out)
{
    if (index_match(bench->index, &bench->workload.contexts[context], arena,
            out) != NDF_OK)
        bench_fail("out of memory", "match");
}

static int by_id(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* id<TAB>the patterns' ids, ascending. */
static void dump_line(const struct bench *bench, size_t context,
    const struct index_matches *matches, struct arena *arena, FILE *to)
{
    int64_t *ids = arena_calloc(arena, matches->count, sizeof *ids);
    if (ids == NULL) bench_fail("out of memory", "dump");
    for (size_t i = 0; i < matches->count; i++)
        ids[i] = bench->workload.rule_ids[matches->items[i].candidate];
    qsort(ids, matches->count, sizeof *ids, by_id);
    fprintf(to, "%" PRId64 "\t", bench->workload.context_ids[context]);
    for (size_t i = 0; i < matches->count; i++)
        fprintf(to, "%s%" PRId64, i > 0 ? " " : "", ids[i]);
    fputc('\n', to);
}

/* The first pass, which is not measured; it writes what was asked for. */
static void warm(struct bench *bench, struct arena *arena)
{
    const char *path = bench->options.dump;
    FILE *to = NULL;
    if (path != NULL) to = fopen(path, "w");
    if (path != NULL && to == NULL) bench_fail("cannot be written", path);
    for (size_t i = 0; i < bench->workload.context_count; i++) {
        struct index_matches matches;
        arena_reset(arena);
        match(bench, i, arena, &matches);
        if (to != NULL) dump_line(bench, i, &matches, arena, to);
    }
    if (to != NULL && (ferror(to) | fclose(to)) != 0)
        bench_fail("cannot be written", path);
}

static void measure(struct bench *bench, struct arena *arena)
{
    for (size_t i = 0; i < bench->workload.context_count; i++) {
        struct index_matches matches;
        arena_reset(arena);
        uint64_t start = bench_now_ns();
        match(bench, i, arena, &matches);
        uint64_t end = bench_now_ns();
        bench_times_add(&bench->times, end - start);
        bench->matches += matches.count;
    }
}

/* The same of bringing contexts into the index's own form alone. */
static void measure_encoding(struct bench *bench, struct arena *arena)
{
    for (size_t i = 0; i < bench->workload.context_count; i++) {
        arena_reset(arena);
        uint64_t start = bench_now_ns();
        int err =
            index_encode(bench->index, &bench->workload.contexts[i], arena);
        uint64_t end = bench_now_ns();
        if (err != NDF_OK) bench_fail("out of memory", "encode");
        bench_times_add(&bench->encodings, end - start);
    }
}

/* One reading of the clock, the median of many. */
static double clock_cost(void)
{
    struct bench_times times = {.ns = NULL};
    for (int i = 0; i < CLOCK_READINGS; i++) {
        uint64_t start = bench_now_ns();
        bench_times_add(&times, bench_now_ns() - start);
    }
    double ns = bench_times_us(&times, 0.5) * 1000;
    free(times.ns);
    return ns;
}

/* ---- the word ------------------------------------------------------------ */

static double mean_ns(const struct bench_times *times)
{
    double sum = 0;
    for (size_t i = 0; i < times->count; i++)
        sum += (double)times->ns[i];
    return times->count > 0 ? sum / (double)times->count : 0;
}

/* How it grows with threads, behind the other lines. */
static size_t add_readers(const struct bench *bench, struct bench_line *lines)
{
    const struct readers readers = {.index = bench->index,
        .workload = &bench->workload,
        .threads = bench->options.threads,
        .writes = bench->options.writes};
    struct readers_result result;
    if (readers.threads == 0) return 0;
    readers_measure(&readers, &result);
    const struct bench_line made[] = {
        {"threads", (double)readers.threads, 0},
        {"one_reader_s", result.one, 0},
        {"all_readers_s", result.all, 0},
        {"slowest_reader_s", result.least, 0},
        {"fastest_reader_s", result.most, 0},
        {"growth", result.growth, 3},
        {"spin_growth", result.spin_growth, 3},
        {"of_spinning", result.of_spinning, 3},
        {"each_of_one", result.each_of_one, 3},
        {"beside_writer_s", result.beside, 0},
        {"of_alone", result.of_alone, 3},
        {"each_of_alone", result.each_of_alone, 3},
        {"writes_s", result.writes_s, 0},
        {"write_p50_us", result.write_p50, 2},
        {"write_p99_us", result.write_p99, 2},
    };
    enum { OF_WRITER = 6 };
    size_t count = sizeof made / sizeof made[0];
    if (readers.writes == 0) count -= OF_WRITER;
    memcpy(lines, made, count * sizeof *made);
    return count;
}

static void print(struct bench *bench)
{
    const struct bench_line made[] = {
        {"patterns", (double)bench->workload.rule_count, 0},
        {"contexts", (double)bench->workload.context_count, 0},
        {"build_s", bench->build_s, 3},
        {"index_bytes", (double)index_bytes(bench->index), 0},
        {"rss_bytes", (double)bench->rss_bytes, 0},
        {"p50_ns", bench_times_us(&bench->times, 0.5) * 1000, 0},
        {"p99_ns", bench_times_us(&bench->times, 0.99) * 1000, 0},
        {"mean_ns", mean_ns(&bench->times), 0},
        {"encode_p50_ns", bench_times_us(&bench->encodings, 0.5) * 1000, 0},
        {"clock_ns", bench->clock_ns, 0},
        {"matches_total", (double)bench->matches, 0},
    };
    struct bench_line lines[LINES_MAX];
    size_t count = sizeof made / sizeof made[0];
    memcpy(lines, made, sizeof made);
    count += add_readers(bench, lines + count);
    bench_print(lines, count, bench->options.json);
}

static bool parse_with(const char *text, enum rows_with *out)
{
    static const struct {
        const char *name;
        enum rows_with with;
    } names[] = {{"best", ROWS_BEST}, {"scalar", ROWS_SCALAR},
        {"avx2", ROWS_AVX2}, {"avx512", ROWS_AVX512}};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i].name, text) != 0) continue;
        *out = names[i].with;
        return true;
    }
    return false;
}

static bool parse(int argc, char **argv, struct options *out)
{
    *out = (struct options){.patterns = NULL};
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (strcmp(name, "--json") == 0) {
            out->json = true;
            continue;
        }
        if (++i == argc) return false;
        const char *text = argv[i];
        bool good = true;
        if (strcmp(name, "--patterns") == 0) out->patterns = text;
        else if (strcmp(name, "--contexts") == 0) out->contexts = text;
        else if (strcmp(name, "--dump") == 0) out->dump = text;
        else if (strcmp(name, "--with") == 0)
            good = parse_with(text, &out->with);
        else if (strcmp(name, "--threads") == 0)
            good = bench_read_size(text, TURN_THREADS_MAX, &out->threads);
        else if (strcmp(name, "--writer") == 0)
            good = bench_read_size(text, READERS_WRITES_MAX, &out->writes);
        else good = false;
        if (!good) return false;
    }
    return out->patterns != NULL && out->contexts != NULL &&
           (out->writes == 0 || out->threads > 0);
}

static int run(int argc, char **argv)
{
    struct bench bench = {.matches = 0};
    struct arena arena;
    if (!parse(argc, argv, &bench.options)) {
        fprintf(stderr, "usage: ndf-bench match %s\n", bench_match.usage);
        return 2;
    }
    workload_init(&bench.workload);
    workload_read_patterns(&bench.workload, bench.options.patterns);
    workload_read_contexts(&bench.workload, bench.options.contexts);
    build(&bench);
    arena_init(&arena, &mem_libc);
    warm(&bench, &arena);
    measure(&bench, &arena);
    measure_encoding(&bench, &arena);
    arena_deinit(&arena);
    bench.clock_ns = clock_cost();
    print(&bench);
    free(bench.times.ns);
    free(bench.encodings.ns);
    index_free(bench.index);
    workload_deinit(&bench.workload);
    return 0;
}

const struct bench_word bench_match = {"match",
    "--patterns FILE --contexts FILE [--dump FILE] [--threads N [--writer N]] "
    "[--with scalar|avx2|avx512] [--json]",
    run};
