/*
 * step.c - steps of a sequence and tasks of a parallel pattern.
 *
 * One table serves all three shapes: in files the name stands before the map,
 * and only tasks have `needs` and `resources`; in plans everything is inside.
 */
#include <math.h>
#include <string.h>

#include "base/map.h"
#include "model/tables.h"

enum { EXIT_MAX = 255, RETRY_ATTEMPTS_MAX = 100, RETRY_FACTOR_MAX = 100 };

static const char name_expected[] =
    "a name: letters, digits and _ . -, after 'source/' if needed (a string)";

bool step_name_valid(struct str name)
{
    return agent_name_valid(name) && str_find_char(name, '.') == name.size;
}

/* ---- retry --------------------------------------------------------------- */

const struct retry retry_never = {
    .attempts = 1, .backoff_ms = 1000, .factor = 2, .jitter = 0.1};

/* What `retry: {}` means: saying it at all asks for more than one call. */
static const struct retry retry_usual = {
    .attempts = 3, .backoff_ms = 1000, .factor = 2, .jitter = 0.1};

static bool retry_cause_valid(struct str cause)
{
    static const struct str causes[] = {
        {"failure", 7}, {"timeout", 7}, {"expect", 6}, {"start", 5}};
    for (size_t i = 0; i < sizeof causes / sizeof causes[0]; i++) {
        if (str_equal(causes[i], cause)) return true;
    }
    return false;
}

static const struct codec_key retry_keys[] = {
    {.name = "attempts",
        .type = &codec_u32,
        .min = 1,
        .max = RETRY_ATTEMPTS_MAX,
        .offset = offsetof(struct retry, attempts)},
    {.name = "backoff",
        .type = &codec_duration,
        .offset = offsetof(struct retry, backoff_ms)},
    {.name = "factor",
        .type = &codec_real,
        .min = 1,
        .max = RETRY_FACTOR_MAX,
        .offset = offsetof(struct retry, factor)},
    {.name = "jitter",
        .type = &codec_real,
        .min = 0,
        .max = 1,
        .offset = offsetof(struct retry, jitter)},
    {.name = "on",
        .type = &codec_texts,
        .offset = offsetof(struct retry, on),
        .min = 1,
        .valid = retry_cause_valid,
        .expected = "a list of failure, timeout, expect, start"},
};

const struct codec_map retry_map = {.name = "retry",
    .what = "'retry'",
    .keys = retry_keys,
    .count = sizeof retry_keys / sizeof retry_keys[0]};

static int retry_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    (void)key;
    *(struct retry *)field = retry_usual;
    return codec_read_map(c, &retry_map, value, field);
}

static int write_retry(
    struct arena *arena, const struct retry *retry, struct value *out)
{
    return codec_write_map(arena, &retry_map, retry, &retry_usual, out);
}

static bool retry_is_never(const struct retry *retry)
{
    return retry->attempts == retry_never.attempts &&
           retry->backoff_ms == retry_never.backoff_ms &&
           fabs(retry->factor - retry_never.factor) <= 0 &&
           fabs(retry->jitter - retry_never.jitter) <= 0 &&
           retry->on.count == 0;
}

static int retry_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    (void)key;
    (void)base;
    if (retry_is_never(field)) return NDF_OK;
    return write_retry(arena, field, out);
}

const struct codec_type retry_type = {"a map", retry_read, retry_write};

static int step_retry_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct step *step = field;
    step->retry_set = true;
    return retry_read(c, key, value, &step->retry);
}

static int step_retry_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct step *step = field;
    (void)key;
    (void)base;
    if (!step->retry_set) return NDF_OK;
    return write_retry(arena, &step->retry, out);
}

static const struct codec_type step_retry_type = {
    "a map", step_retry_read, step_retry_write};

/* ---- expect and undo ----------------------------------------------------- */

static int exit_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct expect *expect = field;
    int64_t status = 0;
    int err = codec_i64.read(c, key, value, &status);
    if (err != NDF_OK) return err;
    expect->exit_set = true;
    expect->exit = (int)status;
    return NDF_OK;
}

static int exit_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct expect *expect = field;
    (void)arena;
    (void)key;
    (void)base;
    if (expect->exit_set) *out = value_of_int(expect->exit);
    return NDF_OK;
}

static const struct codec_type exit_type = {
    "an integer", exit_read, exit_write};

static const struct codec_key expect_keys[] = {
    {.name = "exit", .type = &exit_type, .min = 0, .max = EXIT_MAX},
    {.name = "regex",
        .type = &codec_regex,
        .min = 1,
        .offset = offsetof(struct expect, regex)},
    {.name = "json_schema",
        .type = &codec_object,
        .offset = offsetof(struct expect, json_schema)},
    {.name = "files",
        .type = &codec_texts,
        .min = 1,
        .offset = offsetof(struct expect, files)},
    {.name = "nonempty",
        .type = &codec_bool,
        .offset = offsetof(struct expect, nonempty)},
};

