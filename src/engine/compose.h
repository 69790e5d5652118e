/*
 * compose.h - a task that asks for several things: a plan of several patterns.
 */
#ifndef NDF_ENGINE_COMPOSE_H
#define NDF_ENGINE_COMPOSE_H

#include "engine/planner.h"

/* Reads {kind, parts: [{text, pattern}...]}, in arena. NDF_ESYNTAX,
 * NDF_ESCHEMA, NDF_ELIMIT, NDF_ENOMEM. */
int compose_read(struct arena *arena, const char *json, struct plan_parts *out,
    ndf_error *error);
/* Whether a run is not of a pattern but composed: by the name that it has
 * instead, and as it has no version of a document. */
bool compose_is_composed(struct str pattern, bool has_version);

#endif
