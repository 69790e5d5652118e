/*
 * walk.h - the files of a folder that may hold agents and patterns.
 */
#ifndef NDF_ENGINE_WALK_H
#define NDF_ENGINE_WALK_H

#include "base/err.h"
#include "base/vec.h"

enum {
    WALK_DEPTH_MAX = 32,
    WALK_FILES_MAX = 100000,
};

struct walk_file {
    struct str path;     /* root "/" relative */
    struct str relative; /* "" when root is a file */
    int64_t mtime_ns;
    int64_t size;
};

/* Appends (struct walk_file, in arena) every regular `*.md *.yaml *.yml *.json`
 * under root: upper folders first, then by the bytes of the path, so that the
 * same tree always gives the same list. A root that is a file gives itself,
 * whatever its name. `.git`,
 * `.ndf` and `node_modules` are passed over; links to folders are not
 * followed. NDF_ENOTFOUND, NDF_ELIMIT, NDF_EIO, NDF_ENOMEM. */
int walk_files(
    struct arena *arena, struct str root, struct vec *out, ndf_error *error);

#endif
