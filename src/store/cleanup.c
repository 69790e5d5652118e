/*
 * cleanup.c - see cleanup.h.
 *
 * What is to go is found in a reader's view and removed in transactions of a
 * bounded size, each of which looks again before it removes. How records refer
 * to contents is not known here, so everything that looks like a SHA-256 in
 * one counts as a reference. Invariant: a content goes only in a transaction
 * that has seen all records there are.
 */
#include "store/cleanup.h"

#include <string.h>

#include "base/hash.h"
#include "base/map.h"
#include "base/vec.h"
#include "store/handle.h"
#include "store/read.h"
#include "store/tx.h"

enum { RUNS_AT_ONCE = 64, ROWS_AT_ONCE = 1024, HEX_SIZE = 64 };

struct loose {
    enum store_content kind;
    uint8_t hash[STORE_HASH_SIZE];
    uint64_t bytes;
};

struct cleanup {
    struct store *store;
    const struct store_cleanup *what;
    struct store_cleanup_counts *counts;
    struct arena arena;
    struct vec runs;     /* struct str: may go */
    struct vec outcomes; /* int64_t: may go */
    struct vec contents; /* struct loose: may go */
    size_t next;         /* of the vec that is being worked off */
    struct vec gone;     /* struct str: runs of this transaction */
    struct map refs;     /* a hash -> anything */
    struct map seen;     /* a run's id -> int64_t: records looked at */
    uint64_t works;      /* of the store, and its version, when all that */
    int64_t version;     /* there was had been looked at */
};

static int each(struct store_reader *reader, const struct backend_query *query,
    backend_row_fn row, void *ud, ndf_error *error)
{
    return reader->store->backend->each(reader->conn, query, row, ud, error);
}

/* Nothing to remove is fine. */
static int change(struct store_tx *tx, const struct backend_query *query,
    bool *done, ndf_error *error)
{
    const struct store_reader *reader = tx_reader(tx);
    ndf_error why = {.code = NDF_OK};
    int err = reader->store->backend->change(reader->conn, query, &why);
    *done = err == NDF_OK;
    if (err == NDF_OK || err == NDF_ENOTFOUND) return NDF_OK;
    *error = why;
    return err;
}

/* ---- runs ---------------------------------------------------------------- */

static int collect_run(void *ud, const void *record)
{
    struct cleanup *cleanup = ud;
    const struct store_run *run = record;
    if (cleanup->what->owned(cleanup->what->ud, run->id)) return NDF_OK;
    struct str *id = vec_push(&cleanup->runs);
    if (id == NULL) return NDF_ENOMEM;
    *id = arena_str(&cleanup->arena, run->id);
    return id->at != NULL ? NDF_OK : NDF_ENOMEM;
}

/* A run, looked at again inside the transaction. */
struct old_run {
    int64_t before_ms;
    bool old;
    uint64_t outcomes, bytes;
};

static int look_at_run(void *ud, const void *record)
{
    struct old_run *look = ud;
    const struct store_run *run = record;
    look->old = run->state != 0 && run->started_ms < look->before_ms &&
                run->ended_ms < look->before_ms;
    return NDF_OK;
}

/* A word on the run that is newer keeps it. */
static int look_at_outcome(void *ud, const void *record)
{
    struct old_run *look = ud;
    const struct store_outcome *outcome = record;
    if (outcome->at_ms >= look->before_ms) look->old = false;
    look->outcomes++;
    look->bytes += outcome->body.size;
    return NDF_OK;
}

static int weigh_record(void *ud, const void *record)
{
    struct old_run *look = ud;
    const struct store_record *row = record;
    look->bytes += row->body.size;
    return NDF_OK;
}

static int look_again(
    struct store_tx *tx, struct str id, struct old_run *look, ndf_error *error)
{
    struct store_reader *reader = tx_reader(tx);
    int err = each(reader, BACKEND_QUERY(OP_RUN_GET, backend_text(id)),
        look_at_run, look, error);
    if (err == NDF_OK && look->old)
        err = each(reader, BACKEND_QUERY(OP_OUTCOMES_OF_RUN, backend_text(id)),
            look_at_outcome, look, error);
    if (err == NDF_OK && look->old)
        err = each(reader,
            BACKEND_QUERY(OP_JOURNAL, backend_text(id), backend_int(0)),
            weigh_record, look, error);
    return err;
}

