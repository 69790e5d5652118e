/*
 * random_rules.c - see random_rules.h.
 */
#include "random_rules.h"

#include <stdlib.h>
#include <string.h>

enum { OPS = OP_GLOB + 1, FIELDS = FIELD_ATTRIBUTE + 1 };

/* A test has no way to go on without memory. */
static void *need(void *at)
{
    if (at == NULL) abort();
    return at;
}

/* ---- drawing ------------------------------------------------------------- */

static uint32_t draw_next(struct draw *draw)
{
    if (draw->left >= 2) {
        uint32_t next = draw->bytes[0] | (uint32_t)draw->bytes[1] << 8;
        draw->bytes += 2;
        draw->left -= 2;
        return next;
    }
    draw->left = 0;
    draw->state = draw->state * 6364136223846793005U + 1442695040888963407U;
    uint64_t mixed = (draw->state ^ draw->state >> 31) * 0x9E3779B97F4A7C15U;
    return (uint32_t)(mixed >> 32);
}

uint32_t draw_below(struct draw *draw, uint32_t below)
{
    return draw_next(draw) % below;
}

bool draw_chance(struct draw *draw, unsigned percent)
{
    return draw_below(draw, 100) < percent;
}

#define DRAW(draw, items)                                                      \
    ((items)[draw_below(draw, sizeof(items) / sizeof(items)[0])])

/* ---- values -------------------------------------------------------------- */

static struct str text_of(struct world *world, const char *prefix, uint32_t n)
{
    struct str text = arena_format(&world->arena, "%s%u", prefix, n);
    (void)need((void *)(uintptr_t)text.at);
    return text;
}

static struct value draw_integer(struct world *world)
{
    static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, INT64_MAX - 1,
        INT64_MAX, 9007199254740991, 9007199254740992, 9007199254740993,
        -9007199254740993, 1000000007, -1};
    struct draw *draw = &world->draw;
    if (draw_chance(draw, 10)) return value_of_int(DRAW(draw, ends));
    if (world->wide) return value_of_int(draw_below(draw, 2000));
    return value_of_int(draw_below(draw, 10));
}

static struct value draw_real(struct world *world)
{
    static const double reals[] = {0.0, -0.0, 1.0, 2.0, 5.0, 2.5, 8.0, -1.5,
        1e300, -1e300, 1e-300, 4.9e-324, 9007199254740992.0, 9007199254740994.0,
        9223372036854775808.0, -9223372036854775808.0, 18446744073709551616.0,
        9223372036854774784.0};
    if (world->wide && draw_chance(&world->draw, 60))
        return value_of_real(draw_below(&world->draw, 4000) / 2.0);
    return value_of_real(DRAW(&world->draw, reals));
}

static struct value draw_string(struct world *world)
{
    static const char *const words[] = {"", "s", "t", "staging", "low",
        "medium", "high", "lowest", "highest", "true", "null", "5", "\xc3\xa9",
        "a longer text that no short copy holds, with a tail"};
    if (world->wide && draw_chance(&world->draw, 80))
        return value_of_str(text_of(world, "v", draw_below(&world->draw, 300)));
    return value_of_str(str_of(DRAW(&world->draw, words)));
}

static struct value draw_scalar(struct world *world)
{
    uint32_t kind = draw_below(&world->draw, 100);
    if (kind < 40) return draw_integer(world);
    if (kind < 50) return draw_real(world);
    if (kind < 82) return draw_string(world);
    if (kind < 94) return value_of_bool(draw_chance(&world->draw, 50));
    return value_null;
}

static void push(struct world *world, struct value *array, struct value item)
{
    if (value_push(&world->arena, array, item) != NDF_OK) abort();
}

static void set(struct world *world, struct value *object, struct str key,
    struct value item)
{
    if (value_set(&world->arena, object, key, item) != NDF_OK) abort();
}

