/*
 * test_document.c - agents and patterns as people write them: the documents of
 * tests/data/documents, each judged, and each good one read, written and read
 * again.
 */
#include <dirent.h>
#include <stdio.h>
#include <string.h>

#include "base/os.h"
#include "model/document.h"
#include "support/parse.h"

enum { FILE_MAX = 1024 * 1024 };

static int decode_text(struct arena *arena, struct str text,
    struct document *out, ndf_error *error)
{
    struct value *values = NULL;
    size_t count = 0;
    int err = yaml_parse(arena, text, &values, &count, error);
    if (err != NDF_OK) return err;
    assert_int_equal(count, 1);
    return document_decode(arena, &values[0], out, error);
}

static void read_text(const char *path, struct buf *text)
{
    ndf_error error = {0};
    buf_init(text, &mem_libc);
    if (os_read_file(path, FILE_MAX, text, &error) != NDF_OK)
        fail_msg("%s", error.message);
}

typedef void (*judge_fn)(const char *path, struct str text);

static size_t each_document(const char *folder, judge_fn judge)
{
    char path[1024];
    size_t count = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry = readdir(dir); entry != NULL;
         entry = readdir(dir)) {
        if (entry->d_name[0] == '.') continue;
        struct buf text;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        read_text(path, &text);
        judge(path, buf_str(&text));
        buf_deinit(&text);
        count++;
    }
    closedir(dir);
    return count;
}

/* Written and read again it gives the same bytes. */
static void judge_valid(const char *path, struct str text)
{
    struct arena arena;
    struct document document;
    struct document again;
    struct value written;
    struct value rewritten;
    ndf_error error = {0};
    arena_init(&arena, &mem_libc);
    if (decode_text(&arena, text, &document, &error) != NDF_OK)
        fail_msg("%s:%u:%u: %s", path, error.line, error.column, error.message);
    assert_ok(document_encode(&arena, &document, &written));
    const char *first = test_canonical(&arena, &written);
    struct value parsed = test_json(&arena, first);
    if (document_decode(&arena, &parsed, &again, &error) != NDF_OK)
        fail_msg("%s: %s: %s", path, first, error.message);
    assert_ok(document_encode(&arena, &again, &rewritten));
    assert_string_equal(first, test_canonical(&arena, &rewritten));
    assert_true(str_equal(document_name(&document), document_name(&again)));
    arena_deinit(&arena);
}

/* Its first line says what the sentence must say. */
static void judge_invalid(const char *path, struct str text)
{
    static const struct str mark = {"# says: ", 8};
    struct arena arena;
    struct document document;
    ndf_error error = {0};
    arena_init(&arena, &mem_libc);
    int err = decode_text(&arena, text, &document, &error);
    if (err == NDF_OK) fail_msg("%s: taken", path);
    assert_int_equal(err, error.code);
    assert_true(str_starts(text, mark));
    struct str says = str_from(text, mark.size);
    says = str_until(says, str_find_char(says, '\n'));
    struct str message = str_of(error.message);
    if (str_find(message, says) == message.size || error.line < 2 ||
        error.column == 0)
        fail_msg("%s:%u:%u: %s", path, error.line, error.column, error.message);
    assert_null(document_name(&document).at);
    arena_deinit(&arena);
}

static void valid_documents_survive_writing_and_reading(void **state)
{
    (void)state;
    assert_true(each_document(TEST_DATA "/documents/valid", judge_valid) > 10);
}

static void invalid_documents_are_refused_with_a_place(void **state)
{
    (void)state;
    assert_true(
        each_document(TEST_DATA "/documents/invalid", judge_invalid) > 90);
}

static void decode(struct arena *arena, const char *yaml, struct document *out)
{
    ndf_error error = {0};
    if (decode_text(arena, str_of(yaml), out, &error) != NDF_OK)
        fail_msg("%s: %s", yaml, error.message);
}

