/*
 * exec_record.c - making records: what happened becomes a line of the journal.
 *
 * Each record is appended to the batch of this step and applied at once; what
 * it allows waits until the batch is on disk. Invariant: nothing outside
 * exec_apply.c changes what a replay would have to know.
 */
#include <math.h>

#include "base/json.h"
#include "base/utf8.h"
#include "run/exec.h"
#include "run/result.h"

/* A record's body under construction; an error sticks. */
struct record {
    struct executor *x;
    struct arena *arena;
    struct exec_append append;
    int err;
};

static struct record record_new(struct executor *x, const char *kind)
{
    struct record record = {.x = x, .arena = x->shared->out->arena};
    record.append.kind = str_of(kind);
    record.append.body = value_of_object();
    return record;
}

enum slot_record { RECORD_INTENT, RECORD_RESULT, RECORD_RETRY };

static const char *kind_of(const struct exec_slot *slot, enum slot_record what)
{
    static const char *const kinds[3][3] = {
        {"intent", "result", "retry"},
        {"undo_intent", "undo_result", "undo_retry"},
        {"verify_intent", "verify_result", "verify_retry"},
    };
    return kinds[slot->verify ? 2 : slot->undo][what];
}

static struct record record_of_slot(struct executor *x,
    const struct exec_slot *slot, enum slot_record what, uint32_t attempt)
{
    struct record record = record_new(x, kind_of(slot, what));
    struct value *body = &record.append.body;
    record.err = value_set(
        record.arena, body, STR("step"), value_of_str(slot->node->plan->id));
    if (record.err == NDF_OK) {
        record.err = value_set(
            record.arena, body, STR("attempt"), value_of_int(attempt));
    }
    return record;
}

static void put(struct record *record, struct str key, struct value value)
{
    if (record->err != NDF_OK) return;
    record->err = value_set(record->arena, &record->append.body, key, value);
}

/* Puts a copy of text; nothing when it is empty. */
static void put_text(struct record *record, struct str key, struct str text)
{
    if (text.size == 0 || record->err != NDF_OK) return;
    struct str copy = arena_str(record->arena, text);
    if (copy.at == NULL) record->err = NDF_ENOMEM;
    put(record, key, value_of_str(copy));
}

/* Puts a deep copy; nothing when it is null. */
static void put_copy(
    struct record *record, struct str key, const struct value *value)
{
    if (value->kind == VALUE_NULL || record->err != NDF_OK) return;
    struct value copy;
    record->err = value_copy(record->arena, value, &copy);
    put(record, key, copy);
}

/* Appends and applies it. */
static int record_add(struct record *record, const struct value *output)
{
    struct executor *x = record->x;
    if (record->err != NDF_OK) return record->err;
    struct exec_action *action = exec_emit(x, EXEC_APPEND);
    if (action == NULL) return NDF_ENOMEM;
    action->append = record->append;
    (void)exec_batch(x);
    struct exec_record applied = {
        .kind = record->append.kind, .body = &record->append.body};
    x->shared->made++;
    return exec_apply(x, &applied, output, NULL);
}

/* Fills a payload with the bytes of buf and gives its hash in hex. */
static int payload_of(struct arena *arena, struct str bytes,
    struct exec_payload *payload, struct str *hex)
{
    payload->set = true;
    payload->bytes = arena_str(arena, bytes);
    char *text = arena_alloc(arena, HASH_HEX_SIZE);
    if (payload->bytes.at == NULL || text == NULL) return NDF_ENOMEM;
    hash_sha256(&bytes, 1, payload->hash);
    hash_hex(payload->hash, HASH_SHA256_SIZE, text);
    *hex = str_of(text);
    return NDF_OK;
}

/* Puts the hash of a context, and its bytes beside the record. */
static void put_context(struct record *record, const struct value *context)
{
    struct buf buf;
    buf_init(&buf, record->arena->mem);
    json_write(&buf, context);
    struct str hex = {NULL, 0};
    if (record->err == NDF_OK) record->err = buf_error(&buf);
    if (record->err == NDF_OK) {
        record->err = payload_of(
            record->arena, buf_str(&buf), &record->append.snapshot, &hex);
    }
    buf_deinit(&buf);
    put(record, STR("snapshot"), value_of_str(hex));
}

