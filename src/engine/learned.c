/*
 * learned.c - see learned.h.
 *
 * Outcomes are learned strictly in the order of their numbers; who cannot close
 * the gate, or has one that is not the next, says that the rest must be read
 * from the store.
 */
#include "engine/learned.h"

#include <signal.h>
#include <string.h>

/* How long it is waited for those who read: one who selects may wait for its
 * host, who may call this engine; and who writes a checkpoint reads for long.
 */
enum {
    ADD_WAIT_MS = 5,
    SELECT_WAIT_MS = 2, /* what is new is read at a later selection then */
    LOOK_WAIT_MS = 5000,
};

/* ---- what is wrong --------------------------------------------------------
 */

static void tell(struct learned_state *state, int err, const ndf_error *error)
{
    const char *why = error->code == err && error->message[0] != '\0'
                          ? error->message
                          : ndf_strerror(err);
    size_t size = strlen(why);
    if (size >= sizeof state->problem) size = sizeof state->problem - 1;
    memcpy(state->problem, why, size);
    state->problem[size] = '\0';
}

static void tell_skipped(struct learned_state *state)
{
    ndf_error error = {0};
    if (state->now.skipped == 0) return;
    err_set(&error, NDF_ECORRUPT,
        "the lesson of outcome %lld cannot be read: it was left out",
        (long long)state->now.skipped);
    tell(state, NDF_ECORRUPT, &error);
}

/* ---- saving now and then ------------------------------------------------- */

static void *save(void *ud)
{
    struct learned_state *state = ud;
    (void)learned_save(state, 1, NULL);
    atomic_store(&state->saving, false);
    return NULL;
}

static void join_saver(struct learned_state *state)
{
    if (state->has_saver) (void)pthread_join(state->saver, NULL);
    state->has_saver = false;
}

/* On a thread of its own, as nobody who learns or selects must wait for the
 * disk. The gate is closed. */
static void save_soon(struct learned_state *state)
{
    if (state->from.path == NULL || state->now.fresh < state->save_at ||
        atomic_load(&state->saving))
        return;
    join_saver(state);
    /* Where it fails, it is tried again after as many lessons. */
    state->save_at = state->now.fresh + LEARNED_SAVE_LESSONS;
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    atomic_store(&state->saving, true);
    state->has_saver = pthread_create(&state->saver, NULL, save, state) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!state->has_saver) atomic_store(&state->saving, false);
}

/* ---- catching up ----------------------------------------------------------
 */

/* Begins with the file; not NDF_OK: it is of no use. */
static int take_saved(struct learned_state *state)
{
    ndf_error error = {0};
    int err = knowledge_open(&state->now, &state->from, &error);
    if (err != NDF_OK && err != NDF_ENOTFOUND) tell(state, err, &error);
    if (err == NDF_ECORRUPT) state->heal = true;
    memset(&state->saved, 0, sizeof state->saved);
    if (err == NDF_OK) {
        state->saved = state->now.tie;
        state->saved_bytes = state->now.checkpoint.room;
    }
    return err;
}

enum beginning { AS_IT_IS, BY_FILE, FROM_NOTHING, BEGINNINGS };

/* Goes on with what is known, or else with the file, or else from nothing. */
static int learn_up(struct learned_state *state, ndf_error *error)
{
    int err = KNOWLEDGE_STRANGE;
    enum beginning at = state->now.learner != NULL ? AS_IT_IS : BY_FILE;
    for (; at < BEGINNINGS && err == KNOWLEDGE_STRANGE; at++) {
        int saved = at == BY_FILE ? take_saved(state) : NDF_OK;
        /* Learned from nothing, it would take the file's place, which may know
         * outcomes that were removed. */
        if (saved == NDF_ENOMEM) return saved;
        if (saved != NDF_OK) continue;
        err = at == FROM_NOTHING ? knowledge_begin(&state->now, &state->from)
                                 : NDF_OK;
        if (err == NDF_OK)
            err = knowledge_fold(&state->now, &state->from, error);
        if (at != BY_FILE || err != KNOWLEDGE_STRANGE) continue;
        ndf_error why = {0};
        tell(state,
            err_set(&why, NDF_ECORRUPT,
                "%s does not fit the outcomes of the store: what was learned "
                "is learned anew from them",
                state->from.path),
            &why);
        state->heal = true;
        memset(&state->saved, 0, sizeof state->saved);
    }
    return err;
}

static int fail_strange(ndf_error *error)
{
    return err_set(error, NDF_EBUSY,
        "the outcomes were numbered anew meanwhile: try again");
}

