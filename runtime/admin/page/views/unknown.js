// The ledger: calls whose outcome was unknown, and what became of them.

import { post, useAnswer } from "../lib/api.js";
import { pretty, short } from "../lib/format.js";
import { html, useState } from "../lib/html.js";
import { Do } from "../lib/me.js";
import { useFilters, useTitle } from "../lib/route.js";
import { listOf } from "../lib/shapes.js";
import { Act, Choice, Empty, Field, Head, Shown, State, Text, Time, Trace } from "../lib/ui.js";

const FOUND = {
  answered: "it ran, and answered",
  service_error: "it ran, and said no",
  failed: "it ran, and failed",
};

export function Unknown() {
  useTitle("Unknown");
  const [filters, change] = useFilters({ state: "", find: "" });
  const [act, begin] = useState(null);
  const [note, setNote] = useState("");
  const answer = useAnswer("/api/unknown", null, { every: 3000 });
  const all = [...listOf(answer.data, "unknown")].sort((a, b) => new Date(b.at) - new Date(a.at));
  const wanted = filters.find.toLowerCase();
  const shown = all.filter((call) => (!filters.state || call.state === filters.state) && (!wanted || JSON.stringify(call).toLowerCase().includes(wanted)));
  const open = all.filter((call) => call.state === "open").length;
  return html`
    <div class="head"><h1>Unknown</h1>
      <p class="faint">Calls that may or may not have run, as their callers wrote them down. <b class="num">${open}</b> are open: nobody knows yet what became of them.</p></div>
    <div class="filters">
      <${Field} label="Find"><${Text} first=${true} type="search" value=${filters.find} change=${(find) => change({ find })} placeholder="a call, a trace, an argument" /></${Field}>
      <${Field} label="State"><${Choice} value=${filters.state} change=${(state) => change({ state })} options=${[["", "all"], "open", "found", "settled", "resolved"]} /></${Field}>
      <span class="faint num">${shown.length} of ${all.length}</span></div>
    <${Shown} answer=${answer} empty=${all.length ? null : html`<${Empty} title="No call ended unknown">Each that does is written down by its caller, with its arguments, and stays until somebody looks into it.</${Empty}>`}>
      <div class="scroll"><table class="list">
        <${Head} columns=${["Id", "At", "Caller", "Call", "Code", "State", "What became of it", "Arguments", "Trace", ""]} />
      <tbody>${shown.slice(0, 500).map((call) => html`<tr data-row tabindex="-1" key=${short(call.id)} data-unknown=${short(call.id)}>
        <td class="mono">${short(call.id).slice(0, 12)}</td><td><${Time} at=${call.at} /></td><td>${call.caller}</td>
          <td class="mono">${call.callee}</td><td><code>${call.code}</code></td>
        <td><${State} state=${call.state ?? "open"} /></td>
        <td>${call.found ? FOUND[call.found] ?? short(call.found) : html`<span class="faint">not found yet</span>`}${call.note ? html`<div class="faint">${call.note}</div>` : null}</td>
        <td class="wide"><details><summary class="mono" data-open>${short(call.arguments).slice(0, 60)}</summary>
          <pre>${pretty(call.arguments)}</pre></details></td>
        <td><${Trace} id=${call.traceId} /></td>
        <td class="right">${call.state === "resolved" || call.state === "settled" ? null : html`<${Do} class="small" onClick=${() => { setNote(""); begin(call); }}>Resolve</${Do}>`}</td></tr>`)}</tbody></table></div>
    </${Shown}>
    ${act ? html`<${Act} title=${`Resolve ${act.callee}`} verb="Resolve" explain="It counts as looked into; the note says what you found. Nothing is called."
        act=${() => post(`/api/unknown/${encodeURIComponent(short(act.id))}/resolve`, { note })} done=${() => answer.reload()} close=${() => begin(null)}>
        <pre>${pretty(act.arguments)}</pre>
        <${Field} label="Note"><${Text} value=${note} change=${setNote} required=${true} placeholder="the receipt is there: charged once" autofocus=${true} /></${Field}></${Act}>` : null}`;
}
