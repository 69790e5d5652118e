/*
 * pattern.c - see pattern.h. Steps are in step.c, conditions in predicate.c.
 */
#include "model/pattern.h"

#include <math.h>
#include <string.h>

#include "base/map.h"
#include "model/tables.h"

static const char name_expected[] =
    "a name: letters, digits and _ . -, after 'source/' if needed (a string)";

const char *pattern_kind_name(enum pattern_kind kind)
{
    static const char *const names[] = {"sequential", "parallel", "meta"};
    return names[kind];
}

static bool pattern_name_valid(struct str name)
{
    return name_valid(name, PATTERN_NAME_MAX);
}

/* ---- phases -------------------------------------------------------------- */

static const struct codec_key success_keys[] = {
    {.name = "min_success_rate",
        .type = &codec_real,
        .max = 1,
        .offset = offsetof(struct success_criteria, min_success_rate)},
    {.name = "max_error_count",
        .type = &codec_i64,
        .offset = offsetof(struct success_criteria, max_error_count)},
    {.name = "max_latency",
        .type = &codec_duration,
        .offset = offsetof(struct success_criteria, max_latency_ms)},
};

const struct codec_map success_criteria_map = {.name = "success_criteria",
    .what = "'success_criteria'",
    .keys = success_keys,
    .count = sizeof success_keys / sizeof success_keys[0]};

static const struct codec_key allocation_keys[] = {
    {.name = "max_concurrent",
        .type = &codec_u32,
        .min = 1,
        .max = 10000,
        .offset = offsetof(struct allocation, max_concurrent)},
    {.name = "cpu",
        .type = &codec_real,
        .max = 4096,
        .offset = offsetof(struct allocation, cpu)},
    {.name = "memory",
        .type = &codec_bytes,
        .offset = offsetof(struct allocation, memory)},
};

const struct codec_map allocation_map = {.name = "resource_allocation",
    .what = "'resource_allocation'",
    .keys = allocation_keys,
    .count = sizeof allocation_keys / sizeof allocation_keys[0]};

bool phase_trigger_valid(struct str word)
{
    static const char *const words[] = {
        "error", "timeout", "violation", "critical"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (str_equal(str_of(words[i]), word)) return true;
    }
    return false;
}

const char *const coordination_words[] = {"sequential", "parallel", NULL};

/* Kept as text in the struct, so read as a text that is one of two words. */
static bool coordination_valid(struct str word)
{
    for (size_t i = 0; coordination_words[i] != NULL; i++) {
        if (str_equal(str_of(coordination_words[i]), word)) return true;
    }
    return false;
}

static const struct codec_key phase_keys[] = {
    {.name = "patterns",
        .type = &codec_texts,
        .min = 1,
        .offset = offsetof(struct phase, patterns),
        .valid = reference_valid,
        .expected = "a list of names of patterns (strings)"},
    {.name = "select",
        .type = &codec_bool,
        .offset = offsetof(struct phase, select)},
    {.name = "coordination",
        .type = &codec_text,
        .offset = offsetof(struct phase, coordination),
        .valid = coordination_valid,
        .expected = "sequential or parallel"},
    {.name = "success_criteria",
        .type = &codec_struct,
        .offset = offsetof(struct phase, success),
        .detail = &success_criteria_map},
    {.name = "rollback_triggers",
        .type = &codec_texts,
        .offset = offsetof(struct phase, triggers),
        .valid = phase_trigger_valid,
        .expected = "a list of error, timeout, violation or critical"},
    {.name = "resource_allocation",
        .type = &codec_struct,
        .offset = offsetof(struct phase, allocation),
        .detail = &allocation_map},
};

const struct codec_map phase_map = {.name = "phase",
    .what = "a phase",
    .keys = phase_keys,
    .count = sizeof phase_keys / sizeof phase_keys[0]};

static const struct phase phase_default = {.coordination = {"sequential", 10},
    .success = {.min_success_rate = (double)NAN, .max_error_count = -1}};