static void an_agent_is_read_whole(void **state)
{
    (void)state;
    struct arena arena;
    struct document d;
    arena_init(&arena, &mem_libc);
    decode(&arena,
        "agent: a\ndescription: d\nbody: b\nmodel: m\ntools: [x, y]\n"
        "examples: [e]\nnot_for: [n]\nrun: [make, '${text}']\nenv: {K: v}\n"
        "timeout: 2m\noutput_max: 1MiB\nprice: {input: 3}\n",
        &d);
    assert_int_equal(d.kind, DOCUMENT_AGENT);
    const struct agent *a = &d.agent;
    assert_str(a->name, "a");
    assert_str(a->description, "d");
    assert_str(a->body, "b");
    assert_str(a->model, "m");
    assert_str(a->tools.items[1].name, "y");
    assert_str(a->examples.items[0], "e");
    assert_str(a->not_for.items[0], "n");
    assert_str(a->run.items[1], "${text}");
    assert_str(value_get_str(&a->env, STR("K")), "v");
    assert_int_equal(a->timeout_ms, 120000);
    assert_int_equal(a->output_max, 1048576);
    assert_int_equal(value_get_int(&a->price, STR("input"), 0), 3);
    arena_deinit(&arena);
}

static void three_lines_have_sound_defaults(void **state)
{
    (void)state;
    struct arena arena;
    struct document d;
    arena_init(&arena, &mem_libc);
    decode(&arena, "pattern: q\ndescription: d\nsteps: [look, act]\n", &d);
    const struct pattern *p = &d.pattern;
    assert_int_equal(p->kind, PATTERN_SEQUENTIAL);
    assert_int_equal(p->step_count, 2);
    assert_str(p->steps[1].name, "act");
    assert_str(p->steps[1].agent, "act");
    assert_int_equal(p->steps[1].line, 3);
    assert_int_equal(p->steps[1].column, 15);
    assert_int_equal(p->steps[0].with.kind, VALUE_OBJECT);
    assert_true(p->steps[0].expect.nonempty);
    assert_false(p->steps[0].expect.set);
    assert_false(p->steps[0].idempotent);
    assert_false(p->steps[0].retry_set);
    assert_int_equal(p->retry.attempts, 1);
    assert_true(p->rollback);
    assert_true(p->confidence.learning);
    assert_true(p->confidence.threshold != p->confidence.threshold);
    assert_true(p->budget.cost != p->budget.cost);
    assert_int_equal(p->policy, POLICY_RESTORE);
    assert_int_equal(p->only_if_count, 0);
    assert_null(p->fallback.at);
    arena_deinit(&arena);
}

static void tasks_and_phases_make_their_kinds(void **state)
{
    (void)state;
    struct arena arena;
    struct document d;
    arena_init(&arena, &mem_libc);
    decode(&arena,
        "pattern: p\ntasks:\n- a\n- b: {needs: [a], resources: {cpu: 2, "
        "memory: 1KiB}}\nmax_concurrent: 3\n",
        &d);
    assert_int_equal(d.pattern.kind, PATTERN_PARALLEL);
    assert_string_equal(pattern_kind_name(d.pattern.kind), "parallel");
    assert_str(d.pattern.steps[1].needs.items[0], "a");
    assert_true(d.pattern.steps[1].cpu == 2);
    assert_int_equal(d.pattern.steps[1].memory, 1024);
    assert_int_equal(d.pattern.max_concurrent, 3);
    assert_true(d.pattern.resource_threshold == 0.8);
    decode(&arena,
        "pattern: p\nphases:\n- a: {patterns: [x, y]}\n- b: {select: true}\n"
        "rollback_strategy: complete\n",
        &d);
    assert_int_equal(d.pattern.kind, PATTERN_META);
    assert_int_equal(d.pattern.phase_count, 2);
    assert_str(d.pattern.phases[0].patterns.items[1], "y");
    assert_str(d.pattern.phases[0].coordination, "sequential");
    assert_true(d.pattern.phases[1].select);
    assert_int_equal(d.pattern.rollback_strategy, ROLLBACK_COMPLETE);
    arena_deinit(&arena);
}

