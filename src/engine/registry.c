/*
 * registry.c - makes the registry's picture: from the store, or from the image
 * of the same that was kept beside it.
 *
 * Exact copies fold: of entries with the same document only the first (by
 * source's rank, then age) is a candidate, the others lead to it. An agent
 * whose program is named relative to its file is never folded, since the same
 * words name another program there.
 */
#include "engine/registry.h"

#include <string.h>

#include "base/json.h"
#include "base/map.h"
#include "decide/text.h"
#include "engine/head.h"

struct loading {
    struct registry *registry;
    struct vec sources; /* struct source */
    struct map source_index;
    struct arena scratch; /* of one row */
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

static int load_sources(struct loading *load)
{
    struct registry *registry = load->registry;
    int err = read_sources(load->reader, add_source, load, load->error);
    if (err != NDF_OK) return err;
    registry->sources = vec_dup(&load->sources, &registry->arena);
    registry->source_count = load->sources.count;
    return registry->sources != NULL ? NDF_OK : NDF_ENOMEM;
}

/* ---- from the store: the roster --------------------------------------------
 */

static int bad_entry(struct loading *load, const struct store_entry *row)
{
    return err_set(load->error, NDF_ECORRUPT,
        "the store's entry '%.*s' cannot be understood: import its source "
        "again, or run: ndf dev check",
        STR_ARG(row->id));
}

/* Features of another version are made again from the document. */
static int row_features(struct loading *load, const struct store_entry *row,
    struct arena *arena, struct str *out)
{
    *out = row->features;
    if (text_features_valid(row->features)) return NDF_OK;
    struct entry entry = {.qualified = row->id};
    memcpy(entry.hash, row->spec, sizeof entry.hash);
    struct document document;
    int err =
        registry_document(&entry, load->reader, arena, &document, load->error);
    if (err != NDF_OK) return err;
    struct buf made;
    buf_init(&made, arena->mem);
    err = head_features(arena->mem, &document, &made);
    *out = buf_str(&made);
    if (err == NDF_OK) err = keep(arena, out);
    buf_deinit(&made);
    return err;
}

static uint32_t flags_of(const struct head *head, bool agent)
{
    return (agent ? ROSTER_AGENT : 0U) | (head->runs ? ROSTER_RUNS : 0U) |
           (head->relative_program ? ROSTER_RELATIVE : 0U);
}

static int add_row(struct loading *load, const struct store_entry *row,
    uint32_t source, struct arena *arena)
{
    bool agent = row->kind == STORE_AGENT;
    struct head head;
    int err = head_decode(
        arena, row->head, agent ? DOCUMENT_AGENT : DOCUMENT_PATTERN, &head);
    if (err != NDF_OK && err != NDF_ENOMEM) return bad_entry(load, row);
    if (err != NDF_OK) return err;
    struct law law;
    if (!agent) law = law_of(head.pattern);
    struct roster_row kept = {.id = row->id,
        .name = row->name,
        .path = row->path,
        .description = head.description,
        .hash = row->spec,
        .source = source,
        .line = (uint32_t)row->line,
        .flags = flags_of(&head, agent),
        .law = agent ? NULL : &law};
    err = row_features(load, row, arena, &kept.features);
    return err == NDF_OK ? roster_add(load->registry->roster, &kept) : err;
}

static int add_entry(void *ud, const struct store_entry *row)
{
    struct loading *load = ud;
    const size_t *place = map_get(&load->source_index, row->source);
    if (place == NULL) return bad_entry(load, row);
    arena_reset(&load->scratch);
    return add_row(load, row, (uint32_t)*place, &load->scratch);
}

/* ---- folding and naming ---------------------------------------------------
 */

static bool same_run(const struct source *a, const struct source *b)
{
    if (a->run.count != b->run.count) return false;
    for (size_t i = 0; i < a->run.count; i++)
        if (!str_equal(a->run.items[i], b->run.items[i])) return false;
    return true;
}

/* The numbers by the rank of their sources, then age. */
static void order_numbers(const struct registry *registry, uint32_t *order)
{
    size_t at = 0;
    for (unsigned rank = RANK_HOST; rank <= RANK_USER; rank++)
        for (size_t i = 0; i < registry->roster->count; i++)
            if (registry->sources[registry->roster->records[i].source].rank ==
                rank)
                order[at++] = (uint32_t)i;
}

/* Of copies the first is kept, in this order. */
static int fold(struct registry *registry, const uint32_t *order)
{
    struct roster_record *records = registry->roster->records;
    struct map by_hash;
    map_init(&by_hash, registry->mem);
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < registry->roster->count; i++) {
        struct roster_record *record = &records[order[i]];
        if ((record->flags & ROSTER_RELATIVE) != 0) continue;
        struct str hash = {(const char *)record->hash, sizeof record->hash};
        struct roster_record *first = map_get(&by_hash, hash);
        if (first == NULL) {
            err = map_put(&by_hash, hash, record);
        } else if (same_run(&registry->sources[first->source],
                       &registry->sources[record->source])) {
            record->folded_into = (uint32_t)(first - records) + 1;
            first->copies++;
        }
    }
    map_deinit(&by_hash);
    uint32_t candidates = 0;
    for (size_t i = 0; i < registry->roster->count; i++)
        if (records[i].folded_into == 0) records[i].candidate = ++candidates;
    return err;
}

