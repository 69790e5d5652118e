/*
 * registry.c - reads the registry's picture from the store and names things.
 *
 * Exact copies fold: of entries with the same document only the first (by
 * source's rank, then age) is a candidate, the others lead to it. An agent
 * whose program is named relative to its file is never folded, since the same
 * words name another program there.
 */
#include "engine/registry.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "decide/text.h"
#include "engine/head.h"

struct loading {
    struct registry *registry;
    struct vec sources;    /* struct source */
    struct vec entries;    /* struct entry */
    struct vec sources_of; /* size_t: index of the source of each entry */
    struct vec features;   /* struct str */
    struct map source_index;
    const struct registry_tools *tools;
    struct store_reader *reader;
    ndf_error *error;
};

static int keep(struct arena *arena, struct str *text)
{
    *text = arena_str(arena, *text);
    return text->at != NULL ? NDF_OK : NDF_ENOMEM;
}

static enum source_rank rank_of(const struct store_source *row)
{
    if (str_equal(row->kind, STR("host"))) return RANK_HOST;
    if (str_equal(row->name, STR(REGISTRY_USER_SOURCE))) return RANK_USER;
    return RANK_PROJECT;
}

static int decode_run(struct arena *arena, struct str json,
    struct str_list *out, ndf_error *error)
{
    *out = (struct str_list){NULL, 0};
    if (json.size == 0) return NDF_OK;
    struct value list;
    int err = json_parse(arena, json, &list, error);
    if (err != NDF_OK) return err;
    if (list.kind != VALUE_ARRAY) return NDF_ECORRUPT;
    out->items = arena_calloc(arena, list.array.count, sizeof *out->items);
    if (out->items == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < list.array.count; i++) {
        if (list.array.items[i].kind != VALUE_STRING) return NDF_ECORRUPT;
        out->items[out->count++] = list.array.items[i].string;
    }
    return NDF_OK;
}

static int add_source(void *ud, const struct store_source *row)
{
    struct loading *load = ud;
    struct arena *arena = &load->registry->arena;
    struct source *source = vec_push(&load->sources);
    if (source == NULL) return NDF_ENOMEM;
    source->name = row->name;
    source->kind = row->kind;
    source->path = row->path;
    source->state = row->state;
    source->rank = rank_of(row);
    source->added_ms = row->added_ms;
    int err = keep(arena, &source->name);
    if (err == NDF_OK) err = keep(arena, &source->kind);
    if (err == NDF_OK) err = keep(arena, &source->path);
    if (err == NDF_OK) err = keep(arena, &source->state);
    if (err == NDF_OK)
        err = decode_run(arena, row->run_argv, &source->run, load->error);
    struct str id = row->id;
    if (err == NDF_OK) err = keep(arena, &id);
    /* Places count from 1, so that a place is never NULL. */
    size_t *place = arena_alloc(arena, sizeof *place);
    if (err != NDF_OK || place == NULL) return err != NDF_OK ? err : NDF_ENOMEM;
    *place = load->sources.count - 1;
    return map_put(&load->source_index, id, place);
}

static int bad_entry(struct loading *load, const struct store_entry *row)
{
    return err_set(load->error, NDF_ECORRUPT,
        "the store's entry '%.*s' cannot be understood: import its source "
        "again, or run: ndf dev check",
        STR_ARG(row->id));
}

/* Features of another version are made again from the document. */
static int entry_features(
    struct loading *load, const struct entry *entry, struct str stored)
{
    struct arena *arena = &load->registry->arena;
    struct str *features = vec_push(&load->features);
    if (features == NULL) return NDF_ENOMEM;
    if (text_features_valid(stored)) {
        *features = stored;
        return keep(arena, features);
    }
    struct document document;
    int err =
        registry_document(entry, load->reader, arena, &document, load->error);
    if (err != NDF_OK) return err;
    struct buf made;
    buf_init(&made, arena->mem);
    err = head_features(arena->mem, &document, &made);
    if (err == NDF_OK) {
        *features = buf_str(&made);
        err = keep(arena, features);
    }
    buf_deinit(&made);
    return err;
}