static void what_the_host_keeps_is_handed_back_as_it_was(void **state)
{
    (void)state;
    struct arena arena;
    struct document d;
    struct value out;
    arena_init(&arena, &mem_libc);
    decode(&arena, "pattern: p\nsteps: [a]\n", &d);
    assert_false(d.pattern.ask_host);
    assert_int_equal(d.pattern.host.kind, VALUE_NULL);
    decode(&arena, "pattern: p\nsteps: [a]\nhost: {}\n", &d);
    assert_ok(document_encode(&arena, &d, &out));
    assert_int_equal(value_get(&out, STR("host"))->kind, VALUE_OBJECT);
    decode(&arena,
        "pattern: p\nsteps: [a]\nask_host: true\n"
        "host: {z: [1, 2.5, null, {steps: x}], a: {only_if: no}}\n",
        &d);
    assert_true(d.pattern.ask_host);
    assert_ok(document_encode(&arena, &d, &out));
    assert_string_equal(test_canonical(&arena, value_get(&out, STR("host"))),
        "{\"a\":{\"only_if\":\"no\"},\"z\":[1,2.5,null,{\"steps\":\"x\"}]}");
    assert_true(value_get_bool(&out, STR("ask_host"), false));
    arena_deinit(&arena);
}

static void long_hostile_keys_leave_room_for_the_sentence(void **state)
{
    (void)state;
    struct arena arena;
    struct document d;
    ndf_error error = {0};
    arena_init(&arena, &mem_libc);
    char *key = arena_alloc(&arena, 100001);
    memset(key, 'k', 100000);
    struct value v = test_json(&arena, "{\"agent\":\"a\"}");
    struct str long_key = {key, 100000};
    assert_ok(value_set(&arena, &v, long_key, value_null));
    assert_int_equal(document_decode(&arena, &v, &d, &error), NDF_ESCHEMA);
    test_contains(error.message, "known are: agent");
    arena_deinit(&arena);
}

static const char *const oom_documents[] = {
    "agent: a\nrun: [a, b]\nenv: {A: b}\n"
    "tools: [x, {name: y, input_schema: {properties: {z: {}}}}]\n",
    "pattern: p\nonly_if: {domain: [a, b], text: x, priority: [high],"
    " attributes: {complexity: {between: [low, high]}}}\ngood_for: {domain: "
    "a}\n"
    "tasks:\n- a: {retry: {on: [timeout]}, expect: {regex: x, files: [f]}}\n"
    "- b: {needs: [a], undo: {run: [x]}, timeout: 5s}\n",
    "pattern: p\nphases:\n- a: {patterns: [x]}\n- b: {select: true}\n",
    "pattern: p\nsteps: [a]\nask_host: true\nhost: {a: {b: [1, x]}}\n",
};

static int decode_body(const struct mem *mem, void *ud)
{
    struct arena own;
    struct document d;
    struct value out;
    ndf_error error = {0};
    const char *text = ud;
    arena_init(&own, mem);
    struct value *values = NULL;
    size_t count = 0;
    int err = yaml_parse(&own, str_of(text), &values, &count, &error);
    if (err == NDF_OK) err = document_decode(&own, &values[0], &d, &error);
    if (err == NDF_OK) err = document_encode(&own, &d, &out);
    arena_deinit(&own);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof oom_documents / sizeof oom_documents[0];
         i++) {
        char text[1024];
        snprintf(text, sizeof text, "%s", oom_documents[i]);
        test_each_allocation_fails(decode_body, text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(valid_documents_survive_writing_and_reading),
        cmocka_unit_test(invalid_documents_are_refused_with_a_place),
        cmocka_unit_test(an_agent_is_read_whole),
        cmocka_unit_test(three_lines_have_sound_defaults),
        cmocka_unit_test(tasks_and_phases_make_their_kinds),
        cmocka_unit_test(what_the_host_keeps_is_handed_back_as_it_was),
        cmocka_unit_test(long_hostile_keys_leave_room_for_the_sentence),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
