/*
 * layout.h - the fields of each record, as a table.
 *
 * Binding, reading, checking, exporting and importing all walk this one table,
 * so that a new field is added in one place. The order is that of the columns.
 */
#ifndef NDF_STORE_LAYOUT_H
#define NDF_STORE_LAYOUT_H

#include "base/err.h"
#include "store/record.h"

enum table {
    TABLE_META,
    TABLE_SOURCE,
    TABLE_SPEC,
    TABLE_SNAPSHOT,
    TABLE_BLOB,
    TABLE_ENTRY,
    TABLE_RUN,
    TABLE_JOURNAL,
    TABLE_OUTCOME,
    TABLE_TALLY,
    TABLE_COMMAND,
    TABLE_COUNT,
};

/* A content as it lies in the store (content.h). */
struct content_row {
    uint8_t hash[STORE_HASH_SIZE];
    int64_t size;  /* unpacked */
    int64_t codec; /* enum content_codec */
    struct str body;
};

enum column_type {
    COLUMN_TEXT,  /* struct str */
    COLUMN_BYTES, /* struct str */
    COLUMN_INT,   /* int64_t */
    COLUMN_REAL,  /* double */
    COLUMN_HASH,  /* uint8_t[STORE_HASH_SIZE] */
};

struct column {
    const char *name;
    enum column_type type;
    size_t offset;
    size_t max; /* bytes of a text or of bytes */
};

enum { LAYOUT_FIELDS_MAX = 16, LAYOUT_SIZE_MAX = 512 };

struct layout {
    const char *name; /* of the table, and of its lines in an export */
    size_t size;      /* of the struct */
    const struct column *fields;
    size_t field_count;
    bool summed; /* rows carry a checksum; others have one of their own */
};

const struct layout *layout_of(enum table table);
/* Text valid and within its limit, reals finite: NDF_EINVAL, NDF_ELIMIT. */
int layout_check(
    const struct layout *layout, const void *record, ndf_error *error);

/* XXH3 over all fields, the same on every machine. */
int64_t layout_sum(const struct layout *layout, const void *record);

struct str layout_str(const struct column *field, const void *record);
int64_t layout_int(const struct column *field, const void *record);
double layout_real(const struct column *field, const void *record);
const uint8_t *layout_hash(const struct column *field, const void *record);
/* The place of a field in a record that is being filled. */
void *layout_place(const struct column *field, void *record);

#endif
