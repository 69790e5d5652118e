/*
 * checkpoint.h - the file beside a store that has what was learned of it.
 *
 * A head, and behind it the bytes of a learner, which works in them where they
 * lie. The file can be lost at any time: all that is in it comes from outcomes.
 */
#ifndef NDF_ENGINE_CHECKPOINT_H
#define NDF_ENGINE_CHECKPOINT_H

#include "base/buf.h"
#include "base/err.h"

/* What ties the bytes to the outcomes of one store. */
struct checkpoint_tie {
    uint64_t epoch;  /* of the numbers that the outcomes have */
    uint64_t number; /* of the last outcome that is in it */
    uint64_t anchor; /* hash of the id of that one */
};

/* What a file has, in memory, which may be written to. */
struct checkpoint {
    const struct mem *mem;
    char *at; /* NULL: none */
    size_t room;
    char *bytes; /* of the learner; at a multiple of 8 */
    size_t size;
    struct checkpoint_tie tie;
};

/* NDF_ENOTFOUND; NDF_ECORRUPT, NDF_ENEWER: it cannot be used; NDF_EIO,
 * NDF_ENOMEM. */
int checkpoint_open(struct checkpoint *out, const struct mem *mem,
    const char *path, ndf_error *error);
/* The learner that works in it must be gone. Accepts one that is not open. */
void checkpoint_close(struct checkpoint *checkpoint);

/* Appends room for the head; the learner's bytes are to follow. */
void checkpoint_begin(struct buf *buf);
/* Fills the head and writes the file anew: whole, or not at all; 0600. */
int checkpoint_write(struct buf *buf, const struct checkpoint_tie *tie,
    const char *path, ndf_error *error);

#endif
