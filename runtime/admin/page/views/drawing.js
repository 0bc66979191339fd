// The topology as a drawing: units as boxes, services in them, calls and events as lines.

import { rate, took } from "../lib/format.js";
import { html, useEffect, useMemo, useRef, useState } from "../lib/html.js";
import { lay, shapeOf } from "../lib/layout.js";
import { isShut, stateOf } from "../lib/shapes.js";
import { signOf, tint } from "../lib/ui.js";

/** How an edge is, for its colour: a breaker that is open, failures, calls, or nothing. */
function kindOf(edge) {
  if (isShut(edge)) return "shut";
  if ((edge.failuresPerS ?? 0) > 0) return "failing";
  return (edge.callsPerS ?? 0) > 0 ? "busy" : "idle";
}

/** An edge in words. */
function saidOf(edge) {
  const what = edge.way === "event" ? "events from" : "calls from";
  const failures = edge.failuresPerS > 0 ? `, ${rate(edge.failuresPerS)} failing` : "";
  return `${what} ${edge.from} to ${edge.to}: ${rate(edge.callsPerS)}, p99 ${took(edge.p99Us)}${failures}${edge.breaker ? `, breaker ${edge.breaker}` : ""}`;
}

/** `of` is what was chosen: `edge KEY`, `service UNIT/NAME`, `unit NAME`. */
export function Drawing({ now, of, choose }) {
  const shape = shapeOf(now);
  const drawn = useMemo(() => lay(now), [shape]);
  const [zoom, setZoom] = useState(1);
  const services = new Map(now.units.flatMap((unit) => unit.services.map((service) => [`${unit.name}/${service.service}`, service])));
  const units = new Map(now.units.map((unit) => [unit.name, unit]));
  const edges = new Map(now.edges.map((edge) => [edge.key, edge]));
  const service = (box) => html`<${ServiceBox} key=${box.id} box=${box} service=${services.get(box.id)}
    chosen=${of === `service ${box.id}`} choose=${() => choose("service", box.id)} />`;
  // A small app isn't blown up, a large one shrinks until it fits, as long as it can be read.
  const px = (length) => `${Math.round(length)}px`;
  const size = zoom === 1
    ? { minWidth: px(drawn.width * 0.7), maxWidth: px(drawn.width * 1.3), minHeight: px(drawn.height * 0.7), maxHeight: "calc(100vh - 140px)" }
    : { width: px(drawn.width * zoom) };
  const place = useRef(null);
  // What was chosen stays in sight, though there is less room beside what is told of it.
  useEffect(() => { if (of) place.current.querySelector(".chosen")?.scrollIntoView({ block: "nearest", inline: "nearest" }); }, [of]);
  return html`<div class="drawing" ref=${place}><div class="scroll both">
    <svg viewBox=${`0 0 ${drawn.width} ${drawn.height}`} style=${size} role="group" aria-label="Units, services, and the calls between them">
      <defs>${["busy", "idle", "failing", "shut", "event"].map((kind) => html`<${Arrow} key=${kind} kind=${kind} />`)}
        <pattern id="away" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
          <path class="hatch" d="M0 0V6" /></pattern></defs>
      ${drawn.units.map((place) => html`<g key=${place.name} data-unit=${place.name} role="group" aria-label=${`unit ${place.name}`}>
        <${UnitBox} place=${place} unit=${units.get(place.name)} chosen=${of === `unit ${place.name}`} choose=${() => choose("unit", place.name)} />
        ${drawn.boxes.filter((box) => box.unit === place.name).map(service)}</g>`)}
      ${drawn.edges.map((place) => html`<${Edge} key=${place.key} place=${place} edge=${edges.get(place.key)}
        chosen=${of === `edge ${place.key}`} choose=${() => choose("edge", place.key)} />`)}
      ${drawn.boxes.filter((box) => !box.unit).map(service)}
    </svg></div>
    <div class="zoom">
      <button type="button" class="plain" aria-label="Smaller" onClick=${() => setZoom(Math.max(0.4, zoom / 1.25))}>−</button>
      <button type="button" class="plain" onClick=${() => setZoom(1)}>fit</button>
      <button type="button" class="plain" aria-label="Larger" onClick=${() => setZoom(Math.min(3, zoom * 1.25))}>+</button></div></div>`;
}

const Arrow = ({ kind }) => html`<marker id=${`arrow-${kind}`} viewBox="0 0 8 8" refX="7" refY="4" markerWidth="9" markerHeight="9"
  markerUnits="userSpaceOnUse" orient="auto"><path class=${`arrow ${kind}`} d="M0 0.5L8 4L0 7.5Z" /></marker>`;

/** What can be chosen, by mouse and by keyboard. */
const pressed = (choose) => ({ "data-row": "", tabindex: "0", role: "button", onClick: choose });

