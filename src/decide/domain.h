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

/* Names of patterns that are known to be of one kind. */
struct kind_names {
    const struct str *items;
    size_t count;
};

/* What the guesses go by. */
struct domain_rules {
    const struct domain_rule *categories;
    size_t category_count;
    struct kind_names kinds[PATTERN_META + 1]; /* by enum pattern_kind */
};

/* web_dev, data, devops, security, and three names a kind; static. */
extern const struct domain_rules domain_rules_default;

/* The rules, compiled: immutable, and shared by counting, since compiling them
 * takes longer than all else about a small registry. */
struct domains;

/* Copies the rules; one reference is the caller's. NDF_OK, NDF_ENOMEM,
 * NDF_ESCHEMA. */
int domains_new(struct domains **out, const struct mem *mem,
    const struct domain_rules *rules, ndf_error *error);
struct domains *domains_ref(struct domains *domains);
/* Frees with the last reference. Accepts NULL. */
void domains_unref(struct domains *domains);
/* What it was made of; borrowed. */
const struct domain_rules *domains_rules(const struct domains *domains);
/* The category of a text, "general" when none matches; {NULL, 0} for an empty
 * text. NDF_OK or NDF_ENOMEM. */
int domains_infer(const struct domains *domains, struct matcher_work *work,
    struct str text, struct str *out);

/* The kind that suits a context: attribute `concurrent` true gives parallel;
 * `complexity` over 5 or three or more `domains` give meta; else sequential. */
enum pattern_kind domain_kind_hint(const struct context *context);
/* The kinds whose names list a pattern's name (taken without its source), like
 * "data_processing_pipeline" for sequential: a bit for each enum pattern_kind.
 */
unsigned domains_kinds(const struct domains *domains, struct str name);

#endif
