// Parts that all views are made of.

import { signIn } from "./api.js";
import { html, useEffect, useRef, useState } from "./html.js";
import { exactly, seconds, time } from "./format.js";
import { to } from "./route.js";

/** What an outcome looks like: told by a sign and a word, not by colour alone. */
const OUTCOMES = {
  answered: ["●", "answered", "good"],
  service_error: ["◆", "service error", "warn"],
  not_executed: ["⊘", "not executed", "quiet"],
  unknown: ["?", "unknown", "bad"],
};

export function Outcome({ outcome, code, short }) {
  const [sign, word, kind] = OUTCOMES[outcome] ?? ["·", outcome ?? "–", "faint"];
  return html`<span class="outcome ${kind}" title=${code ? `${word}: ${code}` : word}>
    <span class="sign" aria-hidden="true">${sign}</span>${short ? html`<span class="hidden-text">${word}</span>` : ` ${word}`}${code && !short ? html` <span class="code">${code}</span>` : null}</span>`;
}

/** What a state looks like. */
const STATES = {
  running: ["●", "good"], ready: ["●", "good"], good: ["●", "good"],
  standby: ["○", "quiet"], starting: ["◔", "quiet"], recovering: ["◔", "warn"], draining: ["▽", "warn"], drained: ["▽", "quiet"],
  down: ["✕", "bad"], stopped: ["■", "bad"], unwell: ["◆", "warn"], "not ready": ["✕", "bad"], away: ["✕", "bad"],
  open: ["✕", "bad"], half_open: ["◔", "warn"], closed: ["●", "good"], found: ["◆", "warn"], settled: ["●", "good"], resolved: ["●", "good"],
};
export const signOf = (state) => STATES[state] ?? ["·", "quiet"];

export function State({ state }) {
  const [sign, kind] = signOf(state);
  return html`<span class="state ${kind}"><span class="sign" aria-hidden="true">${sign}</span> ${state}</span>`;
}

/** Something that went wrong, in the API's words. */
export function Failure({ problem, retry }) {
  if (!problem) return null;
  return html`<div class="failure" role="alert">
    <strong>${problem.status === 0 ? "No answer" : problem.status === 401 ? "Not signed in" : problem.status === 404 ? "Not there" : "Refused"}</strong>
    ${" "}<span>${problem.message}</span>${problem.code && problem.code !== "away" ? html` <code>${problem.code}</code>` : null}
    ${retry ? html` <button type="button" onClick=${retry}>Try again</button>` : null}
  </div>`;
}

/** Nothing to show, and what would change that. */
export const Empty = ({ title, children }) => html`<div class="empty"><p>
  <strong>${title}</strong></p>${children ? html`<p>${children}</p>` : null}</div>`;

/** What an answer is while it isn't there, and if it is nothing. */
export function Shown({ answer, empty, children }) {
  if (!answer.data && answer.problem) return html`<${Failure} problem=${answer.problem} retry=${answer.reload} />`;
  if (!answer.data) return html`<p class="faint wait">…</p>`;
  return [answer.problem ? html`<${Failure} problem=${answer.problem} retry=${answer.reload} />` : null, empty ?? children];
}

export const Time = ({ at, short }) => html`<time class="num" datetime=${exactly(at)} title=${exactly(at)}>${short ? seconds(at) : time(at)}</time>`;

export const Trace = ({ id, text }) => (id ? html`<a class="mono" href=${to("traces", id)} title=${`Trace ${id}`}>${text ?? id.slice(0, 8)}</a>` : html`<span class="faint">–</span>`);

/** A unit by its name, with a colour of its own. */
export const Unit = ({ name }) => html`<span class="unit ${tint(name)}">${name}</span>`;

/** One of eight colours that the colour-blind can tell, by name; the name stands beside it. */
const tints = new Map();
export function tint(name) {
  if (!tints.has(name)) tints.set(name, `tint-${tints.size % 8}`);
  return tints.get(name);
}

