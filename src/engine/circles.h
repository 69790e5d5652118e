/*
 * circles.h - patterns that name patterns (phases, fallback) must not do so in
 * a circle.
 */
#ifndef NDF_ENGINE_CIRCLES_H
#define NDF_ENGINE_CIRCLES_H

#include "engine/registry.h"

/* Where names lead to; all borrowed. */
struct circles_source {
    const struct registry *registry;
    struct store_reader *reader;
    bool (*is_function)(const void *ud, struct str name); /* leads nowhere */
    const void *ud;
};

/* Whether it names patterns at all. */
bool circles_possible(const struct pattern *pattern);

/* NDF_ECYCLE, NDF_EREFERENCE (names the reference), NDF_ELIMIT (nested more
 * than PLAN_DEPTH_MAX deep), NDF_ENOMEM, store errors. */
int circles_check(const struct circles_source *source, struct arena *arena,
    const struct entry *origin, ndf_error *error);

#endif
