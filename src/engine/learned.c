/*
 * learned.c - see learned.h.
 *
 * Invariant: the learner has learned exactly the outcomes up to its tie's
 * number. That this number still means the same outcome is checked by its id,
 * and by the epoch, which changes when outcomes are numbered anew.
 */
#include "engine/learned.h"

#include <string.h>
#include <unistd.h>

#include "base/hash.h"
#include "base/json.h"
#include "model/outcome.h"

enum { FOLD_VIEW = 256 }; /* outcomes that are read in one view of the store */

/* Why the reading of outcomes stopped, beside errors. */
enum { FOLD_PAUSED = 1, FOLD_STRANGE = 2 };

/* ---- the note of the store ----------------------------------------------- */

static int read_note(struct store_reader *reader, struct arena *arena,
    struct value *out, ndf_error *error)
{
    struct str text;
    *out = value_of_object();
    int err = read_meta(reader, arena, STR(LEARNED_NOTE), &text, error);
    if (err == NDF_ENOTFOUND) return NDF_OK;
    return err == NDF_OK ? json_parse(arena, text, out, error) : err;
}

static struct checkpoint_tie tie_of_note(const struct value *note)
{
    struct str epoch = value_get_str(note, STR("epoch"));
    return (struct checkpoint_tie){
        .epoch = epoch.at != NULL ? hash64(epoch) : 0,
        .number = (uint64_t)value_get_int(note, STR("number"), 0),
        .anchor = (uint64_t)value_get_int(note, STR("anchor"), 0)};
}

static int write_note(struct store_tx *tx, const struct mem *mem,
    const struct value *note, ndf_error *error)
{
    struct buf text;
    buf_init(&text, mem);
    json_write(&text, note);
    int err = buf_error(&text);
    if (err == NDF_OK)
        err = tx_meta_put(tx, STR(LEARNED_NOTE), buf_str(&text), error);
    buf_deinit(&text);
    return err;
}

int learned_renumbered(struct store_tx *tx, const struct mem *mem,
    struct str epoch, ndf_error *error)
{
    struct arena arena;
    arena_init(&arena, mem);
    struct value note = value_of_object();
    int err = value_set(&arena, &note, STR("epoch"), value_of_str(epoch));
    if (err == NDF_OK) err = write_note(tx, mem, &note, error);
    arena_deinit(&arena);
    return err;
}

struct noting {
    const struct mem *mem;
    struct checkpoint_tie tie;
};

static int note_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct noting *noting = ud;
    struct arena arena;
    struct value note;
    arena_init(&arena, noting->mem);
    int err = read_note(tx_reader(tx), &arena, &note, error);
    if (err == NDF_OK && tie_of_note(&note).epoch == noting->tie.epoch) {
        err = value_set(&arena, &note, STR("number"),
            value_of_int((int64_t)noting->tie.number));
        if (err == NDF_OK)
            err = value_set(&arena, &note, STR("anchor"),
                value_of_int((int64_t)noting->tie.anchor));
        if (err == NDF_OK) err = write_note(tx, noting->mem, &note, error);
    }
    arena_deinit(&arena);
    return err;
}

void learned_note(struct learned_state *state)
{
    learned_catch_up(state);
    int err = learned_save(state, 1, NULL);
    pthread_rwlock_rdlock(&state->lock);
    /* Without a file what is known is known by this engine alone. */
    struct noting noting = {
        state->mem, state->path != NULL ? state->saved : state->now.tie};
    pthread_rwlock_unlock(&state->lock);
    if (err == NDF_OK && noting.tie.number > 0)
        (void)store_write(state->store, note_work, &noting, NULL);
}

/* ---- learning from the store --------------------------------------------- */

static void forget(struct knowledge *knowledge)
{
    learner_free(knowledge->learner);
    checkpoint_close(&knowledge->checkpoint);
    memset(knowledge, 0, sizeof *knowledge);
}

static int begin_empty(struct learned_state *state, struct knowledge *knowledge)
{
    forget(knowledge);
    return learner_new(&knowledge->learner, state->mem);
}

/* By the file that is there; NDF_ENOTFOUND: there is none. */
static int begin_saved(
    struct learned_state *state, struct knowledge *knowledge, ndf_error *error)
{
    forget(knowledge);
    if (state->path == NULL) return NDF_ENOTFOUND;
    struct checkpoint *file = &knowledge->checkpoint;
    int err = checkpoint_open(file, state->path, error);
    if (err == NDF_OK) {
        err = learner_open(
            &knowledge->learner, state->mem, file->bytes, file->size);
        if (err == NDF_OK &&
            learner_number(knowledge->learner) != file->tie.number)
            err = NDF_ECORRUPT;
        if (err == NDF_ECORRUPT)
            err_set(error, err,
                "%s is of another version of ndf: what was learned is learned "
                "anew from the outcomes",
                state->path);
        knowledge->tie = file->tie;
    }
    if (err != NDF_OK) forget(knowledge);
    return err;
}

