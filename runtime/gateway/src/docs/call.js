// A call that is tried: from what was filled in to what came back.

/** What was filled in, as a request. */
export function request(verb, path, fields, body, credentials) {
  const headers = {};
  const query = new URLSearchParams();
  let url = path;
  for (const { name, place, list, needed, value } of fields) {
    if (place === "path") {
      url = url.replace(`{${name}}`, encodeURIComponent(value));
    } else if (value === "" && !needed) {
      continue;
    } else if (place === "query") {
      const values = list ? value.split("\n").filter((line) => line !== "") : [value];
      values.forEach((one) => query.append(name, one));
    } else if (place === "header") {
      headers[name] = value;
    }
  }
  if ([...query].length) url += `?${query}`;
  if (credentials.bearer) headers.Authorization = `Bearer ${credentials.bearer}`;
  if (credentials.key) headers["X-Api-Key"] = credentials.key;
  if (body?.type) headers["Content-Type"] = body.type;
  return { url, method: verb.toUpperCase(), headers, body: body?.content };
}

const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

/** The same for a shell; a credential isn't told. */
export function curl({ url, method, headers, body }) {
  const line = ["curl -i", quoted(new URL(url, location.href).href)];
  if (method !== "GET") line.push(`-X ${method}`);
  for (const [name, value] of Object.entries(headers)) {
    const secret = name === "Authorization" ? "Bearer $TOKEN" : name === "X-Api-Key" ? "$KEY" : null;
    line.push(secret === null ? `-H ${quoted(`${name}: ${value}`)}` : `-H "${name}: ${secret}"`);
  }
  if (typeof body === "string" && body !== "") line.push(`--data-raw ${quoted(body)}`);
  else if (body) line.push("--data-binary @FILE");
  return line.join(" \\\n  ");
}

/** Sends it, and says what came back. */
export async function send({ url, ...request }) {
  const began = performance.now();
  const response = await fetch(url, { ...request, cache: "no-store", credentials: "same-origin", redirect: "manual" });
  const type = response.headers.get("content-type") ?? "";
  const bytes = await response.arrayBuffer();
  const took = Math.round(performance.now() - began);
  const isText = /json|^text\/|xml|^$/.test(type);
  let text = isText ? new TextDecoder().decode(bytes) : `${bytes.byteLength} bytes of ${type}`;
  if (/json/.test(type) && !/[0-9]{16}/.test(text)) {
    // Numbers that a script would round are shown as they came.
    try { text = JSON.stringify(JSON.parse(text), null, 2); } catch { /* shown as it came */ }
  }
  const headers = [...response.headers].map(([name, value]) => `${name}: ${value}`).join("\n");
  return { status: response.status, reason: response.statusText, ok: response.ok, took, headers, text };
}