static int read_phase(
    struct codec *c, const struct value *item, struct phase *out)
{
    const struct value *inner;
    *out = phase_default;
    out->line = item->line;
    out->column = item->column;
    int err = codec_read_named(
        c, item, "- design: {patterns: [a, b]}", &out->name, &inner);
    if (err != NDF_OK) return err;
    if (!step_name_valid(out->name))
        return err_at(c->error, NDF_ESCHEMA, item->line, item->column,
            "'%.*s' cannot name a phase: letters, digits, _ and - can",
            STR_ARG(codec_clip(out->name)));
    if (inner != NULL) err = codec_read_map(c, &phase_map, inner, out);
    if (err == NDF_OK && out->select == (out->patterns.count > 0))
        return err_at(c->error, NDF_ESCHEMA, item->line, item->column,
            "phase '%.*s' has %s: give it one of 'patterns' and "
            "'select: true'",
            STR_ARG(out->name), out->select ? "both" : "neither");
    return err;
}

static int check_phase_names(
    struct codec *c, struct phase *phases, size_t count)
{
    struct map names;
    int err = NDF_OK;
    map_init(&names, c->arena->mem);
    for (size_t i = 0; i < count && err == NDF_OK; i++) {
        struct phase *phase = &phases[i];
        err = map_add(&names, phase->name, phase);
        if (err == NDF_EEXISTS)
            err = err_at(c->error, NDF_ESCHEMA, phase->line, phase->column,
                "two phases are named '%.*s': give each its own name",
                STR_ARG(phase->name));
    }
    map_deinit(&names);
    return err == NDF_ENOMEM ? codec_no_memory(c) : err;
}

static int phases_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct pattern *pattern = field;
    if (value->kind != VALUE_ARRAY || value->array.count == 0)
        return codec_refuse(c, key, value);
    size_t count = value->array.count;
    if (count > PATTERN_STEPS_MAX)
        return err_at(c->error, NDF_ELIMIT, value->line, value->column,
            "%zu phases are too many, at most %d", count, PATTERN_STEPS_MAX);
    struct phase *phases = arena_calloc(c->arena, count, sizeof *phases);
    if (phases == NULL) return codec_no_memory(c);
    for (size_t i = 0; i < count; i++) {
        int err = read_phase(c, &value->array.items[i], &phases[i]);
        if (err != NDF_OK) return err;
    }
    pattern->kind = PATTERN_META;
    pattern->phases = phases;
    pattern->phase_count = count;
    return check_phase_names(c, phases, count);
}

static int phases_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct pattern *pattern = field;
    (void)key;
    (void)base;
    if (pattern->kind != PATTERN_META) return NDF_OK;
    *out = value_of_array();
    for (size_t i = 0; i < pattern->phase_count; i++) {
        const struct phase *phase = &pattern->phases[i];
        struct value inner = value_null;
        struct value item = value_of_object();
        int err =
            codec_write_map(arena, &phase_map, phase, &phase_default, &inner);
        if (err == NDF_OK) err = value_set(arena, &item, phase->name, inner);
        if (err == NDF_OK) err = value_push(arena, out, item);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

const struct codec_type phases_type = {
    "a list of at least one phase", phases_read, phases_write};

/* ---- budget and confidence ----------------------------------------------- */

static int minutes_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    double minutes = 0;
    int err = codec_real.read(c, key, value, &minutes);
    if (err == NDF_OK) *(uint64_t *)field = (uint64_t)llround(minutes * 60000);
    return err;
}

static int minutes_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    uint64_t ms = *(const uint64_t *)field;
    (void)arena;
    (void)key;
    (void)base;
    *out = value_of_real((double)ms / 60000);
    return NDF_OK;
}

static const struct codec_type minutes_type = {
    "a number of minutes", minutes_read, minutes_write};

static const struct codec_key budget_keys[] = {
    {.name = "cost",
        .type = &codec_real,
        .offset = offsetof(struct budget, cost)},
    {.name = "tokens",
        .type = &codec_u64,
        .offset = offsetof(struct budget, tokens)},
    {.name = "steps",
        .type = &codec_u64,
        .offset = offsetof(struct budget, steps)},
    {.name = "minutes",
        .type = &minutes_type,
        .max = 525600,
        .offset = offsetof(struct budget, time_ms)},
};

const struct codec_map budget_map = {.name = "budget",
    .what = "'budget'",
    .keys = budget_keys,
    .count = sizeof budget_keys / sizeof budget_keys[0]};

