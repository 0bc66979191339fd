// The log of all units, in the order of time: what is kept, or as it is written.

import { hear, useAnswer } from "../lib/api.js";
import { short } from "../lib/format.js";
import { useSettled } from "../lib/hooks.js";
import { html, useEffect, useRef, useState } from "../lib/html.js";
import { useFilters, useTitle } from "../lib/route.js";
import { lineOf, listOf } from "../lib/shapes.js";
import { Choice, Empty, Failure, Field, Head, Shown, Text, Time, Trace, Unit } from "../lib/ui.js";
import { useNames } from "./traces.js";

/** So many lines are shown, the latest ones. */
const SHOWN = 1000;
const LEVELS = [["", "all"], ["error", "error"], ["warn", "warn and above"], ["info", "info and above"], ["debug", "debug and above"], ["trace", "trace and above"]];

export function Logs() {
  useTitle("Logs");
  const [filters, change] = useFilters({ unit: "", service: "", level: "", trace: "", since: "15m", grep: "", live: "" });
  const names = useNames();
  const { live, ...asked } = useSettled(filters);
  return html`
    <div class="head"><h1>Logs</h1><p class="faint">All units, dead ones too, the latest line on top.</p></div>
    <div class="filters">
      <${Field} label="Find"><${Text} first=${true} type="search" value=${filters.grep} change=${(grep) => change({ grep })} placeholder="a word of the line" /></${Field}>
      <${Field} label="Unit"><${Choice} value=${filters.unit} change=${(unit) => change({ unit })} options=${[["", "all"], ...names.units]} /></${Field}>
      <${Field} label="Service"><${Choice} value=${filters.service} change=${(service) => change({ service })} options=${[["", "all"], ...names.services]} /></${Field}>
      <${Field} label="Level"><${Choice} value=${filters.level} change=${(level) => change({ level })} options=${LEVELS} /></${Field}>
      <${Field} label="Since"><${Text} value=${filters.since} change=${(since) => change({ since })} placeholder="15m" size="8" disabled=${Boolean(live)} /></${Field}>
      <${Field} label="Trace"><${Text} class="mono" value=${filters.trace} change=${(trace) => change({ trace })} placeholder="id" size="16" /></${Field}>
      <button type="button" aria-pressed=${Boolean(filters.live)} onClick=${() => change({ live: filters.live ? "" : "1" })}>${filters.live ? "■ Stop" : "▶ Follow"}</button>
    </div>
    ${live ? html`<${Live} key=${JSON.stringify(asked)} query=${asked} />` : html`<${Kept} query=${asked} />`}`;
}

function Kept({ query }) {
  const answer = useAnswer("/api/logs", { ...query, limit: SHOWN });
  const lines = listOf(answer.data, "logs").map(lineOf).reverse();
  return html`<${Shown} answer=${answer} empty=${lines.length ? null : html`<${Empty} title="No line fits">A longer time (<code>since</code>), a lower level or fewer filters show more; <code>Follow</code> waits for the next one.</${Empty}>`}>
    <p class="faint num small">${lines.length === SHOWN ? `The latest ${SHOWN} lines` : `${lines.length} lines`}${" "}<button type="button" class="plain" onClick=${answer.reload}>Read again</button></p><${Lines} lines=${lines} /></${Shown}>`;
}

function Live({ query }) {
  const { since, ...rest } = query;
  const [state, set] = useState({ lines: [], link: "connecting", problem: null });
  const [paused, pause] = useState(false);
  const held = useRef({ lines: [], paused: false, dirty: false });
  held.current.paused = paused;
  const flush = () => {
    const now = held.current;
    if (now.paused || !now.dirty) return;
    now.dirty = false;
    const { lines } = now;
    set((was) => ({ ...was, lines }));
  };
  useEffect(() => {
    // Drawn four times a second at most, however many lines come.
    const timer = setInterval(flush, 250);
    const stop = hear("/api/logs/live", rest, {
      event({ data }) {
        if (!data || typeof data !== "object") return;
        const now = held.current;
        now.lines = [...now.lines.slice(1 - SHOWN), { ...lineOf(data), id: (now.next = (now.next ?? 0) + 1) }];
        now.dirty = true;
      },
      state: (link, problem) => set((was) => ({ ...was, link, problem: link === "refused" ? problem : null })),
    });
    return () => { clearInterval(timer); stop(); };
  }, []);
  const waiting = held.current.dirty && paused;
  return html`<p class="faint num small">${state.link === "live" ? `Following: ${state.lines.length} lines` : state.link === "away" ? "No answer, trying again …" : "Connecting …"}
      ${" "}<button type="button" class="plain" data-pause aria-pressed=${paused} onClick=${() => pause(!paused)}>${paused ? "Go on" : "Pause"}</button>${waiting ? " more has come" : ""}</p>
    <${Failure} problem=${state.problem} />
    ${state.lines.length ? html`<${Lines} lines=${[...state.lines].reverse()} />` : html`<${Empty} title="Waiting for the next line">What is logged from now on comes here, the latest on top.</${Empty}>`}`;
}

function Lines({ lines }) {
  return html`<div class="scroll"><table class="list log">
        <${Head} columns=${["At", "Level", "Unit", "Service", "Message", "Trace"]} />
    <tbody>${lines.map((line, at) => html`<tr data-row tabindex="-1" key=${line.id ?? at} class=${line.level}>
      <td><${Time} at=${line.at} /></td><td><b class="level">${line.level}</b></td><td>
        <${Unit} name=${line.instance !== undefined ? `${line.unit}.${line.instance}` : line.unit} /></td>
      <td class="mono">${line.service}${line.method ? `.${line.method}` : ""}</td>
      <td class="wide message" title=${line.target || null}>${line.message}${Object.entries(line.rest).map(([key, value]) => html` <span class="pair mono">
        <span class="faint">${key}=</span>${short(value)}</span>`)}</td>
      <td><${Trace} id=${line.traceId} /></td></tr>`)}</tbody></table></div>`;
}
