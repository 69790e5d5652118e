/*
 * expect.h - what proves that a step did its work.
 */
#ifndef NDF_RUN_EXPECT_H
#define NDF_RUN_EXPECT_H

#include "model/pattern.h"
#include "run/agent_call.h"

/* Whether it asks for anything that can prove success. */
bool expect_proves(const struct expect *expect);
/* What of it cannot be checked. NDF_EUNSUPPORTED, NDF_ESCHEMA. */
int expect_supported(const struct expect *expect, ndf_error *error);
/* Holds result against expect; files are the rendered names of expect.files.
 * The result must be one that ended by itself. NDF_OK: passed; NDF_EAGENT: not,
 * and error->message says what was missed; NDF_ENOMEM. */
int expect_verify(struct arena *arena, const struct expect *expect,
    const struct str_list *files, const struct agent_result *result,
    ndf_error *error);
/* The state of files (relative to cwd) after a call that began at started_ms
 * (wall time); an array in arena, NULL when out of memory. */
enum agent_file *expect_files(struct arena *arena, const struct str_list *files,
    struct str cwd, int64_t started_ms);

#endif
