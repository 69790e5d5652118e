/*
 * importing.c - one source: its files against what they gave last time.
 *
 * A source remembers of each file its time and size and the entries it gave.
 * What differs is read, and all changes are written in one transaction. A file
 * with an error keeps the entries it had, and is reported each time until it
 * is mended.
 */
#include "engine/importing.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "base/json.h"
#include "base/os.h"
#include "engine/gone.h"
#include "engine/walk.h"
#include "model/agent_file.h"

/* ---- reports
 * -------------------------------------------------------------------- */

static int note(struct import *import, struct value *list, struct str path,
    const ndf_error *what)
{
    struct arena *arena = &import->stage.arena;
    struct value item = value_of_object();
    struct str message = arena_str(arena, str_of(what->message));
    if (message.at == NULL) return NDF_ENOMEM;
    int err = value_set(arena, &item, STR("path"), value_of_str(path));
    if (err == NDF_OK)
        err = value_set(
            arena, &item, STR("line"), value_of_int((int64_t)what->line));
    if (err == NDF_OK)
        err = value_set(
            arena, &item, STR("column"), value_of_int((int64_t)what->column));
    if (err == NDF_OK)
        err = value_set(arena, &item, STR("message"), value_of_str(message));
    return err == NDF_OK ? value_push(arena, list, item) : err;
}

/* ---- one file
 * --------------------------------------------------------------------- */

static struct str stem_of(struct str path)
{
    struct str folder = os_dirname(path);
    struct str name =
        str_equal(folder, STR(".")) ? path : str_from(path, folder.size + 1);
    return str_ends(name, STR(".md")) ? str_until(name, name.size - 3) : name;
}

static int add_agent_file(struct import *import, const struct walk_file *file,
    struct str text, struct stage_place *place, ndf_error *error)
{
    /* Markdown without front matter is some other text. */
    if (!import->explicit_file && !str_starts(text, STR("---")) &&
        !str_starts(text, STR("\xef\xbb\xbf---")))
        return NDF_OK;
    struct document document = {.kind = DOCUMENT_AGENT};
    ndf_error warning = {0};
    int err = agent_file_decode(&import->stage.arena, text, stem_of(file->path),
        &document.agent, &warning, error);
    if (err == NDF_OK && warning.code != NDF_OK)
        err = note(import, &import->warnings, file->path, &warning);
    place->line = 1;
    place->by_folder = true;
    return err == NDF_OK ? stage_add(&import->stage, &document, place, error)
                         : err;
}

static int add_documents(struct import *import, struct str text,
    struct stage_place *place, ndf_error *error)
{
    struct value *values;
    size_t count;
    int err = stage_parse(&import->stage, text, &values, &count, error);
    if (err != NDF_OK) return err;
    if (!import->explicit_file && (count == 0 || !stage_ours(&values[0])))
        return NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < count; i++) {
        place->line = values[i].line;
        err = stage_add_value(&import->stage, &values[i], place, error);
    }
    return err;
}

static int add_file(
    struct import *import, const struct walk_file *file, ndf_error *error)
{
    struct buf text;
    buf_init(&text, import->stage.mem);
    struct str folder = os_dirname(file->relative);
    struct stage_place place = {.source = import->source,
        .path = file->path,
        .folder = str_equal(folder, STR(".")) ? STR("") : folder};
    int err = os_read_file(file->path.at, IMPORT_FILE_MAX, &text, error);
    struct str content = {NULL, 0};
    if (err == NDF_OK) {
        content = arena_str(&import->stage.arena, buf_str(&text));
        if (content.at == NULL) err = NDF_ENOMEM;
    }
    buf_deinit(&text);
    if (err != NDF_OK) return err;
    return str_ends(file->path, STR(".md"))
               ? add_agent_file(import, file, content, &place, error)
               : add_documents(import, content, &place, error);
}

/* Takes back what a file staged before it failed. */
static void unstage(struct import *import, size_t count)
{
    const struct staged *items = import->stage.items.at;
    while (import->stage.items.count > count)
        map_remove(&import->stage.ids, items[--import->stage.items.count].id);
}

/* ---- state: which file gave which entries ---------------------------------
 */

/* A stored state is 16 hex digits, the fingerprint of all names, times and
 * sizes, and then a JSON array: as long as the fingerprint fits, nothing
 * changed and the array needs no reading. */
enum { FINGERPRINT_SIZE = 16 };

static void fingerprint(const struct vec *files, char out[FINGERPRINT_SIZE + 1])
{
    uint64_t hash = files->count;
    for (size_t i = 0; i < files->count; i++) {
        const struct walk_file *file = vec_get(files, i);
        const int64_t numbers[] = {file->mtime_ns, file->size};
        hash = hash64_seed(file->path, hash);
        hash = hash64_seed(
            (struct str){(const char *)numbers, sizeof numbers}, hash);
    }
    snprintf(out, FINGERPRINT_SIZE + 1, "%016" PRIx64, hash);
}

