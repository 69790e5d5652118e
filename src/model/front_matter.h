/*
 * front_matter.h - the `key: value` lines before a Markdown text, read
 * tolerantly: for agent files that are not valid YAML.
 */
#ifndef NDF_MODEL_FRONT_MATTER_H
#define NDF_MODEL_FRONT_MATTER_H

#include "base/value.h"

/* The two parts of a file. */
struct front_matter {
    struct str front;
    struct str body;     /* without the blank lines at both ends */
    uint32_t front_line; /* of the first line of front, from 1 */
};

/* False when text does not start with a closed block between '---' lines. */
bool front_matter_split(struct str text, struct front_matter *out);
/* Line by line: `key: rest`, block texts, lists of `- item`; what is neither
 * goes on with the text of the key before. *out is an object of strings and
 * lists of strings; the first of two equal keys stays. NDF_OK or NDF_ENOMEM. */
int front_matter_mend(struct arena *arena, struct str front, struct value *out);

#endif
