/*
 * test_template.c - references in strings, and what they cannot do.
 */
#include <string.h>

#include "base/json.h"
#include "run/agent_call.h"
#include "run/template.h"
#include "support/support.h"

struct scene {
    struct arena arena;
    struct context context;
    struct agent agent;
    struct value outputs[3];
    struct template_step steps[3];
    struct template_scope scope;
};

static struct value json(struct arena *arena, const char *text)
{
    struct value value;
    assert_ok(json_parse(arena, str_of(text), &value, NULL));
    return value;
}

static int make_scene(void **state)
{
    static struct scene s;
    memset(&s, 0, sizeof s);
    arena_init(&s.arena, &mem_libc);
    s.context.text = STR("find ${domain}");
    s.context.domain = STR("web.api");
    s.context.attributes = json(&s.arena,
        "{\"path\": \"/x y\", \"deep\": {\"list\": [1, {\"k\": true}]}, "
        "\"none\": null, \"n\": 1.5}");
    s.agent.name = STR("coder");
    s.agent.body = STR("Be $${kind}.");
    s.outputs[0] = json(&s.arena, "{\"findings\": [{\"id\": 7}]}");
    s.outputs[1] = value_of_str(STR("text ${text} \x1b[31m"));
    s.steps[0] = (struct template_step){STR("scan"), &s.outputs[0], 0, false};
    s.steps[1] = (struct template_step){STR("fix"), &s.outputs[1], 3, false};
    s.steps[2] = (struct template_step){STR("never"), NULL, 0, false};
    s.scope = (struct template_scope){
        &s.context, STR("run-1"), &s.agent, s.steps, 3, false};
    *state = &s;
    return 0;
}

static int free_scene(void **state)
{
    struct scene *s = *state;
    arena_deinit(&s->arena);
    return 0;
}

static void references_in_a_text_become_text(void **state)
{
    struct scene *s = *state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"", ""},
        {"plain $ {text} $", "plain $ {text} $"},
        {"${text}", "find ${domain}"},
        {"-${domain}-${ run }-", "-web.api-run-1-"},
        {"$${text}", "${text}"},
        {"$$${text}", "$${text}"},
        {"$${a} ${agent.name}", "${a} coder"},
        {"${agent.body}", "Be $${kind}."},
        {"${attributes.path}", "/x y"},
        {"${attributes.n}", "1.5"},
        {"${attributes.none}", "null"},
        {"${attributes.deep.list.1.k}", "true"},
        {"${attributes.deep}", "{\"list\":[1,{\"k\":true}]}"},
        {"${steps.scan.output.findings.0.id}", "7"},
        {"${steps.scan.exit}/${steps.fix.exit}", "0/3"},
        {"${steps.fix.output}", "text ${text} \x1b[31m"},
        {"<${steps.never.output}>", "<>"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str out;
        ndf_error error = {0};
        int err = template_text(
            &s->arena, &s->scope, str_of(cases[i].in), &out, &error);
        if (err != NDF_OK) print_error("%s: %s\n", cases[i].in, error.message);
        assert_ok(err);
        assert_int_equal(out.size, strlen(cases[i].out));
        assert_memory_equal(out.at, cases[i].out, out.size);
    }
}

static void a_text_that_is_inside_json_can_be_reached_into(void **state)
{
    struct scene *s = *state;
    struct str out;
    s->outputs[1] = value_of_str(STR("{\"a\": [10, 20]}"));
    assert_ok(template_text(
        &s->arena, &s->scope, STR("${steps.fix.output.a.1}"), &out, NULL));
    assert_str(out, "20");
}

