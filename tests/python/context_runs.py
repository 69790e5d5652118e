"""Random runs whose agents corrupt the context, and what NDF makes of them.

usage: context_runs.py [--runs N] [--seed S] [--jobs J] [--only RUN]

Each run is a random pattern (steps, tasks or phases of such, each step with its
`writes`) under one of the policies restore, enforce and record, over a random
context. Its agents
answer with random patches: fields and attributes added, changed and deleted,
declared and not, of other types, nested, null, and some that leave no valid
context at all. What NDF records of each step, what each step was given, the
context at the end and how much of it was preserved is compared with what this
file computes by itself: RFC 7396 and the rules of the context are written here
anew, from their text. A run that differs is printed with the command that plays
it again.
"""

import argparse
import json
import multiprocessing
import random
import sys
import time
from fractions import Fraction

from patterns import _ndf

FIELDS = ("domain", "agent_type", "priority", "text")
SEVERITY = {"domain": "critical", "agent_type": "critical", "text": "critical",
            "priority": "minor"}
DEDUCTION = {"critical": Fraction(30, 100), "moderate": Fraction(10, 100),
             "minor": Fraction(5, 100)}
PRIORITIES = {"highest": 1, "high": 2, "medium": 3, "low": 4, "lowest": 5}
POLICIES = ("restore", "enforce", "record")
# Attributes that are named like fields are attributes all the same.
NAMES = ("stage", "findings", "owner", "größe", "x.y", "a b", "domain", "priority",
         "text", "n0", "n1", "n2", "n3")


# ---- RFC 7396, from its text ------------------------------------------------

def merged(target, patch):
    if not isinstance(patch, dict):
        return patch
    out = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            out.pop(name, None)
        else:
            out[name] = merged(out.get(name), value)
    return out


def difference(old, new):
    """The patch that makes new of old (both objects without null members)."""
    out = {name: None for name in old if name not in new}
    for name, value in new.items():
        if name not in old:
            out[name] = value
        elif not same(old[name], value):
            both = isinstance(old[name], dict) and isinstance(value, dict)
            out[name] = difference(old[name], value) if both else value
    return out


