/*
 * mentions.h - which candidates name a domain, or ask for an attribute.
 *
 * A candidate mentions a domain when a predicate of its law or taste says so
 * by `eq`, `in` or a glob: what only excludes (`ne`, `not_in`, `absent`)
 * mentions nothing. It mentions an attribute when any predicate looks at it.
 *
 * A look-up takes a time that depends on the domain and on what is found, not
 * on how many others there are. Immutable: any number of threads may look.
 */
#ifndef NDF_DECIDE_MENTIONS_H
#define NDF_DECIDE_MENTIONS_H

#include "base/buf.h"
#include "decide/index.h"

/* Globs of more segments lie in a list of their own and are tried in turn. */
enum { MENTIONS_DEPTH_MAX = 32 };

struct mentions;

/* Needs rules only for the call. NDF_OK, NDF_ENOMEM or NDF_ELIMIT. */
int mentions_new(struct mentions **out, const struct mem *mem,
    const struct index_rule *rules, size_t count);
void mentions_free(struct mentions *mentions);
/* Appends them as a block (base/block.h). Failure sticks in out. */
void mentions_write(const struct mentions *mentions, struct buf *out);
/* Uses a block where it lies: borrows it for the mentions' life. All of it is
 * checked here, but for what keeps an edge in its slot: hostile bytes may hide
 * something, no more. NDF_OK, NDF_ENOMEM; NDF_ECORRUPT, NDF_ENEWER: to be made
 * anew. */
int mentions_open(
    struct mentions **out, const struct mem *mem, struct str block);
/* How many candidates they are made of. */
size_t mentions_count(const struct mentions *mentions);

/* Candidates by their number in rules, rising, each once. */
struct mentioned {
    const uint32_t *items; /* of the mentions or in arena */
    size_t count;
};

/* NDF_OK, NDF_ENOMEM; NDF_ECORRUPT: from a block that was damaged. */
int mentions_domain(const struct mentions *mentions, struct str domain,
    struct arena *arena, struct mentioned *out);
/* name: of the attribute, as predicates spell it. */
void mentions_attribute(
    const struct mentions *mentions, struct str name, struct mentioned *out);

#endif
