/*
 * sqlite_sql.c - see sqlite_sql.h.
 *
 * Columns stand in the order of layout.h, everywhere; the sum of a row is the
 * last one. A changed schema is a
 * new STORE_SCHEMA_VERSION and one more script in `upgrades`.
 */
#include "store/sqlite_sql.h"

#define META    "name, value, sum"
#define SOURCE  "id, name, kind, path, run_argv, state, added_ms, sum"
#define CONTENT "hash, size, codec, body"
#define ENTRY                                                                  \
    "id, source, kind, name, path, line, spec, head, features, updated_ms, "   \
    "sum"
#define RUN                                                                    \
    "id, pattern, version, domain, text, state, started_ms, ended_ms, cwd, "   \
    "owner, plan, records, chain, sum"
#define JOURNAL "run, seq, kind, at_ms, body, sum, chain"
#define OUTCOME "seq, id, pattern, run, at_ms, body, sum"
#define TALLY   "pattern, domain, wins, tries, at_ms, executions, sum"
#define COMMAND "id, run, kind, at_ms, sum"

/* The number of a record: records of a run lie together and in order, so that
 * most commits of a run write to one page. */
#define RECORD_NO(seq) "((SELECT no FROM run WHERE id = ?1) << 24) + (" seq ")"

/* The number behind all that were ever given. */
#define NEXT(table, column)                                                    \
    "SELECT 1 + max(coalesce((SELECT seq FROM sqlite_sequence WHERE name = "   \
    "'" table "'), 0), coalesce((SELECT max(" column ") FROM " table "), 0))"

/* The size that it takes, which SQLite knows without reading the body. */
#define CONTENT_SIZE "hash, length(body), codec, x''"
#define SPEC_IS_LOOSE                                                          \
    "NOT EXISTS (SELECT 1 FROM entry WHERE spec = spec.hash) AND "             \
    "NOT EXISTS (SELECT 1 FROM run WHERE version = spec.hash)"

#define CONTENT_PUT(table)                                                     \
    "INSERT INTO " table " (" CONTENT                                          \
    ") VALUES (?1, ?2, ?3, ?4) ON CONFLICT (hash) DO NOTHING"