/* First what names the run, then the run. */
static int remove_run(struct store_tx *tx, struct str id, ndf_error *error)
{
    static const enum backend_op ops[] = {OP_JOURNAL_REMOVE, OP_COMMANDS_REMOVE,
        OP_OUTCOMES_REMOVE, OP_RUN_REMOVE};
    bool done;
    int err = NDF_OK;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0] && err == NDF_OK; i++)
        err = change(tx, BACKEND_QUERY(ops[i], backend_text(id)), &done, error);
    return err;
}

static int runs_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct cleanup *cleanup = ud;
    int err = NDF_OK;
    for (size_t i = 0; i < RUNS_AT_ONCE && err == NDF_OK; i++) {
        if (cleanup->next == cleanup->runs.count) break;
        struct str id =
            *(const struct str *)vec_get(&cleanup->runs, cleanup->next++);
        struct old_run look = {.before_ms = cleanup->what->before_ms};
        err = look_again(tx, id, &look, error);
        if (err != NDF_OK || !look.old) continue;
        err = remove_run(tx, id, error);
        struct str *gone = vec_push(&cleanup->gone);
        if (gone == NULL) return err_set(error, NDF_ENOMEM, "out of memory");
        *gone = id;
        cleanup->counts->runs++;
        cleanup->counts->outcomes += look.outcomes;
        cleanup->counts->bytes += look.bytes;
    }
    return err;
}

static int remove_runs(struct cleanup *cleanup, ndf_error *error)
{
    int err = NDF_OK;
    cleanup->next = 0;
    while (err == NDF_OK && cleanup->next < cleanup->runs.count) {
        vec_clear(&cleanup->gone);
        err = store_write(cleanup->store, runs_work, cleanup, error);
        for (size_t i = 0; err == NDF_OK && i < cleanup->gone.count; i++)
            cleanup->what->removed(cleanup->what->ud,
                *(const struct str *)vec_get(&cleanup->gone, i));
    }
    return err;
}

/* ---- outcomes ------------------------------------------------------------ */

static int collect_outcome(void *ud, const void *record)
{
    struct cleanup *cleanup = ud;
    const struct store_outcome *outcome = record;
    int64_t *seq = vec_push(&cleanup->outcomes);
    if (seq == NULL) return NDF_ENOMEM;
    *seq = outcome->seq;
    cleanup->counts->bytes += outcome->body.size;
    return NDF_OK;
}

static int outcomes_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    struct cleanup *cleanup = ud;
    int err = NDF_OK;
    for (size_t i = 0; i < ROWS_AT_ONCE && err == NDF_OK; i++) {
        if (cleanup->next == cleanup->outcomes.count) break;
        const int64_t *seq = vec_get(&cleanup->outcomes, cleanup->next++);
        bool done;
        err = change(tx, BACKEND_QUERY(OP_OUTCOME_REMOVE, backend_int(*seq)),
            &done, error);
        if (done) cleanup->counts->outcomes++;
    }
    return err;
}

/* ---- references ---------------------------------------------------------- */

static int add_ref(struct cleanup *cleanup, const uint8_t hash[STORE_HASH_SIZE])
{
    struct str key = {(const char *)hash, STORE_HASH_SIZE};
    if (map_has(&cleanup->refs, key)) return NDF_OK;
    key.at = arena_dup(&cleanup->arena, hash, STORE_HASH_SIZE);
    if (key.at == NULL) return NDF_ENOMEM;
    return map_put(&cleanup->refs, key, cleanup);
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') ||
           (c >= 'A' && c <= 'F');
}

