/*
 * document.h - one document of a file: an agent or a pattern.
 */
#ifndef NDF_MODEL_DOCUMENT_H
#define NDF_MODEL_DOCUMENT_H

#include "model/agent.h"
#include "model/pattern.h"

enum document_kind { DOCUMENT_AGENT, DOCUMENT_PATTERN };

struct document {
    enum document_kind kind;
    union {
        struct agent agent;
        struct pattern pattern;
    };
};

/* `agent: name` or `pattern: name` decides. NDF_ESCHEMA and as the two
 * decoders. */
int document_decode(struct arena *arena, const struct value *value,
    struct document *out, ndf_error *error);
int document_encode(
    struct arena *arena, const struct document *document, struct value *out);
/* Its name; borrowed. */
struct str document_name(const struct document *document);

#endif
