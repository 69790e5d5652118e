/*
 * result.h - what an agent printed, made into values. Pure; hostile input.
 */
#ifndef NDF_RUN_RESULT_H
#define NDF_RUN_RESULT_H

#include "run/agent_call.h"

/* Reads the stdout of an agent into out's output, patch, usage (and error, when
 * it gives one): a JSON object with `output`, `patch` or `usage` is taken
 * apart (a usage of more than AGENT_USAGE_MAX is dropped), all else is plain
 * text; flaw says why what looks like such an object is none. Invalid UTF-8 and
 * NUL become U+FFFD; blanks at the end of plain text are cut. Everything lives
 * in arena. NDF_OK or NDF_ENOMEM. */
int result_parse(struct arena *arena, struct str raw, struct agent_result *out);
/* Plain text as a string value: as above, never taken apart. */
int result_text(struct arena *arena, struct str raw, struct value *out);
/* Whether it says nothing: no patch or an empty one, and an output that is null
 * or blank; of a typed output only the empty string is nothing. */
bool result_empty(const struct agent_result *result);

#endif
