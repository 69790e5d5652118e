/*
 * engine.h - what an engine is made of; seen by the engine's own files only.
 *
 * Locks: `loading` serialises reading the registry's picture; `lock` guards
 * the fields named below it and is held for a few instructions only. loading
 * is taken before lock, never after.
 *
 * Who selects takes neither, unless the registry changed: it looks at the
 * picture that is published, at the configuration, which is a twin, and, for
 * words, at what was learned, through a gate. It writes to nothing that other
 * processors read. See engine_look.
 */
#ifndef NDF_ENGINE_ENGINE_H
#define NDF_ENGINE_ENGINE_H

#include <pthread.h>
#include <sys/types.h>

#include "ndf/ndf.h"

#include "base/clock.h"
#include "base/metrics.h"
#include "base/os.h"
#include "base/snapshot.h"
#include "base/twin.h"
#include "engine/id.h"
#include "engine/learned.h"
#include "engine/lookups.h"
#include "engine/owners.h"
#include "engine/picture.h"
#include "engine/sessions.h"
#include "engine/text.h"
#include "engine/trust.h"
#include "store/store.h"

struct runner;

struct binding {
    ndf_agent_fn fn;
    void *ud;
};

struct engine_metrics {
    struct wide_histogram select_us;
    struct histogram load_us; /* of the registry's picture */
    struct histogram step_ms;
    struct histogram run_ms;
    struct histogram preservation_permille; /* of runs that ended here */
    struct wide_counter selections;
    struct counter runs_started;
    struct counter runs_ended[NDF_RUN_UNDO_FAILED + 1]; /* by state */
    struct counter violations;
};

struct ndf_engine {
    struct mem mem;
    struct clock clock;
    pid_t pid;                  /* of the process it belongs to */
    char boot[OS_BOOT_ID_SIZE]; /* of the machine */
    uint64_t seed;              /* 0: unpredictable */
    struct arena arena;         /* the strings below; grown under `loading` */
    const char *path;           /* NULL: in memory */
    const char *init_path;
    const char *image_path;  /* what is computed of the registry; NULL: kept
                                nowhere */
    const char *runs_dir;    /* where runs keep their files; absolute */
    _Atomic bool made_store; /* this engine created the file */
    _Atomic bool distrusted; /* it read lines of an export into it */
    struct trust trust;
    struct store *store;
    struct owners owners; /* of runs */
    struct runner *runner;
    struct engine_metrics metrics;
    struct learned_state learned;
    struct lookups lookups;      /* see recall.h */
    _Atomic bool lookup_similar; /* also for likenesses */

    pthread_mutex_t loading;
    struct domains *domains; /* NULL: not made yet; changed under `loading` */
    struct vectors *vectors; /* of words; NULL: none; as domains */
    const char *vectors_path;
    struct lookups_options lookup_options; /* as domains */
    uint64_t pictures;                     /* how many were read; as domains */
    struct snapshot picture;   /* struct picture; published under both locks */
    _Atomic uint64_t revision; /* counts changes of the registry */
    _Atomic uint64_t config_turn; /* see ndf_configure; written under `lock` */
    _Atomic uint64_t config[TWIN_WORDS(sizeof(struct selector_config))];
    unsigned char apart[STRIPE_BYTES];
    pthread_mutex_t lock; /* of the scores of the picture, too */
    struct map bindings;  /* name -> struct bound (bind.c) */
    struct sessions sessions;
};

/* NDF_EFORKED in a child of the engine's process; NDF_EINVAL for NULL. */
int engine_check(const ndf_engine *engine, ndf_error *error);
/* A look at the picture, which stays as it is until the look ends. */
struct look {
    struct picture *picture; /* NULL: none */
    struct snapshot_guard guard;
};

/* At the picture of now; end it, unless it failed, on any thread. Takes no lock
 * unless the registry changed since it was read: then it is read first. */
