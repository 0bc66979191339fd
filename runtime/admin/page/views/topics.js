// Topics: who subscribes, what isn't handled yet, and what failed too often.

import { post, useAnswer } from "../lib/api.js";
import { count, pretty, short } from "../lib/format.js";
import { html, useState } from "../lib/html.js";
import { Do } from "../lib/me.js";
import { useFilters, useTitle } from "../lib/route.js";
import { listOf } from "../lib/shapes.js";
import { Act, Empty, Field, Head, Shown, Text, Time } from "../lib/ui.js";

export function Topics() {
  useTitle("Topics");
  const topics = useAnswer("/api/topics", null, { every: 2000 });
  const dead = useAnswer("/api/dead", null, { every: 2000 });
  const all = listOf(topics.data, "topics");
  const [asked, replay] = useState(null);
  const rows = all.flatMap((topic) => {
    const on = topic.subscriptions ?? [];
    return on.length ? on.map((subscription) => ({ topic, on: subscription })) : [{ topic, on: null }];
  });
  return html`
    <div class="head"><h1>Topics</h1><p class="faint">Lag: events that were published and aren't settled yet.</p></div>
    <${Shown} answer=${topics} empty=${rows.length ? null : html`<${Empty} title="No service of this app publishes events">
        A contract publishes what it names in <code>events(…)</code>.</${Empty}>`}>
      <div class="scroll"><table class="list">
        <${Head} columns=${["Topic", "Publisher", "Subscription", ">Lag", ">Dead", ""]} />
      <tbody>${rows.map(({ topic, on }) => html`<tr data-row tabindex="-1" data-topic=${topic.topic} key=${`${topic.topic} ${topic.version} ${on?.name}`}>
        <td class="mono">${topic.topic}${topic.version > 1 ? html` <span class="faint">v${topic.version}</span>` : null}</td>
          <td>${topic.publisher}</td>
        <td class="mono">${on ? on.name : html`<span class="faint">nobody subscribes</span>`}</td>
        <td class="right num ${on?.lag > 100 ? "warn" : ""}">${on ? count(on.lag) : "–"}</td>
        <td class="right num ${on?.dead > 0 ? "bad" : ""}">${on ? count(on.dead) : "–"}</td>
        <td class="right">${on ? html`<${Do} class="small" onClick=${() => replay({ target: on.name, from: "1h" })}>Replay …</${Do}>` : null}</td></tr>`)}</tbody></table></div>
    </${Shown}>
    <${Dead} answer=${dead} />
    ${asked ? html`<${Act} title=${`Replay to ${asked.target}`} verb="Replay" explain="What was published from there on is handed over once more; what was handled already has no second effect in the subscriber's own store."
      act=${() => post("/api/replay", asked)} done=${() => topics.reload()} close=${() => replay(null)}>
      <${Field} label="From" hint="a position, a time, or how long ago: 2h">
        <${Text} value=${asked.from} change=${(from) => replay({ ...asked, from })} required=${true} size="24" /></${Field}></${Act}>` : null}`;
}

function Dead({ answer }) {
  const [filters, change] = useFilters({ find: "" });
  const [act, begin] = useState(null);
  const all = listOf(answer.data, "dead");
  const wanted = filters.find.toLowerCase();
  const shown = all.filter((letter) => !wanted || JSON.stringify(letter).toLowerCase().includes(wanted));
  const done = () => answer.reload();
  return html`<section aria-label="Dead letters">
    <div class="head"><h2>Dead letters</h2>
      <p class="faint">Events that failed too often. Once the cause is gone, have them tried again.</p></div>
    <${Shown} answer=${answer} empty=${all.length ? null : html`<${Empty} title="There are no dead letters">Every event that was handed over was handled, or is still being tried.</${Empty}>`}>
      <div class="filters"><${Field} label="Find">
        <${Text} first=${true} type="search" value=${filters.find} change=${(find) => change({ find })} placeholder="a cause, a topic, a key" /></${Field}>
        <${Do} onClick=${() => begin({ verb: "retry", ids: null })}>Retry all ${all.length}</${Do}></div>
      <div class="scroll"><table class="list">
        <${Head} columns=${["Id", "Subscription", "Key", ">Attempts", "Cause", ""]} />
      <tbody>${shown.slice(0, 300).map((letter) => html`<tr data-row tabindex="-1" key=${short(letter.id)} data-dead=${short(letter.id)}>
        <td class="mono">${short(letter.id)}</td><td class="mono">${letter.subscription}</td><td class="mono">${letter.key}</td>
          <td class="right num">${letter.attempts}</td>
        <td class="wide"><details><summary data-open>${letter.cause}</summary>
          <p class="faint">Published <${Time} at=${letter.publishedAt} /> to <code>${letter.topic}</code>, position ${count(letter.position)}</p>
          <table>${(letter.history ?? []).map((failure) => html`<tr><td><${Time} at=${failure.at} /></td>
            <td>${failure.cause}</td></tr>`)}</table>
          <pre>${pretty(letter.event)}</pre></details></td>
        <td class="right"><${Do} class="small" onClick=${() => begin({ verb: "retry", ids: [letter.id] })}>Retry</${Do}>${" "}
          <${Do} class="small danger" onClick=${() => begin({ verb: "drop", ids: [letter.id] })}>Drop</${Do}></td></tr>`)}</tbody></table></div>
    </${Shown}>
    ${act?.verb === "retry" ? html`<${Act} title=${act.ids ? `Retry ${act.ids[0]}` : `Retry all ${all.length} dead letters`} explain="They are tried again from their first attempt on." verb="Retry"
        act=${() => post("/api/dead/retry", act.ids ? { id: act.ids[0] } : { all: true })} done=${done} close=${() => begin(null)} />` : null}
    ${act?.verb === "drop" ? html`<${Act} title=${`Drop ${act.ids[0]}`} explain="It is forgotten, and its subscriber never gets it." verb="Drop" kind="danger"
        act=${() => post("/api/dead/drop", { id: act.ids[0] })} done=${done} close=${() => begin(null)} />` : null}
  </section>`;
}
