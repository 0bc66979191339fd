// What a shop has to show: traces, logs, the ledger, topics, contracts, config. All of it is the same at
// every start, but for its times.

const now = Date.now();
const hex = (seed, digits) => {
  // A number that follows from the seed, by xorshift.
  let x = (seed * 2654435761) >>> 0 || 1;
  let text = "";
  while (text.length < digits) {
    x ^= x << 13; x >>>= 0; x ^= x >>> 17; x ^= x << 5; x >>>= 0;
    text += x.toString(16).padStart(8, "0");
  }
  return text.slice(0, digits);
};
const traceId = (at) => hex(at + 11, 32);

/** Requests, the latest first: what they were, and how they went. */
const REQUESTS = [
  { name: "POST /api/order", scale: 1 }, { name: "GET /api/user/{id}", scale: 0.4, plain: true }, { name: "POST /api/order", scale: 1.3 },
  { name: "POST /api/order", scale: 1, frozen: 702_000 }, { name: "POST /api/order", scale: 1.1, unknown: true }, { name: "GET /api/overview", scale: 0.9, plain: true },
  { name: "POST /api/order", scale: 0.8, declined: true }, { name: "GET /api/user/{id}", scale: 0.5, plain: true }, { name: "POST /api/order", scale: 0.9, refused: true },
  ...Array.from({ length: 30 }, (_, at) => ({ name: at % 3 ? "POST /api/order" : "GET /api/user/{id}", scale: 0.6 + (at % 7) / 5, plain: at % 3 === 0 })),
];

function spansOf(request, at) {
  const id = traceId(at);
  const start = (now - 4_000 - at * 2_300) * 1000;
  const us = (value) => Math.round(value * request.scale);
  let next = 0;
  const span = (parent, unit, service, method, kind, caller, from, took, more = {}) => {
    next += 1;
    return { traceId: id, spanId: hex(at * 100 + next, 16), parentId: parent, unit, service, method, kind, caller, startUs: start + from, tookUs: took, waitUs: 0, outcome: "answered", ...more };
  };
  const http = { method: request.name.split(" ")[0], route: request.name.split(" ")[1], path: request.name.split(" ")[1].replace("{id}", "1"), status: request.plain ? 200 : 201 };
  if (request.plain) {
    const root = span(undefined, "edge", "edge", request.name, "server", "", 0, us(1_900), { http });
    const made = span(root.spanId, "edge", "user", "get", "client", "edge", us(150), us(1_500));
    return [root, made, span(made.spanId, "user", "user", "get", "server", "edge", us(420), us(900), { waitUs: us(120) })];
  }
  const charge = request.frozen ?? us(3_400);
  const bad = request.unknown ? { outcome: "unknown", code: "deadline_exceeded" } : request.declined ? { outcome: "service_error", code: "declined" } : request.refused ? { outcome: "not_executed", code: "breaker_open" } : {};
  const after = us(4_300) + charge;
  const last = request.unknown || request.declined || request.refused ? 0 : us(1_400);
  const whole = after + last + us(1_300);
  const status = request.unknown ? 503 : request.declined ? 402 : request.refused ? 503 : 201;
  const root = span(undefined, "edge", "edge", request.name, "server", "", 0, whole, { ...bad, http: { ...http, status } });
  const made = span(root.spanId, "edge", "order", "place", "client", "edge", us(180), whole - us(300), bad);
  const place = span(made.spanId, "order", "order", "place", "server", "edge", us(430), whole - us(700), { ...bad, waitUs: us(260) });
  const user = span(place.spanId, "order", "user", "get", "client", "order", us(800), us(1_100));
  const quote = span(place.spanId, "order", "quote", "price", "client", "order", us(2_000), us(800));
  const pay = span(place.spanId, "order", "payment", "charge", "client", "order", us(3_100), charge, bad);
  const spans = [root, made, place, user, span(user.spanId, "user", "user", "get", "server", "order", us(1_000), us(700), { waitUs: us(90) }),
    quote, span(quote.spanId, "quote", "quote", "price", "server", "order", us(2_200), us(420)), pay];
  if (!request.refused) spans.push(span(pay.spanId, "payment", "payment", "charge", "server", "order", us(3_300), charge - us(400), { ...(request.declined ? bad : {}), waitUs: request.frozen ? Math.round(charge * 0.93) : us(1_500) }));
  if (last) {
    const ship = span(place.spanId, "order", "shipping", "book", "client", "order", after - us(900), last);
    spans.push(ship, span(ship.spanId, "shipping", "shipping", "book", "server", "order", after - us(700), last - us(400)));
  }
  return spans;
}