/* Its keys are pieces of the names of attributes. */
static struct value draw_object(struct world *world, int depth)
{
    static const char *const keys[] = {"b", "c", "b.c", "z", "complexity", ""};
    struct value object = value_of_object();
    for (uint32_t n = draw_below(&world->draw, 4); n > 0; n--)
        set(world, &object, str_of(DRAW(&world->draw, keys)),
            depth < 2 && draw_chance(&world->draw, 30)
                ? draw_object(world, depth + 1)
                : draw_scalar(world));
    return object;
}

static struct value draw_new_value(struct world *world)
{
    uint32_t kind = draw_below(&world->draw, 100);
    if (kind < 84) return draw_scalar(world);
    if (kind < 92) return draw_object(world, 0);
    struct value array = value_of_array();
    for (uint32_t n = draw_below(&world->draw, 4); n > 0; n--)
        push(world, &array, draw_scalar(world));
    return array;
}

static struct value draw_value(struct world *world)
{
    if (draw_chance(&world->draw, world->wide ? 40 : 80))
        return world
            ->values[draw_below(&world->draw, (uint32_t)world->value_count)];
    return draw_new_value(world);
}

/* ---- places, types, texts ------------------------------------------------ */

static struct str dotted(struct world *world, uint32_t segments, bool glob)
{
    static const char *const few[] = {"a", "b", "c"};
    struct buf text;
    buf_init(&text, &mem_libc);
    for (uint32_t i = 0; i < segments; i++) {
        if (i > 0) buf_add(&text, ".", 1);
        if (glob && draw_chance(&world->draw, 20)) buf_add(&text, "*", 1);
        else if (world->wide && i < 3)
            buf_format(&text, "d%u", draw_below(&world->draw, 9));
        else buf_format(&text, "%s", DRAW(&world->draw, few));
    }
    if (glob && draw_chance(&world->draw, 45))
        buf_add(&text, ".**", segments > 0 ? 3 : 0);
    struct str copy = arena_str(&world->arena, buf_str(&text));
    (void)need((void *)(uintptr_t)copy.at);
    buf_deinit(&text);
    return copy;
}

static uint32_t draw_depth(struct world *world)
{
    if (draw_chance(&world->draw, 2)) return 120;
    return 1 + draw_below(&world->draw, 4);
}

static struct str draw_glob(struct world *world)
{
    if (draw_chance(&world->draw, 4)) return STR("**");
    return dotted(world, draw_depth(world), true);
}

static struct str draw_domain(struct world *world)
{
    static const char *const strange[] = {
        "", ".", "a.", ".a", "a..b", "*", "**", "a.*", "a.**", "A"};
    if (world->odd && draw_chance(&world->draw, 20))
        return str_of(DRAW(&world->draw, strange));
    return dotted(world, draw_depth(world), false);
}

static struct str draw_type(struct world *world)
{
    static const char *const types[] = {
        "dev", "ops", "security_analyst", "dev2", ""};
    if (world->wide)
        return text_of(world, "type", draw_below(&world->draw, 40));
    return str_of(DRAW(&world->draw, types));
}

static struct str draw_task(struct world *world)
{
    static const char *const tasks[] = {"", "s", "fix the leak",
        "find and fix the memory leak in the parser of the configuration",
        "audit the login flow", "Fix", "2024-11-05"};
    return str_of(DRAW(&world->draw, tasks));
}

static struct value draw_field_value(struct world *world, enum field field)
{
    switch (field) {
    case FIELD_DOMAIN: return value_of_str(draw_domain(world));
    case FIELD_AGENT_TYPE: return value_of_str(draw_type(world));
    case FIELD_TEXT: return value_of_str(draw_task(world));
    case FIELD_PRIORITY: return value_of_int(1 + draw_below(&world->draw, 5));
    case FIELD_ATTRIBUTE: break;
    }
    return draw_value(world);
}

/* ---- predicates ---------------------------------------------------------- */

