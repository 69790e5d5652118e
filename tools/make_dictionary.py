#!/usr/bin/python3
"""Trains the dictionary that small documents in a store are packed with.

usage: make_dictionary.py OUT [SIZE]

Writes typical documents (patterns, agents, contexts: canonical JSON, as the
store keeps them), and trains on them with `zstd --train`. The same zstd gives
the same bytes. A dictionary that a release has used is never changed, since
stores need it to be read: a better one gets a number of its own (content.h).
"""
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests/support"))
sys.dont_write_bytecode = True
from make_agents import MODELS, ROLES, SUBJECTS, TOOLS, body, description  # noqa: E402

SIZE = 8192
COUNT = 6000
DOMAINS = ["web_dev", "data", "devops", "security", "general", "testing",
           "security.web", "backend", "frontend", "machine_learning"]
STEPS = ["analyze", "plan", "design", "implement", "build", "test", "review",
         "deploy", "validate", "verify", "document", "research", "fix", "scan",
         "prepare", "execute", "report", "monitor", "cleanup", "optimize"]
AGENTS = ["coder", "tester", "reviewer", "security-auditor", "test-runner",
          "researcher", "planner", "architect", "debugger", "developer",
          "general-purpose", "data-engineer", "documentation-writer"]
NOUNS = ["pattern", "agent", "workflow", "pipeline", "task", "context", "test",
         "security review", "data analysis", "code review", "deployment",
         "database migration", "performance", "feature", "integration"]
ATTRIBUTES = ["complexity", "environment", "language", "framework", "path",
              "priority", "team_size", "estimated_duration", "repository",
              "requires_approval", "urgency", "parallel", "concurrent"]
PROSE = """
You are a senior {role} with deep expertise in {noun} and modern best practices.
When invoked:
1. Query the context manager for existing requirements and constraints
2. Review the current implementation, its tests and its documentation
3. Analyze performance, security and maintainability
4. Implement solutions that follow established patterns
## Purpose
Expert {role} specializing in {noun}, architecture, and scalable systems.
## Capabilities
- **Testing**: unit tests, integration tests, end-to-end tests, coverage
- **Security**: authentication, authorization, input validation, secrets
- **Performance**: profiling, caching, query optimization, load testing
- **Monitoring**: metrics, logging, tracing, alerting, dashboards
- **Deployment**: containers, Kubernetes, CI/CD pipelines, infrastructure as code
## Behavioral traits
- Prioritizes readability and long-term maintainability over cleverness
- Considers error handling and edge cases from the beginning
- Provides clear explanations with examples and alternatives
- Stays current with the latest tools, frameworks and standards
## Response approach
1. **Understand the requirements** and the context of the task
2. **Identify the root cause** before proposing a change
3. **Provide a detailed plan** with concrete steps and expected results
4. **Verify the results** and document the changes
## Example interactions
- "Review this code for security vulnerabilities"
- "Design a database schema for a multi-tenant application"
- "Optimize the performance of this slow query"
- "Create a deployment pipeline with automated rollback"
Always provide working code, configuration files and tests.
Use this agent PROACTIVELY when working on {noun} or planning {noun}.
Focus on practical solutions. Include error handling and comments.
Development checklist:
- Requirements understood completely
- Best practices followed consistently
- Documentation updated thoroughly
- Code quality standards maintained
Integration with other agents:
- Collaborate with the backend developer on APIs
- Support the frontend developer on data requirements
- Work with the security engineer on access control
Delivery notification: "Implementation completed successfully."
""".strip().split("\n")


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"),
                      ensure_ascii=False)


def name(rng):
    form = rng.choice(["{}.{}", "{}_{}", "{}-{}", "{}_pattern_{}", "{}"])
    return form.format(rng.choice(STEPS), rng.choice(
        [rng.choice(DOMAINS), str(rng.randint(0, 9999))]))


