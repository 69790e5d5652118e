/*
 * tables.h - the tables of the model: what keys each map of a file has. The
 * JSON Schema is held against them by a test.
 */
#ifndef NDF_MODEL_TABLES_H
#define NDF_MODEL_TABLES_H

#include "model/codec.h"

struct agent;
struct step;

extern const struct codec_map agent_map, limits_map, tool_map, pattern_map;
/* Steps and tasks as in files (the name stands before the map); plan_step_map
 * has the name inside and all keys of both. */
extern const struct codec_map step_map, task_map, plan_step_map;
extern const struct codec_map retry_map, expect_map, undo_map, resources_map;
extern const struct codec_map phase_map, success_criteria_map, allocation_map;
/* Of a phase; coordination and strategies as in files, a NULL behind them. */
extern const char *const coordination_words[], *const strategy_words[];
extern const struct codec_map budget_map, confidence_map;

extern const struct agent agent_default;
extern const struct step step_default;
/* Of `context`: what becomes of undeclared changes. */
extern const char *const policy_words[];

/* struct tool_list */
extern const struct codec_type tools_type;
/* struct pattern as a whole: which list stands there decides its kind. */
extern const struct codec_type steps_type, tasks_type, phases_type;
/* struct pattern as a whole. */
extern const struct codec_type only_if_type;
/* struct condition */
extern const struct codec_type good_for_type;
/* struct retry of a pattern */
extern const struct codec_type retry_type;

/* [A-Za-z0-9_.-]+, not starting with '-', at most max bytes. */
bool name_valid(struct str name, size_t max);
/* Names with '/' between: the source before the name. */
bool reference_valid(struct str name);
bool step_name_valid(struct str name);

#endif
