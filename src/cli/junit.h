/*
 * junit.h - results of tests as JUnit XML, the form that CI systems read.
 */
#ifndef NDF_CLI_JUNIT_H
#define NDF_CLI_JUNIT_H

#include "cli/cli.h"

/* Writes the document of `ndf test` (cmd_test.c) to a file. STATUS_DONE, or
 * prints why not. */
int junit_write(const struct cli *cli, const char *path, const json_t *doc);

#endif
