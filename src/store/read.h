/*
 * read.h - what a reader sees. From the thread that holds the reader.
 *
 * Callbacks get one row at a time, borrowed for the call; not 0 stops the
 * reading and is returned as it is. They may use the same reader.
 * Everything is checked on its way in: what does not fit its hash, checksum or
 * chain is NDF_ECORRUPT, with the place named.
 */
#ifndef NDF_STORE_READ_H
#define NDF_STORE_READ_H

#include "store/store.h"

typedef int (*read_meta_fn)(void *ud, const struct store_meta *meta);
typedef int (*read_source_fn)(void *ud, const struct store_source *source);
typedef int (*read_entry_fn)(void *ud, const struct store_entry *entry);
typedef int (*read_outcome_fn)(void *ud, const struct store_outcome *outcome);
typedef int (*read_tally_fn)(void *ud, const struct store_tally *tally);
typedef int (*read_run_fn)(void *ud, const struct store_run *run);
typedef int (*read_record_fn)(void *ud, const struct store_record *record);
typedef int (*read_command_fn)(void *ud, const struct store_command *command);

/* The bytes live in arena. NDF_ENOTFOUND. */
int read_meta(struct store_reader *reader, struct arena *arena, struct str name,
    struct str *value, ndf_error *error);

/* That of the registry as this reader sees it. NDF_ENOTFOUND: it has none, as
 * nothing changed since there are revisions. */
int read_revision(
    struct store_reader *reader, struct store_revision *out, ndf_error *error);

/* By name. */
int read_metas(
    struct store_reader *reader, read_meta_fn fn, void *ud, ndf_error *error);
/* By name. */
int read_sources(
    struct store_reader *reader, read_source_fn fn, void *ud, ndf_error *error);
/* In the order in which they first came. */
int read_entries(
    struct store_reader *reader, read_entry_fn fn, void *ud, ndf_error *error);

/* The one of that id, if it is there. */
int read_entry(struct store_reader *reader, struct str id, read_entry_fn fn,
    void *ud, ndf_error *error);
/* Those of that name, in the order in which they first came. */
int read_entries_named(struct store_reader *reader, struct str name,
    read_entry_fn fn, void *ud, ndf_error *error);
/* Whether an entry of that id is there. */
int read_entry_exists(
    struct store_reader *reader, struct str id, bool *there, ndf_error *error);

/* The bytes live in arena, with a NUL behind them. NDF_ENOTFOUND. */
int read_content(struct store_reader *reader, struct arena *arena,
    enum store_content kind, const uint8_t hash[STORE_HASH_SIZE],
    struct str *bytes, ndf_error *error);
struct read_stored {
    struct str bytes;
    size_t stored; /* bytes that it takes in the store */
};

/* The same. */
int read_content_stored(struct store_reader *reader, struct arena *arena,
    enum store_content kind, const uint8_t hash[STORE_HASH_SIZE],
    struct read_stored *out, ndf_error *error);
/* Whether it is there; it is not verified. */
int read_content_exists(struct store_reader *reader, enum store_content kind,
    const uint8_t hash[STORE_HASH_SIZE], bool *there, ndf_error *error);

/* Those of seq >= from, by seq. */
int read_outcomes(struct store_reader *reader, int64_t from, read_outcome_fn fn,
    void *ud, ndf_error *error);
/* Newest first; at most limit (0: all). */
int read_outcomes_last(struct store_reader *reader, size_t limit,
    read_outcome_fn fn, void *ud, ndf_error *error);
/* Those of one run, by seq. */
int read_outcomes_of_run(struct store_reader *reader, struct str run,
    read_outcome_fn fn, void *ud, ndf_error *error);
/* By pattern, then domain. */
int read_tallies(
    struct store_reader *reader, read_tally_fn fn, void *ud, ndf_error *error);
/* pattern and domain of *out are those given. NDF_ENOTFOUND. */
int read_tally(struct store_reader *reader, struct str pattern,
    struct str domain, struct store_tally *out, ndf_error *error);

enum { READ_ANY_STATE = -1 };

/* Newest first; of one state, or of READ_ANY_STATE; at most limit (0: all). */
int read_runs(struct store_reader *reader, int64_t state, size_t limit,
    read_run_fn fn, void *ud, ndf_error *error);
/* Those whose id starts with prefix, by id; at most limit (0: all). */
int read_runs_like(struct store_reader *reader, struct str prefix, size_t limit,
    read_run_fn fn, void *ud, ndf_error *error);
/* The strings of *out live in arena. NDF_ENOTFOUND. */
int read_run(struct store_reader *reader, struct arena *arena, struct str id,
    struct store_run *out, ndf_error *error);
/* Records of seq >= from in order, each verified; after the last one, that it
 * is the one the run's row says. NDF_ENOTFOUND: no such run. */
int read_journal(struct store_reader *reader, struct str run, int64_t from,
    read_record_fn fn, void *ud, ndf_error *error);

/* Of one run, or of all (run.size 0); oldest first. */
int read_commands(struct store_reader *reader, struct str run,
    read_command_fn fn, void *ud, ndf_error *error);

#endif
