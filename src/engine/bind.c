/*
 * bind.c - functions of the host as agents.
 *
 * A bound name is an agent of this engine, whether the registry knows one of
 * that name or not, and nothing of it is stored: it lives as long as its
 * binding. Each binding owns its name, so that binding and unbinding ever new
 * ones takes no more memory than those that stand.
 */
#include <string.h>

#include "engine/engine.h"

struct bound {
    struct binding binding;
    size_t size;
    char name[]; /* size bytes */
};

static size_t size_of(struct str name)
{
    return sizeof(struct bound) + name.size;
}

static struct str name_of(const struct bound *bound)
{
    return (struct str){bound->name, bound->size};
}

static void bound_free(ndf_engine *engine, struct bound *bound)
{
    if (bound != NULL) mem_free(&engine->mem, bound, size_of(name_of(bound)));
}

static int bind(
    ndf_engine *engine, struct str name, const struct binding *binding)
{
    struct bound *made = mem_alloc(&engine->mem, size_of(name));
    if (made == NULL) return NDF_ENOMEM;
    made->binding = *binding;
    made->size = name.size;
    memcpy(made->name, name.at, name.size);
    pthread_mutex_lock(&engine->lock);
    struct bound *old = map_get(&engine->bindings, name);
    int err = map_put(&engine->bindings, name_of(made), made);
    pthread_mutex_unlock(&engine->lock);
    bound_free(engine, err == NDF_OK ? old : made);
    return err;
}

static void unbind(ndf_engine *engine, struct str name)
{
    pthread_mutex_lock(&engine->lock);
    struct bound *old = map_remove(&engine->bindings, name);
    pthread_mutex_unlock(&engine->lock);
    bound_free(engine, old);
}

int ndf_bind(ndf_engine *engine, const char *agent, ndf_agent_fn fn, void *ud,
    ndf_error *error)
{
    int err = engine_check(engine, error);
    if (err != NDF_OK) return err;
    if (agent == NULL || !agent_name_valid(str_of(agent)))
        return err_set(error, NDF_EINVAL,
            "an agent's name is letters, digits, '_', '.' and '-'");
    if (error != NULL) error->code = NDF_OK;
    const struct binding binding = {fn, ud};
    if (fn != NULL) err = bind(engine, str_of(agent), &binding);
    else unbind(engine, str_of(agent));
    return engine_explain(err, "the agent cannot be bound", error);
}

bool engine_binding(ndf_engine *engine, struct str agent, struct binding *out)
{
    pthread_mutex_lock(&engine->lock);
    const struct bound *bound = map_get(&engine->bindings, agent);
    if (bound != NULL) *out = bound->binding;
    pthread_mutex_unlock(&engine->lock);
    return bound != NULL;
}

void engine_unbind_all(ndf_engine *engine)
{
    size_t at = 0;
    for (const struct map_entry *entry = map_next(&engine->bindings, &at);
         entry != NULL; entry = map_next(&engine->bindings, &at))
        bound_free(engine, entry->value);
    map_deinit(&engine->bindings);
}