int exec_record_intent(struct executor *x, struct exec_slot *slot)
{
    uint32_t attempt = slot->call.attempt;
    struct record record = record_of_slot(x, slot, RECORD_INTENT, attempt);
    put_text(&record, STR("key"), slot->call.key);
    put_text(&record, STR("file"), slot->call.file);
    put_text(&record, STR("boot"), x->shared->boot);
    if (slot->call.request.at != NULL && record.err == NDF_OK) {
        uint8_t hash[HASH_SHA256_SIZE];
        char hex[HASH_HEX_SIZE];
        hash_sha256(&slot->call.request, 1, hash);
        hash_hex(hash, sizeof hash, hex);
        put_text(&record, STR("request"), str_of(hex));
    }
    bool base = x->parallel == NULL || x->parallel->view == VIEW_BASE;
    if (x->context_stored && base) {
        put_text(&record, STR("snapshot"), str_of(x->context_hex));
    } else {
        put_context(&record, &x->context_value);
    }
    int err = record_add(&record, NULL);
    slot->token = exec_batch(x);
    return err;
}

/* An output that is too long for the record goes beside it. */
static void put_blob(struct record *record, struct str bytes, const char *kind)
{
    struct str hex = {NULL, 0};
    struct value blob = value_of_object();
    int err = payload_of(record->arena, bytes, &record->append.blob, &hex);
    if (err == NDF_OK) {
        err = value_set(record->arena, &blob, STR("sha256"), value_of_str(hex));
    }
    if (err == NDF_OK) {
        err = value_set(record->arena, &blob, STR("size"),
            value_of_int((int64_t)bytes.size));
    }
    if (err == NDF_OK) {
        err = value_set(
            record->arena, &blob, STR("kind"), value_of_str(str_of(kind)));
    }
    if (record->err == NDF_OK) record->err = err;
    put(record, STR("output_blob"), blob);
}

static void put_output(struct record *record, const struct agent_result *result)
{
    const struct value *output = &result->output;
    if (output->kind == VALUE_NULL) {
        if (result->typed) put(record, STR("output"), value_null);
        return;
    }
    if (record->err != NDF_OK) return;
    if (output->kind == VALUE_STRING && output->string.size > EXEC_INLINE_MAX) {
        put_blob(record, output->string, "text");
        return;
    }
    struct buf buf;
    buf_init(&buf, record->arena->mem);
    json_write(&buf, output);
    record->err = buf_error(&buf);
    if (record->err == NDF_OK && buf.size > EXEC_INLINE_MAX) {
        put_blob(record, buf_str(&buf), "json");
    } else {
        put_copy(record, STR("output"), output);
    }
    buf_deinit(&buf);
}

/* What the step wanted, which no snapshot shows when it was dropped: the value,
 * or how large that is. */
static int put_tried(
    struct record *record, struct value *item, const struct violation *from)
{
    if (from->after == NULL)
        return value_set(
            record->arena, item, STR("deleted"), value_of_bool(true));
    struct buf buf;
    buf_init(&buf, record->arena->mem);
    json_write(&buf, from->after);
    int err = buf_error(&buf);
    int64_t size = (int64_t)buf.size;
    buf_deinit(&buf);
    if (err != NDF_OK) return err;
    if (size > EXEC_TRIED_MAX)
        return value_set(
            record->arena, item, STR("tried_bytes"), value_of_int(size));
    struct value copy;
    err = value_copy(record->arena, from->after, &copy);
    return err == NDF_OK ? value_set(record->arena, item, STR("tried"), copy)
                         : err;
}

static void put_violations(
    struct record *record, const struct exec_verdict *verdict)
{
    struct value list = value_of_array();
    for (size_t i = 0; i < verdict->violation_count; i++) {
        const struct violation *from = &verdict->violations[i];
        struct value item = value_of_object();
        int err = value_set(
            record->arena, &item, STR("field"), value_of_str(from->field));
        if (err == NDF_OK) {
            err = value_set(record->arena, &item, STR("severity"),
                value_of_str(str_of(severity_name(from->severity))));
        }
        if (err == NDF_OK) err = put_tried(record, &item, from);
        if (err == NDF_OK) err = value_push(record->arena, &list, item);
        if (err != NDF_OK) record->err = err;
    }
    if (list.array.count > 0) put(record, STR("violations"), list);
}

