/*
 * changes.c - what the steps of a run changed in its context.
 *
 * An intent names the snapshot that the call was given, a good result the one
 * that it led to; the fields that differ were changed. Violations are on record
 * by field: one that is not among the differences was dropped, or failed the
 * step.
 */
#include "base/json.h"
#include "engine/lookup.h"
#include "engine/object.h"
#include "run/executor.h"

static void put_member(
    struct object *object, const char *key, const struct value *value)
{
    if (value != NULL) object_put(object, key, *value);
}

struct reading {
    struct arena *arena; /* of all that is read and made */
    struct store_reader *reader;
    ndf_error *error;
    struct vec intents;   /* struct value: bodies */
    struct value given;   /* the last snapshot that was read */
    struct str given_hex; /* its hash; .at NULL: none yet */
    struct value start;   /* the body of record 0 */
    struct value end;     /* of the last one; null: none */
    struct value steps;   /* the answer */
    size_t count;         /* records seen */
};

/* ---- snapshots ----------------------------------------------------------- */

static int read_snapshot(struct reading *r, struct str hex, struct value *out)
{
    if (r->given_hex.at != NULL && str_equal(hex, r->given_hex)) {
        *out = r->given;
        return NDF_OK;
    }
    uint8_t hash[STORE_HASH_SIZE];
    struct str bytes;
    if (!hash_unhex(hex, hash, sizeof hash)) return NDF_ECORRUPT;
    int err = read_content(
        r->reader, r->arena, STORE_SNAPSHOT, hash, &bytes, r->error);
    if (err == NDF_OK) err = json_parse(r->arena, bytes, out, r->error);
    if (err != NDF_OK) return err;
    r->given = *out;
    r->given_hex = hex;
    return NDF_OK;
}

static bool is_call(const struct value *body, const struct value *of)
{
    return str_equal(value_get_str(body, STR("step")),
               value_get_str(of, STR("step"))) &&
           value_get_int(body, STR("attempt"), 0) ==
               value_get_int(of, STR("attempt"), 0);
}

/* The snapshot that the call of a result was given; .at NULL: not told. */
static struct str snapshot_of(const struct reading *r, const struct value *body)
{
    const struct value *intents = r->intents.at;
    for (size_t i = r->intents.count; i > 0; i--)
        if (is_call(&intents[i - 1], body))
            return value_get_str(&intents[i - 1], STR("snapshot"));
    return (struct str){NULL, 0};
}

/* ---- differences --------------------------------------------------------- */

/* The changes of one result. */
struct diff {
    struct reading *r;
    const struct value *violations; /* NULL: none */
    bool enforced;                  /* they failed the step */
    struct value list;
    bool *seen; /* of each violation */
};

static size_t violation_count(const struct diff *diff)
{
    const struct value *list = diff->violations;
    return list != NULL && list->kind == VALUE_ARRAY ? list->array.count : 0;
}

static const struct value *find_violation(struct diff *diff, struct str field)
{
    for (size_t i = 0; i < violation_count(diff); i++) {
        const struct value *item = &diff->violations->array.items[i];
        if (!str_equal(value_get_str(item, STR("field")), field)) continue;
        diff->seen[i] = true;
        return item;
    }
    return NULL;
}

static struct value change_word(
    const struct value *before, const struct value *after)
{
    return value_of_str(before == NULL  ? STR("added")
                        : after == NULL ? STR("removed")
                                        : STR("changed"));
}

static int add_change(struct diff *diff, struct str field,
    const struct value *before, const struct value *after)
{
    if (before == NULL && after == NULL) return NDF_OK;
    if (before != NULL && after != NULL && value_equal(before, after))
        return NDF_OK;
    const struct value *violation = find_violation(diff, field);
    struct object change = object_new(diff->r->arena);
    object_put(&change, "field", value_of_str(field));
    object_put(&change, "change", change_word(before, after));
    put_member(&change, "before", before);
    put_member(&change, "after", after);
    object_put(&change, "declared", value_of_bool(violation == NULL));
    if (violation != NULL) {
        put_member(&change, "severity", value_get(violation, STR("severity")));
        object_put(&change, "policy", value_of_str(STR("recorded")));
    }
    if (change.err != NDF_OK) return change.err;
    return value_push(diff->r->arena, &diff->list, change.value);
}