def predicate(rng):
    made = {}
    if rng.random() < 0.7:
        made["domain"] = {"in": rng.sample(DOMAINS, rng.randint(1, 3))}
    if rng.random() < 0.6:
        made["attributes"] = {
            attribute: rng.choice([
                {"eq": rng.choice(["production", "staging", "python", "high"])},
                {rng.choice(["ge", "le", "gt", "lt"]): rng.randint(1, 10)},
                {"eq": rng.choice([True, False])},
                {"between": [1, rng.randint(2, 10)]},
                {"exists": True}, {"in": ["staging", "production"]}])
            for attribute in rng.sample(ATTRIBUTES, rng.randint(1, 4))}
    if rng.random() < 0.3:
        made["agent_type"] = {"eq": rng.choice(AGENTS)}
    if rng.random() < 0.3:
        made["priority"] = {"le": rng.randint(1, 5)}
    if rng.random() < 0.3:
        made["text"] = {"matches": [rf"\b({rng.choice(STEPS)}|test)"]}
    return made


def step(rng):
    made = {} if rng.random() < 0.5 else {"agent": rng.choice(AGENTS)}
    if rng.random() < 0.2:
        made["with"] = {"input": "${steps.%s.output}" % rng.choice(STEPS),
                        "task": "${text}"}
    if rng.random() < 0.2:
        made["writes"] = [rng.choice(["findings", "result", "report"])]
    if rng.random() < 0.2:
        made["expect"] = rng.choice([{"exit": 0}, {"nonempty": False}])
    if rng.random() < 0.2:
        made["timeout"] = rng.choice(["30s", "60s", "120s", "300s"])
    if rng.random() < 0.15:
        made["retry"] = rng.choice([{"backoff": "1s"}, {"attempts": 5}])
    if rng.random() < 0.15:
        made["undo"] = {"run": ["git", "checkout", "."]}
    if rng.random() < 0.2:
        made["idempotent"] = True
    return made


def labels(rng):
    count = rng.randint(1, 6)
    form = rng.choice(["step_{0}", "step_{1}_{0}", "{2}", "{2}", "task_{0}"])
    number = rng.randint(0, 9999)
    names = rng.sample(STEPS, count)
    return list(dict.fromkeys(form.format(i + 1, number, names[i])
                              for i in range(count)))


