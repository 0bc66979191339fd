// The admin listener's API: what is asked, and what is heard as it happens. Whether it answers at all
// is told to everybody by `link`.

import { useCallbackRef, useEffect, useState } from "./hooks.js";
import { store } from "./store.js";

/** `live`, `connecting`, `away` (nobody listens), `silent` (nothing comes), `signed-out`. */
export const link = store("connecting");

/** Grows each time the app is heard again after it wasn't: what is shown may be old then. */
export const returns = store(0);
let missed = false;
link.listen((now) => {
  if (["away", "silent", "signed-out"].includes(now)) missed = true;
  else if (now === "live" && missed) {
    missed = false;
    returns.set(returns.get() + 1);
  }
});

/** A token that was typed in: kept while the page is open, and nowhere else. */
let token = null;
export function signIn(given) {
  token = given.trim() || null;
  link.set("connecting");
}

/** Something that the API refused, with its own words. */
export class Problem extends Error {
  constructor(status, body) {
    super(body?.detail ?? body?.title ?? (typeof body === "string" && body ? body.slice(0, 300) : `status ${status}`));
    this.status = status;
    this.code = body?.code ?? null;
    this.outcome = body?.outcome ?? null;
    this.body = body;
  }
}

async function ask(path, { method = "GET", query, body, signal, accept = "application/json" } = {}) {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== "" && value !== null && value !== undefined && value !== false);
  const asked = new URLSearchParams(given.map(([key, value]) => [key, value === true ? "1" : String(value)])).toString();
  const headers = { Accept: accept };
  if (token) headers.Authorization = `Bearer ${token}`;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const request = { method, headers, signal, cache: "no-store", credentials: "same-origin", body: body === undefined ? undefined : JSON.stringify(body) };
  let response;
  try {
    response = await fetch(asked ? `${path}?${asked}` : path, request);
  } catch (error) {
    if (signal?.aborted && signal.reason?.name !== "TimeoutError") throw error;
    link.set("away");
    throw new Problem(0, { code: "away", detail: "The admin listener doesn't answer. If the app has ended, start it again; this page goes on by itself." });
  }
  if (response.status === 401) link.set("signed-out");
  else if (link.get() !== "live" && link.get() !== "silent") link.set("connecting");
  if (!response.ok) throw new Problem(response.status, await content(response));
  return response;
}

async function content(response) {
  const text = await response.text();
  return text === "" ? null : read(text);
}

/** Asks for something; it takes 10 s at most. */
export const get = async (path, query, signal) => content(await ask(path, { query, signal: within(10_000, signal) }));

/** Has something done; it takes a minute at most. */
export const post = async (path, body = {}) => content(await ask(path, { method: "POST", body, signal: within(60_000) }));

const within = (ms, signal) => (signal ? AbortSignal.any([signal, AbortSignal.timeout(ms)]) : AbortSignal.timeout(ms));

/**
 * Hears server-sent events until the function that it returns is called. A connection that ends is made
 * anew, after half a second and then up to five; with `patience`, in milliseconds, one on which nothing comes is, too.
 */
export function hear(path, query, { event, state = () => {}, patience = null }) {
  let aborted = null;
  let timer = null;
  let failures = 0;
  let over = false;

  async function once() {
    aborted = new AbortController();
    let dog = null;
    const alive = () => {
      clearTimeout(dog);
      if (patience) dog = setTimeout(() => aborted.abort(new Problem(0, { detail: "nothing came" })), patience);
    };
    try {
      alive();
      const response = await ask(path, { query, accept: "text/event-stream", signal: aborted.signal });
      if (!/event-stream/.test(response.headers.get("content-type") ?? "")) throw new Problem(404, { detail: "no stream of events" });
      state("live");
      for await (const message of messages(response.body, alive)) {
        failures = 0;
        event(message);
      }
      throw new Problem(0, { detail: "the stream ended" });
    } finally {
      clearTimeout(dog);
      aborted.abort();
    }
  }

  async function on() {
    while (!over) {
      try {
        await once();
      } catch (error) {
        if (over) return;
        const final = error instanceof Problem && [400, 401, 403, 404, 405].includes(error.status);
        state(final ? "refused" : "away", error);
        if (final && error.status !== 401) return;
      }
      const wait = Math.min(500 * 2 ** failures, 5000);
      failures = Math.min(failures + 1, 5);
      await new Promise((done) => { timer = setTimeout(done, wait); });
    }
  }
  on();
  return () => {
    over = true;
    clearTimeout(timer);
    aborted?.abort();
  };
}

/** The messages of a stream of events: `{ event, data }`, with what is JSON read. */
async function* messages(body, alive) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let event = "message";
  let data = [];
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    alive();
    rest += value;
    if (rest.length > 4 << 20) throw new Problem(0, { detail: "a line of the stream is too long" });
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop();
    for (const line of lines) {
      if (line === "") {
        if (data.length) yield { event, data: read(data.join("\n")) };
        event = "message";
        data = [];
      } else if (line.startsWith("data:")) {
        data.push(line.slice(line[5] === " " ? 6 : 5));
      } else if (line.startsWith("event:")) {
        event = line.slice(6).trim();
      }
    }
  }
}

/** JSON, or the text if it is none. A number that a script would round stays as it was written. */
function read(text) {
  try {
    return LONG.test(text) && JSON.rawJSON ? JSON.parse(text, whole) : JSON.parse(text);
  } catch {
    return text;
  }
}

const LONG = /[:[,]\s*-?(?:9\d{15}|\d{17})/;
const whole = (_, value, context) => (Number.isInteger(value) && !Number.isSafeInteger(value) && /^-?\d+$/.test(context?.source) ? JSON.rawJSON(context.source) : value);

/**
 * What the API says to a question, asked again whenever it changes, and every so often. While it can't be
 * had, what was last known stays.
 */
export function useAnswer(path, query, { every = null } = {}) {
  const [answer, set] = useState({ data: null, problem: null, loading: true });
  const key = path && JSON.stringify([path, query ?? null]);
  const load = useCallbackRef(async (signal, quietly) => {
    if (!path) return;
    if (!quietly) set((was) => ({ ...was, loading: true }));
    try {
      const data = await get(path, query, signal);
      if (!signal?.aborted) set({ data, problem: null, loading: false, at: Date.now() });
    } catch (problem) {
      if (!signal?.aborted) set((was) => ({ ...was, problem, loading: false }));
    }
  });
  useEffect(() => {
    const left = new AbortController();
    let timer = null;
    // The next question is asked after the last one was answered, and rests ten times as long as that took.
    const again = async (quietly) => {
      const began = performance.now();
      await load(left.signal, quietly);
      if (!every || left.signal.aborted) return;
      timer = setTimeout(() => again(true), Math.max(every, 10 * (performance.now() - began), document.hidden ? 10_000 : 0));
    };
    again(false);
    const stop = returns.listen(() => load(left.signal, true));
    return () => { left.abort(); clearTimeout(timer); stop(); };
  }, [key, every]);
  return { ...answer, reload: () => load(undefined, true) };
}
