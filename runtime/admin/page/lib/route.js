// Where the page is: `#/traces/ID?unit=pay`. A view's filters stand in the address, so that it can be
// passed on.

import { useEffect } from "./html.js";
import { store, useStore } from "./store.js";

function read() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?");
  const [view, ...rest] = path.split("/").map((part) => { try { return decodeURIComponent(part); } catch { return part; } });
  return { view: view || "topology", id: rest.join("/") || null, query: Object.fromEntries(new URLSearchParams(query ?? "")) };
}

export const route = store(read());
addEventListener("hashchange", () => route.set(read()));

/** An address of the page. */
export function to(view, id = null, query = {}) {
  const given = Object.entries(query).filter(([, value]) => value !== "" && value !== null && value !== undefined && value !== false);
  const asked = new URLSearchParams(given).toString();
  return `#/${view}${id ? `/${encodeURIComponent(id)}` : ""}${asked ? `?${asked}` : ""}`;
}

export function go(...place) {
  location.hash = to(...place);
}

/** The filters of a view, and how they are changed: nothing is added to the history. */
export function useFilters(defaults) {
  const { view, id, query } = useStore(route);
  const filters = Object.fromEntries(Object.entries(defaults).map(([key, value]) => [key, query[key] ?? value]));
  const change = (changed) => {
    const next = { ...filters, ...changed };
    const told = Object.fromEntries(Object.entries(next).filter(([key, value]) => value !== (defaults[key] ?? "")));
    history.replaceState(null, "", to(view, id, told));
    route.set(read());
  };
  return [filters, change];
}

/** The title of the window. */
export function useTitle(title) {
  useEffect(() => { document.title = `${title} · seam`; }, [title]);
}
