/*
 * value.c - see value.h.
 *
 * Objects and arrays hold no capacity: there is room for value_room(count)
 * items, a function of the count alone, so a tree that a parser or value_copy
 * made may grow like one made by hand. Walks recurse, at most VALUE_DEPTH_MAX
 * deep by the invariant of every tree.
 */
#include "base/value.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { ROOM_MIN = 4 };

const struct value value_null = {.kind = VALUE_NULL};

const char *value_kind_name(enum value_kind kind)
{
    switch (kind) {
    case VALUE_NULL: return "null";
    case VALUE_BOOL: return "boolean";
    case VALUE_INT: return "integer";
    case VALUE_REAL: return "number";
    case VALUE_STRING: return "string";
    case VALUE_ARRAY: return "list";
    case VALUE_OBJECT: return "map";
    }
    return "value";
}

const struct value *value_get(const struct value *object, struct str key)
{
    if (object == NULL || object->kind != VALUE_OBJECT) return NULL;
    for (size_t i = 0; i < object->object.count; i++) {
        if (str_equal(object->object.members[i].key, key))
            return &object->object.members[i].value;
    }
    return NULL;
}

const struct value *value_path(const struct value *object, struct str path)
{
    struct str rest = path;
    struct str piece;
    const struct value *at = object;
    while (at != NULL && str_split(&rest, '.', &piece))
        at = value_get(at, piece);
    return at;
}

struct str value_get_str(const struct value *object, struct str key)
{
    const struct value *value = value_get(object, key);
    if (value == NULL || value->kind != VALUE_STRING)
        return (struct str){NULL, 0};
    return value->string;
}

int64_t value_get_int(
    const struct value *object, struct str key, int64_t fallback)
{
    const struct value *value = value_get(object, key);
    if (value == NULL || value->kind != VALUE_INT) return fallback;
    return value->integer;
}

bool value_get_bool(const struct value *object, struct str key, bool fallback)
{
    const struct value *value = value_get(object, key);
    if (value == NULL || value->kind != VALUE_BOOL) return fallback;
    return value->truth;
}

static bool is_number(const struct value *value)
{
    return value->kind == VALUE_INT || value->kind == VALUE_REAL;
}

static int sign(bool less, bool greater)
{
    return less ? -1 : (greater ? 1 : 0);
}

/* No cast of the integer to double: above 2^53 that would round. */
static int compare_int_real(int64_t integer, double real)
{
    if (real >= 0x1p63) return -1;
    if (real < -0x1p63) return 1;
    double whole = trunc(real);
    int64_t truncated = (int64_t)whole;
    if (integer != truncated)
        return sign(integer<truncated, integer> truncated);
    return sign(real > whole, real < whole);
}

static int compare_numbers(const struct value *a, const struct value *b)
{
    if (a->kind == VALUE_INT && b->kind == VALUE_INT)
        return sign(a->integer<b->integer, a->integer> b->integer);
    if (a->kind == VALUE_INT) return compare_int_real(a->integer, b->real);
    if (b->kind == VALUE_INT) return -compare_int_real(b->integer, a->real);
    return sign(a->real<b->real, a->real> b->real);
}

bool value_compare(const struct value *a, const struct value *b, int *order)
{
    *order = 0;
    if (is_number(a) && is_number(b)) {
        *order = compare_numbers(a, b);
        return true;
    }
    if (a->kind == VALUE_STRING && b->kind == VALUE_STRING) {
        *order = str_compare(a->string, b->string);
        return true;
    }
    return false;
}

/* The member of key, looked for from `from` on: two objects mostly have the
 * same order, and then every look-up ends at once. */
