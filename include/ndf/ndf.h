/*
 * ndf/ndf.h - the Natural Delegation Framework.
 *
 * Given a task in plain words, NDF selects the delegation pattern that fits,
 * runs it over real agents so that no crash loses or repeats work, keeps the
 * context intact, and learns from the outcome.
 *
 *     ndf_engine *engine;
 *     ndf_options options = NDF_OPTIONS_INIT;
 *     options.path = "work.db";
 *     int err = ndf_open(&engine, &options, &error);
 *
 * Rules for every call here:
 * - Returns NDF_OK or a negative code of ndf/error.h. Results go through `out`
 *   pointers, which are NULL after an error.
 * - `ndf_error *error` may be NULL; it is filled only on error.
 * - Strings in are UTF-8. Strings out are borrowed from their object and valid
 *   until that object is freed. Times are milliseconds unless the name says
 *   otherwise; wall times count from 1970-01-01 UTC.
 * - Every `_free` and `_close` accepts NULL.
 * - An engine may be used by any number of threads at once. The other objects
 *   belong to one thread at a time, except where a call says otherwise.
 * - Documents come out as JSON in an ndf_text: canonical, one value.
 * - The library keeps no global state, installs no signal handler, never
 *   prints and never exits. After fork(), a child gets NDF_EFORKED from every
 *   call on an engine of its parent, and must run another program (exec)
 *   before it opens a store file: SQLite's locks are the parent's.
 * SPDX-License-Identifier: Apache-2.0
 */
#ifndef NDF_NDF_H
#define NDF_NDF_H

#include <stddef.h>
#include <stdint.h>

#include "ndf/error.h"
#include "ndf/learn.h"
#include "ndf/read.h"
#include "ndf/store.h"

