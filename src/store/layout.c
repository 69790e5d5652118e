/*
 * layout.c - see layout.h.
 *
 * Invariant: what layout_check lets pass is read back equal, from the store
 * and from an export.
 */
#include "store/layout.h"

#include <math.h>
#include <string.h>

#include "base/hash.h"
#include "base/utf8.h"

#define TEXT(type, field, max)                                                 \
    {                                                                          \
#field, COLUMN_TEXT, offsetof(struct type, field), (max)               \
    }
#define BYTES(type, field, max)                                                \
    {                                                                          \
#field, COLUMN_BYTES, offsetof(struct type, field), (max)              \
    }
#define INT(type, field)                                                       \
    {                                                                          \
#field, COLUMN_INT, offsetof(struct type, field), 0                    \
    }
#define REAL(type, field)                                                      \
    {                                                                          \
#field, COLUMN_REAL, offsetof(struct type, field), 0                   \
    }
#define HASH(type, field)                                                      \
    {                                                                          \
#field, COLUMN_HASH, offsetof(struct type, field), 0                   \
    }

static const struct column meta_fields[] = {
    TEXT(store_meta, name, STORE_ID_MAX),
    BYTES(store_meta, value, STORE_BODY_MAX),
};

static const struct column source_fields[] = {
    TEXT(store_source, id, STORE_ID_MAX),
    TEXT(store_source, name, STORE_ID_MAX),
    TEXT(store_source, kind, STORE_ID_MAX),
    TEXT(store_source, path, STORE_HEAD_MAX),
    TEXT(store_source, run_argv, STORE_HEAD_MAX),
    BYTES(store_source, state, STORE_BODY_MAX),
    INT(store_source, added_ms),
};

static const struct column content_fields[] = {
    HASH(content_row, hash),
    INT(content_row, size),
    INT(content_row, codec),
    BYTES(content_row, body, STORE_BODY_MAX),
};

static const struct column entry_fields[] = {
    TEXT(store_entry, id, STORE_ID_MAX),
    TEXT(store_entry, source, STORE_ID_MAX),
    INT(store_entry, kind),
    TEXT(store_entry, name, STORE_ID_MAX),
    TEXT(store_entry, path, STORE_HEAD_MAX),
    INT(store_entry, line),
    HASH(store_entry, spec),
    BYTES(store_entry, head, STORE_HEAD_MAX),
    BYTES(store_entry, features, STORE_HEAD_MAX),
    INT(store_entry, updated_ms),
};

static const struct column run_fields[] = {
    TEXT(store_run, id, STORE_ID_MAX),
    TEXT(store_run, pattern, STORE_ID_MAX),
    HASH(store_run, version),
    TEXT(store_run, domain, STORE_ID_MAX),
    TEXT(store_run, text, STORE_TASK_MAX),
    INT(store_run, state),
    INT(store_run, started_ms),
    INT(store_run, ended_ms),
    TEXT(store_run, cwd, STORE_HEAD_MAX),
    TEXT(store_run, owner, STORE_HEAD_MAX),
    HASH(store_run, plan),
    INT(store_run, records),
    HASH(store_run, chain),
};

static const struct column journal_fields[] = {
    TEXT(store_record, run, STORE_ID_MAX),
    INT(store_record, seq),
    TEXT(store_record, kind, STORE_ID_MAX),
    INT(store_record, at_ms),
    BYTES(store_record, body, STORE_BODY_MAX),
    INT(store_record, sum),
    HASH(store_record, chain),
};

static const struct column outcome_fields[] = {
    INT(store_outcome, seq),
    TEXT(store_outcome, id, STORE_ID_MAX),
    TEXT(store_outcome, pattern, STORE_ID_MAX),
    TEXT(store_outcome, run, STORE_ID_MAX),
    INT(store_outcome, at_ms),
    BYTES(store_outcome, body, STORE_BODY_MAX),
};

static const struct column tally_fields[] = {
    TEXT(store_tally, pattern, STORE_ID_MAX),
    TEXT(store_tally, domain, STORE_ID_MAX),
    REAL(store_tally, wins),
    REAL(store_tally, tries),
    INT(store_tally, at_ms),
    INT(store_tally, executions),
};

static const struct column command_fields[] = {
    INT(store_command, id),
    TEXT(store_command, run, STORE_ID_MAX),
    TEXT(store_command, kind, STORE_ID_MAX),
    INT(store_command, at_ms),
};

#define LAYOUT(table, type, name, fields, summed)                              \
    [table] = {name, sizeof(struct type), fields,                              \
        sizeof fields / sizeof fields[0], summed}