static struct str attribute_field(struct arena *arena, struct str name)
{
    return arena_format(arena, "attributes.%.*s", STR_ARG(name));
}

static int compare_attributes(
    struct diff *diff, const struct value *before, const struct value *after)
{
    const struct value *a = value_get(before, STR("attributes"));
    const struct value *b = value_get(after, STR("attributes"));
    int err = NDF_OK;
    size_t count = a != NULL && a->kind == VALUE_OBJECT ? a->object.count : 0;
    for (size_t i = 0; err == NDF_OK && i < count; i++) {
        const struct member *member = &a->object.members[i];
        struct str field = attribute_field(diff->r->arena, member->key);
        err = field.at == NULL ? NDF_ENOMEM
                               : add_change(diff, field, &member->value,
                                     value_get(b, member->key));
    }
    count = b != NULL && b->kind == VALUE_OBJECT ? b->object.count : 0;
    for (size_t i = 0; err == NDF_OK && i < count; i++) {
        const struct member *member = &b->object.members[i];
        if (value_get(a, member->key) != NULL) continue;
        struct str field = attribute_field(diff->r->arena, member->key);
        err = field.at == NULL ? NDF_ENOMEM
                               : add_change(diff, field, NULL, &member->value);
    }
    return err;
}

static int compare(
    struct diff *diff, const struct value *before, const struct value *after)
{
    static const char *const fields[] = {
        "domain", "agent_type", "priority", "text"};
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < sizeof fields / sizeof fields[0];
         i++) {
        struct str field = str_of(fields[i]);
        err = add_change(
            diff, field, value_get(before, field), value_get(after, field));
    }
    return err == NDF_OK ? compare_attributes(diff, before, after) : err;
}

/* The value of a field of a context: "domain", "attributes.stage". */
static const struct value *value_at(
    const struct value *context, struct str field)
{
    const struct str prefix = STR("attributes.");
    if (!str_starts(field, prefix)) return value_get(context, field);
    return value_get(
        value_get(context, STR("attributes")), str_from(field, prefix.size));
}

/* What did not come through. */
static int add_dropped(struct diff *diff, const struct value *before)
{
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < violation_count(diff); i++) {
        if (diff->seen[i]) continue;
        const struct value *item = &diff->violations->array.items[i];
        struct str field = value_get_str(item, STR("field"));
        if (field.at == NULL) return NDF_ECORRUPT;
        const struct value *old = value_at(before, field);
        bool deleted = value_get_bool(item, STR("deleted"), false);
        struct object change = object_new(diff->r->arena);
        object_put(&change, "field", value_of_str(field));
        object_put(&change, "change",
            value_of_str(deleted       ? STR("removed")
                         : old == NULL ? STR("added")
                                       : STR("changed")));
        put_member(&change, "before", old);
        put_member(&change, "tried", value_get(item, STR("tried")));
        put_member(&change, "tried_bytes", value_get(item, STR("tried_bytes")));
        object_put(&change, "declared", value_of_bool(false));
        put_member(&change, "severity", value_get(item, STR("severity")));
        object_put(&change, "policy",
            value_of_str(diff->enforced ? STR("enforced") : STR("restored")));
        err = change.err;
        if (err == NDF_OK)
            err = value_push(diff->r->arena, &diff->list, change.value);
    }
    return err;
}

static int make_diff(struct diff *diff, const struct value *body)
{
    struct reading *r = diff->r;
    struct str before_hex = snapshot_of(r, body);
    struct str after_hex = value_get_str(body, STR("snapshot"));
    struct value before = value_of_object(), after;
    diff->seen = arena_calloc(r->arena, violation_count(diff) + 1, 1);
    if (diff->seen == NULL) return NDF_ENOMEM;
    int err = NDF_OK;
    bool changed = after_hex.at != NULL && !str_equal(before_hex, after_hex);
    if (before_hex.at != NULL && (changed || violation_count(diff) > 0))
        err = read_snapshot(r, before_hex, &before);
    if (err == NDF_OK && changed && before_hex.at != NULL)
        err = read_snapshot(r, after_hex, &after);
    if (err == NDF_OK && changed && before_hex.at != NULL)
        err = compare(diff, &before, &after);
    return err == NDF_OK ? add_dropped(diff, &before) : err;
}

