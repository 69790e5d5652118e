/*
 * import.c - files as a source of agents and patterns: naming a source, what
 * is known of it, reports, and the public calls.
 */
#include <ctype.h>
#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "base/json.h"
#include "base/os.h"
#include "base/utf8.h"
#include "engine/importing.h"
#include "engine/walk.h"

static int copy_str(struct arena *arena, struct str *text)
{
    *text = arena_str(arena, *text);
    return text->at != NULL ? NDF_OK : NDF_ENOMEM;
}

/* Takes over what the store knows of a source. */
static int import_known(struct import *import, const struct source *source)
{
    struct arena *arena = &import->stage.arena;
    import->source = source->name;
    import->kind = source->kind;
    import->root = source->path;
    import->added_ms = source->added_ms;
    int err = copy_str(arena, &import->source);
    if (err == NDF_OK) err = copy_str(arena, &import->kind);
    if (err == NDF_OK) err = copy_str(arena, &import->root);
    import->old_state = source->state;
    return err == NDF_OK ? copy_str(arena, &import->old_state) : err;
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
    const char **argv =
        arena_calloc(&import->stage.arena, run->count + 1, sizeof *argv);
    if (argv == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < run->count; i++)
        argv[i] = run->items[i].at;
    return run->count > 0 ? encode_argv(import, argv) : NDF_OK;
}

/* ---- naming a source
 * -------------------------------------------------------------------- */

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
    static const char *const ends[] = {
        ".ndf.yaml", ".yaml", ".yml", ".json", ".md"};
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
        buf_add_char(&name,
            isalnum(c) || c == '-' || c == '_' || c == '.' ? (char)c : '-');
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
    struct str from =
        given != NULL ? str_of(given) : natural_name(import->root);
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

/* ---- reports and the public calls
 * ------------------------------------------------------- */

static int count_entries(struct import *import, int64_t counts[3],
    struct value *near_copies, ndf_error *error)
{
    struct registry *registry;
    int err = engine_registry(import->engine, &registry, error);
    if (err != NDF_OK) return err;
    for (size_t i = 0; i < registry->count; i++) {
        const struct entry *entry = &registry->entries[i];
        if (!str_equal(entry->source->name, import->source)) continue;
        counts[entry->kind == DOCUMENT_AGENT ? 0 : 1]++;
        if (entry->folded_into != NULL) counts[2]++;
    }
    err = near_copies_list(import, registry, near_copies);
    registry_unref(registry);
    return err;
}

static int report_import(
    struct import *import, struct value *out, ndf_error *error)
{
    struct arena *arena = &import->stage.arena;
    int64_t counts[3] = {0};
    struct value near_copies = value_of_array();
    int err = count_entries(import, counts, &near_copies, error);
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
        {"near_copies", near_copies},
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
            "the path %s is no valid UTF-8: rename it", real.at);
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
    return err == NDF_OK ? importing_run(import, IMPORT_FIRST, error) : err;
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
    importing_init(&import, engine);
    err = import_path(&import, path, source, run, error);
    struct value value;
    if (err == NDF_OK && report != NULL) {
        err = report_import(&import, &value, error);
        if (err == NDF_OK) err = text_of_value(report, &engine->mem, &value);
    }
    importing_deinit(&import);
    return engine_explain(err, "the import failed", error);
}

/* One source of the registry, anew. Its report is added when it has news. */
static int refresh_source(ndf_engine *engine, const struct source *source,
    struct arena *arena, struct value *reports, ndf_error *error)
{
    struct import import;
    importing_init(&import, engine);
    int err = import_known(&import, source);
    if (err == NDF_OK) err = encode_list(&import, &source->run);
    if (err == NDF_OK) err = importing_run(&import, IMPORT_AGAIN, error);
    bool news = import.changed > 0 || import.removed.count > 0 ||
                import.errors.array.count > 0;
    if (err == NDF_OK && news) {
        struct value report, copy;
        err = report_import(&import, &report, error);
        if (err == NDF_OK) err = value_copy(arena, &report, &copy);
        if (err == NDF_OK) err = value_push(arena, reports, copy);
    }
    importing_deinit(&import);
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
            err = refresh_source(
                engine, &registry->sources[i], &arena, &reports, error);
    registry_unref(registry);
    if (err == NDF_OK && report != NULL)
        err = text_of_value(report, &engine->mem, &reports);
    arena_deinit(&arena);
    return engine_explain(err, "the files cannot be read again", error);
}

/* As it is written, without looking whether it is there. */
static int absolute_path(const char *path, struct buf *out)
{
    char cwd[PATH_MAX];
    struct str given = str_of(path);
    while (given.size > 1 && str_ends(given, STR("/")))
        given.size--;
    buf_reset(out);
    if (path[0] != '/' && getcwd(cwd, sizeof cwd) == NULL) return NDF_ENOTFOUND;
    os_join(out, path[0] == '/' ? STR("") : str_of(cwd), given);
    return buf_error(out);
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
    /* The trust in a folder that is gone can still be taken back. */
    if (err == NDF_ENOTFOUND && action == NDF_TRUST_REVOKE)
        err = absolute_path(path, &real);
    struct str where = buf_str(&real);
    if (err == NDF_OK && action == NDF_TRUST_GRANT)
        err = trust_grant(&engine->trust, where, error);
    if (err == NDF_OK && action == NDF_TRUST_REVOKE)
        err = trust_revoke(&engine->trust, where, error);
    bool state = false;
    if (err == NDF_OK) err = trust_check(&engine->trust, where, &state, error);
    if (trusted != NULL) *trusted = state;
    buf_deinit(&real);
    return engine_explain(err, "the trust list", error);
}