/* The end of a log, whole characters only. */
static struct str log_tail(struct str log)
{
    if (log.size <= EXEC_LOG_MAX) return log;
    log = str_from(log, log.size - EXEC_LOG_MAX);
    while (log.size > 0 && ((unsigned char)log.at[0] & 0xC0) == 0x80) {
        log = str_from(log, 1);
    }
    return log;
}

static void put_verdict(
    struct record *record, const struct exec_verdict *verdict)
{
    put(record, STR("ok"), value_of_bool(verdict->ok));
    if (verdict->proof) put(record, STR("proof"), value_of_bool(true));
    if (!verdict->ok) {
        put_text(
            record, STR("reason"), str_of(exec_reason_name(verdict->reason)));
        put_text(record, STR("error"), str_of(verdict->error.message));
    }
    put_violations(record, verdict);
    if (!verdict->ok || !verdict->patched) return;
    put_copy(record, STR("patch"), &verdict->patch);
    put_context(record, &verdict->after);
}

int exec_record_result(struct executor *x, struct exec_slot *slot,
    const struct agent_result *result, const struct exec_verdict *verdict)
{
    struct record record =
        record_of_slot(x, slot, RECORD_RESULT, slot->attempt);
    put_text(&record, STR("status"), str_of(agent_status_name(result->status)));
    if (result->status == AGENT_EXITED) {
        put(&record, STR("exit"), value_of_int(result->exit));
    } else if (result->status == AGENT_SIGNALLED) {
        put(&record, STR("signal"), value_of_int(result->signal));
    }
    put(&record, STR("latency_ms"),
        value_of_int((int64_t)(result->latency_ms & INT64_MAX)));
    if (result->alone) put(&record, STR("namespace"), value_of_bool(true));
    put_verdict(&record, verdict);
    put_output(&record, result);
    put_text(&record, STR("log"), log_tail(result->log));
    put_copy(&record, STR("usage"), &result->usage);
    int err = record_add(&record, &result->output);
    slot->token = exec_batch(x);
    arena_deinit(&slot->arena);
    return err;
}

int exec_record_retry(
    struct executor *x, struct exec_slot *slot, uint64_t wait_ms)
{
    struct record record =
        record_of_slot(x, slot, RECORD_RETRY, slot->attempt + 1);
    put(&record, STR("wait_ms"), value_of_int((int64_t)wait_ms));
    int err = record_add(&record, NULL);
    slot->token = exec_batch(x);
    return err;
}

int exec_record_skip(struct executor *x, const struct exec_node *node,
    const struct exec_node *needed, const char *error)
{
    struct record record = record_new(x, "skip");
    put_text(&record, STR("step"), node->plan->id);
    put_text(&record, STR("needs"), needed->plan->id);
    put_text(&record, STR("error"), str_of(error));
    return record_add(&record, NULL);
}

/* A record of the whole run, or of a pattern inside, which it names then. */
static struct record record_of_pattern(
    struct executor *x, const char *kind, const char *kind_inside)
{
    struct record record = record_new(x, x->phase != NULL ? kind_inside : kind);
    if (x->phase != NULL) put_text(&record, STR("pattern"), x->plan->id);
    return record;
}

int exec_record_pass(struct executor *x, const struct exec_node *node)
{
    struct record record = record_new(x, "skip");
    put_text(&record, STR("step"), node->plan->id);
    put(&record, STR("if"), value_of_bool(true));
    return record_add(&record, NULL);
}

int exec_record_ask(struct executor *x, const struct exec_node *node)
{
    struct record record = node != NULL
                               ? record_new(x, "ask")
                               : record_of_pattern(x, "ask", "pattern_ask");
    if (node != NULL) put_text(&record, STR("step"), node->plan->id);
    return record_add(&record, NULL);
}

int exec_record_approve(struct executor *x, const struct exec_node *node,
    bool approved, struct str reason)
{
    struct record record =
        node != NULL ? record_new(x, "approve")
                     : record_of_pattern(x, "approve", "pattern_approve");
    if (node != NULL) put_text(&record, STR("step"), node->plan->id);
    put(&record, STR("approved"), value_of_bool(approved));
    put_text(&record, STR("reason"), reason);
    return record_add(&record, NULL);
}

int exec_record_begin(struct executor *member)
{
    struct record record = record_of_pattern(member, "", "pattern_begin");
    put_context(&record, &member->parent->context_value);
    return record_add(&record, NULL);
}