static const char *const texts[SQL_COUNT] = {
    [OP_META_PUT] = "INSERT INTO meta (" META ") VALUES (?1, ?2, ?3) "
                    "ON CONFLICT (name) DO UPDATE SET value = ?2, sum = ?3",
    [OP_SOURCE_PUT] =
        "INSERT INTO source (" SOURCE
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "
        "ON CONFLICT (id) DO UPDATE SET name = ?2, kind = ?3, path = ?4, "
        "run_argv = ?5, state = ?6, added_ms = ?7, sum = ?8",
    [OP_ENTRY_PUT] =
        "INSERT INTO entry (" ENTRY
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) "
        "ON CONFLICT (id) DO UPDATE SET source = ?2, kind = ?3, name = ?4, "
        "path = ?5, line = ?6, spec = ?7, head = ?8, features = ?9, "
        "updated_ms = ?10, sum = ?11",
    [OP_SPEC_PUT] = CONTENT_PUT("spec"),
    [OP_SNAPSHOT_PUT] = CONTENT_PUT("snapshot"),
    [OP_BLOB_PUT] = CONTENT_PUT("blob"),
    [OP_OUTCOME_ADD] =
        "INSERT INTO outcome (" OUTCOME ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [OP_TALLY_PUT] =
        "INSERT INTO tally (" TALLY ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) "
        "ON CONFLICT (pattern, domain) DO UPDATE SET wins = ?3, tries = ?4, "
        "at_ms = ?5, executions = ?6, sum = ?7",
    [OP_RUN_PUT] =
        "INSERT INTO run (" RUN
        ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, "
        "?14) ON CONFLICT (id) DO UPDATE SET pattern = ?2, version = ?3, "
        "domain = ?4, text = ?5, state = ?6, started_ms = ?7, ended_ms = ?8, "
        "cwd = ?9, owner = ?10, plan = ?11, records = ?12, chain = ?13, "
        "sum = ?14",
    [OP_RUN_ADVANCE] =
        "UPDATE run SET records = ?12, chain = ?13, sum = ?14 WHERE id = ?1",
    [OP_RUN_END] =
        "UPDATE run SET state = ?6, ended_ms = ?8, sum = ?14 WHERE id = ?1",
    [OP_JOURNAL_ADD] =
        "INSERT INTO journal (no, " JOURNAL
        ") VALUES (" RECORD_NO("?2") ", ?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [OP_COMMAND_ADD] =
        "INSERT INTO command (" COMMAND ") VALUES (?1, ?2, ?3, ?4, ?5)",

    [OP_SOURCE_REMOVE] = "DELETE FROM source WHERE id = ?1",
    [OP_ENTRY_REMOVE] = "DELETE FROM entry WHERE id = ?1",
    [OP_COMMAND_REMOVE] = "DELETE FROM command WHERE id = ?1",
    [OP_META_REMOVE] = "DELETE FROM meta WHERE name = ?1",
    [OP_SPEC_PRUNE] = "DELETE FROM spec WHERE hash = ?1 AND " SPEC_IS_LOOSE,
    [OP_SPEC_REMOVE] = "DELETE FROM spec WHERE hash = ?1",
    [OP_SNAPSHOT_REMOVE] = "DELETE FROM snapshot WHERE hash = ?1",
    [OP_BLOB_REMOVE] = "DELETE FROM blob WHERE hash = ?1",
    [OP_OUTCOME_REMOVE] = "DELETE FROM outcome WHERE seq = ?1",
    [OP_OUTCOMES_REMOVE] = "DELETE FROM outcome WHERE run = ?1 AND run <> ''",
    [OP_TALLIES_REMOVE] = "DELETE FROM tally WHERE pattern = ?1",
    [OP_RUN_REMOVE] = "DELETE FROM run WHERE id = ?1",
    [OP_JOURNAL_REMOVE] = "DELETE FROM journal WHERE no BETWEEN " RECORD_NO(
        "0") " AND " RECORD_NO("16777215"),
    [OP_COMMANDS_REMOVE] = "DELETE FROM command WHERE run = ?1",

    [OP_META_GET] = "SELECT " META " FROM meta WHERE name = ?1",
    [OP_METAS] = "SELECT " META " FROM meta ORDER BY name",
    [OP_SOURCE_GET] = "SELECT " SOURCE " FROM source WHERE id = ?1",
    [OP_SOURCES] = "SELECT " SOURCE " FROM source ORDER BY name",
    [OP_ENTRY_GET] = "SELECT " ENTRY " FROM entry WHERE id = ?1",
    [OP_ENTRIES] = "SELECT " ENTRY " FROM entry ORDER BY no",
    [OP_ENTRIES_NAMED] =
        "SELECT " ENTRY " FROM entry WHERE name = ?1 ORDER BY no",
    [OP_SPEC_GET] = "SELECT " CONTENT " FROM spec WHERE hash = ?1",
    [OP_SNAPSHOT_GET] = "SELECT " CONTENT " FROM snapshot WHERE hash = ?1",
    [OP_BLOB_GET] = "SELECT " CONTENT " FROM blob WHERE hash = ?1",
    [OP_SPECS] = "SELECT " CONTENT " FROM spec ORDER BY hash",
    [OP_SNAPSHOTS] = "SELECT " CONTENT " FROM snapshot ORDER BY hash",
    [OP_BLOBS] = "SELECT " CONTENT " FROM blob ORDER BY hash",
    [OP_SPECS_LOOSE] = "SELECT " CONTENT_SIZE " FROM spec WHERE " SPEC_IS_LOOSE,
    [OP_SNAPSHOT_SIZES] = "SELECT " CONTENT_SIZE " FROM snapshot",
    [OP_BLOB_SIZES] = "SELECT " CONTENT_SIZE " FROM blob",
    [OP_OUTCOME_GET] = "SELECT " OUTCOME " FROM outcome WHERE id = ?1",
    [OP_OUTCOME_AT] = "SELECT " OUTCOME " FROM outcome WHERE seq = ?1",
    [OP_OUTCOMES] =
        "SELECT " OUTCOME " FROM outcome WHERE seq >= ?1 ORDER BY seq",
    [OP_OUTCOMES_ALL] = "SELECT " OUTCOME " FROM outcome ORDER BY seq",
    [OP_OUTCOMES_LAST] =
        "SELECT " OUTCOME " FROM outcome ORDER BY seq DESC LIMIT ?1",
    [OP_OUTCOMES_OF_RUN] =
        "SELECT " OUTCOME
        " FROM outcome WHERE run = ?1 AND run <> '' ORDER BY seq",
    [OP_OUTCOMES_OLD] =
        "SELECT " OUTCOME " FROM outcome WHERE at_ms < ?1 AND (run = '' OR "
        "NOT EXISTS (SELECT 1 FROM run WHERE id = outcome.run)) ORDER BY seq",
    [OP_TALLY_GET] =
        "SELECT " TALLY " FROM tally WHERE pattern = ?1 AND domain = ?2",
    [OP_TALLIES] = "SELECT " TALLY " FROM tally ORDER BY pattern, domain",
    [OP_RUN_GET] = "SELECT " RUN " FROM run WHERE id = ?1",
    [OP_RUNS] = "SELECT " RUN " FROM run ORDER BY no DESC LIMIT ?1",
    [OP_RUNS_IN] =
        "SELECT " RUN " FROM run WHERE state = ?2 ORDER BY no DESC LIMIT ?1",
    [OP_RUNS_RUNNING] =
        "SELECT " RUN " FROM run WHERE state = 0 ORDER BY no DESC LIMIT ?1",
    [OP_RUNS_LIKE] =
        "SELECT " RUN
        " FROM run WHERE id >= ?2 AND id < ?3 ORDER BY id LIMIT ?1",
    [OP_RUNS_OLDEST] = "SELECT " RUN " FROM run ORDER BY no",
    [OP_RUNS_OLD] = "SELECT " RUN " FROM run WHERE state <> 0 AND "
                    "max(started_ms, ended_ms) < ?1 ORDER BY no",
    [OP_JOURNAL] =
        "SELECT " JOURNAL " FROM journal WHERE no BETWEEN " RECORD_NO(
            "?2") " AND " RECORD_NO("16777215") " ORDER BY no",
    [OP_JOURNAL_AT] =
        "SELECT " JOURNAL " FROM journal WHERE no = " RECORD_NO("?2"),
    [OP_COMMAND_GET] = "SELECT " COMMAND " FROM command WHERE id = ?1",
    [OP_COMMANDS] = "SELECT " COMMAND " FROM command ORDER BY id",
    [OP_COMMANDS_OF_RUN] =
        "SELECT " COMMAND " FROM command WHERE run = ?1 ORDER BY id",

    [SQL_OUTCOME_NEXT] = NEXT("outcome", "seq"),
    [SQL_COMMAND_NEXT] = NEXT("command", "id"),
    [SQL_BEGIN_READ] = "BEGIN",
    [SQL_BEGIN_WRITE] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",
    [SQL_MARK] = "SAVEPOINT work",
    [SQL_KEEP] = "RELEASE work",
    [SQL_UNDO] = "ROLLBACK TO work",
    [SQL_USER_VERSION] = "PRAGMA user_version",
    [SQL_DATA_VERSION] = "PRAGMA data_version",
};

