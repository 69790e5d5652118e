/*
 * preview.c - the plan of a run that is not started.
 *
 * It is made by the same steps as a run's own and stops before anything is
 * owned, written or started: what can be shown can be started, and looks so in
 * the run's first record.
 */
#include "engine/start.h"

/* What a plan amounts to, without what is chosen only when it is reached. */
struct totals {
    int64_t steps, programs, functions, undos, approvals;
    int64_t calls; /* of agents, retries and verifiers counted, undos not */
};

static int count_step(void *ud, const struct plan_node *node)
{
    struct totals *totals = ud;
    totals->steps++;
    bool verified = node->step.verify.at != NULL;
    totals->calls += (int64_t)node->step.retry.attempts * (verified ? 2 : 1);
    if (node->runtime == RUNTIME_PROCESS) totals->programs++;
    else totals->functions++;
    if (node->step.undo.set) totals->undos++;
    if (node->step.approval) totals->approvals++;
    return NDF_OK;
}

static int encode_totals(
    struct arena *arena, const struct plan *plan, struct value *out)
{
    struct totals totals = {0};
    (void)plan_each_step(plan, count_step, &totals);
    if (plan->approval) totals.approvals++;
    const struct {
        struct str key;
        int64_t number;
    } members[] = {
        {STR("steps"), totals.steps},
        {STR("calls"), totals.calls},
        {STR("programs"), totals.programs},
        {STR("functions"), totals.functions},
        {STR("undos"), totals.undos},
        {STR("approvals"), totals.approvals},
    };
    int err = NDF_OK;
    *out = value_of_object();
    for (size_t i = 0; err == NDF_OK && i < sizeof members / sizeof members[0];
         i++)
        err = value_set(
            arena, out, members[i].key, value_of_int(members[i].number));
    return err;
}

static int put_fallbacks(struct ndf_run *run, struct value *out)
{
    struct value names = value_of_array();
    int err = NDF_OK;
    if (run->after.count == 0) return NDF_OK;
    for (size_t i = 0; err == NDF_OK && i < run->after.count; i++)
        err =
            value_push(&run->arena, &names, value_of_str(run->after.items[i]));
    return err == NDF_OK ? value_set(&run->arena, out, STR("fallbacks"), names)
                         : err;
}

/* The seed is drawn when the run starts, so that of now says nothing. */
static int describe(struct ndf_run *run, const struct value *start,
    struct value *out, ndf_error *error)
{
    static const char *const kept[] = {"plan", "context", "domain"};
    int err = NDF_OK;
    *out = value_of_object();
    for (size_t i = 0; err == NDF_OK && i < sizeof kept / sizeof kept[0]; i++) {
        const struct value *member = value_get(start, str_of(kept[i]));
        if (member != NULL)
            err = value_set(&run->arena, out, str_of(kept[i]), *member);
    }
    if (err == NDF_OK) err = put_fallbacks(run, out);
    struct value totals;
    if (err == NDF_OK) err = encode_totals(&run->arena, &run->plan, &totals);
    if (err == NDF_OK) err = value_set(&run->arena, out, STR("totals"), totals);
    return err == NDF_OK ? NDF_OK : err_set(error, err, "out of memory");
}

int ndf_plan(ndf_engine *engine, const char *pattern,
    const ndf_context *context, const ndf_run_options *options, ndf_text **out,
    ndf_error *error)
{
    *out = NULL;
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (context == NULL)
        return err_set(error, NDF_EINVAL, "the context is NULL");
    if (error != NULL) error->code = NDF_OK;
    ndf_run_options all;
    err = start_options(options, &all, error);
    if (err == NDF_OK) err = start_check(pattern, &all, error);
    if (err != NDF_OK) return err;
    struct ndf_run *run;
    err = run_new(&run, engine);
    if (err != NDF_OK) return engine_explain(err, "the plan", error);
    const struct start_request request = {
        .pattern = pattern, .context = context, .options = options};
    uint64_t seed = 0;
    struct value start, document;
    struct buf body;
    buf_init(&body, &engine->mem);
    err = start_prepare(run, &request, &seed, error);
    if (err == NDF_OK)
        err = start_encode(run, seed, &run->arena, &start, &body, error);
    if (err == NDF_OK) err = describe(run, &start, &document, error);
    if (err == NDF_OK) err = text_of_value(out, &engine->mem, &document);
    buf_deinit(&body);
    run_unref(run);
    return engine_explain(err, "the plan cannot be made", error);
}
