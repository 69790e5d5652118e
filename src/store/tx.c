/*
 * tx.c - see tx.h.
 *
 * Invariant: the row of a run always has the number of records of its journal
 * and the link of the last one, since both change in one transaction.
 */
#include "store/tx.h"

#include <string.h>

#include "base/os.h"
#include "base/utf8.h"
#include "store/content.h"
#include "store/handle.h"
#include "store/journal.h"

static int put(struct store_tx *tx, enum backend_op op, const void *record,
    int64_t *key, ndf_error *error)
{
    const struct store_reader *reader = &tx->reader;
    return reader->store->backend->put(reader->conn, op, record, key, error);
}

static int change(
    struct store_tx *tx, const struct backend_query *query, ndf_error *error)
{
    const struct store_reader *reader = &tx->reader;
    return reader->store->backend->change(reader->conn, query, error);
}

struct store_reader *tx_reader(struct store_tx *tx)
{
    return &tx->reader;
}

int tx_meta_put(
    struct store_tx *tx, struct str name, struct str value, ndf_error *error)
{
    struct store_meta meta = {.name = name, .value = value};
    return put(tx, OP_META_PUT, &meta, NULL, error);
}

int tx_meta_remove(struct store_tx *tx, struct str name, ndf_error *error)
{
    return change(tx, BACKEND_QUERY(OP_META_REMOVE, backend_text(name)), error);
}

/* Drawn, not counted: copies of a store that go on apart never have the same
 * one for different entries. */
int tx_registry_touch(struct store_tx *tx, ndf_error *error)
{
    struct store_revision revision;
    if (tx->touched) return NDF_OK;
    int err = os_random(revision.bytes, sizeof revision.bytes);
    if (err != NDF_OK)
        return err_set(error, err, "there are no random bytes to be had");
    err = tx_meta_put(tx, STR(STORE_REVISION_NOTE),
        (struct str){(const char *)revision.bytes, sizeof revision.bytes},
        error);
    tx->touched = err == NDF_OK;
    return err;
}

int tx_source_put(
    struct store_tx *tx, const struct store_source *source, ndf_error *error)
{
    int err = put(tx, OP_SOURCE_PUT, source, NULL, error);
    return err == NDF_OK ? tx_registry_touch(tx, error) : err;
}

int tx_source_remove(struct store_tx *tx, struct str id, ndf_error *error)
{
    int err =
        change(tx, BACKEND_QUERY(OP_SOURCE_REMOVE, backend_text(id)), error);
    return err == NDF_OK ? tx_registry_touch(tx, error) : err;
}

/* The document that an entry has before it changes. */
struct old_spec {
    bool found;
    uint8_t hash[STORE_HASH_SIZE];
};

static int take_spec(void *ud, const void *record)
{
    struct old_spec *old = ud;
    const struct store_entry *entry = record;
    old->found = true;
    memcpy(old->hash, entry->spec, sizeof old->hash);
    return NDF_OK;
}

static int find_spec(
    struct store_tx *tx, struct str id, struct old_spec *old, ndf_error *error)
{
    old->found = false;
    const struct store_reader *reader = &tx->reader;
    int err = reader->store->backend->each(reader->conn,
        BACKEND_QUERY(OP_ENTRY_GET, backend_text(id)), take_spec, old, error);
    /* A damaged row can be replaced; its document waits for a cleanup. */
    return err == NDF_ECORRUPT ? NDF_OK : err;
}

/* Nothing happens while another entry or a run has that document. */
static int prune_spec(
    struct store_tx *tx, const struct old_spec *old, ndf_error *error)
{
    int err =
        change(tx, BACKEND_QUERY(OP_SPEC_PRUNE, backend_hash(old->hash)), NULL);
    if (err == NDF_OK || err == NDF_ENOTFOUND) return NDF_OK;
    return err_set(error, err, "the old document cannot be removed: %s",
        ndf_strerror(err));
}

int tx_entry_put(
    struct store_tx *tx, const struct store_entry *entry, ndf_error *error)
{
    struct old_spec old;
    int err = find_spec(tx, entry->id, &old, error);
    if (err == NDF_OK) err = put(tx, OP_ENTRY_PUT, entry, NULL, error);
    if (err == NDF_OK) err = tx_registry_touch(tx, error);
    bool other =
        old.found && memcmp(old.hash, entry->spec, sizeof old.hash) != 0;
    return err == NDF_OK && other ? prune_spec(tx, &old, error) : err;
}

int tx_entry_remove(struct store_tx *tx, struct str id, ndf_error *error)
{
    struct old_spec old;
    int err = find_spec(tx, id, &old, error);
    if (err == NDF_OK)
        err =
            change(tx, BACKEND_QUERY(OP_ENTRY_REMOVE, backend_text(id)), error);
    if (err == NDF_OK) err = tx_registry_touch(tx, error);
    return err == NDF_OK && old.found ? prune_spec(tx, &old, error) : err;
}

int tx_content_put(struct store_tx *tx, enum store_content kind,
    struct str bytes, uint8_t hash[STORE_HASH_SIZE], ndf_error *error)
{
    static const enum backend_op ops[] = {
        [STORE_SPEC] = OP_SPEC_PUT,
        [STORE_SNAPSHOT] = OP_SNAPSHOT_PUT,
        [STORE_BLOB] = OP_BLOB_PUT,
    };
    struct content_row row;
    int err = content_pack(&tx->packer, bytes, &row, error);
    if (err == NDF_OK) err = put(tx, ops[kind], &row, NULL, error);
    if (err == NDF_OK) memcpy(hash, row.hash, sizeof row.hash);
    /* One large output must not be held for ever. */
    content_packer_trim(&tx->packer);
    return err;
}

