/*
 * patch.c - see patch.h.
 *
 * The patched context is made in full first and compared with the one before,
 * field by field and attribute by attribute; how the patch was written does
 * not matter, only what it changed.
 */
#include "model/patch.h"

#include <string.h>

#include "base/json.h"
#include "base/map.h"

enum {
    SCAN_MAX = 16,           /* members up to which searching beats a map */
    COMPARE_MAX = 64 * 1024, /* bytes up to which value_equal is cheap */
};

/* ---- RFC 7396 ------------------------------------------------------------ */

/* Members by key, of any number of them. */
struct lookup {
    const struct value *object;
    struct map map;
    bool mapped;
};

static int lookup_init(
    struct lookup *lookup, const struct mem *mem, const struct value *object)
{
    lookup->object = object;
    lookup->mapped = object->object.count > SCAN_MAX;
    map_init(&lookup->map, mem);
    if (!lookup->mapped) return NDF_OK;
    for (size_t i = 0; i < object->object.count; i++) {
        struct member *member = &object->object.members[i];
        int err = map_put(&lookup->map, member->key, &member->value);
        if (err != NDF_OK) return err;
    }
    return NDF_OK;
}

static void lookup_deinit(struct lookup *lookup)
{
    map_deinit(&lookup->map);
}

static const struct value *lookup_get(
    const struct lookup *lookup, struct str key)
{
    if (lookup->mapped) return map_get(&lookup->map, key);
    return value_get(lookup->object, key);
}

static int merge_objects(struct arena *arena, const struct value *target,
    const struct value *patch, const struct lookup *old,
    const struct lookup *change, struct value *out);

/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
int patch_merge(struct arena *arena, const struct value *target,
    const struct value *patch, struct value *out)
{
    if (patch->kind != VALUE_OBJECT) {
        *out = *patch;
        return NDF_OK;
    }
    static const struct value nothing = {.kind = VALUE_OBJECT};
    if (target == NULL || target->kind != VALUE_OBJECT) target = &nothing;
    struct lookup old;
    struct lookup change;
    int err = lookup_init(&old, arena->mem, target);
    int also = lookup_init(&change, arena->mem, patch);
    if (err == NDF_OK) err = also;
    if (err == NDF_OK)
        err = merge_objects(arena, target, patch, &old, &change, out);
    lookup_deinit(&old);
    lookup_deinit(&change);
    return err;
}

/* The members of target in their order, then what is new. */
/* NOLINTNEXTLINE(misc-no-recursion): trees are VALUE_DEPTH_MAX deep at most */
static int merge_objects(struct arena *arena, const struct value *target,
    const struct value *patch, const struct lookup *old,
    const struct lookup *change, struct value *out)
{
    size_t most = target->object.count + patch->object.count;
    struct member *members =
        arena_calloc(arena, value_room(most), sizeof *members);
    size_t count = 0;
    if (members == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < target->object.count; i++) {
        struct member member = target->object.members[i];
        const struct value *new = lookup_get(change, member.key);
        if (new != NULL &&new->kind == VALUE_NULL) continue;
        struct value before = member.value;
        int err = NDF_OK;
        if (new != NULL) err = patch_merge(arena, &before, new, &member.value);
        if (err != NDF_OK) return err;
        members[count++] = member;
    }
    for (size_t i = 0; i < patch->object.count; i++) {
        struct member member = patch->object.members[i];
        if (member.value.kind == VALUE_NULL) continue;
        if (lookup_get(old, member.key) != NULL) continue;
        int err = patch_merge(
            arena, NULL, &patch->object.members[i].value, &member.value);
        if (err != NDF_OK) return err;
        members[count++] = member;
    }
    *out = *target;
    out->object.members = members;
    out->object.count = count;
    return NDF_OK;
}

/* ---- the policy ---------------------------------------------------------- */

struct audit {
    struct arena *arena;
    const struct str_list *writes;
    enum context_policy policy;
    struct patch_result *result;
};

static bool is_declared(const struct str_list *writes, struct str name)
{
    for (size_t i = 0; i < writes->count; i++) {
        if (str_equal(writes->items[i], name)) return true;
    }
    return false;
}

