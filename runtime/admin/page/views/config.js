// The config in effect, where each value comes from, how it is changed while the app runs, and what it was.

import { post, useAnswer } from "../lib/api.js";
import { seconds, short } from "../lib/format.js";
import { html, useState } from "../lib/html.js";
import { Command, Do } from "../lib/me.js";
import { useFilters, useTitle } from "../lib/route.js";
import { configOf, listOf } from "../lib/shapes.js";
import { Act, Choice, Empty, Failure, Field, Head, Shown, Text, Time } from "../lib/ui.js";
import { useNames } from "./traces.js";

/** What can be changed while the app runs. */
const LIVE = /^(log\.level|edge\.rate|edge\.deadline|trace\..+|calls\..+|services\..+\.mailbox|services\..+\.calls\..+)$/;

/** Where a value comes from, in a word. */
function kindOf(from) {
  if (from === "default") return "default";
  if (from.startsWith("set by ")) return "set";
  return /^[A-Z][A-Z0-9_]*$/.test(from) ? "environment" : "file";
}

export function Config() {
  useTitle("Config");
  const [filters, change] = useFilters({ find: "", from: "" });
  const [act, begin] = useState(null);
  const answer = useAnswer("/api/config", null, { every: 5000 });
  const all = configOf(answer.data);
  const wanted = filters.find.toLowerCase();
  const shown = all.filter((one) => (!filters.from || kindOf(one.from) === filters.from) && (!wanted || `${one.key} ${short(one.value)} ${one.from}`.toLowerCase().includes(wanted)));
  const done = () => answer.reload();
  return html`
    <div class="head"><h1>Config</h1><p class="faint">Every value in effect, and where it comes from.</p></div>
    <div class="filters">
      <${Field} label="Find"><${Text} first=${true} type="search" value=${filters.find} change=${(find) => change({ find })} placeholder="a key, a value, a file" /></${Field}>
      <${Field} label="From"><${Choice} value=${filters.from} change=${(from) => change({ from })} options=${[["", "anywhere"], ["file", "a file"], ["environment", "the environment"], ["set", "set while it runs"], ["default", "defaults"]]} /></${Field}>
      <span class="faint num">${shown.length} of ${all.length}</span><span class="gap"></span>
      <${Do} onClick=${() => begin({ verb: "set", key: "", value: "" })}>Set …</${Do}>
        <${Do} onClick=${() => begin({ verb: "reload" })}>Reload</${Do}></div>
    <${Shown} answer=${answer} empty=${all.length ? null : html`<${Empty} title="No config is known">No unit answers; <${Command} line="config" /> reads the file itself.</${Empty}>`}>
      <div class="scroll"><table class="list">
        <${Head} columns=${["Key", "Value", "From", ""]} />
      <tbody>${shown.map((one) => html`<tr data-row tabindex="-1" key=${`${one.key} ${one.unit ?? ""}`} data-key=${one.key}>
        <td class="mono">${one.key}${one.unit ? html` <span class="faint">${one.unit}</span>` : null}</td>
          <td class="mono wide">${short(one.value)}</td>
        <td class="from ${kindOf(one.from)}">${readable(one.from)}</td>
        <td class="right">${LIVE.test(one.key) ? html`<${Do} data-open="" class="small" onClick=${() => begin({ verb: "set", key: one.key, value: short(one.value), unit: one.unit })}>Set</${Do}>` : null}
          ${kindOf(one.from) === "set" ? html` <${Do} class="small" onClick=${() => begin({ verb: "unset", key: one.key, unit: one.unit })}>Unset</${Do}>` : null}</td></tr>`)}</tbody></table></div>
    </${Shown}>
    <${History} done=${done} />
    ${act?.verb === "set" ? html`<${Set} given=${act} keys=${all.map((one) => one.key).filter((key) => LIVE.test(key))} done=${done} close=${() => begin(null)} />` : null}
    ${act?.verb === "unset" ? html`<${Act} title=${`Unset ${act.key}`} explain="What the file says holds again." verb="Unset" act=${() => post("/api/unset", { key: act.key, ...(act.unit ? { unit: act.unit } : {}) })} done=${done} close=${() => begin(null)} />` : null}
    ${act?.verb === "reload" ? html`<${Act} title="Reload the config" explain="The file is read anew, checked, and taken by all units, or refused whole." verb="Reload" act=${() => post("/api/reload")} done=${done} close=${() => begin(null)} />` : null}`;
}

