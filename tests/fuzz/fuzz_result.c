/*
 * fuzz_result.c - what an agent printed always becomes values that a record
 * can hold and a template can read; exit files, references and conditions of
 * any bytes do no harm.
 */
#include <string.h>

#include "base/json.h"
#include "base/utf8.h"
#include "fuzz/fuzz.h"
#include "run/exit_file.h"
#include "run/result.h"
#include "run/when.h"

/* Written, read again, and the same. */
static void check_value(struct arena *arena, const struct value *value)
{
    struct buf buf;
    struct value again;
    buf_init(&buf, &mem_libc);
    json_write(&buf, value);
    FUZZ_REQUIRE(json_parse(arena, buf_str(&buf), &again, NULL) == NDF_OK);
    FUZZ_REQUIRE(value_equal(value, &again));
    FUZZ_REQUIRE(value_depth(value) < VALUE_DEPTH_MAX);
    buf_deinit(&buf);
}

/* What can be read can be judged, or one of two things is said. */
static void check_condition(struct arena *arena, struct str text,
    const struct template_names *names, const struct template_scope *scope)
{
    bool holds = true;
    struct when when;
    int parsed = when_parse(arena, text, &when, NULL);
    int checked = when_check(arena, names, text, NULL);
    int judged = when_holds(arena, scope, text, &holds, NULL);
    FUZZ_REQUIRE(parsed == NDF_OK || parsed == NDF_ESYNTAX);
    FUZZ_REQUIRE((parsed == NDF_OK) == (judged != NDF_ESYNTAX));
    FUZZ_REQUIRE(parsed == NDF_OK || checked == parsed);
    FUZZ_REQUIRE(judged == NDF_OK || !holds);
    FUZZ_REQUIRE(judged != NDF_OK || checked == NDF_OK);
}

static void check_template(
    struct arena *arena, struct str text, const struct value *output)
{
    struct context context = {.attributes = value_of_object(), .text = text};
    struct template_step step = {.name = STR("s"), .output = output};
    struct template_scope scope = {
        .context = &context, .run = STR("r"), .steps = &step, .step_count = 1};
    struct template_names names = {
        .steps = &step.name, .step_count = 1, .context = &context};
    struct str out;
    if (!utf8_valid(text)) return;
    if (output->kind == VALUE_OBJECT) context.attributes = *output;
    int checked = template_check_text(&names, text, NULL);
    int rendered = template_text(arena, &scope, text, &out, NULL);
    FUZZ_REQUIRE((checked == NDF_ESYNTAX) == (rendered == NDF_ESYNTAX) ||
                 rendered == NDF_EREFERENCE || checked == NDF_EREFERENCE);
    FUZZ_REQUIRE(rendered != NDF_OK || utf8_valid(out));
    check_condition(arena, text, &names, &scope);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct agent_result result = {.error = STR("")};
    struct exit_file file;
    char line[EXIT_FILE_SIZE] = {0};
    struct str raw = {(const char *)data, size};
    arena_init(&arena, &mem_libc);
    FUZZ_REQUIRE(result_parse(&arena, raw, &result) == NDF_OK);
    check_value(&arena, &result.output);
    check_value(&arena, &result.patch);
    check_value(&arena, &result.usage);
    FUZZ_REQUIRE(utf8_valid(result.error));
    check_template(&arena, raw, &result.output);
    memcpy(line, data, size < sizeof line - 1 ? size : sizeof line - 1);
    (void)exit_file_parse(line, &file);
    arena_deinit(&arena);
    return 0;
}