/* A state that cannot be read only means that all is read again. */
static int read_state(struct import *import)
{
    struct str json = str_from(import->old_state,
        import->old_state.size < FINGERPRINT_SIZE ? import->old_state.size
                                                  : FINGERPRINT_SIZE);
    struct value *list = arena_alloc(&import->stage.arena, sizeof *list);
    if (list == NULL) return NDF_ENOMEM;
    if (json.size == 0) return NDF_OK;
    int err = json_parse(&import->stage.arena, json, list, NULL);
    if (err != NDF_OK || list->kind != VALUE_ARRAY)
        return err == NDF_ENOMEM ? err : NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < list->array.count; i++) {
        struct value *item = &list->array.items[i];
        struct str path = value_get_str(item, STR("path"));
        if (path.at != NULL) err = map_put(&import->known, path, item);
    }
    return err;
}

static int keep_ids(const struct value *known, struct vec *list)
{
    const struct value *ids =
        known != NULL ? value_get(known, STR("ids")) : NULL;
    if (ids == NULL || ids->kind != VALUE_ARRAY) return NDF_OK;
    for (size_t i = 0; i < ids->array.count; i++) {
        if (ids->array.items[i].kind != VALUE_STRING) continue;
        struct str *id = vec_push(list);
        if (id == NULL) return NDF_ENOMEM;
        *id = ids->array.items[i].string;
    }
    return NDF_OK;
}

/* What a file gave. mtime -1 never fits: it is read again next time. */
static int add_state(struct import *import, const struct walk_file *file,
    int64_t mtime_ns, const struct value *ids)
{
    struct arena *arena = &import->stage.arena;
    struct value item = value_of_object();
    int err = value_set(arena, &item, STR("path"), value_of_str(file->path));
    if (err == NDF_OK)
        err = value_set(arena, &item, STR("mtime"), value_of_int(mtime_ns));
    if (err == NDF_OK)
        err = value_set(arena, &item, STR("size"), value_of_int(file->size));
    if (err == NDF_OK) err = value_set(arena, &item, STR("ids"), *ids);
    return err == NDF_OK ? value_push(arena, &import->state, item) : err;
}

static int add_staged_state(
    struct import *import, const struct walk_file *file, size_t first)
{
    struct value ids = value_of_array();
    const struct staged *items = import->stage.items.at;
    int err = NDF_OK;
    for (size_t i = first; err == NDF_OK && i < import->stage.items.count; i++)
        err = value_push(&import->stage.arena, &ids, value_of_str(items[i].id));
    return err == NDF_OK ? add_state(import, file, file->mtime_ns, &ids) : err;
}

static bool unchanged(const struct value *known, const struct walk_file *file)
{
    return known != NULL &&
           value_get_int(known, STR("mtime"), -1) == file->mtime_ns &&
           value_get_int(known, STR("size"), -1) == file->size;
}

/* Files that stay give their ids first, so that a new file cannot take one. */
static int keep_unchanged(struct import *import, const struct vec *files)
{
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < files->count; i++) {
        const struct walk_file *file = vec_get(files, i);
        const struct value *known = map_get(&import->known, file->path);
        if (!unchanged(known, file)) continue;
        err = keep_ids(known, &import->kept);
        if (err == NDF_OK)
            err = value_push(&import->stage.arena, &import->state, *known);
    }
    const struct str *kept = import->kept.at;
    for (size_t i = 0; err == NDF_OK && i < import->kept.count; i++)
        err = map_put(&import->stage.ids, kept[i], import);
    return err;
}

/* A file with an error keeps what it had, and its old state, so that it is
 * read again next time. */
static int keep_broken(
    struct import *import, const struct walk_file *file, const ndf_error *error)
{
    const struct value *known = map_get(&import->known, file->path);
    if (import->explicit_file) import->first_error = *error;
    int err = note(import, &import->errors, file->path, error);
    size_t first = import->kept.count;
    if (err == NDF_OK) err = keep_ids(known, &import->kept);
    const struct str *kept = import->kept.at;
    for (size_t i = first; err == NDF_OK && i < import->kept.count; i++)
        err = map_put(&import->stage.ids, kept[i], import);
    const struct value *ids =
        known != NULL ? value_get(known, STR("ids")) : NULL;
    return err == NDF_OK && ids != NULL ? add_state(import, file, -1, ids)
                                        : err;
}

static int read_changed(struct import *import, const struct vec *files)
{
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < files->count; i++) {
        const struct walk_file *file = vec_get(files, i);
        import->files++;
        if (unchanged(map_get(&import->known, file->path), file)) continue;
        import->changed++;
        ndf_error error = {0};
        size_t first = import->stage.items.count;
        err = add_file(import, file, &error);
        if (err == NDF_OK) {
            err = add_staged_state(import, file, first);
        } else if (err != NDF_ENOMEM) {
            if (error.code != err)
                err_set(&error, err, "%s", ndf_strerror(err));
            unstage(import, first);
            err = keep_broken(import, file, &error);
        }
    }
    return err;
}