const struct codec_map expect_map = {.name = "expect",
    .what = "'expect'",
    .keys = expect_keys,
    .count = sizeof expect_keys / sizeof expect_keys[0]};

static int expect_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct expect *expect = field;
    (void)key;
    expect->set = true;
    return codec_read_map(c, &expect_map, value, expect);
}

static int expect_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    static const struct expect usual = {.nonempty = true};
    const struct expect *expect = field;
    (void)key;
    (void)base;
    if (!expect->set) return NDF_OK;
    return codec_write_map(arena, &expect_map, expect, &usual, out);
}

static const struct codec_type expect_type = {
    "a map", expect_read, expect_write};

static const struct codec_key undo_keys[] = {
    {.name = "agent",
        .type = &codec_text,
        .offset = offsetof(struct undo, agent),
        .valid = reference_valid,
        .expected = name_expected},
    {.name = "run",
        .type = &codec_texts,
        .min = 1,
        .max = AGENT_ARGV_MAX,
        .offset = offsetof(struct undo, run),
        .expected = "a list of strings like [git, checkout, .]"},
    {.name = "with",
        .type = &codec_object,
        .offset = offsetof(struct undo, with)},
    {.name = "timeout",
        .type = &codec_duration,
        .offset = offsetof(struct undo, timeout_ms)},
};

const struct codec_map undo_map = {.name = "undo",
    .what = "'undo'",
    .keys = undo_keys,
    .count = sizeof undo_keys / sizeof undo_keys[0]};

static int undo_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct undo *undo = field;
    (void)key;
    undo->set = true;
    int err = codec_read_map(c, &undo_map, value, undo);
    if (err != NDF_OK) return err;
    if ((undo->agent.at != NULL) == (undo->run.count > 0))
        return err_at(c->error, NDF_ESCHEMA, value->line, value->column,
            "'undo' has one of 'agent' and 'run'");
    return NDF_OK;
}

static int undo_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    static const struct undo usual = {.set = false};
    const struct undo *undo = field;
    (void)key;
    (void)base;
    if (!undo->set) return NDF_OK;
    return codec_write_map(arena, &undo_map, undo, &usual, out);
}

static const struct codec_type undo_type = {"a map", undo_read, undo_write};

static int undo_when_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    bool also_failed = false;
    int err = codec_bool.read(c, key, value, &also_failed);
    if (err == NDF_OK)
        *(enum undo_when *)field =
            also_failed ? UNDO_ALSO_FAILED : UNDO_COMPLETED;
    return err;
}

static int undo_when_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    (void)arena;
    (void)key;
    (void)base;
    if (*(const enum undo_when *)field == UNDO_ALSO_FAILED)
        *out = value_of_bool(true);
    return NDF_OK;
}

static const struct codec_type undo_when_type = {
    "true or false", undo_when_read, undo_when_write};

/* ---- the step ------------------------------------------------------------ */

static bool writes_valid(struct str name)
{
    return name.size > 0 && !str_equal(name, STR("text"));
}

static const struct codec_key resources_keys[] = {
    {.name = "cpu",
        .type = &codec_real,
        .min = 0,
        .max = 4096,
        .offset = offsetof(struct step, cpu)},
    {.name = "memory",
        .type = &codec_bytes,
        .offset = offsetof(struct step, memory)},
};

const struct codec_map resources_map = {.name = "resources",
    .what = "'resources'",
    .keys = resources_keys,
    .count = sizeof resources_keys / sizeof resources_keys[0]};

static const struct codec_key step_keys[] = {
    {.name = "name",
        .type = &codec_text,
        .presence = CODEC_REQUIRED,
        .offset = offsetof(struct step, name),
        .valid = step_name_valid,
        .expected = "a name: letters, digits, _ and - (a string)"},
    {.name = "agent",
        .type = &codec_text,
        .offset = offsetof(struct step, agent),
        .valid = reference_valid,
        .expected = name_expected},
    {.name = "with",
        .type = &codec_object,
        .offset = offsetof(struct step, with)},
    {.name = "writes",
        .type = &codec_texts,
        .offset = offsetof(struct step, writes),
        .valid = writes_valid,
        .expected = "a list of strings, names of attributes (never 'text')"},
    {.name = "timeout",
        .type = &codec_duration,
        .offset = offsetof(struct step, timeout_ms)},
    {.name = "retry", .type = &step_retry_type},
    {.name = "undo", .type = &undo_type, .offset = offsetof(struct step, undo)},
    {.name = "undo_on_failure",
        .type = &undo_when_type,
        .offset = offsetof(struct step, undo_when)},
    {.name = "idempotent",
        .type = &codec_bool,
        .offset = offsetof(struct step, idempotent)},
    {.name = "expect",
        .type = &expect_type,
        .offset = offsetof(struct step, expect)},
    {.name = "verify",
        .type = &codec_text,
        .offset = offsetof(struct step, verify),
        .valid = reference_valid,
        .expected = name_expected},
    {.name = "if",
        .type = &codec_text,
        .min = 1,
        .offset = offsetof(struct step, condition)},
    {.name = "approval",
        .type = &codec_bool,
        .offset = offsetof(struct step, approval)},
    {.name = "heartbeat",
        .type = &codec_duration,
        .offset = offsetof(struct step, heartbeat_ms)},
    {.name = "needs",
        .type = &codec_texts,
        .offset = offsetof(struct step, needs),
        .valid = step_name_valid,
        .expected = "a list of strings, names of other tasks"},
    {.name = "resources", .type = &codec_struct, .detail = &resources_map},
};

