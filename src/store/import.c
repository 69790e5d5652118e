/*
 * import.c - reads back the lines that export.c writes; see export.h.
 *
 * One line at a time, in any number of transactions: so each kind of line
 * knows by itself whether what it brings is there already. Invariant: nothing
 * that is in the store is changed by an import.
 */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "store/content.h"
#include "store/export.h"
#include "store/handle.h"
#include "store/journal.h"
#include "store/line.h"
#include "store/tx.h"

struct importer {
    struct store_tx *tx;
    struct arena arena;
    const struct value *line;
    ndf_error *error;
};

static int find_row(void *ud, const void *record)
{
    (void)record;
    *(bool *)ud = true;
    return NDF_OK;
}

static int has(
    struct importer *importer, const struct backend_query *query, bool *found)
{
    *found = false;
    const struct store_reader *reader = tx_reader(importer->tx);
    return reader->store->backend->each(
        reader->conn, query, find_row, found, importer->error);
}

static int put(
    struct importer *importer, enum backend_op op, const void *record)
{
    const struct store_reader *reader = tx_reader(importer->tx);
    return reader->store->backend->put(
        reader->conn, op, record, NULL, importer->error);
}

static int decode(struct importer *importer, enum table table, void *record)
{
    return line_to_record(&importer->arena, layout_of(table), importer->line,
        record, importer->error);
}

/* Puts record unless the query finds one. */
static int put_new(struct importer *importer, const struct backend_query *key,
    enum backend_op op, const void *record)
{
    bool found;
    int err = has(importer, key, &found);
    return err == NDF_OK && !found ? put(importer, op, record) : err;
}

static int import_head(struct importer *importer)
{
    int64_t schema = value_get_int(importer->line, STR("schema"), 0);
    if (schema < 1)
        return err_set(importer->error, NDF_ESCHEMA,
            "the first line of an export lacks its schema number");
    if (schema > STORE_SCHEMA_VERSION)
        return err_set(importer->error, NDF_ENEWER,
            "the export was written by a newer ndf (schema %lld, this one "
            "knows %d): use a newer ndf",
            (long long)schema, STORE_SCHEMA_VERSION);
    return NDF_OK;
}

static int import_meta(struct importer *importer)
{
    struct store_meta meta;
    int err = decode(importer, TABLE_META, &meta);
    if (err != NDF_OK) return err;
    /* Of another store: this one draws its own. */
    if (str_equal(meta.name, STR(STORE_REVISION_NOTE))) return NDF_OK;
    return put_new(importer,
        BACKEND_QUERY(OP_META_GET, backend_text(meta.name)), OP_META_PUT,
        &meta);
}

static int import_source(struct importer *importer)
{
    struct store_source source;
    int err = decode(importer, TABLE_SOURCE, &source);
    if (err != NDF_OK) return err;
    err =
        put_new(importer, BACKEND_QUERY(OP_SOURCE_GET, backend_text(source.id)),
            OP_SOURCE_PUT, &source);
    return err == NDF_OK ? tx_registry_touch(importer->tx, importer->error)
                         : err;
}

static int import_content(struct importer *importer, enum store_content kind)
{
    struct content_row row;
    int err = line_to_record(&importer->arena, &export_content_layouts[kind],
        importer->line, &row, importer->error);
    if (err != NDF_OK) return err;
    uint8_t hash[STORE_HASH_SIZE];
    err = tx_content_put(importer->tx, kind, row.body, hash, importer->error);
    if (err == NDF_OK && memcmp(hash, row.hash, sizeof hash) != 0)
        err = err_set(importer->error, NDF_ECORRUPT,
            "the line of a %s is damaged: its hash is another",
            export_content_layouts[kind].name);
    return err;
}

static int import_spec(struct importer *importer)
{
    return import_content(importer, STORE_SPEC);
}

static int import_snapshot(struct importer *importer)
{
    return import_content(importer, STORE_SNAPSHOT);
}

static int import_blob(struct importer *importer)
{
    return import_content(importer, STORE_BLOB);
}

static int import_entry(struct importer *importer)
{
    struct store_entry entry;
    int err = decode(importer, TABLE_ENTRY, &entry);
    if (err != NDF_OK) return err;
    err = put_new(importer, BACKEND_QUERY(OP_ENTRY_GET, backend_text(entry.id)),
        OP_ENTRY_PUT, &entry);
    return err == NDF_OK ? tx_registry_touch(importer->tx, importer->error)
                         : err;
}

static int import_run(struct importer *importer)
{
    struct store_run run;
    bool found = false;
    int err = decode(importer, TABLE_RUN, &run);
    if (err == NDF_OK)
        err = has(
            importer, BACKEND_QUERY(OP_RUN_GET, backend_text(run.id)), &found);
    if (err != NDF_OK || found) return err;
    return tx_run_put(importer->tx, &run, importer->error);
}

/* ---- journals ------------------------------------------------------------ */

struct there {
    bool found;
    int64_t records; /* of a run */
    uint8_t chain[STORE_HASH_SIZE];
};

static int take_run(void *ud, const void *record)
{
    struct there *there = ud;
    const struct store_run *run = record;
    there->found = true;
    there->records = run->records;
    memcpy(there->chain, run->chain, sizeof there->chain);
    return NDF_OK;
}

static int take_record(void *ud, const void *row)
{
    struct there *there = ud;
    const struct store_record *record = row;
    there->found = true;
    memcpy(there->chain, record->chain, sizeof there->chain);
    return NDF_OK;
}

static int look(struct importer *importer, const struct backend_query *query,
    backend_row_fn take, struct there *there)
{
    memset(there, 0, sizeof *there);
    const struct store_reader *reader = tx_reader(importer->tx);
    return reader->store->backend->each(
        reader->conn, query, take, there, importer->error);
}