/* The next of the name that is no copy, this one or behind it. */
static size_t next_real(const struct roster *roster, size_t number)
{
    while (number != NAMES_NONE && roster->records[number].folded_into != 0)
        number = names_next(roster->names, number);
    return number;
}

static void note_clashes(struct roster *roster)
{
    for (size_t i = 0; i < roster->count; i++) {
        size_t first = next_real(
            roster, names_find(roster->names, names_at(roster->names, i)));
        bool clash =
            first != NAMES_NONE &&
            next_real(roster, names_next(roster->names, first)) != NAMES_NONE;
        if (clash) roster->records[i].flags |= ROSTER_CLASH;
    }
}

static int name_entries(struct registry *registry)
{
    size_t count = registry->roster->count;
    /* One more, so that no entries are no special case. */
    uint32_t *order = mem_calloc(registry->mem, count + 1, sizeof *order);
    if (order == NULL) return NDF_ENOMEM;
    order_numbers(registry, order);
    int err = fold(registry, order);
    if (err == NDF_OK) err = roster_name(registry->roster, order);
    mem_free(registry->mem, order, (count + 1) * sizeof *order);
    if (err == NDF_OK) note_clashes(registry->roster);
    return err;
}

static int build_roster(struct loading *load)
{
    struct registry *registry = load->registry;
    int err = roster_new(&registry->roster, registry->mem);
    if (err == NDF_OK)
        err = read_entries(load->reader, add_entry, load, load->error);
    if (err == NDF_OK) err = roster_close(registry->roster);
    return err == NDF_OK ? name_entries(registry) : err;
}

/* ---- entries over it -------------------------------------------------------
 */

static int make_law(struct registry *registry, size_t number)
{
    struct law *law = arena_alloc(&registry->arena, sizeof *law);
    if (law == NULL) return NDF_ENOMEM;
    registry->entries[number].law = law;
    return roster_law(registry->roster, number, &registry->arena, law);
}

static int make_entry(struct registry *registry, size_t number)
{
    const struct roster *roster = registry->roster;
    const struct roster_record *record = &roster->records[number];
    struct entry *entry = &registry->entries[number];
    bool agent = (record->flags & ROSTER_AGENT) != 0;
    size_t next = names_next(roster->names, number);
    entry->source = &registry->sources[record->source];
    entry->qualified = names_at(roster->ids, number);
    entry->name = names_at(roster->names, number);
    entry->label =
        (record->flags & ROSTER_CLASH) != 0 ? entry->qualified : entry->name;
    entry->kind = agent ? DOCUMENT_AGENT : DOCUMENT_PATTERN;
    memcpy(entry->hash, record->hash, sizeof entry->hash);
    entry->path = roster_text(roster, record->path);
    entry->line = record->line;
    entry->description = roster_text(roster, record->description);
    entry->runs = (record->flags & ROSTER_RUNS) != 0;
    if (next != NAMES_NONE) entry->same_name = &registry->entries[next];
    if (record->folded_into != 0)
        entry->folded_into = &registry->entries[record->folded_into - 1];
    entry->copies = record->copies;
    entry->candidate = SELECTOR_NONE;
    if (record->candidate != 0) {
        entry->candidate = record->candidate - 1;
        registry->candidates[registry->candidate_count++] = entry;
    }
    return agent ? NDF_OK : make_law(registry, number);
}

