/*
 * read.c - lists and single things as documents.
 */
#include <stdlib.h>

#include "base/json.h"
#include "engine/commands.h"
#include "engine/link.h"
#include "engine/lookup.h"
#include "engine/object.h"
#include "engine/recorded.h"
#include "run/executor.h"

static void put_str(struct object *object, const char *key, struct str text)
{
    if (text.size == 0) return;
    struct str copy = arena_str(object->arena, text);
    if (copy.at == NULL) object->err = NDF_ENOMEM;
    object_put(object, key, value_of_str(copy));
}

static void put_int(struct object *object, const char *key, int64_t number)
{
    object_put(object, key, value_of_int(number));
}

/* ---- entries and sources
 * ------------------------------------------------------ */

static struct object describe_entry(
    struct arena *arena, const struct entry *entry)
{
    struct object object = object_new(arena);
    put_str(&object, "name", entry->label);
    put_str(&object, "qualified", entry->qualified);
    put_str(&object, "source", entry->source->name);
    put_str(&object, "kind",
        entry->law != NULL ? str_of(pattern_kind_name(entry->law->kind))
                           : STR("agent"));
    put_str(&object, "description", entry->description);
    put_str(&object, "path", entry->path);
    if (entry->line > 0) put_int(&object, "line", entry->line);
    if (entry->copies > 0) put_int(&object, "copies", (int64_t)entry->copies);
    if (entry->folded_into != NULL)
        put_str(&object, "same_as", entry->folded_into->qualified);
    if (entry->law != NULL) put_int(&object, "steps", entry->law->parts);
    else
        object_put(&object, "runs",
            value_of_bool(entry->runs || entry->source->run.count > 0));
    return object;
}

static int by_label(const void *a, const void *b)
{
    const struct entry *left = *(const struct entry *const *)a;
    const struct entry *right = *(const struct entry *const *)b;
    return str_compare(left->label, right->label);
}

static int list_entries(const struct registry *registry,
    enum document_kind kind, size_t limit, struct arena *arena,
    struct value *out)
{
    const struct entry **sorted =
        arena_calloc(arena, registry->count + 1, sizeof(const struct entry *));
    if (sorted == NULL) return NDF_ENOMEM;
    size_t count = 0;
    for (size_t i = 0; i < registry->count; i++) {
        const struct entry *entry = &registry->entries[i];
        if (entry->kind == kind && entry->folded_into == NULL)
            sorted[count++] = entry;
    }
    if (count > 1) qsort(sorted, count, sizeof(const struct entry *), by_label);
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < count; i++) {
        if (limit > 0 && i == limit) break;
        struct object object = describe_entry(arena, sorted[i]);
        err = object.err;
        if (err == NDF_OK) err = value_push(arena, out, object.value);
    }
    return err;
}

static int list_sources(const struct registry *registry, size_t limit,
    struct arena *arena, struct value *out)
{
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < registry->source_count; i++) {
        if (limit > 0 && i == limit) break;
        const struct source *source = &registry->sources[i];
        int64_t counts[2] = {0};
        for (size_t j = 0; j < registry->count; j++)
            if (registry->entries[j].source == source)
                counts[registry->entries[j].kind == DOCUMENT_AGENT ? 0 : 1]++;
        struct object object = object_new(arena);
        put_str(&object, "name", source->name);
        put_str(&object, "kind", source->kind);
        put_str(&object, "path", source->path);
        put_int(&object, "agents", counts[0]);
        put_int(&object, "patterns", counts[1]);
        put_int(&object, "added_ms", source->added_ms);
        err = object.err;
        if (err == NDF_OK) err = value_push(arena, out, object.value);
    }
    return err;
}

/* ---- runs
 * ---------------------------------------------------------------------------
 */

struct listing {
    ndf_engine *engine;
    const struct registry *registry;
    struct store_reader *reader;
    struct arena *arena;
    struct value *out;
    ndf_error *error;
};

