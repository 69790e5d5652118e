/*
 * importing.c - one source: its files against what they gave last time.
 *
 * A source remembers of each file its time and size and the entries it gave.
 * What differs is read, and all changes are written in one transaction. A file
 * with an error keeps the entries it had, and is reported each time until it
 * is mended.
 */
#include "engine/importing.h"

#include <string.h>

#include "base/json.h"
#include "base/os.h"
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
        struct document document;
        err =
            document_decode(&import->stage.arena, &values[i], &document, error);
        place->line = values[i].line;
        if (err == NDF_OK)
            err = stage_add(&import->stage, &document, place, error);
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

/* ---- state: which file gave which entries
 * --------------------------------------- */

static int keep_ids(
    struct import *import, const struct value *known, struct vec *list)
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
    (void)import;
    return NDF_OK;
}

static int add_state(
    struct import *import, const struct walk_file *file, size_t first)
{
    struct arena *arena = &import->stage.arena;
    struct value item = value_of_object(), ids = value_of_array();
    const struct staged *items = import->stage.items.at;
    int err = NDF_OK;
    for (size_t i = first; err == NDF_OK && i < import->stage.items.count; i++)
        err = value_push(arena, &ids, value_of_str(items[i].id));
    if (err == NDF_OK)
        err =
            value_set(arena, &item, STR("mtime"), value_of_int(file->mtime_ns));
    if (err == NDF_OK)
        err = value_set(arena, &item, STR("size"), value_of_int(file->size));
    if (err == NDF_OK) err = value_set(arena, &item, STR("ids"), ids);
    return err == NDF_OK ? value_set(arena, &import->state, file->path, item)
                         : err;
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
        const struct value *known = value_get(&import->known, file->path);
        if (!unchanged(known, file)) continue;
        err = keep_ids(import, known, &import->kept);
        if (err == NDF_OK)
            err = value_set(
                &import->stage.arena, &import->state, file->path, *known);
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
    const struct value *known = value_get(&import->known, file->path);
    if (import->explicit_file) import->first_error = *error;
    int err = note(import, &import->errors, file->path, error);
    size_t first = import->kept.count;
    if (err == NDF_OK) err = keep_ids(import, known, &import->kept);
    const struct str *kept = import->kept.at;
    for (size_t i = first; err == NDF_OK && i < import->kept.count; i++)
        err = map_put(&import->stage.ids, kept[i], import);
    if (err != NDF_OK || known == NULL) return err;
    struct value old = *known;
    struct arena *arena = &import->stage.arena;
    struct value again = value_of_object();
    const struct value *ids = value_get(&old, STR("ids"));
    if (ids != NULL) err = value_set(arena, &again, STR("ids"), *ids);
    return err == NDF_OK ? value_set(arena, &import->state, file->path, again)
                         : err;
}

static int read_changed(struct import *import, const struct vec *files)
{
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < files->count; i++) {
        const struct walk_file *file = vec_get(files, i);
        import->files++;
        if (unchanged(value_get(&import->known, file->path), file)) continue;
        import->changed++;
        ndf_error error = {0};
        size_t first = import->stage.items.count;
        err = add_file(import, file, &error);
        if (err == NDF_OK) {
            err = add_state(import, file, first);
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
    for (size_t i = 0; i < import->known.object.count; i++) {
        const struct value *known = &import->known.object.members[i].value;
        struct vec ids;
        vec_init(&ids, import->stage.mem, sizeof(struct str));
        int err = keep_ids(import, known, &ids);
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
        err = tx_entry_remove(
            tx, *(const struct str *)vec_get(&import->removed, i), error);
        if (err == NDF_ENOTFOUND) err = NDF_OK; /* unregistered before */
    }
    if (err == NDF_OK)
        err =
            stage_write(&import->stage, tx, import->source, job->now_ms, error);
    return err;
}

static int write_import(struct import *import, ndf_error *error)
{
    struct buf state;
    buf_init(&state, import->stage.mem);
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
    import->known = value_of_object();
    import->state = value_of_object();
    import->warnings = value_of_array();
    import->errors = value_of_array();
}

void importing_deinit(struct import *import)
{
    vec_deinit(&import->kept);
    vec_deinit(&import->removed);
    stage_deinit(&import->stage);
}

int importing_run(
    struct import *import, enum import_turn turn, ndf_error *error)
{
    bool first = turn == IMPORT_FIRST;
    struct vec files;
    vec_init(&files, import->stage.mem, sizeof(struct walk_file));
    int err = walk_files(&import->stage.arena, import->root, &files, error);
    if (err == NDF_ENOTFOUND && !first) err = NDF_OK; /* all of it is gone */
    if (err == NDF_OK && files.count == 1) {
        const struct walk_file *file = files.at;
        import->explicit_file = file->relative.size == 0;
    }
    if (err == NDF_OK) err = keep_unchanged(import, &files);
    if (err == NDF_OK) err = read_changed(import, &files);
    if (err == NDF_OK) err = find_removed(import);
    vec_deinit(&files);
    if (err != NDF_OK) return err;
    if (first && import->explicit_file && import->errors.array.count > 0) {
        *error = import->first_error;
        return err_prefix(error, import->root.at);
    }
    if (!first && import->changed == 0 && import->removed.count == 0)
        return NDF_OK;
    return write_import(import, error);
}
