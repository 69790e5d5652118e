/*
 * tx.h - what a piece of work may write. Only inside a store_work_fn.
 *
 * Calls return NDF_OK, or an error that the work should return too: NDF_EINVAL
 * (text that is no UTF-8, numbers that are not finite), NDF_ELIMIT,
 * NDF_EREFERENCE (it names a source, a spec or a run that is not there),
 * NDF_EEXISTS, NDF_ENOTFOUND, NDF_ENOMEM, or that of the disk.
 */
#ifndef NDF_STORE_TX_H
#define NDF_STORE_TX_H

#include "store/store.h"

/* A view that also sees what this transaction wrote; borrowed, valid in the
 * work; not to be ended. For read, change, write. */
struct store_reader *tx_reader(struct store_tx *tx);

int tx_meta_put(
    struct store_tx *tx, struct str name, struct str value, ndf_error *error);

/* NDF_ENOTFOUND. */
int tx_meta_remove(struct store_tx *tx, struct str name, ndf_error *error);

/* Gives the registry another revision (read_revision), once a piece of work.
 * Whatever changes sources or entries does it by itself. */
int tx_registry_touch(struct store_tx *tx, ndf_error *error);

/* Adds, or replaces the one of that id. NDF_EEXISTS: the name is taken. */
int tx_source_put(
    struct store_tx *tx, const struct store_source *source, ndf_error *error);
/* With all its entries; their specs stay until a cleanup. NDF_ENOTFOUND. */
int tx_source_remove(struct store_tx *tx, struct str id, ndf_error *error);

/* Adds or replaces by id. Its source and its spec must be there. The spec of
 * the replaced one goes when no entry and no run has it any more. */
int tx_entry_put(
    struct store_tx *tx, const struct store_entry *entry, ndf_error *error);
/* NDF_ENOTFOUND. Its spec goes when no entry and no run has it any more. */
int tx_entry_remove(struct store_tx *tx, struct str id, ndf_error *error);

/* Keeps bytes and tells their SHA-256; nothing happens when they are there. */
int tx_content_put(struct store_tx *tx, enum store_content kind,
    struct str bytes, uint8_t hash[STORE_HASH_SIZE], ndf_error *error);

/* Appends; outcome->seq is not looked at, *seq (may be NULL) is what it got.
 * NDF_EEXISTS: the id is there already. */
int tx_outcome_add(struct store_tx *tx, const struct store_outcome *outcome,
    int64_t *seq, ndf_error *error);
/* Adds or replaces by (pattern, domain). */
int tx_tally_put(
    struct store_tx *tx, const struct store_tally *tally, ndf_error *error);
/* Of all domains. NDF_ENOTFOUND: there were none. */
int tx_tallies_remove(
    struct store_tx *tx, struct str pattern, ndf_error *error);

/* Adds, or replaces by id; the journal of that run stays as it is. A text over
 * STORE_TASK_MAX is cut at a character. */
int tx_run_put(
    struct store_tx *tx, const struct store_run *run, ndf_error *error);
/* NDF_ENOTFOUND. */
int tx_run_state(struct store_tx *tx, struct str id, int64_t state,
    int64_t ended_ms, ndf_error *error);

/* Appends to the journal of record->run. record->seq must be the number of
 * records there; else somebody else appended meanwhile: NDF_EBUSY. NDF_ELIMIT:
 * there are STORE_RECORDS_MAX. */
int tx_journal_append(
    struct store_tx *tx, const struct store_record *record, ndf_error *error);

/* The same of several records of one run, at least one. */
int tx_journal_extend(struct store_tx *tx, const struct store_record *records,
    size_t count, ndf_error *error);

/* command->id is not looked at. NDF_EREFERENCE: no such run. */
int tx_command_put(
    struct store_tx *tx, const struct store_command *command, ndf_error *error);
/* Removes it; NDF_ENOTFOUND: somebody else took it. */
int tx_command_take(struct store_tx *tx, int64_t id, ndf_error *error);

#endif