static int add_entry(void *ud, const struct store_entry *row)
{
    struct loading *load = ud;
    struct arena *arena = &load->registry->arena;
    const size_t *place = map_get(&load->source_index, row->source);
    size_t *source_of = vec_push(&load->sources_of);
    struct entry *entry = vec_push(&load->entries);
    if (entry == NULL || source_of == NULL) return NDF_ENOMEM;
    if (place == NULL) return bad_entry(load, row);
    *source_of = *place;
    entry->qualified = row->id;
    entry->name = row->name;
    entry->path = row->path;
    entry->line = (uint32_t)row->line;
    entry->kind = row->kind == STORE_AGENT ? DOCUMENT_AGENT : DOCUMENT_PATTERN;
    entry->candidate = SELECTOR_NONE;
    memcpy(entry->hash, row->spec, sizeof entry->hash);
    int err = keep(arena, &entry->qualified);
    if (err == NDF_OK) err = keep(arena, &entry->name);
    if (err == NDF_OK) err = keep(arena, &entry->path);
    if (err == NDF_OK) {
        struct head head;
        err = head_decode(arena, row->head, entry->kind, &head);
        if (err != NDF_OK && err != NDF_ENOMEM) return bad_entry(load, row);
        entry->pattern = head.pattern;
        entry->description = head.description;
        entry->runs = head.runs;
        if (head.relative_program) entry->copies = SIZE_MAX;
    }
    return err == NDF_OK ? entry_features(load, entry, row->features) : err;
}

/* ---- folding and naming ---------------------------------------------------
 */

static int by_rank(const void *a, const void *b)
{
    const struct entry *left = *(struct entry *const *)a;
    const struct entry *right = *(struct entry *const *)b;
    if (left->source->rank != right->source->rank)
        return left->source->rank < right->source->rank ? -1 : 1;
    return left < right ? -1 : left > right;
}

static bool same_run(const struct source *a, const struct source *b)
{
    if (a->run.count != b->run.count) return false;
    for (size_t i = 0; i < a->run.count; i++)
        if (!str_equal(a->run.items[i], b->run.items[i])) return false;
    return true;
}

/* Links the entries of a name, best rank first, and folds copies. */
static int name_entry(
    struct registry *registry, struct map *by_hash, struct entry *entry)
{
    bool foldable = entry->copies != SIZE_MAX;
    entry->copies = 0;
    struct str hash = {(const char *)entry->hash, sizeof entry->hash};
    struct entry *first = map_get(by_hash, hash);
    if (foldable && first != NULL && same_run(first->source, entry->source)) {
        entry->folded_into = first;
        first->copies++;
    } else if (foldable && first == NULL) {
        int err = map_put(by_hash, hash, entry);
        if (err != NDF_OK) return err;
    }
    int err = map_put(&registry->by_id, entry->qualified, entry);
    if (err != NDF_OK) return err;
    struct entry *head = map_get(&registry->by_name, entry->name);
    if (head == NULL) return map_put(&registry->by_name, entry->name, entry);
    while (head->same_name != NULL)
        head = head->same_name;
    head->same_name = entry;
    return NDF_OK;
}

/* The next of the name that is no copy. */
static struct entry *next_real(struct entry *entry)
{
    while (entry != NULL && entry->folded_into != NULL)
        entry = entry->same_name;
    return entry;
}

static void label_entries(struct registry *registry)
{
    for (size_t i = 0; i < registry->count; i++) {
        struct entry *entry = &registry->entries[i];
        struct entry *first =
            next_real(map_get(&registry->by_name, entry->name));
        bool clash = first != NULL && next_real(first->same_name) != NULL;
        entry->label = clash ? entry->qualified : entry->name;
    }
}

static int name_entries(struct registry *registry)
{
    if (registry->count == 0) return NDF_OK;
    struct entry **order =
        mem_calloc(registry->mem, registry->count, sizeof(struct entry *));
    if (order == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < registry->count; i++)
        order[i] = &registry->entries[i];
    qsort(order, registry->count, sizeof(struct entry *), by_rank);
    struct map by_hash;
    map_init(&by_hash, registry->mem);
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < registry->count; i++)
        err = name_entry(registry, &by_hash, order[i]);
    map_deinit(&by_hash);
    mem_free(registry->mem, order, registry->count * sizeof(struct entry *));
    if (err == NDF_OK) label_entries(registry);
    return err;
}

/* ---- the selector over it --------------------------------------------------
 */

/* Of an agent the whole document is read: a picture keeps only the head. */
static int add_meaning(struct loading *load, const struct entry *entry)
{
    const struct mem *mem = load->registry->mem;
    struct document document = {.kind = entry->kind};
    struct arena arena;
    int err = NDF_OK;
    arena_init(&arena, mem);
    if (entry->pattern != NULL) document.pattern = *entry->pattern;
    else
        err = registry_document(
            entry, load->reader, &arena, &document, load->error);
    if (err == NDF_OK)
        err = head_meaning(
            mem, &document, load->registry->meaning, entry->candidate);
    arena_deinit(&arena);
    return err;
}

