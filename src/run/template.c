/*
 * template.c - `${...}` in strings of a plan.
 *
 * A text is cut into pieces, literal or reference; a reference is looked up as
 * a value; only then is it decided whether the value or its text is wanted. The
 * result is never scanned again, so what agents print cannot refer to anything.
 */
#include "run/template.h"

#include "base/json.h"
#include "run/agent_call.h"

/* Levels that a request puts around what a template makes. */
enum { TEMPLATE_DEPTH_MAX = VALUE_DEPTH_MAX - 8 };

const struct str template_roots[TEMPLATE_ROOTS] = {
    {"text", 4},
    {"domain", 6},
    {"agent_type", 10},
    {"priority", 8},
    {"attributes", 10},
    {"steps", 5},
    {"run", 3},
    {"agent", 5},
};

bool template_next(
    struct str *rest, struct template_piece *out, int *err, ndf_error *error)
{
    *err = NDF_OK;
    if (rest->size == 0) return false;
    if (str_starts(*rest, STR("$${"))) {
        *out =
            (struct template_piece){.text = str_from(str_until(*rest, 3), 1)};
        *rest = str_from(*rest, 3);
        return true;
    }
    if (str_starts(*rest, STR("${"))) {
        size_t end = str_find_char(*rest, '}');
        if (end == rest->size) {
            *err = err_set(error, NDF_ESYNTAX,
                "'%.*s' opens a reference with '${' and never closes it: add "
                "'}', or write '$${' for a plain '${'",
                STR_ARG(str_until(*rest, 40)));
            return false;
        }
        *out = (struct template_piece){
            .reference = true, .text = str_from(str_until(*rest, end), 2)};
        out->text = str_trim(out->text);
        *rest = str_from(*rest, end + 1);
        return true;
    }
    size_t end = 1;
    while (end < rest->size && rest->at[end] != '$') {
        end++;
    }
    *out = (struct template_piece){.text = str_until(*rest, end)};
    *rest = str_from(*rest, end);
    return true;
}

int template_unknown(struct str reference, struct str part,
    const struct str *known, size_t count, ndf_error *error)
{
    struct str near = str_nearest(part, known, count);
    if (near.at == NULL) {
        return err_set(error, NDF_EREFERENCE,
            "'${%.*s}' names nothing: there is no '%.*s'", STR_ARG(reference),
            STR_ARG(part));
    }
    return err_set(error, NDF_EREFERENCE,
        "'${%.*s}' names nothing: there is no '%.*s', did you mean '%.*s'?",
        STR_ARG(reference), STR_ARG(part), STR_ARG(near));
}

static int unknown_here(
    struct str reference, const char *what, const char *how, ndf_error *error)
{
    return err_set(error, NDF_EREFERENCE,
        "'${%.*s}' names nothing: the context has no %s; give one with %s",
        STR_ARG(reference), what, how);
}

static bool array_index(struct str part, size_t count, size_t *out)
{
    if (part.size == 0 || part.size > 9) return false;
    size_t index = 0;
    for (size_t i = 0; i < part.size; i++) {
        if (part.at[i] < '0' || part.at[i] > '9') return false;
        index = index * 10 + (size_t)(part.at[i] - '0');
    }
    *out = index;
    return index < count;
}

/* The error for a member that is not there, with the nearest that is. */
static int no_member(struct arena *arena, struct str reference, struct str part,
    const struct value *at, ndf_error *error)
{
    struct str *keys = NULL;
    size_t count = at->kind == VALUE_OBJECT ? at->object.count : 0;
    if (count > 0) keys = arena_calloc(arena, count, sizeof *keys);
    if (count > 0 && keys == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < count; i++) {
        keys[i] = at->object.members[i].key;
    }
    return template_unknown(reference, part, keys, count, error);
}

/* One reference that is looked up. */
struct asking {
    struct arena *arena;
    const struct template_scope *scope;
    struct str reference;
    ndf_error *error;
};

/* Follows path ("a.0.b") down from at. */
static int descend(const struct asking *ask, struct str path,
    const struct value *at, struct value *out)
{
    struct str part;
    while (str_split(&path, '.', &part)) {
        const struct value *next = value_get(at, part);
        size_t index = 0;
        if (at->kind == VALUE_ARRAY &&
            array_index(part, at->array.count, &index)) {
            next = &at->array.items[index];
        }
        if (next == NULL && ask->scope->absent_is_null) next = &value_null;
        if (next == NULL) {
            return no_member(ask->arena, ask->reference, part, at, ask->error);
        }
        at = next;
    }
    *out = *at;
    return NDF_OK;
}