int exec_record_rollback(struct executor *member, const char *error)
{
    struct record record = record_of_pattern(member, "", "pattern_rollback");
    put_text(&record, STR("error"), str_of(error));
    return record_add(&record, NULL);
}

static struct record record_of_phase(struct exec_phase *phase, const char *kind)
{
    struct record record = record_new(phase->owner, kind);
    put_text(&record, STR("phase"), phase->plan->id);
    return record;
}

int exec_record_select(
    struct exec_phase *phase, const struct value *plan, const char *error)
{
    struct record record = record_of_phase(phase, "phase_select");
    if (plan != NULL) {
        put_copy(&record, STR("plan"), plan);
    } else {
        put_text(&record, STR("error"), str_of(error));
    }
    return record_add(&record, NULL);
}

int exec_record_stop(
    struct exec_phase *phase, enum exec_reason reason, const char *error)
{
    struct record record = record_of_phase(phase, "phase_stop");
    put_text(&record, STR("reason"), str_of(exec_reason_name(reason)));
    put_text(&record, STR("error"), str_of(error));
    return record_add(&record, NULL);
}

int exec_record_phase(struct exec_phase *phase, bool ok, const char *error,
    const struct value *context)
{
    struct record record = record_of_phase(phase, "phase_end");
    put(&record, STR("ok"), value_of_bool(ok));
    put_text(&record, STR("error"), str_of(error));
    if (context != NULL) put_context(&record, context);
    return record_add(&record, NULL);
}

int exec_record_cancel(struct executor *x, enum exec_reason reason,
    const char *error, const struct exec_node *step)
{
    struct record record = record_of_pattern(x, "cancel", "pattern_cancel");
    put_text(&record, STR("reason"), str_of(exec_reason_name(reason)));
    put_text(&record, STR("error"), str_of(error));
    if (step != NULL) put_text(&record, STR("step"), step->plan->id);
    int err = record_add(&record, NULL);
    x->cancel_token = exec_batch(x);
    return err;
}

static enum outcome_result outcome_of(
    const struct executor *x, enum ndf_run_state state)
{
    if (state == NDF_RUN_IN_DOUBT) return OUTCOME_UNKNOWN;
    if (state != NDF_RUN_SUCCEEDED) return OUTCOME_FAILURE;
    bool proved = x->proofs > 0 || x->verified > 0;
    return proved ? OUTCOME_SUCCESS : OUTCOME_UNKNOWN;
}

static const char *evidence_of(
    const struct executor *x, enum ndf_run_state state)
{
    if (state == NDF_RUN_SUCCEEDED) {
        if (x->proofs > 0) return "expect";
        return x->verified > 0 ? "verify" : "";
    }
    if (state == NDF_RUN_IN_DOUBT) return "";
    return exec_reason_name(
        x->cancel != REASON_NONE ? x->cancel : x->failed_reason);
}

int exec_record_end(struct executor *x, enum ndf_run_state state,
    const char *error, const struct exec_node *step)
{
    struct record record = record_of_pattern(x, "end", "pattern_end");
    double preservation = x->deducted >= 1 ? 0 : 1 - x->deducted;
    put_text(&record, STR("state"), str_of(exec_state_name(state)));
    put_text(&record, STR("outcome"),
        str_of(outcome_result_name(outcome_of(x, state))));
    put_text(&record, STR("evidence"), str_of(evidence_of(x, state)));
    put(&record, STR("preservation"), value_of_real(preservation));
    put_text(&record, STR("error"), str_of(error));
    if (step != NULL) put_text(&record, STR("step"), step->plan->id);
    put(&record, STR("steps_done"), value_of_int(exec_steps_done(x)));
    put(&record, STR("steps_total"), value_of_int(exec_steps_total(x)));
    put(&record, STR("busy_ms"), value_of_int((int64_t)x->busy_ms));
    if (x->tokens >= 0) put(&record, STR("tokens"), value_of_int(x->tokens));
    if (!isnan(x->cost)) put(&record, STR("cost"), value_of_real(x->cost));
    int err = NDF_OK;
    if (state == NDF_RUN_SUCCEEDED && x->parallel != NULL &&
        x->parallel->patch_count > 0) {
        err = exec_view(x, NULL);
        if (err == NDF_OK) put_context(&record, &x->context_value);
    }
    if (err == NDF_OK) err = record_add(&record, NULL);
    x->end_token = exec_batch(x);
    return err;
}