bool world_may_ask(enum field field, enum predicate_op op)
{
    bool order = op == OP_LT || op == OP_LE || op == OP_GT || op == OP_GE ||
                 op == OP_BETWEEN;
    bool text = op == OP_CONTAINS || op == OP_MATCHES;
    if (op == OP_GLOB) return field == FIELD_DOMAIN;
    if (field == FIELD_ATTRIBUTE) return true;
    return field == FIELD_PRIORITY ? !text : !order;
}

static struct value draw_list(
    struct world *world, enum field field, uint32_t most)
{
    struct value list = value_of_array();
    if (draw_chance(&world->draw, 2)) most *= 20;
    for (uint32_t n = 1 + draw_below(&world->draw, most); n > 0; n--)
        push(world, &list, draw_field_value(world, field));
    return list;
}

static struct value draw_ordered(struct world *world, enum field field)
{
    if (field != FIELD_ATTRIBUTE) return draw_field_value(world, field);
    if (draw_chance(&world->draw, 20)) return draw_string(world);
    return draw_chance(&world->draw, 80) ? draw_integer(world)
                                         : draw_real(world);
}

static struct value draw_ends(struct world *world, enum field field)
{
    struct value ends = value_of_array();
    struct value low = draw_ordered(world, field);
    struct value high = draw_ordered(world, field);
    int order;
    while (!value_compare(&low, &high, &order))
        high = draw_ordered(world, field);
    push(world, &ends, order <= 0 ? low : high);
    push(world, &ends, order <= 0 ? high : low);
    return ends;
}

static struct value draw_globs(struct world *world)
{
    struct value globs = value_of_array();
    uint32_t most = draw_chance(&world->draw, 3) ? 60 : 3;
    for (uint32_t n = 1 + draw_below(&world->draw, most); n > 0; n--)
        push(world, &globs, value_of_str(draw_glob(world)));
    return globs;
}

static struct value draw_expressions(struct world *world)
{
    static const char *const known[] = {"s", "^fix", "\\bleak\\b", "^$",
        "(?i)FIX|audit", "\\d+", "^a(\\.|$)", "^v[0-4]", "\\pL"};
    struct value list = value_of_array();
    for (uint32_t n = 1 + draw_below(&world->draw, 2); n > 0; n--)
        push(world, &list, value_of_str(str_of(DRAW(&world->draw, known))));
    return list;
}

/* Part of what may be there. */
static struct value draw_part(struct world *world, enum field field)
{
    struct value value = draw_field_value(world, field);
    if (value.kind != VALUE_STRING || draw_chance(&world->draw, 30))
        return value;
    size_t size = value.string.size;
    if (size > 0) size = draw_below(&world->draw, (uint32_t)size + 1);
    while (size > 0 && ((unsigned char)value.string.at[size] & 0xC0) == 0x80)
        size--; /* not inside a character */
    value.string = arena_str(&world->arena, str_until(value.string, size));
    return value;
}

static struct value draw_operand(
    struct world *world, enum field field, enum predicate_op op)
{
    switch (op) {
    case OP_EQ:
    case OP_NE: return draw_field_value(world, field);
    case OP_IN:
    case OP_NOT_IN: return draw_list(world, field, 5);
    case OP_LT:
    case OP_LE:
    case OP_GT:
    case OP_GE: return draw_ordered(world, field);
    case OP_BETWEEN: return draw_ends(world, field);
    case OP_EXISTS:
    case OP_ABSENT: break;
    case OP_CONTAINS: return draw_part(world, field);
    case OP_MATCHES: return draw_expressions(world);
    case OP_GLOB: return draw_globs(world);
    }
    return value_null;
}

/* As the decoder does, mostly: words of a scale are numbers in operands. */
static void map_scales(struct world *world, struct predicate *predicate)
{
    struct value *operand = &predicate->operand;
    struct value *items = operand;
    size_t count = 1;
    int64_t number;
    if (draw_chance(&world->draw, 25)) return;
    if (predicate->op == OP_IN || predicate->op == OP_NOT_IN) {
        items = operand->array.items;
        count = operand->array.count;
    }
    for (size_t i = 0; i < count; i++) {
        if (items[i].kind == VALUE_STRING &&
            scale_number(predicate->name, items[i].string, &number))
            items[i] = value_of_int(number);
    }
}

