// What runs, second by second: told by `/api/live`, or asked for where that isn't told.

import { get, hear, link } from "./api.js";
import { topologyOf } from "./shapes.js";
import { store } from "./store.js";

/** Units, services and edges as they are now; null until it is known. */
export const topology = store(null);

/** Why that can't be known now; null if it can. */
export const failed = store(null);

/** How many seconds of an edge are kept. */
const KEPT = 300;

/** What the edges did in the last minutes, by their keys. */
const past = new Map();

/** The last minutes of an edge: times in seconds since 1970, and a value for each. */
export const pastOf = (key) => past.get(key) ?? { at: [], calls: [], failures: [], p50: [], p99: [] };

let latest = {};

/** What each instance hosted when it was last asked. */
const hosted = new Map();

/** The edges that there were when they were last told. */
let drawn = [];

/** A unit that is away says nothing of its services, and nobody of the calls to them: both are drawn where they were, until it is back. */
function remembered({ nodes = [], edges = [] }) {
  const away = new Set();
  const all = nodes.map((node) => {
    const key = `${node.unit} ${node.instance ?? 0}`;
    if (node.services?.length) hosted.set(key, node.services);
    else if ((node.running === false || node.ready === false) && hosted.has(key)) {
      const services = hosted.get(key).map((service) => ({ ...service, state: "down", inFlight: 0, health: undefined }));
      services.forEach(({ service }) => away.add(service));
      return { ...node, services };
    }
    return node;
  });
  const told = new Set(edges.map(keyOf));
  const gone = drawn.filter((edge) => !told.has(keyOf(edge)) && (away.has(edge.from) || away.has(edge.to)));
  drawn = [...edges, ...gone.map(({ from, to, way }) => ({ from, to, way }))];
  return { nodes: all, edges: drawn };
}

const keyOf = ({ from, to, way }) => `${from} ${to} ${way === "event"}`;

function take(body) {
  latest = { ...latest, ...body };
  const now = topologyOf(remembered(latest));
  const at = Date.now() / 1000;
  for (const edge of now.edges) {
    const kept = pastOf(edge.key);
    // Several messages within one second are one point.
    if (kept.at.length && at - kept.at.at(-1) < 0.5) continue;
    const values = { at, calls: edge.callsPerS ?? 0, failures: edge.failuresPerS ?? 0, p50: edge.p50Us ?? null, p99: edge.p99Us ?? null };
    past.set(edge.key, Object.fromEntries(Object.entries(kept).map(([name, all]) => [name, [...all.slice(1 - KEPT), values[name]]])));
  }
  topology.set(now);
  failed.set(null);
  link.set("live");
}

async function ask() {
  try {
    take(await get("/api/topology"));
  } catch (problem) {
    failed.set(problem);
  }
}

let stop = null;
let timer = null;

function poll() {
  clearTimeout(timer);
  timer = setTimeout(async () => {
    await ask();
    if (stop) poll();
  }, 1000);
}

function begin() {
  if (stop) return;
  ask();
  stop = hear("/api/live", {}, {
    patience: 6000,
    event({ data }) {
      const body = data?.topology ?? data;
      if (Array.isArray(body?.nodes) || Array.isArray(body?.edges)) take(body);
      else ask();
    },
    state(state, problem) {
      if (state === "refused") poll();
      else if (state === "away" && problem?.message === "nothing came") link.set("silent");
      else if (state === "away") {
        if (link.get() === "live") link.set("connecting");
        // It may tell nothing and answer all the same.
        ask();
      }
    },
  });
}

function end() {
  stop?.();
  stop = null;
  clearTimeout(timer);
}

/** Begins to listen. A page that nobody sees leaves its connection to others. */
export function listen() {
  begin();
  let hidden = null;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(hidden);
    if (document.hidden) hidden = setTimeout(end, 30_000);
    else begin();
  });
}
