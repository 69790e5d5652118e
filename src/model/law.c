/*
 * law.c - see law.h.
 *
 * Every count stands before its items and is compared with the bytes that are
 * left before anything is allocated for them: each item takes at least one.
 */
#include "model/law.h"

#include <math.h>
#include <string.h>

#include "model/glob.h"

enum flag { FLAG_ASK = 1, FLAG_FALLBACK = 2, FLAGS = 4 };

struct law law_of(const struct pattern *pattern)
{
    return (struct law){.kind = pattern->kind,
        .parts = (uint32_t)(pattern->step_count + pattern->phase_count),
        .only_if = pattern->only_if,
        .only_if_count = pattern->only_if_count,
        .good_for = pattern->good_for,
        .confidence = pattern->confidence,
        .fallback = pattern->fallback,
        .ask_host = pattern->ask_host};
}

/* ---- writing --------------------------------------------------------------
 */

static void put_byte(struct buf *out, unsigned byte)
{
    buf_add_char(out, (char)byte);
}

static void put_count(struct buf *out, size_t count)
{
    uint32_t number = (uint32_t)count;
    buf_add(out, &number, sizeof number);
}

static void put_str(struct buf *out, struct str text)
{
    put_count(out, text.size);
    buf_add_str(out, text);
    put_byte(out, 0);
}

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
static void put_value(struct buf *out, const struct value *value)
{
    put_byte(out, value->kind);
    switch (value->kind) {
    case VALUE_NULL: break;
    case VALUE_BOOL: put_byte(out, value->truth); break;
    case VALUE_INT: buf_add(out, &value->integer, sizeof value->integer); break;
    case VALUE_REAL: buf_add(out, &value->real, sizeof value->real); break;
    case VALUE_STRING: put_str(out, value->string); break;
    case VALUE_ARRAY:
        put_count(out, value->array.count);
        for (size_t i = 0; i < value->array.count; i++)
            put_value(out, &value->array.items[i]);
        break;
    case VALUE_OBJECT:
        put_count(out, value->object.count);
        for (size_t i = 0; i < value->object.count; i++) {
            put_str(out, value->object.members[i].key);
            put_value(out, &value->object.members[i].value);
        }
        break;
    }
}

void law_write_predicate(struct buf *out, const struct predicate *predicate)
{
    put_byte(out, predicate->field);
    put_byte(out, predicate->op);
    put_str(out, predicate->name);
    put_value(out, &predicate->operand);
}

static void put_condition(struct buf *out, const struct condition *condition)
{
    put_count(out, condition->count);
    for (size_t i = 0; i < condition->count; i++)
        law_write_predicate(out, &condition->predicates[i]);
}

void law_write(struct buf *out, const struct law *law)
{
    unsigned flags = (law->ask_host ? FLAG_ASK : 0) |
                     (law->fallback.at != NULL ? FLAG_FALLBACK : 0);
    put_byte(out, law->kind);
    put_byte(out, flags);
    put_count(out, law->parts);
    const struct confidence_rules *confidence = &law->confidence;
    buf_add(out, &confidence->threshold, sizeof confidence->threshold);
    buf_add(
        out, &confidence->cold_threshold, sizeof confidence->cold_threshold);
    put_count(out, confidence->min_executions);
    put_byte(out, confidence->min_executions_set);
    put_byte(out, confidence->learning);
    buf_add(out, &confidence->half_life_ms, sizeof confidence->half_life_ms);
    if (law->fallback.at != NULL) put_str(out, law->fallback);
    put_count(out, law->only_if_count);
    for (size_t i = 0; i < law->only_if_count; i++)
        put_condition(out, &law->only_if[i]);
    put_condition(out, &law->good_for);
}

/* ---- reading --------------------------------------------------------------
 */

struct reader {
    struct arena *arena;
    struct str rest;
    int err; /* the first one; nothing is read after it */
};

/* The next bytes, which are then behind the reader; NULL: there are not so
 * many. A start reads the laws of all patterns, hence inline. */
static inline const char *take(struct reader *r, size_t size)
{
    if (r->err == NDF_OK && size > r->rest.size) r->err = NDF_ECORRUPT;
    if (r->err != NDF_OK) return NULL;
    const char *at = r->rest.at;
    r->rest.at += size;
    r->rest.size -= size;
    return at;
}

/* A byte below end. */
static unsigned take_byte(struct reader *r, unsigned end)
{
    const char *at = take(r, 1);
    unsigned byte = at != NULL ? (unsigned char)*at : 0;
    if (byte < end) return byte;
    r->err = NDF_ECORRUPT;
    return 0;
}

static uint32_t take_number(struct reader *r)
{
    uint32_t number = 0;
    const char *at = take(r, sizeof number);
    if (at != NULL) memcpy(&number, at, sizeof number);
    return number;
}

static uint64_t take_word(struct reader *r)
{
    uint64_t word = 0;
    const char *at = take(r, sizeof word);
    if (at != NULL) memcpy(&word, at, sizeof word);
    return word;
}

static double take_real(struct reader *r)
{
    uint64_t word = take_word(r);
    double real;
    memcpy(&real, &word, sizeof real);
    return real;
}

