/*
 * domain.h - guesses about a task that nobody stated: its domain, from the
 * words, and the kind of pattern that tends to suit it.
 *
 * Both are soft: a guessed domain is marked as inferred and never satisfies a
 * law; a kind only moves the evidence a little.
 */
#ifndef NDF_DECIDE_DOMAIN_H
#define NDF_DECIDE_DOMAIN_H

#include "decide/matcher.h"
#include "model/context.h"
#include "model/pattern.h"

/* Words that tell a category; the first rule that matches wins. */
struct domain_rule {
    struct str category;
    struct str regex; /* case is folded */
};

/* web_dev, data, devops, security; static. */
extern const struct domain_rule domain_rules_default[];
extern const size_t domain_rules_default_count;

struct domains;

/* Borrows the rules' strings. NDF_OK, NDF_ENOMEM, NDF_ESCHEMA. */
int domains_new(struct domains **out, const struct mem *mem,
    const struct domain_rule *rules, size_t count, ndf_error *error);
void domains_free(struct domains *domains);
/* The category of a text, "general" when none matches; {NULL, 0} for an empty
 * text. NDF_OK or NDF_ENOMEM. */
int domains_infer(const struct domains *domains, struct matcher_work *work,
    struct str text, struct str *out);

/* The kind that suits a context: attribute `concurrent` true gives parallel;
 * `complexity` over 5 or three or more `domains` give meta; else sequential. */
enum pattern_kind domain_kind_hint(const struct context *context);
/* Whether a pattern's name (without its source) is one of those listed for
 * kind, like "data_processing_pipeline" for sequential. */
bool domain_kind_names(enum pattern_kind kind, struct str name);

#endif