static int make_entries(struct registry *registry)
{
    registry->count = registry->roster->count;
    registry->entries = arena_calloc(
        &registry->arena, registry->count, sizeof *registry->entries);
    registry->candidates =
        arena_calloc(&registry->arena, registry->count, sizeof(struct entry *));
    if (registry->entries == NULL || registry->candidates == NULL)
        return NDF_ENOMEM;
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < registry->count; i++)
        err = make_entry(registry, i);
    return err;
}

/* ---- the selector over them ------------------------------------------------
 */

/* The whole document is read: a picture does not keep all words. */
static int add_meaning(struct loading *load, const struct entry *entry)
{
    const struct mem *mem = load->registry->mem;
    struct document document;
    struct arena arena;
    arena_init(&arena, mem);
    int err =
        registry_document(entry, load->reader, &arena, &document, load->error);
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
    if (err != NDF_OK) return err;
    return selector_add_evidence(
        registry->selector, meaning_evidence(registry->meaning));
}

static struct candidate candidate_of(
    const struct registry *registry, const struct entry *entry)
{
    struct candidate candidate = {.name = entry->label,
        .key = candidate_key(entry->qualified),
        .features = roster_features(
            registry->roster, (size_t)(entry - registry->entries))};
    const struct law *law = entry->law;
    if (law == NULL) return candidate;
    candidate.kind = law->kind;
    candidate.only_if = law->only_if;
    candidate.only_if_count = law->only_if_count;
    candidate.good_for = &law->good_for;
    candidate.confidence = &law->confidence;
    candidate.fallback = law->fallback;
    candidate.ask_host = law->ask_host;
    return candidate;
}

/* blocks NULL: all is made. */
static int make_selector(struct loading *load, const struct str *blocks)
{
    struct registry *registry = load->registry;
    size_t count = registry->candidate_count;
    size_t size = (count + 1) * sizeof(struct candidate);
    struct candidate *list = mem_alloc(registry->mem, size);
    if (list == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < count; i++)
        list[i] = candidate_of(registry, registry->candidates[i]);
    const struct selector_given given = {list, count, load->tools->domains};
    int err = selector_open(
        &registry->selector, registry->mem, &given, blocks, load->error);
    mem_free(registry->mem, list, size);
    return err;
}

static int build(struct loading *load)
{
    int err = build_roster(load);
    if (err == NDF_OK) err = make_entries(load->registry);
    if (err == NDF_OK) err = make_selector(load, NULL);
    return err;
}

/* ---- from the image -------------------------------------------------------
 */

static int use_image(struct loading *load, ndf_error *error)
{
    struct registry *registry = load->registry;
    const struct str *sections = registry->image.sections;
    const struct str parts[ROSTER_BLOCKS] = {
        [ROSTER_RECORDS] = sections[IMAGE_RECORDS],
        [ROSTER_IDS] = sections[IMAGE_IDS],
        [ROSTER_NAMES] = sections[IMAGE_NAMES],
        [ROSTER_FEATURES] = sections[IMAGE_FEATURES],
    };
    const struct str blocks[SELECTOR_BLOCKS] = {
        [SELECTOR_NAMES] = sections[IMAGE_CANDIDATES],
        [SELECTOR_TEXT] = sections[IMAGE_TEXT],
        [SELECTOR_MENTIONS] = sections[IMAGE_MENTIONS],
        [SELECTOR_OVERLAP] = sections[IMAGE_OVERLAP],
        [SELECTOR_COPIES] = sections[IMAGE_COPIES],
        [SELECTOR_LAWS] = sections[IMAGE_LAWS],
    };
    int err = roster_open(
        &registry->roster, registry->mem, parts, registry->source_count);
    if (err == NDF_OK) err = make_entries(registry);
    if (err == NDF_OK) err = make_selector(load, blocks);
    if (err == NDF_OK || err == NDF_ENOMEM) return err;
    return err_set(error, err,
        "%s has another form, or is damaged: it is made anew from the store",
        load->tools->image);
}

