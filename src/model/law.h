/*
 * law.h - what of a pattern decides whether it is taken, in few bytes.
 *
 * A registry keeps this of each of its patterns, in bytes that may lie in a
 * file; the rest of a pattern is read when it is run. Numbers are as this
 * machine has them.
 */
#ifndef NDF_MODEL_LAW_H
#define NDF_MODEL_LAW_H

#include "base/buf.h"
#include "model/pattern.h"

struct law {
    enum pattern_kind kind;
    uint32_t parts;            /* steps, tasks or phases */
    struct condition *only_if; /* any of them; count 0: no law */
    size_t only_if_count;
    struct condition good_for;
    struct confidence_rules confidence;
    struct str fallback; /* a pattern's name; .at NULL: none */
    bool ask_host;
};

/* Borrows from pattern. */
struct law law_of(const struct pattern *pattern);
/* Appends it; where a predicate stood in its file is left out. Failure sticks
 * in out. */
void law_write(struct buf *out, const struct law *law);
/* Of bytes that may be hostile; strings borrow from them, the rest lives in
 * arena. NDF_OK, NDF_ENOMEM, NDF_ECORRUPT. What was written gives an equal
 * law; of others it is seen that every kind, field and operator is one, and
 * that operands have the form that pattern.h says. */
int law_read(struct arena *arena, struct str bytes, struct law *out);
/* The same of one predicate. */
void law_write_predicate(struct buf *out, const struct predicate *predicate);
int law_read_predicate(
    struct arena *arena, struct str bytes, struct predicate *out);

#endif
