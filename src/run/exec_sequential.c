/*
 * exec_sequential.c - steps one after another, and the table of node kinds.
 *
 * A child's turn comes when all before it are done; the first that fails ends
 * the sequence. Other ways of ordering children are other files with one line
 * in the table.
 */
#include "run/exec.h"

static const struct exec_node_kind kinds[] = {
    [NODE_STEP] = {exec_step_advance},
    [NODE_SEQUENCE] = {exec_sequence_advance},
    [NODE_PARALLEL] = {exec_parallel_advance},
};

/* Through the table, so a sequence may hold sequences: at most PLAN_DEPTH_MAX
 * deep. */
int exec_node_advance(struct executor *x, struct exec_node *node)
{
    if (node->state == NODE_PENDING) node->state = NODE_OPEN;
    return kinds[node->plan->kind].advance(x, node);
}

int exec_sequence_advance(struct executor *x, struct exec_node *node)
{
    while (node->state == NODE_OPEN) {
        if (node->cursor == node->end) {
            node->state = NODE_DONE;
            return NDF_OK;
        }
        struct exec_node *child = &x->nodes[node->cursor];
        int err = exec_node_advance(x, child);
        if (err != NDF_OK) return err;
        if (child->state == NODE_FAILED) node->state = NODE_FAILED;
        if (child->state != NODE_DONE) return NDF_OK;
        node->cursor = child->end;
    }
    return NDF_OK;
}
