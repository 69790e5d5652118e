/*
 * workload.c - see workload.h.
 *
 * A million patterns are some 200 MB of JSON: a line is parsed, made into what
 * the decoder of patterns would make of it, and forgotten. Words come again
 * and again, so there is one copy of each.
 */
#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "bench.h"
#include "model/glob.h"

enum { REASON_SIZE = 320 };

/* A line under way. */
struct line {
    struct workload *workload;
    const char *path;
    size_t number; /* from 1 */
    struct value value;
};

void workload_init(struct workload *workload)
{
    *workload = (struct workload){.rules = NULL};
    arena_init(&workload->arena, &mem_libc);
    map_init(&workload->words, &mem_libc);
}

void workload_deinit(struct workload *workload)
{
    free(workload->rules);
    free(workload->contexts);
    free(workload->rule_ids);
    free(workload->context_ids);
    map_deinit(&workload->words);
    arena_deinit(&workload->arena);
}

static void __attribute__((noreturn))
refuse(const struct line *line, const char *why)
{
    char where[REASON_SIZE];
    (void)snprintf(where, sizeof where, "%s:%zu", line->path, line->number);
    bench_fail(why, where);
}

static void need(bool truth)
{
    if (!truth) bench_fail("out of memory", "");
}

/* The one copy of a text. */
static struct str word_of(struct workload *workload, struct str text)
{
    const char *known = map_get(&workload->words, text);
    if (known != NULL) return (struct str){known, text.size};
    char *copy = arena_alloc(&workload->arena, text.size + 1);
    need(copy != NULL);
    if (text.size > 0) memcpy(copy, text.at, text.size);
    struct str word = {copy, text.size};
    need(map_put(&workload->words, word, copy) == NDF_OK);
    return word;
}

static struct value keep(struct workload *workload, const struct value *from)
{
    struct value out = *from;
    if (from->kind == VALUE_STRING) {
        out.string = word_of(workload, from->string);
    } else if (from->kind == VALUE_ARRAY) {
        out.array.items = arena_calloc(
            &workload->arena, from->array.count, sizeof *out.array.items);
        need(out.array.items != NULL);
        for (size_t i = 0; i < from->array.count; i++) {
            out.array.items[i] = from->array.items[i];
            if (out.array.items[i].kind == VALUE_STRING)
                out.array.items[i].string =
                    word_of(workload, from->array.items[i].string);
        }
    } else if (from->kind == VALUE_OBJECT) {
        need(value_copy(&workload->arena, from, &out) == NDF_OK);
    }
    return out;
}

static int64_t id_of(const struct line *line)
{
    const struct value *id = value_get(&line->value, STR("id"));
    if (id == NULL || id->kind != VALUE_INT) refuse(line, "no whole 'id'");
    return id->integer;
}

/* ---- patterns ------------------------------------------------------------ */

static void read_domain(const struct line *line, const struct value *globs,
    struct predicate *predicate)
{
    predicate->field = FIELD_DOMAIN;
    predicate->op = OP_GLOB;
    predicate->operand = keep(line->workload, globs);
    for (size_t i = 0; i < globs->array.count; i++) {
        const struct value *glob = &globs->array.items[i];
        if (glob->kind != VALUE_STRING || !glob_valid(glob->string))
            refuse(line, "'domain' has what is no glob");
    }
}

static bool find_op(struct str name, enum predicate_op *out)
{
    static const enum predicate_op known[] = {
        OP_EQ, OP_IN, OP_LE, OP_GE, OP_BETWEEN};
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (!str_equal(name, str_of(predicate_op_name(known[i])))) continue;
        *out = known[i];
        return true;
    }
    return false;
}

static void read_predicate(const struct line *line, const struct value *from,
    struct predicate *predicate)
{
    struct str name = value_get_str(from, STR("a"));
    struct str op = value_get_str(from, STR("op"));
    const struct value *operand = value_get(from, STR("v"));
    if (name.at == NULL) refuse(line, "a predicate without 'a'");
    if (str_equal(name, STR("agent_type"))) {
        predicate->field = FIELD_AGENT_TYPE;
    } else {
        predicate->field = FIELD_ATTRIBUTE;
        predicate->name = word_of(line->workload, name);
    }
    bool yes = str_equal(op, STR("true"));
    if (yes || str_equal(op, STR("false"))) {
        predicate->op = OP_EQ;
        predicate->operand = value_of_bool(yes);
        return;
    }
    if (!find_op(op, &predicate->op)) refuse(line, "an unknown 'op'");
    if (operand == NULL) refuse(line, "a predicate without 'v'");
    bool list = predicate->op == OP_IN || predicate->op == OP_BETWEEN;
    if (list != (operand->kind == VALUE_ARRAY) ||
        (predicate->op == OP_BETWEEN && operand->array.count != 2))
        refuse(line, "a 'v' that does not fit its 'op'");
    predicate->operand = keep(line->workload, operand);
}