struct fold {
    struct learned_state *state;
    struct knowledge *knowledge;
    struct checkpoint_tie noted;
    size_t count;
    bool anchored; /* the last learned outcome is the one it was */
    int broken;    /* the learner must be thrown away, for this */
};

/* NDF_ECORRUPT: it has one that cannot be read. */
static int learn_lesson(struct knowledge *knowledge, struct arena *arena,
    struct str bytes, int64_t seq)
{
    struct lesson lesson;
    int err = lesson_decode(arena, bytes.at, bytes.size, &lesson);
    if (err != NDF_OK) return err;
    err = learner_learn(knowledge->learner, &lesson, (uint64_t)seq);
    if (err == NDF_OK) knowledge->fresh++;
    return err == NDF_ECORRUPT ? NDF_ENOMEM : err;
}

static void reach(struct knowledge *knowledge, int64_t seq, struct str id)
{
    learner_reached(knowledge->learner, (uint64_t)seq);
    knowledge->tie.number = (uint64_t)seq;
    knowledge->tie.anchor = hash64(id);
}

static int read_lesson(
    struct arena *arena, const struct store_outcome *row, struct str *out)
{
    struct value body;
    struct outcome outcome;
    int err = json_parse(arena, row->body, &body, NULL);
    if (err == NDF_OK) err = outcome_decode(arena, &body, &outcome, NULL);
    if (err == NDF_OK) *out = outcome.lesson;
    return err == NDF_OK || err == NDF_ENOMEM ? err : NDF_ECORRUPT;
}

/* A lesson that cannot be read is left out by everybody alike. */
static int fold_row(struct fold *fold, const struct store_outcome *row)
{
    struct arena arena;
    struct str lesson = {NULL, 0};
    arena_init(&arena, fold->state->mem);
    int err = read_lesson(&arena, row, &lesson);
    if (err == NDF_OK && lesson.size > 0) {
        err = learn_lesson(fold->knowledge, &arena, lesson, row->seq);
        if (err == NDF_ENOMEM) fold->broken = err;
    }
    arena_deinit(&arena);
    if (err == NDF_ECORRUPT) {
        fold->knowledge->skipped = row->seq;
        err = NDF_OK;
    }
    if (err == NDF_OK) reach(fold->knowledge, row->seq, row->id);
    return err;
}

static bool is_noted(const struct fold *fold)
{
    const struct checkpoint_tie *tie = &fold->knowledge->tie;
    return tie->number == 0 || (fold->noted.number == tie->number &&
                                   fold->noted.anchor == tie->anchor);
}

static int on_outcome(void *ud, const struct store_outcome *row)
{
    struct fold *fold = ud;
    const struct checkpoint_tie *tie = &fold->knowledge->tie;
    if ((uint64_t)row->seq == tie->number) {
        fold->anchored = hash64(row->id) == tie->anchor;
        return fold->anchored ? NDF_OK : FOLD_STRANGE;
    }
    /* A clean-up may have taken that one. */
    if (!fold->anchored) fold->anchored = is_noted(fold);
    if (!fold->anchored) return FOLD_STRANGE;
    int err = fold_row(fold, row);
    if (err == NDF_OK && ++fold->count == FOLD_VIEW) err = FOLD_PAUSED;
    return err;
}

static int fold_view(struct fold *fold, ndf_error *error)
{
    struct knowledge *knowledge = fold->knowledge;
    struct store_reader *reader;
    struct arena arena;
    struct value note;
    int err = store_read_begin(fold->state->store, &reader, error);
    if (err != NDF_OK) return err;
    arena_init(&arena, fold->state->mem);
    err = read_note(reader, &arena, &note, error);
    if (err == NDF_OK) {
        fold->noted = tie_of_note(&note);
        fold->count = 0;
        fold->anchored = false;
        if (knowledge->tie.number == 0)
            knowledge->tie.epoch = fold->noted.epoch;
        else if (knowledge->tie.epoch != fold->noted.epoch) err = FOLD_STRANGE;
    }
    if (err == NDF_OK)
        err = read_outcomes(
            reader, (int64_t)knowledge->tie.number, on_outcome, fold, error);
    if (err == NDF_OK && !fold->anchored && !is_noted(fold)) err = FOLD_STRANGE;
    store_read_end(reader);
    arena_deinit(&arena);
    return err;
}