static int make_meaning(struct loading *load)
{
    struct registry *registry = load->registry;
    if (load->tools->vectors == NULL) return NDF_OK;
    int err = meaning_new(&registry->meaning, registry->mem,
        load->tools->vectors, registry->candidate_count);
    for (size_t i = 0; err == NDF_OK && i < registry->candidate_count; i++)
        err = add_meaning(load, registry->candidates[i]);
    return err;
}

static int make_selector(struct loading *load)
{
    struct registry *registry = load->registry;
    struct vec list;
    vec_init(&list, registry->mem, sizeof(struct candidate));
    registry->candidates =
        arena_calloc(&registry->arena, registry->count, sizeof(struct entry *));
    int err = registry->candidates != NULL ? NDF_OK : NDF_ENOMEM;
    for (size_t i = 0; err == NDF_OK && i < registry->count; i++) {
        struct entry *entry = &registry->entries[i];
        if (entry->folded_into != NULL) continue;
        struct candidate *candidate = vec_push(&list);
        if (candidate == NULL) {
            err = NDF_ENOMEM;
            break;
        }
        entry->candidate = list.count - 1;
        registry->candidates[registry->candidate_count++] = entry;
        candidate->name = entry->label;
        candidate->key = candidate_key(entry->qualified);
        candidate->features = *(const struct str *)vec_get(&load->features, i);
        const struct pattern *pattern = entry->pattern;
        if (pattern == NULL) continue;
        candidate->kind = pattern->kind;
        candidate->only_if = pattern->only_if;
        candidate->only_if_count = pattern->only_if_count;
        candidate->good_for = &pattern->good_for;
        candidate->confidence = &pattern->confidence;
        candidate->fallback = pattern->fallback;
        candidate->ask_host = pattern->ask_host;
    }
    if (err == NDF_OK) err = make_meaning(load);
    if (err == NDF_OK)
        err = selector_new(&registry->selector, registry->mem, list.at,
            list.count, load->tools->domains, load->error);
    if (err == NDF_OK && registry->meaning != NULL)
        err = selector_add_evidence(
            registry->selector, meaning_evidence(registry->meaning));
    vec_deinit(&list);
    return err;
}

static int finish(struct loading *load)
{
    struct registry *registry = load->registry;
    registry->sources = vec_dup(&load->sources, &registry->arena);
    registry->source_count = load->sources.count;
    registry->entries = vec_dup(&load->entries, &registry->arena);
    registry->count = load->entries.count;
    if (registry->sources == NULL || registry->entries == NULL)
        return NDF_ENOMEM;
    for (size_t i = 0; i < registry->count; i++) {
        size_t place = *(const size_t *)vec_get(&load->sources_of, i);
        registry->entries[i].source = &registry->sources[place];
    }
    int err = name_entries(registry);
    return err == NDF_OK ? make_selector(load) : err;
}

int registry_load(struct registry **out, const struct mem *mem,
    const struct registry_tools *tools, struct store_reader *reader,
    ndf_error *error)
{
    *out = NULL;
    struct registry *registry = mem_calloc(mem, 1, sizeof *registry);
    if (registry == NULL) return NDF_ENOMEM;
    registry->mem = mem;
    atomic_init(&registry->references, 1);
    arena_init(&registry->arena, mem);
    map_init(&registry->by_id, mem);
    map_init(&registry->by_name, mem);
    struct loading load = {
        .registry = registry, .tools = tools, .reader = reader, .error = error};
    vec_init(&load.sources, mem, sizeof(struct source));
    vec_init(&load.entries, mem, sizeof(struct entry));
    vec_init(&load.sources_of, mem, sizeof(size_t));
    vec_init(&load.features, mem, sizeof(struct str));
    map_init(&load.source_index, mem);
    int err = read_sources(reader, add_source, &load, error);
    if (err == NDF_OK) err = read_entries(reader, add_entry, &load, error);
    if (err == NDF_OK) err = finish(&load);
    map_deinit(&load.source_index);
    vec_deinit(&load.features);
    vec_deinit(&load.sources_of);
    vec_deinit(&load.entries);
    vec_deinit(&load.sources);
    if (err == NDF_OK) *out = registry;
    else registry_unref(registry);
    return err;
}

void registry_ref(struct registry *registry)
{
    atomic_fetch_add_explicit(&registry->references, 1, memory_order_relaxed);
}

