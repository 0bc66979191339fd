// One trace: its calls over time and across units, waiting told from running, and its log beside it.

import { useAnswer } from "../lib/api.js";
import { pretty, short, took } from "../lib/format.js";
import { html, useMemo, useState } from "../lib/html.js";
import { to, useTitle } from "../lib/route.js";
import { lineOf, listOf, nameOf, ownTime, treeOf } from "../lib/shapes.js";
import { Copy, Empty, Failure, Outcome, Time, Unit, tint } from "../lib/ui.js";

/** So many calls are shown. */
const SHOWN = 2000;

export function Trace({ id }) {
  useTitle(`Trace ${id.slice(0, 8)}`);
  const [state, set] = useState({ chosen: null, whole: false });
  // What isn't whole yet is asked for again: spans of other units come in a moment later.
  const answer = useAnswer(`/api/traces/${encodeURIComponent(id)}`, null, { every: state.whole ? null : 1000 });
  if (answer.data && answer.data.complete !== false && !state.whole) set((was) => ({ ...was, whole: true }));
  const spans = listOf(answer.data, "spans");
  const rows = useMemo(() => treeOf(spans), [answer.data]);
  const logs = useMemo(() => listOf(answer.data, "logs").map(lineOf), [answer.data]);
  const back = html`<a href=${to("traces")}>Traces</a>`;
  const head = html`<div class="head"><h1>${back} / <span class="mono">${id}</span></h1></div>`;
  if (!answer.data) {
    if (answer.problem?.status === 404) {
      return html`${head}<${Empty} title="No unit keeps this trace">
        It wasn't recorded (<code>[trace] per_second</code>), or had to leave for others (<code>[trace] keep</code>). Its log may still be there:
        <a href=${to("logs", null, { trace: id, live: "" })}>lines of this trace</a>.</${Empty}>`;
    }
    return [head, answer.problem ? html`<${Failure} problem=${answer.problem} retry=${answer.reload} />` : html`<p class="faint wait">…</p>`];
  }
  if (!spans.length) return html`${head}<${Empty} title="The trace has no spans yet">They come once its calls have ended.</${Empty}>`;
  const from = Math.min(...spans.map((span) => span.startUs));
  const till = Math.max(...spans.map((span) => span.startUs + span.tookUs));
  const whole = Math.max(1, till - from);
  const root = rows[0].span;
  const chosen = rows.find(({ span }) => span.spanId === state.chosen) ?? null;
  const choose = (spanId) => set((was) => ({ ...was, chosen: was.chosen === spanId ? null : spanId }));
  return html`
    <div class="head"><h1>${back} / ${nameOf(root)}</h1>
      <p><${Outcome} outcome=${root.outcome} code=${root.code} /> · <b class="num">${took(whole)}</b> · <${Time} at=${from} /> · <span class="num">${spans.length}</span> spans in
        ${[...new Set(spans.map((span) => span.unit))].map((unit) => [" ", html`<${Unit} name=${unit} />`])}</p>
      <p class="faint mono small">${id} <${Copy} text=${id} /></p></div>
    ${answer.data.complete === false ? html`<p class="note" role="status">Not whole: some of its calls go on, or their units don't answer. It is asked for again every second.</p>` : null}
    <${Failure} problem=${answer.problem} />
    <div class="beside">
      <div class="waterfall" role="group" aria-label="Calls over time">
        <${Axis} whole=${whole} />
        ${rows.slice(0, SHOWN).map((row) => html`<${Row} key=${row.span.spanId} row=${row} from=${from} whole=${whole}
          chosen=${row === chosen} choose=${choose} logs=${logs} />`)}
        ${rows.length > SHOWN ? html`<p class="note">${rows.length - SHOWN} more calls aren't shown.</p>` : null}
        <p class="legend faint small"><span class="swatch wait"></span> waited in the mailbox${" "}
          <span class="swatch run"></span> ran <span class="swatch client"></span> as its caller saw it${" "}
          <span class="tick-sample"></span> a line of the log</p>
      </div>
      <aside aria-label="Details">
        ${chosen ? html`<${Details} row=${chosen} from=${from} close=${() => choose(chosen.span.spanId)} />` : html`<${Where} rows=${rows} whole=${whole} />`}
        <${Log} lines=${logs} id=${id} from=${from} chosen=${state.chosen} choose=${choose} />
      </aside>
    </div>`;
}

/** The time above the bars. */
function Axis({ whole }) {
  const steps = [1, 2, 5].flatMap((base) => [0, 1, 2, 3, 4, 5, 6, 7].map((power) => base * 10 ** power));
  const step = steps.sort((a, b) => a - b).find((one) => whole / one <= 6) ?? whole;
  const ticks = [];
  for (let at = 0; at <= whole && ticks.length < 8; at += step) ticks.push(at);
  return html`<div class="axis" aria-hidden="true"><div></div>
    <div class="track">${ticks.map((at) => html`<span class="at num" style=${{ left: `${(100 * at) / whole}%` }}>${at === 0 ? "0" : took(at)}</span>`)}</div></div>`;
}

function Row({ row, from, whole, chosen, choose, logs }) {
  const { span, depth, adrift } = row;
  const wait = waitOf(span);
  const said = `${nameOf(span)} in ${span.unit}, ${took(span.tookUs)}${wait ? `, of which it waited ${took(wait)}` : ""}, ${span.outcome}`;
  return html`<div class="row ${span.kind} ${chosen ? "chosen" : ""}" data-row data-span=${span.spanId} data-unit=${span.unit}
      data-service=${span.service} data-kind=${span.kind}
      tabindex="0" role="button" aria-pressed=${chosen} aria-label=${said} onClick=${() => choose(span.spanId)}>
    <div class="name"><span class="indent" style=${{ width: `${Math.min(depth, 24) * 12}px` }}></span>
      <span class="mono">${nameOf(span)}</span>
      ${span.kind === "client" ? html`<span class="faint small"> from ${span.caller || span.unit}</span>` : null}<${Unit} name=${span.unit} />
      ${span.outcome === "answered" ? null : html`<${Outcome} outcome=${span.outcome} short=${true} />`}
      ${adrift ? html`<span class="warn small" title="What it is a part of isn't kept here"> caller elsewhere</span>` : null}</div>
    <${Bar} span=${span} from=${from} whole=${whole} lines=${logs.filter((line) => line.spanId === span.spanId)} />
  </div>`;
}

/** How long a call waited in the mailbox; the wait of one that was made stands where it ran. */
const waitOf = (span) => (span.kind === "client" ? 0 : Math.min(span.waitUs ?? 0, span.tookUs));

/** When a call ran, between the trace's beginning and its end. */
function Bar({ span, from, whole, lines }) {
  const share = (us) => (100 * us) / whole;
  const percent = (part) => `${Math.min(100, Math.max(0, part))}%`;
  const wait = waitOf(span);
  const [left, right] = [share(span.startUs - from), share(span.startUs - from + span.tookUs)];
  // Where there is room for it: within a long wait, or behind a short call.
  const within = share(wait) > 20;
  const behind = !within && wait / span.tookUs > 0.05 && right < 65;
  const beyond = left > 65 ? { right: percent(100 - left) } : { left: percent(right) };
  return html`<div class="track ${tint(span.unit)}">
    <span class="span ${span.outcome}" style=${{ left: percent(left), width: percent(right - left) }}>
      ${wait > 0 ? html`<span class="wait" style=${{ width: percent((100 * wait) / span.tookUs) }}>
        ${within ? html`<span class="waited num">waited ${took(wait)}</span>` : null}</span>` : null}<span class="run"></span></span>
    ${lines.map((line) => html`<span class="tick ${line.level}" style=${{ left: percent(share(Date.parse(line.at) * 1000 - from)) }}></span>`)}
    <span class="length num" style=${beyond}>${took(span.tookUs)}${behind ? html` <span class="faint">waited ${took(wait)}</span>` : null}</span></div>`;
}

/** Where the time went: what each service itself took, the largest first. */
function Where({ rows, whole }) {
  const parts = new Map();
  const add = (key, unit, what, us) => {
    if (us <= 0) return;
    const part = parts.get(key) ?? { key, unit, what, us: 0 };
    part.us += us;
    parts.set(key, part);
  };
  for (const row of rows) {
    const { span } = row;
    if (span.kind === "client") add(`wire ${span.service}`, span.unit, `to ${span.service} and back`, ownTime(row));
    else {
      add(`run ${nameOf(span)} ${span.unit}`, span.unit, nameOf(span), ownTime(row));
      add(`wait ${span.service} ${span.unit}`, span.unit, `wait for ${span.service}`, span.waitUs ?? 0);
    }
  }
  const largest = [...parts.values()].sort((a, b) => b.us - a.us).slice(0, 6);
  return html`<section class="panel"><h2>Where the time went</h2><table class="list tight">
    <tbody>${largest.map((part) => html`<tr key=${part.key}>
    <td class="mono">${part.what}</td><td><${Unit} name=${part.unit} /></td><td class="right num">${took(part.us)}</td>
      <td class="right num faint">${part.us / whole < 0.01 ? "<1" : Math.round((100 * part.us) / whole)} %</td></tr>`)}</tbody></table>
    <p class="faint small">Each by itself, without the calls that it made. Choose a row to see more of it.</p></section>`;
}

function Details({ row, from, close }) {
  const { span } = row;
  const rest = { ...span };
  for (const known of ["traceId", "spanId", "parentId", "unit", "service", "method", "kind", "caller", "startUs", "tookUs", "waitUs", "outcome", "code", "link", "http", "name"]) delete rest[known];
  return html`<section class="panel"><header><h2 class="mono">${nameOf(span)}</h2>
    <button type="button" class="plain" data-close aria-label="Close" onClick=${close}>✕</button></header>
    <dl><dt>Outcome</dt><dd><${Outcome} outcome=${span.outcome} code=${span.code} /></dd>
      <dt>Unit</dt><dd><${Unit} name=${span.unit} /></dd><dt>Caller</dt><dd>${span.caller || "–"}</dd><dt>Side</dt>
        <dd>${span.kind === "client" ? "where it was made" : "where it ran"}</dd>
      <dt>Began</dt><dd class="num">+${took(span.startUs - from)}</dd><dt>Took</dt><dd class="num">${took(span.tookUs)}</dd>
      <dt>Waited</dt><dd class="num">${took(span.waitUs ?? 0)}</dd><dt>Itself</dt><dd class="num">${took(ownTime(row))}</dd>
      ${span.http ? html`<dt>Request</dt>
        <dd class="mono">${span.http.method} ${span.http.path} → ${span.http.status || "nobody left to answer"}</dd>` : null}
      ${span.link ? html`<dt>Begun by</dt><dd>
        <a class="mono" href=${to("traces", span.link.traceId)}>${span.link.traceId.slice(0, 8)}</a></dd>` : null}
      <dt>Span</dt><dd class="mono">${span.spanId}</dd>
      ${Object.entries(rest).map(([key, value]) => [html`<dt>${key}</dt>`, html`<dd class="mono">${typeof value === "object" ? html`<pre>${pretty(value)}</pre>` : short(value)}</dd>`])}</dl>
    <p class="small"><a href=${to("traces", null, { service: span.service })}>its traces</a> · <a href=${to("logs", null, { service: span.service })}>its log</a> · <a href=${to("tap", null, { service: span.service })}>tap it</a></p></section>`;
}

function Log({ lines, id, from, chosen, choose }) {
  return html`<section class="panel"><h2>Log <a class="small" href=${to("logs", null, { trace: id })}>all of it</a></h2>
    ${lines.length ? html`<ol class="lines">${lines.map((line, at) => html`<li key=${at} class="${line.level} ${chosen && line.spanId === chosen ? "chosen" : ""}">
      <button type="button" class="plain line" onClick=${() => line.spanId && choose(line.spanId)} title=${line.spanId ? "Show its call" : ""}>
        <span class="num faint">+${took(Math.max(0, Date.parse(line.at) * 1000 - from))}</span> <b class="level">${line.level}</b> <${Unit} name=${line.unit} /> ${line.message}
        ${Object.entries(line.rest).map(([key, value]) => html` <span class="pair">
          <span class="faint">${key}=</span>${short(value)}</span>`)}</button></li>`)}</ol>`
    : html`<p class="faint">Nothing was logged in this trace.</p>`}</section>`;
}
