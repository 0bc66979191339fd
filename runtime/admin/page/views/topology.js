// What runs where, who calls whom, and how that goes, second by second.

import { useAnswer } from "../lib/api.js";
import { count, rate, took } from "../lib/format.js";
import { html } from "../lib/html.js";
import { failed, topology } from "../lib/live.js";
import { Command } from "../lib/me.js";
import { to, useFilters, useTitle } from "../lib/route.js";
import { isShut, listOf, stateOf } from "../lib/shapes.js";
import { useStore } from "../lib/store.js";
import { Empty, Failure, Head, State } from "../lib/ui.js";
import { Detail } from "./detail.js";
import { Drawing } from "./drawing.js";

export function Topology() {
  useTitle("Topology");
  const now = useStore(topology);
  const [filters, change] = useFilters({ of: "", as: "" });
  const problem = useStore(failed);
  if (!now) return html`<div class="head"><h1>Topology</h1></div>${problem ? html`<${Failure} problem=${problem} />` : html`<p class="faint wait">…</p>`}`;
  const chosen = (kind, key) => change({ of: filters.of === `${kind} ${key}` ? "" : `${kind} ${key}` });
  return html`
    <div class="head"><h1>Topology</h1><${Sums} now=${now} /></div>
    <div class="filters slim"><span class="legend small faint">
      <span class="line-sample"></span> calls, thicker the more there are <span class="line-sample dashed"></span> events · rate and p99 of the last 10 s</span><span class="gap"></span>
      <button type="button" aria-pressed=${filters.as === "table"} onClick=${() => change({ as: filters.as === "table" ? "" : "table" })}>${filters.as === "table" ? "As a drawing" : "As a table"}</button></div>
    ${now.units.length ? html`<div class=${filters.of ? "beside drawn" : "drawn"}>
      ${filters.as === "table" ? html`<${Table} now=${now} of=${filters.of} choose=${chosen} />` : html`<${Drawing} now=${now} of=${filters.of} choose=${chosen} />`}
      ${filters.of ? html`<${Detail} key=${filters.of} of=${filters.of} now=${now} close=${() => change({ of: "" })} />` : null}</div>`
    : html`<${Empty} title="No unit runs">Start the app: <${Command} line="up" />, or <${Command} line="run" />. This page goes on by itself.</${Empty}>`}`;
}

/** All of it in a line. */
function Sums({ now }) {
  const ledger = useAnswer("/api/unknown", null, { every: 10_000 });
  const unknown = ledger.data ? listOf(ledger.data, "unknown").filter((call) => call.state === "open").length : null;
  const instances = now.units.flatMap((unit) => unit.instances);
  const services = now.units.flatMap((unit) => unit.services);
  const calls = now.edges.filter((edge) => edge.way !== "event");
  // Of what nobody tells nothing is said, not that it is nothing.
  const told = (name) => calls.map((edge) => edge[name]).filter((value) => typeof value === "number");
  const sum = (name) => (told(name).length ? told(name).reduce((all, value) => all + value, 0) : undefined);
  const shut = calls.filter(isShut).length;
  const ready = instances.filter((one) => one.ready).length;
  const up = services.filter((service) => ["running", "unwell"].includes(stateOf(service))).length;
  const failing = sum("failuresPerS");
  return html`<dl class="sums">
    <div class=${ready < instances.length ? "bad" : ""}><dt>ready</dt><dd class="num">${ready}/${instances.length}</dd></div>
    <div class=${up < services.length ? "bad" : ""}><dt>services up</dt><dd class="num">${up}/${services.length}</dd></div>
    <div><dt>calls</dt><dd class="num">${rate(sum("callsPerS"))}</dd></div>
    <div class=${failing > 0 ? "warn" : ""}><dt>failing</dt><dd class="num">${rate(failing)}</dd></div>
    <div class=${shut ? "bad" : ""}><dt>breakers open</dt><dd class="num">${shut}</dd></div>
    <div class=${unknown ? "warn" : ""}><dt><a href=${to("unknown", null, { state: "open" })}>unknown, open</a></dt>
      <dd class="num">${count(unknown)}</dd></div></dl>`;
}

/** The same as a table: for many services, and for who doesn't see the drawing. */
function Table({ now, of, choose }) {
  const edges = [...now.edges].sort((a, b) => (b.callsPerS ?? 0) - (a.callsPerS ?? 0));
  return html`<div><div class="scroll"><table class="list"><caption class="hidden-text">Calls and events between services</caption>
    <${Head} columns=${["From", "To", "Way", ">Rate", ">Failing", ">p50", ">p99", "Breaker"]} />
    <tbody>${edges.map((edge) => html`<tr key=${edge.key} data-row tabindex="0" class="opens ${of === `edge ${edge.key}` ? "chosen" : ""}" data-edge=${`${edge.from} ${edge.to}`}
        onClick=${() => choose("edge", edge.key)}><td>${edge.from}</td><td>${edge.to}</td><td>${edge.way}</td>
      <td class="right num">${rate(edge.callsPerS)}</td>
        <td class="right num ${edge.failuresPerS > 0 ? "warn" : ""}">${rate(edge.failuresPerS)}</td>
        <td class="right num">${took(edge.p50Us)}</td><td class="right num">${took(edge.p99Us)}</td>
        <td>${edge.breaker ? html`<${State} state=${edge.breaker} />` : ""}</td></tr>`)}</tbody></table></div>
    <div class="scroll"><table class="list"><caption class="hidden-text">Services</caption>
        <${Head} columns=${["Service", "Unit", "Version", "State", ">In flight", ">Restarts"]} />
    <tbody>${now.units.flatMap((unit) => unit.services.map((service) => html`<tr key=${`${unit.name}/${service.service}`} data-row tabindex="0" class="opens" data-service=${service.service} data-unit=${unit.name} onClick=${() => choose("service", `${unit.name}/${service.service}`)}><td>${service.service}</td><td>${unit.name}</td><td class="num">${service.version}</td><td><${State} state=${stateOf(service)} /></td>
      <td class="right num">${service.cells.reduce((all, cell) => all + (cell.inFlight ?? 0), 0)}</td>
        <td class="right num">${service.cells.reduce((all, cell) => all + (cell.restarts ?? 0), 0)}</td></tr>`))}</tbody></table></div></div>`;
}
