// Small helps for parts that are drawn.

import { useEffect, useRef, useState } from "./html.js";

export { useEffect, useRef, useState };

/** A function that stays the same, and does what the latest one does. */
export function useCallbackRef(callback) {
  const latest = useRef(callback);
  latest.current = callback;
  const same = useRef((...given) => latest.current(...given));
  return same.current;
}

/** Whatever is typed, once nothing was typed for a while. */
export function useSettled(value, ms = 250) {
  const [settled, set] = useState(value);
  const key = JSON.stringify(value);
  useEffect(() => {
    const timer = setTimeout(() => set(value), ms);
    return () => clearTimeout(timer);
  }, [key]);
  return settled;
}