static int min_executions_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct confidence_rules *rules = field;
    int err = codec_u32.read(c, key, value, &rules->min_executions);
    if (err == NDF_OK) rules->min_executions_set = true;
    return err;
}

static int min_executions_write(struct arena *arena,
    const struct codec_key *key, const void *field, const void *base,
    struct value *out)
{
    const struct confidence_rules *rules = field;
    (void)arena;
    (void)key;
    (void)base;
    if (rules->min_executions_set) *out = value_of_int(rules->min_executions);
    return NDF_OK;
}

static const struct codec_type min_executions_type = {
    "an integer", min_executions_read, min_executions_write};

static const struct codec_key confidence_keys[] = {
    {.name = "threshold",
        .type = &codec_real,
        .max = 1,
        .offset = offsetof(struct confidence_rules, threshold)},
    {.name = "cold_threshold",
        .type = &codec_real,
        .max = 1,
        .offset = offsetof(struct confidence_rules, cold_threshold)},
    {.name = "min_executions", .type = &min_executions_type},
    {.name = "half_life",
        .type = &codec_duration,
        .offset = offsetof(struct confidence_rules, half_life_ms)},
    {.name = "learning",
        .type = &codec_bool,
        .offset = offsetof(struct confidence_rules, learning)},
};

const struct codec_map confidence_map = {.name = "confidence",
    .what = "'confidence'",
    .keys = confidence_keys,
    .count = sizeof confidence_keys / sizeof confidence_keys[0]};

/* ---- the pattern --------------------------------------------------------- */

const char *const policy_words[] = {"restore", "enforce", "record", NULL};
const char *const strategy_words[] = {"pattern", "phase", "complete", NULL};

static const struct codec_key pattern_keys[] = {
    {.name = "pattern",
        .type = &codec_text,
        .presence = CODEC_REQUIRED,
        .offset = offsetof(struct pattern, name),
        .max = PATTERN_NAME_MAX,
        .valid = pattern_name_valid,
        .expected = "a name: letters, digits and _ . - (a string)"},
    {.name = "description",
        .type = &codec_text,
        .offset = offsetof(struct pattern, description),
        .max = AGENT_DESCRIPTION_MAX},
    {.name = "version",
        .type = &codec_text,
        .offset = offsetof(struct pattern, version)},
    {.name = "only_if", .type = &only_if_type},
    {.name = "good_for",
        .type = &good_for_type,
        .offset = offsetof(struct pattern, good_for)},
    {.name = "ask_host",
        .type = &codec_bool,
        .offset = offsetof(struct pattern, ask_host)},
    {.name = "examples",
        .type = &codec_texts,
        .offset = offsetof(struct pattern, examples)},
    {.name = "not_for",
        .type = &codec_texts,
        .offset = offsetof(struct pattern, not_for)},
    {.name = "steps", .type = &steps_type, .detail = &step_map},
    {.name = "tasks", .type = &tasks_type, .detail = &task_map},
    {.name = "phases", .type = &phases_type, .detail = &phase_map},
    {.name = "timeout",
        .type = &codec_duration,
        .offset = offsetof(struct pattern, timeout_ms)},
    {.name = "retry",
        .type = &retry_type,
        .offset = offsetof(struct pattern, retry)},
    {.name = "budget",
        .type = &codec_struct,
        .detail = &budget_map,
        .offset = offsetof(struct pattern, budget)},
    {.name = "rollback",
        .type = &codec_bool,
        .offset = offsetof(struct pattern, rollback)},
    {.name = "confidence",
        .type = &codec_struct,
        .detail = &confidence_map,
        .offset = offsetof(struct pattern, confidence)},
    {.name = "fallback",
        .type = &codec_text,
        .valid = reference_valid,
        .offset = offsetof(struct pattern, fallback),
        .expected = name_expected},
    {.name = "approval",
        .type = &codec_bool,
        .offset = offsetof(struct pattern, approval)},
    {.name = "context",
        .type = &codec_word,
        .detail = policy_words,
        .offset = offsetof(struct pattern, policy),
        .expected = "restore, enforce or record"},
    {.name = "max_concurrent",
        .type = &codec_u32,
        .offset = offsetof(struct pattern, max_concurrent)},
    {.name = "resource_threshold",
        .type = &codec_real,
        .max = 1,
        .offset = offsetof(struct pattern, resource_threshold)},
    {.name = "failure_tolerance",
        .type = &codec_real,
        .max = 1,
        .offset = offsetof(struct pattern, failure_tolerance)},
    {.name = "rollback_strategy",
        .type = &codec_word,
        .detail = strategy_words,
        .offset = offsetof(struct pattern, rollback_strategy),
        .expected = "pattern, phase or complete"},
    {.name = "complexity_threshold",
        .type = &codec_real,
        .offset = offsetof(struct pattern, complexity_threshold)},
    {.name = "strategy",
        .type = &codec_text,
        .offset = offsetof(struct pattern, strategy)},
    {.name = "host",
        .type = &codec_object,
        .offset = offsetof(struct pattern, host)},
};

