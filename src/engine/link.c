/*
 * link.c - see link.h.
 */
#include "engine/link.h"

#include <string.h>

#include "model/plan.h"
#include "store/tx.h"

/* ---- what is declared ---------------------------------------------------- */

/* The planner has checked the first one's references already. */
static int next_entry(const struct registry *registry,
    const struct entry **entry, ndf_error *error)
{
    const struct entry *from = *entry;
    *entry = NULL;
    if (from->law == NULL || from->law->fallback.at == NULL) return NDF_OK;
    return registry_find(
        registry, from->law->fallback, from->source->name, entry, error);
}

int link_declared(const struct registry *registry, struct str pattern,
    struct arena *arena, struct str_list *out, ndf_error *error)
{
    *out = (struct str_list){0};
    const struct entry *entry = registry_entry(registry, pattern);
    if (entry == NULL) return NDF_OK;
    struct str *names = arena_calloc(arena, PLAN_DEPTH_MAX, sizeof *names);
    if (names == NULL) return NDF_ENOMEM;
    int err = next_entry(registry, &entry, error);
    while (err == NDF_OK && entry != NULL) {
        if (out->count == PLAN_DEPTH_MAX)
            return err_set(error, NDF_ELIMIT,
                "pattern '%.*s' has more than %d fallbacks one behind the "
                "other",
                STR_ARG(pattern), PLAN_DEPTH_MAX);
        names[out->count] = arena_str(arena, entry->qualified);
        if (names[out->count++].at == NULL) return NDF_ENOMEM;
        err = next_entry(registry, &entry, error);
    }
    out->items = names;
    return err;
}

/* ---- on record ----------------------------------------------------------- */

static int encode_fallback(struct ndf_run *run, struct value *out)
{
    struct arena *arena = &run->arena;
    struct value patterns = value_of_array();
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < run->after.count; i++)
        err = value_push(arena, &patterns, value_of_str(run->after.items[i]));
    *out = value_of_object();
    if (err == NDF_OK)
        err = value_set(
            arena, out, STR("run"), value_of_str(str_of(run->next_id)));
    if (err == NDF_OK) err = value_set(arena, out, STR("patterns"), patterns);
    return err;
}

int link_encode(struct ndf_run *run, struct value *start)
{
    struct arena *arena = &run->arena;
    struct value fallback;
    int err = NDF_OK;
    if (run->fallback_of.at != NULL)
        err = value_set(
            arena, start, STR("fallback_of"), value_of_str(run->fallback_of));
    if (err == NDF_OK && run->passed != NULL)
        err = value_set(arena, start, STR("passed_over"), *run->passed);
    if (err != NDF_OK || run->next_id[0] == '\0') return err;
    err = encode_fallback(run, &fallback);
    return err == NDF_OK ? value_set(arena, start, STR("fallback"), fallback)
                         : err;
}

int link_decode(struct ndf_run *run, const struct value *start)
{
    const struct value *fallback = value_get(start, STR("fallback"));
    struct str id = value_get_str(fallback, STR("run"));
    const struct value *list = value_get(fallback, STR("patterns"));
    run->fallback_of = value_get_str(start, STR("fallback_of"));
    if (fallback == NULL) return NDF_OK;
    if (!engine_id_valid(id) || list == NULL || list->kind != VALUE_ARRAY)
        return NDF_ECORRUPT;
    struct str *names =
        arena_calloc(&run->arena, list->array.count + 1, sizeof *names);
    if (names == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < list->array.count; i++) {
        if (list->array.items[i].kind != VALUE_STRING) return NDF_ECORRUPT;
        names[i] = list->array.items[i].string;
    }
    run->after = (struct str_list){names, list->array.count};
    memcpy(run->next_id, id.at, id.size);
    return NDF_OK;
}

/* ---- due ----------------------------------------------------------------- */

static const struct str fall_back_kind = {"fall_back", 9};

int link_owe(
    struct store_tx *tx, struct str run, int64_t at_ms, ndf_error *error)
{
    struct store_command command = {
        .run = run, .kind = fall_back_kind, .at_ms = at_ms};
    return tx_command_put(tx, &command, error);
}

static int note_due(void *ud, const struct store_command *command)
{
    if (str_equal(command->kind, fall_back_kind)) *(int64_t *)ud = command->id;
    return NDF_OK;
}

static int find_due(
    struct store_reader *reader, struct str run, int64_t *id, ndf_error *error)
{
    *id = 0;
    return read_commands(reader, run, note_due, id, error);
}

int link_due(
    struct store_reader *reader, struct str run, bool *due, ndf_error *error)
{
    int64_t id;
    int err = find_due(reader, run, &id, error);
    *due = id != 0;
    return err;
}

int link_take(struct store_tx *tx, struct str run, ndf_error *error)
{
    int64_t id;
    int err = find_due(tx_reader(tx), run, &id, error);
    if (err != NDF_OK) return err;
    if (id == 0)
        return err_set(error, NDF_EEXISTS,
            "the fallback of run %.*s is not due any more", STR_ARG(run));
    return tx_command_take(tx, id, error);
}