static const struct value *get_from(
    const struct value *object, struct str key, size_t from)
{
    size_t count = object->object.count;
    for (size_t i = 0; i < count; i++) {
        const struct member *member =
            &object->object.members[(from + i) % count];
        if (str_equal(member->key, key)) return &member->value;
    }
    return NULL;
}

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
static bool objects_equal(const struct value *a, const struct value *b)
{
    if (a->object.count != b->object.count) return false;
    if (a->object.members == b->object.members) return true;
    for (size_t i = 0; i < a->object.count; i++) {
        const struct member *member = &a->object.members[i];
        const struct value *other = get_from(b, member->key, i);
        if (other == NULL || !value_equal(&member->value, other)) return false;
    }
    return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
static bool arrays_equal(const struct value *a, const struct value *b)
{
    if (a->array.count != b->array.count) return false;
    if (a->array.items == b->array.items) return true;
    for (size_t i = 0; i < a->array.count; i++) {
        if (!value_equal(&a->array.items[i], &b->array.items[i])) return false;
    }
    return true;
}

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
bool value_equal(const struct value *a, const struct value *b)
{
    if (is_number(a) && is_number(b)) return compare_numbers(a, b) == 0;
    if (a->kind != b->kind) return false;
    switch (a->kind) {
    case VALUE_BOOL: return a->truth == b->truth;
    case VALUE_STRING: return str_equal(a->string, b->string);
    case VALUE_ARRAY: return arrays_equal(a, b);
    case VALUE_OBJECT: return objects_equal(a, b);
    case VALUE_NULL:
    case VALUE_INT:
    case VALUE_REAL: break;
    }
    return true;
}

struct value value_of_bool(bool truth)
{
    return (struct value){.kind = VALUE_BOOL, .truth = truth};
}

struct value value_of_int(int64_t integer)
{
    return (struct value){.kind = VALUE_INT, .integer = integer};
}

struct value value_of_real(double real)
{
    if (!isfinite(real)) return value_null;
    return (struct value){.kind = VALUE_REAL, .real = real};
}

struct value value_of_str(struct str text)
{
    return (struct value){.kind = VALUE_STRING, .string = text};
}

struct value value_of_object(void)
{
    return (struct value){.kind = VALUE_OBJECT};
}

struct value value_of_array(void)
{
    return (struct value){.kind = VALUE_ARRAY};
}

size_t value_room(size_t count)
{
    size_t room = ROOM_MIN;
    if (count == 0) return 0;
    while (room < count)
        room *= 2;
    return room;
}

/* Room for one more item behind count; NULL when out of memory. */
static void *room_for_next(
    struct arena *arena, void *items, size_t count, size_t item_size)
{
    if (value_room(count) > count) return items;
    void *grown = arena_calloc(arena, value_room(count + 1), item_size);
    if (grown != NULL && count > 0) memcpy(grown, items, count * item_size);
    return grown;
}

int value_set(struct arena *arena, struct value *object, struct str key,
    struct value item)
{
    assert(object->kind == VALUE_OBJECT);
    for (size_t i = 0; i < object->object.count; i++) {
        if (!str_equal(object->object.members[i].key, key)) continue;
        object->object.members[i].value = item;
        return NDF_OK;
    }
    struct member *members = room_for_next(
        arena, object->object.members, object->object.count, sizeof *members);
    if (members == NULL) return NDF_ENOMEM;
    object->object.members = members;
    members[object->object.count++] =
        (struct member){.key = key, .value = item};
    return NDF_OK;
}

int value_push(struct arena *arena, struct value *array, struct value item)
{
    assert(array->kind == VALUE_ARRAY);
    struct value *items = room_for_next(
        arena, array->array.items, array->array.count, sizeof *items);
    if (items == NULL) return NDF_ENOMEM;
    array->array.items = items;
    items[array->array.count++] = item;
    return NDF_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
size_t value_size(const struct value *value)
{
    size_t size = 0;
    switch (value->kind) {
    case VALUE_NULL:
    case VALUE_BOOL: return 4;
    case VALUE_INT:
    case VALUE_REAL: return 1;
    case VALUE_STRING: return value->string.size + 2;
    case VALUE_ARRAY:
        for (size_t i = 0; i < value->array.count; i++)
            size += value_size(&value->array.items[i]) + 1;
        return size + (value->array.count == 0 ? 2 : 1);
    case VALUE_OBJECT:
        for (size_t i = 0; i < value->object.count; i++) {
            const struct member *member = &value->object.members[i];
            size += member->key.size + 4 + value_size(&member->value);
        }
        return size + (value->object.count == 0 ? 2 : 1);
    }
    return size;
}

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
size_t value_depth(const struct value *value)
{
    size_t deepest = 0;
    if (value->kind == VALUE_ARRAY) {
        for (size_t i = 0; i < value->array.count; i++) {
            size_t depth = value_depth(&value->array.items[i]);
            if (depth > deepest) deepest = depth;
        }
        return deepest + 1;
    }
    if (value->kind == VALUE_OBJECT) {
        for (size_t i = 0; i < value->object.count; i++) {
            size_t depth = value_depth(&value->object.members[i].value);
            if (depth > deepest) deepest = depth;
        }
        return deepest + 1;
    }
    return 0;
}

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
static int copy_array(
    struct arena *arena, const struct value *from, struct value *out)
{
    size_t count = from->array.count;
    struct value *items = arena_calloc(arena, value_room(count), sizeof *items);
    if (items == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        int err = value_copy(arena, &from->array.items[i], &items[i]);
        if (err != NDF_OK) return err;
    }
    out->array.items = items;
    return NDF_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
static int copy_object(
    struct arena *arena, const struct value *from, struct value *out)
{
    size_t count = from->object.count;
    struct member *members =
        arena_calloc(arena, value_room(count), sizeof *members);
    if (members == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        members[i] = from->object.members[i];
        members[i].key = arena_str(arena, members[i].key);
        if (members[i].key.at == NULL) return NDF_ENOMEM;
        int err = value_copy(
            arena, &from->object.members[i].value, &members[i].value);
        if (err != NDF_OK) return err;
    }
    out->object.members = members;
    return NDF_OK;
}

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
int value_copy(struct arena *arena, const struct value *from, struct value *out)
{
    struct value copy = *from;
    int err = NDF_OK;
    *out = value_null;
    if (from->kind == VALUE_STRING) {
        copy.string = arena_str(arena, from->string);
        if (copy.string.at == NULL) err = NDF_ENOMEM;
    } else if (from->kind == VALUE_ARRAY) {
        err = copy_array(arena, from, &copy);
    } else if (from->kind == VALUE_OBJECT) {
        err = copy_object(arena, from, &copy);
    }
    if (err == NDF_OK) *out = copy;
    return err;
}
