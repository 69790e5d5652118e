#!/usr/bin/python3
"""Writes a folder of agent files like those people keep in .claude/agents.

Usage: make_agents.py FOLDER [COUNT] (500 by default). The same count gives the
same bytes. One file in fourteen has an unquoted colon in its description, as
7 % of the public files have, and so is not valid YAML.
"""
import random
import sys
from pathlib import Path

SUBJECTS = {  # name: (what it is, words of its trade)
    "c": ("C programs", "pointers, buffers, headers, undefined behaviour"),
    "cpp": ("C++ code", "templates, RAII, move semantics, iterators"),
    "rust": ("Rust crates", "borrow checker, lifetimes, traits, unsafe"),
    "go": ("Go services", "goroutines, channels, interfaces, contexts"),
    "python": ("Python packages", "type hints, asyncio, generators, wheels"),
    "javascript": ("JavaScript modules", "promises, closures, bundles"),
    "typescript": ("TypeScript projects", "generics, unions, strict types"),
    "java": ("Java applications", "garbage collector, Spring, Maven"),
    "kotlin": ("Kotlin code", "coroutines, sealed classes, Gradle"),
    "swift": ("Swift apps", "actors, optionals, SwiftUI"),
    "ruby": ("Ruby applications", "gems, blocks, Rails, RSpec"),
    "php": ("PHP sites", "Composer, Laravel, sessions"),
    "elixir": ("Elixir systems", "supervisors, processes, Phoenix"),
    "sql": ("SQL queries", "joins, indexes, query plans, window functions"),
    "shell": ("shell scripts", "quoting, pipes, traps, exit status"),
    "react": ("React interfaces", "hooks, state, rendering, components"),
    "vue": ("Vue interfaces", "composables, slots, reactivity"),
    "css": ("style sheets", "grid, cascade, responsive layout"),
    "django": ("Django sites", "models, migrations, views, templates"),
    "nodejs": ("Node.js servers", "event loop, streams, middleware"),
    "postgres": ("PostgreSQL databases", "vacuum, locks, partitions, EXPLAIN"),
    "redis": ("Redis caches", "eviction, expiry, pipelines, streams"),
    "kafka": ("Kafka topics", "partitions, offsets, consumer groups"),
    "graphql": ("GraphQL schemas", "resolvers, fragments, federation"),
    "rest-api": ("REST interfaces", "resources, verbs, paging, status codes"),
    "kubernetes": ("Kubernetes clusters", "pods, manifests, probes, Helm"),
    "docker": ("container images", "layers, Dockerfile, registries"),
    "terraform": ("Terraform modules", "state, providers, drift, plans"),
    "aws": ("AWS accounts", "IAM, Lambda, S3, VPC"),
    "linux": ("Linux hosts", "systemd, cgroups, journals, sockets"),
    "network": ("networks", "DNS, TLS, routes, latency, packets"),
    "ci": ("build pipelines", "runners, artifacts, caches, stages"),
    "git": ("git histories", "rebase, bisect, merges, hooks"),
    "memory": ("memory use", "leaks, heap, allocations, valgrind, arenas"),
    "concurrency": ("threads and locks", "races, deadlocks, atomics"),
    "performance": ("hot paths", "profiles, flame graphs, cache misses"),
    "accessibility": ("accessible pages", "contrast, screen readers, ARIA"),
    "payments": ("payment flows", "refunds, webhooks, ledgers, currency"),
    "login": ("sign-in flows", "sessions, OAuth, passwords, tokens"),
    "search": ("search features", "ranking, stemming, facets, indexes"),
    "email": ("e-mail delivery", "SPF, bounces, templates, queues"),
    "mobile": ("mobile apps", "offline storage, push, battery, stores"),
    "game": ("games", "physics, shaders, frame time, input"),
    "embedded": ("firmware", "interrupts, registers, watchdogs, flash"),
    "ml": ("machine learning models", "features, training, drift, metrics"),
    "data-pipeline": ("data pipelines", "batches, schemas, backfills"),
    "logging": ("logs", "levels, structure, retention, correlation"),
    "monitoring": ("alerts and dashboards", "Prometheus, SLOs, traces"),
    "docs": ("documentation", "tutorials, references, examples, links"),
    "i18n": ("translations", "locales, plurals, dates, encodings"),
}

