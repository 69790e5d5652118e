/*
 * import.c - files as a source of agents and patterns, read again when they
 * change.
 *
 * A source remembers of each file its time and size and the entries it gave.
 * A refresh walks the folder, reads what differs and writes all changes in one
 * transaction. A file with an error keeps the entries it had, and is reported
 * each time until it is mended.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/os.h"
#include "base/utf8.h"
#include "engine/engine.h"
#include "engine/stage.h"
#include "engine/walk.h"
#include "model/agent_file.h"

enum { IMPORT_FILE_MAX = 16 * 1024 * 1024 };

struct import {
    ndf_engine *engine;
    struct stage stage;
    struct str source; /* its name, also its id */
    struct str kind;   /* "file" or "folder" */
    struct str root;
    struct str run_argv; /* JSON, or "" */
    int64_t added_ms;
    bool explicit_file; /* the root is a file: it must be one of ours */
    struct value known; /* state of last time: {path: {mtime, size, ids}} */
    struct value state; /* of now, in the stage's arena */
    struct vec removed; /* struct str: ids of entries that go */
    struct vec kept;    /* struct str: ids of entries that stay */
    struct value warnings, errors;
    size_t files, changed;
    ndf_error first_error; /* of an explicit file */
};

/* ---- reports -------------------------------------------------------------------- */

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

/* ---- one file --------------------------------------------------------------------- */

static struct str stem_of(struct str path)
{
    struct str folder = os_dirname(path);
    struct str name = str_equal(folder, STR(".")) ? path
                                                  : str_from(path,
                                                        folder.size + 1);
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
    int err = agent_file_decode(&import->stage.arena, text,
        stem_of(file->path), &document.agent, &warning, error);
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
        err = document_decode(
            &import->stage.arena, &values[i], &document, error);
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
        map_remove(
            &import->stage.ids, items[--import->stage.items.count].id);
}

/* ---- state: which file gave which entries --------------------------------------- */

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

static int add_state(struct import *import, const struct walk_file *file,
    size_t first)
{
    struct arena *arena = &import->stage.arena;
    struct value item = value_of_object(), ids = value_of_array();
    const struct staged *items = import->stage.items.at;
    int err = NDF_OK;
    for (size_t i = first; err == NDF_OK && i < import->stage.items.count; i++)
        err = value_push(arena, &ids, value_of_str(items[i].id));
    if (err == NDF_OK)
        err = value_set(
            arena, &item, STR("mtime"), value_of_int(file->mtime_ns));
    if (err == NDF_OK)
        err = value_set(arena, &item, STR("size"), value_of_int(file->size));
    if (err == NDF_OK) err = value_set(arena, &item, STR("ids"), ids);
    return err == NDF_OK
               ? value_set(arena, &import->state, file->path, item)
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
            err = value_set(&import->stage.arena, &import->state, file->path,
                *known);
    }
    const struct str *kept = import->kept.at;
    for (size_t i = 0; err == NDF_OK && i < import->kept.count; i++)
        err = map_put(&import->stage.ids, kept[i], import);
    return err;
}

/* A file with an error keeps what it had, and its old state, so that it is
 * read again next time. */
static int keep_broken(struct import *import, const struct walk_file *file,
    const ndf_error *error)
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
    return err == NDF_OK
               ? value_set(arena, &import->state, file->path, again)
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

/* ---- writing ------------------------------------------------------------------------ */

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
        err = stage_write(
            &import->stage, tx, import->source, job->now_ms, error);
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

/* ---- a source, whole ------------------------------------------------------------------ */

static void import_init(struct import *import, ndf_engine *engine)
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

static void import_deinit(struct import *import)
{
    vec_deinit(&import->kept);
    vec_deinit(&import->removed);
    stage_deinit(&import->stage);
}

/* Reads what differs from last time and writes it; nothing is written when
 * nothing differs. */
