/*
 * background.h - a run that goes on without the terminal it was started from.
 *
 * Two processes: the one at the terminal waits until the other has started the
 * run, says its id and ends; the other leaves the terminal and stays with the
 * run. It is split off before a store is opened, because a child of a process
 * with an open engine could not use one. Nothing is left that says which
 * process it is: who owns a run is told by its lock, as for every run.
 */
#ifndef NDF_CLI_BACKGROUND_H
#define NDF_CLI_BACKGROUND_H

#include "cli/cli.h"

/* With --bg, splits. True in the process that stays at the terminal, whose end
 * is *status, also when it could not be split. False: do the command. */
bool background_split(struct cli *cli, int *status);
/* Before the run starts: out of the terminal's session. */
void background_leave(const struct cli *cli);
/* The run has started: says its id to the other process, and has what is
 * printed from now on in the file `log` of the run's folder. */
void background_started(struct cli *cli, const char *run);

#endif
