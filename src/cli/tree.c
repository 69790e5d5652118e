/*
 * tree.c - see tree.h.
 *
 * Rows are in the order of the plan, a group before what is in it: a phase, a
 * pattern of it, or nothing. A pattern that is chosen when its phase is reached
 * is put in then. What a group does follows from what is in it.
 */
#include "cli/tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/run_doc.h"
#include "cli/tree_row.h"

enum { DEPTH_MAX = 20, FIELDS_SIZE = 128 };

struct tree {
    struct tree_row *rows;
    size_t count, room;
    int64_t began_ms, ended_ms;
    int64_t tokens;
    double cost;
    bool has_cost;
};

struct tree *tree_new(void)
{
    struct tree *tree = cli_alloc(sizeof *tree);
    tree->began_ms = tree->ended_ms = tree->tokens = -1;
    return tree;
}

static void row_deinit(struct tree_row *row)
{
    cli_free(row->id);
    cli_free(row->note);
    cli_free(row->undeclared);
}

void tree_free(struct tree *tree)
{
    if (tree == NULL) return;
    for (size_t i = 0; i < tree->count; i++)
        row_deinit(&tree->rows[i]);
    cli_free(tree->rows);
    cli_free(tree);
}

/* ---- rows ---------------------------------------------------------------- */

static struct tree_row *find_row(const struct tree *tree, const char *id)
{
    for (size_t i = 0; i < tree->count; i++)
        if (strcmp(tree->rows[i].id, id) == 0) return &tree->rows[i];
    return NULL;
}

/* A new row at that place. */
static struct tree_row *insert_row(
    struct tree *tree, size_t at, const char *id, size_t depth)
{
    if (tree->count == tree->room) {
        tree->room = tree->room == 0 ? 16 : 2 * tree->room;
        tree->rows = cli_resize(tree->rows, tree->room * sizeof *tree->rows);
    }
    for (size_t i = tree->count; i > at; i--)
        tree->rows[i] = tree->rows[i - 1];
    tree->count++;
    tree->rows[at] = (struct tree_row){.id = cli_text(id),
        .depth = depth,
        .since_ms = -1,
        .took_ms = -1,
        .tokens = -1};
    return &tree->rows[at];
}

/* One behind the last row inside of the one at `at`. */
static size_t end_of(const struct tree *tree, size_t at)
{
    size_t end = at + 1;
    while (end < tree->count && tree->rows[end].depth > tree->rows[at].depth)
        end++;
    return end;
}

/* A step that no plan named, of a newer version perhaps, comes last. */
static struct tree_row *need_row(struct tree *tree, const char *id)
{
    struct tree_row *row = find_row(tree, id);
    return row != NULL ? row : insert_row(tree, tree->count, id, 0);
}

/* ---- plans --------------------------------------------------------------- */

static size_t add_plan(
    struct tree *tree, size_t at, const json_t *plan, size_t depth);