/* ---- records ------------------------------------------------------------- */

static int add_result(
    struct reading *r, const struct store_record *record, struct value *body)
{
    struct diff diff = {.r = r,
        .violations = value_get(body, STR("violations")),
        .enforced =
            str_equal(value_get_str(body, STR("reason")), STR("enforce")),
        .list = value_of_array()};
    int err = make_diff(&diff, body);
    if (err != NDF_OK) return err;
    struct object step = object_new(r->arena);
    object_put(&step, "seq", value_of_int(record->seq));
    put_member(&step, "step", value_get(body, STR("step")));
    if (str_equal(record->kind, STR("undo_result")))
        object_put(&step, "undo", value_of_bool(true));
    put_member(&step, "attempt", value_get(body, STR("attempt")));
    put_member(&step, "ok", value_get(body, STR("ok")));
    object_put(&step, "changes", diff.list);
    if (step.err != NDF_OK) return step.err;
    return value_push(r->arena, &r->steps, step.value);
}

static int take_record(void *ud, const struct store_record *record)
{
    struct reading *r = ud;
    struct value body;
    int err = json_parse(r->arena, record->body, &body, r->error);
    if (err != NDF_OK) return err;
    struct str kind = record->kind;
    if (r->count++ == 0) r->start = body;
    if (str_equal(kind, STR("end"))) r->end = body;
    if (str_equal(kind, STR("intent")) || str_equal(kind, STR("undo_intent"))) {
        struct value *intent = vec_push(&r->intents);
        if (intent == NULL) return NDF_ENOMEM;
        *intent = body;
    }
    bool ends =
        str_equal(kind, STR("result")) || str_equal(kind, STR("undo_result"));
    return ends ? add_result(r, record, &body) : NDF_OK;
}

static int describe(struct reading *r, const struct store_run *row,
    ndf_engine *engine, ndf_text **out)
{
    struct str policy =
        value_get_str(value_get(&r->start, STR("plan")), STR("context"));
    struct object object = object_new(r->arena);
    object_put(&object, "id", value_of_str(row->id));
    object_put(
        &object, "state", value_of_str(str_of(exec_state_name(row->state))));
    object_put(&object, "policy",
        value_of_str(policy.at != NULL ? policy : STR("restore")));
    put_member(&object, "context", value_get(&r->start, STR("context")));
    object_put(&object, "steps", r->steps);
    put_member(
        &object, "preservation", value_get(&r->end, STR("preservation")));
    if (object.err != NDF_OK) return object.err;
    return text_of_value(out, &engine->mem, &object.value);
}

static int read_changes(
    ndf_engine *engine, struct reading *r, const char *run, ndf_text **out)
{
    struct store_run row;
    int err = lookup_run(engine, r->arena, str_of(run), &row, r->error);
    if (err != NDF_OK) return err;
    err = store_read_begin(engine->store, &r->reader, r->error);
    if (err != NDF_OK) return err;
    /* The state and the records of one moment. */
    err = read_run(r->reader, r->arena, row.id, &row, r->error);
    if (err == NDF_OK)
        err = read_journal(r->reader, row.id, 0, take_record, r, r->error);
    store_read_end(r->reader);
    return err == NDF_OK ? describe(r, &row, engine, out) : err;
}

int ndf_changes(
    ndf_engine *engine, const char *run, ndf_text **out, ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (run == NULL) return err_set(error, NDF_EINVAL, "the run is NULL");
    if (error != NULL) error->code = NDF_OK;
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct reading r = {.arena = &arena,
        .error = error,
        .start = value_of_object(),
        .end = value_of_object(),
        .steps = value_of_array()};
    vec_init(&r.intents, &engine->mem, sizeof(struct value));
    err = read_changes(engine, &r, run, out);
    vec_deinit(&r.intents);
    arena_deinit(&arena);
    return engine_explain(err, "the context cannot be read", error);
}
