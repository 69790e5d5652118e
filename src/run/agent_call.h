/*
 * agent_call.h - one call of an agent: what it is given, what comes back, and
 * the table of functions that each way of running agents fills.
 *
 * Nobody outside a kind's own file knows how it runs an agent: the engine picks
 * the table by the plan's runtime and uses the functions below.
 */
#ifndef NDF_RUN_AGENT_CALL_H
#define NDF_RUN_AGENT_CALL_H

#include "ndf/ndf.h"

#include "base/clock.h"
#include "base/loop.h"
#include "base/value.h"
#include "model/agent.h"

enum {
    AGENT_GRACE_MS = 5000,                   /* from TERM to KILL */
    AGENT_OUTPUT_DEFAULT = 16 * 1024 * 1024, /* bytes of stdout */
    AGENT_USAGE_MAX = 64 * 1024,             /* bytes of canonical JSON */
    AGENT_STDERR_MAX = 64 * 1024,            /* the tail that is kept */
    AGENT_ARG_MAX = 128 * 1024,              /* bytes of one argv element */
    /* File times are coarser than clocks: a file this much older than the call
     * still counts as made by it. */
    AGENT_FILE_SLACK_MS = 20,
};

enum agent_status {
    AGENT_EXITED,        /* ended by itself; exit says how */
    AGENT_SIGNALLED,     /* died of signal */
    AGENT_TIMED_OUT,     /* ended by us at its timeout */
    AGENT_SILENT,        /* ended by us: printed nothing for silence_ms */
    AGENT_OUTPUT_CAP,    /* ended by us: printed more than output_max */
    AGENT_OUTPUT_LOST,   /* its output could not be written (disk full) */
    AGENT_START_FAILED,  /* never ran: missing, not executable, ... */
    AGENT_CANCELLED,     /* ended by stop */
    AGENT_LOST,          /* it may have run, and nobody knows how it ended */
    AGENT_NEVER_STARTED, /* of adopt only: certain that it never ran */
};

/* Of a file that `expect.files` names. */
enum agent_file { AGENT_FILE_MISSING, AGENT_FILE_STALE, AGENT_FILE_FRESH };

/* All borrowed. */
struct agent_call {
    struct str run;
    struct str step;          /* the node's id */
    struct str key;           /* idempotency key: "run/step", "run/step#undo" */
    uint32_t attempt;         /* from 1 */
    struct str agent;         /* its name, for messages */
    struct str_list argv;     /* process: rendered; argv[0] with '/' absolute */
    struct value env;         /* object of strings, added to the environment */
    struct str_list pass_env; /* names of ours that it gets, NAME or NAME* */
    struct sandbox sandbox;
    struct str cwd;        /* absolute; empty: ours */
    struct str request;    /* JSON for stdin or the callback */
    struct str_list files; /* paths whose state is wanted afterwards */
    uint64_t timeout_ms;   /* 0: none */
    uint64_t silence_ms;   /* longest time without a sign of life; 0: any */
    uint64_t grace_ms;     /* 0: AGENT_GRACE_MS */
    uint64_t output_max;   /* 0: AGENT_OUTPUT_DEFAULT */
    struct str file;       /* file name stem of this call: "s3.1", "u3.1" */
    struct str boot;       /* boot id when the call was intended (adopt) */
    /* The engine fills these before it starts the call. */
    struct str dir;  /* process: where its files go; exists, absolute */
    ndf_agent_fn fn; /* callback: the bound function */
    void *fn_ud;
};

/* Borrowed, valid inside done. Strings are valid UTF-8 without NUL. */
struct agent_result {
    enum agent_status status;
    int exit;   /* EXITED: status, or what the callback returned */
    int signal; /* SIGNALLED */
    /* A string for plain text; any value when the agent answered with a JSON
     * object that has `output`, `patch` or `usage`. */
    struct value output;
    /* The output is the value that was meant, as it stands: null is one, too,
     * and a string is no JSON. */
    bool typed;
    struct value patch; /* null: none; else as given, not checked */
    struct value usage; /* object or null */
    /* Why an output that looks like an answer in JSON is none; empty. */
    struct str flaw;
    bool alone;       /* it ran in a PID namespace of its own */
    struct str error; /* one sentence for people; empty when it ended well */
    struct str log;   /* tail of stderr */
    const enum agent_file *files; /* one for each of call.files */
    size_t file_count;
    uint64_t latency_ms;
};

/* On the loop's thread, once, never from inside start, adopt or stop. The task
 * may be freed inside. */
typedef void (*agent_done_fn)(void *ud, const struct agent_result *result);

struct agent_kind;
struct callback_pool;

/* What the kinds need of the engine; borrowed for the life of each task. */
struct agent_host {
    const struct mem *mem;
    struct loop *loop;
    const struct clock *clock;
    const char *init_path;      /* process: the ndf-init program */
    struct callback_pool *pool; /* callback */
};

/* A call under way; each kind has more behind it. */
struct agent_task {
    const struct agent_kind *kind;
};

struct agent_kind {
    const char *name; /* "process", "callback" */
    /* Starts the call (copies what it needs of it). After an error done is
     * not called and nothing runs; treat it as AGENT_START_FAILED with
     * error->message. A missing program is no error here but a result. */
    int (*start)(struct agent_task **out, const struct agent_host *host,
        const struct agent_call *call, agent_done_fn done, void *ud,
        ndf_error *error);
    /* Goes on with a call that an earlier owner intended: waits for it when it
     * runs, gives its result when it ended, else LOST or NEVER_STARTED. */
    int (*adopt)(struct agent_task **out, const struct agent_host *host,
        const struct agent_call *call, agent_done_fn done, void *ud,
        ndf_error *error);
    /* Asks it to end: TERM, KILL after the grace time. done still comes, with
     * AGENT_CANCELLED unless it ended otherwise before. */
    void (*stop)(struct agent_task *task);
    /* Forgets it; done does not come after this. A process that still runs is
     * left running, for a later owner to adopt. Accepts no NULL. */
    void (*free)(struct agent_task *task);
};

static inline void agent_task_stop(struct agent_task *task)
{
    task->kind->stop(task);
}

/* Accepts NULL. */
static inline void agent_task_free(struct agent_task *task)
{
    if (task != NULL) task->kind->free(task);
}

/* "exited", "timed_out", ...; for journals. */
const char *agent_status_name(enum agent_status status);
/* A deep copy in arena. fn, fn_ud stay as they are. */
int agent_call_copy(
    struct arena *arena, const struct agent_call *from, struct agent_call *to);
/* False when text names none. */
bool agent_status_parse(struct str text, enum agent_status *out);

#endif
