// Where units, services and edges are drawn. It is laid out anew only if one comes or goes: numbers
// change in their places.

import { Graph, layout } from "../vendor/dagre.esm.js";

const LINE = 20;
const SERVICE = { height: 44, least: 116 };
const LABEL = { width: 104, height: 30 };

const canvas = document.createElement("canvas").getContext("2d");
function wide(text, font) {
  canvas.font = font;
  return canvas.measureText(text).width;
}

/** How wide a unit's name is, with its instances beside it. */
const headOf = (unit) => wide(unit.name, "650 13px system-ui") + 46 + (unit.instances.length > 1 ? unit.instances.length * 26 : 0);

/** Units and services as places to draw, by their names. */
function boxes(topology) {
  const found = [];
  const { units, edges } = topology;
  for (const unit of units) {
    for (const service of unit.services) {
      const cells = service.cells.length > 1 ? service.cells.length * 30 : 0;
      const width = Math.max(SERVICE.least, wide(service.service, "600 13px system-ui") + 44, cells + 24, headOf(unit) - 24);
      found.push({ id: `${unit.name}/${service.service}`, name: service.service, unit: unit.name, width, height: SERVICE.height + (cells ? 16 : 0), service });
    }
    // A unit that hosts nobody is there all the same, as its edge.
    const serves = unit.http && edges.some((edge) => edge.from === "edge");
    if (serves || !unit.services.length) {
      found.push({ id: `${unit.name}/edge`, name: serves || unit.http ? "edge" : "", unit: unit.name, width: unit.services.length ? 72 : SERVICE.least, height: SERVICE.height, edge: true });
    }
  }
  // Whoever is in none of the units: the program, an operator, a service that runs nowhere.
  const known = new Set(found.map((box) => box.name));
  for (const name of new Set(edges.flatMap((edge) => [edge.from, edge.to]).filter((name) => !known.has(name)))) {
    found.push({ id: `/${name}`, name, unit: null, width: Math.max(86, wide(name, "600 13px system-ui") + 28), height: 32, outside: true });
  }
  return found;
}

/** What decides where things are, as a text. */
export const shapeOf = (topology) => JSON.stringify([
  topology.units.map((unit) => [unit.name, Boolean(unit.http), unit.instances.length, unit.services.map((one) => [one.service, one.cells.length])]),
  topology.edges.map((edge) => edge.key).sort(),
]);

/** Lays a topology out: `boxes`, `units` and `edges` with their places, and the size of it all. */
export function lay(topology) {
  const graph = new Graph({ compound: true, multigraph: true });
  graph.setGraph({ rankdir: "LR", nodesep: 22, ranksep: 30, edgesep: 12, marginx: 16, marginy: 16, ranker: "network-simplex" });
  const all = boxes(topology);
  const places = new Map();
  for (const box of all) {
    // A unit's name needs room above its services, which dagre doesn't leave.
    graph.setNode(box.id, { width: box.width, height: box.height + (box.unit ? LINE : 0) });
    if (box.unit) {
      graph.setNode(`unit ${box.unit}`, {});
      graph.setParent(box.id, `unit ${box.unit}`);
    }
    places.set(box.name, [...(places.get(box.name) ?? []), box]);
  }
  const drawn = topology.edges.map((edge) => ({ edge, pairs: pairs(edge, places) }));
  for (const { edge, pairs } of drawn) {
    for (const [from, to] of pairs) {
      const label = edge.from === edge.to ? { width: 0, height: 0 } : LABEL;
      graph.setEdge(from.id, to.id, { ...label, labelpos: "c", weight: edge.way === "event" ? 1 : 3, minlen: 1 }, edge.key);
    }
  }
  layout(graph);
  for (const box of all) {
    const { x, y } = graph.node(box.id);
    box.x = x - box.width / 2;
    box.y = y - box.height / 2 + (box.unit ? LINE / 2 : 0);
  }
  const units = topology.units.map((unit) => frame(unit, all.filter((box) => box.unit === unit.name)));
  const edges = drawn.map(({ edge, pairs }) => ({
    key: edge.key,
    lines: pairs.map(([from, to]) => {
      const { points, x, y } = graph.edge(from.id, to.id, edge.key);
      return { from, to, points, x, y };
    }),
  }));
  route(edges.flatMap((edge) => edge.lines));
  if (units.length === 1) Object.assign(units[0], around(units[0], edges));
  const right = Math.max(200, ...units.map((unit) => unit.x + unit.width), ...all.map((box) => box.x + box.width), ...edges.flatMap((edge) => edge.lines.map((line) => (line.x ?? 0) + LABEL.width / 2)));
  const bottom = Math.max(80, ...units.map((unit) => unit.y + unit.height), ...all.map((box) => box.y + box.height), ...edges.flatMap((edge) => edge.lines.map((line) => (line.y ?? 0) + LABEL.height / 2)));
  return { boxes: all, units, edges, width: right + 16, height: bottom + 16 };
}

