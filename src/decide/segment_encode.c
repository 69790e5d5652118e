/*
 * segment_encode.c - what a context says, in the codes of a segment.
 */
#include <math.h>

#include "base/err.h"
#include "decide/segment.h"

enum { MEMBERS = 64 }; /* of the attributes that are looked up together */

static inline void say(struct coded *coded, uint32_t column, uint32_t code)
{
    if (coded->codes[column] == CODE_ABSENT && code >= CODE_FIRST)
        coded->said[coded->said_count++] = column;
    coded->codes[column] = code;
    coded->near[column] = (int32_t)code;
}

static inline void say_string(const struct terms *terms, struct coded *coded,
    uint32_t column, struct str word)
{
    uint32_t term = terms_find(terms, column_space(column, true), word);
    say(coded, column,
        term == TERM_NONE ? CODE_OTHER : terms->items[term].code);
}

static inline void say_word(const struct segment *segment,
    const struct terms *terms, struct coded *coded, uint32_t column,
    const struct value *value)
{
    if (value->kind == VALUE_STRING) {
        say_string(terms, coded, column, word_of_value(value));
        return;
    }
    const uint32_t *truths = segment->columns[column].truths;
    say(coded, column,
        value->kind == VALUE_BOOL   ? truths[value->truth]
        : value->kind == VALUE_NULL ? truths[2]
                                    : CODE_OTHER);
}

static int64_t place_of_integer(int64_t number)
{
    if (number >= LINE_END) return INT64_MAX;
    return number <= -LINE_END ? INT64_MIN : number * 2;
}

static int64_t place_of_real(double number)
{
    if (number >= (double)LINE_END) return INT64_MAX;
    if (number <= -(double)LINE_END) return INT64_MIN;
    double below = floor(number);
    return (int64_t)below * 2 + (below != number);
}

/* The place, or the end of 32 bits that it is behind. */
static int32_t near_of(int64_t place)
{
    if (place > INT32_MAX) return INT32_MAX;
    return place <= INT32_MIN ? INT32_MIN + 1 : (int32_t)place;
}

/* A word may stand for a number. */
static inline bool find_place(const struct segment *segment,
    const struct value *value, const struct attribute *of, int64_t *out)
{
    int64_t number;
    if (value->kind == VALUE_INT) {
        *out = place_of_integer(value->integer);
        return true;
    }
    if (value->kind == VALUE_REAL) {
        *out = place_of_real(value->real);
        return true;
    }
    if (of == NULL || of->scale == 0 || value->kind != VALUE_STRING)
        return false;
    const struct term *name = &segment->terms[of->name];
    const struct str text = {segment->bytes + name->at, name->size};
    if (!scale_number(text, value->string, &number)) return false;
    *out = place_of_integer(number);
    return true;
}

static inline void say_number(const struct segment *segment,
    struct coded *coded, uint32_t number, const struct value *value,
    const struct attribute *of)
{
    const struct column *column = &segment->columns[number];
    int64_t place;
    coded->codes[number] = CODE_OTHER;
    if (!find_place(segment, value, of, &place)) return;
    coded->places[number] = place;
    coded->near[number] = near_of(place);
    coded->codes[number] =
        CODE_FIRST + bucket_of(segment->numbers + column->bounds,
                         column->bound_count, place);
}

/* The segment of the domain from `from` up to `to`, and all up to that. */
static void say_segment(const struct segment *segment,
    const struct terms *terms, struct coded *coded, size_t from, size_t to)
{
    struct str domain = coded->context->domain;
    uint32_t level = coded->segments++;
    if (level >= SEGMENT_PREFIXES) return;
    say_string(terms, coded, level, str_until(domain, to));
    if (segment->columns[COLUMN_SEGMENT + level].count > 0)
        say_string(terms, coded, COLUMN_SEGMENT + level,
            (struct str){domain.at + from, to - from});
}

static void say_domain(const struct segment *segment, const struct terms *terms,
    struct coded *coded, struct str domain)
{
    size_t from = 0;
    coded->domain = domain.at != NULL;
    if (!coded->domain) return;
    for (size_t i = 0; i < domain.size; i++) {
        if (domain.at[i] != '.') continue;
        say_segment(segment, terms, coded, from, i);
        from = i + 1;
    }
    if (domain.size > 0) say_segment(segment, terms, coded, from, domain.size);
    coded->near[COLUMN_SEGMENTS] = (int32_t)coded->segments;
}

static void say_attribute(const struct segment *segment,
    const struct terms *terms, struct coded *coded, uint32_t number,
    const struct value *value)
{
    const struct attribute *attribute = &segment->attributes[number];
    if (attribute->word != COLUMN_NONE)
        say_word(segment, terms, coded, attribute->word, value);
    if (attribute->number != COLUMN_NONE)
        say_number(segment, coded, attribute->number, value, attribute);
}

