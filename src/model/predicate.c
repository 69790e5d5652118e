/*
 * predicate.c - `only_if` and `good_for`: maps of what must hold.
 *
 * Everything becomes a flat list of predicates: field, operator, operand. A
 * bare scalar is `eq` and a bare list `in`, except that a bare domain is globs
 * and a bare text regular expressions. Operands are checked and brought to one
 * shape here, so that matching needs no checks.
 */
#include "model/glob.h"
#include "model/pattern.h"
#include "model/regex.h"
#include "model/tables.h"

enum { FIELD_COUNT = 4, OP_COUNT = OP_GLOB };

static const struct str field_keys[] = {{"domain", 6}, {"agent_type", 10},
    {"priority", 8}, {"text", 4}, {"attributes", 10}};

#define OP_NAME(name, text) {text, sizeof text - 1},
static const struct str op_names[] = {PREDICATE_OPS(OP_NAME)};
#undef OP_NAME

/* Bits of the operators that each kind of field takes. */
#define BIT(op) (1U << (op))
static const unsigned text_ops =
    BIT(OP_EQ) | BIT(OP_NE) | BIT(OP_IN) | BIT(OP_NOT_IN) | BIT(OP_EXISTS) |
    BIT(OP_ABSENT) | BIT(OP_CONTAINS) | BIT(OP_MATCHES);
static const unsigned number_ops = BIT(OP_EQ) | BIT(OP_NE) | BIT(OP_IN) |
                                   BIT(OP_NOT_IN) | BIT(OP_LT) | BIT(OP_LE) |
                                   BIT(OP_GT) | BIT(OP_GE) | BIT(OP_BETWEEN) |
                                   BIT(OP_EXISTS) | BIT(OP_ABSENT);
#undef BIT

const char *predicate_op_name(enum predicate_op op)
{
    return op == OP_GLOB ? "glob" : op_names[op].at;
}

const char *field_name(enum field field)
{
    return field == FIELD_ATTRIBUTE ? "attribute" : field_keys[field].at;
}

/* A key of a condition under construction. */
struct place {
    enum field field;
    struct str name; /* of the attribute */
    const char *key; /* for sentences */
};

static bool is_text_field(enum field field)
{
    return field != FIELD_PRIORITY && field != FIELD_ATTRIBUTE;
}

/* One operand: words of scales become numbers. */
static int read_scalar(struct codec *c, const struct place *place,
    const struct value *value, struct value *out)
{
    *out = *value;
    if (is_text_field(place->field)) {
        if (value->kind != VALUE_STRING)
            return codec_expected(c, place->key, "a string", value);
        return NDF_OK;
    }
    struct str scale = place->field == FIELD_PRIORITY
                           ? field_keys[FIELD_PRIORITY]
                           : place->name;
    if (place->field == FIELD_ATTRIBUTE && str_equal(scale, STR("priority")))
        return NDF_OK;
    int64_t number = 0;
    if (value->kind == VALUE_STRING &&
        scale_number(scale, value->string, &number)) {
        out->kind = VALUE_INT;
        out->integer = number;
    }
    if (place->field == FIELD_PRIORITY &&
        (out->kind != VALUE_INT || out->integer < 1 || out->integer > 5))
        return codec_expected(c, place->key,
            "1 (most urgent) to 5, or one of highest, high, medium, low, "
            "lowest",
            value);
    return NDF_OK;
}

typedef int (*operand_fn)(struct codec *c, const struct place *place,
    const struct value *value, struct value *out);

