/*
 * select.c - how fast ndf_select chooses, and how it grows with threads.
 *
 * Threads that select take turns with threads that only count (turns.h), one
 * and all of each in every round. Beside that, what a selection takes of a
 * processor's time alone and among others, which does not depend on who else
 * wants the processor, but tells nothing of waiting.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ndf/ndf.h"

#include "base/buf.h"
#include "bench.h"
#include "turns.h"

enum {
    ROUNDS_MAX = 1000,
    PATTERNS_MAX = 1000000,
    CALLS_MAX = 1000000000,
    SELECT_MS = 25, /* of a turn */
    CONTEXTS = 64,
    VOCABULARY = 2000,
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

/* ---- rounds -------------------------------------------------------------- */

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
static uint64_t select_often(const struct turn_worker *worker)
{
    struct bench *bench = worker->ud;
    size_t at = worker->number * CONTEXTS / worker->threads;
    uint64_t done = 0;
    for (; !turn_is_over(worker); done++)
        select_once(bench, at++);
    return done;
}

/* All figures of a round, and of all rounds. */
enum figure { ONE, ALL, GROWTH, SPINNING, SHARE, ONE_CPU, ALL_CPU, FIGURES };

static void run_round(struct bench *bench, double out[FIGURES])
{
    size_t threads = bench->options.threads;
    struct turn_plan plan = {.ud = bench, .ms = SELECT_MS};
    struct turn_rates spin_one, one, spin_all, all;
    plan.work = turn_spin;
    plan.threads = 1;
    turn_run(&plan, &spin_one);
    plan.work = select_often;
    turn_run(&plan, &one);
    plan.work = turn_spin;
    plan.threads = threads;
    turn_run(&plan, &spin_all);
    plan.work = select_often;
    turn_run(&plan, &all);
    out[ONE] = one.all;
    out[ALL] = all.all;
    out[GROWTH] = all.all / one.all;
    out[SPINNING] = spin_all.all / spin_one.all;
    out[SHARE] = out[GROWTH] / out[SPINNING];
    out[ONE_CPU] = 1e6 / one.cpu;
    out[ALL_CPU] = 1e6 / all.cpu;
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
            turn_median(all[k], options->rounds));
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
        {"--threads", &out->threads, 1, TURN_THREADS_MAX},
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