static int run_import(struct import *import, bool first, ndf_error *error)
{
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

static int copy_str(struct arena *arena, struct str *text)
{
    *text = arena_str(arena, *text);
    return text->at != NULL ? NDF_OK : NDF_ENOMEM;
}

/* Takes over what the store knows of a source. */
static int import_known(struct import *import, const struct source *source)
{
    struct arena *arena = &import->stage.arena;
    struct str state = source->state;
    import->source = source->name;
    import->kind = source->kind;
    import->root = source->path;
    import->added_ms = source->added_ms;
    int err = copy_str(arena, &import->source);
    if (err == NDF_OK) err = copy_str(arena, &import->kind);
    if (err == NDF_OK) err = copy_str(arena, &import->root);
    if (err == NDF_OK && state.size > 0) {
        /* A state that cannot be read only means that all is read again. */
        struct value known;
        err = json_parse(arena, state, &known, NULL);
        if (err == NDF_OK && known.kind == VALUE_OBJECT) import->known = known;
        if (err != NDF_ENOMEM) err = NDF_OK;
    }
    return err;
}

static int encode_argv(struct import *import, const char *const *run)
{
    struct buf json;
    buf_init(&json, import->stage.mem);
    buf_add_char(&json, '[');
    for (size_t i = 0; run[i] != NULL; i++) {
        if (i > 0) buf_add_char(&json, ',');
        json_write_string(&json, str_of(run[i]));
    }
    buf_add_char(&json, ']');
    int err = buf_error(&json);
    if (err == NDF_OK) {
        import->run_argv = arena_str(&import->stage.arena, buf_str(&json));
        if (import->run_argv.at == NULL) err = NDF_ENOMEM;
    }
    buf_deinit(&json);
    return err;
}

static int encode_list(struct import *import, const struct str_list *run)
{
    const char **argv = arena_calloc(
        &import->stage.arena, run->count + 1, sizeof *argv);
    if (argv == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < run->count; i++) argv[i] = run->items[i].at;
    return run->count > 0 ? encode_argv(import, argv) : NDF_OK;
}

/* ---- naming a source -------------------------------------------------------------------- */

/* `PROJECT/.claude/agents` is called after its project, all else after itself.
 */
static struct str natural_name(struct str root)
{
    struct str tail = STR("/.claude/agents");
    if (str_ends(root, tail) && root.size > tail.size)
        root = str_until(root, root.size - tail.size);
    else if (str_ends(root, STR("/.claude")) && root.size > 8)
        root = str_until(root, root.size - 8);
    struct str folder = os_dirname(root);
    size_t skip = str_equal(folder, STR("/")) ? 1 : folder.size + 1;
    struct str name = str_from(root, skip < root.size ? skip : 0);
    static const char *const ends[] = {".ndf.yaml", ".yaml", ".yml", ".json",
        ".md"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_ends(name, str_of(ends[i])) && name.size > strlen(ends[i]))
            return str_until(name, name.size - strlen(ends[i]));
    return name;
}

static int clean_name(struct import *import, struct str from, int number)
{
    struct buf name;
    buf_init(&name, import->stage.mem);
    for (size_t i = 0; i < from.size && i < 64; i++) {
        unsigned char c = (unsigned char)from.at[i];
        buf_add_char(
            &name, isalnum(c) || c == '-' || c == '_' || c == '.' ? (char)c
                                                                  : '-');
    }
    if (name.size == 0) buf_add_str(&name, STR("source"));
    if (number > 1) buf_format(&name, "-%d", number);
    int err = buf_error(&name);
    if (err == NDF_OK) {
        import->source = arena_str(&import->stage.arena, buf_str(&name));
        if (import->source.at == NULL) err = NDF_ENOMEM;
    }
    buf_deinit(&name);
    return err;
}

/* Finds the source of that root, or a free name for a new one. */
static int name_source(struct import *import, const struct registry *registry,
    const char *given, ndf_error *error)
{
    for (size_t i = 0; i < registry->source_count; i++) {
        const struct source *source = &registry->sources[i];
        if (!str_equal(source->path, import->root)) continue;
        if (given != NULL && !str_equal(source->name, str_of(given)))
            return err_set(error, NDF_EEXISTS,
                "%s is imported already as source '%.*s'", import->root.at,
                STR_ARG(source->name));
        return import_known(import, source);
    }
    struct str from = given != NULL ? str_of(given) : natural_name(import->root);
    import->added_ms = clock_wall_ms(&import->engine->clock);
    for (int number = 1; number < 1000; number++) {
        int err = clean_name(import, from, number);
        if (err != NDF_OK) return err;
        if (registry_source(registry, import->source) == NULL) return NDF_OK;
        if (given != NULL) break;
    }
    return err_set(error, NDF_EEXISTS,
        "there is a source '%.*s' already: give another name",
        STR_ARG(import->source));
}

/* ---- reports and the public calls ------------------------------------------------------- */

static int count_entries(ndf_engine *engine, struct str source,
    int64_t counts[3], ndf_error *error)
{
    struct registry *registry;
    int err = engine_registry(engine, &registry, error);
    if (err != NDF_OK) return err;
    for (size_t i = 0; i < registry->count; i++) {
        const struct entry *entry = &registry->entries[i];
        if (!str_equal(entry->source->name, source)) continue;
        counts[entry->kind == DOCUMENT_AGENT ? 0 : 1]++;
        if (entry->folded_into != NULL) counts[2]++;
    }
    registry_unref(registry);
    return NDF_OK;
}

static int report_import(
    struct import *import, struct value *out, ndf_error *error)
{
    struct arena *arena = &import->stage.arena;
    int64_t counts[3] = {0};
    int err = count_entries(import->engine, import->source, counts, error);
    const struct {
        const char *key;
        struct value value;
    } parts[] = {
        {"source", value_of_str(import->source)},
        {"path", value_of_str(import->root)},
        {"files", value_of_int((int64_t)import->files)},
        {"changed", value_of_int((int64_t)import->changed)},
        {"removed", value_of_int((int64_t)import->removed.count)},
        {"agents", value_of_int(counts[0])},
        {"patterns", value_of_int(counts[1])},
        {"folded", value_of_int(counts[2])},
        {"warnings", import->warnings},
        {"errors", import->errors},
    };
    *out = value_of_object();
    for (size_t i = 0; err == NDF_OK && i < sizeof parts / sizeof *parts; i++)
        err = value_set(arena, out, str_of(parts[i].key), parts[i].value);
    return err;
}

static int find_root(struct import *import, const char *path, ndf_error *error)
{
    struct buf real;
    buf_init(&real, import->stage.mem);
    int err = os_real_path(path, &real, error);
    if (err == NDF_OK && !utf8_valid(buf_str(&real)))
        err = err_set(error, NDF_EINVAL,
            "the path is no valid UTF-8: rename the folder");
    if (err == NDF_OK) {
        import->root = arena_str(&import->stage.arena, buf_str(&real));
        if (import->root.at == NULL) err = NDF_ENOMEM;
    }
    buf_deinit(&real);
    if (err != NDF_OK) return err;
    struct vec files;
    vec_init(&files, import->stage.mem, sizeof(struct walk_file));
    err = walk_files(&import->stage.arena, import->root, &files, error);
    const struct walk_file *first = files.at;
    bool file = files.count == 1 && first->relative.size == 0;
    import->kind = file ? STR("file") : STR("folder");
    vec_deinit(&files);
    return err;
}

static int import_path(struct import *import, const char *path,
    const char *source, const char *const *run, ndf_error *error)
{
    int err = find_root(import, path, error);
    if (err != NDF_OK) return err;
    struct registry *registry;
    err = engine_registry(import->engine, &registry, error);
    if (err != NDF_OK) return err;
    err = name_source(import, registry, source, error);
    const struct source *known = registry_source(registry, import->source);
    if (err == NDF_OK && run != NULL && run[0] != NULL)
        err = encode_argv(import, run);
    else if (err == NDF_OK && known != NULL)
        err = encode_list(import, &known->run);
    registry_unref(registry);
    return err == NDF_OK ? run_import(import, true, error) : err;
}

int ndf_import(ndf_engine *engine, const char *path, const char *source,
    const char *const *run, ndf_text **report, ndf_error *error)
{
    ndf_error local;
    if (error == NULL) error = &local;
    if (report != NULL) *report = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (path == NULL) return err_set(error, NDF_EINVAL, "the path is NULL");
    error->code = NDF_OK;
    struct import import;
    import_init(&import, engine);
    err = import_path(&import, path, source, run, error);
    struct value value;
    if (err == NDF_OK && report != NULL) {
        err = report_import(&import, &value, error);
        if (err == NDF_OK) err = text_of_value(report, &engine->mem, &value);
    }
    import_deinit(&import);
    return engine_explain(err, "the import failed", error);
}

/* One source of the registry, anew. Its report is added when it has news. */
static int refresh_source(ndf_engine *engine, const struct source *source,
    struct arena *arena, struct value *reports, ndf_error *error)
{
    struct import import;
    import_init(&import, engine);
    int err = import_known(&import, source);
    if (err == NDF_OK) err = encode_list(&import, &source->run);
    if (err == NDF_OK) err = run_import(&import, false, error);
    bool news = import.changed > 0 || import.removed.count > 0;
    if (err == NDF_OK && news) {
        struct value report, copy;
        err = report_import(&import, &report, error);
        if (err == NDF_OK) err = value_copy(arena, &report, &copy);
        if (err == NDF_OK) err = value_push(arena, reports, copy);
    }
    import_deinit(&import);
    return err;
}

int ndf_refresh(ndf_engine *engine, ndf_text **report, ndf_error *error)
{
    ndf_error local;
    if (error == NULL) error = &local;
    if (report != NULL) *report = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    error->code = NDF_OK;
    engine_notice(engine);
    struct registry *registry;
    err = engine_registry(engine, &registry, error);
    if (err != NDF_OK) return err;
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct value reports = value_of_array();
    for (size_t i = 0; err == NDF_OK && i < registry->source_count; i++)
        if (registry->sources[i].path.size > 0 &&
            !store_is_read_only(engine->store))
            err = refresh_source(engine, &registry->sources[i], &arena,
                &reports, error);
    registry_unref(registry);
    if (err == NDF_OK && report != NULL)
        err = text_of_value(report, &engine->mem, &reports);
    arena_deinit(&arena);
    return engine_explain(err, "the files cannot be read again", error);
}

int ndf_trust_folder(ndf_engine *engine, const char *path, int action,
    int *trusted, ndf_error *error)
{
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (path == NULL) return err_set(error, NDF_EINVAL, "the path is NULL");
    if (error != NULL) error->code = NDF_OK;
    struct buf real;
    buf_init(&real, &engine->mem);
    err = os_real_path(path, &real, error);
    struct str where = buf_str(&real);
    if (err == NDF_OK && action == NDF_TRUST_GRANT)
        err = trust_grant(&engine->trust, where, error);
    if (err == NDF_OK && action == NDF_TRUST_REVOKE)
        err = trust_revoke(&engine->trust, where, error);
    bool state = false;
    if (err == NDF_OK)
        err = trust_check(&engine->trust, where, &state, error);
    if (trusted != NULL) *trusted = state;
    buf_deinit(&real);
    return engine_explain(err, "the trust list", error);
}
