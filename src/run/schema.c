/*
 * schema.c - the small part of JSON Schema that `expect.json_schema` may use.
 *
 * One table of keywords: how each is checked when the plan is made, and what
 * it asks of a value. Invariant: whatever schema_check accepts,
 * schema_validate understands whole.
 */
#include "run/schema.h"

#include "base/utf8.h"

/* Says whether the operand has the right form. */
typedef bool (*form_fn)(const struct value *operand);
/* Says whether value satisfies the operand. */
typedef bool (*holds_fn)(
    const struct value *operand, const struct value *value);

struct keyword {
    struct str name;
    form_fn form;
    const char *expected; /* what form wants */
    holds_fn holds;       /* NULL: nothing to check, or done by the walk */
};

static const struct str type_names[] = {
    {"null", 4},
    {"boolean", 7},
    {"integer", 7},
    {"number", 6},
    {"string", 6},
    {"array", 5},
    {"object", 6},
};

enum { TYPE_COUNT = sizeof type_names / sizeof *type_names };

static bool any_form(const struct value *operand)
{
    (void)operand;
    return true;
}

static bool is_type_name(const struct value *operand)
{
    if (operand->kind != VALUE_STRING) return false;
    for (int i = 0; i < TYPE_COUNT; i++) {
        if (str_equal(operand->string, type_names[i])) return true;
    }
    return false;
}

static bool type_form(const struct value *operand)
{
    if (operand->kind != VALUE_ARRAY) return is_type_name(operand);
    for (size_t i = 0; i < operand->array.count; i++) {
        if (!is_type_name(&operand->array.items[i])) return false;
    }
    return operand->array.count > 0;
}

static bool list_form(const struct value *operand)
{
    return operand->kind == VALUE_ARRAY;
}

static bool names_form(const struct value *operand)
{
    if (operand->kind != VALUE_ARRAY) return false;
    for (size_t i = 0; i < operand->array.count; i++) {
        if (operand->array.items[i].kind != VALUE_STRING) return false;
    }
    return true;
}

static bool map_form(const struct value *operand)
{
    return operand->kind == VALUE_OBJECT;
}

static bool bool_form(const struct value *operand)
{
    return operand->kind == VALUE_BOOL;
}

static bool count_form(const struct value *operand)
{
    return operand->kind == VALUE_INT && operand->integer >= 0;
}

static bool number_form(const struct value *operand)
{
    return operand->kind == VALUE_INT || operand->kind == VALUE_REAL;
}

/* 1.0 is an integer, as JSON Schema has it. */
static bool is_integer(const struct value *value)
{
    if (value->kind == VALUE_INT) return true;
    if (value->kind != VALUE_REAL) return false;
    const double limit = 4611686018427387904.0; /* 2^62 */
    return value->real >= -limit && value->real <= limit &&
           (double)(int64_t)value->real == value->real;
}

static bool is_of_type(const struct value *value, struct str type)
{
    if (str_equal(type, STR("integer"))) return is_integer(value);
    if (str_equal(type, STR("number"))) return number_form(value);
    if (str_equal(type, STR("null"))) return value->kind == VALUE_NULL;
    if (str_equal(type, STR("boolean"))) return value->kind == VALUE_BOOL;
    if (str_equal(type, STR("string"))) return value->kind == VALUE_STRING;
    if (str_equal(type, STR("array"))) return value->kind == VALUE_ARRAY;
    return value->kind == VALUE_OBJECT;
}

static bool type_holds(const struct value *operand, const struct value *value)
{
    if (operand->kind == VALUE_STRING) {
        return is_of_type(value, operand->string);
    }
    for (size_t i = 0; i < operand->array.count; i++) {
        if (is_of_type(value, operand->array.items[i].string)) return true;
    }
    return false;
}

static bool enum_holds(const struct value *operand, const struct value *value)
{
    for (size_t i = 0; i < operand->array.count; i++) {
        if (value_equal(&operand->array.items[i], value)) return true;
    }
    return false;
}

static bool required_holds(
    const struct value *operand, const struct value *value)
{
    if (value->kind != VALUE_OBJECT) return true;
    for (size_t i = 0; i < operand->array.count; i++) {
        if (value_get(value, operand->array.items[i].string) == NULL) {
            return false;
        }
    }
    return true;
}

static int64_t code_points(struct str text)
{
    int64_t count = 0;
    for (size_t at = 0; utf8_next(text, &at) >= 0;) {
        count++;
    }
    return count;
}

static bool min_items(const struct value *operand, const struct value *value)
{
    return value->kind != VALUE_ARRAY ||
           value->array.count >= (uint64_t)operand->integer;
}

static bool max_items(const struct value *operand, const struct value *value)
{
    return value->kind != VALUE_ARRAY ||
           value->array.count <= (uint64_t)operand->integer;
}

static bool min_length(const struct value *operand, const struct value *value)
{
    return value->kind != VALUE_STRING ||
           code_points(value->string) >= operand->integer;
}

static bool max_length(const struct value *operand, const struct value *value)
{
    return value->kind != VALUE_STRING ||
           code_points(value->string) <= operand->integer;
}

static bool minimum(const struct value *operand, const struct value *value)
{
    int order;
    return !number_form(value) ||
           (value_compare(value, operand, &order) && order >= 0);
}