ROLES = {  # name: (verb phrase, when, what it hands back)
    "reviewer": ("reviews changes to", "a pull request is ready",
                 "a list of remarks, the grave ones first"),
    "debugger": ("finds and fixes bugs in", "something crashes or hangs",
                 "the cause, the fix and a test that fails without it"),
    "tester": ("writes tests for", "behaviour is not covered",
               "tests that read as sentences, and what they do not cover"),
    "architect": ("designs the structure of", "a new part is planned",
                  "a short design with what was rejected and why"),
    "optimizer": ("makes faster", "a profile shows a hot spot",
                  "figures before and after, from the same machine"),
    "migrator": ("moves to a newer version", "a version runs out of support",
                 "small steps, each of which can be undone"),
    "documenter": ("explains in plain words", "readers ask the same twice",
                   "a page that a newcomer can follow"),
    "security-auditor": ("looks for vulnerabilities in", "data comes from "
                         "strangers", "each weakness with a way to show it"),
    "refactorer": ("simplifies without changing behaviour",
                   "a change is harder than it should be",
                   "one commit an idea, tests green at each"),
    "incident-responder": ("restores service when production fails in",
                           "users are hurt right now",
                           "a timeline, the mend, and what to do next"),
}

RULES = [
    "Read the code before you propose anything.",
    "Change as little as the task needs, and say what you left alone.",
    "Run the tests first, so that you know what was broken before you came.",
    "Prefer a fact that you measured to a rule that you remember.",
    "When two ways are equal, take the one that is easier to take back.",
    "Name the file and the line for every claim.",
    "Ask when the task can be read in two ways that lead to different work.",
    "Never touch generated files; find what generates them.",
    "Keep the style of the file that you are in.",
    "Say plainly when you are not sure, and what would make you sure.",
    "Do not add a dependency for ten lines of code.",
    "Treat every input from outside as hostile until it is checked.",
    "Leave the tree in a state that builds.",
    "Look for the same mistake elsewhere once you have found it here.",
]
TOOLS = ["Read", "Write", "Edit", "Bash", "Grep", "Glob", "WebFetch"]
MODELS = ["sonnet", "opus", "haiku", "inherit"]


def description(subject, role, colon):
    what, words = SUBJECTS[subject]
    does, when, _ = ROLES[role]
    text = f"{does.capitalize()} {what} ({words}). Use it when {when}."
    if colon:
        first = words.split(",")[0]
        text += f' Example: user: "have a look at the {first}".'
    return text


def body(subject, role, rng):
    what, words = SUBJECTS[subject]
    does, when, result = ROLES[role]
    lines = [f"You are an engineer who {does} {what}.", "",
             "## When you are called", "", f"Usually {when}. You know {words}.",
             "", "## How you work", ""]
    lines += [f"{number}. {rule}" for number, rule in
              enumerate(rng.sample(RULES, 9), 1)]
    lines += ["", "## What you look at", ""]
    for word in words.split(", "):
        rule = rng.choice(RULES)
        lines += [f"### {word.capitalize()}", "",
                  f"Collect what the task says about {word}, then look at how "
                  f"{what} use {word} today. {rule} Write down each place where "
                  f"{word} matter for the {role.replace('-', ' ')}.", ""]
    lines += ["## What you hand back", "", f"{result.capitalize()}.", ""]
    return "\n".join(lines)


def agent_file(subject, role, colon, rng):
    tools = sorted(rng.sample(TOOLS, rng.randint(2, 5)), key=TOOLS.index)
    return (f"---\nname: {subject}-{role}\n"
            f"description: {description(subject, role, colon)}\n"
            f"tools: {', '.join(tools)}\nmodel: {rng.choice(MODELS)}\n---\n\n"
            + body(subject, role, rng))


def main():
    if not 2 <= len(sys.argv) <= 3:
        sys.exit("usage: make_agents.py FOLDER [COUNT]")
    folder, count = Path(sys.argv[1]), int((sys.argv[2:] or ["500"])[0])
    pairs = [(subject, role) for role in ROLES for subject in SUBJECTS]
    if count > len(pairs):
        sys.exit(f"make_agents.py: at most {len(pairs)} different agents")
    for number, (subject, role) in enumerate(pairs[:count]):
        path = folder / role / f"{subject}-{role}.md"
        path.parent.mkdir(parents=True, exist_ok=True)
        rng = random.Random(f"{subject}-{role}")
        path.write_text(agent_file(subject, role, number % 14 == 13, rng),
                        encoding="utf-8")


if __name__ == "__main__":
    main()
