/*
 * export.c - see export.h.
 *
 * Order: first what is named, then what names it, so that a reader needs no
 * second pass. A run's journal follows its run, and behind it stands its end:
 * a file that was cut is found out. Damage is left out and counted; what is
 * written can always be read in again. Invariant: exporting what was imported
 * into an empty store gives the same bytes.
 */
#include "store/export.h"

#include <string.h>

#include "base/json.h"
#include "store/content.h"
#include "store/handle.h"
#include "store/line.h"
#include "store/read.h"

static const struct column body_fields[] = {
    {"hash", COLUMN_HASH, offsetof(struct content_row, hash), 0},
    {"body", COLUMN_BYTES, offsetof(struct content_row, body), STORE_BODY_MAX},
};

/* A content goes out unpacked: its size and packing are the store's affair. */
const struct layout export_content_layouts[] = {
    [STORE_SPEC] = {"spec", sizeof(struct content_row), body_fields, 2, false},
    [STORE_SNAPSHOT] = {"snapshot", sizeof(struct content_row), body_fields, 2,
        false},
    [STORE_BLOB] = {"blob", sizeof(struct content_row), body_fields, 2, false},
};

struct exporter {
    struct store_reader *reader;
    export_write_fn write;
    void *ud;
    ndf_error *error; /* never NULL */
    enum table table; /* of the rows that come */
    int64_t records;  /* written of the journal that comes */
    uint64_t left_out;
    bool cut; /* a table could not be read to its end */
};

/* A disk that does not give a block back is damage too. */
static bool is_damage(int err)
{
    return err == NDF_ECORRUPT || err == NDF_EIO || err == NDF_ELIMIT;
}

static void leave_out(void *ud, const char *where, const char *what)
{
    (void)where;
    (void)what;
    struct exporter *exporter = ud;
    exporter->left_out++;
}

static int write_value(struct exporter *exporter, const struct value *line)
{
    struct buf text;
    buf_init(&text, exporter->reader->store->mem);
    json_write(&text, line);
    buf_add_char(&text, '\n');
    int err = buf_error(&text);
    if (err != NDF_OK) err_set(exporter->error, err, "out of memory");
    else if (exporter->write(exporter->ud, text.at, text.size) != 0)
        err =
            err_set(exporter->error, NDF_ECANCELLED, "the export was stopped");
    buf_deinit(&text);
    return err;
}

static int write_record(struct exporter *exporter, struct arena *arena,
    const struct layout *layout, const void *record)
{
    struct value line;
    int err = line_of_record(arena, layout, record, &line, exporter->error);
    return err == NDF_OK ? write_value(exporter, &line) : err;
}

static int export_row(void *ud, const void *record)
{
    struct exporter *exporter = ud;
    struct arena arena;
    arena_init(&arena, exporter->reader->store->mem);
    int err =
        write_record(exporter, &arena, layout_of(exporter->table), record);
    arena_deinit(&arena);
    return err;
}

/* The revision of the registry is this file's own. */
static int export_meta(void *ud, const void *record)
{
    const struct store_meta *meta = record;
    if (str_equal(meta->name, STR(STORE_REVISION_NOTE))) return NDF_OK;
    return export_row(ud, record);
}

static int export_content(void *ud, const void *record)
{
    struct exporter *exporter = ud;
    struct content_row row = *(const struct content_row *)record;
    int kind = (int)exporter->table - (int)TABLE_SPEC;
    struct arena arena;
    arena_init(&arena, exporter->reader->store->mem);
    struct str bytes;
    int err = content_unpack(&exporter->reader->store->unpacker, &arena, &row,
        &bytes, exporter->error);
    row.body = bytes;
    if (err == NDF_OK)
        err =
            write_record(exporter, &arena, &export_content_layouts[kind], &row);
    else if (is_damage(err)) {
        exporter->left_out++;
        err = NDF_OK;
    }
    arena_deinit(&arena);
    return err;
}

/* ---- rows that name others ----------------------------------------------- */

struct named {
    struct exporter *exporter;
    enum table table;
    bool found;
};

static int take_named(void *ud, const void *record)
{
    struct named *named = ud;
    struct exporter lines = *named->exporter;
    lines.table = named->table;
    lines.left_out = 0;
    int err = NDF_OK;
    if (named->table == TABLE_SPEC) {
        struct arena arena;
        struct str bytes;
        arena_init(&arena, lines.reader->store->mem);
        err = content_unpack(&lines.reader->store->unpacker, &arena, record,
            &bytes, lines.error);
        arena_deinit(&arena);
    }
    /* It may stand behind the place where its table was cut. */
    if (err == NDF_OK && lines.cut)
        err = named->table == TABLE_SPEC ? export_content(&lines, record)
                                         : export_row(&lines, record);
    named->found = err == NDF_OK;
    return err;
}

/* Is the row of the query there, whole, and written? */
static int find_named(
    struct exporter *exporter, const struct backend_query *query, bool *found)
{
    const struct store_reader *reader = exporter->reader;
    struct named named = {
        .exporter = exporter, .table = backend_table(query->op)};
    int err = reader->store->backend->each(
        reader->conn, query, take_named, &named, exporter->error);
    *found = err == NDF_OK && named.found;
    return is_damage(err) ? NDF_OK : err;
}