/* Whatever stands there as 64 hex digits. */
static int add_refs_of_text(struct cleanup *cleanup, struct str text)
{
    size_t digits = 0;
    int err = NDF_OK;
    for (size_t i = 0; i <= text.size && err == NDF_OK; i++) {
        if (i < text.size && is_hex(text.at[i])) {
            digits++;
            continue;
        }
        uint8_t hash[STORE_HASH_SIZE];
        struct str hex = {text.at + i - digits, digits};
        if (digits == HEX_SIZE && hash_unhex(hex, hash, sizeof hash))
            err = add_ref(cleanup, hash);
        digits = 0;
    }
    return err;
}

static int add_refs_of_record(void *ud, const void *row)
{
    const struct store_record *record = row;
    return add_refs_of_text(ud, record->body);
}

struct marking {
    struct cleanup *cleanup;
    struct store_reader *reader;
    ndf_error *error;
};

/* What of the run was not seen yet. */
static int mark_run(void *ud, const void *record)
{
    const struct marking *marking = ud;
    struct cleanup *cleanup = marking->cleanup;
    const struct store_run *run = record;
    int64_t *seen = map_get(&cleanup->seen, run->id);
    if (seen != NULL && *seen == run->records) return NDF_OK;
    int err = NDF_OK;
    if (seen == NULL) {
        struct str id = arena_str(&cleanup->arena, run->id);
        seen = arena_calloc(&cleanup->arena, 1, sizeof *seen);
        if (id.at == NULL || seen == NULL) return NDF_ENOMEM;
        err = map_put(&cleanup->seen, id, seen);
        if (err == NDF_OK) err = add_ref(cleanup, run->version);
        if (err == NDF_OK) err = add_ref(cleanup, run->plan);
    }
    if (err == NDF_OK)
        err = each(marking->reader,
            BACKEND_QUERY(
                OP_JOURNAL, backend_text(run->id), backend_int(*seen)),
            add_refs_of_record, cleanup, marking->error);
    *seen = run->records;
    return err;
}

static int mark(
    struct cleanup *cleanup, struct store_reader *reader, ndf_error *error)
{
    struct marking marking = {cleanup, reader, error};
    return each(reader, &(const struct backend_query){.op = OP_RUNS_OLDEST},
        mark_run, &marking, error);
}

/* ---- contents ------------------------------------------------------------ */

static bool is_referred_to(
    const struct cleanup *cleanup, const uint8_t hash[STORE_HASH_SIZE])
{
    return map_has(
        &cleanup->refs, (struct str){(const char *)hash, STORE_HASH_SIZE});
}

struct collecting {
    struct cleanup *cleanup;
    enum store_content kind;
};

static int collect_content(void *ud, const void *record)
{
    const struct collecting *collecting = ud;
    const struct content_row *row = record;
    if (is_referred_to(collecting->cleanup, row->hash)) return NDF_OK;
    struct loose *loose = vec_push(&collecting->cleanup->contents);
    if (loose == NULL) return NDF_ENOMEM;
    loose->kind = collecting->kind;
    loose->bytes = (uint64_t)row->size;
    memcpy(loose->hash, row->hash, sizeof loose->hash);
    return NDF_OK;
}

static int collect_contents(
    struct cleanup *cleanup, struct store_reader *reader, ndf_error *error)
{
    static const enum backend_op ops[] = {
        [STORE_SPEC] = OP_SPECS_LOOSE,
        [STORE_SNAPSHOT] = OP_SNAPSHOT_SIZES,
        [STORE_BLOB] = OP_BLOB_SIZES,
    };
    int err = mark(cleanup, reader, error);
    for (size_t i = 0; i < sizeof ops / sizeof ops[0] && err == NDF_OK; i++) {
        struct collecting collecting = {cleanup, (enum store_content)i};
        err = each(reader, &(const struct backend_query){.op = ops[i]},
            collect_content, &collecting, error);
    }
    return err;
}