const struct codec_map pattern_map = {.name = "pattern",
    .what = "a pattern",
    .keys = pattern_keys,
    .count = sizeof pattern_keys / sizeof pattern_keys[0]};

static const struct pattern pattern_default = {
    .retry = {.attempts = 1, .backoff_ms = 1000, .factor = 2, .jitter = 0.1},
    .budget = {.cost = (double)NAN},
    .rollback = true,
    .confidence = {.threshold = (double)NAN,
        .cold_threshold = (double)NAN,
        .learning = true},
    .resource_threshold = 0.8,
    .rollback_strategy = ROLLBACK_COMPLETE,
    .complexity_threshold = (double)NAN};

/* Keys that only one kind has, and the key that makes that kind. */
static const struct {
    struct str key, kind;
} kind_keys[] = {
    {{"max_concurrent", 14}, {"tasks", 5}},
    {{"resource_threshold", 18}, {"tasks", 5}},
    {{"failure_tolerance", 17}, {"tasks", 5}},
    {{"rollback_strategy", 17}, {"phases", 6}},
    {{"complexity_threshold", 20}, {"phases", 6}},
    {{"strategy", 8}, {"phases", 6}},
};

static int check_kind(struct codec *c, const struct value *value)
{
    int kinds = (value_get(value, STR("steps")) != NULL) +
                (value_get(value, STR("tasks")) != NULL) +
                (value_get(value, STR("phases")) != NULL);
    if (kinds != 1)
        return err_at(c->error, NDF_ESCHEMA, value->line, value->column,
            "a pattern has %s 'steps', 'tasks' or 'phases'",
            kinds == 0 ? "one of" : "only one of");
    for (size_t i = 0; i < value->object.count; i++) {
        const struct member *member = &value->object.members[i];
        for (size_t k = 0; k < sizeof kind_keys / sizeof kind_keys[0]; k++) {
            if (!str_equal(kind_keys[k].key, member->key)) continue;
            if (value_get(value, kind_keys[k].kind) != NULL) continue;
            return err_at(c->error, NDF_ESCHEMA, member->line, member->column,
                "'%.*s' belongs to patterns with '%.*s'", STR_ARG(member->key),
                STR_ARG(kind_keys[k].kind));
        }
    }
    return NDF_OK;
}

static int check_predicates(
    struct codec *c, const struct pattern *pattern, const struct value *value)
{
    size_t count = pattern->good_for.count;
    for (size_t i = 0; i < pattern->only_if_count; i++)
        count += pattern->only_if[i].count;
    if (count <= PATTERN_PREDICATES_MAX) return NDF_OK;
    return err_at(c->error, NDF_ELIMIT, value->line, value->column,
        "%zu conditions in one pattern are too many, at most %d", count,
        PATTERN_PREDICATES_MAX);
}

int pattern_decode(struct arena *arena, const struct value *value,
    struct pattern *out, ndf_error *error)
{
    struct codec c = {arena, error};
    struct pattern pattern = pattern_default;
    memset(out, 0, sizeof *out);
    int err = codec_read_map(&c, &pattern_map, value, &pattern);
    if (err == NDF_OK) err = check_kind(&c, value);
    if (err == NDF_OK) err = check_predicates(&c, &pattern, value);
    if (err == NDF_OK) *out = pattern;
    return err;
}

int pattern_encode(
    struct arena *arena, const struct pattern *pattern, struct value *out)
{
    return codec_write_map(arena, &pattern_map, pattern, &pattern_default, out);
}
