/*
 * read.c - see read.h.
 */
#include "store/read.h"

#include <string.h>

#include "base/hash.h"
#include "store/content.h"
#include "store/handle.h"
#include "store/journal.h"

#define QUERY_ALL(name) (&(const struct backend_query){.op = (name)})

static int each(struct store_reader *reader, const struct backend_query *query,
    backend_row_fn row, void *ud, ndf_error *error)
{
    return reader->store->backend->each(reader->conn, query, row, ud, error);
}

static int fail_memory(ndf_error *error)
{
    return err_set(error, NDF_ENOMEM, "out of memory");
}

/* ---- one row ------------------------------------------------------------- */

struct one {
    struct arena *arena;
    void *out;
    bool found;
};

static bool keep_str(struct arena *arena, struct str *s)
{
    *s = arena_str(arena, *s);
    return s->at != NULL;
}

static int take_meta(void *ud, const void *record)
{
    struct one *one = ud;
    const struct store_meta *meta = record;
    struct str *value = one->out;
    one->found = true;
    *value = arena_str(one->arena, meta->value);
    return value->at != NULL ? NDF_OK : NDF_ENOMEM;
}

int read_meta(struct store_reader *reader, struct arena *arena, struct str name,
    struct str *value, ndf_error *error)
{
    *value = (struct str){NULL, 0};
    struct one one = {.arena = arena, .out = value};
    int err = each(reader, BACKEND_QUERY(OP_META_GET, backend_text(name)),
        take_meta, &one, error);
    if (err == NDF_OK && !one.found)
        err = err_set(
            error, NDF_ENOTFOUND, "the store has no note %.*s", STR_ARG(name));
    return err == NDF_ENOMEM ? fail_memory(error) : err;
}

int read_revision(
    struct store_reader *reader, struct store_revision *out, ndf_error *error)
{
    struct arena arena;
    struct str value;
    arena_init(&arena, reader->store->mem);
    memset(out, 0, sizeof *out);
    int err =
        read_meta(reader, &arena, STR(STORE_REVISION_NOTE), &value, error);
    if (err == NDF_OK && value.size == sizeof out->bytes)
        memcpy(out->bytes, value.at, sizeof out->bytes);
    else if (err == NDF_OK)
        err = err_set(error, NDF_ENOTFOUND, "the registry has no revision");
    arena_deinit(&arena);
    return err;
}

struct unpack {
    struct content_unpacker *unpacker;
    struct arena *arena;
    struct str *bytes;
    size_t stored;
    bool found;
    ndf_error *error;
};

static int take_content(void *ud, const void *record)
{
    struct unpack *unpack = ud;
    const struct content_row *row = record;
    unpack->found = true;
    unpack->stored = row->body.size;
    return content_unpack(
        unpack->unpacker, unpack->arena, row, unpack->bytes, unpack->error);
}

static const enum backend_op content_gets[] = {
    [STORE_SPEC] = OP_SPEC_GET,
    [STORE_SNAPSHOT] = OP_SNAPSHOT_GET,
    [STORE_BLOB] = OP_BLOB_GET,
};

int read_content(struct store_reader *reader, struct arena *arena,
    enum store_content kind, const uint8_t hash[STORE_HASH_SIZE],
    struct str *bytes, ndf_error *error)
{
    struct read_stored stored;
    int err = read_content_stored(reader, arena, kind, hash, &stored, error);
    *bytes = stored.bytes;
    return err;
}

int read_content_stored(struct store_reader *reader, struct arena *arena,
    enum store_content kind, const uint8_t hash[STORE_HASH_SIZE],
    struct read_stored *out, ndf_error *error)
{
    out->bytes = (struct str){NULL, 0};
    struct unpack unpack = {.unpacker = &reader->store->unpacker,
        .arena = arena,
        .bytes = &out->bytes,
        .error = error};
    int err =
        each(reader, BACKEND_QUERY(content_gets[kind], backend_hash(hash)),
            take_content, &unpack, error);
    out->stored = unpack.stored;
    if (err == NDF_OK && !unpack.found) {
        char hex[HASH_HEX_SIZE];
        hash_hex(hash, STORE_HASH_SIZE, hex);
        err = err_set(error, NDF_ENOTFOUND, "the store has no content %s", hex);
    }
    return err;
}