/* A list of operands, or one alone, as an array. */
static int read_list(struct codec *c, const struct place *place,
    const struct value *value, operand_fn read, struct value *out)
{
    const struct value *items = value;
    size_t count = 1;
    if (value->kind == VALUE_ARRAY) {
        items = value->array.items;
        count = value->array.count;
    }
    if (count == 0)
        return codec_expected(c, place->key,
            "at least one item (an empty list never holds)", value);
    struct value list = {
        .kind = VALUE_ARRAY, .line = value->line, .column = value->column};
    for (size_t i = 0; i < count; i++) {
        struct value item = value_null;
        int err = read(c, place, &items[i], &item);
        if (err != NDF_OK) return err;
        if (value_push(c->arena, &list, item) != NDF_OK)
            return codec_no_memory(c);
    }
    *out = list;
    return NDF_OK;
}

static int read_regex(struct codec *c, const struct place *place,
    const struct value *value, struct value *out)
{
    if (value->kind != VALUE_STRING)
        return codec_expected(
            c, place->key, "a regular expression (a string)", value);
    *out = *value;
    return regex_check(value, place->key, c->error);
}

static int read_glob(struct codec *c, const struct place *place,
    const struct value *value, struct value *out)
{
    if (value->kind != VALUE_STRING || !glob_valid(value->string))
        return codec_expected(c, place->key,
            "a domain or a glob like security.** or web.* (a string)", value);
    *out = *value;
    return NDF_OK;
}

static int read_ordered(struct codec *c, const struct place *place,
    const struct value *value, struct value *out)
{
    int err = read_scalar(c, place, value, out);
    if (err != NDF_OK) return err;
    if (out->kind == VALUE_INT || out->kind == VALUE_REAL ||
        out->kind == VALUE_STRING)
        return NDF_OK;
    return codec_expected(c, place->key, "a number or a string", value);
}

static int read_between(struct codec *c, const struct place *place,
    const struct value *value, struct value *out)
{
    int order = 0;
    if (value->kind != VALUE_ARRAY || value->array.count != 2)
        return codec_expected(
            c, place->key, "two ends like [1, 5] for 'between'", value);
    int err = read_list(c, place, value, read_ordered, out);
    if (err != NDF_OK) return err;
    const struct value *ends = out->array.items;
    if (value_compare(&ends[0], &ends[1], &order) && order <= 0) return NDF_OK;
    return codec_expected(c, place->key,
        "the lower end first and both of a kind for 'between'", value);
}

static int read_truth(
    struct codec *c, const struct value *value, struct predicate *predicate)
{
    if (value->kind != VALUE_BOOL)
        return codec_expected(
            c, predicate_op_name(predicate->op), "true or false", value);
    if (!value->truth)
        predicate->op = predicate->op == OP_EXISTS ? OP_ABSENT : OP_EXISTS;
    return NDF_OK;
}

static int read_operand(struct codec *c, const struct place *place,
    const struct value *value, struct predicate *predicate)
{
    struct value *out = &predicate->operand;
    bool list = predicate->op == OP_IN || predicate->op == OP_NOT_IN;
    if (list && value->kind != VALUE_ARRAY)
        return codec_expected(c, place->key, "a list", value);
    switch (predicate->op) {
    case OP_EQ:
    case OP_NE:
    case OP_CONTAINS: return read_scalar(c, place, value, out);
    case OP_IN:
    case OP_NOT_IN: return read_list(c, place, value, read_scalar, out);
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE: return read_ordered(c, place, value, out);
    case OP_BETWEEN: return read_between(c, place, value, out);
    case OP_EXISTS:
    case OP_ABSENT: return read_truth(c, value, predicate);
    case OP_MATCHES: return read_list(c, place, value, read_regex, out);
    case OP_GLOB: break;
    }
    return read_list(c, place, value, read_glob, out);
}

static int add(struct codec *c, const struct place *place, enum predicate_op op,
    const struct value *value, struct condition *out)
{
    struct predicate *predicate = &out->predicates[out->count];
    *predicate = (struct predicate){.field = place->field,
        .op = op,
        .name = place->name,
        .line = value->line,
        .column = value->column};
    if (value_depth(value) > CODEC_DEPTH_MAX)
        return err_at(c->error, NDF_ELIMIT, value->line, value->column,
            "'%s' is nested more than %d levels deep", place->key,
            CODEC_DEPTH_MAX);
    int err = read_operand(c, place, value, predicate);
    if (err == NDF_OK) out->count++;
    return err;
}

