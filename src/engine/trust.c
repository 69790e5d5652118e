/*
 * trust.c - the list of trusted folders: `trusted.json`, an array of absolute
 * paths, replaced as a whole under a lock.
 *
 * Invariant: a path is written only after the user (or the call that made the
 * store there) named it; a list that cannot be read trusts nothing.
 */
#include "engine/trust.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/json.h"
#include "base/os.h"
#include "base/utf8.h"

enum { TRUST_FILE_MAX = 4 * 1024 * 1024 };

static int path_in_home(
    const struct trust *trust, const char *name, struct buf *out)
{
    os_join(out, trust->home, str_of(name));
    return buf_error(out);
}

/* A missing file is an empty list. */
static int read_list(const struct trust *trust, struct arena *arena,
    struct value *out, ndf_error *error)
{
    *out = value_of_array();
    if (trust->home.size == 0) return NDF_OK;
    struct buf path, content;
    buf_init(&path, trust->mem);
    buf_init(&content, trust->mem);
    int err = path_in_home(trust, "trusted.json", &path);
    if (err == NDF_OK)
        err = os_read_file(path.at, TRUST_FILE_MAX, &content, error);
    if (err == NDF_ENOTFOUND) {
        err = NDF_OK;
    } else if (err == NDF_OK) {
        err = json_parse(arena, buf_str(&content), out, error);
        if (err == NDF_OK && out->kind != VALUE_ARRAY)
            err = err_set(error, NDF_ESCHEMA, "the trust list is no list");
        if (err != NDF_OK && err != NDF_ENOMEM)
            err = err_set(error, err,
                "the list of trusted folders, %s, cannot be read: mend it, or "
                "remove it and trust your folders again",
                path.at);
    }
    buf_deinit(&content);
    buf_deinit(&path);
    return err;
}

static int write_list(
    const struct trust *trust, const struct value *list, ndf_error *error)
{
    struct buf path, content;
    buf_init(&path, trust->mem);
    buf_init(&content, trust->mem);
    json_write_pretty(&content, list);
    int err = path_in_home(trust, "trusted.json", &path);
    if (err == NDF_OK) err = buf_error(&content);
    if (err == NDF_OK)
        err = os_write_file(path.at, buf_str(&content), 0600, error);
    buf_deinit(&content);
    buf_deinit(&path);
    return err;
}

/* The lock's descriptor, or -1 with err set. */
static int lock_list(const struct trust *trust, int *fd, ndf_error *error)
{
    *fd = -1;
    if (trust->home.size == 0)
        return err_set(error, NDF_ENOTFOUND,
            "no user data folder is known to keep the trust list in: set "
            "NDF_HOME or HOME");
    struct buf path;
    buf_init(&path, trust->mem);
    buf_add_str(&path, trust->home);
    int err = buf_error(&path);
    if (err == NDF_OK) err = os_make_dirs(path.at, error);
    buf_reset(&path);
    if (err == NDF_OK) err = path_in_home(trust, "trusted.lock", &path);
    if (err == NDF_OK) {
        *fd = open(path.at, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (*fd < 0) {
            char text[128];
            err = err_set(error, err_from_errno(errno), "cannot open %s: %s",
                path.at, err_errno_text(errno, text, sizeof text));
        } else {
            err = os_lock_wait(*fd, 5000);
        }
    }
    buf_deinit(&path);
    return err;
}

static bool listed(const struct value *list, struct str path, size_t *at)
{
    for (size_t i = 0; i < list->array.count; i++) {
        const struct value *item = &list->array.items[i];
        if (item->kind == VALUE_STRING && str_equal(item->string, path)) {
            *at = i;
            return true;
        }
    }
    return false;
}

enum edit { EDIT_ADD, EDIT_REMOVE };

static int edit_list(const struct trust *trust, struct str path, enum edit edit,
    ndf_error *error)
{
    struct arena arena;
    arena_init(&arena, trust->mem);
    struct value list;
    int fd;
    size_t at = 0;
    int err = lock_list(trust, &fd, error);
    if (err == NDF_OK) err = read_list(trust, &arena, &list, error);
    if (err == NDF_OK && listed(&list, path, &at) != (edit == EDIT_ADD)) {
        if (edit == EDIT_ADD)
            err = value_push(&arena, &list, value_of_str(path));
        else list.array.items[at] = list.array.items[--list.array.count];
        if (err == NDF_OK) err = write_list(trust, &list, error);
    }
    if (fd >= 0) close(fd);
    arena_deinit(&arena);
    return err;
}

int trust_grant(const struct trust *trust, struct str path, ndf_error *error)
{
    if (!utf8_valid(path))
        return err_set(error, NDF_EINVAL,
            "%.*s cannot be trusted: its path is no valid UTF-8, rename it",
            STR_ARG(path));
    return edit_list(trust, path, EDIT_ADD, error);
}

int trust_revoke(const struct trust *trust, struct str path, ndf_error *error)
{
    return edit_list(trust, path, EDIT_REMOVE, error);
}

int trust_check(
    const struct trust *trust, struct str path, bool *trusted, ndf_error *error)
{
    struct arena arena;
    arena_init(&arena, trust->mem);
    struct value list;
    size_t at;
    *trusted = false;
    int err = read_list(trust, &arena, &list, error);
    /* Only absolute paths end at the root; a hostile store may hold others. */
    if (path.size == 0 || path.at[0] != '/') path.size = 0;
    while (err == NDF_OK && !*trusted && path.size > 0) {
        *trusted = listed(&list, path, &at);
        if (str_equal(path, STR("/"))) break;
        path = os_dirname(path);
    }
    arena_deinit(&arena);
    return err;
}

int trust_list(const struct trust *trust, struct arena *arena,
    struct value *out, ndf_error *error)
{
    return read_list(trust, arena, out, error);
}
