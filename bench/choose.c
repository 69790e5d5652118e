/*
 * choose.c - how well and how fast a label is chosen for a query, without any
 * learning.
 *
 * labels: JSON Lines {id, name, description[, tools, body]}; queries: {query,
 * labels: [id..]}, an empty list is out of scope. Accuracy counts the queries
 * in scope; the calibration error (ten bins of the best one's fit, weighted by
 * size) counts all.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/map.h"
#include "base/vec.h"
#include "bench.h"
#include "decide/selector.h"
#include "decide/text.h"

enum { TOP = 5, BINS = 10 };

struct options {
    const char *labels, *queries;
    size_t limit; /* of queries; 0: all */
    bool json;
};

struct task {
    struct str text;
    const struct value *labels; /* ids */
};

struct bin {
    double count, fit, right;
};

struct result {
    size_t labels, queries, in_scope, top1, top5, acted, acted_right;
    struct bin bins[BINS];
    struct bench_times times;
    double build_ms;
};

static struct str read_all(struct arena *arena, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) bench_fail("cannot be read", path);
    struct buf buf;
    buf_init(&buf, arena->mem);
    for (;;) {
        char *at = buf_reserve(&buf, 1 << 16);
        if (at == NULL) bench_fail("out of memory", path);
        size_t got = fread(at, 1, 1 << 16, file);
        if (got == 0) break;
        buf.size += got;
    }
    fclose(file);
    struct str text = arena_str(arena, buf_str(&buf));
    buf_deinit(&buf);
    return text;
}

/* All lines of a file as values. */
static struct value read_lines(struct arena *arena, const char *path)
{
    struct value list = value_of_array();
    struct str rest = read_all(arena, path);
    struct str line;
    ndf_error error;
    while (str_split(&rest, '\n', &line)) {
        struct value value;
        if (str_trim(line).size == 0) continue;
        if (json_parse(arena, line, &value, &error) != NDF_OK)
            bench_fail(error.message, path);
        if (value_push(arena, &list, value) != NDF_OK)
            bench_fail("out of memory", path);
    }
    return list;
}

static struct candidate read_label(
    struct arena *arena, const struct value *label)
{
    struct text_field fields[] = {
        {TEXT_NAME, value_get_str(label, STR("name"))},
        {TEXT_DESCRIPTION, value_get_str(label, STR("description"))},
        {TEXT_TOOLS, value_get_str(label, STR("tools"))},
        {TEXT_BODY, value_get_str(label, STR("body"))},
    };
    struct buf features;
    buf_init(&features, arena->mem);
    if (text_features(arena->mem, fields, sizeof fields / sizeof fields[0],
            &features) != NDF_OK)
        bench_fail("out of memory", "features");
    struct candidate candidate = {
        .name = value_get_str(label, STR("id")),
        .features = arena_str(arena, buf_str(&features)),
    };
    buf_deinit(&features);
    return candidate;
}

static struct selector *build(
    struct arena *arena, const struct value *labels, struct result *result)
{
    struct candidate *candidates =
        arena_calloc(arena, labels->array.count, sizeof *candidates);
    if (candidates == NULL) bench_fail("out of memory", "labels");
    for (size_t i = 0; i < labels->array.count; i++)
        candidates[i] = read_label(arena, &labels->array.items[i]);
    struct selector *selector;
    ndf_error error;
    uint64_t start = bench_now_ns();
    if (selector_new(&selector, arena->mem, candidates, labels->array.count,
            NULL, &error) != NDF_OK)
        bench_fail(error.message, "labels");
    result->build_ms = (double)(bench_now_ns() - start) / 1e6;
    return selector;
}

static bool is_right(
    const struct selector *selector, const struct task *task, size_t candidate)
{
    struct str name = selector_candidate(selector, candidate)->name;
    for (size_t i = 0; i < task->labels->array.count; i++) {
        if (str_equal(task->labels->array.items[i].string, name)) return true;
    }
    return false;
}

static void count(const struct selector *selector, const struct task *task,
    const struct selection *selection, struct result *result)
{
    double fit = selection->count > 0 ? selection->ranked[0].fit : 0;
    bool right = false;
    bool near = false;
    for (size_t i = 0; i < selection->count && i < TOP; i++) {
        bool hit = is_right(selector, task, selection->ranked[i].candidate);
        right = right || (i == 0 && hit);
        near = near || hit;
    }
    result->queries++;
    result->in_scope += task->labels->array.count > 0;
    result->top1 += right;
    result->top5 += near;
    result->acted += selection->chosen != SELECTOR_NONE;
    result->acted_right += selection->chosen != SELECTOR_NONE && right;
    size_t at = (size_t)(fit * BINS);
    struct bin *bin = &result->bins[at < BINS ? at : BINS - 1];
    bin->count += 1;
    bin->fit += fit;
    bin->right += right;
}