static struct object describe_run(
    struct listing *list, const struct store_run *run)
{
    const struct entry *entry = registry_entry(list->registry, run->pattern);
    struct object object = object_new(list->arena);
    put_str(&object, "id", run->id);
    put_str(&object, "pattern", entry != NULL ? entry->label : run->pattern);
    /* A run without an owner is not running, whatever was recorded last. */
    bool left =
        run->state == NDF_RUN_RUNNING && lookup_left(list->engine, run->id);
    struct value asked = value_of_array();
    if (run->state == NDF_RUN_RUNNING)
        object.err = commands_asked(
            list->reader, list->arena, run->id, &asked, list->error);
    struct str state = str_of(exec_state_name(run->state));
    if (asked.array.count > 0) state = STR("waiting");
    put_str(&object, "state", left ? STR("interrupted") : state);
    if (asked.array.count > 0) object_put(&object, "asks", asked);
    put_str(&object, "domain", run->domain);
    put_str(&object, "text", run->text);
    put_str(&object, "cwd", run->cwd);
    put_int(&object, "started_ms", run->started_ms);
    if (run->ended_ms > 0) {
        put_int(&object, "ended_ms", run->ended_ms);
        put_int(&object, "elapsed_ms", run->ended_ms - run->started_ms);
    }
    return object;
}

/* What comes after a run that failed: {run, patterns} of its record, with its
 * pattern and state when it was started; else it is due or was dropped. */
static int put_fallback(struct listing *list, struct object *object,
    const struct store_run *run, const struct value *start)
{
    const struct value *from = value_get(start, STR("fallback"));
    struct str of = value_get_str(start, STR("fallback_of"));
    struct store_run next;
    bool due = false;
    put_str(object, "fallback_of", of);
    if (from == NULL || run->state != NDF_RUN_FAILED) return NDF_OK;
    struct str id = value_get_str(from, STR("run"));
    int err = link_due(list->reader, run->id, &due, list->error);
    if (err != NDF_OK) return err;
    struct object fallback = object_new(list->arena);
    put_str(&fallback, "run", id);
    err = read_run(list->reader, list->arena, id, &next, NULL);
    if (err == NDF_OK) {
        struct object shown = describe_run(list, &next);
        put_str(
            &fallback, "pattern", value_get_str(&shown.value, STR("pattern")));
        put_str(&fallback, "state", value_get_str(&shown.value, STR("state")));
    } else if (err == NDF_ENOTFOUND) {
        put_str(&fallback, "state", due ? STR("due") : STR("dropped"));
        const struct value *patterns = value_get(from, STR("patterns"));
        if (patterns != NULL) object_put(&fallback, "patterns", *patterns);
    } else return err;
    object_put(object, "fallback", fallback.value);
    return fallback.err;
}

static int add_run(void *ud, const struct store_run *run)
{
    struct listing *list = ud;
    struct object object = describe_run(list, run);
    bool due = false;
    int err = run->state != NDF_RUN_FAILED
                  ? NDF_OK
                  : link_due(list->reader, run->id, &due, list->error);
    if (err != NDF_OK) return err;
    if (due) object_put(&object, "fallback_due", value_of_bool(true));
    return object.err == NDF_OK
               ? value_push(list->arena, list->out, object.value)
               : object.err;
}

static int add_record(void *ud, const struct store_record *record)
{
    struct listing *list = ud;
    struct value value;
    int err = recorded_document(
        list->reader, list->arena, record, &value, list->error);
    return err == NDF_OK ? value_push(list->arena, list->out, value) : err;
}

/* Without the bytes of its lesson, which tell nobody anything. */
static int add_outcome(void *ud, const struct store_outcome *outcome)
{
    struct listing *list = ud;
    struct value body;
    int err = json_parse(list->arena, outcome->body, &body, list->error);
    if (err != NDF_OK) return err;
    if (body.kind != VALUE_OBJECT) return NDF_ECORRUPT;
    struct object object = object_new(list->arena);
    for (size_t i = 0; i < body.object.count; i++) {
        const struct member *member = &body.object.members[i];
        if (!str_equal(member->key, STR("lesson")))
            object_put(&object, member->key.at, member->value);
    }
    return object.err == NDF_OK
               ? value_push(list->arena, list->out, object.value)
               : object.err;
}

static int show_run(struct listing *list, const struct store_run *run)
{
    struct object object = describe_run(list, run);
    object_put(&object, "what", value_of_str(STR("run")));
    struct value records = value_of_array(), outcomes = value_of_array();
    struct value *out = list->out;
    list->out = &records;
    int err =
        read_journal(list->reader, run->id, 0, add_record, list, list->error);
    list->out = &outcomes;
    if (err == NDF_OK)
        err = read_outcomes_of_run(
            list->reader, run->id, add_outcome, list, list->error);
    list->out = out;
    if (err == NDF_OK && records.array.count > 0)
        err = put_fallback(list, &object, run,
            value_get(&records.array.items[0], STR("body")));
    object_put(&object, "outcomes", outcomes);
    object_put(&object, "records", records);
    *out = object.value;
    return err == NDF_OK ? object.err : err;
}

