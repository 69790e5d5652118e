/*
 * test_when.c - conditions: what holds, what cannot be read, and that outputs
 * never become part of one.
 */
#include <string.h>

#include "base/json.h"
#include "run/when.h"
#include "support/support.h"

struct scene {
    struct arena arena;
    struct context context;
    struct value outputs[3];
    struct template_step steps[4];
    struct template_scope scope;
    struct str names[4];
    struct template_names known;
};

static int make_scene(void **state)
{
    static struct scene s;
    memset(&s, 0, sizeof s);
    arena_init(&s.arena, &mem_libc);
    s.context.text = STR("do it");
    s.context.domain = STR("web.api");
    assert_ok(json_parse(&s.arena,
        STR("{\"yes\": true, \"off\": false, \"n\": 5, \"zero\": 0, \"r\": "
            "2.5, \"word\": \"high\", \"empty\": \"\", \"none\": null, "
            "\"list\": [1], \"nothing\": [], \"map\": {\"k\": 1}, \"bare\": "
            "{}}"),
        &s.context.attributes, NULL));
    assert_ok(json_parse(&s.arena,
        STR("{\"count\": 7, \"found\": [\"a\"], \"ok\": false}"), &s.outputs[0],
        NULL));
    s.outputs[1] = value_of_str(STR("12\n"));
    s.outputs[2] = value_of_str(STR("x' == 'x"));
    s.steps[0].name = STR("scan");
    s.steps[0].output = &s.outputs[0];
    s.steps[1].name = STR("count");
    s.steps[1].output = &s.outputs[1];
    s.steps[1].exit = 3;
    s.steps[2].name = STR("evil");
    s.steps[2].output = &s.outputs[2];
    s.steps[3].name = STR("gone");
    s.steps[3].output = &value_null;
    s.steps[3].skipped = true;
    for (size_t i = 0; i < 4; i++) {
        s.names[i] = s.steps[i].name;
    }
    s.scope = (struct template_scope){.context = &s.context,
        .run = STR("r"),
        .steps = s.steps,
        .step_count = 4};
    s.known = (struct template_names){
        .steps = s.names, .step_count = 4, .context = &s.context};
    *state = &s;
    return 0;
}

static int free_scene(void **state)
{
    struct scene *s = *state;
    arena_deinit(&s->arena);
    return 0;
}

static void a_condition_holds_or_not(void **state)
{
    struct scene *s = *state;
    static const struct {
        const char *text;
        bool holds;
    } table[] = {
        {"${attributes.yes}", true},
        {"${attributes.off}", false},
        {"${attributes.n}", true},
        {"${attributes.zero}", false},
        {"${attributes.word}", true},
        {"${attributes.empty}", false},
        {"${attributes.none}", false},
        {"${attributes.list}", true},
        {"${attributes.nothing}", false},
        {"${attributes.map}", true},
        {"${attributes.bare}", false},
        {"${attributes.unheard}", false},
        {"${attributes.map.deeper.still}", false},
        {"${agent_type}", false},
        {"${priority}", false},
        {"${domain}", true},
        {"not ${attributes.unheard}", true},
        {"not\t${attributes.yes}", false},
        {"  ${attributes.yes}  ", true},
        {"${ attributes.yes }", true},
        {"${steps.scan.output.ok}", false},
        {"${steps.scan.output.found}", true},
        {"${steps.count.output} == 12", true},
        {"${steps.count.output} == '12'", true},
        {"${steps.count.output} == 12.0", true},
        {"${steps.count.output} != 12", false},
        {"${steps.count.output}>11", true},
        {"${steps.count.output}<=11", false},
        {"11 < ${steps.count.output}", true},
        {"${steps.count.output} >= ${attributes.n}", true},
        {"${steps.count.exit} == 3", true},
        {"not ${steps.count.exit} == 3", false},
        {"${attributes.r} < 2.6", true},
        {"${attributes.word} == high", true},
        {"${attributes.word} == \"high\"", true},
        {"${attributes.word} != 'low'", true},
        {"${attributes.word} == true", false},
        {"${attributes.yes} == true", true},
        {"${attributes.none} == null", true},
        {"${attributes.unheard} == null", true},
        {"${attributes.unheard} != 3", true},
        {"${attributes.unheard} > 3", false},
        {"${attributes.unheard} < 3", false},
        {"${attributes.list} == ${attributes.list}", true},
        {"${domain} == 'web.api'", true},
        {"${domain} == web.api", true},
        {"${steps.gone.output}", false},
        {"${steps.gone.output.deep}", false},
        {"${steps.gone.exit} == null", true},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        bool holds = !table[i].holds;
        ndf_error error = {0};
        struct str text = str_of(table[i].text);
        int err = when_check(&s->arena, &s->known, text, &error);
        if (err == NDF_OK) {
            err = when_holds(&s->arena, &s->scope, text, &holds, &error);
        }
        if (err != NDF_OK) fail_msg("%s: %s", table[i].text, error.message);
        if (holds != table[i].holds) fail_msg("%s", table[i].text);
    }
}