/* Up to the last outcome. FOLD_STRANGE: it was learned from others. After
 * other errors what is left is right so far, or nothing. */
static int fold_all(
    struct learned_state *state, struct knowledge *knowledge, ndf_error *error)
{
    struct fold fold = {.state = state, .knowledge = knowledge};
    int err = FOLD_PAUSED;
    while (err == FOLD_PAUSED)
        err = fold_view(&fold, error);
    if (fold.broken != NDF_OK) forget(knowledge);
    if (fold.broken == NDF_OK || err == FOLD_STRANGE) return err;
    return fold.broken;
}

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

/* Begins with the file; not NDF_OK: it is of no use. */
static int take_saved(struct learned_state *state)
{
    ndf_error error = {0};
    int err = begin_saved(state, &state->now, &error);
    if (err != NDF_OK && err != NDF_ENOTFOUND) tell(state, err, &error);
    if (err == NDF_ECORRUPT) state->heal = true;
    memset(&state->saved, 0, sizeof state->saved);
    if (err == NDF_OK) {
        state->saved = state->now.tie;
        state->saved_bytes = state->now.checkpoint.map_size;
    }
    return err;
}

enum beginning { AS_IT_IS, BY_FILE, FROM_NOTHING, BEGINNINGS };

/* Goes on with what is known, or else with the file, or else from nothing. */
static int learn_up(struct learned_state *state, ndf_error *error)
{
    int err = FOLD_STRANGE;
    enum beginning at = state->now.learner != NULL ? AS_IT_IS : BY_FILE;
    for (; at < BEGINNINGS && err == FOLD_STRANGE; at++) {
        if (at == BY_FILE && take_saved(state) != NDF_OK) continue;
        err = at == FROM_NOTHING ? begin_empty(state, &state->now) : NDF_OK;
        if (err == NDF_OK) err = fold_all(state, &state->now, error);
        if (at != BY_FILE || err != FOLD_STRANGE) continue;
        ndf_error why = {0};
        tell(state,
            err_set(&why, NDF_ECORRUPT,
                "%s does not fit the outcomes of the store: what was learned "
                "is learned anew from them",
                state->path),
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

/* The lock is held for writing. */
static void catch_up(struct learned_state *state)
{
    ndf_error error = {0};
    atomic_store(&state->behind, false);
    int err = learn_up(state, &error);
    if (err == FOLD_STRANGE) {
        forget(&state->now);
        err = fail_strange(&error);
    }
    tell_skipped(state);
    if (err != NDF_OK) tell(state, err, &error);
}

void learned_catch_up(struct learned_state *state)
{
    if (!atomic_load(&state->behind)) return;
    pthread_rwlock_wrlock(&state->lock);
    if (atomic_load(&state->behind)) catch_up(state);
    pthread_rwlock_unlock(&state->lock);
}

/* ---- the life of it -------------------------------------------------------
 */

void learned_init(struct learned_state *state, const struct mem *mem)
{
    memset(state, 0, sizeof *state);
    state->mem = mem;
    atomic_init(&state->behind, true);
    pthread_rwlock_init(&state->lock, NULL);
}

void learned_open(
    struct learned_state *state, struct store *store, const char *path)
{
    state->store = store;
    state->path = path;
}

void learned_deinit(struct learned_state *state)
{
    if (state->now.learner != NULL) {
        learned_catch_up(state);
        /* It is a help, no duty: what is not in it is in the outcomes. */
        (void)learned_save(
            state, state->heal ? 1 : LEARNED_CLOSE_LESSONS, NULL);
    }
    forget(&state->now);
    pthread_rwlock_destroy(&state->lock);
}

const struct learner *learned_read_begin(struct learned_state *state)
{
    learned_catch_up(state);
    pthread_rwlock_rdlock(&state->lock);
    return state->now.learner;
}

void learned_read_end(struct learned_state *state)
{
    pthread_rwlock_unlock(&state->lock);
}

void learned_behind(struct learned_state *state)
{
    atomic_store(&state->behind, true);
}

void learned_forget(struct learned_state *state)
{
    pthread_rwlock_wrlock(&state->lock);
    forget(&state->now);
    memset(&state->saved, 0, sizeof state->saved);
    if (state->path != NULL) (void)unlink(state->path);
    state->problem[0] = '\0';
    atomic_store(&state->behind, true);
    pthread_rwlock_unlock(&state->lock);
}

/* The lock is held for writing. */
static void add(
    struct learned_state *state, int64_t seq, struct str id, struct str bytes)
{
    struct knowledge *now = &state->now;
    struct arena arena;
    ndf_error error = {0};
    int err = NDF_OK;
    arena_init(&arena, state->mem);
    if (bytes.size > 0) err = learn_lesson(now, &arena, bytes, seq);
    arena_deinit(&arena);
    if (err == NDF_ENOMEM) {
        tell(state, err, &error);
        forget(now);
        atomic_store(&state->behind, true);
        return;
    }
    if (err == NDF_ECORRUPT) now->skipped = seq;
    tell_skipped(state);
    reach(now, seq, id);
}

void learned_add(
    struct learned_state *state, int64_t seq, struct str id, struct str lesson)
{
    pthread_rwlock_wrlock(&state->lock);
    bool known = state->now.learner != NULL && !atomic_load(&state->behind);
    uint64_t number = state->now.tie.number;
    if (known && (uint64_t)seq == number + 1) add(state, seq, id, lesson);
    else if (!known || (uint64_t)seq > number)
        atomic_store(&state->behind, true);
    pthread_rwlock_unlock(&state->lock);
}

int learned_save(
    struct learned_state *state, uint64_t lessons, ndf_error *error)
{
    if (state->path == NULL || store_is_read_only(state->store)) return NDF_OK;
    struct buf buf;
    buf_init(&buf, state->mem);
    pthread_rwlock_rdlock(&state->lock);
    const struct knowledge *now = &state->now;
    struct checkpoint_tie tie = now->tie;
    uint64_t fresh = now->fresh;
    bool due = now->learner != NULL && fresh >= lessons && tie.number > 0;
    int err = NDF_OK;
    if (due) {
        checkpoint_begin(&buf);
        err = learner_write(now->learner, &buf);
    }
    pthread_rwlock_unlock(&state->lock);
    if (due && err == NDF_OK)
        err = checkpoint_write(&buf, &tie, state->path, error);
    if (due && err == NDF_OK) {
        pthread_rwlock_wrlock(&state->lock);
        state->saved = tie;
        state->saved_bytes = buf.size;
        state->now.fresh -= fresh < state->now.fresh ? fresh : state->now.fresh;
        state->heal = false;
        pthread_rwlock_unlock(&state->lock);
    }
    buf_deinit(&buf);
    return err;
}

/* ---- for people ------------------------------------------------------------
 */

static int hash_learner(const struct learned_state *state,
    const struct knowledge *knowledge, uint8_t hash[STORE_HASH_SIZE])
{
    struct buf buf;
    buf_init(&buf, state->mem);
    int err = learner_write(knowledge->learner, &buf);
    const struct str bytes = buf_str(&buf);
    if (err == NDF_OK) hash_sha256(&bytes, 1, hash);
    buf_deinit(&buf);
    return err;
}

/* The lock is held for writing. The last outcomes are taken now, so that both
 * have the same. */
static int take_over(struct learned_state *state, struct knowledge *anew,
    struct learned_rebuilt *out, ndf_error *error)
{
    uint8_t before[STORE_HASH_SIZE] = {0};
    catch_up(state);
    int err = fold_all(state, anew, error);
    if (err == FOLD_STRANGE) err = fail_strange(error);
    if (err == NDF_OK) err = hash_learner(state, anew, out->hash);
    if (err == NDF_OK && state->now.learner != NULL)
        err = hash_learner(state, &state->now, before);
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
    int err = begin_empty(state, &anew);
    /* Most of it while others go on selecting. */
    if (err == NDF_OK) err = fold_all(state, &anew, error);
    if (err == FOLD_STRANGE) err = fail_strange(error);
    if (err == NDF_OK) {
        pthread_rwlock_wrlock(&state->lock);
        err = take_over(state, &anew, out, error);
        pthread_rwlock_unlock(&state->lock);
    }
    forget(&anew);
    return err == NDF_OK ? learned_save(state, 1, error) : err;
}

void learned_look(struct learned_state *state, struct learned_look *out)
{
    memset(out, 0, sizeof *out);
    const struct learner *learner = learned_read_begin(state);
    out->known = learner != NULL;
    if (learner != NULL) learner_summarise(learner, &out->summary);
    out->number = state->now.tie.number;
    out->saved = state->saved;
    out->saved_bytes = state->saved_bytes;
    memcpy(out->problem, state->problem, sizeof out->problem);
    learned_read_end(state);
}