#ifdef __cplusplus
extern "C" {
#endif

#define NDF_VERSION "0.1.0"

/* The version of the library that is running: "0.1.0". */
NDF_API const char *ndf_version(void);

/* ---- documents ---------------------------------------------------------- */

/* A text that NDF made; free it with ndf_text_free. */
typedef struct ndf_text ndf_text;

/* NUL-terminated; borrowed. */
NDF_API const char *ndf_text_data(const ndf_text *text);
NDF_API size_t ndf_text_size(const ndf_text *text);
NDF_API void ndf_text_free(ndf_text *text);

/* Whether a YAML or JSON text holds valid agents and patterns, without an
 * engine and without keeping anything. *count (may be NULL): how many. What is
 * valid here, ndf_register takes. NDF_ESYNTAX, NDF_ESCHEMA, NDF_EEXISTS (two of
 * one name), NDF_ECYCLE, NDF_ELIMIT. */
NDF_API int ndf_validate(
    const char *text, size_t size, size_t *count, ndf_error *error);

/* A YAML (1.2 core) or JSON text as NDF reads its own files: *documents is the
 * JSON array of them, in order; empty ones are left out. *places, unless places
 * is NULL, is an array of the same shape: of each value {line, column, of?}, of
 * being the places of its items or, by name, of its members, whose place is
 * that of their key. NDF_ESYNTAX, NDF_ELIMIT. */
NDF_API int ndf_yaml_to_json(const char *text, size_t size,
    ndf_text **documents, ndf_text **places, ndf_error *error);

/* Whether a domain is `glob` or fits it: `*` is any one segment, a last `**`
 * the place itself and all below. 1 or 0; NDF_EINVAL when glob is no glob or
 * domain no dotted name. */
NDF_API int ndf_domain_matches(const char *glob, const char *domain);

/* The probability that something works which did so wins times in tries
 * (0 <= wins <= tries, finite): the mean of the Beta posterior under NDF's
 * prior, and in *lower what it is at least with 95 % certainty. NDF_EINVAL. */
NDF_API int ndf_success(double wins, double tries, double *mean, double *lower);

/* ---- engine ------------------------------------------------------------- */

typedef struct ndf_engine ndf_engine;

/* One function for all memory, thread-safe: new_size 0 frees, ptr NULL
 * allocates; old_size is what the block was allocated with. NULL on failure,
 * ptr then stays as it was. Libraries below NDF (SQLite, OpenSSL, ...) use
 * malloc. */
typedef void *(*ndf_alloc_fn)(
    void *ud, void *ptr, size_t old_size, size_t new_size);

/* Where time comes from. Both functions must be thread-safe. */
typedef struct ndf_clock {
    int64_t (*wall_ms)(void *ud);
    int64_t (*mono_ns)(void *ud);
    void *ud;
} ndf_clock;

enum ndf_open_mode {
    NDF_OPEN_CREATE = 0, /* read and write; made when missing */
    NDF_OPEN_EXISTING,   /* read and write; NDF_ENOTFOUND when missing */
    NDF_OPEN_READ_ONLY,
};

/* All strings are copied. Set size by NDF_OPTIONS_INIT; a shorter struct keeps
 * the defaults for what it lacks, a longer one is refused (NDF_EINVAL). */
typedef struct ndf_options {
    size_t size;
    const char *path;   /* the store; NULL: private, in memory */
    ndf_alloc_fn alloc; /* NULL: realloc and free */
    void *alloc_ud;
    const ndf_clock *clock; /* copied; NULL: the machine's */
    int mode;               /* enum ndf_open_mode */
    uint64_t seed;          /* of random choices; 0: unpredictable */
    const char *home;       /* the user's data folder (trust list); NULL:
                               $NDF_HOME, $XDG_DATA_HOME/ndf or
                               $HOME/.local/share/ndf */
    const char *init_path;  /* the ndf-init program that watches an agent;
                               NULL: beside the library, or as installed */
} ndf_options;

#define NDF_OPTIONS_INIT                                                       \
    {                                                                          \
        sizeof(ndf_options), NULL, NULL, NULL, NULL, 0, 0, NULL, NULL          \
    }

/* NDF_ENOTFOUND, NDF_ENEWER, NDF_ECORRUPT, NDF_EREADONLY, NDF_EFULL,
 * NDF_EBUSY, NDF_ESTORE, NDF_ENOMEM. options NULL: all defaults. */
NDF_API int ndf_open(
    ndf_engine **out, const ndf_options *options, ndf_error *error);
/* Cancels what runs (agents are ended, completed steps undone) and waits for
 * that. Other objects of the engine are freed before; only ndf_run_free may
 * come later. */
NDF_API void ndf_close(ndf_engine *engine);

/* ---- agents and patterns ------------------------------------------------- */

/* Registers the agents and patterns of a YAML or JSON text (all or none), as
 * the host's own: trusted, and of no file. A name that is there already is an
 * error unless replace is 1. NDF_ESYNTAX, NDF_ESCHEMA, NDF_EEXISTS,
 * NDF_ECYCLE, NDF_ELIMIT. */
NDF_API int ndf_register(ndf_engine *engine, const char *text, size_t size,
    int replace, ndf_error *error);
/* name may be qualified ("source/name"). NDF_ENOTFOUND. Files stay as they
 * are: an imported one comes back at the next refresh. The document is gone
 * from the store when no run has it any more. */
NDF_API int ndf_unregister(
    ndf_engine *engine, const char *name, ndf_error *error);

/* What a stored document takes. */
typedef struct ndf_stored {
    uint64_t bytes;        /* of the canonical document */
    uint64_t stored_bytes; /* packed, as the store keeps it */
    int64_t updated_ms;    /* wall time of its registration */
} ndf_stored;

/* The canonical document of an agent or a pattern, as one point read from the
 * store: the registry is not loaded. name: one of the host's, a qualified one,
 * or a plain one under which all sources that have it have the same document.
 * stored may be NULL. NDF_ENOTFOUND, NDF_EREFERENCE (they differ; error names
 * them). */
NDF_API int ndf_load(ndf_engine *engine, const char *name, ndf_text **document,
    ndf_stored *stored, ndf_error *error);

/* What a callback agent is given; all borrowed for the call. */
typedef struct ndf_call {
    const char *run;
    const char *step;
    const char *key;     /* idempotency key, "run/step" */
    int attempt;         /* from 1 */
    const char *request; /* JSON: {task, context, with, run, step, ...} */
    size_t request_size;
    const char *agent; /* the name that is bound */
} ndf_call;

/* Filled by a callback agent through ndf_reply_*. */
typedef struct ndf_reply ndf_reply;

/* output: a JSON object or array, or plain text; copied. */
NDF_API int ndf_reply_output(ndf_reply *reply, const char *text, size_t size);
/* output: any one JSON value, kept as it is (`null` is a value, too); copied.
 * NDF_ESYNTAX, NDF_ELIMIT. */
NDF_API int ndf_reply_value(ndf_reply *reply, const char *json, size_t size);
/* A JSON object, RFC 7396, over the context; copied. */
NDF_API int ndf_reply_patch(ndf_reply *reply, const char *json, size_t size);
/* {"tokens": n, "cost": x}; copied. */
NDF_API int ndf_reply_usage(ndf_reply *reply, const char *json, size_t size);
/* Why it failed, for people; copied. */
NDF_API int ndf_reply_error(ndf_reply *reply, const char *text, size_t size);
/* Says that the work goes on: a step with a `heartbeat` is ended when its
 * function neither returns nor calls this for that long. Cheap; from any
 * thread, as long as the function has not returned. */
NDF_API int ndf_reply_alive(ndf_reply *reply);

/* Does the work of a step. Returns 0 when done, anything else when failed.
 * Runs on a thread of the engine's own; may block; must not close the engine
 * and should return soon after its step timed out (its result is dropped). */
typedef int (*ndf_agent_fn)(void *ud, const ndf_call *call, ndf_reply *reply);

/* Makes fn the agent of that name, for this engine's life or until it is bound
 * anew; fn NULL unbinds. A step that names it calls fn, whether an agent of
 * that name is registered or not; only a registered one is ever selected. A
 * call that is under way goes on with the fn and ud that it began with. */
NDF_API int ndf_bind(ndf_engine *engine, const char *agent, ndf_agent_fn fn,
    void *ud, ndf_error *error);

/* Imports a file or a folder: `*.yaml`, `*.yml`, `*.json` of NDF's own shape,
 * and agent files `*.md` with front matter, in all folders below. The files
 * stay the truth: ndf_refresh reads again what changed. source names it (NULL:
 * made from the path). run, when not NULL, is an argv (NULL-terminated) for
 * the imported agents that say none themselves; `${agent.name}` and
 * `${agent.body}` can be used in it.
 * *report: {source, agents, patterns, folded, files, warnings: [{path, line,
 * message, mend}], errors: [...], near_copies: [{name, of, likeness}]}; a file
 * with an error is left out and reported, the others are imported. near_copies
 * are those read now whose words are those of another one, or nearly (likeness
 * 0.9 to 1). NDF_ENOTFOUND, NDF_EIO, store errors. */
NDF_API int ndf_import(ndf_engine *engine, const char *path, const char *source,
    const char *const *run, ndf_text **report, ndf_error *error);
/* Reads again the imported files that changed. *report as above, or NULL when
 * report is NULL. */
NDF_API int ndf_refresh(
    ndf_engine *engine, ndf_text **report, ndf_error *error);

enum ndf_trust { NDF_TRUST_ASK = 0, NDF_TRUST_GRANT, NDF_TRUST_REVOKE };

/* Whether programs of a folder (and of all below it) may be run; kept in the
 * user's data folder, never in the store. action: enum ndf_trust. *trusted
 * (may be NULL) is the state after the call. */
NDF_API int ndf_trust_folder(ndf_engine *engine, const char *path, int action,
    int *trusted, ndf_error *error);

/* The folders and files that are trusted, an array of absolute paths. */
NDF_API int ndf_trust_list(
    ndf_engine *engine, ndf_text **out, ndf_error *error);

/* ---- selecting ----------------------------------------------------------- */

typedef struct ndf_context ndf_context;

/* {domain, agent_type, priority, attributes, text}, each optional. Immutable
 * afterwards; may be shared between threads. NDF_ESYNTAX, NDF_ESCHEMA,
 * NDF_ELIMIT. */
NDF_API int ndf_context_new(ndf_engine *engine, const char *json, size_t size,
    ndf_context **out, ndf_error *error);
NDF_API void ndf_context_free(ndf_context *context);

typedef struct ndf_selection ndf_selection;

/* One ranked pattern; strings are borrowed from the selection. */
typedef struct ndf_choice {
    const char *name;  /* qualified where names clash */
    double fit;        /* probability that it is the right one */
    double success;    /* probability that it works when it is */
    double confidence; /* fit x success */
    int level;         /* 0 low, 1 medium, 2 high */
    uint64_t executions;
    double evidence; /* all that speaks for it, in log-odds, not set against
                        the others: little when no one here is meant */
} ndf_choice;

/* Asked for a pattern whose document says `ask_host: true` and whose law holds:
 * whether the host allows it for this context. 1 or 0, or a negative code,
 * which ends the selection with it (NDF_EHOST is meant for this). Runs on the
 * thread that selects, with no lock held: it may call the engine. */
typedef int (*ndf_ask_fn)(
    void *ud, const char *pattern, const ndf_context *context);

typedef struct ndf_select_options {
    size_t size;
    size_t limit;   /* of ranked ones; 0: 10 */
    ndf_ask_fn ask; /* NULL: patterns that ask the host are not eligible */
    void *ask_ud;
    const char *session; /* of which the task is a turn, an id of the host's own
                            making, 1 to 128 bytes; NULL: of none */
} ndf_select_options;

#define NDF_SELECT_OPTIONS_INIT                                                \
    {                                                                          \
        sizeof(ndf_select_options), 0, NULL, NULL, NULL                        \
    }

/* Ranks the patterns for a context. Takes no lock and does no I/O. The call
 * succeeds also when nothing is good enough. options NULL: all defaults.
 * In a session, a short task of which no word speaks for any pattern ("yes",
 * "try again") is a follow-up: the pattern that had the last turn is chosen, if
 * its law holds, whatever is ranked. The last turn is that of the run that was
 * started last with this session (ndf_run_options), in any process, at most a
 * day ago; it is read from the store when somebody else wrote to that. */
NDF_API int ndf_select_with(ndf_engine *engine, const ndf_context *context,
    const ndf_select_options *options, ndf_selection **out, ndf_error *error);
/* The same with nothing but a limit. */
NDF_API int ndf_select(ndf_engine *engine, const ndf_context *context,
    size_t limit, ndf_selection **out, ndf_error *error);
NDF_API size_t ndf_selection_count(const ndf_selection *selection);
/* NDF_ENOTFOUND when index is past the end. */
NDF_API int ndf_selection_at(
    const ndf_selection *selection, size_t index, ndf_choice *out);
/* The name of the one that would be taken unattended, or NULL: then
 * ndf_selection_reason says why, in one sentence. */
NDF_API const char *ndf_selection_chosen(const ndf_selection *selection);
NDF_API const char *ndf_selection_reason(const ndf_selection *selection);
/* 1: the task is a follow-up and stays with the pattern that had the last turn.
 * Else 0. */
NDF_API int ndf_selection_follow_up(const ndf_selection *selection);
/* All of it with every factor and its number. */
NDF_API int ndf_selection_json(const ndf_selection *selection, ndf_text **out);
NDF_API void ndf_selection_free(ndf_selection *selection);

/* Whether the task asks for several things, of which different patterns would
 * be chosen unattended: *out is {kind: parallel|sequential, parts: [{text,
 * pattern, fit}...]}, of 2 to 8 parts in the order of the text (of "A after B"
 * in that of the work), or NULL when it asks for one. What is divided by lines,
 * semicolons, numbers, or words for "then" in some languages, is a part when a
 * pattern is chosen for it alone, and else belongs to its neighbour; at
 * sentences, "after", commas and words for "and" it must have two words and fit
 * its pattern well (0.7). Nothing is run: see ndf_run_options.compose. */
NDF_API int ndf_compose(ndf_engine *engine, const ndf_context *context,
    const ndf_select_options *options, ndf_text **out, ndf_error *error);

/* Why `pattern` was not chosen for the context: {pattern, eligible,
 * failed: {predicate, expected, actual}, ...}, the first predicate of its law
 * that does not hold with both values, for each alternative; or held:
 * [{predicate, expected, actual, of: "only_if" or "good_for"}], those that do,
 * and the weaker evidence. NDF_ENOTFOUND when there is no such pattern. */
NDF_API int ndf_explain(ndf_engine *engine, const ndf_context *context,
    const char *pattern, ndf_text **out, ndf_error *error);
/* The same for a host that is asked (options->ask, at most once about each
 * pattern); the limit does not matter. options NULL: as ndf_explain, where what
 * asks the host is not eligible. */
NDF_API int ndf_explain_with(ndf_engine *engine, const ndf_context *context,
    const char *pattern, const ndf_select_options *options, ndf_text **out,
    ndf_error *error);

/* One found pattern or agent; name is borrowed for the call. score: 0..1. Not
 * 0 stops, and is returned by the call that finds. */
typedef int (*ndf_found_fn)(void *ud, const char *name, double score);

/* Those that name the domain themselves, or a glob over it, in their law or
 * taste, in the order in which they came; score 1. Takes a time that does not
 * grow with the number of other patterns. */
NDF_API int ndf_find_domain(ndf_engine *engine, const char *domain,
    ndf_found_fn found, void *ud, ndf_error *error);
/* Those whose law or taste asks for that attribute; in order; score 1. */
NDF_API int ndf_find_attribute(ndf_engine *engine, const char *attribute,
    ndf_found_fn found, void *ud, ndf_error *error);
/* Those like `pattern`, itself left out, best first, ties by name: the mean of
 * the TF-IDF cosine of their words and of the overlap (Jaccard) of their
 * predicates, the words alone where neither has predicates. At least threshold
 * (0..1), at most limit (0: all). NDF_ENOTFOUND. */
NDF_API int ndf_find_similar(ndf_engine *engine, const char *pattern,
    double threshold, size_t limit, ndf_found_fn found, void *ud,
    ndf_error *error);

/* What decides where a document does not say. json (NULL: changes nothing) is
 * an object of any of: {threshold, cold_threshold, min_executions, half_life
 * ("30d"), levels: {medium, high}, kind_names: {sequential: [name...],
 * parallel: [...], meta: [...]}, categories: [{category, regex}...], vectors:
 * "PATH", lookup_cache: {size, ttl, preload_frequent, similarity}}; a key that
 * is given replaces its value whole. vectors is a file of word vectors as text,
 * of GloVe's or word2vec's format ("": none), which is read here, once. For
 * this engine and from the next selection on; not stored. *out (may be NULL):
 * all of it, as it is then. NDF_ESYNTAX, NDF_ESCHEMA; for the file also
 * NDF_ENOTFOUND, NDF_ELIMIT, NDF_EINVAL, NDF_EIO.
 *
 * lookup_cache keeps, for tasks with a text, whose law holds and how their
 * words suit, until the registry changes: at most size entries (1000 unless
 * said; 0: off, as it is before; at most 1,000,000) and 64 MiB, each for at
 * most ttl ("1h"). A choice is the same, to the last digit, whether it was kept
 * or not: what is learned, counted, configured or asked of the host is never
 * kept. What takes more than 128 KiB is not kept, that is some 3,000 patterns
 * that allow a task. A task that does not come again costs more than without,
 * so it is for hosts whose tasks repeat. Contexts without a text are matched
 * faster than they could be looked up: they never are. preload_frequent: the
 * tasks that the last 2,000 outcomes tell of more than once, the 64 most
 * frequent, are looked up now; by domain and text, as outcomes have no more of
 * a context. similarity: results of ndf_find_similar are kept, too. */
NDF_API int ndf_configure(ndf_engine *engine, const char *json, size_t size,
    ndf_text **out, ndf_error *error);

/* ---- running ------------------------------------------------------------- */

typedef struct ndf_run ndf_run;

enum ndf_event_kind {
    NDF_EVENT_RUN_STARTED = 1,
    NDF_EVENT_STEP_STARTED,
    NDF_EVENT_STEP_DONE,
    NDF_EVENT_STEP_FAILED,
    NDF_EVENT_STEP_RETRY,
    NDF_EVENT_STEP_SKIPPED,
    NDF_EVENT_UNDO_STARTED,
    NDF_EVENT_UNDO_DONE,
    NDF_EVENT_UNDO_FAILED,
    NDF_EVENT_VIOLATION,
    NDF_EVENT_RUN_DONE,
    NDF_EVENT_APPROVAL_ASKED, /* it waits for ndf_approve; step "": the run */
    NDF_EVENT_APPROVED,
    NDF_EVENT_DENIED,
    NDF_EVENT_VERIFY_STARTED, /* of a step: its work is done */
};

/* All borrowed for the call. Made by the library; grows at its end. */
typedef struct ndf_event {
    int kind; /* enum ndf_event_kind */
    const char *run;
    const char *step;   /* "" for the run's own events */
    const char *detail; /* one sentence, or "" */
    int attempt;        /* from 1; 0 for the run's own events */
    int steps_done;
    int steps_total;
    int64_t at_ms; /* wall time */
    uint64_t elapsed_ms;
    int64_t tokens; /* that the run has used so far; -1: none was told */
    double cost;    /* the same; NAN: unknown */
    int64_t
        step_tokens;  /* of that, what the call used that this tells of; -1 */
    double step_cost; /* the same; NAN: unknown */
} ndf_event;

/* Runs on a thread of the engine's, one at a time: be short, do not call the
 * engine. */
typedef void (*ndf_event_fn)(void *ud, const ndf_event *event);

/* What comes after a run that fails; see ndf_run_next. */
enum ndf_fallback {
    NDF_FALLBACK_NONE = 0,
    NDF_FALLBACK_DECLARED, /* the `fallback` of its pattern, and of that, ... */
};

typedef struct ndf_run_options {
    size_t size;
    ndf_event_fn event; /* NULL: none */
    void *event_ud;
    const char *cwd;              /* where agents run; NULL: the process's */
    int fallback;                 /* enum ndf_fallback */
    const char *const *fallbacks; /* the patterns to be tried instead of those
                                     declared, in order, NULL behind the last;
                                     NULL: as fallback says */
    int64_t timeout_ms;  /* of this run as a whole, as the `timeout` of its
                            pattern, if that is not shorter: on record, it fails
                            when it is over; 0: none */
    const char *session; /* the run has its last turn from now on, see
                            ndf_select_with; on record, and so is whether it was
                            a follow-up; NULL: of none */
    const char *compose; /* run this instead of a pattern, which is NULL then:
                            {kind: parallel|sequential, parts: [{text,
                            pattern}...]}, of ndf_compose or the host's own. The
                            text is the task of its part; NULL: nothing */
} ndf_run_options;

#define NDF_RUN_OPTIONS_INIT                                                   \
    {                                                                          \
        sizeof(ndf_run_options), NULL, NULL, NULL, 0, NULL, 0, NULL, NULL      \
    }

enum ndf_run_state {
    NDF_RUN_RUNNING = 0,
    NDF_RUN_SUCCEEDED,
    NDF_RUN_FAILED,
    NDF_RUN_CANCELLED,
    NDF_RUN_IN_DOUBT,
    NDF_RUN_UNDO_FAILED,
};

/* The plan that ndf_run_start would run, with nothing started, recorded or
 * written: {plan, context, domain?, fallbacks? (with NDF_FALLBACK_DECLARED: the
 * patterns to be tried when it fails), totals: {steps, calls (of agents, with
 * all their retries and verifiers, undos apart), programs, functions, undos,
 * approvals}}. plan and context are what the first record of the run would
 * hold: plan is {pattern, version, cwd, task?, timeout?, context?, rollback?,
 * approval?, budget?, root}, and a node of it {id, step, agent, runtime?,
 * undo_agent?, undo_runtime?, verify_agent?, verify_runtime?} or {id?,
 * children}. What
 * is left out is as by default; runtime is process or callback. Errors as
 * ndf_run_start; a store that is open for reading only will do. */
NDF_API int ndf_plan(ndf_engine *engine, const char *pattern,
    const ndf_context *context, const ndf_run_options *options, ndf_text **out,
    ndf_error *error);
/* Plans `pattern` (a pattern's or an agent's name) and starts it. The plan is
 * durable when this returns. A composed run (options->compose) is one phase
 * whose members are the parts: all must succeed, each takes back its own work
 * only, and it has no outcome, as no pattern was chosen. With
 * options->fallbacks, one that cannot be planned is passed over for the next.
 * NDF_ENOTFOUND, NDF_EREFERENCE, NDF_ECYCLE, NDF_EUNTRUSTED, NDF_ELIMIT, store
 * errors. */
NDF_API int ndf_run_start(ndf_engine *engine, const char *pattern,
    const ndf_context *context, const ndf_run_options *options, ndf_run **out,
    ndf_error *error);
/* Goes on with a run whose owner died. NDF_EBUSY while another process owns
 * it; NDF_ENOTFOUND; NDF_EREFERENCE when a function that it calls is not bound:
 * the run stays as it is. A run that has ended is handed back as it ended. */
NDF_API int ndf_run_resume(ndf_engine *engine, const char *run,
    const ndf_run_options *options, ndf_run **out, ndf_error *error);
/* Goes on after a run that failed and was started with fallbacks: starts the
 * next one's run, for the same context as the first had and in the same folder
 * (options->cwd NULL), or takes it up as ndf_run_resume, if it was started
 * already, by whomever: it is never started twice. A pattern that cannot be
 * started (not found, not trusted, ...) is passed over, on record; when none is
 * left, the error is that of the first. The fallbacks are those on record;
 * options says the rest. *out is NULL when there is none to try: the run did
 * not fail (a cancelled one did not), there are no fallbacks, they have all
 * been tried, or ndf_cancel said not to. NDF_EBUSY: the run has not ended, or
 * another process is at work on the next. */
NDF_API int ndf_run_next(ndf_engine *engine, const char *run,
    const ndf_run_options *options, ndf_run **out, ndf_error *error);
/* Starts a run, waits for it, and as long as one failed and there is a next,
 * goes on with that (ndf_run_start, ndf_run_wait, ndf_run_next). *out is the
 * last one, which has ended: ndf_run_wait says how. Another thread cancels by
 * the id that events tell (ndf_cancel). Errors as those calls; then *out is
 * NULL. */
NDF_API int ndf_run_chain(ndf_engine *engine, const char *pattern,
    const ndf_context *context, const ndf_run_options *options, ndf_run **out,
    ndf_error *error);
/* The id; borrowed. */
NDF_API const char *ndf_run_id(const ndf_run *run);
/* Waits until it ended, at most timeout_ms (< 0: for ever). NDF_OK: it ended
 * and *state (enum ndf_run_state) says how; NDF_ETIMEOUT; store errors when
 * it had to stop because its records could not be kept. Any thread. */
NDF_API int ndf_run_wait(
    ndf_run *run, int64_t timeout_ms, int *state, ndf_error *error);
/* Asks it to stop: agents are ended, completed steps undone. Any thread. */
NDF_API int ndf_run_cancel(ndf_run *run);
/* Ends its agents at once, without their grace time, and leaves it: nothing is
 * undone or recorded any more. ndf_run_wait says NDF_ECANCELLED; the run has
 * not ended, and ndf_run_resume goes on with it: with undoing it, if it was
 * being cancelled. A function of the host goes on, its result is dropped. Any
 * thread.
 */
NDF_API int ndf_run_kill(ndf_run *run);
/* Does not stop the run. */
NDF_API void ndf_run_free(ndf_run *run);
/* Cancels a run by id, also one that another process owns. Of a run that failed
 * and whose fallback was not started yet: it will not be. */
NDF_API int ndf_cancel(ndf_engine *engine, const char *run, ndf_error *error);

enum ndf_answer {
    NDF_APPROVED = 1,
    NDF_DENIED = 2,
};

/* A person's answer to a run that waits for approval (of a step with `approval:
 * true`, or of the whole run), also to one that another process owns or that
 * nobody is at work on: then it counts when the run is resumed. step: its id;
 * "" for the run as a whole; NULL: the one that is asked for. answer: enum
 * ndf_answer; denied, the run is cancelled. reason: at most 500 bytes of UTF-8;
 * may be NULL. NDF_ENOTFOUND: no such run; NDF_EINVAL: it does not wait for
 * that, or for several and step is NULL; NDF_ELIMIT. Any thread. */
NDF_API int ndf_approve(ndf_engine *engine, const char *run, const char *step,
    int answer, const char *reason, ndf_error *error);

/* How a run ended, from its journal: {id, pattern, state, steps_done,
 * steps_total, outputs: {step: value}, context: the one after all that was
 * done, preservation: 0..1, violations: [{step, attempt, field, severity}...],
 * error: {message, step?} (only when it did not succeed), elapsed_ms, outcome:
 * success|failure|unknown, steps: [id...], skipped: [id...] (only when some
 * were)}. outputs has the steps that were done, also those that were undone
 * after; steps has them as declared. run:
 * an id or an unambiguous start of one. NDF_ENOTFOUND; NDF_EINVAL (several
 * start so); NDF_EBUSY: it has not ended. */
NDF_API int ndf_result(
    ndf_engine *engine, const char *run, ndf_text **out, ndf_error *error);

/* What each step of a run changed in the context: {id, state, policy:
 * restore|enforce|record, context (as the run found it), steps: [{seq, step,
 * undo?, attempt, ok, changes: [{field, change: added|changed|removed, before?,
 * after?, declared, severity?, policy?, tried?, tried_bytes?}...]}...],
 * preservation? (when it has ended)}. A step is compared with what it was given
 * itself. field is `domain`, `attributes.NAME`, ...; what is not declared in
 * `writes` has a severity (critical, moderate, minor) and what became of it:
 * `restored` (dropped), `enforced` (the step failed), `recorded` (kept).
 * Dropped ones have no `after` but `tried`, when it is small, else
 * `tried_bytes`. run: an id or an unambiguous start of one. NDF_ENOTFOUND,
 * NDF_EINVAL. */
NDF_API int ndf_changes(
    ndf_engine *engine, const char *run, ndf_text **out, ndf_error *error);

/* What a run did, as it comes: the records of its journal from number `from` on
 * (0: all), as ndf_show has them. Waits while there are none and somebody is at
 * work on the run, in this process or another, at most timeout_ms (< 0: for
 * ever; 0: not at all). *out: {id, state, dir?, next, records: [{seq, kind,
 * at_ms, body}...]}: ask from `next` on the next time. state is that of the end
 * when the run has ended: no more will come; `interrupted` when nobody is at
 * work on it. dir is where its programs keep their files meanwhile. To wait for
 * the end alone, ask from INT64_MAX. run: an id or an unambiguous start of one.
 * NDF_ENOTFOUND; NDF_EINVAL. Any thread. */
NDF_API int ndf_follow(ndf_engine *engine, const char *run, int64_t from,
    int64_t timeout_ms, ndf_text **out, ndf_error *error);

#ifdef __cplusplus
}
#endif
#endif
