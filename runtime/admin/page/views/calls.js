// A call by hand: a form from the method's schema, and what became of the call.

import { post, useAnswer } from "../lib/api.js";
import { pretty, took } from "../lib/format.js";
import { html, useMemo, useState } from "../lib/html.js";
import { app, Do } from "../lib/me.js";
import { go, to, useFilters, useTitle } from "../lib/route.js";
import { begin, Fields } from "../lib/schema.js";
import { methodsOf } from "../lib/shapes.js";
import { useStore } from "../lib/store.js";
import { Copy, Empty, Failure, Field, Outcome, Shown, Text, Trace } from "../lib/ui.js";

export function Calls({ id }) {
  useTitle(id ?? "Calls");
  const [filters, change] = useFilters({ find: "" });
  const answer = useAnswer("/api/contracts");
  const all = useMemo(() => methodsOf(answer.data), [answer.data]);
  const wanted = filters.find.toLowerCase();
  const shown = all.filter((method) => !wanted || method.call.toLowerCase().includes(wanted));
  const services = [...new Set(shown.map((method) => method.service))];
  const chosen = all.find((method) => method.call === id) ?? null;
  return html`
    <div class="head"><h1>Calls</h1><p class="faint">A call made here runs for real, as the operator's, and stands in the <a href=${to("audit")}>audit</a>.</p></div>
    <${Shown} answer=${answer} empty=${all.length ? null : html`<${Empty} title="No service has a method">Register one with <code>App::service</code>.</${Empty}>`}>
      <div class="columns"><div class="chooser" aria-label="Methods">
        <${Field} label="Find"><${Text} first=${true} type="search" value=${filters.find} change=${(find) => change({ find })} placeholder="service.method" /></${Field}>
        ${services.map((service) => html`<section key=${service}><h3>${service}</h3>
          <ul>${shown.filter((method) => method.service === service).map((method) => html`<li key=${method.call}>
          <a data-row href=${to("calls", method.call, filters.find ? filters : {})} data-method=${method.call} aria-current=${method === chosen ? "true" : null}>${method.method}</a></li>`)}</ul></section>`)}
        ${shown.length ? null : html`<p class="faint">No method has this in its name. <button type="button" class="plain" onClick=${() => go("calls")}>Show all</button></p>`}
      </div>
      <div>${chosen ? html`<${Call} key=${chosen.call} method=${chosen} />` : html`<${Empty} title=${id ? `There is no method ${id}` : "Choose a method"}>Its arguments become a form.</${Empty}>`}</div></div>
    </${Shown}>`;
}

/** What a method is, in a few words. */
function traits(method) {
  const said = [];
  if (method.turn) said.push(`${String(method.turn.kind ?? method.turn).toLowerCase()} turn`);
  if (method.idempotent) said.push("idempotent");
  if (method.saga) said.push("saga");
  if (method.on) said.push(`on ${method.on.topic ?? "events"}`);
  for (const route of method.http ?? []) said.push(typeof route === "string" ? route : `${route.verb ?? route.method ?? ""} ${route.path ?? ""}`.trim());
  return said.filter(Boolean).join(" · ");
}

function Call({ method }) {
  const [value, set] = useState(() => begin(method.schema, method.schema) ?? {});
  const [json, setJson] = useState(null);
  const name = useStore(app);
  const [state, setState] = useState({ busy: false, result: null, problem: null, wrong: null });
  async function submit(event) {
    event.preventDefault();
    let given = value;
    if (json !== null) {
      try {
        given = JSON.parse(json || "{}");
      } catch (error) {
        setState((was) => ({ ...was, wrong: `This is no JSON: ${error.message}` }));
        return;
      }
    }
    setState({ busy: true, result: null, problem: null, wrong: null });
    try {
      setState({ busy: false, result: await post("/api/call", { call: method.call, arguments: given }), problem: null, wrong: null });
    } catch (problem) {
      setState({ busy: false, result: null, problem, wrong: null });
    }
  }
  function turn() {
    if (json === null) return setJson(pretty(value));
    try {
      set(JSON.parse(json || "{}"));
      setJson(null);
      setState((was) => ({ ...was, wrong: null }));
    } catch (error) {
      setState((was) => ({ ...was, wrong: `This is no JSON: ${error.message}` }));
    }
  }
  const command = `${name ?? "PROGRAM"} call ${method.call} '${(json ?? JSON.stringify(value)).replaceAll("'", "'\\''")}'`;
  return html`<form class="call" onSubmit=${submit} data-form=${method.call}>
    <h2 class="mono">${method.call} <span class="faint small">${method.version}</span></h2>
    ${method.doc ? html`<p class="doc">${method.doc}</p>` : null}<p class="faint small">${traits(method)}</p>
    ${json === null ? html`<${Fields} root=${method.schema} schema=${method.schema} value=${value} change=${set} />`
      : html`<${Field} label="Arguments, as JSON">
        <textarea class="mono" rows="10" spellcheck=${false} value=${json} onInput=${(event) => setJson(event.target.value)}></textarea></${Field}>`}
    ${state.wrong ? html`<p class="bad" role="alert">${state.wrong}</p>` : null}
    <div class="buttons"><${Do} type="submit" class="primary" disabled=${state.busy}>${state.busy ? "Calling …" : "Call"}</${Do}>
      <button type="button" onClick=${turn}>${json === null ? "As JSON" : "As a form"}</button>
        <${Copy} text=${command} label="Copy as a command" /></div>
    <div aria-live="polite"><${Failure} problem=${state.problem} />${state.result ? html`<${Result} result=${state.result} />` : null}</div>
  </form>`;
}

function Result({ result }) {
  const { outcome, answer, problem, traceId, tookUs } = result;
  return html`<section class="panel result" data-outcome=${outcome}><h3>
    <${Outcome} outcome=${outcome} code=${problem?.code} /> · <span class="num">${took(tookUs)}</span>${traceId ? html` · trace <${Trace} id=${traceId} />` : null}</h3>
    ${problem ? html`<p>${problem.detail ?? problem.title}</p>` : null}
    ${outcome === "not_executed" ? html`<p class="faint">It has had no effect.</p>` : outcome === "unknown" ? html`<p class="faint">It may have run: see <a href=${to("unknown")}>Unknown</a>.</p>` : null}
    <pre>${pretty(problem ?? answer ?? null)}</pre></section>`;
}
