/*
 * head.h - what the registry keeps of a document in memory: of a pattern all,
 * of an agent what a list shows. Made once, at registration, so that a start
 * with many agents parses no bodies.
 */
#ifndef NDF_ENGINE_HEAD_H
#define NDF_ENGINE_HEAD_H

#include "base/buf.h"
#include "decide/meaning.h"
#include "model/document.h"

enum { HEAD_DESCRIPTION_MAX = 240 }; /* bytes */

struct head {
    struct str description;  /* cut to HEAD_DESCRIPTION_MAX */
    bool runs;               /* an agent with a program */
    bool relative_program;   /* some program is named relative to the file */
    struct pattern *pattern; /* NULL for an agent */
};

/* A document as a value, and the canonical text of that. */
struct encoded {
    struct value value;
    struct str text;
};

/* Appends the head's bytes: of a pattern, its document but for what the host
 * keeps with it. arena: scratch. */
int head_encode(struct arena *arena, const struct document *document,
    const struct encoded *encoded, struct buf *out);
/* Lives in arena. NDF_ECORRUPT, NDF_ENOMEM. */
int head_decode(struct arena *arena, struct str bytes, enum document_kind kind,
    struct head *out);
/* Appends the features of a document's words. */
int head_features(
    const struct mem *mem, const struct document *document, struct buf *out);
/* Tells meaning a candidate's words. */
int head_meaning(const struct mem *mem, const struct document *document,
    struct meaning *meaning, size_t candidate);

#endif