static int show_entry(struct listing *list, const struct entry *entry)
{
    struct object object = describe_entry(list->arena, entry);
    object_put(&object, "what",
        value_of_str(
            entry->kind == DOCUMENT_AGENT ? STR("agent") : STR("pattern")));
    struct str spec;
    int err =
        registry_spec(entry, list->reader, list->arena, &spec, list->error);
    struct value document;
    if (err == NDF_OK)
        err = json_parse(list->arena, spec, &document, list->error);
    if (err == NDF_OK) object_put(&object, "document", document);
    *list->out = object.value;
    return err == NDF_OK ? object.err : err;
}

/* ---- the calls
 * ------------------------------------------------------------------------ */

typedef int (*read_fn)(struct listing *list, void *ud);

struct reading {
    read_fn fn;
    void *ud;
};

/* Reads, and makes the text. */
static int list_from(ndf_engine *engine, const struct registry *registry,
    struct store_reader *reader, const struct reading *reading, ndf_text **out,
    ndf_error *error)
{
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct value value = value_of_array();
    struct listing list = {.engine = engine,
        .registry = registry,
        .reader = reader,
        .arena = &arena,
        .out = &value,
        .error = error};
    int err = reading->fn(&list, reading->ud);
    if (err == NDF_OK) err = text_of_value(out, &engine->mem, &value);
    arena_deinit(&arena);
    return err;
}

/* Opens what a reading needs. */
static int with_listing(ndf_engine *engine, read_fn read, void *ud,
    ndf_text **out, ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (error != NULL) error->code = NDF_OK;
    engine_notice(engine);
    const struct reading reading = {read, ud};
    struct registry *registry;
    err = engine_registry(engine, &registry, error);
    if (err != NDF_OK) return err;
    struct store_reader *reader;
    err = store_read_begin(engine->store, &reader, error);
    if (err == NDF_OK) {
        err = list_from(engine, registry, reader, &reading, out, error);
        if (engine_outdated(engine, registry, err)) {
            registry_unref(registry);
            store_read_end(reader);
            err = engine_picture(engine, &registry, &reader, error);
            if (err == NDF_OK)
                err = list_from(engine, registry, reader, &reading, out, error);
        }
        store_read_end(reader);
    }
    registry_unref(registry);
    return engine_explain(err, "it cannot be read", error);
}

struct list_request {
    int kind;
    size_t limit;
};

static int read_list(struct listing *list, void *ud)
{
    const struct list_request *request = ud;
    switch (request->kind) {
    case NDF_LIST_PATTERNS:
        return list_entries(list->registry, DOCUMENT_PATTERN, request->limit,
            list->arena, list->out);
    case NDF_LIST_AGENTS:
        return list_entries(list->registry, DOCUMENT_AGENT, request->limit,
            list->arena, list->out);
    case NDF_LIST_RUNS:
        return read_runs(list->reader, READ_ANY_STATE, request->limit, add_run,
            list, list->error);
    case NDF_LIST_OUTCOMES:
        return read_outcomes_last(
            list->reader, request->limit, add_outcome, list, list->error);
    case NDF_LIST_SOURCES:
        return list_sources(
            list->registry, request->limit, list->arena, list->out);
    default:
        return err_set(list->error, NDF_EINVAL,
            "%d is no kind of list: see enum ndf_list_kind", request->kind);
    }
}

int ndf_list(ndf_engine *engine, int kind, size_t limit, ndf_text **out,
    ndf_error *error)
{
    struct list_request request = {kind, limit};
    return with_listing(engine, read_list, &request, out, error);
}

struct show_request {
    ndf_engine *engine;
    const char *name;
};

static int read_one(struct listing *list, void *ud)
{
    const struct show_request *request = ud;
    const struct entry *entry;
    int err = registry_find(list->registry, str_of(request->name),
        (struct str){NULL, 0}, &entry, list->error);
    if (err == NDF_OK) return show_entry(list, entry);
    if (err != NDF_ENOTFOUND) return err;
    struct store_run run;
    ndf_error other = {0};
    int found = lookup_run(
        request->engine, list->arena, str_of(request->name), &run, &other);
    if (found == NDF_OK) return show_run(list, &run);
    if (found == NDF_ENOTFOUND) return err; /* the first sentence says more */
    if (list->error != NULL) *list->error = other;
    return found;
}

int ndf_show(
    ndf_engine *engine, const char *name, ndf_text **out, ndf_error *error)
{
    struct show_request request = {engine, name};
    if (name == NULL) return err_set(error, NDF_EINVAL, "the name is NULL");
    return with_listing(engine, read_one, &request, out, error);
}