/* Room for a counted list of items; NULL after an error. */
static void *take_list(struct reader *r, size_t item_size, size_t *count)
{
    size_t found = take_number(r);
    *count = 0;
    if (r->err == NDF_OK && found > r->rest.size) r->err = NDF_ECORRUPT;
    if (r->err != NDF_OK) return NULL;
    void *items = arena_calloc(r->arena, found, item_size);
    if (items == NULL) r->err = NDF_ENOMEM;
    else *count = found;
    return items;
}

static struct str take_str(struct reader *r)
{
    size_t size = take_number(r);
    if (r->err == NDF_OK && (size >= r->rest.size || r->rest.at[size] != '\0'))
        r->err = NDF_ECORRUPT;
    if (r->err != NDF_OK) return STR("");
    return (struct str){take(r, size + 1), size};
}

static void take_value(struct reader *r, int depth, struct value *out);

/* NOLINTNEXTLINE(misc-no-recursion): ends at VALUE_DEPTH_MAX */
static void take_container(struct reader *r, int depth, struct value *out)
{
    if (depth == VALUE_DEPTH_MAX) r->err = NDF_ECORRUPT;
    if (out->kind == VALUE_ARRAY) {
        out->array.items =
            take_list(r, sizeof *out->array.items, &out->array.count);
        for (size_t i = 0; i < out->array.count && r->err == NDF_OK; i++)
            take_value(r, depth + 1, &out->array.items[i]);
        return;
    }
    out->object.members =
        take_list(r, sizeof *out->object.members, &out->object.count);
    for (size_t i = 0; i < out->object.count && r->err == NDF_OK; i++) {
        out->object.members[i].key = take_str(r);
        take_value(r, depth + 1, &out->object.members[i].value);
    }
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at VALUE_DEPTH_MAX */
static void take_value(struct reader *r, int depth, struct value *out)
{
    *out = value_null;
    out->kind = (enum value_kind)take_byte(r, VALUE_OBJECT + 1);
    switch (out->kind) {
    case VALUE_NULL: break;
    case VALUE_BOOL: out->truth = take_byte(r, 2) != 0; break;
    case VALUE_INT: out->integer = (int64_t)take_word(r); break;
    case VALUE_REAL:
        out->real = take_real(r);
        if (!isfinite(out->real)) r->err = NDF_ECORRUPT;
        break;
    case VALUE_STRING: out->string = take_str(r); break;
    case VALUE_ARRAY:
    case VALUE_OBJECT: take_container(r, depth, out); break;
    }
}

static bool all_strings(const struct value *list)
{
    for (size_t i = 0; i < list->array.count; i++)
        if (list->array.items[i].kind != VALUE_STRING) return false;
    return true;
}

/* Whether the operand has the form that those who judge rely on. */
static bool has_form(const struct predicate *p)
{
    bool list = p->operand.kind == VALUE_ARRAY;
    if (p->op == OP_IN || p->op == OP_NOT_IN) return list;
    if (p->op == OP_BETWEEN) return list && p->operand.array.count == 2;
    if (p->op != OP_GLOB && p->op != OP_MATCHES) return true;
    if (!list || !all_strings(&p->operand)) return false;
    for (size_t i = 0; i < p->operand.array.count && p->op == OP_GLOB; i++)
        if (!glob_valid(p->operand.array.items[i].string)) return false;
    return true;
}

static inline void take_predicate(struct reader *r, struct predicate *out)
{
    out->field = (enum field)take_byte(r, FIELD_ATTRIBUTE + 1);
    out->op = (enum predicate_op)take_byte(r, OP_GLOB + 1);
    out->name = take_str(r);
    take_value(r, 0, &out->operand);
    if (r->err == NDF_OK && !has_form(out)) r->err = NDF_ECORRUPT;
}

static void take_condition(struct reader *r, struct condition *out)
{
    out->predicates = take_list(r, sizeof *out->predicates, &out->count);
    for (size_t i = 0; i < out->count && r->err == NDF_OK; i++)
        take_predicate(r, &out->predicates[i]);
}

/* Nothing may be left over. */
static int finish(const struct reader *r)
{
    return r->err == NDF_OK && r->rest.size > 0 ? NDF_ECORRUPT : r->err;
}

int law_read_predicate(
    struct arena *arena, struct str bytes, struct predicate *out)
{
    struct reader r = {.arena = arena, .rest = bytes};
    memset(out, 0, sizeof *out);
    take_predicate(&r, out);
    return finish(&r);
}

int law_read(struct arena *arena, struct str bytes, struct law *out)
{
    struct reader r = {.arena = arena, .rest = bytes};
    *out = (struct law){
        .kind = (enum pattern_kind)take_byte(&r, PATTERN_META + 1)};
    unsigned flags = take_byte(&r, FLAGS);
    out->ask_host = (flags & FLAG_ASK) != 0;
    out->parts = take_number(&r);
    struct confidence_rules *confidence = &out->confidence;
    confidence->threshold = take_real(&r);
    confidence->cold_threshold = take_real(&r);
    confidence->min_executions = take_number(&r);
    confidence->min_executions_set = take_byte(&r, 2) != 0;
    confidence->learning = take_byte(&r, 2) != 0;
    confidence->half_life_ms = take_word(&r);
    if (flags & FLAG_FALLBACK) out->fallback = take_str(&r);
    out->only_if = take_list(&r, sizeof *out->only_if, &out->only_if_count);
    for (size_t i = 0; i < out->only_if_count && r.err == NDF_OK; i++)
        take_condition(&r, &out->only_if[i]);
    take_condition(&r, &out->good_for);
    return finish(&r);
}
