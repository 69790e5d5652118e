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
/* For ndf_run_start and what else gives a run; borrowed from watch. The caller
 * may add to them, all but the event. */
ndf_run_options *watch_options(struct watch *watch);
/* Shows the run until it ended. A first Ctrl-C cancels it. Returns the exit
 * status; *state is how it ended. */
int watch_run(struct watch *watch, ndf_run *run, int *state);
/* Whether a person asked to stop; nothing more is to be started then. */
bool watch_interrupted(const struct watch *watch);
/* On a terminal that can draw, shows a run that somebody else is at work on
 * until nobody is. Ctrl-C ends this process alone. */
void watch_other(const struct cli *cli, const char *run);
/* STATUS_DONE... for a state. */
int watch_status(int state);

#endif