export const traces = () => REQUESTS.map((request, at) => {
  const spans = spansOf(request, at);
  const [root] = spans;
  return { traceId: root.traceId, name: request.name, unit: root.unit, startUs: root.startUs, tookUs: root.tookUs, outcome: root.outcome, code: root.code, spans: spans.length, units: [...new Set(spans.map((span) => span.unit))], services: [...new Set(spans.map((span) => span.service))] };
});

export function trace(id) {
  const at = REQUESTS.findIndex((_, at) => traceId(at) === id);
  if (at < 0) return null;
  const spans = spansOf(REQUESTS[at], at);
  return { traceId: id, complete: true, spans, logs: lines(240).filter((line) => line.trace_id === id) };
}

/** Lines of all units, the oldest first. */
export function lines(count) {
  const all = [];
  REQUESTS.forEach((request, at) => {
    const spans = spansOf(request, at);
    const place = spans.find((span) => span.service === "order" && span.kind === "server");
    if (!place) return;
    const line = (level, offset, message, more) => all.push({ timestamp: new Date((place.startUs + offset) / 1000).toISOString(), level, unit: "order", target: "order::service", message, service: "order", method: "place", trace_id: place.traceId, span_id: place.spanId, ...more });
    line("INFO", 900, "an order comes in", { order: 40 - at, products: 1 });
    if (request.unknown) line("WARN", place.tookUs - 500, "not charged: the order stays pending", { order: 40 - at, error: "unknown: deadline_exceeded" });
    if (request.refused) line("WARN", place.tookUs - 500, "not charged: the order stays pending", { order: 40 - at, error: "not executed: breaker_open" });
    if (request.declined) line("INFO", place.tookUs - 500, "the payment was declined", { order: 40 - at });
    const pay = spans.find((span) => span.service === "payment" && span.kind === "server");
    if (pay && !request.declined) all.push({ timestamp: new Date((pay.startUs + pay.tookUs - 200) / 1000).toISOString(), level: "DEBUG", unit: "payment", instance: 0, target: "payment::service", message: "charged", service: "payment", method: "charge", trace_id: pay.traceId, span_id: pay.spanId, order: 40 - at, cents: 900 });
  });
  all.push({ timestamp: new Date(now - 60_000).toISOString(), level: "ERROR", unit: "mail", target: "mail::post", message: "the mail server refuses", service: "mail", method: "order_paid", error: "connection refused (os error 111)" });
  all.push({ timestamp: new Date(now - 95_000).toISOString(), level: "WARN", unit: "order", target: "seam_mesh::pool", message: "its breaker opens", callee: "payment", instance: 0, failures: 5 });
  all.push({ timestamp: new Date(now - 100_000).toISOString(), level: "INFO", unit: "edge", target: "seam::unit", message: "the edge serves", address: "127.0.0.1:8080" });
  return all.sort((a, b) => (a.timestamp < b.timestamp ? -1 : 1)).slice(-count);
}

export const unknown = () => [
  { id: "0199c1f2a001", at: new Date(now - 13_000).toISOString(), traceId: traceId(4), caller: "order", callee: "payment.charge", code: "deadline_exceeded", arguments: { order: 36, amount: 900 }, state: "found", found: "answered" },
  { id: "0199c1f2a002", at: new Date(now - 74_000).toISOString(), traceId: traceId(99), caller: "order", callee: "payment.charge", code: "connection_lost", arguments: { order: 31, amount: 4_200 }, state: "open", found: null },
  { id: "0199c1f2a003", at: new Date(now - 75_000).toISOString(), traceId: traceId(98), caller: "edge", callee: "order.place", code: "deadline_exceeded", arguments: { userId: 1, products: [{ sku: "tea", quantity: 2, unitPriceCents: 450 }], key: null }, state: "open", found: null },
  { id: "0199c1f2a004", at: new Date(now - 3_600_000).toISOString(), traceId: traceId(97), caller: "order", callee: "shipping.book", code: "panicked", arguments: { order: 12, skus: ["anvil"] }, state: "settled", found: "service_error" },
  { id: "0199c1f2a005", at: new Date(now - 7_200_000).toISOString(), traceId: traceId(96), caller: "order", callee: "payment.charge", code: "deadline_exceeded", arguments: { order: 7, amount: 900 }, state: "resolved", found: "answered", note: "the receipt is there: charged once" },
];