static int find_op(struct codec *c, const struct place *place,
    const struct member *member, enum predicate_op *op)
{
    unsigned allowed = is_text_field(place->field)      ? text_ops
                       : place->field == FIELD_PRIORITY ? number_ops
                                                        : ~0U;
    struct str known[OP_COUNT];
    size_t count = 0;
    for (int i = 0; i < OP_COUNT; i++) {
        if ((allowed & (1U << i)) == 0) continue;
        known[count++] = op_names[i];
        if (!str_equal(op_names[i], member->key)) continue;
        *op = (enum predicate_op)i;
        return NDF_OK;
    }
    return codec_unknown(c, member, "a comparison", known, count);
}

static int read_place(struct codec *c, const struct place *place,
    const struct value *value, struct condition *out)
{
    if (value->kind != VALUE_OBJECT) {
        enum predicate_op bare = value->kind == VALUE_ARRAY ? OP_IN : OP_EQ;
        if (place->field == FIELD_DOMAIN) bare = OP_GLOB;
        if (place->field == FIELD_TEXT) bare = OP_MATCHES;
        return add(c, place, bare, value, out);
    }
    if (value->object.count == 0)
        return codec_expected(c, place->key,
            "a value, a list or a comparison like {ge: 3}", value);
    for (size_t i = 0; i < value->object.count; i++) {
        const struct member *member = &value->object.members[i];
        enum predicate_op op = OP_EQ;
        int err = find_op(c, place, member, &op);
        if (err == NDF_OK) err = add(c, place, op, &member->value, out);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int read_attributes(
    struct codec *c, const struct value *value, struct condition *out)
{
    if (value->kind != VALUE_OBJECT)
        return codec_expected(c, "attributes", "a map", value);
    for (size_t i = 0; i < value->object.count; i++) {
        const struct member *member = &value->object.members[i];
        if (member->key.size == 0)
            return err_at(c->error, NDF_ESCHEMA, member->line, member->column,
                "an attribute has no name");
        struct place place = {FIELD_ATTRIBUTE, member->key, member->key.at};
        int err = read_place(c, &place, &member->value, out);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static size_t count_comparisons(const struct value *value)
{
    return value->kind == VALUE_OBJECT ? value->object.count : 1;
}

/* At least as many as there will be. */
static size_t count_predicates(const struct value *value)
{
    size_t count = 0;
    for (size_t i = 0; i < value->object.count; i++) {
        const struct member *member = &value->object.members[i];
        count += count_comparisons(&member->value);
        if (!str_equal(member->key, field_keys[FIELD_ATTRIBUTE])) continue;
        if (member->value.kind != VALUE_OBJECT) continue;
        for (size_t j = 0; j < member->value.object.count; j++)
            count += count_comparisons(&member->value.object.members[j].value);
    }
    return count;
}

static int read_condition(struct codec *c, const char *key,
    const struct value *value, struct condition *out)
{
    if (value->kind != VALUE_OBJECT)
        return codec_expected(c, key, "a map", value);
    *out = (struct condition){NULL, 0};
    out->predicates = arena_calloc(
        c->arena, count_predicates(value), sizeof *out->predicates);
    if (out->predicates == NULL) return codec_no_memory(c);
    for (size_t i = 0; i < value->object.count; i++) {
        const struct member *member = &value->object.members[i];
        int field = 0;
        while (
            field <= FIELD_COUNT && !str_equal(field_keys[field], member->key))
            field++;
        if (field > FIELD_COUNT)
            return codec_unknown(
                c, member, "a condition", field_keys, FIELD_COUNT + 1);
        struct place place = {(enum field)field, {NULL, 0}, member->key.at};
        int err = field == FIELD_ATTRIBUTE
                      ? read_attributes(c, &member->value, out)
                      : read_place(c, &place, &member->value, out);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int only_if_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    struct pattern *pattern = field;
    const struct value *items = value;
    size_t count = 1;
    if (value->kind == VALUE_ARRAY) {
        items = value->array.items;
        count = value->array.count;
        if (count == 0) return codec_refuse(c, key, value);
    }
    struct condition *conditions =
        arena_calloc(c->arena, count, sizeof *conditions);
    if (conditions == NULL) return codec_no_memory(c);
    for (size_t i = 0; i < count; i++) {
        int err = read_condition(c, key->name, &items[i], &conditions[i]);
        if (err != NDF_OK) return err;
        if (conditions[i].count == 0 && value->kind == VALUE_ARRAY)
            return err_at(c->error, NDF_ESCHEMA, items[i].line, items[i].column,
                "'only_if': an alternative without a condition always holds: "
                "leave it out or leave out 'only_if'");
    }
    pattern->only_if = conditions;
    pattern->only_if_count = conditions[0].count == 0 ? 0 : count;
    return NDF_OK;
}

static int good_for_read(struct codec *c, const struct codec_key *key,
    const struct value *value, void *field)
{
    return read_condition(c, key->name, value, field);
}

static bool same_place(const struct predicate *a, const struct predicate *b)
{
    return a->field == b->field && str_equal(a->name, b->name);
}

static int write_comparisons(struct arena *arena,
    const struct predicate *predicates, size_t count, struct value *out)
{
    if (predicates[0].op == OP_GLOB) {
        *out = predicates[0].operand;
        return NDF_OK;
    }
    *out = value_of_object();
    for (size_t i = 0; i < count; i++) {
        const struct predicate *p = &predicates[i];
        bool truth = p->op == OP_EXISTS || p->op == OP_ABSENT;
        int err = value_set(arena, out, op_names[p->op],
            truth ? value_of_bool(true) : p->operand);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int write_condition(
    struct arena *arena, const struct condition *condition, struct value *out)
{
    struct value attributes = value_of_object();
    *out = value_of_object();
    size_t end = 0;
    for (size_t i = 0; i < condition->count; i = end) {
        const struct predicate *first = &condition->predicates[i];
        for (end = i + 1; end < condition->count; end++) {
            if (!same_place(first, &condition->predicates[end])) break;
        }
        struct value item = value_null;
        int err = write_comparisons(arena, first, end - i, &item);
        if (err == NDF_OK && first->field == FIELD_ATTRIBUTE)
            err = value_set(arena, &attributes, first->name, item);
        else if (err == NDF_OK)
            err = value_set(arena, out, field_keys[first->field], item);
        if (err != NDF_OK) return err;
    }
    if (attributes.object.count == 0) return NDF_OK;
    return value_set(arena, out, field_keys[FIELD_ATTRIBUTE], attributes);
}

static int only_if_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct pattern *pattern = field;
    (void)key;
    (void)base;
    if (pattern->only_if_count == 0) return NDF_OK;
    if (pattern->only_if_count == 1)
        return write_condition(arena, &pattern->only_if[0], out);
    *out = value_of_array();
    for (size_t i = 0; i < pattern->only_if_count; i++) {
        struct value item = value_null;
        int err = write_condition(arena, &pattern->only_if[i], &item);
        if (err == NDF_OK) err = value_push(arena, out, item);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static int good_for_write(struct arena *arena, const struct codec_key *key,
    const void *field, const void *base, struct value *out)
{
    const struct condition *condition = field;
    (void)key;
    (void)base;
    if (condition->count == 0) return NDF_OK;
    return write_condition(arena, condition, out);
}

const struct codec_type only_if_type = {
    "a map of conditions or a list of such maps", only_if_read, only_if_write};
const struct codec_type good_for_type = {
    "a map of conditions", good_for_read, good_for_write};