static int export_entry(void *ud, const void *record)
{
    struct exporter *exporter = ud;
    const struct store_entry *entry = record;
    bool has_source, has_spec = false;
    int err = find_named(exporter,
        BACKEND_QUERY(OP_SOURCE_GET, backend_text(entry->source)), &has_source);
    if (err == NDF_OK)
        err = find_named(exporter,
            BACKEND_QUERY(OP_SPEC_GET, backend_hash(entry->spec)), &has_spec);
    if (err != NDF_OK) return err;
    if (has_source && has_spec) return export_row(exporter, record);
    exporter->left_out++;
    return NDF_OK;
}

static int export_command(void *ud, const void *record)
{
    struct exporter *exporter = ud;
    const struct store_command *command = record;
    bool has_run;
    int err = find_named(exporter,
        BACKEND_QUERY(OP_RUN_GET, backend_text(command->run)), &has_run);
    if (err != NDF_OK) return err;
    if (has_run) return export_row(exporter, record);
    exporter->left_out++;
    return NDF_OK;
}

/* ---- runs ---------------------------------------------------------------- */

static int export_record(void *ud, const struct store_record *record)
{
    struct exporter *exporter = ud;
    struct exporter lines = *exporter;
    lines.table = TABLE_JOURNAL;
    exporter->records++;
    return export_row(&lines, record);
}

static int export_end(
    struct exporter *exporter, struct arena *arena, const struct store_run *run)
{
    static const struct column fields[] = {
        {"run", COLUMN_TEXT, offsetof(struct store_run, id), STORE_ID_MAX},
        {"records", COLUMN_INT, offsetof(struct store_run, records), 0},
        {"chain", COLUMN_HASH, offsetof(struct store_run, chain), 0},
    };
    static const struct layout layout = {
        "journal_end", sizeof(struct store_run), fields, 3, false};
    return write_record(exporter, arena, &layout, run);
}

static int export_run(void *ud, const void *record)
{
    struct exporter *exporter = ud;
    const struct store_run *run = record;
    struct arena arena;
    arena_init(&arena, exporter->reader->store->mem);
    exporter->records = 0;
    int err = export_row(exporter, run);
    if (err == NDF_OK)
        err = read_journal(exporter->reader, run->id, 0, export_record,
            exporter, exporter->error);
    /* Not found: by its id, so an index is damaged. */
    if (is_damage(err) || err == NDF_ENOTFOUND) {
        bool lacks = run->records > exporter->records;
        exporter->left_out +=
            lacks ? (uint64_t)(run->records - exporter->records) : 1;
        err = NDF_OK;
    } else if (err == NDF_OK) {
        err = export_end(exporter, &arena, run);
    }
    arena_deinit(&arena);
    return err;
}

/* ---- everything ---------------------------------------------------------- */

static int export_head(struct exporter *exporter)
{
    struct arena arena;
    arena_init(&arena, exporter->reader->store->mem);
    struct value line = value_of_object();
    int err = value_set(&arena, &line, STR("record"), value_of_str(STR("ndf")));
    if (err == NDF_OK)
        err = value_set(
            &arena, &line, STR("schema"), value_of_int(STORE_SCHEMA_VERSION));
    if (err == NDF_OK) err = write_value(exporter, &line);
    else err_set(exporter->error, err, "out of memory");
    arena_deinit(&arena);
    return err;
}

static int export_tables(struct exporter *exporter)
{
    static const struct {
        enum backend_op op;
        backend_row_fn row;
    } tables[] = {
        {OP_METAS, export_meta},
        {OP_SOURCES, export_row},
        {OP_SPECS, export_content},
        {OP_SNAPSHOTS, export_content},
        {OP_BLOBS, export_content},
        {OP_ENTRIES, export_entry},
        {OP_RUNS_OLDEST, export_run},
        {OP_OUTCOMES_ALL, export_row},
        {OP_TALLIES, export_row},
        {OP_COMMANDS, export_command},
    };
    const struct store_reader *reader = exporter->reader;
    int err = export_head(exporter);
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        if (err != NDF_OK) break;
        struct backend_query query = {.op = tables[i].op, .damaged = leave_out};
        exporter->table = backend_table(query.op);
        err = reader->store->backend->each(
            reader->conn, &query, tables[i].row, exporter, exporter->error);
        if (!is_damage(err)) continue;
        exporter->left_out++;
        exporter->cut = true;
        err = NDF_OK;
    }
    return err;
}

static int fail_left_out(const struct exporter *exporter, ndf_error *error)
{
    return err_set(error, NDF_ECORRUPT,
        "the store is damaged: %s%llu row%s could not be read and verified, "
        "and %s left out of the export; the rest was written",
        exporter->cut ? "at least " : "",
        (unsigned long long)exporter->left_out,
        exporter->left_out == 1 ? "" : "s",
        exporter->left_out == 1 ? "was" : "were");
}

int store_export(
    struct store *store, export_write_fn write, void *ud, ndf_error *error)
{
    ndf_error why = {.code = NDF_OK};
    struct exporter exporter = {.write = write, .ud = ud, .error = &why};
    int err = store_read_begin(store, &exporter.reader, error);
    if (err != NDF_OK) return err;
    err = export_tables(&exporter);
    store_read_end(exporter.reader);
    if (err == NDF_OK && exporter.left_out > 0)
        return fail_left_out(&exporter, error);
    if (err != NDF_OK && error != NULL) *error = why;
    return err;
}