export const slow = () => [
  { service: "payment", method: "charge", limitUs: 500_000, count: 14, p99Us: 702_000, worst: [{ traceId: traceId(3), tookUs: 702_000 }] },
  { service: "order", method: "place", limitUs: 500_000, count: 14, p99Us: 709_000, worst: [{ traceId: traceId(3), tookUs: 708_000 }] },
];

export const topics = (letters) => [
  ["user.created", "user", []], ["order.created", "order", ["history.order_created"]], ["order.paid", "order", ["mail.order_paid", "history.order_paid"]],
  ["order.declined", "order", ["history.order_declined"]], ["order.refunded", "order", ["history.order_refunded"]], ["shipping.dispatched", "shipping", ["history.shipping_dispatched"]],
].map(([topic, publisher, on]) => ({ topic, version: 1, publisher, subscriptions: on.map((name) => ({ name, lag: name === "mail.order_paid" ? 212 : name === "history.order_paid" ? 3 : 0, dead: letters.filter((letter) => letter.subscription === name).length })) }));

export const dead = () => [17, 23, 31].map((order) => ({
  id: `mail.order_paid-${order}`, subscription: "mail.order_paid", topic: "order.paid", attempts: 8, cause: order === 31 ? "service error: the user's address is none: <img src=x onerror=alert(1)>" : "unavailable: the mail server refuses: connection refused (os error 111)",
  position: 400 + order, key: String(order), publishedAt: now - order * 60_000, history: [1, 2, 3].map((try_) => ({ at: now - order * 60_000 + try_ * 9_000, cause: "unavailable: the mail server refuses" })), event: { orderId: order, userId: 1, totalCents: 900, email: "***" },
}));

const number = (format) => ({ type: "integer", format, minimum: 0 });
const $defs = {
  Product: {
    type: "object", description: "So many of one thing.", required: ["sku", "quantity", "unitPriceCents"],
    properties: { sku: { type: "string", description: "Which thing: 1 to 64 characters.", minLength: 1, maxLength: 64 }, quantity: { ...number("uint64"), description: "How many; at least 1." }, unitPriceCents: { ...number("uint64"), description: "The price of one; at least 1." } },
  },
  Status: { oneOf: [{ const: "pending", description: "Nobody knows yet." }, { const: "paid" }, { const: "declined" }, { const: "refunded" }] },
};
const method = (name, doc, properties, required = Object.keys(properties), more = {}) => ({
  name, doc, turn: "shared", idempotent: false, public: true, http: [], arguments: Object.keys(properties).map((name) => ({ name, doc: "" })), ...more,
  schema: { arguments: { type: "object", properties, required, $defs, additionalProperties: false }, answer: {}, error: {} },
});

export const contracts = () => [
  { name: "user", version: "1.0", doc: "Who the shop's users are.", methods: [
    method("create", "Signs a user up. No two users have the same e-mail address.", { name: { type: "string" }, email: { type: "string" }, password: { type: ["string", "null"] } }, ["name", "email"], { http: [{ verb: "POST", path: "/api/user" }] }),
    method("get", "One user.", { id: number("uint64") }, ["id"], { http: [{ verb: "GET", path: "/api/user/{id}" }] }), method("sign_out", "Signs whoever asks out, at every gateway.", {})] },
  { name: "order", version: "1.0", doc: "Orders, and the way to their payment.", methods: [
    method("place", "Places an order and pays for it.\n\nWith an idempotency key, asking again gets the first final answer: paid or declined, and charged once.", { userId: number("uint64"), products: { type: "array", items: { $ref: "#/$defs/Product" } }, key: { type: ["string", "null"], description: "The idempotency key." } }, ["userId", "products"], { http: [{ verb: "POST", path: "/api/order" }] }),
    method("get", "One order.", { id: number("uint64") }), method("list", "A user's orders, oldest first.", { userId: number("uint64"), limit: { anyOf: [number("uint32"), { type: "null" }] }, status: { anyOf: [{ $ref: "#/$defs/Status" }, { type: "null" }] }, after: { type: ["integer", "null"] } }, ["userId"])] },
  { name: "payment", version: "1.0", doc: "Money in, receipts out.", methods: [
    method("charge", "Takes the money for an order, once per order: who asks again gets the first receipt.", { order: number("uint64"), amount: number("uint64") }, undefined, { idempotent: true, turn: "exclusive" }),
    method("receipt", "The receipt of a paid order.", { order: number("uint64") }), method("refund", "Gives the money for an order back, once per order.", { order: number("uint64") })] },
  { name: "shipping", version: "1.0", doc: "Parcels.", methods: [method("book", "Books a parcel.", { order: number("uint64"), skus: { type: "array", items: { type: "string" } } })] },
];

