/*
 * eval_report.c - the figures of a measurement, as a document and as a table.
 */
#include <math.h>
#include <string.h>

#include "cli/eval.h"

/* What a row of the table says; its value is the report's. */
struct row {
    const char *key;
    int decimals;
    const char *note;
};

static const struct row rows[] = {
    {"labels", 0, ""},
    {"queries", 0, "in the stream"},
    {"taught", 0, "of them with feedback"},
    {"zero_shot_top1", 2, "% of those in scope, before any feedback"},
    {"zero_shot_top5", 2, ""},
    {"cumulative", 2, "% right, each asked before its feedback"},
    {"last1000", 2, "% right of the last 1,000"},
    {"mrr", 4, "mean reciprocal rank of the first five"},
    {"ndcg5", 4, ""},
    {"ece", 4, "fit against right, over 15 bins"},
    {"acted", 2, "% taken unattended"},
    {"acted_right", 2, "% of these right"},
    {"test_queries", 0, "asked after the stream"},
    {"test_top1", 2, "% of those in scope"},
    {"test_top3", 2, ""},
    {"test_top5", 2, ""},
    {"test_mrr", 4, ""},
    {"test_ndcg5", 4, ""},
    {"test_ece", 4, ""},
    {"oos_auroc", 4, "evidence in scope against out of scope"},
    {"oos_rejected", 2, "% of those out of scope below the threshold"},
    {"inscope_at_oos80", 2, "% in scope above it and right"},
    {"select_p50_us", 1, "microseconds of a choice"},
    {"select_p99_us", 1, ""},
    {"update_mean_us", 1, "microseconds of a feedback"},
    {"model_bytes", 0, "of what was learned, in memory"},
};

/* Sets a key to a number with so many decimals; NAN is null. */
static void set(json_t *report, const char *key, double value, int decimals)
{
    double scale = pow(10, decimals);
    (void)json_object_set_new(report, key,
        isnan(value) ? json_null() : json_real(round(value * scale) / scale));
}

static void set_count(json_t *report, const char *key, size_t count)
{
    (void)json_object_set_new(report, key, json_integer((json_int_t)count));
}

/* NULL is null. */
static void set_text(json_t *report, const char *key, const char *text)
{
    (void)json_object_set_new(
        report, key, text != NULL ? json_string(text) : json_null());
}

static void report_asked(const struct eval *eval, json_t *report)
{
    const struct eval_options *asked = &eval->options;
    set_text(report, "feedback", eval_feedback_name(asked->feedback));
    set_text(report, "train", asked->train);
    set_text(report, "test", asked->test);
    set_count(report, "seed", (size_t)asked->seed);
    if (asked->shots > 0) set_count(report, "shots", asked->shots);
    else set_text(report, "shots", NULL);
    set_count(report, "labels", eval->data.label_count);
    set_count(report, "queries", eval->stream_count);
    set_count(report, "taught", eval->updates.count);
    set_count(report, "test_queries", eval->test_count);
}

static void report_stream(const struct eval *eval, json_t *report)
{
    const struct eval_answers *untaught = &eval->untaught;
    const struct eval_answers *streamed = &eval->streamed;
    set(report, "zero_shot_top1", eval_accuracy(untaught, 1, SIZE_MAX), 2);
    set(report, "zero_shot_top5", eval_accuracy(untaught, 5, SIZE_MAX), 2);
    set(report, "cumulative", eval_accuracy(streamed, 1, SIZE_MAX), 2);
    set(report, "last1000", eval_accuracy(streamed, 1, EVAL_LAST), 2);
    set(report, "mrr", eval_mrr(streamed), 4);
    set(report, "ndcg5", eval_mean_ndcg(streamed), 4);
    set(report, "ece", eval_calibration_error(streamed), 4);
    set(report, "acted", eval_acted(streamed), 2);
    set(report, "acted_right", eval_acted_right(streamed), 2);
}

static void report_test(const struct eval *eval, json_t *report)
{
    const struct eval_answers *tested = &eval->tested;
    double threshold = eval_threshold(&eval->streamed, 0.8);
    set(report, "test_top1", eval_accuracy(tested, 1, SIZE_MAX), 2);
    set(report, "test_top3", eval_accuracy(tested, 3, SIZE_MAX), 2);
    set(report, "test_top5", eval_accuracy(tested, 5, SIZE_MAX), 2);
    set(report, "test_mrr", eval_mrr(tested), 4);
    set(report, "test_ndcg5", eval_mean_ndcg(tested), 4);
    set(report, "test_ece", eval_calibration_error(tested), 4);
    set(report, "oos_auroc", eval_auroc(tested), 4);
    set(report, "oos_threshold", threshold, 4);
    set(report, "oos_rejected", eval_rejected(tested, threshold), 2);
    set(report, "inscope_at_oos80", eval_accepted_right(tested, threshold), 2);
}

static json_t *reliability(const struct eval_answers *answers)
{
    struct eval_bin bins[EVAL_BINS];
    json_t *list = json_array();
    eval_bins(answers, bins);
    for (size_t i = 0; i < EVAL_BINS; i++) {
        json_t *bin = json_object();
        set(bin, "from", (double)i / EVAL_BINS, 4);
        set(bin, "to", (double)(i + 1) / EVAL_BINS, 4);
        set_count(bin, "count", bins[i].count);
        set(bin, "fit", bins[i].fit, 4);
        set(bin, "right", bins[i].right, 4);
        (void)json_array_append_new(list, bin);
    }
    return list;
}

json_t *eval_report(struct eval *eval)
{
    json_t *report = json_object();
    report_asked(eval, report);
    report_stream(eval, report);
    report_test(eval, report);
    set(report, "select_p50_us", eval_quantile_us(&eval->selects, 0.5), 1);
    set(report, "select_p99_us", eval_quantile_us(&eval->selects, 0.99), 1);
    set(report, "update_mean_us", eval_mean_us(&eval->updates), 1);
    (void)json_object_set(
        report, "model_bytes", json_object_get(eval->learned, "bytes"));
    (void)json_object_set_new(
        report, "reliability", reliability(&eval->streamed));
    return report;
}

/* ---- for people ---------------------------------------------------------- */

static void print_bins(const struct cli *cli, const json_t *bins)
{
    static const char *const head[] = {
        "fit from", "to", "queries", "mean fit", "right"};
    struct table *table = table_new("rrrrr");
    table_row(table, head);
    for (size_t i = 0; i < json_array_size(bins); i++) {
        const json_t *bin = json_array_get(bins, i);
        char *cells[] = {cli_number(json_object_get(bin, "from"), 2),
            cli_number(json_object_get(bin, "to"), 2),
            cli_number(json_object_get(bin, "count"), 0),
            cli_number(json_object_get(bin, "fit"), 3),
            cli_number(json_object_get(bin, "right"), 3)};
        table_row(table, (const char *const *)cells);
        for (size_t c = 0; c < sizeof cells / sizeof cells[0]; c++)
            cli_free(cells[c]);
    }
    table_print(table, &cli->out);
}

void eval_print(const struct cli *cli, const json_t *report)
{
    static const char *const head[] = {"measure", "value", ""};
    struct table *table = table_new("lrl");
    table_row(table, head);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const json_t *value = json_object_get(report, rows[i].key);
        if (!json_is_number(value)) continue;
        char *number = cli_number(value, rows[i].decimals);
        table_row(table, (const char *[]){rows[i].key, number, rows[i].note});
        cli_free(number);
    }
    table_print(table, &cli->out);
    (void)fputc('\n', cli->out.file);
    print_bins(cli, json_object_get(report, "reliability"));
}