/* NOLINTNEXTLINE(misc-no-recursion): ends at DEPTH_MAX */
static size_t add_node(
    struct tree *tree, size_t at, const json_t *node, size_t depth)
{
    const json_t *children = json_object_get(node, "children");
    const char *id = cli_get(node, "id");
    if (depth > DEPTH_MAX) return at;
    if (children == NULL) {
        (void)insert_row(tree, at, id, depth);
        return at + 1;
    }
    for (size_t i = 0; i < json_array_size(children); i++)
        at = add_node(tree, at, json_array_get(children, i), depth);
    return at;
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at DEPTH_MAX */
static size_t add_inner(
    struct tree *tree, size_t at, const json_t *plan, size_t depth)
{
    insert_row(tree, at, cli_get(plan, "id"), depth)->group = true;
    return add_plan(tree, at + 1, plan, depth + 1);
}

/* NOLINTNEXTLINE(misc-no-recursion): ends at DEPTH_MAX */
static size_t add_plan(
    struct tree *tree, size_t at, const json_t *plan, size_t depth)
{
    const json_t *phases = json_object_get(plan, "phases");
    if (depth > DEPTH_MAX) return at;
    if (phases == NULL)
        return add_node(tree, at, json_object_get(plan, "root"), depth);
    for (size_t i = 0; i < json_array_size(phases); i++) {
        const json_t *phase = json_array_get(phases, i);
        const json_t *plans = json_object_get(phase, "plans");
        insert_row(tree, at++, cli_get(phase, "id"), depth)->group = true;
        for (size_t p = 0; p < json_array_size(plans); p++)
            at = add_inner(tree, at, json_array_get(plans, p), depth + 1);
    }
    return at;
}

static void add_chosen(struct tree *tree, const json_t *body)
{
    const json_t *plan = json_object_get(body, "plan");
    const struct tree_row *phase = find_row(tree, cli_get(body, "phase"));
    if (plan == NULL || phase == NULL) return;
    size_t at = (size_t)(phase - tree->rows);
    (void)add_inner(tree, end_of(tree, at), plan, phase->depth + 1);
}

/* ---- records ------------------------------------------------------------- */

static void set_note(struct tree_row *row, const char *text)
{
    cli_free(row->note);
    row->note = text[0] != '\0' ? cli_text(text) : NULL;
}

static void take_usage(
    struct tree *tree, struct tree_row *row, const json_t *usage)
{
    int64_t tokens = run_doc_ms(usage, "tokens");
    const json_t *cost = json_object_get(usage, "cost");
    if (tokens >= 0) {
        row->tokens = (row->tokens < 0 ? 0 : row->tokens) + tokens;
        tree->tokens = (tree->tokens < 0 ? 0 : tree->tokens) + tokens;
    }
    if (!json_is_number(cost)) return;
    row->cost += json_number_value(cost);
    tree->cost += json_number_value(cost);
    row->has_cost = tree->has_cost = true;
}

static void start_call(struct tree *tree, const json_t *record, bool undo)
{
    const json_t *body = json_object_get(record, "body");
    struct tree_row *row = need_row(tree, cli_get(body, "step"));
    int64_t attempt = run_doc_ms(body, "attempt");
    row->state = undo ? ROW_UNDOING : ROW_RUNNING;
    row->since_ms = run_doc_ms(record, "at_ms");
    row->attempt = attempt > 0 ? attempt : 1;
    if (row->attempt == 1) set_note(row, "");
}

/* The fields that a call changed and its step does not declare. */
static void take_violations(struct tree_row *row, const json_t *list)
{
    char text[FIELDS_SIZE] = "";
    size_t size = 0;
    for (size_t i = 0; i < json_array_size(list) && size < sizeof text; i++) {
        int more = snprintf(text + size, sizeof text - size, "%s%s",
            i > 0 ? ", " : "", cli_get(json_array_get(list, i), "field"));
        if (more > 0) size += (size_t)more;
    }
    cli_free(row->undeclared);
    row->undeclared = text[0] != '\0' ? cli_text(text) : NULL;
}

static void end_call(struct tree *tree, const json_t *record, bool undo)
{
    const json_t *body = json_object_get(record, "body");
    struct tree_row *row = need_row(tree, cli_get(body, "step"));
    bool ok = json_is_true(json_object_get(body, "ok"));
    int64_t took = run_doc_ms(body, "latency_ms");
    if (undo) row->state = ok ? ROW_UNDONE : ROW_UNDO_FAILED;
    else row->state = ok ? ROW_DONE : ROW_FAILED;
    if (!undo && took >= 0)
        row->took_ms = (row->took_ms < 0 ? 0 : row->took_ms) + took;
    set_note(row, ok ? "" : cli_get(body, "error"));
    if (!undo) take_violations(row, json_object_get(body, "violations"));
    take_usage(tree, row, json_object_get(body, "usage"));
}

static void wait_again(struct tree *tree, const json_t *record)
{
    const json_t *body = json_object_get(record, "body");
    struct tree_row *row = need_row(tree, cli_get(body, "step"));
    int64_t wait = run_doc_ms(body, "wait_ms");
    row->state = ROW_WAITING;
    row->attempt = run_doc_ms(body, "attempt");
    row->since_ms = run_doc_ms(record, "at_ms") + (wait > 0 ? wait : 0);
}

static void skip(struct tree *tree, const json_t *body)
{
    struct tree_row *row = need_row(tree, cli_get(body, "step"));
    row->state = ROW_SKIPPED;
    set_note(row, cli_get(body, "error"));
}

/* A step, or a pattern, that a person did not let begin. */
static void deny(struct tree *tree, const json_t *body)
{
    const char *pattern = cli_get(body, "pattern");
    struct tree_row *row =
        find_row(tree, pattern[0] != '\0' ? pattern : cli_get(body, "step"));
    if (row == NULL || !json_is_false(json_object_get(body, "approved")))
        return;
    row->state = ROW_FAILED;
    set_note(row, "denied");
}

/* What a run that has ended left open stays so: it was not reached, or nobody
 * knows. */
static void end_run(struct tree *tree, const json_t *record)
{
    const json_t *body = json_object_get(record, "body");
    bool doubt = strcmp(cli_get(body, "state"), "in_doubt") == 0;
    tree->ended_ms = run_doc_ms(record, "at_ms");
    for (size_t i = 0; i < tree->count; i++) {
        struct tree_row *row = &tree->rows[i];
        if (row->group || !tree_row_works(row)) continue;
        row->state = doubt ? ROW_DOUBT : ROW_FAILED;
    }
}

/* With tasks that may fail, the steps alone do not tell. */
static void end_group(
    struct tree_row *row, const json_t *body, enum row_state state)
{
    if (row == NULL) return;
    row->state = state;
    set_note(row, state == ROW_FAILED ? cli_get(body, "error") : "");
}

/* One that had succeeded and was taken back did not fail. */
static enum row_state state_of_pattern(const json_t *body)
{
    const char *state = cli_get(body, "state");
    if (strcmp(state, "succeeded") == 0) return ROW_DONE;
    bool back = strcmp(cli_get(body, "evidence"), "rollback") == 0;
    return back && strcmp(state, "cancelled") == 0 ? ROW_UNDONE : ROW_FAILED;
}

void tree_record(struct tree *tree, const json_t *record)
{
    const char *kind = cli_get(record, "kind");
    const json_t *body = json_object_get(record, "body");
    if (strcmp(kind, "plan") == 0) {
        tree->began_ms = run_doc_ms(record, "at_ms");
        (void)add_plan(tree, 0, json_object_get(body, "plan"), 0);
    } else if (strcmp(kind, "phase_select") == 0) {
        add_chosen(tree, body);
    } else if (strcmp(kind, "intent") == 0) {
        start_call(tree, record, false);
    } else if (strcmp(kind, "undo_intent") == 0) {
        start_call(tree, record, true);
    } else if (strcmp(kind, "result") == 0) {
        end_call(tree, record, false);
    } else if (strcmp(kind, "undo_result") == 0) {
        end_call(tree, record, true);
    } else if (strcmp(kind, "retry") == 0) {
        wait_again(tree, record);
    } else if (strcmp(kind, "skip") == 0) {
        skip(tree, body);
    } else if (strcmp(kind, "approve") == 0 ||
               strcmp(kind, "pattern_approve") == 0) {
        deny(tree, body);
    } else if (strcmp(kind, "phase_end") == 0) {
        end_group(find_row(tree, cli_get(body, "phase")), body,
            json_is_true(json_object_get(body, "ok")) ? ROW_DONE : ROW_FAILED);
    } else if (strcmp(kind, "pattern_end") == 0) {
        end_group(find_row(tree, cli_get(body, "pattern")), body,
            state_of_pattern(body));
    } else if (strcmp(kind, "end") == 0) {
        end_run(tree, record);
    }
}

/* ---- drawing ------------------------------------------------------------- */

static void count_states(const struct tree *tree, struct tree_sums *sums)
{
    *sums = (struct tree_sums){.tokens = tree->tokens,
        .cost = tree->cost,
        .has_cost = tree->has_cost,
        .began_ms = tree->began_ms,
        .ended_ms = tree->ended_ms};
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree_row *row = &tree->rows[i];
        if (row->group) continue;
        sums->steps++;
        sums->done += row->state == ROW_DONE;
    }
}

