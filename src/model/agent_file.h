/*
 * agent_file.h - agent files of others: `.claude/agents/NAME.md`, front matter
 * between `---` lines and a Markdown body.
 *
 * First strictly, as YAML. 7 % of public files are not valid YAML (unquoted
 * colons): those are read line by line, `key: rest of the line`, and the mend
 * is described so that it can be shown.
 */
#ifndef NDF_MODEL_AGENT_FILE_H
#define NDF_MODEL_AGENT_FILE_H

#include "model/agent.h"

enum { AGENT_FILE_MAX = 2 * 1024 * 1024 };

/* stem (the file's name without .md) names the agent when the file does not.
 * `tools` may be a list or a comma-separated string; unknown keys are kept
 * out. warning->code is NDF_OK, or why it had to be read tolerantly, with the
 * line and the mend in words; out is good then too. The text must be valid
 * UTF-8 (a byte order mark is skipped). NDF_ENOTFOUND: there is no front
 * matter, it is no agent file; NDF_ESYNTAX, NDF_ESCHEMA, NDF_ELIMIT,
 * NDF_ENOMEM. */
int agent_file_decode(struct arena *arena, struct str text, struct str stem,
    struct agent *out, ndf_error *warning, ndf_error *error);

#endif