static int take_existence(void *ud, const void *record)
{
    (void)record;
    *(bool *)ud = true;
    return NDF_OK;
}

int read_content_exists(struct store_reader *reader, enum store_content kind,
    const uint8_t hash[STORE_HASH_SIZE], bool *there, ndf_error *error)
{
    *there = false;
    return each(reader, BACKEND_QUERY(content_gets[kind], backend_hash(hash)),
        take_existence, there, error);
}

int read_entry_exists(
    struct store_reader *reader, struct str id, bool *there, ndf_error *error)
{
    *there = false;
    return each(reader, BACKEND_QUERY(OP_ENTRY_GET, backend_text(id)),
        take_existence, there, error);
}

static int take_tally(void *ud, const void *record)
{
    struct one *one = ud;
    const struct store_tally *tally = record;
    struct store_tally *out = one->out;
    struct str pattern = out->pattern, domain = out->domain;
    *out = *tally;
    out->pattern = pattern;
    out->domain = domain;
    one->found = true;
    return NDF_OK;
}

int read_tally(struct store_reader *reader, struct str pattern,
    struct str domain, struct store_tally *out, ndf_error *error)
{
    memset(out, 0, sizeof *out);
    out->pattern = pattern;
    out->domain = domain;
    struct one one = {.out = out};
    int err = each(reader,
        BACKEND_QUERY(
            OP_TALLY_GET, backend_text(pattern), backend_text(domain)),
        take_tally, &one, error);
    if (err == NDF_OK && !one.found)
        err = err_set(error, NDF_ENOTFOUND, "nothing is counted for %.*s",
            STR_ARG(pattern));
    return err;
}

static int take_run(void *ud, const void *record)
{
    struct one *one = ud;
    struct store_run *out = one->out;
    memcpy(out, record, sizeof *out);
    one->found = true;
    bool kept =
        keep_str(one->arena, &out->id) && keep_str(one->arena, &out->pattern) &&
        keep_str(one->arena, &out->domain) &&
        keep_str(one->arena, &out->text) && keep_str(one->arena, &out->cwd) &&
        keep_str(one->arena, &out->owner);
    return kept ? NDF_OK : NDF_ENOMEM;
}

int read_run(struct store_reader *reader, struct arena *arena, struct str id,
    struct store_run *out, ndf_error *error)
{
    memset(out, 0, sizeof *out);
    struct one one = {.arena = arena, .out = out};
    int err = each(reader, BACKEND_QUERY(OP_RUN_GET, backend_text(id)),
        take_run, &one, error);
    if (err == NDF_OK && !one.found)
        err =
            err_set(error, NDF_ENOTFOUND, "there is no run %.*s", STR_ARG(id));
    return err == NDF_ENOMEM ? fail_memory(error) : err;
}

/* ---- many rows ----------------------------------------------------------- */

/* From the backend's callback, which knows no types, to the reader's. */
#define FORWARD(name, type)                                                    \
    struct name##_call {                                                       \
        read_##name##_fn fn;                                                   \
        void *ud;                                                              \
    };                                                                         \
    static int forward_##name(void *ud, const void *record)                    \
    {                                                                          \
        const struct name##_call *call = ud;                                   \
        const struct type *typed = record;                                     \
        return call->fn(call->ud, typed);                                      \
    }

FORWARD(meta, store_meta)
FORWARD(source, store_source)
FORWARD(entry, store_entry)
FORWARD(outcome, store_outcome)
FORWARD(tally, store_tally)
FORWARD(run, store_run)
FORWARD(command, store_command)

int read_metas(
    struct store_reader *reader, read_meta_fn fn, void *ud, ndf_error *error)
{
    struct meta_call call = {fn, ud};
    return each(reader, QUERY_ALL(OP_METAS), forward_meta, &call, error);
}

