/*
 * room.c - see room.h.
 *
 * Each executor admits its own tasks, by what the machine has and what all runs
 * take of it. Who is first is decided here: the run whose context has the
 * higher priority, then the one that waits longest; a run that got room for a
 * task begins to wait anew, so that runs of one priority take turns. A run that
 * is not first starts no task that declares what it takes, however small: else
 * a large task would never find room.
 */
#include "engine/room.h"

#include "base/os.h"

enum { PRIORITY_USUAL = 3 };

/* How the machine is, asked now and then. */
static const struct exec_machine *machine_now(struct runner *runner)
{
    int64_t now = clock_mono_ns(&runner->engine->clock);
    int64_t age = now - runner->machine_ns;
    struct exec_machine *machine = &runner->machine;
    if (runner->machine_ns != 0 && age >= 0 &&
        age < (int64_t)RUNNER_MACHINE_MS * 1000000)
        return machine;
    machine->cpus = os_cpus();
    os_memory(&machine->memory, &machine->memory_free);
    runner->machine_ns = now != 0 ? now : 1;
    return machine;
}

static int priority_of(const struct ndf_run *run)
{
    return run->context.priority > 0 ? run->context.priority : PRIORITY_USUAL;
}

/* Whether it is a's turn before b's; one that does not wait comes last. */
static bool is_before(const struct ndf_run *a, const struct ndf_run *b)
{
    if (priority_of(a) != priority_of(b))
        return priority_of(a) < priority_of(b);
    return a->load.waits && (!b->load.waits || a->waits_since < b->waits_since);
}

static bool is_behind(const struct runner *runner, const struct ndf_run *run)
{
    if (runner->waiting == (run->load.waits ? 1U : 0U)) return false;
    for (const struct ndf_run *at = runner->runs; at != NULL; at = at->next)
        if (at != run && at->load.waits && is_before(at, run)) return true;
    return false;
}

void room_look(struct ndf_run *run, struct exec_machine *out)
{
    struct runner *runner = run->engine->runner;
    const struct exec_load *all = &runner->load, *own = &run->load;
    *out = *machine_now(runner);
    out->others = all->count - own->count;
    /* Sums of fractions do not come back to exactly nothing. */
    out->cpu_taken = out->others > 0 ? all->cpu - own->cpu : 0;
    out->memory_taken = all->memory - own->memory;
    out->behind = is_behind(runner, run);
}

/* The one whose turn it is among those not told in this round; or NULL. */
static struct ndf_run *find_first(const struct runner *runner)
{
    struct ndf_run *first = NULL;
    for (struct ndf_run *at = runner->runs; at != NULL; at = at->next) {
        if (!at->load.waits || at->told_round == runner->round) continue;
        if (first == NULL || is_before(at, first)) first = at;
    }
    return first;
}

/* Until one is told that must wait on: those behind it must, too. */
static void tell_waiting(void *ud)
{
    struct runner *runner = ud;
    bool goes_on = true;
    runner->round_posted = false;
    runner->round++;
    while (goes_on) {
        struct ndf_run *run = find_first(runner);
        if (run == NULL) return;
        run->told_round = runner->round;
        run_ref(run);
        run_dispatch(run, &(struct exec_event){.kind = EXEC_ROOM});
        goes_on = !run->load.waits;
        run_unref(run);
    }
}

static void set_load(struct ndf_run *run, const struct exec_load *load)
{
    struct runner *runner = run->engine->runner;
    struct exec_load *all = &runner->load;
    struct exec_load before = run->load;
    bool less = load->count < before.count || load->cpu < before.cpu ||
                load->memory < before.memory;
    bool got = load->admitted > before.admitted;
    if (load->waits && (!before.waits || got))
        run->waits_since = ++runner->waits_made;
    runner->waiting += load->waits ? 1 : 0;
    runner->waiting -= before.waits ? 1 : 0;
    all->count += load->count - before.count;
    all->cpu = all->count > 0 ? all->cpu + load->cpu - before.cpu : 0;
    all->memory += load->memory - before.memory;
    run->load = *load;
    /* One that got its room, or gave up, lets the next one have its turn. */
    bool turn = before.waits && (!load->waits || got);
    if (runner->waiting == 0 || runner->round_posted || !(less || turn)) return;
    runner->round_posted = true;
    runner->room = (struct loop_post){.fn = tell_waiting, .ud = runner};
    loop_post(runner->loop, &runner->room);
}

void room_update(struct ndf_run *run)
{
    struct exec_load load;
    if (run->load.count == 0 && !run->load.waits &&
        !executor_wants_machine(run->executor))
        return;
    executor_load(run->executor, &load);
    set_load(run, &load);
}

void room_leave(struct ndf_run *run)
{
    set_load(run, &(struct exec_load){0});
}
