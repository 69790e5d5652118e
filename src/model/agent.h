/*
 * agent.h - who does work, as read from a file or given by the host.
 */
#ifndef NDF_MODEL_AGENT_H
#define NDF_MODEL_AGENT_H

#include "model/tool.h"

enum {
    AGENT_NAME_MAX = 128,
    AGENT_DESCRIPTION_MAX = 64 * 1024,
    AGENT_BODY_MAX = 1024 * 1024,
    AGENT_ARGV_MAX = 256,
    AGENT_PASS_ENV_MAX = 256,
    AGENT_FILES_MIN = 8,       /* a program does not start with fewer */
    AGENT_COUNT_MAX = 1 << 20, /* of files and of processes */
    /* Bytes of stdout. Made valid and written as canonical JSON it may grow
     * to four times that, which one record of the store still holds. */
    AGENT_OUTPUT_MAX = 64 * 1024 * 1024,
};

struct str_list {
    struct str *items; /* each NUL-terminated */
    size_t count;
};

/* Whether the processes of an agent get numbers of their own, which nothing of
 * it survives. In the order of enum init_namespace. */
enum agent_namespace {
    AGENT_NAMESPACE_AUTO, /* when that takes nothing from it */
    AGENT_NAMESPACE_ALWAYS,
    AGENT_NAMESPACE_NEVER,
};

/* What a program may do to the machine; 0: no limit of ours. */
struct sandbox {
    enum agent_namespace namespace;
    bool privileges; /* it may gain some: sudo, set-user-id programs */
    uint64_t memory; /* bytes of address space of each process */
    uint64_t cpu_ms; /* of each process */
    uint64_t files;  /* open at once in each process */
    uint64_t processes;
    uint64_t file_size; /* bytes of each file it writes */
};

struct agent {
    struct str name; /* [A-Za-z0-9_.-]+, not starting with '-' */
    struct str description;
    struct str body;  /* the prompt of an imported agent file */
    struct str model; /* free text; empty when not given */
    struct tool_list tools;
    struct str_list examples; /* utterances that should select it */
    struct str_list not_for;
    struct str_list run;      /* argv with ${}; count 0: nothing to run */
    struct value env;         /* object of strings added to the environment */
    struct str_list pass_env; /* names of ours that it gets, NAME or NAME* */
    struct sandbox sandbox;
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