int read_sources(
    struct store_reader *reader, read_source_fn fn, void *ud, ndf_error *error)
{
    struct source_call call = {fn, ud};
    return each(reader, QUERY_ALL(OP_SOURCES), forward_source, &call, error);
}

int read_entries(
    struct store_reader *reader, read_entry_fn fn, void *ud, ndf_error *error)
{
    struct entry_call call = {fn, ud};
    return each(reader, QUERY_ALL(OP_ENTRIES), forward_entry, &call, error);
}

int read_entry(struct store_reader *reader, struct str id, read_entry_fn fn,
    void *ud, ndf_error *error)
{
    struct entry_call call = {fn, ud};
    return each(reader, BACKEND_QUERY(OP_ENTRY_GET, backend_text(id)),
        forward_entry, &call, error);
}

int read_entries_named(struct store_reader *reader, struct str name,
    read_entry_fn fn, void *ud, ndf_error *error)
{
    struct entry_call call = {fn, ud};
    return each(reader, BACKEND_QUERY(OP_ENTRIES_NAMED, backend_text(name)),
        forward_entry, &call, error);
}

int read_outcomes(struct store_reader *reader, int64_t from, read_outcome_fn fn,
    void *ud, ndf_error *error)
{
    struct outcome_call call = {fn, ud};
    return each(reader, BACKEND_QUERY(OP_OUTCOMES, backend_int(from)),
        forward_outcome, &call, error);
}

static struct backend_arg limit_arg(size_t limit)
{
    bool none = limit == 0 || limit > INT64_MAX;
    return backend_int(none ? BACKEND_NO_LIMIT : (int64_t)limit);
}

int read_outcomes_last(struct store_reader *reader, size_t limit,
    read_outcome_fn fn, void *ud, ndf_error *error)
{
    struct outcome_call call = {fn, ud};
    return each(reader, BACKEND_QUERY(OP_OUTCOMES_LAST, limit_arg(limit)),
        forward_outcome, &call, error);
}

int read_outcomes_of_run(struct store_reader *reader, struct str run,
    read_outcome_fn fn, void *ud, ndf_error *error)
{
    struct outcome_call call = {fn, ud};
    return each(reader, BACKEND_QUERY(OP_OUTCOMES_OF_RUN, backend_text(run)),
        forward_outcome, &call, error);
}

int read_tallies(
    struct store_reader *reader, read_tally_fn fn, void *ud, ndf_error *error)
{
    struct tally_call call = {fn, ud};
    return each(reader, QUERY_ALL(OP_TALLIES), forward_tally, &call, error);
}

int read_runs(struct store_reader *reader, int64_t state, size_t limit,
    read_run_fn fn, void *ud, ndf_error *error)
{
    struct run_call call = {fn, ud};
    if (state == READ_ANY_STATE)
        return each(reader, BACKEND_QUERY(OP_RUNS, limit_arg(limit)),
            forward_run, &call, error);
    if (state == 0)
        return each(reader, BACKEND_QUERY(OP_RUNS_RUNNING, limit_arg(limit)),
            forward_run, &call, error);
    return each(reader,
        BACKEND_QUERY(OP_RUNS_IN, limit_arg(limit), backend_int(state)),
        forward_run, &call, error);
}

/* The first text behind all that start with prefix: its last byte that can be
 * counted up is, what follows is cut. No valid text has a byte 0xff. */
static struct str text_behind(struct str prefix, char out[STORE_ID_MAX])
{
    size_t end = prefix.size;
    while (end > 0 && (unsigned char)prefix.at[end - 1] == 0xff)
        end--;
    if (end == 0) return STR("\xff");
    memcpy(out, prefix.at, end);
    out[end - 1] = (char)((unsigned char)out[end - 1] + 1);
    return (struct str){out, end};
}

int read_runs_like(struct store_reader *reader, struct str prefix, size_t limit,
    read_run_fn fn, void *ud, ndf_error *error)
{
    struct run_call call = {fn, ud};
    char behind[STORE_ID_MAX];
    if (prefix.size > sizeof behind) return NDF_OK;
    struct str end = text_behind(prefix, behind);
    return each(reader,
        BACKEND_QUERY(OP_RUNS_LIKE, limit_arg(limit), backend_text(prefix),
            backend_text(end)),
        forward_run, &call, error);
}