/* What a group does: what was said of it, else what its steps do. */
static enum row_state state_of_group(const struct tree *tree, size_t at)
{
    bool any = false, back = false;
    for (size_t i = at + 1; i < end_of(tree, at); i++) {
        const struct tree_row *row = &tree->rows[i];
        if (!row->group && tree_row_works(row)) return ROW_RUNNING;
        any |= !row->group && row->state != ROW_PENDING;
        back |= row->group && row->state == ROW_UNDONE;
    }
    enum row_state said = tree->rows[at].state;
    if (said == ROW_DONE && back) return ROW_UNDONE;
    if (said != ROW_PENDING) return said;
    if (!any) return ROW_PENDING;
    return tree->ended_ms >= 0 ? ROW_SKIPPED : ROW_RUNNING;
}

/* Whether why a group failed ends with what a row inside of it says already:
 * "step 'a/b' failed: it broke" above "it broke". */
static bool is_said_inside(const struct tree *tree, size_t at)
{
    const char *note = tree->rows[at].note;
    size_t size = note != NULL ? strlen(note) : 0;
    for (size_t i = at + 1; i < end_of(tree, at); i++) {
        const struct tree_row *row = &tree->rows[i];
        size_t part = row->note != NULL ? strlen(row->note) : 0;
        if (row->state != ROW_FAILED || part == 0 || part > size) continue;
        if (strcmp(note + size - part, row->note) == 0) return true;
    }
    return false;
}

