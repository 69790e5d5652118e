/*
 * stage.c - from text to rows of the registry.
 */
#include "engine/stage.h"

#include <string.h>

#include "base/json.h"
#include "base/yaml.h"
#include "engine/head.h"

void stage_init(struct stage *stage, const struct mem *mem)
{
    stage->mem = mem;
    arena_init(&stage->arena, mem);
    vec_init(&stage->items, mem, sizeof(struct staged));
    map_init(&stage->ids, mem);
}

void stage_deinit(struct stage *stage)
{
    map_deinit(&stage->ids);
    vec_deinit(&stage->items);
    arena_deinit(&stage->arena);
}

int stage_parse(struct stage *stage, struct str text, struct value **values,
    size_t *count, ndf_error *error)
{
    struct str start = str_trim(text);
    if (start.size == 0 || (start.at[0] != '{' && start.at[0] != '['))
        return yaml_parse(&stage->arena, text, values, count, error);
    struct value *value = arena_alloc(&stage->arena, sizeof *value);
    if (value == NULL) return NDF_ENOMEM;
    int err = json_parse(&stage->arena, text, value, error);
    if (err != NDF_OK) return err;
    *values = value;
    *count = 1;
    if (value->kind == VALUE_ARRAY) {
        *values = value->array.items;
        *count = value->array.count;
    }
    return NDF_OK;
}

bool stage_ours(const struct value *value)
{
    return value_get(value, STR("agent")) != NULL ||
           value_get(value, STR("pattern")) != NULL;
}

static int take_id(struct stage *stage, struct staged *item,
    const struct stage_place *place, ndf_error *error)
{
    struct arena *arena = &stage->arena;
    item->id = arena_format(
        arena, "%.*s/%.*s", STR_ARG(place->source), STR_ARG(item->name));
    if (item->id.at == NULL) return NDF_ENOMEM;
    if (map_has(&stage->ids, item->id) && place->by_folder &&
        place->folder.size > 0) {
        item->id = arena_format(arena, "%.*s/%.*s/%.*s", STR_ARG(place->source),
            STR_ARG(place->folder), STR_ARG(item->name));
        if (item->id.at == NULL) return NDF_ENOMEM;
    }
    int err = map_add(&stage->ids, item->id, stage);
    if (err == NDF_EEXISTS)
        return err_at(error, NDF_EEXISTS, place->line, 0,
            "'%.*s' is there already in source '%.*s': give one of the two "
            "another name",
            STR_ARG(item->name), STR_ARG(place->source));
    return err;
}

static int keep_buf(struct arena *arena, const struct buf *buf, struct str *out)
{
    *out = arena_str(arena, buf_str(buf));
    return out->at != NULL ? NDF_OK : NDF_ENOMEM;
}

/* The canonical document, the head and the features. */
static int encode_parts(struct stage *stage, struct arena *scratch,
    const struct document *document, struct buf *buf, struct staged *item)
{
    struct encoded encoded;
    int err = document_encode(scratch, document, &encoded.value);
    if (err != NDF_OK) return err;
    json_write(buf, &encoded.value);
    err = buf_error(buf);
    if (err == NDF_OK) err = keep_buf(&stage->arena, buf, &item->spec);
    encoded.text = item->spec;
    buf_reset(buf);
    if (err == NDF_OK) err = head_encode(scratch, document, &encoded, buf);
    if (err == NDF_OK && str_equal(buf_str(buf), item->spec))
        item->head = item->spec;
    else if (err == NDF_OK) err = keep_buf(&stage->arena, buf, &item->head);
    buf_reset(buf);
    if (err == NDF_OK) err = head_features(stage->mem, document, buf);
    if (err == NDF_OK) err = keep_buf(&stage->arena, buf, &item->features);
    return err;
}

static int encode(
    struct stage *stage, const struct document *document, struct staged *item)
{
    struct arena scratch;
    struct buf buf;
    arena_init(&scratch, stage->mem);
    buf_init(&buf, stage->mem);
    int err = encode_parts(stage, &scratch, document, &buf, item);
    buf_deinit(&buf);
    arena_deinit(&scratch);
    return err;
}

int stage_add(struct stage *stage, const struct document *document,
    const struct stage_place *place, ndf_error *error)
{
    struct staged item = {.kind = document->kind,
        .path = arena_str(&stage->arena, place->path),
        .line = place->line};
    item.name = arena_str(&stage->arena, document_name(document));
    if (item.path.at == NULL || item.name.at == NULL) return NDF_ENOMEM;
    int err = take_id(stage, &item, place, error);
    if (err == NDF_OK) err = encode(stage, document, &item);
    if (err != NDF_OK) return err;
    struct staged *kept = vec_push(&stage->items);
    if (kept == NULL) return NDF_ENOMEM;
    *kept = item;
    return NDF_OK;
}

int stage_add_value(struct stage *stage, const struct value *value,
    const struct stage_place *place, ndf_error *error)
{
    struct document document;
    struct arena scratch;
    arena_init(&scratch, stage->mem);
    int err = document_decode(&scratch, value, &document, error);
    if (err == NDF_OK) err = stage_add(stage, &document, place, error);
    arena_deinit(&scratch);
    return err;
}

int stage_write(const struct stage *stage, struct store_tx *tx,
    struct str source_id, int64_t now_ms, ndf_error *error)
{
    const struct staged *items = stage->items.at;
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < stage->items.count; i++) {
        struct store_entry row = {.id = items[i].id,
            .source = source_id,
            .kind =
                items[i].kind == DOCUMENT_AGENT ? STORE_AGENT : STORE_PATTERN,
            .name = items[i].name,
            .path = items[i].path,
            .line = items[i].line,
            .head = items[i].head,
            .features = items[i].features,
            .updated_ms = now_ms};
        err = tx_content_put(tx, STORE_SPEC, items[i].spec, row.spec, error);
        if (err == NDF_OK) err = tx_entry_put(tx, &row, error);
    }
    return err;
}