/* Entries of last time that no file gives any more. */
static int find_removed(struct import *import)
{
    const struct map_entry *entry;
    for (size_t i = 0; (entry = map_next(&import->known, &i)) != NULL;) {
        struct vec ids;
        vec_init(&ids, import->stage.mem, sizeof(struct str));
        int err = keep_ids(entry->value, &ids);
        for (size_t j = 0; err == NDF_OK && j < ids.count; j++) {
            struct str id = *(const struct str *)vec_get(&ids, j);
            if (map_has(&import->stage.ids, id)) continue;
            struct str *removed = vec_push(&import->removed);
            if (removed == NULL) err = NDF_ENOMEM;
            else *removed = id;
        }
        vec_deinit(&ids);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

/* ---- writing
 * ------------------------------------------------------------------------ */

struct import_job {
    struct import *import;
    struct str state;
    int64_t now_ms;
};

static int import_work(struct store_tx *tx, void *ud, ndf_error *error)
{
    const struct import_job *job = ud;
    const struct import *import = job->import;
    struct store_source source = {.id = import->source,
        .name = import->source,
        .kind = import->kind,
        .path = import->root,
        .run_argv = import->run_argv,
        .state = job->state,
        .added_ms = import->added_ms};
    int err = tx_source_put(tx, &source, error);
    for (size_t i = 0; err == NDF_OK && i < import->removed.count; i++) {
        struct str id = *(const struct str *)vec_get(&import->removed, i);
        err = tx_entry_remove(tx, id, error);
        if (err == NDF_OK)
            err = gone_write(tx, import->stage.mem, id, job->now_ms, error);
        if (err == NDF_ENOTFOUND) err = NDF_OK; /* unregistered before */
    }
    if (err == NDF_OK)
        err =
            stage_write(&import->stage, tx, import->source, job->now_ms, error);
    return err;
}

static int write_import(
    struct import *import, const char *mark, ndf_error *error)
{
    struct buf state;
    buf_init(&state, import->stage.mem);
    buf_add_str(&state, str_of(mark));
    json_write(&state, &import->state);
    int err = buf_error(&state);
    struct import_job job = {.import = import,
        .state = buf_str(&state),
        .now_ms = clock_wall_ms(&import->engine->clock)};
    if (err == NDF_OK)
        err = store_write(import->engine->store, import_work, &job, error);
    buf_deinit(&state);
    if (err == NDF_OK) engine_touch(import->engine);
    return err;
}

/* ---- a source, whole
 * ------------------------------------------------------------------ */

void importing_init(struct import *import, ndf_engine *engine)
{
    memset(import, 0, sizeof *import);
    import->engine = engine;
    stage_init(&import->stage, &engine->mem);
    vec_init(&import->removed, &engine->mem, sizeof(struct str));
    vec_init(&import->kept, &engine->mem, sizeof(struct str));
    map_init(&import->known, &engine->mem);
    import->state = value_of_array();
    import->warnings = value_of_array();
    import->errors = value_of_array();
}

void importing_deinit(struct import *import)
{
    vec_deinit(&import->kept);
    vec_deinit(&import->removed);
    map_deinit(&import->known);
    stage_deinit(&import->stage);
}

static int read_files(struct import *import, const struct vec *files)
{
    const struct walk_file *file = files->at;
    import->explicit_file = files->count == 1 && file->relative.size == 0;
    int err = read_state(import);
    if (err == NDF_OK) err = keep_unchanged(import, files);
    if (err == NDF_OK) err = read_changed(import, files);
    return err == NDF_OK ? find_removed(import) : err;
}

/* A root that is gone may be a disk that is not mounted: its entries stay, and
 * that is said each time. */
static int keep_gone(struct import *import)
{
    ndf_error gone = {0};
    err_set(&gone, NDF_ENOTFOUND,
        "source '%.*s' is gone; what was read of it is kept",
        STR_ARG(import->source));
    return note(import, &import->errors, import->root, &gone);
}

int importing_run(
    struct import *import, enum import_turn turn, ndf_error *error)
{
    char mark[FINGERPRINT_SIZE + 1];
    bool first = turn == IMPORT_FIRST, same = false;
    struct vec files;
    vec_init(&files, import->stage.mem, sizeof(struct walk_file));
    int err = walk_files(&import->stage.arena, import->root, &files, error);
    if (err == NDF_OK) {
        fingerprint(&files, mark);
        same = !first && str_starts(import->old_state, str_of(mark));
        if (!same) err = read_files(import, &files);
    }
    vec_deinit(&files);
    if (err == NDF_ENOTFOUND && !first) return keep_gone(import);
    if (err != NDF_OK) return err;
    if (first && import->explicit_file && import->errors.array.count > 0) {
        *error = import->first_error;
        return err_prefix(error, import->root.at);
    }
    if (same || (!first && import->changed == 0 && import->removed.count == 0))
        return NDF_OK;
    /* A file with an error must be read again: no fingerprint fits. */
    if (import->errors.array.count > 0) memset(mark, '-', FINGERPRINT_SIZE);
    return write_import(import, mark, error);
}