/* The gate is closed. */
static void catch_up(struct learned_state *state)
{
    ndf_error error = {0};
    atomic_store(&state->behind, false);
    int err = learn_up(state, &error);
    if (err == KNOWLEDGE_STRANGE) {
        knowledge_forget(&state->now);
        err = fail_strange(&error);
    }
    tell_skipped(state);
    if (err != NDF_OK) tell(state, err, &error);
    save_soon(state);
}

static void try_catch_up(struct learned_state *state, long wait_ms)
{
    if (!atomic_load(&state->behind)) return;
    if (!gate_close(&state->gate, wait_ms)) return;
    if (atomic_load(&state->behind)) catch_up(state);
    gate_open(&state->gate);
}

void learned_catch_up(struct learned_state *state)
{
    try_catch_up(state, ADD_WAIT_MS);
}

/* ---- the life of it -------------------------------------------------------
 */

void learned_init(struct learned_state *state, const struct mem *mem)
{
    memset(state, 0, sizeof *state);
    state->from.mem = mem;
    state->save_at = LEARNED_SAVE_LESSONS;
    atomic_init(&state->behind, true);
    atomic_init(&state->saving, false);
    gate_init(&state->gate);
    pthread_mutex_init(&state->writing, NULL);
}

void learned_open(
    struct learned_state *state, struct store *store, const char *path)
{
    state->from.store = store;
    state->from.path = path;
}

void learned_deinit(struct learned_state *state)
{
    join_saver(state);
    if (state->now.learner != NULL) {
        state->save_at = UINT64_MAX;
        try_catch_up(state, LOOK_WAIT_MS);
        /* It is a help, no duty: what is not in it is in the outcomes. */
        (void)learned_save(
            state, state->heal ? 1 : LEARNED_CLOSE_LESSONS, NULL);
    }
    knowledge_forget(&state->now);
    pthread_mutex_destroy(&state->writing);
    gate_deinit(&state->gate);
}

const struct learner *learned_read_begin(
    struct learned_state *state, unsigned *cell)
{
    try_catch_up(state, SELECT_WAIT_MS);
    *cell = gate_enter(&state->gate);
    return state->now.learner;
}

bool learned_try_read(
    struct learned_state *state, const struct learner **out, unsigned *cell)
{
    *out = NULL;
    if (!gate_try_enter(&state->gate, cell)) return false;
    *out = state->now.learner;
    return true;
}

void learned_read_end(struct learned_state *state, unsigned cell)
{
    gate_leave(&state->gate, cell);
}

void learned_behind(struct learned_state *state)
{
    atomic_store(&state->behind, true);
}

/* The gate is closed. */
static void add(
    struct learned_state *state, const struct knowledge_outcome *outcome)
{
    const ndf_error error = {0};
    int err = knowledge_add(&state->now, &state->from, outcome);
    tell_skipped(state);
    save_soon(state);
    if (err == NDF_OK) return;
    tell(state, err, &error);
    atomic_store(&state->behind, true);
}

void learned_add(
    struct learned_state *state, const struct knowledge_outcome *outcome)
{
    if (!gate_close(&state->gate, ADD_WAIT_MS)) {
        atomic_store(&state->behind, true);
        return;
    }
    bool known = state->now.learner != NULL && !atomic_load(&state->behind);
    uint64_t number = state->now.tie.number;
    if (known && (uint64_t)outcome->seq == number + 1) add(state, outcome);
    else if (!known || (uint64_t)outcome->seq > number)
        atomic_store(&state->behind, true);
    gate_open(&state->gate);
}

/* Replaces the file, unless another process removed what is not known here:
 * then its file must stay, and is read by who selects next. */
static int write_file(struct learned_state *state, struct buf *buf,
    const struct checkpoint_tie *tie, bool *written, ndf_error *error)
{
    int err = knowledge_is_current(&state->from, tie, written, error);
    if (err == NDF_OK && !*written) atomic_store(&state->behind, true);
    if (err != NDF_OK || !*written) return err;
    err = checkpoint_write(buf, tie, state->from.path, error);
    *written = err == NDF_OK;
    return err;
}

/* `writing` is held: an older file never replaces a newer one of this engine.
 */
