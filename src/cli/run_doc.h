/*
 * run_doc.h - what matters of the document of a run.
 */
#ifndef NDF_CLI_RUN_DOC_H
#define NDF_CLI_RUN_DOC_H

#include "cli/cli.h"

/* All borrowed from the document; texts are "" when there are none. */
struct run_doc {
    const char *id, *pattern, *state;
    const char *outcome, *evidence; /* of its end */
    const char *error, *step;       /* where and why it went wrong */
    int64_t started_ms, elapsed_ms; /* -1: not known */
    const json_t *end;              /* the body of its last record; NULL */
    bool succeeded;
    bool composed;  /* of several patterns, so that none can be rated */
    bool cancelled; /* by whomever, or by its time limit or budget */
    bool timed_out;
    bool denied; /* an approval was */
};

void run_doc_read(struct run_doc *run, const json_t *document);
/* The exit status of a command that ran it to this end. */
int run_doc_status(const struct run_doc *run);

struct run_output {
    const char *step;
    const json_t *value; /* not null */
};

/* What the run brought: of steps, the output of the last one that went well; of
 * tasks, those of all that no other needs, as they are declared; of a composed
 * run, that of each part. Returns how
 * many there are in *out, which is for cli_free; they borrow the document. */
size_t run_doc_outputs(const json_t *document, struct run_output **out);
/* Whether nobody is at work on a run that has not ended. */
bool run_doc_is_interrupted(const json_t *document);
/* Whether a run failed and its fallback was neither started nor given up; of
 * one that is listed and of one that is shown. */
bool run_doc_is_due(const json_t *document);
/* The id of the run that was started when a run failed; "": none. */
const char *run_doc_next(const json_t *document);
/* How many of these runs wait for somebody to go on, and what to do about it;
 * nothing when there are none. */
void run_doc_say_interrupted(const struct cli *cli, const json_t *list);
/* A number of milliseconds, or -1. */
int64_t run_doc_ms(const json_t *object, const char *key);

#endif
