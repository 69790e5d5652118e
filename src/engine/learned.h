/*
 * learned.h - what was learned of which tasks are whose, kept in step with the
 * outcomes of a store.
 *
 * It is a fold over outcomes by their number: a process that has the ones up to
 * a number knows what every other one knows by then. So outcomes come from
 * memory while they follow each other, and from the store when another thread
 * or process was first. It is read when it is first needed. Nothing here is an
 * error to who selects: without it, selecting goes on by descriptions alone,
 * and why is told (learned_look).
 *
 * It is changed in place, since it is large. Those that read it never wait for
 * one another and share nothing that they write (base/gate.h); they wait while
 * a lesson is being learned, which takes about as long as choosing does, or for
 * as long as the store is read where others wrote outcomes, and give way for a
 * moment to who waits to learn.
 */
#ifndef NDF_ENGINE_LEARNED_H
#define NDF_ENGINE_LEARNED_H

#include <pthread.h>
#include <stdatomic.h>

#include "base/gate.h"
#include "engine/knowledge.h"

/* A checkpoint is written when this many lessons came since the last: when the
 * engine closes, and meanwhile. */
enum { LEARNED_CLOSE_LESSONS = 50, LEARNED_SAVE_LESSONS = 1000 };

struct learned_state {
    struct knowledge_source from;
    _Atomic bool behind; /* the store may have outcomes that are not in it */
    pthread_mutex_t writing; /* of the file; taken before the gate */
    struct gate gate;        /* of all below; closed while it is changed */
    struct knowledge now;
    struct checkpoint_tie saved; /* of the file; number 0: there is none */
    size_t saved_bytes;
    uint64_t save_at; /* fresh lessons at which a thread writes it */
    bool has_saver;
    pthread_t saver;
    _Atomic bool saving; /* it is at work */
    bool heal; /* the file that is there is of no use: replace it soon */
    char problem[NDF_MESSAGE_SIZE]; /* "": none */
};

void learned_init(struct learned_state *state, const struct mem *mem);
/* Before any other call. Borrows both; reads nothing. path NULL: no checkpoint
 * is kept. */
void learned_open(
    struct learned_state *state, struct store *store, const char *path);
/* Writes a checkpoint if it is worth it. The store is open still, if it was. */
void learned_deinit(struct learned_state *state);

/* What is known now, or NULL; valid until learned_read_end with the same cell,
 * which must follow in either case. Not while this thread holds a reader of the
 * store. */
const struct learner *learned_read_begin(
    struct learned_state *state, unsigned *cell);
void learned_read_end(struct learned_state *state, unsigned cell);
/* The same for who must not wait, not even for the disk: what is known by now.
 * False: it is being changed, and no end must follow. */
bool learned_try_read(
    struct learned_state *state, const struct learner **out, unsigned *cell);

/* Takes over a committed outcome, without touching the disk. */
void learned_add(
    struct learned_state *state, const struct knowledge_outcome *outcome);
/* The store has outcomes, or may have, that did not come by learned_add. */
void learned_behind(struct learned_state *state);
/* Reads what is missing, unless others read what is known for long: then it is
 * read later. As learned_read_begin. */
void learned_catch_up(struct learned_state *state);
/* Writes a checkpoint if at least so many lessons came since the last one.
 * NDF_OK also when none is kept. */
int learned_save(
    struct learned_state *state, uint64_t lessons, ndf_error *error);

struct learned_rebuilt {
    uint64_t number, lessons;
    bool same;                     /* as what was known before, byte for byte */
    uint8_t hash[STORE_HASH_SIZE]; /* SHA-256 of the bytes */
};

/* Learns everything anew and takes it over. Store errors, NDF_ENOMEM. */
int learned_rebuild(
    struct learned_state *state, struct learned_rebuilt *out, ndf_error *error);

struct learned_look {
    uint64_t number;
    bool known; /* else the summary is empty */
    struct learner_summary summary;
    struct checkpoint_tie saved;
    size_t saved_bytes;
    char problem[NDF_MESSAGE_SIZE];
};
void learned_look(struct learned_state *state, struct learned_look *out);

/* Before outcomes are removed: notes in the store up to where they are learned,
 * so that the checkpoint can be told to be its own without them. Where that
 * cannot be done, what they taught will be forgotten. */
void learned_note(struct learned_state *state);

#endif
