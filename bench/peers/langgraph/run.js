// run.js - durable runs of LangGraph.js with its SQLite saver: what
// `ndf-bench run` measures of ndf, with the same options and fields.
//
// The graph's steps do nothing, one after the other or side by side, and each
// is on disk before the next starts (durability "sync"). The saver is taken as
// it comes: it does not sync its log at each commit (SQLite's NORMAL), which is
// less than ndf does; `--synchronous full` makes it do so.
import { setMaxListeners } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Annotation, END, START, StateGraph } from "@langchain/langgraph";
import { SqliteSaver } from "@langchain/langgraph-checkpoint-sqlite";

// Many nodes side by side are not the leak that Node takes them for.
setMaxListeners(0);

const { values } = parseArgs({
    options: {
        runs: { type: "string", default: "200" },
        steps: { type: "string", default: "5" },
        fanout: { type: "string", default: "0" },
        concurrency: { type: "string", default: "1" },
        synchronous: { type: "string", default: "normal" },
    },
});
const runs = Number(values.runs);
const concurrency = Number(values.concurrency);
const fanout = Number(values.fanout);
const steps = fanout > 0 ? fanout : Number(values.steps);

const State = Annotation.Root({
    text: Annotation(),
    outputs: Annotation({ reducer: (a, b) => a.concat(b), default: () => [] }),
});

function makeGraph(checkpointer) {
    const graph = new StateGraph(State);
    for (let i = 1; i <= steps; i++) {
        graph.addNode(`s${i}`, async () => ({ outputs: ["done"] }));
        graph.addEdge(fanout > 0 || i === 1 ? START : `s${i - 1}`, `s${i}`);
        if (fanout > 0 || i === steps) graph.addEdge(`s${i}`, END);
    }
    return graph.compile({ checkpointer });
}

let next = 0;

async function runOnce(graph) {
    const thread = `run-${next++}`;
    const state = await graph.invoke(
        { text: "do nothing, five times" },
        { configurable: { thread_id: thread }, durability: "sync" },
    );
    if (state.outputs.length !== steps) throw new Error("did not succeed");
}

async function work(graph, count, times) {
    for (let i = 0; i < count; i++) {
        const start = performance.now();
        await runOnce(graph);
        times.push(performance.now() - start);
    }
}

function quantile(times, q) {
    return times[Math.round(q * (times.length - 1))];
}

async function measure(graph) {
    const times = [];
    const workers = [];
    const cpu = process.cpuUsage();
    const start = performance.now();
    for (let i = 0; i < concurrency; i++) {
        const until = Math.floor((runs * (i + 1)) / concurrency);
        const from = Math.floor((runs * i) / concurrency);
        workers.push(work(graph, until - from, times));
    }
    await Promise.all(workers);
    const took = performance.now() - start;
    const used = process.cpuUsage(cpu);
    times.sort((a, b) => a - b);
    return {
        runs,
        steps,
        fanout,
        concurrency,
        runs_s: (runs * 1000) / took,
        p50_ms: quantile(times, 0.5),
        p99_ms: quantile(times, 0.99),
        cpu_ms_per_run: (used.user + used.system) / 1000 / runs,
        rss_bytes: process.resourceUsage().maxRSS * 1024,
    };
}

const dir = mkdtempSync(join(process.env.TMPDIR ?? "/var/tmp", "peer-bench-"));
try {
    const saver = SqliteSaver.fromConnString(join(dir, "graph.db"));
    const graph = makeGraph(saver);
    // The first ones pay for what is made once.
    for (let i = 0; i < 20; i++) await runOnce(graph);
    saver.db.pragma(`synchronous = ${values.synchronous}`);
    console.log(JSON.stringify(await measure(graph)));
    saver.db.close();
} finally {
    rmSync(dir, { recursive: true });
}