/** From where to where an edge goes: within a unit, if both are there; else to all who host the callee. */
function pairs(edge, places) {
  const from = places.get(edge.from) ?? [];
  const to = places.get(edge.to) ?? [];
  const within = from.flatMap((one) => to.filter((other) => other.unit === one.unit).map((other) => [one, other]));
  if (within.length && edge.way === "local") return within;
  return from.flatMap((one) => to.map((other) => [one, other]));
}

/** The box of a unit, around its services and with its name above them. */
function frame(unit, inner) {
  const x = Math.min(...inner.map((box) => box.x)) - 12;
  const y = Math.min(...inner.map((box) => box.y)) - 12 - LINE;
  const right = Math.max(...inner.map((box) => box.x + box.width)) + 12;
  const bottom = Math.max(...inner.map((box) => box.y + box.height)) + 12;
  return { name: unit.name, x, y, width: Math.max(right - x, headOf(unit)), height: bottom - y };
}

/** The lines of all edges. Each leaves its box at a place of its own on one side, and comes in at another, in the order in which they part. */
function route(lines) {
  const sides = new Map();
  const stand = (line, end, box, side, towards) => {
    const key = `${box.id} ${side}`;
    if (!sides.has(key)) sides.set(key, []);
    sides.get(key).push({ line, end, box, side, towards });
  };
  for (const line of lines) {
    const { from, to, points } = line;
    line.inner = points.slice(1, -1);
    const forwards = to.x + to.width / 2 >= from.x + from.width / 2;
    stand(line, "start", from, forwards ? "right" : "left", line.inner[0] ?? middleOf(to));
    stand(line, "end", to, forwards ? "left" : "right", line.inner.at(-1) ?? middleOf(from));
  }
  for (const all of sides.values()) {
    all.sort((a, b) => a.towards.y - b.towards.y);
    all.forEach(({ line, end, box, side }, at) => {
      const room = Math.min(box.height - 12, (all.length - 1) * 11);
      const y = box.y + box.height / 2 + (all.length > 1 ? room * (at / (all.length - 1) - 0.5) : 0);
      line[end] = { x: side === "right" ? box.x + box.width : box.x, y };
    });
  }
  for (const line of lines) line.path = curve([line.start, ...gentle(line), line.end]);
}

/** The box of an only unit is around the lines, too: nothing goes out of it. */
function around(unit, edges) {
  const heights = edges.flatMap((edge) => edge.lines.flatMap((line) => line.inner.map((point) => point.y)));
  const y = Math.min(unit.y, ...heights.map((height) => height - 28));
  return { y, height: Math.max(unit.y + unit.height, ...heights.map((height) => height + 16)) - y };
}

/** How far from a box a line may still rise or fall. */
const GENTLE = 54;

/** The points between a line's ends, so that it doesn't rise or fall right beside a box. */
function gentle({ start, end, inner, x, y }) {
  const sign = Math.sign(end.x - start.x) || 1;
  const [from, to] = [start.x + sign * GENTLE, end.x - sign * GENTLE];
  const points = inner.filter((point) => sign * (point.x - from) > 0 && sign * (to - point.x) > 0);
  // Where it has to pass others, it is level on their height by then.
  const level = (point, at) => (point && sign * (at - point.x) > 0 ? [{ x: at, y: point.y }] : []);
  const passed = inner.filter((point) => sign * (point.x - from) <= 0).at(-1);
  const coming = inner.find((point) => sign * (to - point.x) <= 0);
  if (sign * (to - from) <= 2 * GENTLE) return x === undefined ? [] : [{ x, y }];
  const all = [...level(passed, from), ...points];
  // It goes on level as long as it is; the rest of the way is free.
  const goesOn = coming && sign * (coming.x - to) > 0 && (!all.length || Math.abs(all.at(-1).y - coming.y) < 1);
  return goesOn ? [...all, { x: to, y: coming.y }] : all;
}

const middleOf = (box) => ({ x: box.x + box.width / 2, y: box.y + box.height / 2 });

/** A line along points that is level at each of them. */
function curve(points) {
  const [first, ...rest] = points;
  let path = `M${at(first)}`;
  let last = first;
  for (const point of rest) {
    const middle = (last.x + point.x) / 2;
    path += Math.abs(last.y - point.y) < 0.5 ? `L${at(point)}` : `C${at({ x: middle, y: last.y })} ${at({ x: middle, y: point.y })} ${at(point)}`;
    last = point;
  }
  return path;
}

const at = ({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`;
