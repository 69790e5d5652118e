/*
 * document.c - see document.h.
 */
#include "model/document.h"

#include <string.h>

int document_decode(struct arena *arena, const struct value *value,
    struct document *out, ndf_error *error)
{
    memset(out, 0, sizeof *out);
    bool agent = value_get(value, STR("agent")) != NULL;
    bool pattern = value_get(value, STR("pattern")) != NULL;
    if (agent == pattern)
        return err_at(error, NDF_ESCHEMA, value->line, value->column,
            "%s: a document starts with 'agent: NAME' or 'pattern: NAME'",
            agent ? "both an agent and a pattern"
                  : "neither an agent nor a pattern");
    if (agent) {
        out->kind = DOCUMENT_AGENT;
        return agent_decode(arena, value, &out->agent, error);
    }
    out->kind = DOCUMENT_PATTERN;
    return pattern_decode(arena, value, &out->pattern, error);
}

int document_encode(
    struct arena *arena, const struct document *document, struct value *out)
{
    if (document->kind == DOCUMENT_AGENT)
        return agent_encode(arena, &document->agent, out);
    return pattern_encode(arena, &document->pattern, out);
}

struct str document_name(const struct document *document)
{
    return document->kind == DOCUMENT_AGENT ? document->agent.name
                                            : document->pattern.name;
}
