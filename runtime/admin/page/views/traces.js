// Traces that are kept: which requests were slow, or failed.

import { useAnswer } from "../lib/api.js";
import { count, took } from "../lib/format.js";
import { useSettled } from "../lib/hooks.js";
import { html, useState } from "../lib/html.js";
import { topology } from "../lib/live.js";
import { go, to, useFilters, useTitle } from "../lib/route.js";
import { listOf, nameOf } from "../lib/shapes.js";
import { useStore } from "../lib/store.js";
import { Choice, Empty, Field, Head, Outcome, Shown, Text, Time, Trace, Unit } from "../lib/ui.js";

export const OUTCOMES = [["", "any"], ["answered", "answered"], ["service_error", "service error"], ["not_executed", "not executed"], ["unknown", "unknown"]];

/** The names of units and services that run, for filters. */
export function useNames() {
  const now = useStore(topology);
  const units = now?.units ?? [];
  const services = [...new Set(units.flatMap((unit) => unit.services.map((one) => one.service)))].sort();
  return { units: units.map((unit) => unit.name), services };
}

/** Of a list of traces, what one is told by: its root's members, wherever they stand. */
function summary(trace) {
  const root = trace.root ?? trace.spans?.find?.((span) => !span.parentId) ?? trace;
  return {
    id: trace.traceId ?? trace.id,
    name: trace.name ?? nameOf(root),
    unit: trace.unit ?? root.unit,
    units: trace.units ?? null,
    startUs: trace.startUs ?? root.startUs,
    tookUs: trace.tookUs ?? root.tookUs,
    outcome: trace.outcome ?? root.outcome,
    code: trace.code ?? root.code,
    spans: Array.isArray(trace.spans) ? trace.spans.length : trace.spans ?? trace.spanCount,
    complete: trace.complete,
  };
}

export function Traces() {
  useTitle("Traces");
  const [{ order, ...filters }, change] = useFilters({ service: "", unit: "", minMs: "", outcome: "", order: "" });
  const names = useNames();
  const [id, setId] = useState("");
  const answer = useAnswer("/api/traces", useSettled(filters), { every: 2000 });
  const all = listOf(answer.data, "traces").map(summary).sort(order === "slowest" ? (a, b) => b.tookUs - a.tookUs : (a, b) => b.startUs - a.startUs);
  const longest = Math.max(1, ...all.map((trace) => trace.tookUs ?? 0));
  const filtered = Object.values(filters).some(Boolean);
  return html`
    <div class="head"><h1>Traces</h1><p class="faint">Whole requests, and every call that was slow or failed. Those are kept longest.</p></div>
    <form class="filters" onSubmit=${(event) => { event.preventDefault(); if (id.trim()) go("traces", id.trim()); }}>
      <${Field} label="Service"><${Choice} data-first="" value=${filters.service} change=${(service) => change({ service })} options=${[["", "any"], "edge", ...names.services]} /></${Field}>
      <${Field} label="Unit"><${Choice} value=${filters.unit} change=${(unit) => change({ unit })} options=${[["", "any"], ...names.units]} /></${Field}>
      <${Field} label="At least, ms"><${Text} type="number" min="0" step="1" value=${filters.minMs} change=${(minMs) => change({ minMs })} placeholder="0" /></${Field}>
      <${Field} label="Outcome"><${Choice} value=${filters.outcome} change=${(outcome) => change({ outcome })} options=${OUTCOMES} /></${Field}>
      <${Field} label="Order"><${Choice} value=${order} change=${(order) => change({ order })} options=${[["", "latest first"], ["slowest", "slowest first"]]} /></${Field}>
      <${Field} label="Trace"><${Text} class="mono" value=${id} change=${setId} placeholder="id, or x-request-id" size="22" /></${Field}>
        <button type="submit" disabled=${!id.trim()}>Open</button>
    </form>
    <${Shown} answer=${answer} empty=${all.length ? null : filtered
      ? html`<${Empty} title="No trace that is kept fits">Fewer filters show more.</${Empty}>`
      : html`<${Empty} title="No trace is kept yet">Up to <code>[trace] per_second</code> requests a second are recorded whole, and every call that was slow or failed. Ask the edge for something, and it comes here.</${Empty}>`}>
      <div class="scroll"><table class="list">
        <${Head} columns=${["Began", "Request", "Unit", ">Took", "=", "Outcome", ">Spans", "Trace"]} />
      <tbody>${all.slice(0, 300).map((trace) => html`<tr data-row tabindex="-1" key=${trace.id} data-trace=${trace.id} class="opens" onClick=${(event) => event.target.closest("a") || go("traces", trace.id)}>
        <td><${Time} at=${trace.startUs} /></td><td class="mono">${trace.name}</td><td><${Unit} name=${trace.unit ?? "–"} /></td>
        <td class="right num">${took(trace.tookUs)}</td><td class="bars">
          <span class="bar ${trace.outcome}" style=${{ width: `${Math.max(1, (100 * (trace.tookUs ?? 0)) / longest)}%` }}></span></td>
        <td><${Outcome} outcome=${trace.outcome} code=${trace.code} /></td><td class="right num">${count(trace.spans)}</td><td>
          <${Trace} id=${trace.id} /></td></tr>`)}</tbody></table></div>
    </${Shown}>
    <${Slow} />`;
}

/** Methods over their limit, with their worst traces. */
function Slow() {
  const answer = useAnswer("/api/slow", null, { every: 5000 });
  const all = listOf(answer.data, "slow");
  if (!all.length) return null;
  return html`<section aria-label="Slow methods"><div class="head"><h2>Over their limit</h2>
    <p class="faint">Methods with calls that took longer than <code>slow</code> allows.</p></div>
    <div class="scroll"><table class="list">
        <${Head} columns=${["Method", ">Limit", ">Slow calls", ">p99", "Worst traces"]} />
    <tbody>${all.map((method) => html`<tr data-row tabindex="-1" key=${`${method.service}.${method.method}`}>
      <td class="mono"><a data-open href=${to("traces", null, { service: method.service })}>${method.service}.${method.method}</a></td>
      <td class="right num">${typeof method.slow === "string" || typeof method.limit === "string" ? method.limit ?? method.slow : took(method.limitUs ?? method.slowUs)}</td>
      <td class="right num">${count(method.count ?? method.slowCalls ?? (typeof method.slow === "number" ? method.slow : undefined))}</td>
        <td class="right num">${took(method.p99Us)}</td>
      <td>${(method.worst ?? method.traces ?? []).slice(0, 5).map((trace) => [html`<${Trace} id=${trace.traceId ?? trace} text=${trace.tookUs ? took(trace.tookUs) : null} />`, " "])}</td></tr>`)}</tbody></table></div></section>`;
}
