/*
 * summary.c - how a run ended, as one document.
 */
#include "engine/rebuild.h"

/* Grows an object without a check a line: the first failure sticks. */
struct object {
    struct arena *arena;
    struct value value;
    int err;
};

static struct object object_new(struct arena *arena)
{
    return (struct object){arena, value_of_object(), NDF_OK};
}

static void put(struct object *object, struct str key, struct value value)
{
    if (object->err == NDF_OK)
        object->err = value_set(object->arena, &object->value, key, value);
}

static void put_object(
    struct object *object, struct str key, const struct object *inner)
{
    if (inner->err != NDF_OK) object->err = inner->err;
    put(object, key, inner->value);
}

/* The outputs by step, and the steps in their order, which an object lacks. */
static void put_outputs(
    struct object *object, const struct ndf_run *run, uint32_t step_count)
{
    struct object outputs = object_new(object->arena);
    struct value steps = value_of_array();
    struct value skipped = value_of_array();
    for (uint32_t i = 0; i < step_count; i++) {
        struct exec_step_look step;
        executor_look_step(run->executor, i, &step);
        if (step.skipped && outputs.err == NDF_OK)
            outputs.err = value_push(
                object->arena, &skipped, value_of_str(step.plan->id));
        if (!step.done) continue;
        put(&outputs, step.plan->id, *step.output);
        if (outputs.err == NDF_OK)
            outputs.err =
                value_push(object->arena, &steps, value_of_str(step.plan->id));
    }
    put_object(object, STR("outputs"), &outputs);
    put(object, STR("steps"), steps);
    if (skipped.array.count > 0) put(object, STR("skipped"), skipped);
}

static struct value text_of(const struct value *object, struct str key)
{
    struct str text = value_get_str(object, key);
    return value_of_str(text.at != NULL ? text : STR(""));
}

/* {step, attempt, field, severity} of each, in the order of the journal. */
static int list_violations(
    const struct vec *records, struct arena *arena, struct value *out)
{
    const struct exec_record *items = records->at;
    int err = NDF_OK;
    *out = value_of_array();
    for (size_t i = 0; i < records->count; i++) {
        const struct value *body = items[i].body;
        const struct value *list = value_get(body, STR("violations"));
        if (list == NULL || list->kind != VALUE_ARRAY) continue;
        for (size_t v = 0; err == NDF_OK && v < list->array.count; v++) {
            const struct value *from = &list->array.items[v];
            struct object item = object_new(arena);
            put(&item, STR("step"), text_of(body, STR("step")));
            put(&item, STR("attempt"),
                value_of_int(value_get_int(body, STR("attempt"), 0)));
            put(&item, STR("field"), text_of(from, STR("field")));
            put(&item, STR("severity"), text_of(from, STR("severity")));
            err = item.err;
            if (err == NDF_OK) err = value_push(arena, out, item.value);
        }
    }
    return err;
}

static void put_error(
    struct object *object, const struct exec_end *end, struct arena *arena)
{
    if (end->error.size == 0) return;
    struct object error = object_new(arena);
    if (end->step.size > 0) put(&error, STR("step"), value_of_str(end->step));
    put(&error, STR("message"), value_of_str(end->error));
    put_object(object, STR("error"), &error);
}

static void put_end(
    struct object *object, const struct exec_end *end, struct arena *arena)
{
    put(object, STR("steps_done"), value_of_int(end->steps_done));
    put(object, STR("steps_total"), value_of_int(end->steps_total));
    put(object, STR("preservation"), value_of_real(end->preservation));
    put(object, STR("outcome"),
        value_of_str(str_of(outcome_result_name(end->outcome))));
    put_error(object, end, arena);
}

/* The pattern's name as people see it. */
static int find_label(ndf_engine *engine, struct arena *arena,
    struct str pattern, struct str *out, ndf_error *error)
{
    struct registry *registry;
    int err = engine_registry(engine, &registry, error);
    if (err != NDF_OK) return err;
    const struct entry *entry = registry_entry(registry, pattern);
    *out = arena_str(arena, entry != NULL ? entry->label : pattern);
    registry_unref(registry);
    return out->at != NULL ? NDF_OK : NDF_ENOMEM;
}

static int describe(struct ndf_run *run, const struct store_run *row,
    const struct vec *records, struct value *out, ndf_error *error)
{
    struct arena *arena = &run->arena;
    struct exec_look look;
    int err = executor_look(run->executor, &look);
    if (err != NDF_OK) return err;
    if (look.end == NULL)
        return err_set(error, NDF_ECORRUPT,
            "run %s has ended, but its journal does not say how: run ndf dev "
            "check",
            run->id);
    struct str label = {NULL, 0};
    struct value violations = value_null;
    err = find_label(run->engine, arena, row->pattern, &label, error);
    if (err == NDF_OK) err = list_violations(records, arena, &violations);
    if (err != NDF_OK) return err;
    int64_t elapsed = row->ended_ms - row->started_ms;
    struct object object = object_new(arena);
    put(&object, STR("id"), value_of_str(str_of(run->id)));
    put(&object, STR("pattern"), value_of_str(label));
    put(&object, STR("state"),
        value_of_str(str_of(exec_state_name(row->state))));
    put_outputs(&object, run, look.step_count);
    put(&object, STR("context"), *look.context);
    put(&object, STR("violations"), violations);
    put(&object, STR("elapsed_ms"), value_of_int(elapsed > 0 ? elapsed : 0));
    put_end(&object, look.end, arena);
    *out = object.value;
    return object.err;
}

static int summarise(
    struct ndf_run *run, const char *id, ndf_text **out, ndf_error *error)
{
    struct store_run row;
    struct value value;
    int err = rebuild_find(run, str_of(id), &row, error);
    if (err != NDF_OK) return err;
    if (run->state == NDF_RUN_RUNNING)
        return err_set(error, NDF_EBUSY,
            "run %s has not ended: wait for it, or resume it if its owner "
            "died",
            run->id);
    struct vec records;
    vec_init(&records, &run->mem, sizeof(struct exec_record));
    err = rebuild_run(run, EXEC_OUTPUTS_ALL, &records, error);
    if (err == NDF_OK) err = describe(run, &row, &records, &value, error);
    if (err == NDF_OK) err = text_of_value(out, &run->mem, &value);
    vec_deinit(&records);
    return err;
}

int ndf_result(
    ndf_engine *engine, const char *id, ndf_text **out, ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (id == NULL) return err_set(error, NDF_EINVAL, "the run is NULL");
    if (error != NULL) error->code = NDF_OK;
    engine_notice(engine);
    struct ndf_run *run;
    err = run_new(&run, engine);
    if (err == NDF_OK) {
        err = summarise(run, id, out, error);
        run_unref(run);
    }
    return engine_explain(err, "the result cannot be read", error);
}
