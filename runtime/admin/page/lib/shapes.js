// The API's answers, brought into the shape that the views draw. Members may be absent, and there may be
// more of them than are known here.

const list = (value) => (Array.isArray(value) ? value : []);
const text = (value) => (value === undefined || value === null ? "" : String(value));

/** The list that an answer is: the member named as its path, or all of it. */
export const listOf = (body, name) => list(Array.isArray(body) ? body : body?.[name]);

/** Callers that are no services. */
const OUTSIDE = new Set(["edge", "program", "operator"]);

/**
 * Units with their instances and services, and the edges between services. Each unit is there once, with
 * what its instances say side by side.
 */
export function topologyOf(body) {
  const units = new Map();
  for (const node of list(body?.nodes)) {
    const name = text(node.unit) || "?";
    if (!units.has(name)) units.set(name, { name, instances: [], services: new Map(), http: null });
    const unit = units.get(name);
    const at = node.instance ?? unit.instances.length;
    const running = node.running !== false;
    unit.instances.push({ ...node, at, running, ready: running && node.ready !== false, reason: text(node.reason) });
    unit.http ??= node.http ?? null;
    for (const one of list(node.services)) {
      const service = text(one.service ?? one.name ?? one);
      if (!unit.services.has(service)) unit.services.set(service, { service, version: text(one.version), cells: [] });
      unit.services.get(service).cells.push({ ...one, service, at, state: text(one.state) || (one.up === false ? "down" : "running") });
    }
  }
  for (const unit of units.values()) unit.services = [...unit.services.values()];
  const edges = list(body?.edges).map((edge) => ({
    ...edge,
    from: text(edge.from),
    to: text(edge.to),
    way: edge.way ?? "wire",
    key: `${edge.from} ${edge.to} ${edge.way === "event" ? "event" : "call"}`,
    breaker: breakerOf(edge),
  }));
  return { units: [...units.values()], edges: merged(edges) };
}

function breakerOf({ breaker }) {
  const state = breaker?.state ?? breaker;
  return typeof state === "string" ? state.toLowerCase() : "";
}

/** A pair of services has one edge for calls and one for events, whatever ways its instances take. */
function merged(edges) {
  const all = new Map();
  for (const edge of edges) {
    const known = all.get(edge.key);
    if (!known) {
      all.set(edge.key, edge);
      continue;
    }
    const most = (a, b) => (a === undefined ? b : b === undefined ? a : Math.max(a, b));
    const sum = (a, b) => (a === undefined ? b : a + (b ?? 0));
    all.set(edge.key, {
      ...known,
      way: known.way === edge.way ? known.way : "wire",
      callsPerS: sum(known.callsPerS, edge.callsPerS),
      failuresPerS: sum(known.failuresPerS, edge.failuresPerS),
      p50Us: most(known.p50Us, edge.p50Us),
      p99Us: most(known.p99Us, edge.p99Us),
      breaker: isShut(edge) ? edge.breaker : known.breaker,
    });
  }
  return [...all.values()];
}

/** Whether a breaker keeps calls back. */
export const isShut = (edge) => edge.breaker === "open" || edge.breaker === "forced" || edge.breaker === "forced_open";

export const isOutside = (name) => OUTSIDE.has(name);

/** How a service is, over its instances: the worst of them. */
export function stateOf(service) {
  const order = ["down", "stopped", "recovering", "starting", "draining", "standby", "running"];
  const states = service.cells.map((cell) => cell.state);
  // One at work and others that stand by is as it should be.
  if (states.includes("running") && states.every((state) => state === "running" || state === "standby")) {
    return service.cells.some((cell) => cell.health === "bad") ? "unwell" : "running";
  }
  return order.find((state) => states.includes(state)) ?? states[0] ?? "unknown";
}

/** Spans of a trace in the order of their tree: parents before children, each with its depth. */
export function treeOf(spans) {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const children = new Map();
  const roots = [];
  for (const span of spans) {
    const parent = byId.get(span.parentId);
    if (!parent || parent === span) roots.push(span);
    else children.set(parent.spanId, [...(children.get(parent.spanId) ?? []), span]);
  }
  const rows = [];
  const seen = new Set();
  const walk = (span, depth) => {
    if (seen.has(span.spanId)) return;
    seen.add(span.spanId);
    const below = (children.get(span.spanId) ?? []).sort(byStart);
    rows.push({ span, depth, children: below, adrift: depth === 0 && Boolean(span.parentId) });
    for (const child of below) walk(child, depth + 1);
  };
  for (const root of roots.sort(byStart)) walk(root, 0);
  // What is its own ancestor by mistake is shown all the same.
  for (const span of spans) if (!seen.has(span.spanId)) walk(span, 0);
  return rows;
}

const byStart = (a, b) => a.startUs - b.startUs || b.tookUs - a.tookUs;

/** What a span spent itself, its children and its wait left out, in microseconds. */
export function ownTime({ span, children }) {
  const end = span.startUs + span.tookUs;
  let from = span.startUs + (span.waitUs ?? 0);
  let own = 0;
  for (const child of children) {
    const start = Math.min(Math.max(child.startUs, from), end);
    own += start - from;
    from = Math.max(from, Math.min(child.startUs + child.tookUs, end));
  }
  return Math.max(0, own + end - from);
}

/** `order/place`, or of a request `POST /api/order`. */
export function nameOf(span) {
  if (span.name) return span.name;
  if (span.service === "edge" || span.http) return span.method || span.service;
  return [span.service, span.method].filter(Boolean).join("/");
}

/** Values in effect, each with its key and where it comes from; one that is set in a single unit stands beside it. */
export function configOf(body) {
  const values = Object.entries(body?.config ?? body ?? {}).filter(([, one]) => one && typeof one === "object" && "from" in one);
  return values.flatMap(([key, one]) => [
    ...("value" in one ? [{ key, value: one.value, from: text(one.from), unit: null }] : []),
    ...Object.entries(one.units ?? {}).map(([unit, own]) => ({ key, value: own.value, from: text(own.from), unit })),
  ]);
}

/** Methods that can be called: `{ service, method, call, doc, schema, … }`. */
export function methodsOf(body) {
  return listOf(body, "contracts").flatMap((contract) => {
    const service = text(contract.service ?? contract.name);
    return list(contract.methods).map((method) => ({
      ...method,
      service,
      version: text(contract.version),
      method: text(method.name ?? method.method),
      call: `${service}.${method.name ?? method.method}`,
      schema: argumentsOf(method),
      answerSchema: method.schema?.answer ?? method.answer ?? null,
    }));
  });
}

function argumentsOf(method) {
  const given = method.schema?.arguments ?? method.argumentsSchema ?? (method.schema?.properties ? method.schema : null) ?? (Array.isArray(method.arguments) ? null : method.arguments);
  return given && typeof given === "object" ? given : { type: "object", properties: {} };
}

/** A line of a log, taken apart: what everybody has, and what is its own. */
export function lineOf(entry) {
  const { timestamp, time, at, level, message, fields, unit, instance, service, method, target, trace_id, traceId, span_id, spanId, ...rest } = entry;
  const { message: inner, ...others } = fields ?? {};
  return {
    at: timestamp ?? time ?? at,
    level: text(level).toUpperCase(),
    message: text(message ?? inner),
    unit: text(unit),
    instance,
    service: text(service),
    method: text(method),
    traceId: trace_id ?? traceId ?? null,
    spanId: span_id ?? spanId ?? null,
    rest: { ...rest, ...others },
    target: text(target),
  };
}
