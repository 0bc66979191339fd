// What runs of the shop, and how its calls go: a little different at every look.

/** Which services run in which unit, by topology. */
export const TOPOLOGIES = {
  monolith: { all: ["user", "order", "payment", "quote", "shipping", "mail", "history", "overview"] },
  split: { front: ["user", "order", "history", "overview"], pay: ["payment", "mail", "shipping"], quote: ["quote"] },
  gates: { "gate-a": [], "gate-b": [], core: ["user", "order", "payment", "quote", "shipping", "mail", "history", "overview"] },
  micro: { edge: [], user: ["user"], order: ["order"], payment: ["payment"], quote: ["quote"], shipping: ["shipping"], mail: ["mail"], history: ["history"], overview: ["overview"] },
};
const EDGES = ["edge", "all", "front", "gate-a", "gate-b"];
const began = Date.now() - 7.4e6;
const wave = (base, at) => Math.max(0, base * (1 + 0.12 * Math.sin(Date.now() / 4000 + at) + 0.05 * Math.sin(Date.now() / 900 + at * 3)));

/** The units' instances. Those that `state.away` names don't run. */
export function nodes(state) {
  return Object.entries(TOPOLOGIES[state.topology]).flatMap(([unit, services], at) => {
    const instances = unit === "payment" ? [0, 1] : [0];
    return instances.map((instance) => {
      const gone = state.away.includes(unit);
      if (gone) return { unit, instance, topology: state.topology, pid: null, running: false, drained: false, ready: false, configVersion: null, services: [] };
      return {
        unit, instance, topology: state.topology, running: true, ready: true, pid: 4200 + at * 3 + instance, uptimeMs: Date.now() - began, configVersion: "c84c724cbdc04fe9",
        http: EDGES.includes(unit) ? "127.0.0.1:8080" : null, listen: unit === "edge" ? null : `127.0.0.1:72${String(at).padStart(2, "0")}`,
        services: services.map((service) => ({
          service, version: "1.0", lane: "inline", state: service === "payment" && instance === 1 ? "standby" : "running", health: "good", store: "ok",
          restarts: service === "mail" ? 2 : 0, inFlight: service === "payment" && instance === 0 ? 3 : service === "order" ? 4 : 0,
        })),
      };
    });
  });
}

const CALLS = [
  ["edge", "order", 41, 8_200, 31_000], ["edge", "user", 18, 640, 2_100], ["edge", "overview", 6.4, 5_900, 14_000], ["edge", "history", 2.2, 900, 3_400],
  ["order", "user", 41, 410, 1_300], ["order", "quote", 41, 220, 760], ["order", "payment", 41, 3_100, 24_000], ["order", "shipping", 37, 700, 2_600],
  ["overview", "user", 6.4, 380, 1_100], ["overview", "order", 6.4, 1_900, 5_200], ["mail", "user", 37, 400, 1_250],
];
const EVENTS = [["order", "mail", 37, "order.paid"], ["order", "history", 81, "order.created"], ["shipping", "history", 36, "shipping.dispatched"]];

/** Who calls whom. */
export function edges(state) {
  const hosts = Object.values(TOPOLOGIES[state.topology]);
  const together = (from, to) => hosts.some((services) => services.includes(to) && (services.includes(from) || (from === "edge" && hosts.length < 4)));
  const gone = (name) => state.away.includes(name);
  const calls = CALLS.filter(([from, to]) => !gone(from) && !gone(to)).map(([from, to, perS, p50, p99], at) => {
    const charge = from === "order" && to === "payment";
    const open = charge && state.breaker === "open";
    const callsPerS = wave(perS, at);
    return {
      from, to, way: together(from, to) ? "local" : "wire", callsPerS, failuresPerS: open ? callsPerS : from === "mail" ? 0.4 : 0, p50Us: wave(p50, at), p99Us: wave(p99, at + 1),
      breaker: open ? "open" : "closed",
    };
  });
  return [...calls, ...EVENTS.filter(([from, to]) => !gone(from) && !gone(to)).map(([from, to, perS, topic], at) => ({ from, to, way: "event", topic, callsPerS: wave(perS, at), failuresPerS: 0, p50Us: wave(2_400, at), p99Us: wave(9_000, at) }))];
}
