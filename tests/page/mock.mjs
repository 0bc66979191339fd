// The admin listener of a shop that isn't there: the page's files under the listener's policy, and the
// API with a shop's data. It is for the page's tests, and for who works on the page:
//
//   node mock.mjs [PORT]

import { readdirSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

import { audit, config, contracts, dead, history, lines, slow, topics, trace, traces, unknown } from "./shop.mjs";
import { edges, nodes } from "./running.mjs";

const PAGE = fileURLToPath(new URL("../../runtime/admin/page", import.meta.url));
const KINDS = { ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml" };
export const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The page's files: what a browser may ask for. */
export function files() {
  const all = readdirSync(PAGE, { recursive: true }).map((name) => join(PAGE, name)).filter((file) => statSync(file).isFile() && extname(file) in KINDS);
  return new Map(all.map((file) => {
    const path = `/${relative(PAGE, file)}`;
    return [path === "/index.html" ? "/" : path, { file, kind: KINDS[extname(file)], size: statSync(file).size }];
  }));
}

/** A listener on a port. What `state` says can be changed while it runs. */
export async function mock(port = 0) {
  const known = files();
  const state = {
    topology: "micro", role: "operator", token: null, away: [], breaker: "closed", empty: false, posts: [], letters: dead(), ledger: unknown(),
    config: config(), history: history(), acts: audit(), streams: new Set(),
  };
  const server = createServer((request, response) => {
    answer(state, known, request, response).catch((error) => problem(response, 500, "failed", String(error)));
  });
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  return {
    state,
    url: `http://127.0.0.1:${server.address().port}`,
    /** Ends all connections, and listens no more. */
    stop: () => new Promise((done) => { server.close(done); server.closeAllConnections(); }),
    /** Listens again, where it did. */
    start: (again) => new Promise((done) => server.listen(again, "127.0.0.1", done)),
  };
}

function send(response, status, kind, body) {
  response.writeHead(status, { "content-type": kind, "content-security-policy": POLICY, "x-content-type-options": "nosniff", "cache-control": "no-store" });
  response.end(body);
}
const json = (response, value, status = 200) => send(response, status, "application/json", JSON.stringify(value));
const problem = (response, status, code, detail) => send(response, status, "application/problem+json", JSON.stringify({ title: "Refused", status, detail, code }));

async function answer(state, known, request, response) {
  const url = new URL(request.url, "http://mock");
  const query = Object.fromEntries(url.searchParams);
  const path = url.pathname;
  if (state.token && request.headers.authorization !== `Bearer ${state.token}` && path.startsWith("/api/")) return problem(response, 401, "unauthenticated", "this needs a credential, and none came with the request");
  if (request.method === "POST") return act(state, path, await whole(request), response);
  const file = known.get(path);
  if (file) return send(response, 200, file.kind, readFileSync(file.file));
  if (path === "/api/live") return stream(state, request, response, 1000, () => topology(state));
  if (path === "/api/tap") return stream(state, request, response, 120, () => tapped(query));
  if (path === "/api/logs/live") return stream(state, request, response, 300, () => ({ ...lines(1)[0], timestamp: new Date().toISOString() }));
  const one = /^\/api\/traces\/(.+)$/.exec(path);
  if (one) {
    const found = trace(one[1]);
    return found ? json(response, found) : problem(response, 404, "not_found", "no unit keeps this trace");
  }
  const told = {
    "/api/me": () => ({ who: "ada", role: state.role }),
    "/api/status": () => ({ status: nodes(state) }),
    "/api/topology": () => topology(state),
    "/api/traces": () => ({ traces: fits(traces(), query) }),
    "/api/logs": () => ({ logs: lines(240).filter((line) => (!query.unit || line.unit === query.unit) && (!query.service || line.service === query.service) && (!query.trace || line.trace_id?.startsWith(query.trace)) && (!query.grep || JSON.stringify(line).includes(query.grep))) }),
    "/api/unknown": () => ({ unknown: state.ledger }),
    "/api/slow": () => ({ slow: slow() }),
    "/api/contracts": () => ({ contracts: contracts() }),
    "/api/config": () => state.config,
    "/api/config/history": () => ({ history: state.history }),
    "/api/audit": () => ({ audit: state.acts }),
    "/api/topics": () => ({ topics: topics(state.letters) }),
    "/api/dead": () => ({ dead: state.letters }),
  }[path];
  if (!told) return problem(response, 404, "not_found", "there is nothing at this path of the admin listener");
  const [[name, value]] = Object.entries(told());
  json(response, state.empty && Array.isArray(value) ? { [name]: [] } : told());
}

const topology = (state) => (state.empty ? { nodes: [], edges: [] } : { nodes: nodes(state), edges: edges(state) });

const fits = (all, { service, unit, minMs, outcome }) => all.filter((one) => (!unit || one.unit === unit || one.units.includes(unit)) && (!service || one.services.includes(service)) && (!minMs || one.tookUs >= minMs * 1000) && (!outcome || one.outcome === outcome));

function stream(state, request, response, every, make) {
  response.writeHead(200, { "content-type": "text/event-stream", "content-security-policy": POLICY, "cache-control": "no-store" });
  response.write("retry: 1000\n\n");
  const tell = () => {
    const value = make();
    if (value) response.write(`data: ${JSON.stringify(value)}\n\n`);
  };
  tell();
  const timer = setInterval(tell, every);
  state.streams.add(response);
  request.on("close", () => { clearInterval(timer); state.streams.delete(response); });
}

/** A call that has just ended. */
function tapped(query) {
  const all = traces().flatMap((one) => trace(one.traceId).spans).filter((span) => span.kind === "server" && span.service !== "edge");
  const span = all[Math.floor(Math.random() * all.length)];
  if ((query.service && span.service !== query.service) || (query.caller && span.caller !== query.caller)) return null;
  const bodies = query.bodies ? { arguments: { order: 7, amount: 900, token: "***" }, answer: { id: 7, orderId: 7, amountCents: 900 } } : {};
  return { ...span, startUs: Date.now() * 1000, ...bodies };
}

async function whole(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return chunks.length ? JSON.parse(Buffer.concat(chunks).toString()) : {};
}

function act(state, path, body, response) {
  state.posts.push({ path, body });
  if (state.role !== "operator") return problem(response, 403, "denied", "this needs the role `operator`");
  const done = (action, target, value = {}) => {
    state.acts.push({ at: new Date().toISOString(), who: "ada", role: state.role, action, target, old: null, new: body.value ?? null, result: "done" });
    json(response, { ok: true, ...value });
  };
  if (path === "/api/call") {
    if (body.call === "payment.charge" && !(body.arguments.amount > 0)) {
      return json(response, { outcome: "service_error", problem: { status: 422, code: "nothing_to_charge", detail: "there is nothing to charge: the amount is below 1" }, traceId: traces()[0].traceId, tookUs: 412 });
    }
    return json(response, { outcome: "answered", answer: { id: body.arguments.id ?? 1, echoed: body.arguments }, traceId: traces()[0].traceId, tookUs: 1834 });
  }
  if (path === "/api/set") {
    if (body.key === "log.level" && body.value === "loud") return problem(response, 400, "config", "log.level: `loud` is no level; fix: use error, warn, info, debug or trace");
    if (!(body.key in state.config)) return problem(response, 400, "config", `\`${body.key}\` can't be set while the app runs`);
    state.config[body.key] = { value: body.value, from: `set by ada at ${new Date().toISOString()}` };
    return done("set", body.key);
  }
  if (path === "/api/unset") {
    state.config[body.key] = { value: config()[body.key].value, from: "default" };
    return done("unset", body.key);
  }
  const resolve = /^\/api\/unknown\/(.+)\/resolve$/.exec(path);
  if (resolve) {
    const call = state.ledger.find((one) => one.id === decodeURIComponent(resolve[1]));
    if (!call) return problem(response, 404, "not_found", "there is no call of this id in the ledger");
    Object.assign(call, { state: "resolved", note: body.note });
    return done("unknown resolve", call.id);
  }
  if (path === "/api/dead/retry" || path === "/api/dead/drop") {
    state.letters = body.all ? [] : state.letters.filter((letter) => letter.id !== body.id);
    return done(path.slice(5).replace("/", " "), body.id ?? "all");
  }
  if (path === "/api/breaker") {
    state.breaker = body.action === "open" ? "open" : "closed";
    return done("breaker", `${body.from} ${body.service}`);
  }
  if (["/api/reload", "/api/config/rollback", "/api/drain", "/api/restart", "/api/replay"].includes(path)) return done(path.slice(5), "config");
  return problem(response, 404, "not_found", "there is nothing at this path of the admin listener");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { url } = await mock(Number(process.argv[2] ?? 7070));
  console.log(`${url}/`);
}
