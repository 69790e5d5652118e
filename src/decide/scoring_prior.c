/*
 * scoring_prior.c - what a context says of the candidates of a selector
 * (prior.h, scoring.h).
 */
#include <string.h>

#include "base/err.h"
#include "decide/scoring.h"

enum { GUESS_SHARE = 8 /* of the effort that all laws may take */ };

/* What providers say, by match instead of by candidate. */
static void pick_meaning(struct prior *prior)
{
    const struct index_matches *matches = &prior->matches;
    for (size_t i = 0; i < matches->count; i++)
        prior->meaning[i] = prior->meaning[matches->items[i].candidate];
}

static int infer_domain(const struct selector *selector,
    const struct context *context, struct arena *arena, struct prior *out)
{
    struct matcher_work work;
    if (context->domain.at != NULL) return NDF_OK;
    matcher_work_init(&work, arena);
    work.effort = MATCHER_EFFORT_ALL / GUESS_SHARE;
    return domains_infer(selector->domains, &work, context->text, &out->domain);
}

int scoring_prior(const struct selector *selector,
    const struct context *context, struct arena *arena, struct prior *out)
{
    memset(out, 0, sizeof *out);
    int err = index_match(selector->index, context, arena, &out->matches);
    if (err == NDF_OK) err = index_sort(&out->matches, arena);
    if (err == NDF_OK) err = text_query_make(arena, context->text, &out->text);
    if (err == NDF_OK && out->text.term_count > 0)
        err = text_index_score(selector->text, &out->text, arena, &out->scores);
    if (err == NDF_OK)
        err = evidence_ask(&selector->evidence, context->text, arena,
            selector->count, &out->meaning);
    if (err == NDF_OK && out->meaning != NULL) pick_meaning(out);
    if (err == NDF_OK) err = infer_domain(selector, context, arena, out);
    return err;
}
