// Who looks at the page, what they may do, and which app it is.

import { get, returns } from "./api.js";
import { html } from "./html.js";
import { store, useStore } from "./store.js";

/** `{ who, role }`, once it is known. */
export const me = store(null);

/** The app's name, once it is known: that of its program, most likely. */
export const app = store(null);

async function ask() {
  try {
    me.set(await get("/api/me"));
    const config = await get("/api/config");
    app.set((config?.config ?? config)?.["app.name"]?.value ?? null);
  } catch { /* Who isn't known is refused where it matters. */ }
}

/** A command of the app, as it is typed. */
export function Command({ line }) {
  return html`<code>${useStore(app) ?? "PROGRAM"} ${line}</code>`;
}

/** Asks who it is, and again whenever the app was away. */
export function know() {
  ask();
  returns.listen(ask);
}

/** A button that does something to the app: a viewer sees it, and can't press it. */
export function Do({ children, ...rest }) {
  const viewer = useStore(me)?.role === "viewer";
  return html`<button type="button" ...${rest} disabled=${viewer || rest.disabled} title=${viewer ? "This needs the role operator" : rest.title}>${children}</button>`;
}
