/*
 * cmd_eval.c - measures choosing and learning on labels and queries.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "cli/eval.h"

enum { NUMBER_MAX = 1000000000 };

static const char *const feedbacks[] = {"none", "full", "bandit"};

const char *eval_feedback_name(enum eval_feedback feedback)
{
    return feedbacks[feedback];
}

/* ---- the line ------------------------------------------------------------ */

/* A whole number from 1; *out stays when the option was not given. */
static bool read_number(struct cli *cli, enum option_id id, uint64_t *out)
{
    const char *text = cli->args.values[id];
    if (text == NULL) return true;
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    *out = number;
    bool good = text[0] >= '0' && text[0] <= '9' && *end == '\0' &&
                errno == 0 && number >= 1 && number <= NUMBER_MAX;
    if (!good)
        (void)cli_fail(cli, 0,
            "--%s: expected a whole number from 1 to %d, got '%s'",
            options[id].name, NUMBER_MAX, text);
    return good;
}

static bool read_feedback(struct cli *cli, enum eval_feedback *out)
{
    const char *text = cli->args.values[OPT_FEEDBACK];
    *out = EVAL_FULL;
    if (text == NULL) return true;
    for (size_t i = 0; i < sizeof feedbacks / sizeof feedbacks[0]; i++) {
        if (strcmp(text, feedbacks[i]) != 0) continue;
        *out = (enum eval_feedback)i;
        return true;
    }
    (void)cli_fail(
        cli, 0, "--feedback: expected none, full or bandit, got '%s'", text);
    return false;
}

/* What is wrong with the options together, or NULL. */
static const char *contradiction(const struct eval_options *asked)
{
    if (asked->labels == NULL || asked->queries == NULL)
        return "`ndf dev eval` needs --labels FILE and --queries FILE";
    if (asked->test != NULL && asked->train == NULL)
        return "--test needs --train: name the split to learn from, too";
    if (asked->test != NULL && strcmp(asked->test, asked->train) == 0)
        return "--test and --train are one split: what was learned from it "
               "would be tested on itself";
    if (asked->shots > 0 && asked->feedback != EVAL_FULL)
        return "--shots are examples with full feedback: leave --feedback out";
    return NULL;
}

static bool read_options(struct cli *cli, struct eval_options *out)
{
    const struct args *args = &cli->args;
    *out = (struct eval_options){.labels = args->values[OPT_LABELS],
        .queries = args->values[OPT_QUERIES],
        .train = args->values[OPT_TRAIN],
        .test = args->values[OPT_TEST],
        .plot = args->values[OPT_PLOT]};
    uint64_t shots = 0, limit = 0;
    out->seed = 1;
    if (!read_feedback(cli, &out->feedback) ||
        !read_number(cli, OPT_SHOTS, &shots) ||
        !read_number(cli, OPT_QUERY_LIMIT, &limit) ||
        !read_number(cli, OPT_SEED, &out->seed))
        return false;
    out->shots = (size_t)shots;
    out->limit = (size_t)limit;
    const char *wrong = contradiction(out);
    if (wrong != NULL) (void)cli_fail(cli, 0, "%s", wrong);
    return wrong == NULL;
}

/* ---- the work ------------------------------------------------------------ */

static int read_data(struct eval *eval)
{
    const struct eval_options *asked = &eval->options;
    struct eval_data *data = &eval->data;
    int status = eval_data_read(eval->cli, asked->labels, asked->queries, data);
    if (status == STATUS_DONE)
        status = eval_data_split(
            eval->cli, data, asked->train, &eval->stream, &eval->stream_count);
    if (status == STATUS_DONE && asked->test != NULL)
        status = eval_data_split(
            eval->cli, data, asked->test, &eval->test, &eval->test_count);
    if (status != STATUS_DONE) return status;
    eval_data_shuffle(eval->stream, eval->stream_count, asked->seed);
    if (asked->limit > 0 && asked->limit < eval->stream_count)
        eval->stream_count = asked->limit;
    return STATUS_DONE;
}

/* Before the work, so that none is lost when it cannot be made. */
static int open_plot(struct cli *cli, const char *path, FILE **out)
{
    *out = path != NULL ? fopen(path, "wb") : NULL;
    if (path == NULL || *out != NULL) return STATUS_DONE;
    return cli_fail(
        cli, STATUS_USAGE, "cannot make %s: %s", path, strerror(errno));
}

static int close_plot(struct cli *cli, const char *path, FILE *file)
{
    errno = 0;
    bool failed = fflush(file) != 0 || ferror(file) != 0;
    int number = errno;
    failed |= fclose(file) != 0;
    if (!failed) return STATUS_DONE;
    return cli_fail(
        cli, STATUS_FAILED, "cannot write %s: %s", path, strerror(number));
}

static void print(struct cli *cli, const json_t *report)
{
    if (!cli->args.given[OPT_JSON]) {
        eval_print(cli, report);
        return;
    }
    char *text = cli_json(&cli->out, report);
    (void)fprintf(cli->out.file, "%s\n", text);
    cli_free(text);
}

static int measure(struct eval *eval)
{
    const char *path = eval->options.plot;
    FILE *plot = NULL;
    int status = read_data(eval);
    if (status == STATUS_DONE) status = open_plot(eval->cli, path, &plot);
    if (status == STATUS_DONE) status = eval_run(eval);
    if (status == STATUS_DONE) {
        json_t *report = eval_report(eval);
        if (plot != NULL) eval_plot(eval, report, plot);
        print(eval->cli, report);
        json_decref(report);
    }
    if (plot != NULL) {
        int closed = close_plot(eval->cli, path, plot);
        if (status == STATUS_DONE) status = closed;
    }
    return status;
}

int cmd_dev_eval(struct cli *cli)
{
    struct eval eval = {.cli = cli};
    if (!read_options(cli, &eval.options)) return STATUS_USAGE;
    int status = measure(&eval);
    cli_free(eval.stream);
    cli_free(eval.test);
    cli_free(eval.untaught.items);
    cli_free(eval.streamed.items);
    cli_free(eval.tested.items);
    cli_free(eval.selects.ns);
    cli_free(eval.updates.ns);
    json_decref(eval.learned);
    eval_data_deinit(&eval.data);
    return status;
}