void registry_unref(struct registry *registry)
{
    if (registry == NULL) return;
    if (atomic_fetch_sub_explicit(
            &registry->references, 1, memory_order_acq_rel) != 1)
        return;
    selector_free(registry->selector);
    meaning_free(registry->meaning);
    map_deinit(&registry->by_name);
    map_deinit(&registry->by_id);
    arena_deinit(&registry->arena);
    mem_free(registry->mem, registry, sizeof *registry);
}

/* ---- finding ----------------------------------------------------------------
 */

static int not_found(
    const struct registry *registry, struct str name, ndf_error *error)
{
    struct str *names =
        mem_calloc(registry->mem, registry->count + 1, sizeof *names);
    if (names == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < registry->count; i++)
        names[i] = registry->entries[i].name;
    struct str near = str_nearest(name, names, registry->count);
    mem_free(registry->mem, names, (registry->count + 1) * sizeof *names);
    if (near.at != NULL)
        return err_set(error, NDF_ENOTFOUND,
            "there is no agent or pattern '%.*s'; did you mean '%.*s'?",
            STR_ARG(name), STR_ARG(near));
    return err_set(error, NDF_ENOTFOUND,
        "there is no agent or pattern '%.*s': see ndf ls", STR_ARG(name));
}

static int ambiguous(const struct registry *registry, struct str name,
    const struct entry *first, ndf_error *error)
{
    struct buf names;
    buf_init(&names, registry->mem);
    for (const struct entry *entry = first; entry != NULL;
         entry = entry->same_name) {
        if (entry->folded_into != NULL) continue;
        if (names.size > 0) buf_add_str(&names, STR(", "));
        buf_add_str(&names, entry->qualified);
    }
    int err = buf_error(&names);
    if (err == NDF_OK)
        err = err_set(error, NDF_EREFERENCE,
            "'%.*s' is the name of several: say which one (%.*s)",
            STR_ARG(name), STR_ARG(buf_str(&names)));
    buf_deinit(&names);
    return err;
}

int registry_find(const struct registry *registry, struct str name,
    struct str near, const struct entry **out, ndf_error *error)
{
    *out = map_get(&registry->by_id, name);
    if (*out != NULL) return NDF_OK;
    struct entry *first = map_get(&registry->by_name, name);
    if (first == NULL) return not_found(registry, name, error);
    for (const struct entry *entry = first; entry != NULL && near.at != NULL;
         entry = entry->same_name) {
        if (!str_equal(entry->source->name, near)) continue;
        *out = entry;
        return NDF_OK;
    }
    /* Linked by rank: the first real one is taken if it is alone there. */
    struct entry *real = next_real(first);
    struct entry *other = real != NULL ? next_real(real->same_name) : NULL;
    if (real == NULL) real = first->folded_into;
    if (other != NULL && other->source->rank == real->source->rank)
        return ambiguous(registry, name, first, error);
    *out = real;
    return NDF_OK;
}

bool registry_has(const struct registry *registry, struct str name)
{
    return map_has(&registry->by_id, name) || map_has(&registry->by_name, name);
}

const struct entry *registry_entry(
    const struct registry *registry, struct str qualified)
{
    return map_get(&registry->by_id, qualified);
}

const struct source *registry_source(
    const struct registry *registry, struct str name)
{
    for (size_t i = 0; i < registry->source_count; i++)
        if (str_equal(registry->sources[i].name, name))
            return &registry->sources[i];
    return NULL;
}

int registry_spec(const struct entry *entry, struct store_reader *reader,
    struct arena *arena, struct str *out, ndf_error *error)
{
    int err = read_content(reader, arena, STORE_SPEC, entry->hash, out, error);
    if (err == NDF_ENOTFOUND)
        err = err_set(error, NDF_EBUSY,
            "'%.*s' was replaced or removed just now: try again",
            STR_ARG(entry->qualified));
    return err;
}

int registry_document(const struct entry *entry, struct store_reader *reader,
    struct arena *arena, struct document *out, ndf_error *error)
{
    struct str spec;
    int err = registry_spec(entry, reader, arena, &spec, error);
    struct value value;
    if (err == NDF_OK) err = json_parse(arena, spec, &value, error);
    if (err == NDF_OK) err = document_decode(arena, &value, out, error);
    if (err == NDF_ESYNTAX || err == NDF_ESCHEMA)
        return err_set(error, NDF_ECORRUPT,
            "the stored document of '%.*s' cannot be understood: import its "
            "source again",
            STR_ARG(entry->qualified));
    return err;
}
