/*
 * backend.h - what a database must be able to do to carry a store.
 *
 * A backend keeps rows (layout.h) and runs the fixed operations below. It
 * keeps layout_sum with each row of a table that is `summed`, and gives no row
 * that does not fit its sum. What the rows mean, hashes, chains and packing
 * are above it. One table of
 * functions a backend; SQLite is the first (store_sqlite.c).
 */
#ifndef NDF_STORE_BACKEND_H
#define NDF_STORE_BACKEND_H

#include "base/mem.h"
#include "store/layout.h"
#include "store/store.h"

/* X(name, table of its rows). Behind each, its arguments in order. */
#define BACKEND_OPS(X)                                                         \
    /* put: the fields of a record in the order of its layout */               \
    X(OP_META_PUT, TABLE_META)                                                 \
    X(OP_SOURCE_PUT, TABLE_SOURCE)                                             \
    X(OP_ENTRY_PUT, TABLE_ENTRY)                                               \
    X(OP_SPEC_PUT, TABLE_SPEC) /* the three: nothing when it is there */       \
    X(OP_SNAPSHOT_PUT, TABLE_SNAPSHOT)                                         \
    X(OP_BLOB_PUT, TABLE_BLOB)                                                 \
    X(OP_OUTCOME_ADD, TABLE_OUTCOME) /* seq 0: the next */                     \
    X(OP_TALLY_PUT, TABLE_TALLY)                                               \
    X(OP_RUN_PUT, TABLE_RUN)                                                   \
    X(OP_RUN_ADVANCE, TABLE_RUN) /* only its records and chain */              \
    X(OP_RUN_END, TABLE_RUN)     /* only its state and end */                  \
    X(OP_JOURNAL_ADD, TABLE_JOURNAL)                                           \
    X(OP_COMMAND_ADD, TABLE_COMMAND) /* id 0: the next */                      \
    /* change: NDF_ENOTFOUND when there was no such row */                     \
    X(OP_SOURCE_REMOVE, TABLE_SOURCE)     /* id */                             \
    X(OP_ENTRY_REMOVE, TABLE_ENTRY)       /* id */                             \
    X(OP_COMMAND_REMOVE, TABLE_COMMAND)   /* id */                             \
    X(OP_META_REMOVE, TABLE_META)         /* name */                           \
    X(OP_SPEC_PRUNE, TABLE_SPEC)          /* hash; unless a row names it */    \
    X(OP_SPEC_REMOVE, TABLE_SPEC)         /* hash */                           \
    X(OP_SNAPSHOT_REMOVE, TABLE_SNAPSHOT) /* hash */                           \
    X(OP_BLOB_REMOVE, TABLE_BLOB)         /* hash */                           \
    X(OP_OUTCOME_REMOVE, TABLE_OUTCOME)   /* seq */                            \
    X(OP_OUTCOMES_REMOVE, TABLE_OUTCOME)  /* run */                            \
    X(OP_TALLIES_REMOVE, TABLE_TALLY)     /* pattern */                        \
    X(OP_RUN_REMOVE, TABLE_RUN)           /* id; after what names it */        \
    X(OP_JOURNAL_REMOVE, TABLE_JOURNAL)   /* run */                            \
    X(OP_COMMANDS_REMOVE, TABLE_COMMAND)  /* run */                            \
    /* each: rows */                                                           \
    X(OP_META_GET, TABLE_META) /* name */                                      \
    X(OP_METAS, TABLE_META)                                                    \
    X(OP_SOURCE_GET, TABLE_SOURCE) /* id */                                    \
    X(OP_SOURCES, TABLE_SOURCE)                                                \
    X(OP_ENTRY_GET, TABLE_ENTRY) /* id */                                      \
    X(OP_ENTRIES, TABLE_ENTRY)                                                 \
    X(OP_ENTRIES_NAMED, TABLE_ENTRY)   /* name */                              \
    X(OP_SPEC_GET, TABLE_SPEC)         /* hash */                              \
    X(OP_SNAPSHOT_GET, TABLE_SNAPSHOT) /* hash */                              \
    X(OP_BLOB_GET, TABLE_BLOB)         /* hash */                              \
    X(OP_SPECS, TABLE_SPEC)                                                    \
    X(OP_SNAPSHOTS, TABLE_SNAPSHOT)                                            \
    X(OP_BLOBS, TABLE_BLOB)                                                    \
    /* without a body; size is that of the packed one */                       \
    X(OP_SPECS_LOOSE, TABLE_SPEC) /* those that no row names */                \
    X(OP_SNAPSHOT_SIZES, TABLE_SNAPSHOT)                                       \
    X(OP_BLOB_SIZES, TABLE_BLOB)                                               \
    X(OP_OUTCOME_GET, TABLE_OUTCOME) /* id */                                  \
    X(OP_OUTCOME_AT, TABLE_OUTCOME)  /* seq */                                 \
    X(OP_OUTCOMES, TABLE_OUTCOME)    /* from seq */                            \
    X(OP_OUTCOMES_ALL, TABLE_OUTCOME)                                          \
    X(OP_OUTCOMES_LAST, TABLE_OUTCOME)   /* limit; newest first */             \
    X(OP_OUTCOMES_OF_RUN, TABLE_OUTCOME) /* run */                             \
    X(OP_OUTCOMES_OLD, TABLE_OUTCOME) /* before ms; of no run that is here */  \
    X(OP_TALLY_GET, TABLE_TALLY)      /* pattern, domain */                    \
    X(OP_TALLIES, TABLE_TALLY)                                                 \
    X(OP_RUN_GET, TABLE_RUN)      /* id */                                     \
    X(OP_RUNS, TABLE_RUN)         /* limit; newest first */                    \
    X(OP_RUNS_IN, TABLE_RUN)      /* limit, state; newest first */             \
    X(OP_RUNS_RUNNING, TABLE_RUN) /* limit; state 0, newest first */           \
    X(OP_RUNS_LIKE, TABLE_RUN)    /* limit, first id, first id behind */       \
    X(OP_RUNS_OLDEST, TABLE_RUN)                                               \
    X(OP_RUNS_OLD, TABLE_RUN)        /* before ms; ended, oldest first */      \
    X(OP_JOURNAL, TABLE_JOURNAL)     /* run, from seq */                       \
    X(OP_JOURNAL_AT, TABLE_JOURNAL)  /* run, seq */                            \
    X(OP_COMMAND_GET, TABLE_COMMAND) /* id */                                  \
    X(OP_COMMANDS, TABLE_COMMAND)                                              \
    X(OP_COMMANDS_OF_RUN, TABLE_COMMAND) /* run */

