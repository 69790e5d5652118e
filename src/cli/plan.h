/*
 * plan.h - showing what a run would do.
 */
#ifndef NDF_CLI_PLAN_H
#define NDF_CLI_PLAN_H

#include "cli/cli.h"

/* Prints the plan that a run of `pattern` would follow on standard output, with
 * --json its document. Nothing is started or recorded. Returns the exit
 * status. */
int plan_print(
    struct cli *cli, const char *pattern, const ndf_context *context);
/* The same for what is composed (JSON) instead of a pattern. */
int plan_print_composed(
    struct cli *cli, const char *compose, const ndf_context *context);

#endif
