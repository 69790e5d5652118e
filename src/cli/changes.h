/*
 * changes.h - what the steps of a run changed in the context, for people.
 */
#ifndef NDF_CLI_CHANGES_H
#define NDF_CLI_CHANGES_H

#include "cli/cli.h"

/* Prints it, with --json as the document of ndf_changes. The exit status. */
int changes_print(struct cli *cli, const char *run);

#endif
