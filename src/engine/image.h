/*
 * image.h - the file beside a store that has what was computed of its
 * registry, so that a start computes nothing.
 *
 * It can be lost at any time: all that is in it comes from the store, and it is
 * used only if it was made of the very revision that the store has. A large one
 * is mapped, not read (docs/decisions/0011-a-mapped-image.md); it is never
 * changed in place: a new one takes its name.
 */
#ifndef NDF_ENGINE_IMAGE_H
#define NDF_ENGINE_IMAGE_H

#include "base/buf.h"
#include "base/err.h"
#include "store/record.h"

/* In the order of the file; a change of them is another version. */
enum image_section {
    IMAGE_RECORDS,
    IMAGE_IDS,
    IMAGE_NAMES,
    IMAGE_CANDIDATES,
    IMAGE_TEXT,
    IMAGE_MENTIONS,
    IMAGE_OVERLAP,
    IMAGE_COPIES,
    IMAGE_LAWS,     /* the index of laws */
    IMAGE_FEATURES, /* not hashed: who reads them checks them */
    IMAGE_SECTIONS,
};

enum { IMAGE_READ_MAX = 4 * 1024 * 1024 }; /* bytes; larger ones are mapped */

struct image {
    void *at; /* NULL: not open */
    size_t size;
    struct str sections[IMAGE_SECTIONS]; /* at multiples of 64 */
    struct buf own;                      /* what was read, not mapped */
};

/* NDF_ENOTFOUND: there is none; NDF_EREFERENCE: it is of another revision;
 * NDF_ECORRUPT, NDF_ENEWER: it cannot be used; NDF_EIO, NDF_ENOMEM. */
int image_open(struct image *out, const struct mem *mem, const char *path,
    const struct store_revision *revision, ndf_error *error);
/* Nothing may use its sections any more. Accepts one that is not open. */
void image_close(struct image *image);

struct image_writer;

/* Begins a file beside path; nobody sees it before image_commit. */
int image_begin(struct image_writer **out, const struct mem *mem,
    const char *path, const struct store_revision *revision, ndf_error *error);
/* Each section once, in their order; those left out are empty. NDF_EFULL,
 * NDF_EIO, NDF_ENOMEM (if content failed). */
int image_add(struct image_writer *writer, enum image_section which,
    const struct buf *content, ndf_error *error);
/* Gives it its name, unless it failed before. Ends the writer. */
int image_commit(struct image_writer *writer, uint64_t *size, ndf_error *error);
/* Removes it. Ends the writer. Accepts NULL. */
void image_abandon(struct image_writer *writer);

#endif
