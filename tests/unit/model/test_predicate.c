/*
 * test_predicate.c - what must hold, as a list of predicates.
 */
#include "model/document.h"
#include "support/parse.h"

static void decode(struct arena *arena, const char *yaml, struct document *out)
{
    struct value v = test_yaml(arena, yaml);
    ndf_error error = {0};
    if (document_decode(arena, &v, out, &error) != NDF_OK)
        fail_msg("%s: %s", yaml, error.message);
}

static void assert_predicate(const struct predicate *p, enum field field,
    enum predicate_op op, const char *name, const char *operand)
{
    struct arena arena;
    arena_init(&arena, &mem_libc);
    assert_int_equal(p->field, field);
    assert_int_equal(p->op, op);
    assert_true(str_equal(p->name, str_of(name)));
    assert_string_equal(test_canonical(&arena, &p->operand), operand);
    arena_deinit(&arena);
}

static void conditions_become_predicates(void **state)
{
    (void)state;
    struct arena arena;
    struct document d;
    arena_init(&arena, &mem_libc);
    decode(&arena,
        "pattern: p\nsteps: [a]\nonly_if:\n"
        "  attributes: {env: [a, b], complexity: {ge: low, lt: high}, x: null,"
        " y: {exists: false}}\n"
        "  domain: a.**\n  agent_type: t\n  priority: [high, 5]\n"
        "  text: leak\n",
        &d);
    assert_int_equal(d.pattern.only_if_count, 1);
    const struct condition *c = &d.pattern.only_if[0];
    assert_int_equal(c->count, 9);
    const struct predicate *p = c->predicates;
    assert_predicate(&p[0], FIELD_ATTRIBUTE, OP_IN, "env", "[\"a\",\"b\"]");
    assert_predicate(&p[1], FIELD_ATTRIBUTE, OP_GE, "complexity", "2");
    assert_predicate(&p[2], FIELD_ATTRIBUTE, OP_LT, "complexity", "8");
    assert_predicate(&p[3], FIELD_ATTRIBUTE, OP_EQ, "x", "null");
    assert_predicate(&p[4], FIELD_ATTRIBUTE, OP_ABSENT, "y", "null");
    assert_predicate(&p[5], FIELD_DOMAIN, OP_GLOB, "", "[\"a.**\"]");
    assert_predicate(&p[6], FIELD_AGENT_TYPE, OP_EQ, "", "\"t\"");
    assert_predicate(&p[7], FIELD_PRIORITY, OP_IN, "", "[2,5]");
    assert_predicate(&p[8], FIELD_TEXT, OP_MATCHES, "", "[\"leak\"]");
    assert_int_equal(p[1].line, 4);
    assert_int_equal(p[1].column, 46);
    arena_deinit(&arena);
}

static void alternatives_are_an_or(void **state)
{
    (void)state;
    struct arena arena;
    struct document d;
    arena_init(&arena, &mem_libc);
    decode(&arena,
        "pattern: p\nsteps: [a]\nonly_if:\n- domain: a\n- domain: b\n", &d);
    assert_int_equal(d.pattern.only_if_count, 2);
    assert_predicate(&d.pattern.only_if[1].predicates[0], FIELD_DOMAIN, OP_GLOB,
        "", "[\"b\"]");
    arena_deinit(&arena);
}

static void names_of_fields_and_operators_are_those_of_files(void **state)
{
    (void)state;
    assert_string_equal(predicate_op_name(OP_EQ), "eq");
    assert_string_equal(predicate_op_name(OP_MATCHES), "matches");
    assert_string_equal(predicate_op_name(OP_GLOB), "glob");
    assert_string_equal(field_name(FIELD_DOMAIN), "domain");
    assert_string_equal(field_name(FIELD_TEXT), "text");
    assert_string_equal(field_name(FIELD_ATTRIBUTE), "attribute");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(conditions_become_predicates),
        cmocka_unit_test(alternatives_are_an_or),
        cmocka_unit_test(names_of_fields_and_operators_are_those_of_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