int engine_look(ndf_engine *engine, struct look *look, ndf_error *error);
/* At the one that was read last, which may be of before; false: none was. */
bool engine_look_last(ndf_engine *engine, struct look *look);
/* Also of a look that failed, or ended. */
void engine_look_end(ndf_engine *engine, struct look *look);
/* The registry of now, one reference the caller's: registry_unref it. For what
 * is done less often than selecting, since all share the counter of it. */
int engine_registry(
    ndf_engine *engine, struct registry **out, ndf_error *error);
/* Makes engine->domains, if it is not made; `loading` is held. */
int engine_domains(ndf_engine *engine, ndf_error *error);
/* The next engine_registry reads anew. */
void engine_touch(ndf_engine *engine);
/* Like engine_touch, if another process changed the store. */
void engine_notice(ndf_engine *engine);
/* Whether a call that ended with err, by a picture of the registry, could go
 * better by the picture of its reader: what the one names may be gone, and it
 * may not know what has come. */
bool engine_outdated(
    ndf_engine *engine, const struct registry *registry, int err);
/* A view, to be ended also after an error, and the picture of just that. Not
 * while this thread holds another: who loads waits for a writer, who may wait
 * for that one to end. */
int engine_picture(ndf_engine *engine, struct registry **out,
    struct store_reader **reader, ndf_error *error);
/* Keeps the first picture of an engine beside the store, if it took long to
 * make. Later ones are not kept by themselves: where one change follows the
 * other, each file would be in vain. That it cannot be written is no error. */
void engine_keep_image(
    ndf_engine *engine, const struct registry *registry, int64_t took_ns);
/* The function bound to an agent; false when none is. */
bool engine_binding(ndf_engine *engine, struct str agent, struct binding *out);
void engine_unbind_all(ndf_engine *engine);
/* Whether what a lesson is made from is read first, or is what is known. */
enum engine_lesson_from { LESSON_FROM_STORE, LESSON_FROM_MEMORY };
/* What an outcome on its way into the store needs: an id, the half-life of its
 * pattern, and its lesson, if it teaches any. All lives in arena, but for what
 * the outcome borrows. NDF_ENOMEM, NDF_EIO. */
int engine_learning(ndf_engine *engine, const struct outcome *outcome,
    enum engine_lesson_from from, struct arena *arena, struct learning *out);
/* Gives an outcome its lesson, in arena, if it teaches any, and its excuse. On
 * the loop it is made from memory: all runs would wait for the disk. */
int engine_lesson(ndf_engine *engine, struct arena *arena,
    enum engine_lesson_from from, struct outcome *outcome);
/* Takes over what an outcome counted and taught; touches no disk. */
void engine_learned(ndf_engine *engine, const struct learning *learning);
/* Takes over that the counts of a pattern were removed. */
void engine_forgot(ndf_engine *engine, struct str pattern);
/* What decides where a document does not say; see ndf_configure. */
struct selector_config engine_config(ndf_engine *engine);
void engine_set_config(
    ndf_engine *engine, const struct selector_config *config);
/* The time in which a pattern's counts fade by half: its own, if the picture
 * that there is knows one, else the engine's. By qualified name. */
uint64_t engine_half_life(ndf_engine *engine, struct str pattern);
struct ndf_context {
    struct mem mem;
    struct arena arena;
    struct context context;
};

/* Chooses unattended, among all but those named (qualified). *name: the
 * qualified name; {NULL, 0}: none, and why in error, with NDF_OK. In arena.
 * Store errors, NDF_ENOMEM. */
int engine_choose(ndf_engine *engine, const struct context *context,
    const struct str_list *without, struct arena *arena, struct str *name,
    ndf_error *error);

/* Whether a task follows up the last turn of its session (follow_up.h). */
int engine_follows(ndf_engine *engine, const struct context *context,
    const char *session, struct arena *arena, bool *follows, ndf_error *error);

/* Makes an error that has a code but no sentence yet say "what: why". */
int engine_explain(int err, const char *what, ndf_error *error);

#endif