struct predicate world_predicate(
    struct world *world, enum field field, enum predicate_op op)
{
    struct predicate predicate = {.field = field, .op = op};
    predicate.operand = draw_operand(world, field, op);
    if (field == FIELD_ATTRIBUTE) {
        predicate.name =
            world->names[draw_below(&world->draw, (uint32_t)world->name_count)];
        if (op != OP_BETWEEN) map_scales(world, &predicate);
    }
    return predicate;
}

/* Any field, operator and operand, whether they fit or not. */
static struct predicate draw_odd(struct world *world)
{
    enum field field = (enum field)draw_below(&world->draw, FIELDS);
    enum predicate_op op = (enum predicate_op)draw_below(&world->draw, OPS);
    struct predicate predicate = world_predicate(world, field, op);
    if (op == OP_MATCHES) return predicate;
    if (draw_chance(&world->draw, 40))
        predicate.operand = draw_new_value(world);
    if (op != OP_GLOB && draw_chance(&world->draw, 10))
        predicate.operand = value_of_array();
    /* Only globs that are valid may be matched. */
    if (op == OP_GLOB && predicate.operand.kind == VALUE_ARRAY)
        predicate.operand = draw_globs(world);
    return predicate;
}

static struct predicate draw_predicate(struct world *world)
{
    static const enum field fields[] = {FIELD_DOMAIN, FIELD_DOMAIN,
        FIELD_AGENT_TYPE, FIELD_PRIORITY, FIELD_TEXT, FIELD_ATTRIBUTE,
        FIELD_ATTRIBUTE, FIELD_ATTRIBUTE, FIELD_ATTRIBUTE, FIELD_ATTRIBUTE,
        FIELD_ATTRIBUTE, FIELD_ATTRIBUTE};
    if (world->odd && draw_chance(&world->draw, 40)) return draw_odd(world);
    enum field field = DRAW(&world->draw, fields);
    enum predicate_op op;
    do {
        op = (enum predicate_op)draw_below(&world->draw, OPS);
        /* Expressions cost time to compile. */
        if (op == OP_MATCHES && draw_chance(&world->draw, 60)) op = OP_EQ;
        if (field == FIELD_DOMAIN && draw_chance(&world->draw, 75))
            op = OP_GLOB;
    } while (!world_may_ask(field, op));
    return world_predicate(world, field, op);
}

static struct condition draw_condition(struct world *world, uint32_t count)
{
    struct condition condition = {NULL, count};
    condition.predicates =
        need(arena_calloc(&world->arena, count, sizeof *condition.predicates));
    for (uint32_t i = 0; i < count; i++)
        condition.predicates[i] = draw_predicate(world);
    if (world->grouped && count > 2 && draw_chance(&world->draw, 90)) {
        condition.predicates[0] = world_predicate(world, FIELD_DOMAIN, OP_GLOB);
        condition.predicates[1] = world_predicate(world, FIELD_AGENT_TYPE,
            draw_chance(&world->draw, 60) ? OP_EQ : OP_IN);
    }
    return condition;
}

static uint32_t draw_count(struct world *world, uint32_t most)
{
    if (draw_chance(&world->draw, 2)) return 10 + draw_below(&world->draw, 60);
    return 1 + draw_below(&world->draw, most);
}

