/*
 * delegate.h - what do, run and resume have in common: start, watch, tell.
 */
#ifndef NDF_CLI_DELEGATE_H
#define NDF_CLI_DELEGATE_H

#include "cli/watch.h"

struct delegation {
    const char *pattern; /* to start; NULL: resume, or compose */
    const char *run;     /* to resume; NULL: start */
    const char *compose; /* to start instead of a pattern, as JSON; NULL */
    const ndf_context *context;
    int64_t timeout_ms; /* < 0: none */
    bool started;       /* set by delegate: there is a run */
    char *fallbacks;    /* of --fallback, cut at the commas; delegate's own */
};

/* Runs it to its end, and when it fails, its fallbacks; prints the output of
 * the last step on standard output (with --json the whole run) and says how it
 * went. Returns the exit status; *busy, when not NULL, is set if another
 * process owns the run, and then nothing is said. */
int delegate(struct cli *cli, struct delegation *delegation, bool *busy);
/* Says after a run that others were interrupted, when there are some among the
 * last ones. */
void delegate_say_others(struct cli *cli);
/* --timeout in milliseconds into *ms, -1 when not given. STATUS_DONE, or
 * prints. */
int delegate_timeout(const struct cli *cli, int64_t *ms);

#endif
