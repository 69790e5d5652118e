/*
 * sessions.h - who had the last turn of a session.
 *
 * A session is a name that the host gives to the tasks of one conversation. Its
 * last turn is kept in the store for a day, by the transaction that starts the
 * turn's run, and in memory as long as no other process wrote to the store.
 * Sessions share SESSIONS_ROWS rows, each of which keeps the latest
 * SESSIONS_A_ROW: their number is bounded without ever counting them.
 */
#ifndef NDF_ENGINE_SESSIONS_H
#define NDF_ENGINE_SESSIONS_H

#include <pthread.h>

#include "store/read.h"
#include "store/tx.h"

enum { SESSION_ID_MAX = 128, SESSIONS_ROWS = 64, SESSIONS_A_ROW = 16 };

extern const int64_t session_age_max_ms;

struct turn {
    struct str session, pattern, run; /* pattern: its qualified name */
    int64_t at_ms;
};

struct session_row {
    struct str text; /* as stored; .at NULL: there is none */
    int64_t version; /* of the store's data when it was read */
    bool known;      /* it was read, and not written since */
};

/* The rows that were read. */
struct sessions {
    const struct mem *mem;
    struct store *store; /* borrowed */
    pthread_mutex_t lock;
    struct session_row rows[SESSIONS_ROWS];
    uint64_t writes; /* of this engine */
};

void sessions_init(struct sessions *sessions, const struct mem *mem);
void sessions_deinit(struct sessions *sessions);

/* NDF_EINVAL: no id of a session. NULL is one: no session. */
int session_check(const char *session, ndf_error *error);
/* The last turn of a session after since_ms, in arena; pattern.at NULL: it has
 * none. NDF_ENOMEM, store errors. */
int sessions_last(struct sessions *sessions, struct str session,
    int64_t since_ms, struct arena *arena, struct turn *out, ndf_error *error);
/* In a transaction: it is the last turn of its session. */
int sessions_put(struct store_tx *tx, const struct mem *mem,
    const struct turn *turn, ndf_error *error);
/* The same, if the last turn of the session is of that run. */
int sessions_correct(struct store_tx *tx, const struct mem *mem,
    const struct turn *turn, ndf_error *error);
/* After either. session.at NULL: nothing was written. */
void sessions_written(struct sessions *sessions, struct str session);
/* Removes the turns before that time. */
int sessions_clean(
    struct sessions *sessions, int64_t before_ms, ndf_error *error);

#endif
