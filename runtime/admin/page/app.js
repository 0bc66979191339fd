// The page: its frame, and the view that the address names.

import { link } from "./lib/api.js";
import { html, render, useEffect, useErrorBoundary, useRef } from "./lib/html.js";
import { help, hearKeys, VIEWS } from "./lib/keys.js";
import { listen, topology } from "./lib/live.js";
import { app, know, me } from "./lib/me.js";
import { route, to } from "./lib/route.js";
import { stateOf } from "./lib/shapes.js";
import { useStore } from "./lib/store.js";
import { theme, turn } from "./lib/theme.js";
import { Dialog, Failure, SignIn } from "./lib/ui.js";
import { Audit } from "./views/audit.js";
import { Calls } from "./views/calls.js";
import { Config } from "./views/config.js";
import { Logs } from "./views/logs.js";
import { Tap } from "./views/tap.js";
import { Topics } from "./views/topics.js";
import { Topology } from "./views/topology.js";
import { Trace } from "./views/trace.js";
import { Traces } from "./views/traces.js";
import { Unknown } from "./views/unknown.js";

const DRAWN = {
  topology: Topology, topics: Topics, traces: Traces, logs: Logs, tap: Tap, calls: Calls, unknown: Unknown, config: Config, audit: Audit,
};

const LINKS = {
  live: ["●", "live", "good"],
  connecting: ["◔", "connecting …", "quiet"],
  silent: ["◆", "silent, trying again …", "warn"],
  away: ["✕", "no answer, trying again …", "bad"],
  "signed-out": ["✕", "not signed in", "bad"],
};

/** Whether the app is heard, said aloud when that changes. */
function Link() {
  const [sign, words, kind] = LINKS[useStore(link)];
  return html`<span class="state ${kind}" id="link" role="status"><span class="sign" aria-hidden="true">${sign}</span> ${words}</span>`;
}

/** What isn't as it should be, wherever one is. */
function Trouble() {
  const now = useStore(topology);
  if (!now) return null;
  const said = [];
  for (const unit of now.units) {
    for (const one of unit.instances) {
      if (one.ready || one.drained) continue;
      const name = unit.instances.length > 1 ? `${unit.name}.${one.at}` : unit.name;
      said.push(`${name} ${one.running ? "isn't ready" : "isn't running"}${one.reason ? `: ${one.reason}` : ""}`);
    }
    for (const service of unit.services) if (stateOf(service) === "down") said.push(`${service.service} in ${unit.name} is down`);
  }
  if (!said.length) return null;
  return html`<p class="trouble" role="status">
    <span aria-hidden="true">✕</span> ${said.slice(0, 3).join(" · ")}${said.length > 3 ? ` · and ${said.length - 3} more` : ""}</p>`;
}

const THEMES = { system: "Theme: system", light: "Theme: light", dark: "Theme: dark", changing: "Theme" };

function Help() {
  const keys = [
    ["j, k", "next row, row before"], ["Enter", "open the row"], ["Esc", "close what is open, leave a field"],
    ["/", "to the first filter"], ["Space", "pause what runs, or go on"], ["D", "light, dark, as the system"], ["?", "these keys"],
  ];
  return html`<${Dialog} title="Keys" close=${() => help.set(false)}>
    <div class="keys"><table>${keys.map(([key, what]) => html`<tr><th scope="row"><kbd>${key}</kbd></th><td>${what}</td></tr>`)}</table>
      <table>${VIEWS.map(({ key, name }) => html`<tr><th scope="row"><kbd>g</kbd> <kbd>${key}</kbd></th>
        <td>${name}</td></tr>`)}</table></div>
  </${Dialog}>`;
}

function View({ place }) {
  const [error, reset] = useErrorBoundary();
  useEffect(() => { if (error) reset(); }, [place.view, place.id]);
  if (error) return html`<${Failure} problem=${{ status: 1, message: `This view couldn't be drawn: ${error.message}` }} retry=${reset} />`;
  if (place.view === "traces" && place.id) return html`<${Trace} key=${place.id} id=${place.id} />`;
  const Drawn = DRAWN[place.view];
  if (!Drawn) return html`<div class="empty"><p><strong>There is no view of this name.</strong></p><p>
    <a href=${to("topology")}>To the topology</a></p></div>`;
  return html`<${Drawn} key=${place.view} id=${place.id} />`;
}

function Page() {
  const place = useStore(route);
  const signedOut = useStore(link) === "signed-out";
  const main = useRef(null);
  const shown = useStore(theme);
  const who = useStore(me);
  const name = useStore(app);
  // A new view begins at its top, for eyes and for the keyboard.
  useEffect(() => { main.current.focus({ preventScroll: true }); main.current.scrollTop = 0; }, [place.view, place.id]);
  return html`
    <a class="skip" href="#main" onClick=${(event) => { event.preventDefault(); main.current.focus(); }}>To the content</a>
    <header class="top"><a class="brand" href=${to("topology")}>
      <img src="icon.svg" alt="" width="18" height="18" /> seam</a>${name ? html`<span class="app">${name}</span>` : null}
      <${Link} /><${Trouble} /><span class="gap"></span>
      ${who?.who ? html`<span class="faint who" title="Who you are here, and your role">${who.who}${who.role ? `, ${who.role}` : ""}</span>` : null}
      <button type="button" class="plain" onClick=${turn} title="Light, dark, or as the system (D)">${THEMES[shown]}</button>
      <button type="button" class="plain" onClick=${() => help.set(true)} title="Keys (?)">Keys <kbd>?</kbd></button></header>
    <nav aria-label="Views">${VIEWS.map(({ view, name, key }) => html`<a href=${to(view)} aria-current=${view === place.view ? "page" : null} title=${`g ${key}`}>${name}<kbd aria-hidden="true">${key}</kbd></a>`)}</nav>
    <main id="main" tabindex="-1" ref=${main} data-view=${place.view}>${signedOut ? html`<${SignIn} />` : html`<${View} place=${place} />`}</main>
    ${useStore(help) ? html`<${Help} />` : null}`;
}

hearKeys();
listen();
know();
const page = document.getElementById("page");
page.textContent = "";
render(html`<${Page} />`, page);