/** Where a value comes from, with its times as they are here. */
const readable = (from) => from.replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (at) => seconds(at));

/** What was typed, as it would stand in the file: a number, a list, true, or else a text. */
function typed(value) {
  try {
    return JSON.parse(value);
  } catch {
    return value;
  }
}

/** A value that is set while the app runs, for a while or until it is unset. */
function Set({ given, keys, done, close }) {
  const [asked, change] = useState({ key: given.key, value: given.value ?? "", unit: given.unit ?? "", for: "10m" });
  const names = useNames();
  const with_ = (name) => (value) => change({ ...asked, [name]: value });
  return html`<${Act} title=${given.key ? `Set ${given.key}` : "Set a value"} verb="Set" explain="In effect within a second, and checked as the file is. The file stays as it is." done=${done} close=${close}
    act=${() => post("/api/set", { key: asked.key, value: typed(asked.value), ...(asked.unit ? { unit: asked.unit } : {}), ...(asked.for ? { for: asked.for } : {}) })}>
    <${Field} label="Key"><${Text} class="mono" value=${asked.key} change=${with_("key")} list="keys" required=${true} /></${Field}>
      <datalist id="keys">${keys.map((key) => html`<option value=${key} />`)}</datalist>
    <${Field} label="Value"><${Text} class="mono" value=${asked.value} change=${with_("value")} required=${true} /></${Field}>
    <${Field} label="Unit"><${Choice} value=${asked.unit} change=${with_("unit")} options=${[["", "all"], ...names.units]} /></${Field}>
    <${Field} label="For" hint="30s, 10m, 2h; empty: until it is unset">
      <${Text} value=${asked.for} change=${with_("for")} size="8" /></${Field}></${Act}>`;
}

/** What the config was, version by version. */
function History({ done }) {
  const answer = useAnswer("/api/config/history", null, { every: 5000 });
  const [back, roll] = useState(null);
  const all = [...listOf(answer.data, "history")].sort((a, b) => b.version - a.version);
  if (!all.length) return answer.problem ? html`<section><h2>History</h2><${Failure} problem=${answer.problem} /></section>` : null;
  const latest = all[0].version;
  return html`<section aria-label="History"><div class="head"><h2>History</h2>
    <p class="faint">The config at the start is version 1, and each change is the next. <${Command} line="config diff 1 2" /> shows what differs.</p></div>
    <div class="scroll"><table class="list">
        <${Head} columns=${[">Version", "At", "By", "How", "Changed", ""]} />
    <tbody>${all.map((one) => html`<tr data-row tabindex="-1" key=${one.version} data-version=${one.version}>
      <td class="right num">${one.version}</td><td><${Time} at=${one.at} /></td><td>${short(one.by ?? "")}</td>
      <td>${short(one.how ?? "")}${one.profile ? html` <span class="faint">${one.profile}</span>` : null}</td>
      <td class="wide">${short(one.summary ?? "")}</td>
      <td class="right">${one.version === latest ? html`<span class="faint">in effect</span>` : html`<${Do} class="small" onClick=${() => roll(one.version)}>Roll back to it</${Do}>`}</td></tr>`)}</tbody></table></div>
    ${back ? html`<${Act} title=${`Roll back to version ${back}`} verb="Roll back" kind="danger" explain="It is checked, written to app.toml, and taken by all units, or refused whole." act=${() => post("/api/config/rollback", { version: back })} done=${() => { answer.reload(); done(); }} close=${() => roll(null)} />` : null}
  </section>`;
}