#define BACKEND_OP_ENUM(name, table) name,
enum backend_op { BACKEND_OPS(BACKEND_OP_ENUM) OP_COUNT };
#undef BACKEND_OP_ENUM

/* The table whose rows an operation takes or gives. */
enum table backend_table(enum backend_op op);

enum { BACKEND_ARGS_MAX = 3, BACKEND_NO_LIMIT = -1 };

struct backend_arg {
    enum column_type type; /* COLUMN_TEXT, COLUMN_INT or COLUMN_HASH */
    struct str text;
    int64_t number;
    const uint8_t *hash;
};

/* A row as the struct of its table, borrowed for the call. */
typedef int (*backend_row_fn)(void *ud, const void *record);
typedef void (*backend_problem_fn)(
    void *ud, const char *where, const char *what);

struct backend_query {
    enum backend_op op;
    struct backend_arg args[BACKEND_ARGS_MAX];
    size_t arg_count;
    /* each: gets what is wrong with a damaged row, which is left out, and the
     * ud of the rows. NULL: the first damaged row ends the reading. */
    backend_problem_fn damaged;
};

/* "db" is an open database, "conn" the writer or a reader of it. Threads: the
 * caller sees to it that a conn is in one thread at a time; reader_begin,
 * reader_end and backup may be called by any number at once. */
struct store_backend {
    const char *name;
    int (*open)(void **db, const struct mem *mem,
        const struct store_options *options, ndf_error *error);
    /* sound false: write nothing more, also not what closing would. */
    void (*close)(void *db, bool sound);

    /* The one writer. */
    void *(*writer)(void *db);
    int (*begin)(void *db, ndf_error *error);
    int (*commit)(void *db, ndf_error *error);
    void (*rollback)(void *db);
    /* False when a failure has ended the transaction. */
    bool (*in_transaction)(void *db);
    /* What was written since mark is undone, or kept. */
    int (*mark)(void *db, ndf_error *error);
    int (*keep)(void *db, ndf_error *error);
    int (*undo)(void *db, ndf_error *error);
    /* Between transactions: keeps the file's log short, when it is not. */
    bool (*untidy)(void *db);
    int (*tidy)(void *db, ndf_error *error);
    int64_t (*version)(void *db);

    int (*reader_begin)(void *db, void **conn, ndf_error *error);
    void (*reader_end)(void *db, void *conn);

    /* *key (may be NULL): the number a row was given. */
    int (*put)(void *conn, enum backend_op op, const void *record, int64_t *key,
        ndf_error *error);
    int (*change)(
        void *conn, const struct backend_query *query, ndf_error *error);
    int (*each)(void *conn, const struct backend_query *query,
        backend_row_fn row, void *ud, ndf_error *error);

    int (*check)(
        void *conn, backend_problem_fn problem, void *ud, ndf_error *error);
    int (*backup)(void *db, const char *path, ndf_error *error);
};

extern const struct store_backend store_sqlite;

struct backend_arg backend_text(struct str text);
struct backend_arg backend_int(int64_t number);
struct backend_arg backend_hash(const uint8_t *hash);
#define BACKEND_QUERY(id, ...)                                                 \
    (&(const struct backend_query){.op = (id),                                 \
        .args = {__VA_ARGS__},                                                 \
        .arg_count = sizeof((struct backend_arg[]){__VA_ARGS__}) /             \
                     sizeof(struct backend_arg)})

#endif