def plain(value):
    """As canonical JSON has it: one number for 1 and 1.0, but not for true."""
    if isinstance(value, dict):
        return {name: plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def same(a, b):
    return json.dumps(plain(a), sort_keys=True) == json.dumps(plain(b), sort_keys=True)


# ---- the context's rules -----------------------------------------------------

ABSENT = object()


def tidy(context):
    """The context that a document says, or None when it is no valid one."""
    out = {}
    for name, value in context.items():
        if name not in FIELDS and name != "attributes":
            return None
        if name == "attributes":
            if not isinstance(value, dict):
                return None
            if value:
                out[name] = value
            continue
        if name == "priority":
            value = PRIORITIES.get(value, value) if isinstance(value, str) else value
            if type(value) is not int or not 1 <= value <= 5:
                return None
        elif not isinstance(value, str):
            return None
        elif name == "agent_type" and value == "":
            return None
        elif name == "domain" and not is_domain(value):
            return None
        if value != "":
            out[name] = value
    return out


def is_domain(text):
    return text != "" and all(
        part != "" and all(c.isascii() and (c.isalnum() or c in "-_") for c in part)
        for part in text.split("."))


def declared(writes, name):
    return (name in writes and name not in FIELDS and name != "attributes"
            or f"attributes.{name}" in writes)


def audit(before, patch, writes, policy):
    """(violations as {field: severity}, the context after; None: refused)."""
    after = tidy(merged(before, patch))
    if after is None:
        return {}, None
    found = {}
    kept = dict(after)
    for name in FIELDS:
        old, new = before.get(name, ABSENT), after.get(name, ABSENT)
        if (old is ABSENT and new is ABSENT) or (
                ABSENT not in (old, new) and same(old, new)):
            continue
        if name != "text" and name in writes:
            continue
        found[name] = SEVERITY[name]
        if policy != "record" or name == "text":
            put(kept, name, old)
    old_all, new_all = before.get("attributes", {}), after.get("attributes", {})
    attributes = dict(new_all)
    for name in {**old_all, **new_all}:
        old, new = old_all.get(name, ABSENT), new_all.get(name, ABSENT)
        if ABSENT not in (old, new) and same(old, new) or declared(writes, name):
            continue
        found[f"attributes.{name}"] = "moderate"
        if policy != "record":
            put(attributes, name, old)
    put(kept, "attributes", attributes or ABSENT)
    return found, kept


def put(into, name, value):
    if value is ABSENT:
        into.pop(name, None)
    else:
        into[name] = value


# ---- what is drawn ------------------------------------------------------------

def draw_value(dice, depth=0):
    kind = dice.randrange(9 if depth < 3 else 6)
    if kind == 0:
        return dice.choice([0, 1, -1, 7, 2**53, -2**63, 2**63 - 1])
    if kind == 1:
        return dice.choice([1.0, 0.5, -2.25, 1e300, 1e-7])
    if kind == 2:
        return dice.choice([True, False])
    if kind <= 5:
        return dice.choice(["", "a", "new", "größer", "1", "null", "\u0001\n\"", "🙂"])
    if kind == 6:
        return [draw_value(dice, depth + 1) for _ in range(dice.randrange(4))]
    return {dice.choice(NAMES): draw_value(dice, depth + 1)
            for _ in range(dice.randrange(4))}


FIELD_VALUES = {
    "domain": ["web", "web.api", "security.review", "data"],
    "agent_type": ["coder", "reviewer", "a tester"],
    "priority": [1, 2, 3, 4, 5, "high", "lowest"],
    "text": ["do it", "do something else", ""],
}
NOT_VALID = [
    {"domain": 5}, {"domain": "two words"}, {"domain": "*.x"}, {"agent_type": ""},
    {"agent_type": [1]}, {"priority": 0}, {"priority": 6}, {"priority": "soon"},
    {"priority": 2.5}, {"priority": True}, {"text": {"a": 1}}, {"attributes": 5},
    {"attributes": []}, {"surprise": 1}, {"attributes": "none"},
]


def draw_context(dice):
    context = {name: dice.choice(FIELD_VALUES[name])
               for name in FIELDS if dice.random() < 0.7}
    attributes = {name: draw_value(dice) for name in NAMES if dice.random() < 0.4}
    if dice.random() < 0.9:
        context["attributes"] = attributes
    return context


def draw_change(dice, value):
    """A patch for one attribute of which the value is there (or ABSENT)."""
    kind = dice.randrange(4)
    if kind == 0:
        return None
    if kind == 1 and isinstance(value, dict) and value:
        name = dice.choice(sorted(value))
        return {name: draw_change(dice, value[name]), dice.choice(NAMES): dice.choice([None, 1])}
    if kind == 2 and value is not ABSENT:
        return value  # said, and not changed
    return draw_value(dice)


def draw_patch(dice, given):
    """What an agent answers that was given a context; None: no patch."""
    if dice.random() < 0.15:
        return None
    if dice.random() < 0.06:
        return {**dice.choice(NOT_VALID), "attributes": dice.choice([{"n0": 1}, 7])}
    patch = {}
    for name in FIELDS:
        if dice.random() < 0.12:
            patch[name] = dice.choice([None, *FIELD_VALUES[name]])
    there = given.get("attributes", {})
    if dice.random() < 0.03:
        patch["attributes"] = None
    elif dice.random() < 0.7:
        names = dice.sample(NAMES, dice.randrange(4))
        patch["attributes"] = {
            name: draw_change(dice, there.get(name, ABSENT)) for name in names}
    if dice.random() < 0.05:
        patch["surprise"] = None  # what is not there can be deleted
    return patch


def draw_writes(dice):
    writes = [name for name in ("domain", "agent_type", "priority") if dice.random() < 0.15]
    for name in NAMES:
        if dice.random() < 0.25:
            own = name in FIELDS or dice.random() < 0.3
            writes.append(f"attributes.{name}" if own else name)
    return writes


def draw_pattern(dice, name, prefix=""):
    """{name, policy, tasks, tolerance, steps: [{name, id, writes, attempts, needs}]}"""
    tasks = dice.random() < 0.5
    steps = []
    for i in range(dice.randint(1, 6)):
        steps.append({
            "name": f"s{i}", "id": f"{prefix}s{i}", "writes": draw_writes(dice),
            "attempts": dice.choice([1, 1, 1, 2, 3]),
            "needs": [f"s{n}" for n in range(i) if tasks and dice.random() < 0.35]})
    return {"name": name, "policy": dice.choice(POLICIES), "tasks": tasks, "steps": steps,
            "tolerance": dice.choice([0, 1, 1]) if tasks else 0}


def draw_plan(dice):
    """A pattern, or {phases: [{name, parallel, patterns}]}."""
    if dice.random() < 2 / 3:
        return draw_pattern(dice, "campaign")
    phases = []
    for i in range(dice.randint(1, 3)):
        patterns = [draw_pattern(dice, f"inner{i}{n}", f"f{i}/inner{i}{n}/")
                    for n in range(dice.randint(1, 3))]
        phases.append({"name": f"f{i}", "parallel": dice.random() < 0.5, "patterns": patterns})
    return {"phases": phases}


def kind_of(plan):
    if "phases" in plan:
        return "phases"
    return f"{'tasks' if plan['tasks'] else 'steps'} under {plan['policy']}"


def pattern_document(plan):
    steps = []
    for step in plan["steps"]:
        body = {"agent": "worker", "writes": step["writes"]}
        if step["attempts"] > 1:
            body["retry"] = {"attempts": step["attempts"], "backoff": "1ms"}
        if plan["tasks"]:
            body["needs"] = step["needs"]
        steps.append({step["name"]: body})
    out = {"pattern": plan["name"], "description": "A run of the campaign.",
           "context": plan["policy"]}
    if plan["tasks"]:
        return out | {"tasks": steps, "failure_tolerance": plan["tolerance"]}
    return out | {"steps": steps}


def documents(plan):
    if "phases" not in plan:
        return [pattern_document(plan)]
    phases = [{phase["name"]: {
        "patterns": [pattern["name"] for pattern in phase["patterns"]],
        "coordination": "parallel" if phase["parallel"] else "sequential"}}
        for phase in plan["phases"]]
    inner = [pattern_document(pattern) for pattern in patterns_of(plan)]
    return inner + [{"pattern": "campaign", "description": "A run of the campaign.",
                     "phases": phases}]


# ---- one run -------------------------------------------------------------------

class Differs(Exception):
    pass


def expect(what, here, there):
    if not same(here, there):
        raise Differs(f"{what}: computed {json.dumps(plain(here), sort_keys=True)}, "
                      f"NDF has {json.dumps(plain(there), sort_keys=True)}")


class Agent:
    """Answers each call with a patch that depends on the call alone. A call of an
    earlier run that was ended may still come."""

    def __init__(self, seed):
        self.seed = seed
        self.calls = {}
        self.run = None

    def __call__(self, run, step, key, attempt, request):
        given = json.loads(request)["context"]
        patch = draw_patch(random.Random(f"{self.seed}/{step}/{attempt}"), given)
        self.calls[run, step, attempt] = given, patch
        return '"done"', None if patch is None else json.dumps(patch)


def view(plan, initial, done, names):
    """The context that the patches of those steps make, in the plan's order."""
    context = initial
    for step in plan["steps"]:
        if step["name"] in names and step["name"] in done:
            context = tidy(merged(context, done[step["name"]]))
    return context


def closure(plan, step):
    """The names of all that a step builds on."""
    needs = {item["name"]: item["needs"] for item in plan["steps"]}
    if not plan["tasks"]:
        names = [item["name"] for item in plan["steps"]]
        return set(names[:names.index(step["name"])])
    found, todo = set(), list(step["needs"])
    while todo:
        name = todo.pop()
        if name not in found:
            found.add(name)
            todo += needs[name]
    return found


def check_step(plan, initial, done, step, records, agent, stopped):
    """Compares the results of a step; (did it work, its worst severity)."""
    worst, good = Fraction(0), False
    before = view(plan, initial, done, closure(plan, step))
    for number, body in enumerate(records, 1):
        where = f"step {step['id']}, attempt {number}"
        expect(where, number, body["attempt"])
        if body.get("reason") == "cancel":  # another step ended the run
            expect(f"{where}, when stopped", False, body["ok"])
            return False, worst
        given, patch = agent.calls[agent.run, step["id"], number]
        expect(f"{where}, what it was given", before, given)
        found, after = ({}, before) if patch is None else audit(
            before, patch, step["writes"], plan["policy"])
        good = after is not None and not (plan["policy"] == "enforce" and found)
        expect(f"{where}, violations", found,
               {item["field"]: item["severity"] for item in body.get("violations", [])})
        expect(f"{where}, ok", good, body["ok"])
        worst = max([worst, *(DEDUCTION[severity] for severity in found.values())])
        if good:
            expect(f"{where}, patch", difference(before, after), body.get("patch", {}))
            done[step["name"]] = difference(before, after)
    # Nothing is called again after another task has ended the run.
    if records and not good and not stopped and (plan["tolerance"] == 1 or not plan["tasks"]):
        expect(f"attempts of {step['id']}", step["attempts"], len(records))
    return good, worst


def check_pattern(plan, initial, records, agent, stopped=False):
    """(did it succeed, the context behind it, what is deducted for it)"""
    done, deducted, failed = {}, Fraction(0), 0
    for step in plan["steps"]:
        good, worst = check_step(
            plan, initial, done, step, records[step["id"]], agent, stopped)
        deducted += worst
        failed += not good
    tolerated = bool(done) and Fraction(failed, len(plan["steps"])) <= plan["tolerance"]
    return failed == 0 or tolerated, view(plan, initial, done, set(done)), deducted


def check_phase(phase, context, records, agent):
    """As check_pattern; of a pattern that failed nothing is taken over."""
    deducted, began = Fraction(0), context
    ended = [check_pattern(pattern, context, records, agent, True)[0]
             for pattern in phase["patterns"]] if phase["parallel"] else []
    for pattern in phase["patterns"]:
        good, after, more = check_pattern(
            pattern, began if phase["parallel"] else context, records, agent,
            phase["parallel"] and not all(ended))
        deducted += more
        if not good and not phase["parallel"]:
            return False, context, deducted
        if good:
            context = tidy(merged(context, difference(began, after))
                           ) if phase["parallel"] else after
    if phase["parallel"] and not all(ended):
        return False, began, deducted
    return True, context, deducted


def check_phases(plan, context, records, agent):
    deducted = Fraction(0)
    for phase in plan["phases"]:
        good, context, more = check_phase(phase, context, records, agent)
        deducted += more
        if not good:
            return False, context, deducted
    return True, context, deducted


def patterns_of(plan):
    if "phases" not in plan:
        return [plan]
    return [pattern for phase in plan["phases"] for pattern in phase["patterns"]]


def check_run(plan, context, agent, shown, result):
    records = {step["id"]: [] for pattern in patterns_of(plan) for step in pattern["steps"]}
    for record in shown["records"]:
        if record["kind"] == "result":
            records[record["body"]["step"]].append(record["body"])
    check = check_phases if "phases" in plan else check_pattern
    good, after, deducted = check(plan, tidy(context), records, agent)
    violations = sum(len(body.get("violations", []))
                     for bodies in records.values() for body in bodies)
    expect("state", "succeeded" if good else "failed", result["state"])
    expect("preservation", round(float(max(Fraction(0), 1 - deducted)), 9),
           round(result["preservation"], 9))
    expect("context", after, result["context"])
    expect("count of violations", violations, len(result["violations"]))
    return violations


def one_run(engine, seed, number):
    """The violations that it had; raises Differs."""
    dice = random.Random(f"{seed}/{number}")
    plan, context = draw_plan(dice), draw_context(dice)
    agent = Agent(f"{seed}/{number}")
    engine.bind("worker", agent)
    for document in documents(plan):
        engine.register(json.dumps(document), True)
    run = engine.start("campaign", json.dumps(context))
    run.wait()
    agent.run = run.id
    shown, result = json.loads(engine.show(run.id)), json.loads(engine.result(run.id))
    return check_run(plan, context, agent, shown, result), kind_of(plan)


# ---- the campaign ----------------------------------------------------------------

RUNS_PER_ENGINE = 500


def campaign(job):
    seed, numbers = job
    differ, violations, engine = [], 0, None
    counts = {}
    for at, number in enumerate(numbers):
        if at % RUNS_PER_ENGINE == 0:
            if engine is not None:
                engine.close()
            engine = _ndf.Engine(None, 0, "/nonexistent")
        try:
            found, kind = one_run(engine, seed, number)
            violations += found
            counts[kind] = counts.get(kind, 0) + 1
        except (Differs, _ndf.PatternError, KeyError) as error:
            differ.append((number, f"{type(error).__name__}: {error}"))
    if engine is not None:
        engine.close()
    return differ, violations, counts


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", type=int)
    given = parser.parse_args()
    numbers = list(range(given.runs)) if given.only is None else [given.only]
    jobs = [(given.seed, numbers[i::given.jobs]) for i in range(given.jobs)]
    began = time.monotonic()
    if given.jobs == 1:
        results = [campaign(jobs[0])]
    else:
        with multiprocessing.get_context("spawn").Pool(given.jobs) as pool:
            results = pool.map(campaign, jobs)
    differ = sorted(item for found, _, _ in results for item in found)
    for number, why in differ[:20]:
        print(f"run {number}: {why}\n  again: context_runs.py --seed {given.seed} "
              f"--only {number}")
    kinds = sorted({kind for _, _, counts in results for kind in counts})
    for kind in kinds:
        print(f"{sum(counts.get(kind, 0) for _, _, counts in results):6} runs of {kind}")
    print(f"{len(numbers)} runs in {time.monotonic() - began:.0f} s, "
          f"{sum(found for _, found, _ in results)} undeclared changes: "
          f"{len(differ)} differ")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
