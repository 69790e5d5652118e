/*
 * recorded.c - see recorded.h.
 */
#include "engine/recorded.h"

#include "base/hash.h"
#include "base/json.h"
#include "run/executor.h"

static int restore_output(struct store_reader *reader, struct arena *arena,
    struct value *body, ndf_error *error)
{
    struct str hex = executor_record_blob(body);
    uint8_t hash[STORE_HASH_SIZE];
    if (hex.at == NULL || !hash_unhex(hex, hash, sizeof hash)) return NDF_OK;
    struct str bytes;
    int err = read_content(reader, arena, STORE_BLOB, hash, &bytes, error);
    if (err != NDF_OK) return err;
    struct value output = value_of_str(bytes);
    const struct value *blob = value_get(body, STR("output_blob"));
    /* A text stays one, also if it could be read as something else. */
    if (!str_equal(value_get_str(blob, STR("kind")), STR("text"))) {
        err = json_parse(arena, bytes, &output, NULL);
        if (err == NDF_ENOMEM) return err;
        if (err != NDF_OK) output = value_of_str(bytes);
    }
    return value_set(arena, body, STR("output"), output);
}

/* Members are added to values of one's own making only. */
static int copy_members(
    struct arena *arena, const struct value *from, struct value *out)
{
    int err = NDF_OK;
    *out = value_of_object();
    if (from->kind != VALUE_OBJECT) return NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < from->object.count; i++)
        err = value_set(arena, out, from->object.members[i].key,
            from->object.members[i].value);
    return err;
}

int recorded_document(struct store_reader *reader, struct arena *arena,
    const struct store_record *record, struct value *out, ndf_error *error)
{
    struct value parsed, body;
    int err = json_parse(arena, record->body, &parsed, error);
    if (err == NDF_OK) err = copy_members(arena, &parsed, &body);
    if (err == NDF_OK) err = restore_output(reader, arena, &body, error);
    if (err != NDF_OK) return err;
    struct str kind = arena_str(arena, record->kind);
    if (kind.at == NULL) return NDF_ENOMEM;
    *out = value_of_object();
    err = value_set(arena, out, STR("seq"), value_of_int(record->seq));
    if (err == NDF_OK)
        err = value_set(arena, out, STR("kind"), value_of_str(kind));
    if (err == NDF_OK)
        err = value_set(arena, out, STR("at_ms"), value_of_int(record->at_ms));
    return err == NDF_OK ? value_set(arena, out, STR("body"), body) : err;
}