/* What a person wants to see first, when there is not room for all. */
static int rank_of(const struct tree_row *row)
{
    if (tree_row_works(row)) return 0;
    if (row->state == ROW_FAILED || row->state == ROW_UNDO_FAILED ||
        row->state == ROW_DOUBT)
        return 1;
    if (row->group && row->depth == 0) return 2;
    return row->state == ROW_PENDING ? 3 : 4;
}

enum { RANKS = 5 };

/* Marks those that are shown, at most `rows`; returns how many. */
static size_t choose_rows(const struct tree *tree, bool *shown, size_t rows)
{
    size_t count = 0;
    for (int rank = 0; rank < RANKS; rank++) {
        for (size_t i = 0; i < tree->count && count < rows; i++) {
            if (shown[i] || rank_of(&tree->rows[i]) != rank) continue;
            shown[i] = true;
            count++;
        }
    }
    return count;
}

static size_t label_columns(const struct tree *tree, size_t columns)
{
    size_t widest = 8;
    for (size_t i = 0; i < tree->count; i++) {
        const struct tree_row *row = &tree->rows[i];
        size_t wide = 2 * row->depth + term_columns(tree_row_label(row));
        if (wide > widest) widest = wide;
    }
    size_t most = columns / 2;
    return widest < most ? widest : most;
}

void tree_draw(const struct tree *tree, const struct term *to,
    const struct tree_view *view)
{
    bool *shown = cli_alloc(tree->count + 1);
    size_t rows = view->rows - 1;
    struct tree_sums sums;
    count_states(tree, &sums);
    bool all = tree->count <= rows;
    sums.hidden =
        tree->count - choose_rows(tree, shown, all ? tree->count : rows);
    struct tree_line line = {.to = to,
        .columns = view->columns,
        .label = label_columns(tree, view->columns),
        .now_ms = tree->ended_ms >= 0 ? tree->ended_ms : view->now_ms,
        .tick = view->tick};
    for (size_t i = 0; i < tree->count; i++) {
        if (!shown[i]) continue;
        struct tree_row row = tree->rows[i];
        if (row.group) row.state = state_of_group(tree, i);
        if (row.group && is_said_inside(tree, i)) row.note = NULL;
        tree_row_draw(&row, &line);
    }
    tree_sums_draw(&sums, &line, view->stops);
    cli_free(shown);
}