/* All that came from the image goes; the sources stay. */
static void leave_image(struct registry *registry)
{
    selector_free(registry->selector);
    roster_free(registry->roster);
    image_close(&registry->image);
    registry->selector = NULL;
    registry->roster = NULL;
    registry->entries = NULL;
    registry->candidates = NULL;
    registry->candidate_count = 0;
}

/* Whether the image, if there is one, does; why not is kept. */
static int try_image(struct loading *load)
{
    struct registry *registry = load->registry;
    const char *path = load->tools->image;
    if (path == NULL) return NDF_OK;
    int err = read_revision(load->reader, &registry->revision, NULL);
    registry->has_revision = err == NDF_OK;
    if (err != NDF_OK) return err == NDF_ENOMEM ? err : NDF_OK;
    ndf_error *why = &registry->image_problem;
    err = image_open(
        &registry->image, registry->mem, path, &registry->revision, why);
    if (err == NDF_OK) err = use_image(load, why);
    registry->from_image = err == NDF_OK;
    if (err == NDF_OK) return NDF_OK;
    leave_image(registry);
    if (err == NDF_ENOTFOUND || err == NDF_EREFERENCE) why->code = NDF_OK;
    return err == NDF_ENOMEM ? err : NDF_OK;
}

static int add_image(struct image_writer *writer, enum image_section which,
    struct buf *buf, ndf_error *error)
{
    int err = image_add(writer, which, buf, error);
    buf_reset(buf);
    return err;
}

static int write_image(const struct registry *registry,
    struct image_writer *writer, struct buf *buf, ndf_error *error)
{
    static const struct {
        enum image_section section;
        bool selector;
        int which;
    } parts[] = {
        {IMAGE_RECORDS, false, ROSTER_RECORDS},
        {IMAGE_IDS, false, ROSTER_IDS},
        {IMAGE_NAMES, false, ROSTER_NAMES},
        {IMAGE_CANDIDATES, true, SELECTOR_NAMES},
        {IMAGE_TEXT, true, SELECTOR_TEXT},
        {IMAGE_MENTIONS, true, SELECTOR_MENTIONS},
        {IMAGE_OVERLAP, true, SELECTOR_OVERLAP},
        {IMAGE_COPIES, true, SELECTOR_COPIES},
        {IMAGE_LAWS, true, SELECTOR_LAWS},
        {IMAGE_FEATURES, false, ROSTER_FEATURES},
    };
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < sizeof parts / sizeof *parts; i++) {
        if (parts[i].selector)
            selector_write(
                registry->selector, (enum selector_block)parts[i].which, buf);
        else
            roster_write(
                registry->roster, (enum roster_block)parts[i].which, buf);
        err = add_image(writer, parts[i].section, buf, error);
    }
    return err;
}

int registry_save(const struct registry *registry, const char *path,
    uint64_t *size, ndf_error *error)
{
    struct image_writer *writer;
    struct buf buf;
    *size = 0;
    if (!registry->has_revision)
        return err_set(error, NDF_ENOTFOUND,
            "the registry has no revision: nothing was changed in it yet");
    int err =
        image_begin(&writer, registry->mem, path, &registry->revision, error);
    if (err != NDF_OK) return err;
    buf_init(&buf, registry->mem);
    err = write_image(registry, writer, &buf, error);
    buf_deinit(&buf);
    if (err == NDF_OK) return image_commit(writer, size, error);
    image_abandon(writer);
    if (err == NDF_ENOMEM) return err_set(error, err, "out of memory");
    return err;
}

/* ---- all of it -------------------------------------------------------------
 */

static int load_all(struct loading *load)
{
    int err = load_sources(load);
    if (err == NDF_OK) err = try_image(load);
    if (err == NDF_OK && !load->registry->from_image) err = build(load);
    return err == NDF_OK ? make_meaning(load) : err;
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
    struct loading load = {
        .registry = registry, .tools = tools, .reader = reader, .error = error};
    vec_init(&load.sources, mem, sizeof(struct source));
    map_init(&load.source_index, mem);
    arena_init(&load.scratch, mem);
    int err = load_all(&load);
    arena_deinit(&load.scratch);
    map_deinit(&load.source_index);
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
    roster_free(registry->roster);
    arena_deinit(&registry->arena);
    image_close(&registry->image);
    mem_free(registry->mem, registry, sizeof *registry);
}
