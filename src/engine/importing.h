/*
 * importing.h - reading one source's files and writing what changed, and
 * comparing it with what is there; used by import.c only.
 */
#ifndef NDF_ENGINE_IMPORTING_H
#define NDF_ENGINE_IMPORTING_H

#include "engine/engine.h"
#include "engine/stage.h"

enum { IMPORT_FILE_MAX = 16 * 1024 * 1024 };

enum import_turn { IMPORT_FIRST, IMPORT_AGAIN };

struct import {
    ndf_engine *engine;
    struct stage stage;
    struct str source; /* its name, also its id */
    struct str kind;   /* "file" or "folder" */
    struct str root;
    struct str run_argv; /* JSON, or "" */
    int64_t added_ms;
    bool explicit_file;   /* the root is a file: it must be one of ours */
    struct str old_state; /* of last time, as stored; "" for none */
    struct map known;     /* of last time: path -> {path, mtime, size, ids} */
    struct value state;   /* of now: an array of such objects */
    struct vec removed;   /* struct str: ids of entries that go */
    struct vec kept;      /* struct str: ids of entries that stay */
    struct value warnings, errors;
    size_t files, changed;
    ndf_error first_error; /* of an explicit file */
};

void importing_init(struct import *import, ndf_engine *engine);
void importing_deinit(struct import *import);
/* Reads what differs from last time and writes it; on a second turn nothing is
 * written when nothing differs. The errors of single files are in the report,
 * but that of an explicit file at its first turn is returned. error is not
 * NULL. */
int importing_run(
    struct import *import, enum import_turn turn, ndf_error *error);

/* What of the documents read by this import is nearly the same as another one
 * of the registry: [{name, of, likeness}]. Lives in the import's arena. NDF_OK,
 * NDF_ENOMEM, NDF_ELIMIT. */
int near_copies_list(
    struct import *import, const struct registry *registry, struct value *out);

#endif
