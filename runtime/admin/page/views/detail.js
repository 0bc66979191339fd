// What is known of an edge, a service or a unit that was chosen in the topology.

import { post } from "../lib/api.js";
import { Chart } from "../lib/chart.js";
import { age, rate, took } from "../lib/format.js";
import { html, useMemo, useState } from "../lib/html.js";
import { pastOf } from "../lib/live.js";
import { Do } from "../lib/me.js";
import { to } from "../lib/route.js";
import { isOutside, isShut, stateOf } from "../lib/shapes.js";
import { Act, Check, Choice, Field, Head, State } from "../lib/ui.js";

/** `of` is `edge KEY`, `service UNIT/NAME` or `unit NAME`. */
export function Detail({ of, now, close }) {
  const [kind, ...rest] = of.split(" ");
  const key = rest.join(" ");
  const drawn = { edge: EdgeDetail, service: ServiceDetail, unit: UnitDetail }[kind];
  return html`<aside class="panel" aria-label="Details">${drawn ? html`<${drawn} of=${key} now=${now} close=${close} />` : html`<${Gone} close=${close} />`}</aside>`;
}

const Close = ({ close }) => html`<button type="button" class="plain" data-close aria-label="Close" onClick=${close}>✕</button>`;
const Gone = ({ close }) => html`<header><h2>It isn't there any more</h2><${Close} close=${close} /></header>`;

const RATES = [{ label: "all", colour: "c-calls" }, { label: "failing", colour: "c-failures", dash: [4, 3] }];
const TIMES = [{ label: "p50", colour: "c-calls" }, { label: "p99", colour: "c-p99", dash: [4, 3] }];

function EdgeDetail({ of, now, close }) {
  const edge = now.edges.find((one) => one.key === of);
  const [act, begin] = useState(null);
  const past = pastOf(of);
  const charts = useMemo(() => {
    const ms = (all) => all.map((us) => (us === null ? null : us / 1e3));
    return { rates: [past.at, past.calls, past.failures], times: [past.at, ms(past.p50), ms(past.p99)] };
  }, [past]);
  if (!edge) return html`<${Gone} close=${close} />`;
  const event = edge.way === "event";
  return html`<header><h2>${edge.from} → ${edge.to}</h2><${Close} close=${close} /></header>
    <dl><dt>Way</dt><dd>${event ? "events" : edge.way === "local" ? "within a unit" : "between units"}</dd>
      <dt>Rate</dt><dd class="num">${rate(edge.callsPerS)}</dd><dt>Failing</dt>
        <dd class="num ${edge.failuresPerS > 0 ? "warn" : ""}">${rate(edge.failuresPerS)}</dd>
      <dt>p50</dt><dd class="num">${took(edge.p50Us)}</dd><dt>p99</dt><dd class="num">${took(edge.p99Us)}</dd>
      ${event ? null : html`<dt>Breaker</dt><dd>${edge.breaker ? html`<${State} state=${edge.breaker} />` : "–"}</dd>`}</dl>
    <${Chart} label="Calls a second" data=${charts.rates} lines=${RATES} />
    <${Chart} label="Milliseconds" data=${charts.times} lines=${TIMES} />
    ${event ? html`<p><a href=${to("topics")}>Topics</a></p>` : html`<p class="small">
      <a href=${to("tap", null, { service: edge.to, caller: edge.from })}>tap these calls</a> · <a href=${to("traces", null, { service: edge.to })}>traces of ${edge.to}</a></p>
    <div class="buttons">${isShut(edge) ? html`<${Do} onClick=${() => begin("close")}>Close the breaker</${Do}>` : html`<${Do} class="danger" onClick=${() => begin("open")}>Open the breaker</${Do}>`}</div>`}
    ${act ? html`<${Act} title=${`${act === "open" ? "Open" : "Close"} the breaker from ${edge.from} to ${edge.to}`} verb=${act === "open" ? "Open it" : "Close it"} kind=${act === "open" ? "danger" : ""} close=${() => begin(null)}
      explain=${act === "open" ? `Calls of ${edge.from} to ${edge.to} are refused at once, not executed, until it is closed.` : "Calls go through again."}
      act=${() => post("/api/breaker", { action: act, service: edge.to, from: edge.from })} />` : null}`;
}

function ServiceDetail({ of, now, close }) {
  const [name, ...rest] = of.split("/");
  const service = now.units.find((unit) => unit.name === name)?.services.find((one) => one.service === rest.join("/"));
  const [act, begin] = useState(null);
  if (!service) return html`<${Gone} close=${close} />`;
  const called = service.service;
  const [ins, outs] = [now.edges.filter((edge) => edge.to === called), now.edges.filter((edge) => edge.from === called)];
  return html`<header><h2>${called} <span class="faint small">${service.version}</span></h2><${Close} close=${close} /></header>
    <table class="list tight"><${Head} columns=${["Where", "State", ">In flight", ">Restarts"]} />
      <tbody>${service.cells.map((cell) => html`<tr key=${cell.at}><td>${service.cells.length > 1 ? `${name}.${cell.at}` : name}</td><td>
        <${State} state=${cell.health === "bad" ? "unwell" : cell.state} />${cell.reason ? html`<div class="faint small">${cell.reason}</div>` : null}</td><td class="right num">${cell.inFlight ?? 0}</td><td class="right num">${cell.restarts ?? 0}</td></tr>`)}</tbody></table>
    <${Neighbours} title="Called by" edges=${ins} name=${(edge) => edge.from} />
    <${Neighbours} title="Calls" edges=${outs} name=${(edge) => edge.to} />
    <p class="small"><a href=${to("traces", null, { service: called })}>traces</a> · <a href=${to("logs", null, { service: called })}>log</a> · <a href=${to("tap", null, { service: called })}>tap</a> · <a href=${to("calls", null, { find: `${called}.` })}>call</a> · <a href=${to("config", null, { find: `services.${called}` })}>config</a></p>
    <div class="buttons"><${Do} onClick=${() => begin({ action: "open", from: "" })}>Breaker …</${Do}></div>
    ${act ? html`<${Breaker} service=${called} callers=${ins.filter((edge) => edge.way !== "event").map((edge) => edge.from)} act=${act} change=${begin} close=${() => begin(null)} />` : null}`;
}

