// A value that several parts of the page look at.

import { useEffect, useState } from "./html.js";

/** A value, with those who hear when it changes. */
export function store(value) {
  const listeners = new Set();
  return {
    get: () => value,
    set(next) {
      if (Object.is(next, value)) return;
      value = next;
      for (const listener of [...listeners]) listener(next);
    },
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** The value of a store, in a part that is drawn anew when it changes. */
export function useStore(of) {
  const [value, set] = useState(of.get());
  useEffect(() => {
    set(of.get());
    return of.listen(set);
  }, [of]);
  return value;
}