static bool is_field(struct str name)
{
    return str_equal(name, STR("domain")) ||
           str_equal(name, STR("agent_type")) ||
           str_equal(name, STR("priority")) || str_equal(name, STR("text")) ||
           str_equal(name, STR("attributes"));
}

/* An attribute is declared by its name, unless a field has that name too, or
 * with `attributes.` before it. */
static bool is_attribute_declared(
    const struct str_list *writes, struct str name)
{
    const struct str prefix = STR("attributes.");
    if (!is_field(name) && is_declared(writes, name)) return true;
    for (size_t i = 0; i < writes->count; i++) {
        if (str_starts(writes->items[i], prefix) &&
            str_equal(str_from(writes->items[i], prefix.size), name))
            return true;
    }
    return false;
}

/* value_equal is quadratic when a hostile agent shuffles a big map; canonical
 * bytes are not. */
static int is_same(struct arena *arena, const struct value *a,
    const struct value *b, bool *same)
{
    *same = false;
    if (a == NULL || b == NULL) {
        *same = a == b;
        return NDF_OK;
    }
    if (value_size(a) < COMPARE_MAX) {
        *same = value_equal(a, b);
        return NDF_OK;
    }
    struct buf left;
    struct buf right;
    buf_init(&left, arena->mem);
    buf_init(&right, arena->mem);
    json_write(&left, a);
    json_write(&right, b);
    int err = buf_error(&left);
    if (err == NDF_OK) err = buf_error(&right);
    *same = err == NDF_OK && str_equal(buf_str(&left), buf_str(&right));
    buf_deinit(&left);
    buf_deinit(&right);
    return err;
}

static void add_violation(struct audit *audit, enum severity severity,
    struct str field, const struct value *before, const struct value *after)
{
    struct patch_result *result = audit->result;
    result->violations[result->violation_count++] =
        (struct violation){severity, field, before, after};
    if (severity > result->worst) result->worst = severity;
}

/* Whether the change of a field of the context stays. */
static int keep_field(struct audit *audit, struct str name,
    enum severity severity, const struct value *const both[2], bool *keep)
{
    const struct value *before = value_get(both[0], name);
    const struct value *after = value_get(both[1], name);
    bool same = false;
    *keep = true;
    int err = is_same(audit->arena, before, after, &same);
    if (err != NDF_OK || same) return err;
    bool text = str_equal(name, STR("text"));
    if (!text && is_declared(audit->writes, name)) return NDF_OK;
    add_violation(audit, severity, name, before, after);
    *keep = !text && audit->policy == POLICY_RECORD;
    return NDF_OK;
}

static int keep_attribute(struct audit *audit, struct str name,
    const struct value *before, const struct value *after, bool *keep)
{
    bool same = false;
    *keep = true;
    int err = is_same(audit->arena, before, after, &same);
    if (err != NDF_OK || same) return err;
    if (is_attribute_declared(audit->writes, name)) return NDF_OK;
    struct str field =
        arena_format(audit->arena, "attributes.%.*s", STR_ARG(name));
    if (field.at == NULL) return NDF_ENOMEM;
    add_violation(audit, SEVERITY_MODERATE, field, before, after);
    *keep = audit->policy == POLICY_RECORD;
    return NDF_OK;
}

static int audit_attributes(struct audit *audit, const struct value *before,
    const struct value *after, const struct lookup *old,
    const struct lookup *new)
{
    size_t most = before->object.count + after->object.count;
    struct member *members =
        arena_calloc(audit->arena, value_room(most), sizeof *members);
    size_t count = 0;
    if (members == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < before->object.count; i++) {
        struct member member = before->object.members[i];
        const struct value *was = &before->object.members[i].value;
        const struct value *is = lookup_get(new, member.key);
        bool keep = false;
        int err = keep_attribute(audit, member.key, was, is, &keep);
        if (err != NDF_OK) return err;
        if (keep && is == NULL) continue;
        if (keep) member.value = *is;
        members[count++] = member;
    }
    for (size_t i = 0; i < after->object.count; i++) {
        const struct member *member = &after->object.members[i];
        bool keep = false;
        if (lookup_get(old, member->key) != NULL) continue;
        int err =
            keep_attribute(audit, member->key, NULL, &member->value, &keep);
        if (err != NDF_OK) return err;
        if (keep) members[count++] = *member;
    }
    struct value *attributes = &audit->result->context.attributes;
    *attributes = value_of_object();
    attributes->object.members = members;
    attributes->object.count = count;
    return NDF_OK;
}

