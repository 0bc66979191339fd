// Light, dark, or as the system has it.

import { store } from "./store.js";

const root = document.documentElement;
const chosen = () => root.dataset.theme ?? "system";

export const theme = store(chosen());

/** The next of the three. */
export function turn() {
  const next = { system: "light", light: "dark", dark: "system" }[chosen()];
  if (next === "system") delete root.dataset.theme;
  else root.dataset.theme = next;
  try {
    if (next === "system") localStorage.removeItem("theme");
    else localStorage.setItem("theme", next);
  } catch { /* It holds until the page is left. */ }
  theme.set(next);
}

matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { theme.set("changing"); theme.set(chosen()); });

/** A colour of the page as a drawing on a canvas takes it. */
export function colour(name) {
  const probe = document.createElement("span");
  probe.className = `probe ${name}`;
  document.body.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}