/* First the names, then what they are: neither waits for the other. */
static void say_members(const struct segment *segment,
    const struct terms *terms, struct coded *coded,
    const struct member *members, size_t count)
{
    uint32_t named[MEMBERS];
    for (size_t i = 0; i < count; i++)
        named[i] = terms_find(terms, SPACE_NAMES, members[i].key);
    for (size_t i = 0; i < count; i++)
        if (named[i] != TERM_NONE)
            say_attribute(segment, terms, coded,
                terms->items[named[i]].code - 1, &members[i].value);
}

/* ---- names with dots --------------------------------------------------------
 *
 * They are paths, unless the context has them as they are. The context is
 * walked along what such names begin with, so that neither many names nor many
 * members cost their product.
 */

struct walk {
    const struct segment *segment;
    const struct terms *terms;
    struct coded *coded;
    char *path; /* the keys so far, with dots between */
    size_t room;
};

/* The attribute of that name, unless something was said of it. */
static void say_path(
    const struct walk *walk, uint32_t number, const struct value *value)
{
    const struct attribute *attribute = &walk->segment->attributes[number];
    uint32_t column =
        attribute->word != COLUMN_NONE ? attribute->word : attribute->number;
    if (walk->coded->codes[column] == CODE_ABSENT)
        say_attribute(walk->segment, walk->terms, walk->coded, number, value);
}

/* The members of an object whose path has that size; 0: of the context. */
/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
static void say_inside(
    const struct walk *walk, const struct value *object, size_t size)
{
    bool first = object == &walk->coded->context->attributes;
    size_t from = first ? 0 : size + 1;
    if (!first && size < walk->room) walk->path[size] = '.';
    for (size_t i = 0; i < object->object.count; i++) {
        const struct member *member = &object->object.members[i];
        struct str key = member->key;
        bool leads = member->value.kind == VALUE_OBJECT;
        if ((first && !leads) || from > walk->room ||
            key.size > walk->room - from || str_find_char(key, '.') < key.size)
            continue;
        if (key.size > 0) memcpy(walk->path + from, key.at, key.size);
        const struct str path = {walk->path, from + key.size};
        uint32_t term =
            first ? TERM_NONE : terms_find(walk->terms, SPACE_NAMES, path);
        if (term != TERM_NONE)
            say_path(walk, walk->terms->items[term].code - 1, &member->value);
        if (leads && terms_find(walk->terms, SPACE_HEADS, path) != TERM_NONE)
            say_inside(walk, &member->value, path.size);
    }
}

static int say_paths(const struct segment *segment, const struct terms *terms,
    struct arena *arena, struct coded *coded)
{
    struct walk walk = {segment, terms, coded, NULL, 0};
    const struct value *attributes = &coded->context->attributes;
    for (size_t i = 0; i < segment->dotted_count; i++) {
        uint32_t number = segment->dotted[i];
        uint32_t size = segment->terms[segment->attributes[number].name].size;
        if (size > walk.room) walk.room = size;
        /* The empty path leads to where it begins. */
        if (size == 0) say_path(&walk, number, attributes);
    }
    walk.path = arena_alloc(arena, walk.room);
    if (walk.path == NULL) return NDF_ENOMEM;
    say_inside(&walk, attributes, 0);
    return NDF_OK;
}

static int say_attributes(const struct segment *segment,
    const struct terms *terms, struct arena *arena, struct coded *coded)
{
    const struct value *attributes = &coded->context->attributes;
    if (attributes->kind != VALUE_OBJECT) return NDF_OK;
    size_t count = attributes->object.count;
    for (size_t i = 0; i < count; i += MEMBERS)
        say_members(segment, terms, coded, attributes->object.members + i,
            count - i < MEMBERS ? count - i : MEMBERS);
    if (segment->dotted_count == 0) return NDF_OK;
    return say_paths(segment, terms, arena, coded);
}

int segment_encode(const struct segment *segment, const struct context *context,
    struct arena *arena, struct coded *out)
{
    size_t columns = segment->columns_count;
    struct terms terms = segment_terms(segment);
    *out = (struct coded){.context = context};
    /* One block: places, codes, near ones, columns said. */
    size_t number_size = columns * sizeof(int64_t);
    size_t code_size = columns * sizeof(uint32_t);
    char *block = arena_alloc(arena, number_size + code_size * 3);
    if (block == NULL) return NDF_ENOMEM;
    out->places = (int64_t *)(void *)block;
    out->codes = (uint32_t *)(void *)(block + number_size);
    out->near = (int32_t *)(void *)(block + number_size + code_size);
    out->said = out->codes + columns * 2;
    memcpy(out->near, segment->blanks, code_size);
    say_domain(segment, &terms, out, context->domain);
    if (context->agent_type.at != NULL) {
        const struct value word = value_of_str(context->agent_type);
        say_word(segment, &terms, out, COLUMN_AGENT_TYPE, &word);
    }
    if (context->priority != 0) {
        const struct value number = value_of_int(context->priority);
        say_number(segment, out, COLUMN_PRIORITY, &number, NULL);
    }
    return say_attributes(segment, &terms, arena, out);
}