int read_commands(struct store_reader *reader, struct str run,
    read_command_fn fn, void *ud, ndf_error *error)
{
    struct command_call call = {fn, ud};
    if (run.size == 0)
        return each(
            reader, QUERY_ALL(OP_COMMANDS), forward_command, &call, error);
    return each(reader, BACKEND_QUERY(OP_COMMANDS_OF_RUN, backend_text(run)),
        forward_command, &call, error);
}

/* ---- a journal ----------------------------------------------------------- */

struct walk {
    struct str run;
    int64_t next;                   /* the seq that must come */
    uint8_t chain[STORE_HASH_SIZE]; /* the link before it */
    int64_t records;                /* what the run's row says */
    uint8_t last[STORE_HASH_SIZE];
    bool found;
    read_record_fn fn;
    void *ud;
    ndf_error *error;
};

static int fail_walk(const struct walk *walk, const char *what)
{
    return err_set(walk->error, NDF_ECORRUPT,
        "the journal of run %.*s %s record %lld: put back a backup",
        STR_ARG(walk->run), what, (long long)walk->next);
}

static int start_walk(void *ud, const void *record)
{
    struct walk *walk = ud;
    const struct store_run *run = record;
    walk->found = true;
    walk->records = run->records;
    memcpy(walk->last, run->chain, sizeof walk->last);
    return NDF_OK;
}

static int take_link(void *ud, const void *record)
{
    struct walk *walk = ud;
    const struct store_record *before = record;
    memcpy(walk->chain, before->chain, sizeof walk->chain);
    walk->next = before->seq + 1;
    return NDF_OK;
}

static int walk_record(void *ud, const void *row)
{
    struct walk *walk = ud;
    const struct store_record *record = row;
    if (record->seq != walk->next) return fail_walk(walk, "lacks");
    int err = journal_verify(walk->chain, record, walk->error);
    if (err != NDF_OK) return err;
    memcpy(walk->chain, record->chain, sizeof walk->chain);
    walk->next++;
    return walk->fn(walk->ud, record);
}

/* The link before record `from`. */
static int find_link(struct store_reader *reader, struct walk *walk,
    int64_t from, ndf_error *error)
{
    if (from == 0) {
        journal_start(walk->run, walk->chain);
        return NDF_OK;
    }
    int err = each(reader,
        BACKEND_QUERY(
            OP_JOURNAL_AT, backend_text(walk->run), backend_int(from - 1)),
        take_link, walk, error);
    if (err == NDF_OK && walk->next != from) {
        walk->next = from - 1;
        err = fail_walk(walk, "lacks");
    }
    return err;
}

int read_journal(struct store_reader *reader, struct str run, int64_t from,
    read_record_fn fn, void *ud, ndf_error *error)
{
    struct walk walk = {.run = run, .fn = fn, .ud = ud, .error = error};
    int err = each(reader, BACKEND_QUERY(OP_RUN_GET, backend_text(run)),
        start_walk, &walk, error);
    if (err == NDF_OK && !walk.found)
        err =
            err_set(error, NDF_ENOTFOUND, "there is no run %.*s", STR_ARG(run));
    if (err != NDF_OK) return err;
    if (from < 0 || from > walk.records)
        return from < 0 ? err_set(error, NDF_EINVAL, "records count from 0")
                        : NDF_OK;
    err = find_link(reader, &walk, from, error);
    if (err == NDF_OK)
        err = each(reader,
            BACKEND_QUERY(OP_JOURNAL, backend_text(run), backend_int(from)),
            walk_record, &walk, error);
    if (err != NDF_OK) return err;
    if (walk.next < walk.records) return fail_walk(&walk, "lacks");
    if (walk.next > walk.records ||
        memcmp(walk.chain, walk.last, sizeof walk.chain) != 0)
        return fail_walk(&walk, "does not end as its run says at");
    return NDF_OK;
}