function UnitBox({ place, unit, chosen, choose }) {
  if (!unit) return null;
  const { x, y, width, height } = place;
  const away = unit.instances.every((one) => !one.ready);
  const several = unit.instances.length > 1;
  const said = `unit ${unit.name}, ${unit.instances.filter((one) => one.ready).length} of ${unit.instances.length} ready`;
  return html`<g class="unit-box ${away ? "away" : ""} ${chosen ? "chosen" : ""}" ...${pressed(choose)} aria-label=${said}>
    <rect class="frame" x=${x} y=${y} width=${width} height=${height} rx="8" />${away ? html`<rect x=${x} y=${y} width=${width} height=${height} rx="8" fill="url(#away)" />` : null}
    <rect class=${`stripe ${tint(unit.name)}`} x=${x + 10} y=${y + 11} width="10" height="10" rx="2" />
    <text class="unit-name" x=${x + 26} y=${y + 20}>${unit.name}${several || !away ? "" : html`<tspan class="bad" dx="6">✕</tspan>`}</text>
    ${several ? unit.instances.map((one, at) => html`<g key=${one.at} data-instance=${`${unit.name}.${one.at}`}>
      <title>${`${unit.name}.${one.at}: ${one.ready ? "ready" : one.running ? "not ready" : "not running"}`}</title>
      <rect class="instance ${one.ready ? "good" : "bad"}" x=${x + width - 10 - (unit.instances.length - at) * 26} y=${y + 8} width="23" height="15" rx="3" />
      <text class="instance-name" x=${x + width - 10 - (unit.instances.length - at) * 26 + 11.5} y=${y + 19.5}>${one.ready ? `.${one.at}` : `✕${one.at}`}</text></g>`) : null}</g>`;
}

function ServiceBox({ box, service, chosen, choose }) {
  const { x, y, width, height, name } = box;
  if (!service) {
    return html`<g class=${box.outside ? "outside" : "edge-box"} data-caller=${name || null}>
      <rect x=${x} y=${y} width=${width} height=${height} rx=${height / 2} />
      <text class="service-name" x=${x + width / 2} y=${y + height / 2 + 4.5}>${name || "no services"}</text></g>`;
  }
  const state = stateOf(service);
  const [sign, kind] = signOf(state);
  const flying = service.cells.reduce((all, cell) => all + (cell.inFlight ?? 0), 0);
  const restarts = service.cells.reduce((all, cell) => all + (cell.restarts ?? 0), 0);
  const below = [state === "running" ? null : state, `${flying} in flight`, restarts ? `${restarts} ↻` : null].filter(Boolean).join(" · ");
  const said = `service ${name}, ${state}, ${flying} calls in flight${restarts ? `, restarted ${restarts} times` : ""}`;
  return html`<g class="service-box ${kind} ${chosen ? "chosen" : ""}" data-service=${name} data-state=${state} ...${pressed(choose)} aria-label=${said}>
    <rect x=${x} y=${y} width=${width} height=${height} rx="6" />
    <text class="sign" x=${x + 12} y=${y + 19}>${sign}</text><text class="service-name" x=${x + 28} y=${y + 19}>${name}</text>
    <text class="small" x=${x + 12} y=${y + 35}>${below}</text>
    ${service.cells.length > 1 ? service.cells.map((cell, at) => {
      const [sign, kind] = signOf(cell.health === "bad" ? "unwell" : cell.state);
      return html`<text key=${cell.at} class=${`cell ${kind}`} x=${x + 12 + at * 30} y=${y + 52}>
        <title>${`${name} in instance ${cell.at}: ${cell.state}, ${cell.inFlight ?? 0} in flight`}</title>${sign}.${cell.at}</text>`;
    }) : null}</g>`;
}

function Edge({ place, edge, chosen, choose }) {
  if (!edge) return null;
  const event = edge.way === "event";
  const kind = event && kindOf(edge) !== "failing" ? "event" : kindOf(edge);
  // As thick as there are calls, by tens.
  const thick = 1.3 + Math.min(2.6, Math.log10(1 + (edge.callsPerS ?? 0)));
  const idle = !(edge.callsPerS > 0);
  return html`<g class="edge ${kind} ${event ? "events" : ""} ${idle ? "idle" : ""} ${chosen ? "chosen" : ""}" data-edge=${`${edge.from} ${edge.to}`} data-way=${edge.way} data-breaker=${edge.breaker || null}
    ...${pressed(choose)} aria-label=${saidOf(edge)}>
    <title>${saidOf(edge)}</title>
    ${place.lines.map((line, at) => html`<g key=${at}><path class="hit" d=${line.path} />
      <path class="line" d=${line.path} style=${{ "stroke-width": thick }} marker-end=${`url(#arrow-${kind})`} />
      ${at === 0 ? html`<${Label} edge=${edge} event=${event} x=${line.x} y=${line.y} />` : null}</g>`)}</g>`;
}

function Label({ edge, event, x, y }) {
  if (x === undefined) return null;
  const shut = isShut(edge);
  const failing = edge.failuresPerS > 0;
  if (!(edge.callsPerS > 0) && !shut && !failing) return null;
  const second = shut ? "✕ breaker open" : failing ? `▲ ${rate(edge.failuresPerS)} failing` : edge.breaker && edge.breaker !== "closed" ? `◔ breaker ${edge.breaker}` : null;
  const first = event ? rate(edge.callsPerS) : `${rate(edge.callsPerS)} · ${took(edge.p99Us)}`;
  const width = 10 + 5.9 * Math.max(first.length, second?.length ?? 0);
  const height = second ? 30 : 16;
  return html`<rect class="label-back" x=${x - width / 2} y=${y - height / 2} width=${width} height=${height} rx="3" />
    <text class="label" x=${x} y=${y + (second ? -3 : 4)}>${first}</text>${second ? html`<text class="label second" x=${x} y=${y + 11}>${second}</text>` : null}`;
}
