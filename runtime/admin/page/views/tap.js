// Calls as they end, in all units.

import { hear } from "../lib/api.js";
import { pretty, took } from "../lib/format.js";
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { useFilters, useTitle } from "../lib/route.js";
import { nameOf } from "../lib/shapes.js";
import { Check, Choice, Empty, Failure, Field, Head, Outcome, Text, Time, Trace, Unit } from "../lib/ui.js";
import { OUTCOMES, useNames } from "./traces.js";

/** So many calls are shown, the latest ones. */
const SHOWN = 500;

export function Tap() {
  useTitle("Tap");
  const [filters, change] = useFilters({ service: "", method: "", caller: "", outcome: "", over: "", bodies: "" });
  const names = useNames();
  const [running, run] = useState(null);
  const begin = (event) => {
    event.preventDefault();
    run(running ? null : { ...filters });
  };
  return html`
    <div class="head"><h1>Tap</h1><p class="faint">Calls as they end, in all units. It slows no call: what can't be shown in time is dropped, and counted.</p></div>
    <form class="filters" onSubmit=${begin}>
      <${Field} label="Service"><${Choice} data-first="" value=${filters.service} change=${(service) => change({ service })} options=${[["", "all"], ...names.services]} /></${Field}>
      <${Field} label="Method"><${Text} value=${filters.method} change=${(method) => change({ method })} placeholder="all" size="12" /></${Field}>
      <${Field} label="Caller"><${Choice} value=${filters.caller} change=${(caller) => change({ caller })} options=${[["", "all"], "edge", "program", "operator", ...names.services]} /></${Field}>
      <${Field} label="Outcome"><${Choice} value=${filters.outcome} change=${(outcome) => change({ outcome })} options=${OUTCOMES} /></${Field}>
      <${Field} label="Over"><${Text} value=${filters.over} change=${(over) => change({ over })} placeholder="100ms" size="7" /></${Field}>
      <${Check} label="Arguments and answers" value=${filters.bodies} change=${(bodies) => change({ bodies: bodies ? "1" : "" })} />
      <button type="submit" class=${running ? "" : "primary"} aria-pressed=${Boolean(running)}>${running ? "■ Stop" : "▶ Tap"}</button>
    </form>
    ${running ? html`<${Calls} key=${JSON.stringify(running)} query=${running} />`
      : html`<${Empty} title="Nothing is tapped">Choose what to see, then <b>Tap</b>. Secrets are shown as <code>***</code>.</${Empty}>`}`;
}

function Calls({ query }) {
  const [state, set] = useState({ calls: [], link: "connecting", problem: null, dropped: 0 });
  const [paused, pause] = useState(false);
  const held = useRef({ calls: [], dropped: 0, dirty: false, paused: false, next: 0 });
  held.current.paused = paused;
  useEffect(() => {
    // Drawn four times a second at most, however many calls end.
    const timer = setInterval(() => {
      const now = held.current;
      if (now.paused || !now.dirty) return;
      now.dirty = false;
      const { calls, dropped } = now;
      set((was) => ({ ...was, calls, dropped }));
    }, 250);
    const stop = hear("/api/tap", query, {
      event({ event, data }) {
        const now = held.current;
        if (typeof data?.dropped === "number") now.dropped += data.dropped;
        if (data?.service) now.calls = [...now.calls.slice(1 - SHOWN), { ...data, at: (now.next += 1) }];
        now.dirty = true;
        return event;
      },
      state: (link, problem) => set((was) => ({ ...was, link, problem: link === "refused" ? problem : null })),
    });
    return () => { clearInterval(timer); stop(); };
  }, []);
  const calls = [...state.calls].reverse();
  return html`<p class="faint num small">${state.link === "live" ? `Tapping: ${state.calls.length} calls` : state.link === "away" ? "No answer, trying again …" : "Connecting …"}${state.dropped ? html` · <b class="warn">${state.dropped} dropped</b>` : null}
      ${" "}<button type="button" class="plain" data-pause aria-pressed=${paused} onClick=${() => pause(!paused)}>${paused ? "Go on" : "Pause"}</button></p>
    <${Failure} problem=${state.problem} />
    ${calls.length ? html`<div class="scroll"><table class="list">
        <${Head} columns=${["Began", "Unit", "Caller", "Call", ">Took", ">Waited", "Outcome", ...(query.bodies ? ["Arguments, answer"] : []), "Trace"]} />
      <tbody>${calls.map((call) => html`<tr data-row tabindex="-1" key=${call.at} data-call=${`${call.service}.${call.method}`}>
        <td><${Time} at=${call.startUs} /></td><td><${Unit} name=${call.unit} /></td><td>${call.caller || "–"}</td>
          <td class="mono">${nameOf(call)}${call.kind === "client" ? html` <span class="faint small">made</span>` : null}</td>
        <td class="right num">${took(call.tookUs)}</td><td class="right num">${took(call.waitUs)}</td><td>
          <${Outcome} outcome=${call.outcome} code=${call.code} /></td>
        ${query.bodies ? html`<td class="wide"><${Bodies} call=${call} /></td>` : null}
        <td><${Trace} id=${call.traceId} /></td></tr>`)}</tbody></table></div>`
    : html`<${Empty} title="No call yet">It comes here once one ends that fits.</${Empty}>`}`;
}

function Bodies({ call }) {
  const brief = JSON.stringify(call.arguments) ?? "–";
  return html`<details><summary class="mono" data-open>${brief.length > 70 ? `${brief.slice(0, 70)}…` : brief}</summary>
    <h3>Arguments</h3><pre>${pretty(call.arguments)}</pre><h3>Answer</h3>
      <pre>${pretty(call.answer ?? call.error ?? call.problem)}</pre></details>`;
}
