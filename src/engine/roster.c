/*
 * roster.c - see roster.h.
 */
#include "engine/roster.h"

#include <string.h>

#include "base/block.h"

int roster_new(struct roster **out, const struct mem *mem)
{
    struct roster *roster = mem_calloc(mem, 1, sizeof *roster);
    *out = roster;
    if (roster == NULL) return NDF_ENOMEM;
    roster->mem = mem;
    vec_init(&roster->own_records, mem, sizeof(struct roster_record));
    vec_init(&roster->own_ids, mem, sizeof(struct str));
    vec_init(&roster->own_names, mem, sizeof(struct str));
    buf_init(&roster->own_texts, mem);
    buf_init(&roster->own_laws, mem);
    buf_init(&roster->own_features, mem);
    arena_init(&roster->arena, mem);
    return NDF_OK;
}

/* What is only needed while it is gathered. */
static void free_scratch(struct roster *roster)
{
    vec_deinit(&roster->own_ids);
    vec_deinit(&roster->own_names);
    arena_deinit(&roster->arena);
}

void roster_free(struct roster *roster)
{
    if (roster == NULL) return;
    names_free(roster->ids);
    names_free(roster->names);
    vec_deinit(&roster->own_records);
    buf_deinit(&roster->own_texts);
    buf_deinit(&roster->own_laws);
    buf_deinit(&roster->own_features);
    free_scratch(roster);
    mem_free(roster->mem, roster, sizeof *roster);
}

/* ---- gathering ------------------------------------------------------------
 */

static struct roster_part add_bytes(struct buf *buf, struct str bytes)
{
    struct roster_part part = {buf->size, bytes.size};
    buf_add_str(buf, bytes);
    return part;
}

static struct roster_part add_text(struct roster *roster, struct str text)
{
    struct roster_part part = add_bytes(&roster->own_texts, text);
    buf_add_char(&roster->own_texts, '\0');
    return part;
}

/* Entries of one file come one after another. */
static struct roster_part add_path(struct roster *roster, struct str path)
{
    size_t count = roster->own_records.count;
    if (count > 1) {
        const struct roster_record *before =
            vec_get(&roster->own_records, count - 2);
        struct str known = {
            roster->own_texts.at + before->path.at, (size_t)before->path.size};
        if (str_equal(known, path)) return before->path;
    }
    return add_text(roster, path);
}

static int add_name(struct roster *roster, struct vec *names, struct str name)
{
    struct str *kept = vec_push(names);
    if (kept == NULL) return NDF_ENOMEM;
    *kept = arena_str(&roster->arena, name);
    return kept->at != NULL ? NDF_OK : NDF_ENOMEM;
}

int roster_add(struct roster *roster, const struct roster_row *row)
{
    struct roster_record *record = vec_push(&roster->own_records);
    if (record == NULL) return NDF_ENOMEM;
    record->source = row->source;
    record->line = row->line;
    record->flags = row->flags;
    memcpy(record->hash, row->hash, sizeof record->hash);
    record->path = add_path(roster, row->path);
    record->description = add_text(roster, row->description);
    record->features = add_bytes(&roster->own_features, row->features);
    record->law.at = roster->own_laws.size;
    if (row->law != NULL) law_write(&roster->own_laws, row->law);
    record->law.size = roster->own_laws.size - record->law.at;
    int err = buf_error(&roster->own_texts);
    if (err == NDF_OK) err = buf_error(&roster->own_features);
    if (err == NDF_OK) err = buf_error(&roster->own_laws);
    if (err == NDF_OK) err = add_name(roster, &roster->own_ids, row->id);
    return err == NDF_OK ? add_name(roster, &roster->own_names, row->name)
                         : err;
}

int roster_close(struct roster *roster)
{
    roster->records = roster->own_records.at;
    roster->count = roster->own_records.count;
    roster->texts = roster->own_texts.at;
    roster->text_size = roster->own_texts.size;
    roster->laws = roster->own_laws.at;
    roster->law_size = roster->own_laws.size;
    roster->features = roster->own_features.at;
    roster->feature_size = roster->own_features.size;
    return names_new(&roster->ids, roster->mem, roster->own_ids.at, NULL,
        roster->own_ids.count);
}

int roster_name(struct roster *roster, const uint32_t *order)
{
    int err = names_new(&roster->names, roster->mem, roster->own_names.at,
        order, roster->own_names.count);
    free_scratch(roster);
    return err;
}

/* ---- reading --------------------------------------------------------------
 */

struct str roster_text(const struct roster *roster, struct roster_part part)
{
    return (struct str){roster->texts + part.at, (size_t)part.size};
}

struct str roster_features(const struct roster *roster, size_t number)
{
    struct roster_part part = roster->records[number].features;
    if (part.size == 0) return STR("");
    return (struct str){roster->features + part.at, (size_t)part.size};
}

