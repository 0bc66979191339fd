// Numbers and times as people read them. What is absent is a dash.

const NONE = "–";
const known = (value) => typeof value === "number" && Number.isFinite(value);

/** A time that something took: `850 µs`, `4.1 ms`, `1.2 s`. */
export function took(us) {
  if (!known(us)) return NONE;
  if (us < 1000) return `${Math.round(us)} µs`;
  if (us < 1e6) return `${digits(us / 1e3)} ms`;
  if (us < 60e6) return `${digits(us / 1e6)} s`;
  return `${Math.floor(us / 60e6)} min ${Math.round((us % 60e6) / 1e6)} s`;
}

/** How often in a second. */
export function rate(perSecond) {
  if (!known(perSecond)) return NONE;
  if (perSecond === 0) return "0/s";
  return perSecond < 0.1 ? "<0.1/s" : `${digits(perSecond)}/s`;
}

/** Three digits that count. */
export function digits(value) {
  if (value >= 100) return Math.round(value).toLocaleString("en-US");
  return value >= 10 ? value.toFixed(1) : value.toFixed(value >= 1 || value === 0 ? 1 : 2);
}

export const count = (value) => (known(value) ? value.toLocaleString("en-US") : NONE);

/** How long a process lives: `3 d 4 h`. */
export function age(ms) {
  if (!known(ms)) return NONE;
  const parts = [[864e5, "d"], [36e5, "h"], [6e4, "min"], [1e3, "s"]];
  const first = parts.findIndex(([unit]) => ms >= unit);
  if (first < 0) return "0 s";
  const [[unit, name], next] = [parts[first], parts[first + 1]];
  const whole = `${Math.floor(ms / unit)} ${name}`;
  const rest = next && Math.floor((ms % unit) / next[0]);
  return rest ? `${whole} ${rest} ${next[1]}` : whole;
}

/** A moment, however it is said: milliseconds or microseconds since 1970, or a text. */
export function moment(at) {
  if (at instanceof Date) return at;
  if (typeof at === "string") return /^\d+$/.test(at) ? moment(Number(at)) : new Date(at);
  return known(at) ? new Date(at > 1e14 ? at / 1e3 : at) : new Date(NaN);
}

const two = (number) => String(number).padStart(2, "0");

/** The time of day to the millisecond, with the date if it isn't today. */
export function time(at) {
  const date = moment(at);
  if (Number.isNaN(date.getTime())) return NONE;
  const clock = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
  return date.toDateString() === new Date().toDateString() ? clock : `${day(date)} ${clock}`;
}

/** The same, to the second. */
export const seconds = (at) => time(at).replace(/\.\d{3}$/, "");

const day = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;

/** The moment in full, for who looks closer. */
export function exactly(at) {
  const date = moment(at);
  return Number.isNaN(date.getTime()) ? "" : date.toISOString();
}

/** A value as JSON on one line; a text as it is. */
export const short = (value) => (typeof value === "string" ? value : value === undefined ? "" : JSON.stringify(value));

/** A value as JSON on several lines. */
export const pretty = (value) => (value === undefined ? "" : JSON.stringify(value, null, 2));