static bool maximum(const struct value *operand, const struct value *value)
{
    int order;
    return !number_form(value) ||
           (value_compare(value, operand, &order) && order <= 0);
}

#define NAME(literal)                                                          \
    {                                                                          \
        literal, sizeof(literal) - 1                                           \
    }

static const struct keyword keywords[] = {
    {NAME("type"), type_form, "a type's name or a list of them", type_holds},
    {NAME("enum"), list_form, "a list", enum_holds},
    {NAME("const"), any_form, "", value_equal},
    {NAME("required"), names_form, "a list of names", required_holds},
    {NAME("properties"), map_form, "a map of schemas", NULL},
    {NAME("additionalProperties"), bool_form, "true or false", NULL},
    {NAME("items"), map_form, "a schema", NULL},
    {NAME("minItems"), count_form, "a number from 0", min_items},
    {NAME("maxItems"), count_form, "a number from 0", max_items},
    {NAME("minLength"), count_form, "a number from 0", min_length},
    {NAME("maxLength"), count_form, "a number from 0", max_length},
    {NAME("minimum"), number_form, "a number", minimum},
    {NAME("maximum"), number_form, "a number", maximum},
    {NAME("title"), any_form, "", NULL},
    {NAME("description"), any_form, "", NULL},
    {NAME("default"), any_form, "", NULL},
    {NAME("examples"), any_form, "", NULL},
    {NAME("$schema"), any_form, "", NULL},
    {NAME("$comment"), any_form, "", NULL},
};

enum { KEYWORD_COUNT = sizeof keywords / sizeof *keywords };

static const struct keyword *keyword_find(struct str name)
{
    for (int i = 0; i < KEYWORD_COUNT; i++) {
        if (str_equal(keywords[i].name, name)) return &keywords[i];
    }
    return NULL;
}

static int check_keyword(const struct member *member, ndf_error *error)
{
    const struct keyword *keyword = keyword_find(member->key);
    if (keyword == NULL) {
        struct str names[KEYWORD_COUNT];
        for (int i = 0; i < KEYWORD_COUNT; i++) {
            names[i] = keywords[i].name;
        }
        struct str near = str_nearest(member->key, names, KEYWORD_COUNT);
        return err_at(error, NDF_EUNSUPPORTED, member->line, member->column,
            "json_schema cannot use '%.*s' here%s%.*s%s: only type, enum, "
            "const, required, properties, items and simple bounds are checked",
            STR_ARG(member->key), near.at != NULL ? " (did you mean '" : "",
            STR_ARG(near), near.at != NULL ? "'?)" : "");
    }
    if (!keyword->form(&member->value)) {
        return err_at(error, NDF_ESCHEMA, member->line, member->column,
            "'%.*s' in json_schema must be %s, not a %s", STR_ARG(member->key),
            keyword->expected, value_kind_name(member->value.kind));
    }
    return NDF_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most VALUE_DEPTH_MAX levels. */
int schema_check(const struct value *schema, ndf_error *error)
{
    if (schema->kind != VALUE_OBJECT) {
        return err_at(error, NDF_ESCHEMA, schema->line, schema->column,
            "json_schema must be a map, not a %s",
            value_kind_name(schema->kind));
    }
    int err = NDF_OK;
    for (size_t i = 0; i < schema->object.count && err == NDF_OK; i++) {
        err = check_keyword(&schema->object.members[i], error);
    }
    const struct value *items = value_get(schema, STR("items"));
    if (err == NDF_OK && items != NULL) err = schema_check(items, error);
    const struct value *properties = value_get(schema, STR("properties"));
    if (properties == NULL) return err;
    for (size_t i = 0; i < properties->object.count && err == NDF_OK; i++) {
        err = schema_check(&properties->object.members[i].value, error);
    }
    return err;
}

static int check_here(
    const struct value *schema, const struct value *value, ndf_error *error)
{
    for (size_t i = 0; i < schema->object.count; i++) {
        const struct member *member = &schema->object.members[i];
        const struct keyword *keyword = keyword_find(member->key);
        if (keyword == NULL || keyword->holds == NULL) continue;
        if (keyword->holds(&member->value, value)) continue;
        return err_set(error, NDF_ESCHEMA, "a %s does not satisfy '%.*s'",
            value_kind_name(value->kind), STR_ARG(member->key));
    }
    return NDF_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most VALUE_DEPTH_MAX levels. */
int schema_validate(
    const struct value *schema, const struct value *value, ndf_error *error)
{
    int err = check_here(schema, value, error);
    const struct value *items = value_get(schema, STR("items"));
    if (value->kind == VALUE_ARRAY && items != NULL) {
        for (size_t i = 0; i < value->array.count && err == NDF_OK; i++) {
            err = schema_validate(items, &value->array.items[i], error);
        }
    }
    if (value->kind != VALUE_OBJECT) return err;
    const struct value *properties = value_get(schema, STR("properties"));
    bool others = value_get_bool(schema, STR("additionalProperties"), true);
    for (size_t i = 0; i < value->object.count && err == NDF_OK; i++) {
        const struct member *member = &value->object.members[i];
        const struct value *inner = value_get(properties, member->key);
        if (inner != NULL) {
            err = schema_validate(inner, &member->value, error);
        } else if (!others) {
            err = err_set(error, NDF_ESCHEMA, "'%.*s' is not allowed",
                STR_ARG(member->key));
        }
    }
    return err;
}
