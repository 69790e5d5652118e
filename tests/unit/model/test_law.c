/*
 * test_law.c - a law comes back from its bytes, and damage is refused or
 * harmless.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "model/law.h"
#include "support/parse.h"

static struct arena arena;

static int setup(void **state)
{
    (void)state;
    arena_init(&arena, &mem_libc);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

static const char *const patterns[] = {
    "{\"pattern\":\"a\",\"steps\":[\"x\"]}",
    "{\"pattern\":\"b\",\"tasks\":[\"x\",\"y\"],\"fallback\":\"a\","
    "\"only_if\":{\"domain\":[\"web.**\",\"*.b\"],\"agent_type\":\"coder\","
    "\"priority\":{\"between\":[1,3]},\"text\":{\"matches\":\"a+\"},"
    "\"attributes\":{\"env\":[\"a\",\"b\"],\"n\":{\"ge\":-5,\"lt\":2.5},"
    "\"big\":9223372036854775807,\"none\":null,\"there\":{\"exists\":true},"
    "\"gone\":{\"absent\":true},\"on\":true,\"deep.key\":{\"eq\":"
    "{\"x\":[1,{\"y\":null}]}},\"has\":{\"contains\":\"z\"},"
    "\"other\":{\"not_in\":[1,\"1\"]}}}}",
    "{\"pattern\":\"c\",\"phases\":[{\"one\":{\"patterns\":[\"a\"]}}],"
    "\"only_if\":[{\"domain\":\"x\"},{\"attributes\":{\"k\":1}}],"
    "\"good_for\":{\"domain\":\"web.*\",\"agent_type\":[\"p\",\"q\"]},"
    "\"confidence\":{\"threshold\":0.7,\"cold_threshold\":0.4,"
    "\"min_executions\":9,\"half_life\":\"2d\",\"learning\":false}}",
};
enum { PATTERNS = sizeof patterns / sizeof patterns[0] };

static struct law law_at(size_t number)
{
    struct value value = test_json(&arena, patterns[number]);
    struct pattern *pattern = arena_alloc(&arena, sizeof *pattern);
    ndf_error error = {0};
    if (pattern_decode(&arena, &value, pattern, &error) != NDF_OK)
        fail_msg("%s: %s", patterns[number], error.message);
    return law_of(pattern);
}

static struct str bytes_of(const struct law *law)
{
    struct buf buf;
    buf_init(&buf, &mem_libc);
    law_write(&buf, law);
    assert_ok(buf_error(&buf));
    struct str copy = arena_str(&arena, buf_str(&buf));
    buf_deinit(&buf);
    return copy;
}

static void assert_same_number(double a, double b)
{
    assert_true(a == b || (isnan(a) && isnan(b)));
}

static void assert_same(const struct condition *a, const struct condition *b)
{
    assert_int_equal(a->count, b->count);
    for (size_t i = 0; i < a->count; i++) {
        const struct predicate *p = &a->predicates[i];
        const struct predicate *q = &b->predicates[i];
        assert_int_equal(p->field, q->field);
        assert_int_equal(p->op, q->op);
        assert_true(str_equal(p->name, q->name));
        assert_int_equal(p->operand.kind, q->operand.kind);
        assert_true(value_equal(&p->operand, &q->operand));
    }
}

static void a_law_comes_back(void **state)
{
    (void)state;
    for (size_t i = 0; i < PATTERNS; i++) {
        struct law law = law_at(i), again;
        struct str bytes = bytes_of(&law);
        assert_ok(law_read(&arena, bytes, &again));
        assert_int_equal(again.kind, i);
        assert_int_equal(again.parts, law.parts);
        assert_int_equal(again.only_if_count, law.only_if_count);
        for (size_t k = 0; k < law.only_if_count; k++)
            assert_same(&law.only_if[k], &again.only_if[k]);
        assert_same(&law.good_for, &again.good_for);
        assert_same_number(
            again.confidence.threshold, law.confidence.threshold);
        assert_same_number(
            again.confidence.cold_threshold, law.confidence.cold_threshold);
        assert_int_equal(
            again.confidence.min_executions, law.confidence.min_executions);
        assert_int_equal(again.confidence.min_executions_set,
            law.confidence.min_executions_set);
        assert_int_equal(
            again.confidence.half_life_ms, law.confidence.half_life_ms);
        assert_int_equal(again.confidence.learning, law.confidence.learning);
        assert_int_equal(again.fallback.at == NULL, law.fallback.at == NULL);
        assert_true(str_equal(again.fallback, law.fallback));
        /* Equal laws give equal bytes. */
        assert_true(str_equal(bytes, bytes_of(&again)));
    }
}