function Breaker({ service, callers, act, change, close }) {
  const names = [...new Set(callers)];
  return html`<${Act} title=${`Breaker of ${service}`} verb=${act.action === "open" ? "Open it" : "Close it"} kind=${act.action === "open" ? "danger" : ""} close=${close}
    explain="Open means that calls are refused at once, not executed, until it is closed." act=${() => post("/api/breaker", { action: act.action, service, ...(act.from ? { from: act.from } : {}) })}>
    <${Field} label="Make it"><${Choice} value=${act.action} change=${(action) => change({ ...act, action })} options=${["open", ["close", "closed"]]} /></${Field}>
    <${Field} label="For calls of"><${Choice} value=${act.from} change=${(from) => change({ ...act, from })} options=${[["", "everybody"], ...names]} /></${Field}></${Act}>`;
}

function Neighbours({ title, edges, name }) {
  if (!edges.length) return null;
  return html`<table class="list tight"><caption>${title}</caption><tbody>${edges.map((edge) => html`<tr key=${edge.key}>
    <td>${name(edge)}${isOutside(name(edge)) ? "" : edge.way === "event" ? html` <span class="faint small">events</span>` : null}</td>
    <td class="right num">${rate(edge.callsPerS)}</td><td class="right num">${took(edge.p99Us)}</td>
      <td class="right num ${edge.failuresPerS > 0 ? "warn" : ""}">${edge.failuresPerS > 0 ? `${rate(edge.failuresPerS)} failing` : ""}</td></tr>`)}</tbody></table>`;
}

function UnitDetail({ of, now, close }) {
  const unit = now.units.find((one) => one.name === of);
  const [act, begin] = useState(null);
  if (!unit) return html`<${Gone} close=${close} />`;
  return html`<header><h2>${unit.name}</h2><${Close} close=${close} /></header>
    ${unit.instances.map((one) => html`<dl key=${one.at}>${unit.instances.length > 1 ? html`<dt>Instance</dt>
      <dd class="num">.${one.at}</dd>` : null}
      <dt>State</dt><dd><${State} state=${one.drained ? "drained" : !one.running ? "away" : one.ready ? "ready" : "not ready"} />${one.reason ? html`<div class="faint small">${one.reason}</div>` : null}</dd>
      ${one.pid ? html`<dt>Process</dt><dd class="num">${one.pid}</dd>` : null}${one.uptimeMs ? html`<dt>Lives for</dt>
        <dd class="num">${age(one.uptimeMs)}</dd>` : null}
      ${one.http ? html`<dt>HTTP</dt><dd class="mono">${one.http}</dd>` : null}${one.listen ? html`<dt>Listens</dt>
        <dd class="mono">${one.listen}</dd>` : null}${one.configVersion ? html`<dt>Config</dt>
        <dd class="mono">${one.configVersion}</dd>` : null}</dl>`)}
    <table class="list tight"><caption>Services</caption><tbody>${unit.services.map((service) => html`<tr key=${service.service}>
      <td>${service.service}</td><td class="num">${service.version}</td><td>
      <${State} state=${stateOf(service)} /></td></tr>`)}</tbody></table>
    <p class="small"><a href=${to("logs", null, { unit: unit.name })}>log</a> · <a href=${to("traces", null, { unit: unit.name })}>traces</a></p>
    <div class="buttons"><${Do} onClick=${() => begin("restart")}>Restart …</${Do}>
      <${Do} class="danger" onClick=${() => begin("drain")}>Drain …</${Do}></div>
    ${act ? html`<${Replace} unit=${unit} act=${act} close=${() => begin(null)} />` : null}`;
}

/** A unit, or one of its instances, is ended, and started anew unless it is drained. */
function Replace({ unit, act, close }) {
  const several = unit.instances.length > 1;
  const [asked, change] = useState({ unit: unit.name, rolling: several });
  const all = asked.unit === unit.name;
  const explain = act === "drain"
    ? "It tells its callers, ends what is in flight, and stays away until it is restarted."
    : `It ends as when drained, and starts anew.${several ? "" : " It is away in between: its callers wait, within their deadlines."}`;
  const options = [[unit.name, "all instances"], ...unit.instances.map((one) => [`${unit.name}.${one.at}`, `${unit.name}.${one.at}`])];
  return html`<${Act} title=${act === "drain" ? `Drain ${asked.unit}` : `Restart ${asked.unit}`} verb=${act === "drain" ? "Drain" : "Restart"} kind="danger" explain=${explain} close=${close}
    act=${() => (act === "drain" ? post("/api/drain", { unit: asked.unit }) : post("/api/restart", { unit: asked.unit, ...(all && several ? { rolling: asked.rolling } : {}) }))}>
    ${several ? html`<${Field} label="Which">
      <${Choice} value=${asked.unit} change=${(which) => change({ ...asked, unit: which })} options=${options} /></${Field}>` : null}
    ${act === "restart" && several && all ? html`<${Check} label="One after the other" value=${asked.rolling} change=${(rolling) => change({ ...asked, rolling })} />` : null}</${Act}>`;
}