static void what_names_nothing_is_an_error_with_the_nearest_name(void **state)
{
    struct scene *s = *state;
    static const struct {
        const char *in;
        int code;
        const char *says;
    } cases[] = {
        {"${txt}", NDF_EREFERENCE, "did you mean 'text'"},
        {"${attribute.path}", NDF_EREFERENCE, "did you mean 'attributes'"},
        {"${attributes.pathh}", NDF_EREFERENCE, "did you mean 'path'"},
        {"${attributes.deep.list.2}", NDF_EREFERENCE, "'2'"},
        {"${attributes.deep.list.-1}", NDF_EREFERENCE, "'-1'"},
        {"${steps.scna.output}", NDF_EREFERENCE, "did you mean 'scan'"},
        {"${steps.scan.outptu}", NDF_EREFERENCE, "did you mean 'output'"},
        {"${steps.scan}", NDF_EREFERENCE, "names nothing"},
        {"${steps.fix.output.a}", NDF_EREFERENCE, "no JSON"},
        {"${steps.scan.exit.x}", NDF_EREFERENCE, "names nothing"},
        {"${agent.nmae}", NDF_EREFERENCE, "did you mean 'name'"},
        {"${agent_type}", NDF_EREFERENCE, "no agent_type"},
        {"${priority}", NDF_EREFERENCE, "no priority"},
        {"${run.x}", NDF_EREFERENCE, "names nothing"},
        {"${}", NDF_EREFERENCE, "names nothing"},
        {"a ${text", NDF_ESYNTAX, "never closes"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct str out;
        ndf_error error = {0};
        int err = template_text(
            &s->arena, &s->scope, str_of(cases[i].in), &out, &error);
        assert_int_equal(err, cases[i].code);
        if (strstr(error.message, cases[i].says) == NULL) {
            fail_msg("%s: '%s'", cases[i].in, error.message);
        }
    }
}

static void a_whole_reference_keeps_its_type(void **state)
{
    struct scene *s = *state;
    struct value in = json(&s->arena,
        "{\"a\": \"${steps.scan.output}\", \"b\": [\"${attributes.n}\", "
        "\"n=${attributes.n}\"], \"c\": 3, \"${text}\": \"$${x}\"}");
    struct value out;
    struct buf buf;
    assert_ok(template_value(&s->arena, &s->scope, &in, &out, NULL));
    buf_init(&buf, &mem_libc);
    json_write(&buf, &out);
    assert_string_equal(buf.at,
        "{\"${text}\":\"${x}\",\"a\":{\"findings\":[{\"id\":7}]},\"b\":[1.5,"
        "\"n=1.5\"],\"c\":3}");
    buf_deinit(&buf);
}

static void a_value_nested_too_deeply_is_refused(void **state)
{
    struct scene *s = *state;
    char text[2 * VALUE_DEPTH_MAX + 1] = {0};
    memset(text, '[', VALUE_DEPTH_MAX - 1);
    memset(text + VALUE_DEPTH_MAX - 1, ']', VALUE_DEPTH_MAX - 1);
    s->outputs[0] = json(&s->arena, text);
    struct value in = json(&s->arena, "{\"a\": \"${steps.scan.output}\"}");
    struct value out;
    ndf_error error = {0};
    assert_int_equal(
        template_value(&s->arena, &s->scope, &in, &out, &error), NDF_ELIMIT);
}

static void an_argument_stays_one_argument_and_has_a_limit(void **state)
{
    struct scene *s = *state;
    struct str items[] = {STR("cat"), STR("${attributes.path}")};
    struct str_list list = {items, 2};
    struct str_list out;
    assert_ok(template_list(&s->arena, &s->scope, &list, &out, NULL));
    assert_int_equal(out.count, 2);
    assert_str(out.items[1], "/x y");

    char *large = arena_alloc(&s->arena, AGENT_ARG_MAX);
    memset(large, 'x', AGENT_ARG_MAX);
    s->context.text = (struct str){large, AGENT_ARG_MAX - 1};
    items[1] = STR("${text}");
    assert_ok(template_list(&s->arena, &s->scope, &list, &out, NULL));
    ndf_error error = {0};
    s->context.text.size = AGENT_ARG_MAX;
    assert_int_equal(
        template_list(&s->arena, &s->scope, &list, &out, &error), NDF_ELIMIT);
    assert_non_null(strstr(error.message, "stdin"));
}

static void a_plan_is_checked_before_anything_runs(void **state)
{
    struct scene *s = *state;
    struct str steps[] = {STR("scan"), STR("fix")};
    struct str writes[] = {STR("attributes.stage"), STR("priority")};
    bool used[2] = {false, false};
    struct template_names names = {.steps = steps,
        .step_count = 2,
        .context = &s->context,
        .writes = writes,
        .write_count = 2,
        .used = used};
    static const struct {
        const char *in;
        int code;
    } cases[] = {
        {"${text} ${domain} ${run} ${agent.name} ${agent.body}", NDF_OK},
        {"${attributes} ${attributes.path} ${attributes.stage.x}", NDF_OK},
        {"${attributes.deep.list.0}", NDF_OK},
        {"${priority}", NDF_OK},
        {"${steps.scan.output.any.thing} ${steps.fix.exit}", NDF_OK},
        {"${agent_type}", NDF_EREFERENCE},
        {"${attributes.stag}", NDF_EREFERENCE},
        {"${attributes.path.x}", NDF_EREFERENCE},
        {"${steps.later.output}", NDF_EREFERENCE},
        {"${steps.scan.exit.x}", NDF_EREFERENCE},
        {"${steps.scan}", NDF_EREFERENCE},
        {"${agent.model}", NDF_EREFERENCE},
        {"${text.x}", NDF_EREFERENCE},
        {"${nothing}", NDF_EREFERENCE},
        {"${text", NDF_ESYNTAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        ndf_error error = {0};
        int err = template_check_text(&names, str_of(cases[i].in), &error);
        if (err != cases[i].code) {
            fail_msg("%s: %d '%s'", cases[i].in, err, error.message);
        }
    }
    assert_true(used[0]);
    assert_false(used[1]);
    names.any_attribute = true;
    assert_ok(template_check_text(&names, STR("${attributes.stag}"), NULL));
    struct value value = json(&s->arena, "[{\"a\": \"${nothing}\"}]");
    assert_int_equal(
        template_check_value(&names, &value, NULL), NDF_EREFERENCE);
}

static int render_body(const struct mem *mem, void *ud)
{
    struct scene *s = ud;
    struct arena arena;
    struct value out;
    arena_init(&arena, mem);
    struct value in = {.kind = VALUE_STRING};
    in.string = STR("a ${attributes.deep} ${steps.fix.output.a}");
    int err = template_value(&arena, &s->scope, &in, &out, NULL);
    arena_deinit(&arena);
    return err;
}

static void it_survives_every_failing_allocation(void **state)
{
    struct scene *s = *state;
    s->outputs[1] = value_of_str(STR("{\"a\": [10, 20]}"));
    test_each_allocation_fails(render_body, s);
}

#define SCENE(name)                                                            \
    cmocka_unit_test_setup_teardown(name, make_scene, free_scene)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(references_in_a_text_become_text),
        SCENE(a_text_that_is_inside_json_can_be_reached_into),
        SCENE(what_names_nothing_is_an_error_with_the_nearest_name),
        SCENE(a_whole_reference_keeps_its_type),
        SCENE(a_value_nested_too_deeply_is_refused),
        SCENE(an_argument_stays_one_argument_and_has_a_limit),
        SCENE(a_plan_is_checked_before_anything_runs),
        SCENE(it_survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