static void texts_read_as_what_they_say(void **state)
{
    struct scene *s = *state;
    static const struct {
        const char *output;
        bool holds;
    } table[] = {{"false", false}, {"False\n", false}, {"no", false},
        {"NO", false}, {"0", false}, {"0.0", false}, {"-0", false},
        {"null", false}, {" ", false}, {"true", true}, {"yes", true},
        {"1", true}, {"none", true}, {"nothing", true}, {"[]", true}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        bool holds = !table[i].holds;
        s->outputs[1] = value_of_str(str_of(table[i].output));
        assert_ok(when_holds(
            &s->arena, &s->scope, STR("${steps.count.output}"), &holds, NULL));
        if (holds != table[i].holds) fail_msg("'%s'", table[i].output);
    }
}

static void what_cannot_be_read_is_refused_with_the_reason(void **state)
{
    struct scene *s = *state;
    static const struct {
        const char *text, *why;
    } table[] = {
        {"", "a side is missing"},
        {"  ", "a side is missing"},
        {"yes", "never changes"},
        {"1 == 1", "never changes"},
        {"'${attributes.yes}'", "never changes"},
        {"${attributes.yes", "not closed"},
        {"${attributes.yes} ==", "a side is missing"},
        {"${attributes.yes} = 1", "is expected"},
        {"${attributes.yes} and ${attributes.n}", "is expected"},
        {"${attributes.n} == 1 or 2", "something follows"},
        {"${attributes.n} == in progress", "something follows"},
        {"${attributes.n} == 'open", "not closed by its quote"},
        {"${attributes.n} == $x", "oddly"},
        {"not", "never changes"},
        {"${attributes.n}${attributes.n}", "is expected"},
        {"x${attributes.n}", "is expected"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ndf_error error = {0};
        int err =
            when_check(&s->arena, &s->known, str_of(table[i].text), &error);
        if (err != NDF_ESYNTAX || strstr(error.message, table[i].why) == NULL)
            fail_msg("%s: %d, %s", table[i].text, err, error.message);
    }
}

static void names_that_cannot_be_are_refused(void **state)
{
    struct scene *s = *state;
    static const char *const table[] = {"${steps.scn.output}", "${stepz.a}",
        "${steps.scan.outptu}", "${}", "${attributes.n} == ${steps.x.output}"};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        ndf_error error = {0};
        int err = when_check(&s->arena, &s->known, str_of(table[i]), &error);
        if (err != NDF_EREFERENCE) fail_msg("%s: %d", table[i], err);
        assert_true(error.message[0] != '\0');
    }
}

static void an_order_needs_numbers(void **state)
{
    struct scene *s = *state;
    ndf_error error = {0};
    bool holds = true;
    assert_int_equal(when_holds(&s->arena, &s->scope,
                         STR("${attributes.word} > 3"), &holds, &error),
        NDF_EINVAL);
    assert_non_null(strstr(error.message, "${attributes.word} is no number"));
    assert_false(holds);
    assert_int_equal(
        when_holds(&s->arena, &s->scope,
            STR("${attributes.n} < ${attributes.list}"), &holds, &error),
        NDF_EINVAL);
}

static void an_output_is_never_part_of_the_condition(void **state)
{
    struct scene *s = *state;
    bool holds = true;
    assert_ok(when_holds(&s->arena, &s->scope,
        STR("${steps.evil.output} == 'x'"), &holds, NULL));
    assert_false(holds);
    s->outputs[2] = value_of_str(STR("${attributes.off}"));
    assert_ok(when_holds(
        &s->arena, &s->scope, STR("${steps.evil.output}"), &holds, NULL));
    assert_true(holds);
}

static int judge(const struct mem *mem, void *ud)
{
    const struct scene *s = ud;
    struct arena arena;
    bool holds;
    arena_init(&arena, mem);
    int err = when_holds(&arena, &s->scope,
        STR("${steps.scan.output} == ${steps.count.output}"), &holds, NULL);
    arena_deinit(&arena);
    return err;
}

static void every_failed_allocation_is_survived(void **state)
{
    test_each_allocation_fails(judge, *state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_condition_holds_or_not),
        cmocka_unit_test(texts_read_as_what_they_say),
        cmocka_unit_test(what_cannot_be_read_is_refused_with_the_reason),
        cmocka_unit_test(names_that_cannot_be_are_refused),
        cmocka_unit_test(an_order_needs_numbers),
        cmocka_unit_test(an_output_is_never_part_of_the_condition),
        cmocka_unit_test(every_failed_allocation_is_survived),
    };
    return cmocka_run_group_tests(tests, make_scene, free_scene);
}