static const struct layout layouts[TABLE_COUNT] = {
    LAYOUT(TABLE_META, store_meta, "meta", meta_fields, true),
    LAYOUT(TABLE_SOURCE, store_source, "source", source_fields, true),
    LAYOUT(TABLE_SPEC, content_row, "spec", content_fields, false),
    LAYOUT(TABLE_SNAPSHOT, content_row, "snapshot", content_fields, false),
    LAYOUT(TABLE_BLOB, content_row, "blob", content_fields, false),
    LAYOUT(TABLE_ENTRY, store_entry, "entry", entry_fields, true),
    LAYOUT(TABLE_RUN, store_run, "run", run_fields, true),
    LAYOUT(TABLE_JOURNAL, store_record, "journal", journal_fields, false),
    LAYOUT(TABLE_OUTCOME, store_outcome, "outcome", outcome_fields, true),
    LAYOUT(TABLE_TALLY, store_tally, "tally", tally_fields, true),
    LAYOUT(TABLE_COMMAND, store_command, "command", command_fields, true),
};

const struct layout *layout_of(enum table table)
{
    return &layouts[table];
}

static const void *field_at(const struct column *field, const void *record)
{
    return (const char *)record + field->offset;
}

struct str layout_str(const struct column *field, const void *record)
{
    struct str s;
    memcpy(&s, field_at(field, record), sizeof s);
    return s.at != NULL ? s : STR("");
}

int64_t layout_int(const struct column *field, const void *record)
{
    int64_t number;
    memcpy(&number, field_at(field, record), sizeof number);
    return number;
}

double layout_real(const struct column *field, const void *record)
{
    double number;
    memcpy(&number, field_at(field, record), sizeof number);
    return number;
}

const uint8_t *layout_hash(const struct column *field, const void *record)
{
    return field_at(field, record);
}

void *layout_place(const struct column *field, void *record)
{
    return (char *)record + field->offset;
}

static uint64_t sum_word(uint64_t sum, uint64_t word)
{
    char bytes[8];
    for (int i = 0; i < 8; i++)
        bytes[i] = (char)(word >> (8 * i) & 0xff);
    return hash64_seed((struct str){bytes, sizeof bytes}, sum);
}

static uint64_t sum_str(uint64_t sum, struct str s)
{
    return hash64_seed(s, sum_word(sum, s.size));
}

static uint64_t sum_field(
    uint64_t sum, const struct column *field, const void *record)
{
    switch (field->type) {
    case COLUMN_TEXT:
    case COLUMN_BYTES: return sum_str(sum, layout_str(field, record));
    case COLUMN_INT: return sum_word(sum, (uint64_t)layout_int(field, record));
    case COLUMN_HASH:
        return sum_str(
            sum, (struct str){(const char *)layout_hash(field, record),
                     STORE_HASH_SIZE});
    case COLUMN_REAL: break;
    }
    /* A database may keep -0.0 as 0. */
    double real = layout_real(field, record) + 0.0;
    uint64_t word;
    memcpy(&word, &real, sizeof word);
    return sum_word(sum, word);
}

int64_t layout_sum(const struct layout *layout, const void *record)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < layout->field_count; i++)
        sum = sum_field(sum, &layout->fields[i], record);
    int64_t number;
    memcpy(&number, &sum, sizeof number);
    return number;
}

static int check_field(const struct layout *layout, const struct column *field,
    const void *record, ndf_error *error)
{
    if (field->type == COLUMN_REAL && !isfinite(layout_real(field, record)))
        return err_set(error, NDF_EINVAL, "%s.%s is not a finite number",
            layout->name, field->name);
    if (field->type != COLUMN_TEXT && field->type != COLUMN_BYTES)
        return NDF_OK;
    struct str s = layout_str(field, record);
    if (s.size > field->max)
        return err_set(error, NDF_ELIMIT,
            "%s.%s has %zu bytes; at most %zu can be kept", layout->name,
            field->name, s.size, field->max);
    if (field->type == COLUMN_TEXT &&
        (!utf8_valid(s) || memchr(s.at, 0, s.size) != NULL))
        return err_set(error, NDF_EINVAL,
            "%s.%s is no text: invalid UTF-8 or a NUL in it", layout->name,
            field->name);
    return NDF_OK;
}

int layout_check(
    const struct layout *layout, const void *record, ndf_error *error)
{
    for (size_t i = 0; i < layout->field_count; i++) {
        int err = check_field(layout, &layout->fields[i], record, error);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}