/* result->context is the patched one; what may not stay is put back. */
static int audit_fields(struct audit *audit, const struct context *before,
    const struct value *old, const struct value *new)
{
    const struct value *const both[2] = {old, new};
    struct context *context = &audit->result->context;
    bool keep = false;
    int err = keep_field(audit, STR("domain"), SEVERITY_CRITICAL, both, &keep);
    if (err == NDF_OK && !keep) context->domain = before->domain;
    if (err == NDF_OK)
        err = keep_field(
            audit, STR("agent_type"), SEVERITY_CRITICAL, both, &keep);
    if (err == NDF_OK && !keep) context->agent_type = before->agent_type;
    if (err == NDF_OK)
        err = keep_field(audit, STR("priority"), SEVERITY_MINOR, both, &keep);
    if (err == NDF_OK && !keep) context->priority = before->priority;
    if (err == NDF_OK)
        err = keep_field(audit, STR("text"), SEVERITY_CRITICAL, both, &keep);
    if (err == NDF_OK && !keep) context->text = before->text;
    return err;
}

static int audit_all(struct audit *audit, const struct context *before,
    const struct value *old_value)
{
    enum { FIELDS = 4 };
    struct patch_result *result = audit->result;
    struct value after = result->context.attributes;
    struct value new_value = value_null;
    size_t most = FIELDS + before->attributes.object.count + after.object.count;
    result->violations =
        arena_calloc(audit->arena, most, sizeof *result->violations);
    if (result->violations == NULL) return NDF_ENOMEM;
    int err = context_encode(audit->arena, &result->context, &new_value);
    if (err == NDF_OK) err = audit_fields(audit, before, old_value, &new_value);
    if (err != NDF_OK) return err;

    struct lookup old;
    struct lookup new;
    err = lookup_init(&old, audit->arena->mem, &before->attributes);
    int also = lookup_init(&new, audit->arena->mem, &after);
    if (err == NDF_OK) err = also;
    if (err == NDF_OK)
        err = audit_attributes(audit, &before->attributes, &after, &old, &new);
    lookup_deinit(&old);
    lookup_deinit(&new);
    return err;
}

/* NOLINTNEXTLINE(readability-function-size): the contract has seven values */
int patch_apply(struct arena *arena, const struct context *before,
    const struct value *patch, const struct str_list *writes,
    enum context_policy policy, struct patch_result *out, ndf_error *error)
{
    struct value old = value_null;
    struct value merged = value_null;
    struct patch_result result = {.worst = SEVERITY_NONE};
    memset(out, 0, sizeof *out);
    if (patch->kind != VALUE_OBJECT)
        return err_set(error, NDF_ESCHEMA,
            "a patch is a map of what changes in the context, this is a %s",
            value_kind_name(patch->kind));
    int err = context_encode(arena, before, &old);
    if (err == NDF_OK) err = patch_merge(arena, &old, patch, &merged);
    if (err != NDF_OK) return err_set(error, err, "out of memory");
    err = context_decode(arena, &merged, &result.context, error);
    if (err != NDF_OK) return err;
    struct audit audit = {arena, writes, policy, &result};
    err = audit_all(&audit, before, &old);
    if (err != NDF_OK) return err_set(error, err, "out of memory");
    *out = result;
    return NDF_OK;
}

const char *severity_name(enum severity severity)
{
    static const char *const names[] = {
        "none", "minor", "moderate", "critical"};
    return names[severity];
}

double severity_deduction(enum severity severity)
{
    static const double deductions[] = {0, 0.05, 0.10, 0.30};
    return deductions[severity];
}