int roster_law(const struct roster *roster, size_t number, struct arena *arena,
    struct law *out)
{
    struct roster_part part = roster->records[number].law;
    struct str bytes = {roster->laws + part.at, (size_t)part.size};
    return law_read(arena, part.size > 0 ? bytes : STR(""), out);
}

/* ---- as blocks ------------------------------------------------------------
 */

static const struct block_kind records_kind = {
    UINT64_C(0x0a54535246444e89) /* "\x89NDFRST\n" */, 1};
static const struct block_kind features_kind = {
    UINT64_C(0x0a41454646444e89) /* "\x89NDFFEA\n" */, 1};

enum array { RECORDS, TEXTS, LAWS, ARRAYS };

static void write_records(const struct roster *roster, struct buf *out)
{
    const struct block_array arrays[ARRAYS] = {
        [RECORDS] = {roster->records, roster->count, sizeof *roster->records},
        [TEXTS] = {roster->texts, roster->text_size, 1},
        [LAWS] = {roster->laws, roster->law_size, 1},
    };
    block_write(out, &records_kind, arrays, ARRAYS, NULL);
}

void roster_write(
    const struct roster *roster, enum roster_block which, struct buf *out)
{
    const struct block_array features = {
        roster->features, roster->feature_size, 1};
    switch (which) {
    case ROSTER_RECORDS: write_records(roster, out); break;
    case ROSTER_IDS: names_write(roster->ids, out); break;
    case ROSTER_NAMES: names_write(roster->names, out); break;
    case ROSTER_FEATURES:
        block_write(out, &features_kind, &features, 1, NULL);
        break;
    case ROSTER_BLOCKS: break;
    }
}

static bool is_within(struct roster_part part, size_t size)
{
    return part.at <= size && part.size <= size - part.at;
}

static bool is_text(const struct roster *roster, struct roster_part part)
{
    return part.at < roster->text_size &&
           part.size < roster->text_size - part.at &&
           roster->texts[part.at + part.size] == '\0';
}

/* Copies lead to one that is no copy, so that nobody walks in a circle, and
 * candidates are numbered as they come, which the selector relies on. */
static bool records_are_right(const struct roster *roster, size_t sources)
{
    uint32_t candidates = 0;
    for (size_t i = 0; i < roster->count; i++) {
        const struct roster_record *record = &roster->records[i];
        uint32_t of = record->folded_into;
        uint32_t candidate = of == 0 ? ++candidates : 0;
        if (record->source >= sources || record->candidate != candidate ||
            of > roster->count ||
            (of > 0 && roster->records[of - 1].folded_into != 0) ||
            !is_text(roster, record->path) ||
            !is_text(roster, record->description) ||
            !is_within(record->law, roster->law_size) ||
            !is_within(record->features, roster->feature_size))
            return false;
    }
    return true;
}

static int lend(struct roster *roster, const struct str blocks[ROSTER_BLOCKS],
    size_t sources)
{
    struct block_array arrays[ARRAYS] = {
        [RECORDS] = {.item_size = sizeof(struct roster_record)},
        [TEXTS] = {.item_size = 1},
        [LAWS] = {.item_size = 1},
    };
    struct block_array features = {.item_size = 1};
    int err = block_open(blocks[ROSTER_RECORDS], &records_kind, arrays, ARRAYS);
    if (err == NDF_OK)
        err = block_open(blocks[ROSTER_FEATURES], &features_kind, &features, 1);
    if (err == NDF_OK)
        err = names_open(&roster->ids, roster->mem, blocks[ROSTER_IDS]);
    if (err == NDF_OK)
        err = names_open(&roster->names, roster->mem, blocks[ROSTER_NAMES]);
    if (err != NDF_OK) return err;
    roster->records = arrays[RECORDS].at;
    roster->count = arrays[RECORDS].count;
    roster->texts = arrays[TEXTS].at;
    roster->text_size = arrays[TEXTS].count;
    roster->laws = arrays[LAWS].at;
    roster->law_size = arrays[LAWS].count;
    roster->features = features.at;
    roster->feature_size = features.count;
    return names_count(roster->ids) == roster->count &&
                   names_count(roster->names) == roster->count &&
                   records_are_right(roster, sources)
               ? NDF_OK
               : NDF_ECORRUPT;
}

int roster_open(struct roster **out, const struct mem *mem,
    const struct str blocks[ROSTER_BLOCKS], size_t sources)
{
    int err = roster_new(out, mem);
    if (err != NDF_OK) return err;
    (*out)->lent = true;
    err = lend(*out, blocks, sources);
    if (err == NDF_OK) return NDF_OK;
    roster_free(*out);
    *out = NULL;
    return err;
}
