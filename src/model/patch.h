/*
 * patch.h - what a step changed in the context, and what of it was allowed.
 *
 * A patch is RFC 7396 over the encoded context. Each change is compared with
 * the step's `writes` (an attribute's name, `attributes.name`, `domain`,
 * `agent_type`, `priority`); what is not declared is a violation. `text` is
 * never writable: a change of it is dropped under every policy.
 */
#ifndef NDF_MODEL_PATCH_H
#define NDF_MODEL_PATCH_H

#include "model/context.h"
#include "model/pattern.h"

enum severity {
    SEVERITY_NONE,
    SEVERITY_MINOR,    /* priority: deducts 0.05 */
    SEVERITY_MODERATE, /* attributes: 0.10 */
    SEVERITY_CRITICAL, /* domain, agent_type, text: 0.30 */
};

struct violation {
    enum severity severity;
    struct str field;           /* "domain", "attributes.stage" */
    const struct value *before; /* NULL: was absent */
    const struct value *after;  /* NULL: deleted */
};

struct patch_result {
    struct context context; /* after the policy */
    struct violation *violations;
    size_t violation_count;
    enum severity worst;
};

/* RFC 7396: *out shares memory with both. */
int patch_merge(struct arena *arena, const struct value *target,
    const struct value *patch, struct value *out);
/* Applies patch (an object) to before under the policy: RESTORE drops the
 * undeclared changes, RECORD keeps them, ENFORCE drops them (the caller fails
 * the step when violation_count > 0). NDF_ESCHEMA when the patch is no object
 * or the patched context is no valid context; NDF_ENOMEM. */
int patch_apply(struct arena *arena, const struct context *before,
    const struct value *patch, const struct str_list *writes,
    enum context_policy policy, struct patch_result *out, ndf_error *error);
const char *severity_name(enum severity severity);
/* 0, 0.05, 0.10 or 0.30: the seed's deduction for the worst of a step. */
double severity_deduction(enum severity severity);

#endif