const FILE = { "app.name": ["shop", "app.toml:13"], "app.data": ["data", "app.toml:14"], "units.edge.http": ["127.0.0.1:8080", "app.toml:43"], "units.payment.services": [["payment"], "app.toml:55"], "services.payment.lane": ["inline", "app.toml:95"], "services.payment.mailbox": [1024, "app.toml:96"], "services.payment.config.max_charge_cents": [1_000_000, "app.toml:99"], "services.mail.config.from": ["Shop <shop@localhost>", "app.toml:105"], "calls.deadline": ["5s", "app.toml:116"], "calls.resolution": ["direct", "app.toml:117"] };
const DEFAULTS = { "log.level": "info", "log.format": "text", "log.keep": "256MiB", "calls.slow": "500ms", "calls.attempts": 3, "calls.retry_budget": 0.2, "calls.in_flight": 1024, "calls.rate": 0, "calls.wait": "1s", "edge.deadline": "12s", "edge.rate": 0, "edge.connections": 4096, "trace.keep": "32MiB", "trace.per_second": 100, "health.interval": "1s", "health.timeout": "2s", "services.order.calls.slow": "500ms", "admin.listen": "127.0.0.1:7070" };

export const config = () => ({
  ...Object.fromEntries(Object.entries(FILE).map(([key, [value, from]]) => [key, { value, from }])),
  ...Object.fromEntries(Object.entries(DEFAULTS).map(([key, value]) => [key, { value, from: "default" }])),
  "services.payment.config.api_key": { value: "***", from: "SEAM__SERVICES__PAYMENT__CONFIG__API_KEY" },
  "edge.rate": { value: 200, from: `set by ada at ${new Date(now - 90_000).toISOString()} until ${new Date(now + 510_000).toISOString()}` },
  "log.level": { value: "info", from: "default", units: { payment: { value: "debug", from: `set by ada at ${new Date(now - 240_000).toISOString()}` } } },
});

export const history = () => [
  { version: 1, at: new Date(now - 7.4e6).toISOString(), by: "root", how: "start", configVersion: "5d2f0c6ab81e4710", summary: "", profile: null },
  { version: 2, at: new Date(now - 5.1e6).toISOString(), by: "ada", how: "reload", configVersion: "90aa14c2be776f01", summary: "services.payment.mailbox: 512 → 1024", profile: null },
  { version: 3, at: new Date(now - 1.2e6).toISOString(), by: "ada", how: "move payment to payment", configVersion: "c84c724cbdc04fe9", summary: "units.payment.services: [] → [\"payment\"], units.front.services …", profile: null },
];

export const audit = () => [
  { at: new Date(now - 5.1e6).toISOString(), who: "ada", role: "operator", action: "reload", target: "config", old: null, new: null, result: "done" },
  { at: new Date(now - 2.2e6).toISOString(), who: "grace", role: "viewer", action: "set", target: "edge.rate", old: null, new: 10, result: "denied: this needs the role `operator`" },
  { at: new Date(now - 1.2e6).toISOString(), who: "ada", role: "operator", action: "move", target: "payment", old: "front", new: "payment", result: "done" },
  { at: new Date(now - 240_000).toISOString(), who: "ada", role: "operator", action: "set", target: "log.level in payment", old: "info", new: "debug", result: "done" },
  { at: new Date(now - 95_000).toISOString(), who: "root", role: "operator", action: "call", target: "payment.receipt", old: null, new: null, result: "answered" },
  { at: new Date(now - 90_000).toISOString(), who: "ada", role: "operator", action: "set", target: "edge.rate", old: 0, new: { value: 200, for: "10m" }, result: "done" },
];
