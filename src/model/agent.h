/*
 * agent.h - who does work, as read from a file or given by the host.
 */
#ifndef NDF_MODEL_AGENT_H
#define NDF_MODEL_AGENT_H

#include "base/value.h"

enum {
    AGENT_NAME_MAX = 128,
    AGENT_DESCRIPTION_MAX = 64 * 1024,
    AGENT_BODY_MAX = 1024 * 1024,
    AGENT_ARGV_MAX = 256,
    /* Bytes of stdout. Made valid and written as canonical JSON it may grow
     * to four times that, which one record of the store still holds. */
    AGENT_OUTPUT_MAX = 64 * 1024 * 1024,
};

struct str_list {
    struct str *items; /* each NUL-terminated */
    size_t count;
};

struct agent {
    struct str name; /* [A-Za-z0-9_.-]+, not starting with '-' */
    struct str description;
    struct str body;  /* the prompt of an imported agent file */
    struct str model; /* free text; empty when not given */
    struct str_list tools;
    struct str_list examples; /* utterances that should select it */
    struct str_list not_for;
    struct str_list run; /* argv with ${}; count 0: nothing to run */
    struct value env;    /* object of strings added to the environment */
    uint64_t timeout_ms; /* 0: none of its own */
    uint64_t output_max; /* bytes of stdout; 0: the default */
    struct value price;  /* object or null: unknown */
};

int agent_decode(struct arena *arena, const struct value *value,
    struct agent *out, ndf_error *error);
/* Only what differs from the default. Borrows. */
int agent_encode(
    struct arena *arena, const struct agent *agent, struct value *out);
bool agent_name_valid(struct str name);

#endif