/* Cuts the first name off a dotted path. */
static struct str first_part(struct str *path)
{
    struct str part = {"", 0};
    (void)str_split(path, '.', &part);
    return part;
}

static int step_names(
    struct arena *arena, const struct template_scope *scope, struct str **out)
{
    *out = arena_calloc(arena, scope->step_count + 1, sizeof **out);
    if (*out == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < scope->step_count; i++) {
        (*out)[i] = scope->steps[i].name;
    }
    return NDF_OK;
}

static int lookup_output(const struct asking *ask, struct str path,
    const struct template_step *step, struct value *out)
{
    *out = step->output != NULL ? *step->output : value_of_str(STR(""));
    if (path.size == 0) return NDF_OK;
    if (out->kind == VALUE_STRING) {
        int err = json_parse(ask->arena, out->string, out, NULL);
        if (err == NDF_ENOMEM) return err;
        if (err != NDF_OK) {
            return err_set(ask->error, NDF_EREFERENCE,
                "'${%.*s}' names nothing: the output of step '%.*s' is no "
                "JSON, so '%.*s' cannot be read from it",
                STR_ARG(ask->reference), STR_ARG(step->name), STR_ARG(path));
        }
    }
    struct value whole = *out;
    return descend(ask, path, &whole, out);
}

static int lookup_step(
    const struct asking *ask, struct str path, struct value *out)
{
    const struct template_scope *scope = ask->scope;
    struct str name = first_part(&path);
    const struct template_step *step = NULL;
    for (size_t i = scope->step_count; i > 0 && step == NULL; i--) {
        if (str_equal(scope->steps[i - 1].name, name)) {
            step = &scope->steps[i - 1];
        }
    }
    if (step == NULL) {
        struct str *names;
        int err = step_names(ask->arena, scope, &names);
        if (err != NDF_OK) return err;
        return template_unknown(
            ask->reference, name, names, scope->step_count, ask->error);
    }
    static const struct str parts[] = {{"output", 6}, {"exit", 4}};
    struct str part = first_part(&path);
    bool output = str_equal(part, parts[0]);
    bool exit = str_equal(part, parts[1]) && path.size == 0;
    if (!output && !exit) {
        return template_unknown(ask->reference, part, parts, 2, ask->error);
    }
    *out = value_null;
    if (step->skipped) return NDF_OK;
    if (output) return lookup_output(ask, path, step, out);
    *out = value_of_int(step->exit);
    return NDF_OK;
}

static int lookup_agent(const struct agent *agent, struct str reference,
    struct str path, struct value *out, ndf_error *error)
{
    static const struct str parts[] = {{"name", 4}, {"body", 4}};
    struct str part = path;
    if (agent != NULL && str_equal(part, parts[0])) {
        *out = value_of_str(agent->name);
    } else if (agent != NULL && str_equal(part, parts[1])) {
        *out = value_of_str(agent->body.at != NULL ? agent->body : STR(""));
    } else {
        return template_unknown(reference, part, parts, 2, error);
    }
    return NDF_OK;
}

static int lookup_scalar(
    const struct asking *ask, struct str root, struct value *out)
{
    const struct context *context = ask->scope->context;
    struct str text = context->text;
    const char *what = "text";
    const char *how = "the task in words";
    *out = value_null;
    if (str_equal(root, STR("priority"))) {
        what = "priority";
        how = "--priority";
        text.at = NULL;
        if (context->priority != 0) *out = value_of_int(context->priority);
    } else if (str_equal(root, STR("domain"))) {
        text = context->domain;
        what = "domain";
        how = "--domain";
    } else if (str_equal(root, STR("agent_type"))) {
        text = context->agent_type;
        what = "agent_type";
        how = "--agent-type";
    }
    if (text.at != NULL) *out = value_of_str(text);
    if (out->kind != VALUE_NULL || ask->scope->absent_is_null) return NDF_OK;
    return unknown_here(ask->reference, what, how, ask->error);
}

static bool is_scalar_root(struct str root)
{
    return str_equal(root, STR("text")) || str_equal(root, STR("domain")) ||
           str_equal(root, STR("agent_type")) ||
           str_equal(root, STR("priority"));
}