static int contents_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    static const enum backend_op ops[] = {
        [STORE_SPEC] = OP_SPEC_PRUNE,
        [STORE_SNAPSHOT] = OP_SNAPSHOT_REMOVE,
        [STORE_BLOB] = OP_BLOB_REMOVE,
    };
    struct cleanup *cleanup = ud;
    struct store *store = cleanup->store;
    int64_t version = store->backend->version(store->db);
    int err = NDF_OK;
    /* Nobody but this wrote since: there is nothing new to look at. */
    if (store->works != cleanup->works + 1 || version != cleanup->version)
        err = mark(cleanup, tx_reader(tx), error);
    cleanup->works = store->works;
    cleanup->version = version;
    for (size_t i = 0; i < ROWS_AT_ONCE && err == NDF_OK; i++) {
        if (cleanup->next == cleanup->contents.count) break;
        const struct loose *loose =
            vec_get(&cleanup->contents, cleanup->next++);
        if (is_referred_to(cleanup, loose->hash)) continue;
        bool done;
        err = change(tx,
            BACKEND_QUERY(ops[loose->kind], backend_hash(loose->hash)), &done,
            error);
        if (!done) continue;
        cleanup->counts->contents++;
        cleanup->counts->bytes += loose->bytes;
    }
    return err;
}

/* ---- all ----------------------------------------------------------------- */

typedef int (*collect_fn)(
    struct cleanup *cleanup, struct store_reader *reader, ndf_error *error);

/* In a view that has ended before anything is written. */
static int look(struct cleanup *cleanup, collect_fn collect, ndf_error *error)
{
    struct store_reader *reader;
    int err = store_read_begin(cleanup->store, &reader, error);
    if (err != NDF_OK) return err;
    err = collect(cleanup, reader, error);
    store_read_end(reader);
    if (err == NDF_ENOMEM) err_set(error, err, "out of memory");
    return err;
}

static int collect_runs(
    struct cleanup *cleanup, struct store_reader *reader, ndf_error *error)
{
    return each(reader,
        BACKEND_QUERY(OP_RUNS_OLD, backend_int(cleanup->what->before_ms)),
        collect_run, cleanup, error);
}

static int collect_outcomes(
    struct cleanup *cleanup, struct store_reader *reader, ndf_error *error)
{
    return each(reader,
        BACKEND_QUERY(OP_OUTCOMES_OLD, backend_int(cleanup->what->before_ms)),
        collect_outcome, cleanup, error);
}

static int work_off(struct cleanup *cleanup, const struct vec *list,
    store_work_fn work, ndf_error *error)
{
    int err = NDF_OK;
    cleanup->next = 0;
    while (err == NDF_OK && cleanup->next < list->count)
        err = store_write(cleanup->store, work, cleanup, error);
    return err;
}

int store_cleanup(struct store *store, const struct store_cleanup *what,
    struct store_cleanup_counts *counts, ndf_error *error)
{
    memset(counts, 0, sizeof *counts);
    struct cleanup cleanup = {
        .store = store, .what = what, .counts = counts, .works = UINT64_MAX};
    arena_init(&cleanup.arena, store->mem);
    vec_init(&cleanup.runs, store->mem, sizeof(struct str));
    vec_init(&cleanup.gone, store->mem, sizeof(struct str));
    vec_init(&cleanup.outcomes, store->mem, sizeof(int64_t));
    vec_init(&cleanup.contents, store->mem, sizeof(struct loose));
    map_init(&cleanup.refs, store->mem);
    map_init(&cleanup.seen, store->mem);
    int err = look(&cleanup, collect_runs, error);
    if (err == NDF_OK) err = remove_runs(&cleanup, error);
    if (err == NDF_OK) err = look(&cleanup, collect_outcomes, error);
    if (err == NDF_OK)
        err = work_off(&cleanup, &cleanup.outcomes, outcomes_work, error);
    if (err == NDF_OK) err = look(&cleanup, collect_contents, error);
    if (err == NDF_OK)
        err = work_off(&cleanup, &cleanup.contents, contents_work, error);
    map_deinit(&cleanup.seen);
    map_deinit(&cleanup.refs);
    vec_deinit(&cleanup.contents);
    vec_deinit(&cleanup.outcomes);
    vec_deinit(&cleanup.gone);
    vec_deinit(&cleanup.runs);
    arena_deinit(&cleanup.arena);
    return err;
}