struct index_rule world_rule(struct world *world)
{
    struct index_rule rule = {NULL, 0, NULL};
    struct draw *draw = &world->draw;
    if (!draw_chance(draw, world->free_share)) {
        uint32_t ways =
            draw_chance(draw, 60) ? 1 : draw_count(world, world->ways_max);
        struct condition *law =
            need(arena_calloc(&world->arena, ways, sizeof *law));
        for (uint32_t i = 0; i < ways; i++)
            law[i] =
                draw_condition(world, world->odd && draw_chance(draw, 3)
                                          ? 0
                                          : draw_count(world, world->all_max));
        rule.only_if = law;
        rule.only_if_count = ways;
    }
    if (draw_chance(draw, 40)) {
        struct condition *taste =
            need(arena_alloc(&world->arena, sizeof *taste));
        *taste = draw_condition(world, draw_chance(draw, 10) ? 0
                                       : draw_chance(draw, 2)
                                           ? 60 + draw_below(draw, 80)
                                           : 1 + draw_below(draw, 6));
        rule.good_for = taste;
    }
    return rule;
}

/* ---- contexts ------------------------------------------------------------ */

static void draw_attributes(struct world *world, struct value *out)
{
    *out = value_of_object();
    if (draw_chance(&world->draw, 3)) return;
    unsigned share = 40 + draw_below(&world->draw, 60);
    for (size_t i = 0; i < world->name_count; i++) {
        struct str name = world->names[i];
        size_t dot = str_find_char(name, '.');
        if (!draw_chance(&world->draw, share)) continue;
        if (dot < name.size && draw_chance(&world->draw, 50)) {
            struct value object = draw_object(world, 0);
            struct str above = arena_str(&world->arena, str_until(name, dot));
            set(world, &object, str_from(name, dot + 1), draw_value(world));
            set(world, out, above, object);
        } else {
            set(world, out, name, draw_value(world));
        }
    }
    if (draw_chance(&world->draw, 30))
        set(world, out, STR("nobody asks for this"), draw_value(world));
}

struct context *world_context(struct world *world)
{
    struct draw *draw = &world->draw;
    struct context *context = need(arena_alloc(&world->arena, sizeof *context));
    draw_attributes(world, &context->attributes);
    if (!draw_chance(draw, 10)) context->domain = draw_domain(world);
    if (!draw_chance(draw, 15)) context->agent_type = draw_type(world);
    if (!draw_chance(draw, 25))
        context->priority = (int)(1 + draw_below(draw, 5));
    if (!draw_chance(draw, 30)) context->text = draw_task(world);
    return context;
}

/* ---- worlds -------------------------------------------------------------- */

static void draw_names(struct world *world)
{
    static const char *const known[] = {"x", "a.b", "complexity", "a", "b.c",
        "priority", "a.b.c", "y", "a longer name of an attribute", "b",
        "c.complexity", "z", "text", "domain"};
    enum { KNOWN = sizeof known / sizeof known[0] };
    size_t count = 2 + draw_below(&world->draw, RANDOM_NAMES_MAX - 2);
    uint32_t from = draw_below(&world->draw, KNOWN);
    for (size_t i = 0; i < count; i++)
        world->names[i] = i < KNOWN ? str_of(known[(i + from) % KNOWN])
                                    : text_of(world, "n", (uint32_t)i);
    if (world->odd)
        world->names[draw_below(&world->draw, (uint32_t)count)] = STR("");
    world->name_count = count;
}

void world_init(struct world *world, struct draw draw)
{
    *world = (struct world){.draw = draw};
    arena_init(&world->arena, &mem_libc);
    world->odd = draw_chance(&world->draw, 25);
    world->wide = draw_chance(&world->draw, 35);
    world->grouped = draw_chance(&world->draw, 40);
    world->free_share = draw_chance(&world->draw, 10) ? 75 : 4;
    world->ways_max = 2 + draw_below(&world->draw, 4);
    world->all_max = 1 + draw_below(&world->draw, 5);
    draw_names(world);
    size_t count = 4 + draw_below(&world->draw, RANDOM_VALUES_MAX - 4);
    for (size_t i = 0; i < count; i++)
        world->values[i] = draw_new_value(world);
    world->value_count = count;
}

void world_deinit(struct world *world)
{
    arena_deinit(&world->arena);
}