const char *sqlite_sql(unsigned id)
{
    return texts[id];
}

#define CONTENT_TABLE(name)                                                    \
    {                                                                          \
        name, "CREATE TABLE " name " (hash BLOB NOT NULL PRIMARY KEY, "        \
              "size INTEGER NOT NULL, codec INTEGER NOT NULL, "                \
              "body BLOB NOT NULL) STRICT"                                     \
    }

#define JOURNAL_TABLE                                                          \
    "CREATE TABLE journal (no INTEGER PRIMARY KEY, run TEXT NOT NULL, "        \
    "seq INTEGER NOT NULL, kind TEXT NOT NULL, at_ms INTEGER NOT NULL, "       \
    "body BLOB NOT NULL, sum INTEGER NOT NULL, chain BLOB NOT NULL) STRICT"
#define ENTRY_NAME  "CREATE INDEX entry_name ON entry (name)"
#define ENTRY_SPEC  "CREATE INDEX entry_spec ON entry (spec)"
#define RUN_VERSION "CREATE INDEX run_version ON run (version)"

/* Rows that may be large lie in rowid tables: a big row of a WITHOUT ROWID
 * table is spread over overflow pages four times as early. */
static const struct sqlite_object objects[] = {
    {"meta", "CREATE TABLE meta (name TEXT NOT NULL PRIMARY KEY, "
             "value BLOB NOT NULL, sum INTEGER NOT NULL) "
             "STRICT, WITHOUT ROWID"},
    {"source", "CREATE TABLE source (id TEXT NOT NULL PRIMARY KEY, "
               "name TEXT NOT NULL UNIQUE, kind TEXT NOT NULL, "
               "path TEXT NOT NULL, run_argv TEXT NOT NULL, "
               "state BLOB NOT NULL, added_ms INTEGER NOT NULL, "
               "sum INTEGER NOT NULL) STRICT"},
    CONTENT_TABLE("spec"),
    CONTENT_TABLE("snapshot"),
    CONTENT_TABLE("blob"),
    {"entry", "CREATE TABLE entry (no INTEGER PRIMARY KEY, "
              "id TEXT NOT NULL UNIQUE, source TEXT NOT NULL "
              "REFERENCES source (id) ON DELETE CASCADE, "
              "kind INTEGER NOT NULL, name TEXT NOT NULL, "
              "path TEXT NOT NULL, line INTEGER NOT NULL, "
              "spec BLOB NOT NULL REFERENCES spec (hash), "
              "head BLOB NOT NULL, features BLOB NOT NULL, "
              "updated_ms INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT"},
    {"entry_source", "CREATE INDEX entry_source ON entry (source)"},
    {"entry_name", ENTRY_NAME},
    {"entry_spec", ENTRY_SPEC},
    {"run", "CREATE TABLE run (no INTEGER PRIMARY KEY, "
            "id TEXT NOT NULL UNIQUE, pattern TEXT NOT NULL, "
            "version BLOB NOT NULL, domain TEXT NOT NULL, "
            "text TEXT NOT NULL, state INTEGER NOT NULL, "
            "started_ms INTEGER NOT NULL, ended_ms INTEGER NOT NULL, "
            "cwd TEXT NOT NULL, owner TEXT NOT NULL, plan BLOB NOT NULL, "
            "records INTEGER NOT NULL, chain BLOB NOT NULL, "
            "sum INTEGER NOT NULL) STRICT"},
    {"run_running", "CREATE INDEX run_running ON run (no) WHERE state = 0"},
    {"run_version", RUN_VERSION},
    {"journal", JOURNAL_TABLE},
    /* A number is never used twice, also not after the last was removed. */
    {"outcome", "CREATE TABLE outcome ("
                "seq INTEGER PRIMARY KEY AUTOINCREMENT, "
                "id TEXT NOT NULL UNIQUE, pattern TEXT NOT NULL, "
                "run TEXT NOT NULL, at_ms INTEGER NOT NULL, "
                "body BLOB NOT NULL, sum INTEGER NOT NULL) STRICT"},
    {"outcome_run",
        "CREATE INDEX outcome_run ON outcome (run) WHERE run <> ''"},
    {"tally", "CREATE TABLE tally (pattern TEXT NOT NULL, "
              "domain TEXT NOT NULL, wins REAL NOT NULL, "
              "tries REAL NOT NULL, at_ms INTEGER NOT NULL, "
              "executions INTEGER NOT NULL, sum INTEGER NOT NULL, "
              "PRIMARY KEY (pattern, domain)) "
              "STRICT, WITHOUT ROWID"},
    {"command", "CREATE TABLE command ("
                "id INTEGER PRIMARY KEY AUTOINCREMENT, "
                "run TEXT NOT NULL REFERENCES run (id), kind TEXT NOT NULL, "
                "at_ms INTEGER NOT NULL, sum INTEGER NOT NULL) STRICT"},
};

/* Version 2: points that are read by name, contents packed with a dictionary
 * (which an older ndf cannot read). 3: records lie by the number of their run.
 */
static const char *const upgrades[STORE_SCHEMA_VERSION - 1] = {
    ENTRY_NAME "; " ENTRY_SPEC "; " RUN_VERSION,
    "ALTER TABLE journal RENAME TO journal_2; " JOURNAL_TABLE "; "
    "INSERT INTO journal SELECT (run.no << 24) + j.seq, j.run, j.seq, j.kind, "
    "j.at_ms, j.body, j.sum, j.chain FROM journal_2 AS j "
    "JOIN run ON run.id = j.run ORDER BY 1; DROP TABLE journal_2",
};

const struct sqlite_shape sqlite_shape_now = {
    .version = STORE_SCHEMA_VERSION,
    .objects = objects,
    .object_count = sizeof objects / sizeof objects[0],
    .upgrades = upgrades,
};
