/*
 * fuzz_document.c - documents, contexts, patches, plans and outcomes: whatever
 * is taken can be written and read again, with equal bytes.
 */
#include "base/json.h"
#include "base/yaml.h"
#include "fuzz/fuzz.h"
#include "model/document.h"
#include "model/outcome.h"
#include "model/patch.h"
#include "model/plan.h"

/* Canonical bytes of value, parsed again into *out. */
static struct str through_json(
    struct arena *arena, const struct value *value, struct value *out)
{
    struct buf text;
    buf_init(&text, &mem_libc);
    json_write(&text, value);
    struct str copy = arena_str(arena, buf_str(&text));
    buf_deinit(&text);
    FUZZ_REQUIRE(json_parse(arena, copy, out, NULL) == NDF_OK);
    return copy;
}

static void try_document(struct arena *arena, const struct value *value)
{
    struct document document;
    struct value written;
    struct value parsed;
    ndf_error error = {0};
    int err = document_decode(arena, value, &document, &error);
    FUZZ_REQUIRE(err == NDF_OK || err == error.code);
    if (err != NDF_OK) return;
    FUZZ_REQUIRE(document_encode(arena, &document, &written) == NDF_OK);
    struct str first = through_json(arena, &written, &parsed);
    FUZZ_REQUIRE(document_decode(arena, &parsed, &document, &error) == NDF_OK);
    FUZZ_REQUIRE(document_encode(arena, &document, &written) == NDF_OK);
    FUZZ_REQUIRE(str_equal(first, through_json(arena, &written, &parsed)));
}

static void try_plan(struct arena *arena, const struct value *value)
{
    struct plan plan;
    struct value written;
    struct value parsed;
    ndf_error error = {0};
    if (plan_decode(arena, value, &plan, &error) != NDF_OK) return;
    FUZZ_REQUIRE(plan_encode(arena, &plan, &written) == NDF_OK);
    struct str first = through_json(arena, &written, &parsed);
    FUZZ_REQUIRE(plan_decode(arena, &parsed, &plan, &error) == NDF_OK);
    FUZZ_REQUIRE(plan_encode(arena, &plan, &written) == NDF_OK);
    FUZZ_REQUIRE(str_equal(first, through_json(arena, &written, &parsed)));
}

static void try_outcome(struct arena *arena, const struct value *value)
{
    struct outcome outcome;
    struct value written;
    struct value parsed;
    ndf_error error = {0};
    if (outcome_decode(arena, value, &outcome, &error) != NDF_OK) return;
    FUZZ_REQUIRE(outcome_encode(arena, &outcome, &written) == NDF_OK);
    (void)through_json(arena, &written, &parsed);
    FUZZ_REQUIRE(outcome_decode(arena, &parsed, &outcome, &error) == NDF_OK);
}

/* Nothing declared: restoring must give back the context as it was. */
static void try_patch(
    struct arena *arena, const struct value *value, const struct value *patch)
{
    struct context context;
    struct patch_result result;
    struct value before;
    struct value after;
    struct str_list none = {NULL, 0};
    ndf_error error = {0};
    if (context_decode(arena, value, &context, &error) != NDF_OK) return;
    int err = patch_apply(
        arena, &context, patch, &none, POLICY_RESTORE, &result, &error);
    FUZZ_REQUIRE(err == NDF_OK || err == error.code);
    if (err != NDF_OK) return;
    FUZZ_REQUIRE(context_encode(arena, &context, &before) == NDF_OK);
    FUZZ_REQUIRE(context_encode(arena, &result.context, &after) == NDF_OK);
    FUZZ_REQUIRE(value_equal(&before, &after));
    FUZZ_REQUIRE(
        (result.violation_count == 0) == (result.worst == SEVERITY_NONE));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct value *values = NULL;
    size_t count = 0;
    arena_init(&arena, &mem_libc);
    (void)yaml_parse(
        &arena, (struct str){(const char *)data, size}, &values, &count, NULL);
    for (size_t i = 0; i < count; i++) {
        try_document(&arena, &values[i]);
        try_plan(&arena, &values[i]);
        try_outcome(&arena, &values[i]);
        try_patch(&arena, &values[i], &values[(i + 1) % count]);
    }
    arena_deinit(&arena);
    return 0;
}
