/*
 * random_compare.c - see random_compare.h.
 */
#include "random_compare.h"

#include <stdlib.h>
#include <string.h>

#include "base/json.h"

static const char *differs(const struct index_match *want,
    const struct index_match *have, const struct condition *taste)
{
    if (want->alternative != have->alternative) return "another alternative";
    if (want->held != have->held) return "another number of what is good";
    if ((want->good == NULL) != (have->good == NULL))
        return "what is good is listed in one only";
    if (want->good != NULL &&
        memcmp(want->good, have->good, taste->count * sizeof *want->good) != 0)
        return "another list of what is good";
    return NULL;
}

bool matches_differ(const struct index_matches *wanted, const uint32_t *numbers,
    const struct index_matches *found, const struct index_rule *rules,
    struct difference *out)
{
    static const struct index_match none = {.candidate = UINT32_MAX};
    for (size_t i = 0; i < wanted->count || i < found->count; i++) {
        const struct index_match *want =
            i < wanted->count ? &wanted->items[i] : &none;
        const struct index_match *have =
            i < found->count ? &found->items[i] : &none;
        uint32_t number = want->candidate;
        if (want != &none && numbers != NULL) number = numbers[number];
        *out = (struct difference){"not found", number};
        if (have->candidate < number)
            *out = (struct difference){"found wrongly", have->candidate};
        if (have->candidate != number) return true;
        out->what = differs(want, have, rules[number].good_for);
        if (out->what != NULL) return true;
    }
    *out = (struct difference){"another limit of effort", UINT32_MAX};
    return wanted->effort_limit != found->effort_limit;
}

static void add_condition(struct buf *text, const struct condition *condition)
{
    buf_add(text, "{", 1);
    for (size_t i = 0; i < condition->count; i++) {
        const struct predicate *p = &condition->predicates[i];
        buf_format(text, "%s%s", i > 0 ? ", " : "", field_name(p->field));
        if (p->field == FIELD_ATTRIBUTE) {
            buf_add(text, " ", 1);
            json_write_string(text, p->name);
        }
        buf_format(text, " %s ", predicate_op_name(p->op));
        json_write(text, &p->operand);
    }
    buf_add(text, "}", 1);
}

static struct str finish(struct arena *arena, struct buf *text)
{
    struct str copy = arena_str(arena, buf_str(text));
    buf_deinit(text);
    if (copy.at == NULL) abort();
    return copy;
}

struct str rule_text(struct arena *arena, const struct index_rule *rule)
{
    struct buf text;
    buf_init(&text, &mem_libc);
    for (size_t i = 0; i < rule->only_if_count; i++) {
        buf_format(&text, "\n  way %zu: ", i);
        add_condition(&text, &rule->only_if[i]);
    }
    if (rule->good_for != NULL) {
        buf_format(&text, "\n  good for: ");
        add_condition(&text, rule->good_for);
    }
    return finish(arena, &text);
}

struct str context_text(struct arena *arena, const struct context *context)
{
    struct buf text;
    buf_init(&text, &mem_libc);
    const struct {
        const char *name;
        struct str value;
    } parts[] = {{"domain", context->domain},
        {"agent_type", context->agent_type}, {"text", context->text}};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (parts[i].value.at == NULL) continue;
        buf_format(&text, "%s ", parts[i].name);
        json_write_string(&text, parts[i].value);
        buf_add(&text, ", ", 2);
    }
    buf_format(&text, "priority %d, ", context->priority);
    json_write(&text, &context->attributes);
    return finish(arena, &text);
}
