/*
 * test_schema.c - the part of JSON Schema that expectations may use.
 */
#include <string.h>

#include "base/json.h"
#include "run/schema.h"
#include "support/support.h"

static struct value json(struct arena *arena, const char *text)
{
    struct value value;
    assert_ok(json_parse(arena, str_of(text), &value, NULL));
    return value;
}

static void a_value_satisfies_a_schema_or_not(void **state)
{
    (void)state;
    static const struct {
        const char *schema, *value;
        int code;
    } cases[] = {
        {"{}", "1", NDF_OK},
        {"{\"type\": \"object\"}", "{}", NDF_OK},
        {"{\"type\": \"object\"}", "[]", NDF_ESCHEMA},
        {"{\"type\": [\"string\", \"null\"]}", "null", NDF_OK},
        {"{\"type\": [\"string\", \"null\"]}", "0", NDF_ESCHEMA},
        {"{\"type\": \"integer\"}", "1.0", NDF_OK},
        {"{\"type\": \"integer\"}", "1.5", NDF_ESCHEMA},
        {"{\"type\": \"number\"}", "3", NDF_OK},
        {"{\"type\": \"boolean\"}", "true", NDF_OK},
        {"{\"type\": \"array\"}", "\"a\"", NDF_ESCHEMA},
        {"{\"enum\": [1, \"a\"]}", "\"a\"", NDF_OK},
        {"{\"enum\": [1, \"a\"]}", "2", NDF_ESCHEMA},
        {"{\"const\": {\"a\": 1}}", "{\"a\": 1}", NDF_OK},
        {"{\"const\": null}", "0", NDF_ESCHEMA},
        {"{\"required\": [\"a\"]}", "{\"a\": null}", NDF_OK},
        {"{\"required\": [\"a\"]}", "{\"b\": 1}", NDF_ESCHEMA},
        {"{\"required\": [\"a\"]}", "7", NDF_OK},
        {"{\"properties\": {\"a\": {\"type\": \"string\"}}}", "{\"a\": 1}",
            NDF_ESCHEMA},
        {"{\"properties\": {\"a\": {}}, \"additionalProperties\": false}",
            "{\"a\": 1, \"b\": 2}", NDF_ESCHEMA},
        {"{\"items\": {\"type\": \"integer\"}, \"minItems\": 1}", "[1, 2]",
            NDF_OK},
        {"{\"items\": {\"type\": \"integer\"}}", "[1, \"b\"]", NDF_ESCHEMA},
        {"{\"minItems\": 1}", "[]", NDF_ESCHEMA},
        {"{\"maxItems\": 1}", "[1, 2]", NDF_ESCHEMA},
        {"{\"minLength\": 2}", "\"\xC3\xA4\"", NDF_ESCHEMA},
        {"{\"maxLength\": 1}", "\"\xC3\xA4\"", NDF_OK},
        {"{\"minimum\": 0, \"maximum\": 1}", "0.5", NDF_OK},
        {"{\"minimum\": 0}", "-1", NDF_ESCHEMA},
        {"{\"maximum\": 9007199254740993}", "9007199254740993", NDF_OK},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena;
        ndf_error error = {0};
        arena_init(&arena, &mem_libc);
        struct value schema = json(&arena, cases[i].schema);
        struct value value = json(&arena, cases[i].value);
        assert_ok(schema_check(&schema, &error));
        int err = schema_validate(&schema, &value, &error);
        if (err != cases[i].code) {
            fail_msg("%s on %s", cases[i].schema, cases[i].value);
        }
        arena_deinit(&arena);
    }
}

static void a_schema_that_cannot_be_kept_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *schema;
        int code;
        const char *says;
    } cases[] = {
        {"7", NDF_ESCHEMA, "must be a map"},
        {"{\"oneOf\": []}", NDF_EUNSUPPORTED, "'oneOf'"},
        {"{\"propertis\": {}}", NDF_EUNSUPPORTED, "did you mean 'properties'"},
        {"{\"items\": {\"pattern\": \"x\"}}", NDF_EUNSUPPORTED, "'pattern'"},
        {"{\"properties\": {\"a\": 3}}", NDF_ESCHEMA, "must be a map"},
        {"{\"type\": \"text\"}", NDF_ESCHEMA, "'type'"},
        {"{\"type\": []}", NDF_ESCHEMA, "'type'"},
        {"{\"required\": [1]}", NDF_ESCHEMA, "'required'"},
        {"{\"minItems\": -1}", NDF_ESCHEMA, "'minItems'"},
        {"{\"enum\": 1}", NDF_ESCHEMA, "'enum'"},
        {"{\"additionalProperties\": {}}", NDF_ESCHEMA, "true or false"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct arena arena;
        ndf_error error = {0};
        arena_init(&arena, &mem_libc);
        struct value schema = json(&arena, cases[i].schema);
        assert_int_equal(schema_check(&schema, &error), cases[i].code);
        if (strstr(error.message, cases[i].says) == NULL) {
            fail_msg("%s: %s", cases[i].schema, error.message);
        }
        arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_satisfies_a_schema_or_not),
        cmocka_unit_test(a_schema_that_cannot_be_kept_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