static void ask(const struct selector *selector, const struct task *task,
    struct result *result)
{
    struct arena scratch;
    struct selection selection;
    struct context context = {
        .attributes = value_of_object(), .text = task->text};
    struct selector_query query = {
        .context = &context, .limit = TOP, .config = selector_config_default()};
    arena_init(&scratch, &mem_libc);
    uint64_t start = bench_now_ns();
    if (selector_select(selector, &query, &scratch, &selection) != NDF_OK)
        bench_fail("out of memory", "select");
    bench_times_add(&result->times, bench_now_ns() - start);
    count(selector, task, &selection, result);
    arena_deinit(&scratch);
}

static double calibration_error(const struct result *result)
{
    double sum = 0;
    for (size_t i = 0; i < BINS; i++)
        sum += fabs(result->bins[i].fit - result->bins[i].right);
    return result->queries > 0 ? sum / (double)result->queries : 0;
}

static double percent(size_t part, size_t whole)
{
    return whole > 0 ? 100.0 * (double)part / (double)whole : 0;
}

struct line {
    const char *name;
    double value;
    int decimals;
};

static void print(const struct options *options, struct result *result)
{
    const struct line lines[] = {
        {"labels", (double)result->labels, 0},
        {"queries", (double)result->queries, 0},
        {"zero_shot_top1", percent(result->top1, result->in_scope), 2},
        {"top5", percent(result->top5, result->in_scope), 2},
        {"ece", calibration_error(result), 4},
        {"acted", percent(result->acted, result->queries), 2},
        {"acted_right", percent(result->acted_right, result->acted), 2},
        {"build_ms", result->build_ms, 2},
        {"select_p50_us", bench_times_us(&result->times, 0.5), 1},
        {"select_p99_us", bench_times_us(&result->times, 0.99), 1},
    };
    const char *before = "{";
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        const struct line *line = &lines[i];
        if (options->json)
            printf("%s\"%s\": %.*f", before, line->name, line->decimals,
                line->value);
        else printf("%-16s%.*f\n", line->name, line->decimals, line->value);
        before = ", ";
    }
    if (options->json) printf("}\n");
}

static bool parse(int argc, char **argv, struct options *out)
{
    *out = (struct options){.limit = 0};
    for (int i = 1; i < argc; i++) {
        bool more = i + 1 < argc;
        if (strcmp(argv[i], "--json") == 0) out->json = true;
        else if (strcmp(argv[i], "--labels") == 0 && more)
            out->labels = argv[++i];
        else if (strcmp(argv[i], "--queries") == 0 && more)
            out->queries = argv[++i];
        else if (strcmp(argv[i], "--limit") == 0 && more)
            out->limit = strtoul(argv[++i], NULL, 10);
        else return false;
    }
    return out->labels != NULL && out->queries != NULL;
}

/* Asks at most limit queries, evenly spread over the file. */
static void ask_all(const struct selector *selector,
    const struct value *queries, size_t limit, struct result *result)
{
    size_t all = queries->array.count;
    size_t wanted = limit > 0 && limit < all ? limit : all;
    for (size_t i = 0; i < wanted; i++) {
        const struct value *query = &queries->array.items[i * all / wanted];
        const struct value *labels = value_get(query, STR("labels"));
        struct task task = {value_get_str(query, STR("query")), labels};
        if (labels == NULL || labels->kind != VALUE_ARRAY || !task.text.at)
            bench_fail("a query needs 'query' and 'labels'", "queries");
        ask(selector, &task, result);
    }
}

static int run(int argc, char **argv)
{
    struct options options;
    if (!parse(argc, argv, &options)) {
        fprintf(stderr, "usage: ndf-bench choose %s\n", bench_choose.usage);
        return 2;
    }
    struct arena arena;
    struct result result = {.labels = 0};
    arena_init(&arena, &mem_libc);
    struct value labels = read_lines(&arena, options.labels);
    struct value queries = read_lines(&arena, options.queries);
    result.labels = labels.array.count;
    struct selector *selector = build(&arena, &labels, &result);
    ask_all(selector, &queries, options.limit, &result);
    print(&options, &result);
    selector_free(selector);
    free(result.times.ns);
    arena_deinit(&arena);
    return 0;
}

const struct bench_word bench_choose = {
    "choose", "--labels FILE --queries FILE [--limit N] [--json]", run};