static void the_host_is_asked_as_before(void **state)
{
    (void)state;
    struct law law = law_at(0), again;
    law.ask_host = true;
    assert_ok(law_read(&arena, bytes_of(&law), &again));
    assert_true(again.ask_host);
}

/* An exact copy, so that a sanitizer sees every byte read past its end. */
static int read_copy(const char *bytes, size_t size)
{
    char *copy = malloc(size > 0 ? size : 1);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    struct arena own;
    struct law law;
    arena_init(&own, &mem_libc);
    int err = law_read(&own, (struct str){copy, size}, &law);
    if (err == NDF_OK) {
        struct buf buf;
        buf_init(&buf, &mem_libc);
        law_write(&buf, &law);
        assert_ok(buf_error(&buf));
        buf_deinit(&buf);
    }
    arena_deinit(&own);
    free(copy);
    assert_true(err == NDF_OK || err == NDF_ECORRUPT);
    return err;
}

static void damage_is_refused_or_harmless(void **state)
{
    (void)state;
    static const char changes[] = {0, 1, 13, 0x7f, (char)0xff};
    for (size_t i = 0; i < PATTERNS; i++) {
        struct law law = law_at(i);
        struct str bytes = bytes_of(&law);
        char *damaged = arena_dup(&arena, bytes.at, bytes.size);
        for (size_t at = 0; at < bytes.size; at++) {
            assert_int_equal(read_copy(bytes.at, at), NDF_ECORRUPT);
            for (size_t k = 0; k < sizeof changes; k++) {
                damaged[at] = changes[k];
                (void)read_copy(damaged, bytes.size);
            }
            damaged[at] = bytes.at[at];
        }
        assert_ok(read_copy(damaged, bytes.size));
    }
}

static void operands_have_their_form(void **state)
{
    (void)state;
    static const struct {
        const char *operand;
        enum predicate_op op;
        int code;
    } rows[] = {
        {"[1,2]", OP_BETWEEN, NDF_OK},
        {"[1]", OP_BETWEEN, NDF_ECORRUPT},
        {"1", OP_IN, NDF_ECORRUPT},
        {"\"x\"", OP_NOT_IN, NDF_ECORRUPT},
        {"[\"a.*\"]", OP_GLOB, NDF_OK},
        {"[1]", OP_GLOB, NDF_ECORRUPT},
        {"[\"a.**.b\"]", OP_GLOB, NDF_ECORRUPT},
        {"\"a\"", OP_MATCHES, NDF_ECORRUPT},
        {"[null]", OP_MATCHES, NDF_ECORRUPT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct law law = law_at(0), again;
        struct predicate predicate = {.op = rows[i].op,
            .name = STR(""),
            .operand = test_json(&arena, rows[i].operand)};
        law.good_for = (struct condition){&predicate, 1};
        assert_int_equal(
            law_read(&arena, bytes_of(&law), &again), rows[i].code);
    }
}

static int read_body(const struct mem *mem, void *ud)
{
    struct arena own;
    struct law law;
    const struct str *bytes = ud;
    arena_init(&own, mem);
    int err = law_read(&own, *bytes, &law);
    arena_deinit(&own);
    return err;
}

static void each_allocation_may_fail(void **state)
{
    (void)state;
    struct law law = law_at(1);
    struct str bytes = bytes_of(&law);
    test_each_allocation_fails(read_body, &bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_law_comes_back),
        cmocka_unit_test(the_host_is_asked_as_before),
        cmocka_unit_test(damage_is_refused_or_harmless),
        cmocka_unit_test(operands_have_their_form),
        cmocka_unit_test(each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
