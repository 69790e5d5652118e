/*
 * registry_find.c - what a name stands for (registry.h), and whole documents.
 */
#include "base/json.h"
#include "engine/registry.h"

/* The next of the name that is no copy. */
static const struct entry *next_real(const struct entry *entry)
{
    while (entry != NULL && entry->folded_into != NULL)
        entry = entry->same_name;
    return entry;
}

/* NULL: nobody has it. */
static const struct entry *entry_at(
    const struct registry *registry, size_t number)
{
    return number != NAMES_NONE ? &registry->entries[number] : NULL;
}

static int not_found(
    const struct registry *registry, struct str name, ndf_error *error)
{
    struct str *names =
        mem_calloc(registry->mem, registry->count + 1, sizeof *names);
    if (names == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < registry->count; i++)
        names[i] = names_at(registry->roster->names, i);
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
    *out = registry_entry(registry, name);
    if (*out != NULL) return NDF_OK;
    const struct entry *first =
        entry_at(registry, names_find(registry->roster->names, name));
    if (first == NULL) return not_found(registry, name, error);
    for (const struct entry *entry = first; entry != NULL && near.at != NULL;
         entry = entry->same_name) {
        if (!str_equal(entry->source->name, near)) continue;
        *out = entry;
        return NDF_OK;
    }
    /* Linked by rank: the first real one is taken if it is alone there. */
    const struct entry *real = next_real(first);
    const struct entry *other =
        real != NULL ? next_real(real->same_name) : NULL;
    if (real == NULL) real = first->folded_into;
    if (other != NULL && other->source->rank == real->source->rank)
        return ambiguous(registry, name, first, error);
    *out = real;
    return NDF_OK;
}

bool registry_has(const struct registry *registry, struct str name)
{
    const struct roster *roster = registry->roster;
    return names_find(roster->ids, name) != NAMES_NONE ||
           names_find(roster->names, name) != NAMES_NONE;
}

const struct entry *registry_entry(
    const struct registry *registry, struct str qualified)
{
    return entry_at(registry, names_find(registry->roster->ids, qualified));
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