static void add_pattern(const struct line *line)
{
    struct workload *workload = line->workload;
    const struct value *globs = value_get(&line->value, STR("domain"));
    const struct value *preds = value_get(&line->value, STR("preds"));
    if (globs == NULL || globs->kind != VALUE_ARRAY || globs->array.count == 0)
        refuse(line, "no list 'domain'");
    if (preds == NULL || preds->kind != VALUE_ARRAY)
        refuse(line, "no list 'preds'");
    struct condition *law = arena_alloc(&workload->arena, sizeof *law);
    need(law != NULL);
    law->predicates = arena_calloc(
        &workload->arena, preds->array.count + 1, sizeof *law->predicates);
    need(law->predicates != NULL);
    read_domain(line, globs, &law->predicates[law->count++]);
    for (size_t i = 0; i < preds->array.count; i++)
        read_predicate(
            line, &preds->array.items[i], &law->predicates[law->count++]);
    size_t at = workload->rule_count++;
    need(
        mem_grow(&mem_libc, (void **)&workload->rules, &workload->rule_capacity,
            at + 1, sizeof *workload->rules) == NDF_OK &&
        mem_grow(&mem_libc, (void **)&workload->rule_ids,
            &workload->rule_id_capacity, at + 1,
            sizeof *workload->rule_ids) == NDF_OK);
    workload->rules[at] = (struct index_rule){law, 1, NULL};
    workload->rule_ids[at] = id_of(line);
}

/* ---- contexts ------------------------------------------------------------ */

static void read_attributes(
    const struct line *line, const struct value *attrs, struct context *context)
{
    struct workload *workload = line->workload;
    context->attributes = value_of_object();
    for (size_t i = 0; i < attrs->object.count; i++) {
        const struct member *member = &attrs->object.members[i];
        if (str_equal(member->key, STR("agent_type"))) {
            if (member->value.kind != VALUE_STRING)
                refuse(line, "an 'agent_type' that is no string");
            context->agent_type = word_of(workload, member->value.string);
            continue;
        }
        need(value_set(&workload->arena, &context->attributes,
                 word_of(workload, member->key),
                 keep(workload, &member->value)) == NDF_OK);
    }
}

static void add_context(const struct line *line)
{
    struct workload *workload = line->workload;
    struct str domain = value_get_str(&line->value, STR("domain"));
    const struct value *attrs = value_get(&line->value, STR("attrs"));
    if (!context_domain_valid(domain)) refuse(line, "no 'domain'");
    if (attrs == NULL || attrs->kind != VALUE_OBJECT)
        refuse(line, "no map 'attrs'");
    struct context context = {.domain = word_of(workload, domain)};
    read_attributes(line, attrs, &context);
    size_t at = workload->context_count++;
    need(mem_grow(&mem_libc, (void **)&workload->contexts,
             &workload->context_capacity, at + 1,
             sizeof *workload->contexts) == NDF_OK &&
         mem_grow(&mem_libc, (void **)&workload->context_ids,
             &workload->context_id_capacity, at + 1,
             sizeof *workload->context_ids) == NDF_OK);
    workload->contexts[at] = context;
    workload->context_ids[at] = id_of(line);
}

/* ---- files --------------------------------------------------------------- */

static void read_lines(struct workload *workload, const char *path,
    void (*add)(const struct line *line))
{
    FILE *file = fopen(path, "r");
    if (file == NULL) bench_fail("cannot be opened", path);
    struct line line = {.workload = workload, .path = path};
    struct arena scratch;
    char *text = NULL;
    size_t capacity = 0;
    ssize_t size;
    arena_init(&scratch, &mem_libc);
    while ((size = getline(&text, &capacity, file)) >= 0) {
        ndf_error error;
        line.number++;
        arena_reset(&scratch);
        struct str json = str_trim((struct str){text, (size_t)size});
        if (json.size == 0) continue;
        if (json_parse(&scratch, json, &line.value, &error) != NDF_OK)
            refuse(&line, error.message);
        add(&line);
    }
    if (ferror(file)) bench_fail("cannot be read", path);
    (void)fclose(file);
    free(text);
    arena_deinit(&scratch);
}

void workload_read_patterns(struct workload *workload, const char *path)
{
    read_lines(workload, path, add_pattern);
}

void workload_read_contexts(struct workload *workload, const char *path)
{
    read_lines(workload, path, add_context);
}
