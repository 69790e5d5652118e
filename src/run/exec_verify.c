/*
 * exec_verify.c - a step's verifier: another agent that looks at what the work
 * brought before anything rests on it.
 *
 * The work's output and patch wait in exec_proof. Accepted, they become those
 * of the step; refused, this try of the work has failed, and `retry` calls the
 * work again. A verifier only judges: a patch of its own is not applied.
 */
#include <string.h>

#include "base/json.h"
#include "run/exec.h"

enum { VERIFY_WORDS_MAX = 300 };

/* ---- what waits --------------------------------------------------------- */

/* Patches that wait count for what the context may become. */
static void count_patch(
    struct executor *x, const struct exec_proof *proof, bool waits)
{
    if (x->parallel == NULL || proof->patch.kind == VALUE_NULL) return;
    size_t size = value_size(&proof->patch);
    if (waits) x->parallel->patch_bytes += size;
    else x->parallel->patch_bytes -= size;
}

void exec_proof_drop(struct executor *x, struct exec_node *node)
{
    struct exec_proof *proof = node->proof;
    if (proof == NULL) return;
    count_patch(x, proof, false);
    x->outputs[node->leaf] = value_null;
    x->steps[node->leaf].output = NULL;
    proof->patch = value_null;
    proof->proved = false;
    proof->slot.phase = SLOT_IDLE;
    arena_deinit(&proof->arena);
}

int exec_proof_keep(
    struct executor *x, struct exec_node *node, const struct value *body)
{
    struct exec_proof *proof = node->proof;
    const struct value *patch = value_get(body, STR("patch"));
    struct str hex = value_get_str(body, STR("snapshot"));
    proof->proved = value_get_bool(body, STR("proof"), false);
    if (patch == NULL) return NDF_OK;
    if (patch->kind != VALUE_OBJECT || hex.size >= sizeof proof->hex) {
        return NDF_ECORRUPT;
    }
    if (hex.size > 0) memcpy(proof->hex, hex.at, hex.size);
    proof->hex[hex.size] = '\0';
    int err = value_copy(&proof->arena, patch, &proof->patch);
    if (err == NDF_OK) count_patch(x, proof, true);
    return err;
}

int exec_proof_accept(
    struct executor *x, struct exec_node *node, ndf_error *error)
{
    struct exec_proof *proof = node->proof;
    struct value patch = proof->patch;
    count_patch(x, proof, false);
    proof->patch = value_null;
    x->verified++;
    if (proof->proved) x->proofs++;
    if (patch.kind == VALUE_NULL) return NDF_OK;
    return exec_apply_patch(x, &node->work, &patch, str_of(proof->hex), error);
}

/* ---- its word ----------------------------------------------------------- */

/* What it said, as a value: {"ok": false} is a text when a program printed it.
 */
static int read_word(
    struct arena *arena, const struct value *output, struct value *out)
{
    struct value value;
    *out = *output;
    if (output->kind != VALUE_STRING) return NDF_OK;
    int err = json_parse(arena, str_trim(output->string), &value, NULL);
    if (err == NDF_OK) *out = value;
    return err == NDF_ENOMEM ? err : NDF_OK;
}

static bool says_no(const struct value *word)
{
    const struct value *ok = value_get(word, STR("ok"));
    if (word->kind == VALUE_BOOL) return !word->truth;
    return ok != NULL && ok->kind == VALUE_BOOL && !ok->truth;
}

static struct str last_line(struct str text)
{
    text = str_trim(text);
    for (size_t i = text.size; i > 0; i--) {
        if (text.at[i - 1] == '\n') return str_from(text, i);
    }
    return text;
}

/* Why, in its own words; empty when it gave none. */
static struct str reason_of(
    const struct agent_result *result, const struct value *word)
{
    static const struct str keys[] = {{"reason", 6}, {"error", 5}};
    struct str text = result->error;
    for (size_t i = 0; i < sizeof keys / sizeof *keys && text.size == 0; i++) {
        text = value_get_str(word, keys[i]);
    }
    if (text.size == 0 && word->kind == VALUE_STRING) {
        text = last_line(word->string);
    }
    if (text.size == 0) text = last_line(result->log);
    bool longer = text.size > VERIFY_WORDS_MAX;
    return longer ? str_until(text, VERIFY_WORDS_MAX) : text;
}

int exec_judge_verifier(struct executor *x, const struct exec_slot *slot,
    const struct agent_result *result, struct exec_verdict *out)
{
    struct value word;
    int err = read_word(x->shared->out->arena, &result->output, &word);
    if (err != NDF_OK) return err;
    out->ok = result->exit == 0 && !says_no(&word);
    if (out->ok) return NDF_OK;
    struct str reason = reason_of(result, &word);
    ndf_error status = {0};
    if (result->exit != 0) {
        err_set(&status, NDF_EAGENT, " (status %d)", result->exit);
    }
    out->reason = REASON_VERIFY;
    err_set(&out->error, NDF_EAGENT,
        "verifier '%.*s' does not accept it%s%s%.*s",
        STR_ARG(slot->node->plan->verify_agent.name), status.message,
        reason.size > 0 ? ": " : "", STR_ARG(reason));
    return NDF_OK;
}
