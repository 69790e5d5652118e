/*
 * check.c - walks a whole store and reports what is wrong with it.
 *
 * The backend looks at its own structure and references; here it is hashes,
 * checksums, chains, and the references that the backend does not know. All in
 * one view, so nothing moves meanwhile. Invariant: a problem never ends the
 * walk of the other kinds.
 */
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "store/content.h"
#include "store/handle.h"
#include "store/read.h"

enum { WHERE_SIZE = 256 };

struct walker {
    struct store_reader *reader;
    store_problem_fn report;
    void *ud;
    struct store_check_counts *counts;
    ndf_error *error;
};

static void report(struct walker *walker, const char *where, const char *what)
{
    walker->counts->problems++;
    if (walker->report != NULL) walker->report(walker->ud, where, what);
}

static void report_backend(void *ud, const char *where, const char *what)
{
    report(ud, where, what);
}

static int each(const struct walker *walker, const struct backend_query *query,
    backend_row_fn row, void *ud)
{
    const struct store_reader *reader = walker->reader;
    return reader->store->backend->each(
        reader->conn, query, row, ud, walker->error);
}

/* Damage is reported and the walk goes on; other errors end it. (A run that is
 * walked past but not found by its id has a damaged index.) */
static int absorb(struct walker *walker, const char *where, int err)
{
    if (err != NDF_ECORRUPT && err != NDF_ENOTFOUND) return err;
    report(walker, where, walker->error->message);
    return NDF_OK;
}

static int find_row(void *ud, const void *record)
{
    (void)record;
    *(bool *)ud = true;
    return NDF_OK;
}

static bool is_zero(const uint8_t hash[STORE_HASH_SIZE])
{
    static const uint8_t zero[STORE_HASH_SIZE];
    return memcmp(hash, zero, sizeof zero) == 0;
}

static int require(struct walker *walker, const struct backend_query *query,
    const char *where, const char *missing)
{
    bool found = false;
    int err = absorb(walker, where, each(walker, query, find_row, &found));
    if (err == NDF_OK && !found) report(walker, where, missing);
    return err;
}

/* ---- contents ------------------------------------------------------------ */

static int check_content(void *ud, const void *record)
{
    struct walker *walker = ud;
    const struct content_row *row = record;
    struct arena arena;
    arena_init(&arena, walker->reader->store->mem);
    struct str bytes;
    int err = content_unpack(
        &walker->reader->store->unpacker, &arena, row, &bytes, walker->error);
    arena_deinit(&arena);
    walker->counts->contents++;
    return absorb(walker, "content", err);
}

static int check_contents(struct walker *walker)
{
    static const enum backend_op ops[] = {OP_SPECS, OP_SNAPSHOTS, OP_BLOBS};
    int err = NDF_OK;
    for (size_t i = 0; i < sizeof ops / sizeof ops[0] && err == NDF_OK; i++) {
        struct backend_query query = {.op = ops[i], .damaged = report_backend};
        err = absorb(walker, layout_of(backend_table(ops[i]))->name,
            each(walker, &query, check_content, walker));
    }
    return err;
}

/* ---- runs and their journals --------------------------------------------- */

static int count_record(void *ud, const struct store_record *record)
{
    (void)record;
    struct walker *walker = ud;
    walker->counts->records++;
    return NDF_OK;
}

static int check_run(void *ud, const void *record)
{
    struct walker *walker = ud;
    const struct store_run *run = record;
    char where[WHERE_SIZE];
    (void)snprintf(where, sizeof where, "run %.*s", STR_ARG(run->id));
    walker->counts->runs++;
    int err = absorb(walker, where,
        read_journal(
            walker->reader, run->id, 0, count_record, walker, walker->error));
    if (err == NDF_OK && !is_zero(run->version))
        err = require(walker,
            BACKEND_QUERY(OP_SPEC_GET, backend_hash(run->version)), where,
            "the version of its pattern is not there");
    if (err == NDF_OK && !is_zero(run->plan))
        err =
            require(walker, BACKEND_QUERY(OP_BLOB_GET, backend_hash(run->plan)),
                where, "its plan is not there");
    return err;
}

/* ---- the rest ------------------------------------------------------------ */

static int check_entry(void *ud, const void *record)
{
    (void)record;
    struct walker *walker = ud;
    walker->counts->entries++;
    return NDF_OK;
}

static int check_outcome(void *ud, const void *record)
{
    struct walker *walker = ud;
    const struct store_outcome *outcome = record;
    walker->counts->outcomes++;
    if (outcome->run.size == 0) return NDF_OK;
    char where[WHERE_SIZE];
    (void)snprintf(
        where, sizeof where, "outcome %lld", (long long)outcome->seq);
    return require(walker,
        BACKEND_QUERY(OP_RUN_GET, backend_text(outcome->run)), where,
        "its run is not there");
}

static int check_row(void *ud, const void *record)
{
    (void)ud;
    (void)record;
    return NDF_OK;
}

static int check_tables(struct walker *walker)
{
    static const struct {
        enum backend_op op;
        backend_row_fn row;
    } tables[] = {
        {OP_RUNS_OLDEST, check_run},
        {OP_ENTRIES, check_entry},
        {OP_SOURCES, check_row},
        {OP_METAS, check_row},
        {OP_TALLIES, check_row},
        {OP_OUTCOMES_ALL, check_outcome},
        {OP_COMMANDS, check_row},
    };
    int err = NDF_OK;
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (err != NDF_OK) break;
        struct backend_query query = {
            .op = tables[i].op, .damaged = report_backend};
        err = absorb(walker, layout_of(backend_table(query.op))->name,
            each(walker, &query, tables[i].row, walker));
    }
    return err;
}

int store_check(struct store *store, store_problem_fn problem, void *ud,
    struct store_check_counts *counts, ndf_error *error)
{
    memset(counts, 0, sizeof *counts);
    ndf_error why = {.code = NDF_OK};
    struct walker walker = {
        .report = problem, .ud = ud, .counts = counts, .error = &why};
    int err = store_read_begin(store, &walker.reader, error);
    if (err != NDF_OK) return err;
    err = store->backend->check(
        walker.reader->conn, report_backend, &walker, &why);
    if (err == NDF_OK) err = check_contents(&walker);
    if (err == NDF_OK) err = check_tables(&walker);
    store_read_end(walker.reader);
    if (err != NDF_OK) err_set(error, err, "%s", why.message);
    return err;
}
