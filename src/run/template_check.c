/*
 * template_check.c - what is wrong with a plan's templates before it runs.
 *
 * A step that fails on its template after others worked is a waste: whatever
 * cannot name anything, whatever happens, is refused when the run is planned.
 * Outputs are not known yet, so what is inside them is not checked here.
 */
#include "run/template.h"

static struct str take_part(struct str *path)
{
    struct str part = {"", 0};
    (void)str_split(path, '.', &part);
    return part;
}

static int check_step(const struct template_names *names, struct str reference,
    struct str path, ndf_error *error)
{
    static const struct str parts[] = {{"output", 6}, {"exit", 4}};
    struct str name = take_part(&path);
    size_t at = names->step_count;
    while (at > 0 && !str_equal(names->steps[at - 1], name)) {
        at--;
    }
    if (at == 0) {
        struct str near = str_nearest(name, names->steps, names->step_count);
        if (near.at != NULL) {
            return template_unknown(
                reference, name, names->steps, names->step_count, error);
        }
        if (names->tasks) {
            return err_set(error, NDF_EREFERENCE,
                "'${%.*s}' names nothing: this task does not need '%.*s'; add "
                "it to 'needs' if there is such a task",
                STR_ARG(reference), STR_ARG(name));
        }
        return err_set(error, NDF_EREFERENCE,
            "'${%.*s}' names nothing: no step '%.*s' runs before this one",
            STR_ARG(reference), STR_ARG(name));
    }
    struct str part = take_part(&path);
    bool output = str_equal(part, parts[0]);
    if (!output && (!str_equal(part, parts[1]) || path.size > 0)) {
        return template_unknown(reference, part, parts, 2, error);
    }
    if (names->used != NULL && output) names->used[at - 1] = true;
    return NDF_OK;
}

/* Whether a step before may set it: "stage" or "attributes.stage". */
static bool is_written(const struct template_names *names, struct str name)
{
    for (size_t i = 0; i < names->write_count; i++) {
        struct str write = names->writes[i];
        if (str_starts(write, STR("attributes."))) {
            write = str_from(write, sizeof "attributes." - 1);
        }
        if (str_equal(take_part(&write), name)) return true;
    }
    return false;
}

static int check_attribute(const struct template_names *names,
    struct str reference, struct str path, ndf_error *error)
{
    struct str whole = path;
    struct str name = take_part(&path);
    if (names->any_attribute || is_written(names, name)) return NDF_OK;
    if (names->absent_is_null && name.size > 0) return NDF_OK;
    const struct value *attributes = &names->context->attributes;
    if (whole.size == 0 || value_path(attributes, whole) != NULL) {
        return NDF_OK;
    }
    /* Items of lists are found only when it is rendered. */
    const struct value *first = value_get(attributes, name);
    if (first != NULL && first->kind != VALUE_STRING) return NDF_OK;
    struct str near = {NULL, 0};
    for (size_t i = 0; i < attributes->object.count && near.at == NULL; i++) {
        near = str_nearest(name, &attributes->object.members[i].key, 1);
    }
    if (near.at != NULL) {
        return template_unknown(reference, name, &near, 1, error);
    }
    return err_set(error, NDF_EREFERENCE,
        "'${%.*s}' names nothing: the context has no attribute '%.*s'; give "
        "one with --attr %.*s=VALUE",
        STR_ARG(reference), STR_ARG(name), STR_ARG(name));
}

static int check_scalar(const struct template_names *names,
    struct str reference, struct str root, ndf_error *error)
{
    const struct context *context = names->context;
    bool known = true;
    if (str_equal(root, STR("text"))) {
        known = context->text.at != NULL;
    } else if (str_equal(root, STR("domain"))) {
        known = context->domain.at != NULL;
    } else if (str_equal(root, STR("agent_type"))) {
        known = context->agent_type.at != NULL;
    } else if (str_equal(root, STR("priority"))) {
        known = context->priority != 0;
    }
    if (known || names->any_attribute || names->absent_is_null ||
        is_written(names, root)) {
        return NDF_OK;
    }
    return err_set(error, NDF_EREFERENCE,
        "'${%.*s}' names nothing: the context has no %.*s; give one",
        STR_ARG(reference), STR_ARG(root));
}

static int check_reference(
    const struct template_names *names, struct str reference, ndf_error *error)
{
    static const struct str parts[] = {{"name", 4}, {"body", 4}};
    struct str path = reference;
    struct str root = take_part(&path);
    if (str_equal(root, STR("steps"))) {
        return check_step(names, reference, path, error);
    }
    if (str_equal(root, STR("attributes"))) {
        return check_attribute(names, reference, path, error);
    }
    if (str_equal(root, STR("agent"))) {
        if (str_equal(path, parts[0]) || str_equal(path, parts[1])) {
            return NDF_OK;
        }
        return template_unknown(reference, path, parts, 2, error);
    }
    for (size_t i = 0; i < TEMPLATE_ROOTS; i++) {
        if (!str_equal(root, template_roots[i])) continue;
        if (path.size > 0) {
            return template_unknown(reference, path, NULL, 0, error);
        }
        return check_scalar(names, reference, root, error);
    }
    return template_unknown(
        reference, root, template_roots, TEMPLATE_ROOTS, error);
}

int template_check_text(
    const struct template_names *names, struct str text, ndf_error *error)
{
    struct template_piece piece;
    int err = NDF_OK;
    while (err == NDF_OK && template_next(&text, &piece, &err, error)) {
        if (piece.reference) {
            err = check_reference(names, piece.text, error);
        }
    }
    return err;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most VALUE_DEPTH_MAX levels. */
int template_check_value(const struct template_names *names,
    const struct value *value, ndf_error *error)
{
    int err = NDF_OK;
    if (value->kind == VALUE_STRING) {
        return template_check_text(names, value->string, error);
    }
    if (value->kind == VALUE_ARRAY) {
        for (size_t i = 0; i < value->array.count && err == NDF_OK; i++) {
            err = template_check_value(names, &value->array.items[i], error);
        }
    } else if (value->kind == VALUE_OBJECT) {
        for (size_t i = 0; i < value->object.count && err == NDF_OK; i++) {
            err = template_check_value(
                names, &value->object.members[i].value, error);
        }
    }
    return err;
}
