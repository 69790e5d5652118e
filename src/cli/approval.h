/*
 * approval.h - the person at this terminal is asked when a run waits for
 * approval; who has none is told how to answer.
 */
#ifndef NDF_CLI_APPROVAL_H
#define NDF_CLI_APPROVAL_H

#include "cli/cli.h"

struct approvals {
    struct cli *cli;
    char **steps; /* that wait, "" for the run as a whole; in order */
    size_t count, room;
    bool person; /* somebody can answer here */
    bool shown;  /* the cursor stands behind the question */
};

void approvals_init(struct approvals *approvals, struct cli *cli);
void approvals_deinit(struct approvals *approvals);
/* What became known of a run: who asks, who was answered. */
void approvals_event(struct approvals *approvals, const ndf_event *event);
/* Something else is about to be written. */
void approvals_hide(struct approvals *approvals);
/* Asks, and takes an answer if there is one; never waits. */
void approvals_tick(struct approvals *approvals, const char *run);

#endif