def stats(rng):
    if rng.random() < 0.6:  # as it was made
        return {"domains": {}, "last_ms": 0, "latency_ms": 0, "timed": 0,
                "total": [0, 0, 0]}
    known = rng.randint(0, 99)
    return {"domains": {rng.choice(DOMAINS): [known, known, known // 2]},
            "last_ms": rng.randint(0, 1 << 41), "latency_ms": rng.random() * 999,
            "timed": known, "total": [known, known, known // 2]}


def pattern(rng):
    made = {"pattern": name(rng),
            "description": rng.choice([
                f"{rng.choice(STEPS).capitalize()} {rng.choice(NOUNS)} {rng.randint(0, 999)}",
                f"{rng.choice(STEPS).capitalize()} the {rng.choice(NOUNS)}, "
                f"then {rng.choice(STEPS)} and {rng.choice(STEPS)} it.",
                f"{rng.choice(NOUNS).capitalize()} pattern for {rng.choice(DOMAINS)}"])}
    kind = rng.random()
    if kind < 0.7:
        made["steps"] = [{label: step(rng)} for label in labels(rng)]
    elif kind < 0.85:
        names = labels(rng)
        made["tasks"] = []
        for at, label in enumerate(names):
            task = step(rng)
            if at > 0 and rng.random() < 0.5:
                task["needs"] = [names[at - 1]]
            if rng.random() < 0.4:
                task["resources"] = {"cpu": 0.5, "memory": "512MB"}
            made["tasks"].append({label: task})
        made.update(max_concurrent=rng.randint(2, 8), failure_tolerance=0.2,
                    resource_threshold=0.8)
    else:
        made["phases"] = [{label: {"patterns": [name(rng)],
                                   "coordination": "parallel",
                                   "success_criteria": {"min_success_rate": 0.9}}}
                          for label in labels(rng)]
        made.update(rollback_strategy=rng.choice(["pattern", "phase", "complete"]),
                    complexity_threshold=rng.randint(3, 8),
                    strategy=rng.choice(["adaptive", "sequential"]))
    if rng.random() < 0.4:
        made["only_if"] = predicate(rng)
    if rng.random() < 0.4:
        made["good_for"] = predicate(rng)
    if rng.random() < 0.3:
        made["examples"] = [f"{rng.choice(STEPS)} the {rng.choice(NOUNS)}"]
    if rng.random() < 0.3:
        made["timeout"] = rng.choice(["60s", "300s", "600s", "3600s"])
    if rng.random() < 0.15:
        made["rollback"] = False
    if rng.random() < 0.3:
        made["confidence"] = {"threshold": 0.7, "cold_threshold": 0.5,
                              "min_executions": 5, "half_life": "2592000s"}
    if rng.random() < 0.25:
        made["ask_host"] = True
        made["host"] = {"class": f"{rng.choice(['__main__', 'patterns'])}:"
                                 f"{rng.choice(STEPS).capitalize()}Pattern"}
        if rng.random() < 0.5:
            made["steps"] = [{"execute": {"agent": made["pattern"] + ".execute"}}]
        if rng.random() < 0.3:
            made["host"]["state"] = {rng.choice(ATTRIBUTES): rng.randint(0, 9)}
    if rng.random() < 0.25:
        made.setdefault("host", {})["stats"] = stats(rng)
    return made


def prose(rng):
    start = rng.randint(0, len(PROSE) - 8)
    lines = PROSE[start:start + rng.randint(8, 24)]
    return "\n".join(lines).format(role=rng.choice(AGENTS), noun=rng.choice(NOUNS))


def agent(rng):
    subject, role = rng.choice(list(SUBJECTS)), rng.choice(list(ROLES))
    made = {"agent": rng.choice([f"{subject}-{role}", rng.choice(AGENTS)]),
            "description": description(subject, role, False)}
    kind = rng.random()
    if kind < 0.35:
        made["body"] = prose(rng)
    elif kind < 0.45:
        made["body"] = body(subject, role, rng)
    if rng.random() < 0.4:
        made["tools"] = sorted(rng.sample(TOOLS, 4), key=TOOLS.index)
    if rng.random() < 0.3:
        made["model"] = rng.choice(MODELS)
    if rng.random() < 0.3:
        made["run"] = rng.choice([["claude", "-p", "${agent.body}"],
                                  ["make", "-C", "${attributes.path}", "test"],
                                  ["python3", "-m", name(rng)]])
    if rng.random() < 0.1:
        made["timeout"] = "300s"
    return made


def context(rng):
    made = {"text": f"{rng.choice(STEPS)} the {rng.choice(NOUNS)} of the "
                    f"{rng.choice(list(SUBJECTS))} service"}
    if rng.random() < 0.7:
        made["domain"] = rng.choice(DOMAINS)
    if rng.random() < 0.5:
        made["agent_type"] = rng.choice(AGENTS)
    if rng.random() < 0.5:
        made["priority"] = rng.randint(1, 5)
    if rng.random() < 0.7:
        made["attributes"] = {
            attribute: rng.choice([True, False, rng.randint(1, 10), "production",
                                   "python", "high", [rng.choice(STEPS)]])
            for attribute in rng.sample(ATTRIBUTES, rng.randint(1, 6))}
    return made


def main():
    if not 2 <= len(sys.argv) <= 3:
        sys.exit("usage: make_dictionary.py OUT [SIZE]")
    size = sys.argv[2] if len(sys.argv) == 3 else str(SIZE)
    rng = random.Random(1)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(COUNT):
            make = rng.choices([pattern, agent, context], [6, 2, 2])[0]
            path = Path(folder) / f"{number:05}"
            path.write_text(canonical(make(rng)), encoding="utf-8")
        files = sorted(str(path) for path in Path(folder).iterdir())
        subprocess.run(["zstd", "-q", "-f", "--train", *files,
                        "--maxdict=" + size, "--dictID=1", "-o", sys.argv[1]],
                       check=True)


if __name__ == "__main__":
    main()
