/*
 * sqlite_sql.h - all SQL of the store: its statements and its schema.
 */
#ifndef NDF_STORE_SQLITE_SQL_H
#define NDF_STORE_SQLITE_SQL_H

#include "store/backend.h"

/* Statements besides those of the operations. */
enum sqlite_sql {
    SQL_OUTCOME_NEXT = OP_COUNT,
    SQL_COMMAND_NEXT,
    SQL_BEGIN_READ,
    SQL_BEGIN_WRITE,
    SQL_COMMIT,
    SQL_ROLLBACK,
    SQL_MARK,
    SQL_KEEP,
    SQL_UNDO,
    SQL_USER_VERSION,
    SQL_DATA_VERSION,
    SQL_COUNT,
};

/* The text of an operation (enum backend_op) or of one of the above. */
const char *sqlite_sql(unsigned id);

/* A table or an index, as the file must hold it, byte for byte. */
struct sqlite_object {
    const char *name;
    const char *sql;
};

/* A shape of the file. upgrades[n - 1] is a script from version n to n + 1,
 * for n from 1 to version - 1. */
struct sqlite_shape {
    int version;
    const struct sqlite_object *objects; /* in order of creation */
    size_t object_count;
    const char *const *upgrades;
};

extern const struct sqlite_shape sqlite_shape_now;

#endif
