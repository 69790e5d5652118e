/*
 * exec_undo.c - taking completed steps back, the last one first.
 *
 * One undo at a time. An undo that keeps failing ends the run there: what was
 * done before rests on what could not be undone.
 */
#include "run/exec.h"

static bool wants_undo(const struct exec_node *node)
{
    return node->plan->step.undo.set && node->undo.phase != SLOT_OK;
}

static bool wants_undo_failed(const struct exec_node *node)
{
    return node->ran && node->state == NODE_FAILED &&
           node->plan->step.undo_when == UNDO_ALSO_FAILED && wants_undo(node);
}

static struct exec_slot *next_undo(struct executor *x)
{
    struct exec_node *failed = x->failed;
    if (failed != NULL && wants_undo_failed(failed)) return &failed->undo;
    /* Of tasks, several may have failed. */
    for (uint32_t i = x->leaf_count; x->parallel != NULL && i > 0; i--) {
        struct exec_node *node = &x->nodes[x->leaves[i - 1]];
        if (wants_undo_failed(node)) return &node->undo;
    }
    for (uint32_t i = x->order_count; i > 0; i--) {
        struct exec_node *node = &x->nodes[x->leaves[x->order[i - 1]]];
        if (wants_undo(node)) return &node->undo;
    }
    return NULL;
}

static int end_undone(struct executor *x)
{
    if (x->cancel == REASON_CANCELLED || x->cancel == REASON_ROLLBACK ||
        x->cancel == REASON_DENIED) {
        return exec_record_end(
            x, NDF_RUN_CANCELLED, x->cancel_error.message, NULL);
    }
    if (x->cancel != REASON_NONE || x->failed == NULL) {
        return exec_record_end(
            x, NDF_RUN_FAILED, x->cancel_error.message, x->failed);
    }
    ndf_error error = {0};
    err_set(&error, NDF_EAGENT, "step '%.*s' failed: %s",
        STR_ARG(x->failed->plan->id), x->failed_error.message);
    return exec_record_end(x, NDF_RUN_FAILED, error.message, x->failed);
}

static int end_undo_failed(struct executor *x, const struct exec_node *node)
{
    ndf_error error = {0};
    err_set(&error, NDF_EAGENT,
        "the undo of step '%.*s' keeps failing, so its work and that of the "
        "steps before it stands: %s",
        STR_ARG(node->plan->id), x->undo_error.message);
    return exec_record_end(x, NDF_RUN_UNDO_FAILED, error.message, node);
}

int exec_undo_advance(struct executor *x)
{
    while (!x->ended) {
        struct exec_slot *slot = x->plan->rollback ? next_undo(x) : NULL;
        if (slot == NULL) return end_undone(x);
        int err = exec_slot_advance(x, slot);
        if (err != NDF_OK) return err;
        if (slot->phase == SLOT_FAILED) {
            return end_undo_failed(x, slot->node);
        }
        if (slot->phase != SLOT_OK) return NDF_OK;
    }
    return NDF_OK;
}
