// Who did what, when, and what came of it.

import { useAnswer } from "../lib/api.js";
import { short } from "../lib/format.js";
import { html } from "../lib/html.js";
import { Command } from "../lib/me.js";
import { useFilters, useTitle } from "../lib/route.js";
import { listOf } from "../lib/shapes.js";
import { Empty, Field, Head, Shown, Text, Time } from "../lib/ui.js";

export function Audit() {
  useTitle("Audit");
  const [filters, change] = useFilters({ find: "" });
  const answer = useAnswer("/api/audit", null, { every: 5000 });
  const all = listOf(answer.data, "audit");
  const sorted = [...all].sort((a, b) => new Date(b.at) - new Date(a.at));
  const wanted = filters.find.toLowerCase();
  const shown = sorted.filter((act) => !wanted || JSON.stringify(act).toLowerCase().includes(wanted));
  return html`
    <div class="head"><h1>Audit</h1><p class="faint">Every act on the running app, by page, command line or API, the latest first.</p></div>
    <div class="filters"><${Field} label="Find">
      <${Text} first=${true} type="search" value=${filters.find} change=${(find) => change({ find })} placeholder="a name, a key, a time" /></${Field}>
      <span class="faint num">${shown.length} of ${all.length}</span></div>
    <${Shown} answer=${answer} empty=${all.length ? null : html`<${Empty} title="Nothing was changed yet">
        What is set, reloaded, rolled back, resolved or called by hand is written here. Try <${Command} line="set log.level debug --for 1m" />.</${Empty}>`}>
      <div class="scroll"><table class="list">
        <${Head} columns=${["At", "Who", "Role", "Action", "Target", "Old", "New", "Result"]} />
      <tbody>${shown.slice(0, 500).map((act, at) => html`<tr data-row tabindex="-1" key=${act.id ?? `${act.at} ${at}`}>
        <td><${Time} at=${act.at} /></td><td>${short(act.who)}</td><td>${act.role ?? ""}</td><td>${act.action}</td>
          <td class="mono wide">${short(act.target)}</td>
        <td class="mono wide">${short(act.old ?? "")}</td><td class="mono wide">${short(act.new ?? "")}</td>
        <td class=${/^(ok|done|accepted|answered)/.test(short(act.result)) ? "" : "warn"}>${short(act.result ?? "")}</td></tr>`)}</tbody></table></div>
    </${Shown}>`;
}
