/*
 * step.c - one step of a sequence or task of a parallel pattern; the lists of
 * them are in step_list.c.
 *
 * One table serves all three shapes: in files the name stands before the map,
 * and only tasks have `needs` and `resources`; in plans everything is inside.
 */
#include <string.h>

#include "model/pattern.h"
#include "model/tables.h"

enum { EXIT_MAX = 255, RETRY_ATTEMPTS_MAX = 100, RETRY_FACTOR_MAX = 100 };

static const char name_expected[] =
    "a name: letters, digits and _ . -, after 'source/' if needed (a string)";

bool step_name_valid(struct str name)
{
    return agent_name_valid(name) && str_find_char(name, '.') == name.size;
}

/* ---- retry --------------------------------------------------------------- */

static const struct retry retry_never = {
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
           retry->factor == retry_never.factor &&
           retry->jitter == retry_never.jitter && retry->on.count == 0;
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
