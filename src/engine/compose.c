/*
 * compose.c - see compose.h.
 *
 * A task asks for several things when its clauses, each selected alone, choose
 * different patterns. What chooses none belongs to its neighbour: no word of a
 * task is lost.
 */
#include "engine/compose.h"

#include <string.h>

#include "base/json.h"
#include "decide/clauses.h"
#include "engine/engine.h"
#include "engine/object.h"

enum { WORDS_MIN = 2 };

/* "Tests and documentation" is mostly one thing, and so is what two sentences
 * tell: there a part is only what is certain. */
#define FIT_CERTAIN 0.7

struct piece {
    struct clause clause; /* in the text of the task */
    struct str pattern;   /* its label; .at NULL: none */
    double fit;
};

struct composing {
    ndf_engine *engine;
    const struct context *context;
    const ndf_select_options *options;
    struct arena *arena;
    struct piece pieces[CLAUSES_MAX];
    size_t count;
    ndf_error *error;
};

/* ---- choosing ------------------------------------------------------------ */

static struct str text_of(
    const struct composing *c, const struct clause *clause)
{
    return str_until(
        str_from(c->context->text, clause->start), clause->end - clause->start);
}

/* What is chosen for a clause alone. */
static int choose(struct composing *c, struct piece *piece)
{
    struct ndf_context context = {.context = *c->context};
    context.context.text = arena_str(c->arena, text_of(c, &piece->clause));
    if (context.context.text.at == NULL) return NDF_ENOMEM;
    ndf_selection *selection;
    int err =
        ndf_select_with(c->engine, &context, c->options, &selection, c->error);
    if (err != NDF_OK) return err;
    const char *chosen = ndf_selection_chosen(selection);
    ndf_choice best;
    /* A fallback is not what fits. */
    if (chosen != NULL && ndf_selection_at(selection, 0, &best) == NDF_OK &&
        strcmp(best.name, chosen) == 0) {
        piece->fit = best.fit;
        piece->pattern = arena_str(c->arena, str_of(chosen));
        if (piece->pattern.at == NULL) err = NDF_ENOMEM;
    }
    ndf_selection_free(selection);
    return err;
}

static bool has_words(struct str text)
{
    size_t words = 0;
    struct str word;
    while (str_split(&text, ' ', &word))
        words += word.size > 0;
    return words >= WORDS_MIN;
}

static bool is_certain(const struct composing *c, const struct piece *piece)
{
    return piece->pattern.at != NULL && piece->fit >= FIT_CERTAIN &&
           has_words(text_of(c, &piece->clause));
}

static bool differ(const struct piece *pieces, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (!str_equal(pieces[i].pattern, pieces[0].pattern)) return true;
    return false;
}

/* A clause divided at commas and "and": only if each piece is certain. */
static int divide(
    struct composing *c, const struct clause *clause, bool *divided)
{
    struct clause inner[CLAUSES_MAX];
    struct piece pieces[CLAUSES_MAX] = {0};
    size_t count = clauses_find(text_of(c, clause), CLAUSES_ALL, inner);
    *divided = false;
    if (count < 2 || c->count + count > CLAUSES_MAX) return NDF_OK;
    for (size_t i = 0; i < count; i++) {
        struct piece *piece = &pieces[i];
        piece->clause = (struct clause){clause->start + inner[i].start,
            clause->start + inner[i].end, inner[i].join};
        if (i == 0) piece->clause.join = clause->join;
        int err = choose(c, piece);
        if (err != NDF_OK) return err;
        if (!is_certain(c, piece)) return NDF_OK;
    }
    if (!differ(pieces, count)) return NDF_OK;
    memcpy(&c->pieces[c->count], pieces, count * sizeof *pieces);
    c->count += count;
    *divided = true;
    return NDF_OK;
}

static bool is_loose(enum clause_join how)
{
    return how == CLAUSE_SENTENCE || how == CLAUSE_AFTER;
}

static int find_pieces(struct composing *c)
{
    struct clause clauses[CLAUSES_MAX];
    size_t count = clauses_find(c->context->text, CLAUSES_STRONG, clauses);
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < count; i++) {
        bool divided;
        err = divide(c, &clauses[i], &divided);
        if (err != NDF_OK || divided) continue;
        if (c->count == CLAUSES_MAX) {
            c->count = 0; /* too many things for one plan */
            return NDF_OK;
        }
        struct piece *piece = &c->pieces[c->count++];
        *piece = (struct piece){.clause = clauses[i]};
        if (count > 1) err = choose(c, piece);
        bool loose = is_loose(clauses[i].join) ||
                     (i + 1 < count && is_loose(clauses[i + 1].join));
        if (loose && !is_certain(c, piece))
            piece->pattern = (struct str){NULL, 0};
    }
    return err;
}

/* ---- joining ------------------------------------------------------------- */

static bool belong_together(const struct piece *a, const struct piece *b)
{
    return a->pattern.at == NULL || b->pattern.at == NULL ||
           str_equal(a->pattern, b->pattern);
}

