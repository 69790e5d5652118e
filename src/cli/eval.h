/*
 * eval.h - one measurement of choosing: what was asked for, the data, and the
 * answers as they came.
 */
#ifndef NDF_CLI_EVAL_H
#define NDF_CLI_EVAL_H

#include "cli/eval_data.h"
#include "cli/eval_score.h"

enum eval_feedback { EVAL_NO_FEEDBACK, EVAL_FULL, EVAL_BANDIT };

struct eval_options {
    const char *labels, *queries;
    const char *train, *test; /* splits; NULL: not given */
    const char *plot;         /* NULL: none */
    enum eval_feedback feedback;
    size_t shots; /* examples a label; 0: the whole stream */
    size_t limit; /* of queries in the stream; 0: all */
    uint64_t seed;
};

struct eval {
    struct cli *cli;
    struct eval_options options;
    struct eval_data data;
    size_t *stream, *test; /* queries, in the order in which they are asked */
    size_t stream_count, test_count;
    struct eval_answers untaught; /* of the stream's in scope, before it */
    struct eval_answers streamed; /* each before its own feedback */
    struct eval_answers tested;   /* after all feedback */
    struct eval_times selects;    /* of the last two */
    struct eval_times updates;
    json_t *learned; /* ndf_learned's, at the end */
};

const char *eval_feedback_name(enum eval_feedback feedback);

/* Registers the labels and asks all; fills the answers. STATUS_DONE, or prints
 * why not. */
int eval_run(struct eval *eval);
/* All figures as an object; keys that do not apply are null. The caller's to
 * json_decref. */
json_t *eval_report(struct eval *eval);
/* For people; report is eval_report's. */
void eval_print(const struct cli *cli, const json_t *report);
/* The learning curve and the reliability of the stream as an SVG. */
void eval_plot(const struct eval *eval, const json_t *report, FILE *out);

#endif