static int lookup(struct arena *arena, const struct template_scope *scope,
    struct str reference, struct value *out, ndf_error *error)
{
    const struct asking ask = {arena, scope, reference, error};
    struct str path = reference;
    struct str root = first_part(&path);
    if (str_equal(root, STR("steps"))) return lookup_step(&ask, path, out);
    if (str_equal(root, STR("attributes"))) {
        return descend(&ask, path, &scope->context->attributes, out);
    }
    if (str_equal(root, STR("agent"))) {
        return lookup_agent(scope->agent, reference, path, out, error);
    }
    if (str_equal(root, STR("run")) && path.size == 0) {
        *out = value_of_str(scope->run);
        return NDF_OK;
    }
    if (is_scalar_root(root) && path.size == 0) {
        return lookup_scalar(&ask, root, out);
    }
    if (is_scalar_root(root) || str_equal(root, STR("run"))) {
        return template_unknown(reference, path, NULL, 0, error);
    }
    return template_unknown(
        reference, root, template_roots, TEMPLATE_ROOTS, error);
}

static void add_text(struct buf *buf, const struct value *value)
{
    if (value->kind == VALUE_STRING) {
        buf_add_str(buf, value->string);
    } else {
        json_write(buf, value);
    }
}

int template_text(struct arena *arena, const struct template_scope *scope,
    struct str text, struct str *out, ndf_error *error)
{
    *out = text;
    if (str_find(text, STR("${")) == text.size) return NDF_OK;
    struct buf buf;
    buf_init(&buf, arena->mem);
    struct template_piece piece;
    int err = NDF_OK;
    while (err == NDF_OK && template_next(&text, &piece, &err, error)) {
        if (!piece.reference) {
            buf_add_str(&buf, piece.text);
            continue;
        }
        struct value value = value_null;
        err = lookup(arena, scope, piece.text, &value, error);
        if (err == NDF_OK) add_text(&buf, &value);
    }
    if (err == NDF_OK) err = buf_error(&buf);
    if (err == NDF_OK) {
        *out = arena_str(arena, buf_str(&buf));
        if (out->at == NULL) err = NDF_ENOMEM;
    }
    buf_deinit(&buf);
    return err;
}

/* Whether text is one reference and nothing else. */
static bool is_one_reference(struct str text, struct str *reference)
{
    if (!str_starts(text, STR("${"))) return false;
    if (str_find_char(text, '}') != text.size - 1) return false;
    *reference = str_trim(str_from(str_until(text, text.size - 1), 2));
    return true;
}

static int render_string(struct arena *arena,
    const struct template_scope *scope, struct value *value, size_t depth,
    ndf_error *error)
{
    struct str reference;
    if (!is_one_reference(value->string, &reference)) {
        return template_text(
            arena, scope, value->string, &value->string, error);
    }
    int err = lookup(arena, scope, reference, value, error);
    if (err == NDF_OK && value_depth(value) + depth > TEMPLATE_DEPTH_MAX) {
        return err_set(error, NDF_ELIMIT,
            "'${%.*s}' is nested too deeply to be handed on; the limit is %d "
            "levels",
            STR_ARG(reference), TEMPLATE_DEPTH_MAX);
    }
    return err;
}

/* NOLINTNEXTLINE(misc-no-recursion): at most VALUE_DEPTH_MAX levels. */
static int render(struct arena *arena, const struct template_scope *scope,
    struct value *value, size_t depth, ndf_error *error)
{
    int err = NDF_OK;
    if (value->kind == VALUE_STRING) {
        return render_string(arena, scope, value, depth, error);
    }
    if (value->kind == VALUE_ARRAY) {
        for (size_t i = 0; i < value->array.count && err == NDF_OK; i++) {
            err =
                render(arena, scope, &value->array.items[i], depth + 1, error);
        }
    } else if (value->kind == VALUE_OBJECT) {
        for (size_t i = 0; i < value->object.count && err == NDF_OK; i++) {
            err = render(arena, scope, &value->object.members[i].value,
                depth + 1, error);
        }
    }
    return err;
}

int template_value(struct arena *arena, const struct template_scope *scope,
    const struct value *in, struct value *out, ndf_error *error)
{
    int err = value_copy(arena, in, out);
    if (err == NDF_OK) err = render(arena, scope, out, 0, error);
    return err;
}

int template_list(struct arena *arena, const struct template_scope *scope,
    const struct str_list *list, struct str_list *out, ndf_error *error)
{
    *out = (struct str_list){NULL, 0};
    struct str *items = arena_calloc(arena, list->count + 1, sizeof *items);
    if (items == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < list->count; i++) {
        int err = template_text(arena, scope, list->items[i], &items[i], error);
        if (err != NDF_OK) return err;
        if (items[i].size < AGENT_ARG_MAX) continue;
        return err_set(error, NDF_ELIMIT,
            "'%.*s' becomes an argument of %zu bytes; the system takes at most "
            "%d: let the program read it from the request on its stdin",
            STR_ARG(str_until(list->items[i], 80)), items[i].size,
            AGENT_ARG_MAX - 1);
    }
    *out = (struct str_list){items, list->count};
    return NDF_OK;
}