static int find_run(
    struct importer *importer, struct str id, struct there *there)
{
    int err = look(
        importer, BACKEND_QUERY(OP_RUN_GET, backend_text(id)), take_run, there);
    if (err == NDF_OK && !there->found)
        err = err_set(importer->error, NDF_EREFERENCE,
            "a journal's line comes before its run %.*s", STR_ARG(id));
    return err;
}

/* Is record seq of the run there, with this link? */
static int require_same(struct importer *importer, struct str run, int64_t seq,
    const uint8_t chain[STORE_HASH_SIZE])
{
    struct there there;
    int err = look(importer,
        BACKEND_QUERY(OP_JOURNAL_AT, backend_text(run), backend_int(seq)),
        take_record, &there);
    if (err != NDF_OK) return err;
    if (there.found && memcmp(there.chain, chain, sizeof there.chain) == 0)
        return NDF_OK;
    return err_set(importer->error, NDF_EEXISTS,
        "the store has another journal of run %.*s: import into another store",
        STR_ARG(run));
}

static int import_record(struct importer *importer)
{
    struct store_record record;
    struct there run;
    int err = decode(importer, TABLE_JOURNAL, &record);
    if (err == NDF_OK) err = find_run(importer, record.run, &run);
    if (err != NDF_OK) return err;
    if (record.seq < run.records)
        return require_same(importer, record.run, record.seq, record.chain);
    if (record.seq > run.records)
        return err_set(importer->error, NDF_ECORRUPT,
            "the export lacks record %lld of run %.*s", (long long)run.records,
            STR_ARG(record.run));
    err = journal_verify(run.chain, &record, importer->error);
    if (err != NDF_OK) return err;
    return tx_journal_append(importer->tx, &record, importer->error);
}

static int import_record_end(struct importer *importer)
{
    const struct value *line = importer->line;
    struct str id = value_get_str(line, STR("run"));
    struct str hex = value_get_str(line, STR("chain"));
    int64_t records = value_get_int(line, STR("records"), -1);
    uint8_t chain[STORE_HASH_SIZE];
    if (id.at == NULL || records < 0 || hex.at == NULL ||
        !hash_unhex(hex, chain, sizeof chain))
        return err_set(importer->error, NDF_ESCHEMA,
            "the line of a journal_end needs run, records and chain");
    struct there run;
    int err = find_run(importer, id, &run);
    if (err != NDF_OK) return err;
    if (run.records < records)
        return err_set(importer->error, NDF_ECORRUPT,
            "the export has %lld of the %lld records of run %.*s: it was cut",
            (long long)run.records, (long long)records, STR_ARG(id));
    return records == 0 ? NDF_OK
                        : require_same(importer, id, records - 1, chain);
}

/* ---- the rest ------------------------------------------------------------ */

enum { BEHIND = 1 };

static int stop_behind(void *ud, const void *record)
{
    (void)ud;
    (void)record;
    return BEHIND;
}

/* Keeps its number when it is behind all that are there: who learned those
 * must not miss one before them. */
static int import_outcome(struct importer *importer)
{
    struct store_outcome outcome;
    bool found = false;
    int err = decode(importer, TABLE_OUTCOME, &outcome);
    if (err == NDF_OK)
        err = has(importer,
            BACKEND_QUERY(OP_OUTCOME_GET, backend_text(outcome.id)), &found);
    if (err != NDF_OK || found) return err;
    const struct store_reader *reader = tx_reader(importer->tx);
    err = reader->store->backend->each(reader->conn,
        BACKEND_QUERY(OP_OUTCOMES, backend_int(outcome.seq)), stop_behind, NULL,
        importer->error);
    if (err == BEHIND || outcome.seq < 1) outcome.seq = 0;
    if (err != NDF_OK && err != BEHIND) return err;
    return put(importer, OP_OUTCOME_ADD, &outcome);
}

static int import_tally(struct importer *importer)
{
    struct store_tally tally;
    int err = decode(importer, TABLE_TALLY, &tally);
    if (err != NDF_OK) return err;
    return put_new(importer,
        BACKEND_QUERY(OP_TALLY_GET, backend_text(tally.pattern),
            backend_text(tally.domain)),
        OP_TALLY_PUT, &tally);
}

static int import_command(struct importer *importer)
{
    struct store_command command;
    int err = decode(importer, TABLE_COMMAND, &command);
    if (err != NDF_OK) return err;
    return put_new(importer,
        BACKEND_QUERY(OP_COMMAND_GET, backend_int(command.id)), OP_COMMAND_ADD,
        &command);
}

static const struct {
    const char *name;
    int (*read)(struct importer *importer);
} kinds[] = {
    {"ndf", import_head},
    {"meta", import_meta},
    {"source", import_source},
    {"spec", import_spec},
    {"snapshot", import_snapshot},
    {"blob", import_blob},
    {"entry", import_entry},
    {"run", import_run},
    {"journal", import_record},
    {"journal_end", import_record_end},
    {"outcome", import_outcome},
    {"tally", import_tally},
    {"command", import_command},
};

int store_import_line(
    struct store_tx *tx, const struct value *line, ndf_error *error)
{
    struct str name = value_get_str(line, STR("record"));
    size_t at = 0, count = sizeof kinds / sizeof kinds[0];
    while (at < count && !str_equal(name, str_of(kinds[at].name)))
        at++;
    if (at == count)
        return err_set(error, NDF_ESCHEMA,
            "this is no line of an export: its \"record\" is \"%.*s\"",
            STR_ARG(name));
    struct importer importer = {.tx = tx, .line = line, .error = error};
    arena_init(&importer.arena, tx->reader.store->mem);
    int err = kinds[at].read(&importer);
    arena_deinit(&importer.arena);
    return err;
}