/* Neighbours of one pattern become one, and so does what has none. */
static void join(struct composing *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->count; i++) {
        struct piece *last = kept > 0 ? &c->pieces[kept - 1] : NULL;
        const struct piece *piece = &c->pieces[i];
        if (last == NULL || !belong_together(last, piece)) {
            c->pieces[kept++] = *piece;
            continue;
        }
        last->clause.end = piece->clause.end;
        if (last->pattern.at == NULL) last->pattern = piece->pattern;
        if (piece->fit > last->fit) last->fit = piece->fit;
    }
    c->count = kept;
}

/* "A after B": B comes first. Whether any order was said. */
static bool put_in_order(struct composing *c)
{
    bool ordered = false;
    for (size_t i = 1; i < c->count; i++) {
        enum clause_join how = c->pieces[i].clause.join;
        ordered |= how >= CLAUSE_SENTENCE;
        if (how != CLAUSE_AFTER) continue;
        struct piece before = c->pieces[i - 1];
        c->pieces[i - 1] = c->pieces[i];
        c->pieces[i] = before;
    }
    return ordered;
}

static int encode(const struct composing *c, bool ordered, struct value *out)
{
    struct object document = object_new(c->arena);
    struct value parts = value_of_array();
    int err = NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < c->count; i++) {
        const struct piece *piece = &c->pieces[i];
        struct object part = object_new(c->arena);
        object_put(&part, "text", value_of_str(text_of(c, &piece->clause)));
        object_put(&part, "pattern", value_of_str(piece->pattern));
        object_put(&part, "fit", value_of_real(piece->fit));
        err = part.err;
        if (err == NDF_OK) err = value_push(c->arena, &parts, part.value);
    }
    object_put(&document, "kind",
        value_of_str(ordered ? STR("sequential") : STR("parallel")));
    object_put(&document, "parts", parts);
    *out = document.value;
    return err == NDF_OK ? document.err : err;
}

static int compose(struct composing *c, ndf_text **out)
{
    struct value value;
    int err = find_pieces(c);
    if (err != NDF_OK) return err;
    join(c);
    if (!differ(c->pieces, c->count)) return NDF_OK;
    bool ordered = put_in_order(c);
    err = encode(c, ordered, &value);
    return err == NDF_OK ? text_of_value(out, &c->engine->mem, &value) : err;
}

int ndf_compose(ndf_engine *engine, const ndf_context *context,
    const ndf_select_options *options, ndf_text **out, ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (context == NULL)
        return err_set(error, NDF_EINVAL, "the context is NULL");
    if (error != NULL) error->code = NDF_OK;
    struct arena arena;
    arena_init(&arena, &engine->mem);
    struct composing composing = {.engine = engine,
        .context = &context->context,
        .options = options,
        .arena = &arena,
        .error = error};
    err = compose(&composing, out);
    arena_deinit(&arena);
    return engine_explain(err, "the task cannot be divided", error);
}

/* ---- running ------------------------------------------------------------- */

static int refuse(ndf_error *error, const char *what)
{
    return err_set(error, NDF_ESCHEMA,
        "what is composed: expected %s, as ndf_compose gives it", what);
}

static int read_parts(struct arena *arena, const struct value *list,
    struct plan_parts *out, ndf_error *error)
{
    if (list == NULL || list->kind != VALUE_ARRAY || list->array.count < 1)
        return refuse(error, "a list of parts");
    if (list->array.count > CLAUSES_MAX)
        return err_set(error, NDF_ELIMIT,
            "what is composed has %zu parts: at most %d are run together",
            list->array.count, CLAUSES_MAX);
    out->count = list->array.count;
    out->items = arena_calloc(arena, out->count, sizeof *out->items);
    if (out->items == NULL) return NDF_ENOMEM;
    for (size_t i = 0; i < out->count; i++) {
        const struct value *part = &list->array.items[i];
        out->items[i] =
            (struct plan_part){.pattern = value_get_str(part, STR("pattern")),
                .task = value_get_str(part, STR("text"))};
        if (out->items[i].pattern.size == 0 || out->items[i].task.size == 0)
            return refuse(error, "a text and a pattern in each part");
        if (out->items[i].task.size > CONTEXT_TEXT_MAX)
            return err_set(error, NDF_ELIMIT,
                "the text of part %zu has %zu bytes: at most %d, give a longer "
                "task by file",
                i + 1, out->items[i].task.size, CONTEXT_TEXT_MAX);
    }
    return NDF_OK;
}

int compose_read(struct arena *arena, const char *json, struct plan_parts *out,
    ndf_error *error)
{
    struct value value;
    *out = (struct plan_parts){0};
    int err = json_parse(arena, str_of(json), &value, error);
    if (err != NDF_OK) return err;
    struct str kind = value_get_str(&value, STR("kind"));
    out->parallel = str_equal(kind, STR("parallel"));
    if (!out->parallel && !str_equal(kind, STR("sequential")))
        return refuse(error, "the kind parallel or sequential");
    return read_parts(arena, value_get(&value, STR("parts")), out, error);
}

bool compose_is_composed(struct str pattern, bool has_version)
{
    return !has_version && str_starts(pattern, STR("composed/"));
}