static int save_now(
    struct learned_state *state, uint64_t lessons, ndf_error *error)
{
    struct buf buf;
    buf_init(&buf, state->from.mem);
    unsigned cell = gate_enter(&state->gate);
    const struct knowledge *now = &state->now;
    struct checkpoint_tie tie = now->tie;
    uint64_t fresh = now->fresh;
    bool due = now->learner != NULL && fresh >= lessons && tie.number > 0;
    int err = NDF_OK;
    if (due) {
        checkpoint_begin(&buf);
        err = learner_write(now->learner, &buf);
    }
    gate_leave(&state->gate, cell);
    bool written = false;
    if (due && err == NDF_OK)
        err = write_file(state, &buf, &tie, &written, error);
    if (written && gate_close(&state->gate, LOOK_WAIT_MS)) {
        state->saved = tie;
        state->saved_bytes = buf.size;
        state->now.fresh -= fresh < state->now.fresh ? fresh : state->now.fresh;
        state->save_at = LEARNED_SAVE_LESSONS;
        if (state->heal) state->problem[0] = '\0';
        state->heal = false;
        tell_skipped(state);
        gate_open(&state->gate);
    }
    buf_deinit(&buf);
    return err;
}

int learned_save(
    struct learned_state *state, uint64_t lessons, ndf_error *error)
{
    if (state->from.path == NULL || store_is_read_only(state->from.store))
        return NDF_OK;
    pthread_mutex_lock(&state->writing);
    int err = save_now(state, lessons, error);
    pthread_mutex_unlock(&state->writing);
    return err;
}

void learned_note(struct learned_state *state)
{
    learned_behind(state);
    try_catch_up(state, LOOK_WAIT_MS);
    /* In any case: another process may have written an older one. */
    int err = learned_save(state, 0, NULL);
    unsigned cell = gate_enter(&state->gate);
    /* Without a file what is known is known by this engine alone. */
    struct checkpoint_tie tie =
        state->from.path != NULL ? state->saved : state->now.tie;
    gate_leave(&state->gate, cell);
    if (err == NDF_OK && tie.number > 0)
        (void)knowledge_note(&state->from, &tie, NULL);
}

/* ---- for people ------------------------------------------------------------
 */

/* The gate is closed. The last outcomes are taken now, so that both
 * have the same. */
static int take_over(struct learned_state *state, struct knowledge *anew,
    struct learned_rebuilt *out, ndf_error *error)
{
    uint8_t before[STORE_HASH_SIZE] = {0};
    catch_up(state);
    int err = knowledge_fold(anew, &state->from, error);
    if (err == KNOWLEDGE_STRANGE) err = fail_strange(error);
    if (err == NDF_OK) err = knowledge_hash(anew, &state->from, out->hash);
    if (err == NDF_OK && state->now.learner != NULL)
        err = knowledge_hash(&state->now, &state->from, before);
    if (err != NDF_OK) return err;
    struct learner_summary summary;
    learner_summarise(anew->learner, &summary);
    out->number = anew->tie.number;
    out->lessons = summary.lessons;
    out->same = memcmp(before, out->hash, sizeof before) == 0;
    struct knowledge old = state->now;
    state->now = *anew;
    *anew = old;
    state->problem[0] = '\0';
    tell_skipped(state);
    return NDF_OK;
}

int learned_rebuild(
    struct learned_state *state, struct learned_rebuilt *out, ndf_error *error)
{
    struct knowledge anew = {0};
    memset(out, 0, sizeof *out);
    int err = knowledge_begin(&anew, &state->from);
    /* Most of it while others go on selecting. */
    if (err == NDF_OK) err = knowledge_fold(&anew, &state->from, error);
    if (err == KNOWLEDGE_STRANGE) err = fail_strange(error);
    if (err == NDF_OK && !gate_close(&state->gate, LOOK_WAIT_MS))
        err = err_set(error, NDF_EBUSY,
            "a selection waits for its host: learn anew when it ended");
    else if (err == NDF_OK) {
        err = take_over(state, &anew, out, error);
        gate_open(&state->gate);
    }
    knowledge_forget(&anew);
    return err == NDF_OK ? learned_save(state, 1, error) : err;
}

void learned_look(struct learned_state *state, struct learned_look *out)
{
    memset(out, 0, sizeof *out);
    try_catch_up(state, LOOK_WAIT_MS);
    unsigned cell;
    const struct learner *learner = learned_read_begin(state, &cell);
    out->known = learner != NULL;
    if (learner != NULL) learner_summarise(learner, &out->summary);
    out->number = state->now.tie.number;
    out->saved = state->saved;
    out->saved_bytes = state->saved_bytes;
    memcpy(out->problem, state->problem, sizeof out->problem);
    learned_read_end(state, cell);
}