/** The names of a table's columns: `>` before one says that its numbers stand to the right, `=` alone that it is for bars. */
export const Head = ({ columns }) => html`<thead><tr>${columns.map((name) => (name === "=" ? html`<td class="bars"></td>`
  : name === "" ? html`<td></td>` : html`<th scope="col" class=${name[0] === ">" ? "right" : null}>${name.replace(/^>/, "")}</th>`))}</tr></thead>`;

/** A field with its label. */
export function Field({ label, hint, children }) {
  return html`<label class="field"><span>${label}</span>${children}${hint ? html`<small class="faint">${hint}</small>` : null}</label>`;
}

/** A text that is typed; the first of a view has `first`, and is reached by `/`. */
export const Text = ({ value, change, first, list, ...rest }) => html`<input type=${rest.type ?? "text"} value=${value ?? ""} autocomplete="off" spellcheck=${false}
  data-first=${first ? "" : null} list=${list} onInput=${(event) => change(event.target.value)} ...${rest} />`;

export const Choice = ({ value, options, change, ...rest }) => html`<select value=${value ?? ""} onChange=${(event) => change(event.target.value)} ...${rest}>
  ${options.map((option) => {
    const [key, word] = Array.isArray(option) ? option : [option, option];
    return html`<option value=${key} selected=${key === (value ?? "")}>${word}</option>`;
  })}</select>`;

export const Check = ({ value, change, label }) => html`<label class="check">
  <input type="checkbox" checked=${Boolean(value)} onChange=${(event) => change(event.target.checked)} /> ${label}</label>`;

/** A window over the page, left by Escape; where the focus was, it goes back to. */
export function Dialog({ title, close, children }) {
  const dialog = useRef(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current.showModal();
    dialog.current.querySelector("form input:not([type=checkbox]), form select, form button.primary")?.focus();
    return () => before?.isConnected && before.focus();
  }, []);
  return html`<dialog ref=${dialog} aria-label=${title} onClose=${close} onClick=${(event) => { if (event.target === dialog.current) dialog.current.close(); }}>
    <div class="dialog"><header><h2>${title}</h2>
      <button type="button" class="plain" aria-label="Close" onClick=${() => dialog.current.close()}>✕</button></header>${children}</div>
  </dialog>`;
}

/** Something that is done once it is confirmed; what it is refused with stays to be read. */
export function Act({ title, explain, act, done, close, children, verb = "Do it", kind = "" }) {
  const [state, set] = useState({ busy: false, problem: null });
  async function submit(event) {
    event.preventDefault();
    set({ busy: true, problem: null });
    try {
      await act();
      close();
      done?.();
    } catch (problem) {
      set({ busy: false, problem });
    }
  }
  return html`<${Dialog} title=${title} close=${close}>
    <form onSubmit=${submit}>
      ${explain ? html`<p class="faint">${explain}</p>` : null}
      ${children}
      <${Failure} problem=${state.problem} />
      <div class="buttons"><button type="submit" class="primary ${kind}" disabled=${state.busy}>${state.busy ? "…" : verb}</button>
        <button type="button" onClick=${close}>Cancel</button></div>
    </form>
  </${Dialog}>`;
}

/** Copies a text, and says so. */
export function Copy({ text, label = "Copy" }) {
  const [said, say] = useState(null);
  async function copy() {
    try {
      await navigator.clipboard.writeText(text);
      say("copied");
    } catch {
      say("the browser forbids it");
    }
    setTimeout(() => say(null), 1500);
  }
  return html`<button type="button" class="plain" onClick=${copy} aria-live="polite">${said ?? label}</button>`;
}

/** The way in, for whom the listener doesn't know. */
export function SignIn() {
  const [value, set] = useState("");
  return html`<div class="empty"><h1>Not signed in</h1>
    <p>Run the program's command <code>dashboard</code> where the app runs, and open the link that it prints. It holds for 30 seconds, and once.</p>
    <form class="filters" onSubmit=${(event) => { event.preventDefault(); signIn(value); }}>
      <${Field} label="or a token"><${Text} value=${value} change=${set} type="password" first=${true} /></${Field}>
      <button type="submit" disabled=${!value.trim()}>Sign in</button>
    </form></div>`;
}
