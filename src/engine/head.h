/*
 * head.h - what the registry keeps of a document in memory: of a pattern all,
 * of an agent what a list shows. Made once, at registration, so that a start
 * with many agents parses no bodies.
 */
#ifndef NDF_ENGINE_HEAD_H
#define NDF_ENGINE_HEAD_H

#include "base/buf.h"
#include "model/document.h"

enum { HEAD_DESCRIPTION_MAX = 240 }; /* bytes */

struct head {
    struct str description;  /* cut to HEAD_DESCRIPTION_MAX */
    bool runs;               /* an agent with a program */
    bool relative_program;   /* some program is named relative to the file */
    struct pattern *pattern; /* NULL for an agent */
};

/* Appends the head's bytes. */
int head_encode(
    const struct mem *mem, const struct document *document, struct buf *out);
/* Lives in arena. NDF_ECORRUPT, NDF_ENOMEM. */
int head_decode(struct arena *arena, struct str bytes, enum document_kind kind,
    struct head *out);
/* Appends the features of a document's words. */
int head_features(
    const struct mem *mem, const struct document *document, struct buf *out);

#endif
