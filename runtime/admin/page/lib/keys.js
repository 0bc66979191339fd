// The keyboard: `?` shows what there is.

import { store } from "./store.js";
import { go } from "./route.js";
import { turn } from "./theme.js";

/** The views, in their order, with the key that follows `g`. */
export const VIEWS = [
  { view: "topology", name: "Topology", key: "t" },
  { view: "topics", name: "Topics", key: "e" },
  { view: "traces", name: "Traces", key: "r" },
  { view: "logs", name: "Logs", key: "l" },
  { view: "tap", name: "Tap", key: "p" },
  { view: "calls", name: "Calls", key: "c" },
  { view: "unknown", name: "Unknown", key: "u" },
  { view: "config", name: "Config", key: "o" },
  { view: "audit", name: "Audit", key: "a" },
];

/** Whether the keys are shown. */
export const help = store(false);

const typing = (element) => element?.closest?.("input, textarea, select, [contenteditable]");
const rows = () => [...document.querySelectorAll("main [data-row]")].filter((row) => row.getClientRects().length);

/** The row after the one that has the focus, or before it. */
function step(by) {
  const all = rows();
  const at = all.indexOf(document.activeElement?.closest?.("[data-row]"));
  const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

let afterG = null;

function pressed(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  const { key, target } = event;
  if (typing(target)) {
    if (key === "Escape") target.blur();
    return;
  }
  if (document.querySelector("dialog[open]")) return;
  if (afterG) {
    clearTimeout(afterG);
    afterG = null;
    const chosen = VIEWS.find((view) => view.key === key);
    if (chosen) {
      event.preventDefault();
      go(chosen.view);
    }
    return;
  }
  const row = target?.matches?.("[data-row]") ? target : null;
  if (key === "g") afterG = setTimeout(() => { afterG = null; }, 1500);
  else if (key === "j") step(1);
  else if (key === "k") step(-1);
  else if (key === "Enter" && row) (row.querySelector("[data-open]") ?? row).dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  else if (key === " " && row?.getAttribute("role") === "button") row.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true }));
  else if (key === " " && document.querySelector("main [data-pause]") && !target?.closest?.("button, a, summary")) document.querySelector("main [data-pause]").click();
  else if (key === "/") document.querySelector("main [data-first]")?.focus();
  else if (key === "Escape") document.querySelector("main [data-close]")?.click();
  else if (key === "D") turn();
  else if (key === "?") help.set(true);
  else return;
  if (key !== "g") event.preventDefault();
}

export const hearKeys = () => addEventListener("keydown", pressed);