int tx_outcome_add(struct store_tx *tx, const struct store_outcome *outcome,
    int64_t *seq, ndf_error *error)
{
    struct store_outcome next = *outcome;
    next.seq = 0;
    return put(tx, OP_OUTCOME_ADD, &next, seq, error);
}

int tx_tally_put(
    struct store_tx *tx, const struct store_tally *tally, ndf_error *error)
{
    return put(tx, OP_TALLY_PUT, tally, NULL, error);
}

int tx_tallies_remove(struct store_tx *tx, struct str pattern, ndf_error *error)
{
    return change(
        tx, BACKEND_QUERY(OP_TALLIES_REMOVE, backend_text(pattern)), error);
}

/* At most max bytes of a valid text, whole characters only. */
static struct str cut_text(struct str text, size_t max)
{
    if (text.size <= max) return text;
    while (max > 0 && ((unsigned char)text.at[max] & 0xc0) == 0x80)
        max--;
    return str_until(text, max);
}

/* Calls fn with the row of a run, if there is one; that may put it anew. */
static int with_run(struct store_tx *tx, struct str id, backend_row_fn fn,
    void *ud, ndf_error *error)
{
    const struct store_reader *reader = &tx->reader;
    return reader->store->backend->each(reader->conn,
        BACKEND_QUERY(OP_RUN_GET, backend_text(id)), fn, ud, error);
}

static int keep_journal(void *ud, const void *record)
{
    struct store_run *row = ud;
    const struct store_run *old = record;
    row->records = old->records;
    memcpy(row->chain, old->chain, sizeof row->chain);
    return NDF_OK;
}

int tx_run_put(
    struct store_tx *tx, const struct store_run *run, ndf_error *error)
{
    struct store_run row = *run;
    row.text = cut_text(row.text, STORE_TASK_MAX);
    row.records = 0;
    journal_start(row.id, row.chain);
    int err = with_run(tx, row.id, keep_journal, &row, error);
    return err == NDF_OK ? put(tx, OP_RUN_PUT, &row, NULL, error) : err;
}

struct change {
    struct store_tx *tx;
    bool found;
    int64_t state, ended_ms;            /* of tx_run_state */
    const struct store_record *records; /* of tx_journal_extend */
    size_t count;
    ndf_error *error;
};

static int change_state(void *ud, const void *record)
{
    struct change *change = ud;
    struct store_run run = *(const struct store_run *)record;
    change->found = true;
    run.state = change->state;
    run.ended_ms = change->ended_ms;
    return put(change->tx, OP_RUN_END, &run, NULL, change->error);
}

int tx_run_state(struct store_tx *tx, struct str id, int64_t state,
    int64_t ended_ms, ndf_error *error)
{
    struct change to = {
        .tx = tx, .state = state, .ended_ms = ended_ms, .error = error};
    int err = with_run(tx, id, change_state, &to, error);
    if (err == NDF_OK && !to.found)
        err =
            err_set(error, NDF_ENOTFOUND, "there is no run %.*s", STR_ARG(id));
    return err;
}

static int append_one(struct change *change, struct store_run *run,
    const struct store_record *record)
{
    if (record->seq != run->records)
        return err_set(change->error, NDF_EBUSY,
            "the journal of run %.*s has %lld records, not %lld: another "
            "process goes on with this run",
            STR_ARG(run->id), (long long)run->records, (long long)record->seq);
    if (run->records == STORE_RECORDS_MAX)
        return err_set(change->error, NDF_ELIMIT,
            "the journal of run %.*s is full: it has %d records",
            STR_ARG(run->id), STORE_RECORDS_MAX);
    struct store_record sealed = *record;
    journal_seal(run->chain, &sealed);
    run->records++;
    memcpy(run->chain, sealed.chain, sizeof run->chain);
    return put(change->tx, OP_JOURNAL_ADD, &sealed, NULL, change->error);
}

static int append(void *ud, const void *row)
{
    struct change *change = ud;
    struct store_run run = *(const struct store_run *)row;
    change->found = true;
    int err = NDF_OK;
    for (size_t i = 0; i < change->count && err == NDF_OK; i++)
        err = append_one(change, &run, &change->records[i]);
    if (err != NDF_OK) return err;
    return put(change->tx, OP_RUN_ADVANCE, &run, NULL, change->error);
}

int tx_journal_extend(struct store_tx *tx, const struct store_record *records,
    size_t count, ndf_error *error)
{
    struct change to = {
        .tx = tx, .records = records, .count = count, .error = error};
    int err = with_run(tx, records->run, append, &to, error);
    if (err == NDF_OK && !to.found)
        err = err_set(error, NDF_EREFERENCE, "there is no run %.*s",
            STR_ARG(records->run));
    return err;
}

int tx_journal_append(
    struct store_tx *tx, const struct store_record *record, ndf_error *error)
{
    return tx_journal_extend(tx, record, 1, error);
}

int tx_command_put(
    struct store_tx *tx, const struct store_command *command, ndf_error *error)
{
    struct store_command next = *command;
    next.id = 0;
    return put(tx, OP_COMMAND_ADD, &next, NULL, error);
}

int tx_command_take(struct store_tx *tx, int64_t id, ndf_error *error)
{
    return change(tx, BACKEND_QUERY(OP_COMMAND_REMOVE, backend_int(id)), error);
}
