/*
 * walk.c - a folder and all below it, without recursion: folders wait in a
 * list until they are read.
 */
#include "engine/walk.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/os.h"

struct folder {
    struct str relative;
    int depth;
};

struct walk {
    struct arena *arena;
    struct str root;
    struct vec folders; /* struct folder; read from the end */
    struct vec *out;
    ndf_error *error;
};

static bool wanted_file(struct str name)
{
    static const char *const ends[] = {".md", ".yaml", ".yml", ".json"};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (str_ends(name, str_of(ends[i]))) return true;
    return false;
}

static bool skipped_folder(struct str name)
{
    static const char *const names[] = {".git", ".ndf", "node_modules"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_equal(name, str_of(names[i]))) return true;
    return false;
}

static struct str joined(struct arena *arena, struct str dir, struct str name)
{
    if (dir.size == 0) return arena_str(arena, name);
    return arena_format(arena, "%.*s/%.*s", STR_ARG(dir), STR_ARG(name));
}

static int add_file(struct walk *walk, struct str path, struct str relative,
    const struct stat *status)
{
    if (walk->out->count == WALK_FILES_MAX)
        return err_set(walk->error, NDF_ELIMIT,
            "%.*s holds more than %d files: import the folders with agents one "
            "by one",
            STR_ARG(walk->root), WALK_FILES_MAX);
    struct walk_file *file = vec_push(walk->out);
    if (file == NULL) return NDF_ENOMEM;
    file->path = path;
    file->relative = relative;
    file->mtime_ns =
        (int64_t)status->st_mtim.tv_sec * 1000000000 + status->st_mtim.tv_nsec;
    file->size = status->st_size;
    return NDF_OK;
}

static int add_folder(struct walk *walk, struct str relative, int depth)
{
    if (depth > WALK_DEPTH_MAX)
        return err_set(walk->error, NDF_ELIMIT,
            "%.*s/%.*s is more than %d folders deep: import it by itself",
            STR_ARG(walk->root), STR_ARG(relative), WALK_DEPTH_MAX);
    struct folder *folder = vec_push(&walk->folders);
    if (folder == NULL) return NDF_ENOMEM;
    *folder = (struct folder){relative, depth};
    return NDF_OK;
}

static int visit(
    struct walk *walk, const struct folder *parent, const char *name)
{
    struct str relative = joined(walk->arena, parent->relative, str_of(name));
    struct str path = joined(walk->arena, walk->root, relative);
    if (relative.at == NULL || path.at == NULL) return NDF_ENOMEM;
    struct stat status;
    /* What vanished or cannot be seen is not there. */
    if (lstat(path.at, &status) != 0) return NDF_OK;
    if (S_ISDIR(status.st_mode)) {
        if (skipped_folder(str_of(name))) return NDF_OK;
        return add_folder(walk, relative, parent->depth + 1);
    }
    if (S_ISLNK(status.st_mode) && stat(path.at, &status) != 0) return NDF_OK;
    if (!S_ISREG(status.st_mode) || !wanted_file(str_of(name))) return NDF_OK;
    return add_file(walk, path, relative, &status);
}

static int read_folder(struct walk *walk, const struct folder *folder)
{
    struct str path = folder->relative.size == 0
                          ? arena_str(walk->arena, walk->root)
                          : joined(walk->arena, walk->root, folder->relative);
    if (path.at == NULL) return NDF_ENOMEM;
    DIR *dir = opendir(path.at);
    if (dir == NULL) {
        char text[128];
        return err_set(walk->error, err_from_errno(errno),
            "cannot read the folder %s: %s", path.at,
            err_errno_text(errno, text, sizeof text));
    }
    int err = NDF_OK;
    const struct dirent *item;
    while (err == NDF_OK && (item = readdir(dir)) != NULL) {
        if (strcmp(item->d_name, ".") == 0 || strcmp(item->d_name, "..") == 0)
            continue;
        err = visit(walk, folder, item->d_name);
    }
    closedir(dir);
    return err;
}

static size_t depth_of(const struct walk_file *file)
{
    size_t depth = 0;
    for (size_t i = 0; i < file->relative.size; i++)
        if (file->relative.at[i] == '/') depth++;
    return depth;
}

static int by_path(const void *a, const void *b)
{
    const struct walk_file *left = a, *right = b;
    size_t left_depth = depth_of(left), right_depth = depth_of(right);
    if (left_depth != right_depth) return left_depth < right_depth ? -1 : 1;
    return str_compare(left->path, right->path);
}

static int walk_folder(struct walk *walk)
{
    vec_init(&walk->folders, walk->arena->mem, sizeof(struct folder));
    int err = add_folder(walk, STR(""), 0);
    while (err == NDF_OK && walk->folders.count > 0) {
        struct folder folder =
            *(struct folder *)vec_get(&walk->folders, walk->folders.count - 1);
        walk->folders.count--;
        err = read_folder(walk, &folder);
    }
    vec_deinit(&walk->folders);
    if (err == NDF_OK && walk->out->count > 1)
        qsort(
            walk->out->at, walk->out->count, sizeof(struct walk_file), by_path);
    return err;
}

int walk_files(
    struct arena *arena, struct str root, struct vec *out, ndf_error *error)
{
    struct walk walk = {
        .arena = arena, .root = root, .out = out, .error = error};
    struct str path = arena_str(arena, root);
    if (path.at == NULL) return NDF_ENOMEM;
    struct stat status;
    if (stat(path.at, &status) != 0) {
        char text[128];
        return err_set(error, err_from_errno(errno), "cannot read %s: %s",
            path.at, err_errno_text(errno, text, sizeof text));
    }
    if (S_ISREG(status.st_mode)) return add_file(&walk, path, STR(""), &status);
    if (!S_ISDIR(status.st_mode))
        return err_set(error, NDF_EINVAL,
            "%s is no file and no folder: name one to import", path.at);
    return walk_folder(&walk);
}