enum { STEP_KEYS = sizeof step_keys / sizeof step_keys[0] };

const struct codec_map plan_step_map = {.name = "plan_step",
    .what = "a step of a plan",
    .keys = step_keys,
    .count = STEP_KEYS};
const struct codec_map task_map = {.name = "task",
    .what = "a task",
    .keys = step_keys + 1,
    .count = STEP_KEYS - 1};
const struct codec_map step_map = {.name = "step",
    .what = "a step",
    .keys = step_keys + 1,
    .count = STEP_KEYS - 3};

const struct step step_default = {.with = {.kind = VALUE_OBJECT},
    .retry = {.attempts = 1, .backoff_ms = 1000, .factor = 2, .jitter = 0.1},
    .expect = {.nonempty = true}};

int step_encode(struct arena *arena, const struct step *step, struct value *out)
{
    return codec_write_map(arena, &plan_step_map, step, &step_default, out);
}

int step_decode(struct arena *arena, const struct value *value,
    struct step *out, ndf_error *error)
{
    struct codec c = {arena, error};
    struct step step = step_default;
    memset(out, 0, sizeof *out);
    int err = codec_read_map(&c, &plan_step_map, value, &step);
    if (err != NDF_OK) return err;
    if (step.agent.at == NULL) step.agent = step.name;
    step.line = value->line;
    step.column = value->column;
    *out = step;
    return NDF_OK;
}

/* ---- lists of steps ------------------------------------------------------ */

static int read_item(struct codec *c, const struct codec_map *map,
    const struct value *item, struct step *out)
{
    const struct value *inner;
    *out = step_default;
    out->line = item->line;
    out->column = item->column;
    int err = codec_read_named(
        c, item, "- scan: {agent: scanner}", &out->name, &inner);
    if (err != NDF_OK) return err;
    if (!step_name_valid(out->name))
        return err_at(c->error, NDF_ESCHEMA, item->line, item->column,
            "'%.*s' cannot name a step: letters, digits, _ and - can",
            STR_ARG(codec_clip(out->name)));
    if (inner != NULL) err = codec_read_map(c, map, inner, out);
    if (out->agent.at == NULL) out->agent = out->name;
    return err;
}

static int duplicate(
    struct codec *c, const struct step *step, const struct step *first)
{
    return err_at(c->error, NDF_ESCHEMA, step->line, step->column,
        "two steps are named '%.*s' (the other one in line %u): give each its "
        "own name",
        STR_ARG(step->name), (unsigned)first->line);
}

static struct step *find_needed(struct codec *c, const struct map *names,
    const struct step *step, struct str need)
{
    struct step *found = map_get(names, need);
    if (found != NULL && found != step) return found;
    (void)err_at(c->error, NDF_ESCHEMA, step->line, step->column,
        found == NULL ? "task '%.*s' needs '%.*s', which is no task here"
                      : "task '%.*s' needs '%.*s', itself",
        STR_ARG(step->name), STR_ARG(need));
    return NULL;
}

/* Takes away what needs nothing more, again and again (Kahn): what is left is
 * a circle or behind one. waits[i] counts what task i still waits for. */
