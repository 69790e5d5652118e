/*
 * backend.c - see backend.h: which operation works on which table, and the
 * arguments of queries.
 */
#include "store/backend.h"

enum table backend_table(enum backend_op op)
{
#define BACKEND_OP_TABLE(name, table) [name] = table,
    static const enum table tables[] = {BACKEND_OPS(BACKEND_OP_TABLE)};
#undef BACKEND_OP_TABLE
    return tables[op];
}

struct backend_arg backend_text(struct str text)
{
    return (struct backend_arg){.type = COLUMN_TEXT, .text = text};
}

struct backend_arg backend_int(int64_t number)
{
    return (struct backend_arg){.type = COLUMN_INT, .number = number};
}

struct backend_arg backend_hash(const uint8_t *hash)
{
    return (struct backend_arg){.type = COLUMN_HASH, .hash = hash};
}
