/*
 * watch.h - seeing a run: its progress on standard error, Ctrl-C, the end.
 */
#ifndef NDF_CLI_WATCH_H
#define NDF_CLI_WATCH_H

#include "cli/cli.h"

struct watch;

/* Prepares for one run; catches SIGINT, SIGTERM and SIGHUP (unless
 * it was ignored) until watch_free. */
struct watch *watch_new(struct cli *cli);
void watch_free(struct watch *watch);
/* For ndf_run_start and ndf_run_resume; borrowed from watch. */
const ndf_run_options *watch_options(struct watch *watch);
/* Shows the run until it ended. A first Ctrl-C, and the end of timeout_ms (< 0:
 * none), cancel it. Returns the exit status; *state is how it ended. */
int watch_run(
    struct watch *watch, ndf_run *run, int64_t timeout_ms, int *state);
/* STATUS_DONE... for a state. */
int watch_status(int state);

#endif