static int check_circles(
    struct codec *c, const struct map *names, struct step *steps, size_t count)
{
    size_t edges = 0;
    for (size_t i = 0; i < count; i++)
        edges += steps[i].needs.count;
    if (edges == 0) return NDF_OK;
    size_t *waits = arena_calloc(c->arena, count, sizeof *waits);
    size_t *start = arena_calloc(c->arena, count + 1, sizeof *start);
    size_t *fill = arena_calloc(c->arena, count, sizeof *fill);
    size_t *after = arena_calloc(c->arena, edges, sizeof *after);
    size_t *ready = arena_calloc(c->arena, count, sizeof *ready);
    if (waits == NULL || start == NULL || fill == NULL || after == NULL ||
        ready == NULL)
        return codec_no_memory(c);
    for (size_t i = 0; i < count; i++) {
        waits[i] = steps[i].needs.count;
        for (size_t n = 0; n < waits[i]; n++) {
            struct step *needed =
                find_needed(c, names, &steps[i], steps[i].needs.items[n]);
            if (needed == NULL) return NDF_ESCHEMA;
            start[needed - steps + 1]++;
        }
    }
    for (size_t i = 0; i < count; i++) {
        start[i + 1] += start[i];
        fill[i] = start[i];
    }
    for (size_t i = 0; i < count; i++) {
        for (size_t n = 0; n < steps[i].needs.count; n++) {
            struct step *needed = map_get(names, steps[i].needs.items[n]);
            after[fill[needed - steps]++] = i;
        }
    }
    size_t done = 0;
    size_t ready_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (waits[i] == 0) ready[ready_count++] = i;
    }
    for (; done < ready_count; done++) {
        size_t task = ready[done];
        for (size_t n = start[task]; n < start[task + 1]; n++) {
            if (--waits[after[n]] == 0) ready[ready_count++] = after[n];
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (waits[i] == 0) continue;
        return err_at(c->error, NDF_ECYCLE, steps[i].line, steps[i].column,
            "the needs of task '%.*s' form a circle: no task of it could ever "
            "start",
            STR_ARG(steps[i].name));
    }
    return NDF_OK;
}

static int check_names(struct codec *c, struct step *steps, size_t count)
{
    struct map names;
    int err = NDF_OK;
    map_init(&names, c->arena->mem);
    for (size_t i = 0; i < count && err == NDF_OK; i++) {
        err = map_add(&names, steps[i].name, &steps[i]);
        if (err == NDF_EEXISTS)
            err = duplicate(c, &steps[i], map_get(&names, steps[i].name));
        else if (err == NDF_ENOMEM) err = codec_no_memory(c);
    }
    if (err == NDF_OK) err = check_circles(c, &names, steps, count);
    map_deinit(&names);
    return err;
}

static int read_steps(struct codec *c, const struct codec_key *key,
    const struct value *value, struct pattern *pattern)
{
    if (value->kind != VALUE_ARRAY || value->array.count == 0)
        return codec_refuse(c, key, value);
    size_t count = value->array.count;
    if (count > PATTERN_STEPS_MAX)
        return err_at(c->error, NDF_ELIMIT, value->line, value->column,
            "%zu %s are too many, at most %d", count, key->name,
            PATTERN_STEPS_MAX);
    struct step *steps = arena_calloc(c->arena, count, sizeof *steps);
    if (steps == NULL) return codec_no_memory(c);
    for (size_t i = 0; i < count; i++) {
        int err = read_item(c, key->detail, &value->array.items[i], &steps[i]);
        if (err != NDF_OK) return err;
    }
    pattern->steps = steps;
    pattern->step_count = count;
    return check_names(c, steps, count);
}

static int steps_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct pattern *pattern = field;
    pattern->kind = PATTERN_SEQUENTIAL;
    return read_steps(c, key, value, pattern);
}

static int tasks_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct pattern *pattern = field;
    pattern->kind = PATTERN_PARALLEL;
    return read_steps(c, key, value, pattern);
}

static int write_item(struct arena *arena, const struct codec_map *map,
    const struct step *step, struct value *out)
{
    struct step bare = *step;
    struct value inner = value_null;
    if (str_equal(bare.agent, bare.name)) bare.agent = (struct str){NULL, 0};
    int err = codec_write_map(arena, map, &bare, &step_default, &inner);
    *out = value_of_object();
    if (err == NDF_OK) err = value_set(arena, out, step->name, inner);
    return err;
}

static int write_steps(struct arena *arena, const struct codec_key *key,
    const struct pattern *pattern, struct value *out)
{
    *out = value_of_array();
    for (size_t i = 0; i < pattern->step_count; i++) {
        struct value item = value_null;
        int err = write_item(arena, key->detail, &pattern->steps[i], &item);
        if (err == NDF_OK) err = value_push(arena, out, item);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int steps_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct pattern *pattern = field;
    (void)base;
    if (pattern->kind != PATTERN_SEQUENTIAL || pattern->step_count == 0)
        return NDF_OK;
    return write_steps(arena, key, pattern, out);
}

static int tasks_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct pattern *pattern = field;
    (void)base;
    if (pattern->kind != PATTERN_PARALLEL) return NDF_OK;
    return write_steps(arena, key, pattern, out);
}

const struct codec_type steps_type = {
    "a list of at least one step", steps_read, steps_write};
const struct codec_type tasks_type = {
    "a list of at least one task", tasks_read, tasks_write};
