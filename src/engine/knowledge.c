/*
 * knowledge.c - see knowledge.h.
 *
 * Invariant: the learner has learned exactly the outcomes up to its tie's
 * number. That this number still means the same outcome is checked by its id,
 * and by the epoch, which changes when outcomes are numbered anew.
 */
#include "engine/knowledge.h"

#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "model/outcome.h"

enum { FOLD_VIEW = 256 }; /* outcomes that are read in one view of the store */

/* Why the reading of outcomes stopped, beside errors and KNOWLEDGE_STRANGE. */
enum { FOLD_PAUSED = 2 };

/* ---- the note of the store ----------------------------------------------- */

/* One that cannot be read, of an import maybe, is as good as none. */
static int read_note(struct store_reader *reader, struct arena *arena,
    struct value *out, ndf_error *error)
{
    struct str text;
    *out = value_of_object();
    int err = read_meta(reader, arena, STR(KNOWLEDGE_NOTE), &text, error);
    if (err != NDF_OK) return err == NDF_ENOTFOUND ? NDF_OK : err;
    struct value note;
    err = json_parse(arena, text, &note, NULL);
    if (err == NDF_ENOMEM) return err;
    if (err == NDF_OK && note.kind == VALUE_OBJECT) *out = note;
    return NDF_OK;
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
        err = tx_meta_put(tx, STR(KNOWLEDGE_NOTE), buf_str(&text), error);
    buf_deinit(&text);
    return err;
}

int knowledge_renumbered(struct store_tx *tx, const struct mem *mem,
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
    struct checkpoint_tie before = tie_of_note(&note);
    if (err == NDF_OK && before.epoch == noting->tie.epoch &&
        before.number <= noting->tie.number) {
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

int knowledge_note(const struct knowledge_source *from,
    const struct checkpoint_tie *tie, ndf_error *error)
{
    struct noting noting = {from->mem, *tie};
    return store_write(from->store, note_work, &noting, error);
}

int knowledge_is_current(const struct knowledge_source *from,
    const struct checkpoint_tie *tie, bool *current, ndf_error *error)
{
    struct store_reader *reader;
    struct arena arena;
    struct value value;
    *current = false;
    int err = store_read_begin(from->store, &reader, error);
    if (err != NDF_OK) return err;
    arena_init(&arena, from->mem);
    err = read_note(reader, &arena, &value, error);
    store_read_end(reader);
    if (err == NDF_OK) {
        struct checkpoint_tie noted = tie_of_note(&value);
        *current = noted.epoch == tie->epoch && noted.number <= tie->number;
    }
    arena_deinit(&arena);
    return err;
}

/* ---- learning from the store --------------------------------------------- */

void knowledge_forget(struct knowledge *knowledge)
{
    learner_free(knowledge->learner);
    checkpoint_close(&knowledge->checkpoint);
    memset(knowledge, 0, sizeof *knowledge);
}

int knowledge_begin(
    struct knowledge *knowledge, const struct knowledge_source *from)
{
    knowledge_forget(knowledge);
    return learner_new(&knowledge->learner, from->mem);
}

int knowledge_open(struct knowledge *knowledge,
    const struct knowledge_source *from, ndf_error *error)
{
    knowledge_forget(knowledge);
    if (from->path == NULL) return NDF_ENOTFOUND;
    struct checkpoint *file = &knowledge->checkpoint;
    int err = checkpoint_open(file, from->mem, from->path, error);
    if (err == NDF_OK) {
        err = learner_open(
            &knowledge->learner, from->mem, file->bytes, file->size);
        if (err == NDF_OK &&
            learner_number(knowledge->learner) != file->tie.number)
            err = NDF_ECORRUPT;
        if (err == NDF_ECORRUPT)
            err_set(error, err,
                "%s is of another version of ndf: what was learned is learned "
                "anew from the outcomes",
                from->path);
        knowledge->tie = file->tie;
    }
    if (err != NDF_OK) knowledge_forget(knowledge);
    return err;
}

struct fold {
    const struct knowledge_source *from;
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

/* Takes one more. A lesson that cannot be read is left out by everybody alike.
 * Else, after an error, the learner is of no use any more. */
static int take(struct knowledge *knowledge, struct arena *arena,
    const struct knowledge_outcome *outcome)
{
    int err = NDF_OK;
    if (outcome->lesson.size > 0)
        err = learn_lesson(knowledge, arena, outcome->lesson, outcome->seq);
    if (err == NDF_ECORRUPT) {
        knowledge->skipped = outcome->seq;
        err = NDF_OK;
    }
    if (err == NDF_OK) reach(knowledge, outcome->seq, outcome->id);
    return err;
}

static int fold_row(struct fold *fold, const struct store_outcome *row)
{
    struct arena arena;
    struct knowledge_outcome outcome = {.seq = row->seq, .id = row->id};
    arena_init(&arena, fold->from->mem);
    int err = read_lesson(&arena, row, &outcome.lesson);
    if (err == NDF_OK) {
        err = take(fold->knowledge, &arena, &outcome);
        fold->broken = err;
    } else if (err == NDF_ECORRUPT) {
        fold->knowledge->skipped = row->seq;
        reach(fold->knowledge, row->seq, row->id);
        err = NDF_OK;
    }
    arena_deinit(&arena);
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
        return fold->anchored ? NDF_OK : KNOWLEDGE_STRANGE;
    }
    /* A clean-up may have taken that one. */
    if (!fold->anchored) fold->anchored = is_noted(fold);
    if (!fold->anchored) return KNOWLEDGE_STRANGE;
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
    int err = store_read_begin(fold->from->store, &reader, error);
    if (err != NDF_OK) return err;
    arena_init(&arena, fold->from->mem);
    err = read_note(reader, &arena, &note, error);
    if (err == NDF_OK) {
        fold->noted = tie_of_note(&note);
        fold->count = 0;
        fold->anchored = false;
        if (knowledge->tie.number == 0)
            knowledge->tie.epoch = fold->noted.epoch;
        else if (knowledge->tie.epoch != fold->noted.epoch)
            err = KNOWLEDGE_STRANGE;
    }
    if (err == NDF_OK)
        err = read_outcomes(
            reader, (int64_t)knowledge->tie.number, on_outcome, fold, error);
    if (err == NDF_OK && !fold->anchored && !is_noted(fold))
        err = KNOWLEDGE_STRANGE;
    store_read_end(reader);
    arena_deinit(&arena);
    return err;
}

int knowledge_fold(struct knowledge *knowledge,
    const struct knowledge_source *from, ndf_error *error)
{
    struct fold fold = {.from = from, .knowledge = knowledge};
    int err = FOLD_PAUSED;
    while (err == FOLD_PAUSED)
        err = fold_view(&fold, error);
    if (fold.broken == NDF_OK) return err;
    knowledge_forget(knowledge);
    return fold.broken;
}

int knowledge_add(struct knowledge *knowledge,
    const struct knowledge_source *from,
    const struct knowledge_outcome *outcome)
{
    struct arena arena;
    arena_init(&arena, from->mem);
    int err = take(knowledge, &arena, outcome);
    arena_deinit(&arena);
    if (err != NDF_OK) knowledge_forget(knowledge);
    return err;
}

int knowledge_hash(const struct knowledge *knowledge,
    const struct knowledge_source *from, uint8_t hash[STORE_HASH_SIZE])
{
    struct buf buf;
    buf_init(&buf, from->mem);
    int err = learner_write(knowledge->learner, &buf);
    const struct str bytes = buf_str(&buf);
    if (err == NDF_OK) hash_sha256(&bytes, 1, hash);
    buf_deinit(&buf);
    return err;
}
