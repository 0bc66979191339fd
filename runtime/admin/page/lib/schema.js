// A form for what a JSON Schema describes. What it doesn't describe plainly is typed as JSON.

import { html, useState } from "./html.js";

/** What a schema says, behind its references. */
export function resolve(root, schema) {
  let now = schema;
  for (let hops = 0; now?.$ref && hops < 16; hops += 1) {
    const name = now.$ref.split("/").pop();
    const { $ref, ...beside } = now;
    now = { ...(root.$defs?.[name] ?? root.definitions?.[name] ?? {}), ...beside };
  }
  if (now?.allOf?.length === 1) now = { ...resolve(root, now.allOf[0]), ...now, allOf: undefined };
  return now && typeof now === "object" ? now : {};
}

const isNull = (schema) => schema?.type === "null";

/** A schema without its null, and whether that was in it. */
function withoutNull(root, schema) {
  const whole = resolve(root, schema);
  const choices = whole.anyOf ?? whole.oneOf;
  if (choices?.some(isNull)) {
    const rest = choices.filter((choice) => !isNull(choice));
    if (rest.length === 1) return { inner: { description: whole.description, ...resolve(root, rest[0]) }, nullable: true };
    return { inner: { ...whole, anyOf: rest, oneOf: undefined }, nullable: true };
  }
  if (Array.isArray(whole.type) && whole.type.includes("null")) {
    const types = whole.type.filter((type) => type !== "null");
    return { inner: { ...whole, type: types.length === 1 ? types[0] : types }, nullable: true };
  }
  return { inner: whole, nullable: false };
}

/** The texts of an enum, whichever way it is written. */
function enumOf(schema) {
  if (schema.enum) return schema.enum;
  const choices = schema.oneOf ?? schema.anyOf;
  if (choices?.length && choices.every((choice) => "const" in choice || choice.enum)) return choices.flatMap((choice) => choice.enum ?? [choice.const]);
  return null;
}

/** What a field begins with: what must be there is there, empty. */
export function begin(root, schema, depth = 0) {
  const { inner, nullable } = withoutNull(root, schema);
  if ("default" in inner) return inner.default;
  if (nullable || depth > 6) return undefined;
  if ("const" in inner) return inner.const;
  const values = enumOf(inner);
  if (values) return values[0];
  if (inner.properties || inner.type === "object") {
    const all = Object.entries(inner.properties ?? {}).map(([name, of]) => [name, (inner.required ?? []).includes(name) ? begin(root, of, depth + 1) : undefined]);
    return Object.fromEntries(all.filter(([, value]) => value !== undefined));
  }
  if (inner.type === "array") return inner.minItems > 0 || depth < 2 ? [begin(root, inner.items ?? {}, depth + 1)].filter((one) => one !== undefined) : [];
  if (inner.type === "boolean") return false;
  return inner.type === "string" ? "" : undefined;
}

/** What may be there, in a word or two. */
function words(schema) {
  const type = Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type ?? "JSON";
  const limits = [];
  if (schema.minimum !== undefined && schema.minimum !== 0) limits.push(`from ${schema.minimum}`);
  if (schema.maximum !== undefined && schema.maximum <= 1e9) limits.push(`to ${schema.maximum}`);
  if (schema.minLength) limits.push(`at least ${schema.minLength} long`);
  if (schema.maxLength) limits.push(`at most ${schema.maxLength} long`);
  return [{ integer: "whole number" }[type] ?? type, ...limits].join(", ");
}

/** All arguments of a method. */
export function Fields({ root, schema, value, change }) {
  const whole = resolve(root, schema);
  const names = Object.keys(whole.properties ?? {});
  if (!names.length) return html`<p class="faint">It has no arguments.</p>`;
  return names.map((name) => html`<${Member} key=${name} root=${root} name=${name} schema=${whole.properties[name]} required=${(whole.required ?? []).includes(name)}
    value=${value?.[name]} change=${(next) => change(put(value, name, next))} />`);
}

function put(object, name, value) {
  const { [name]: _, ...rest } = object ?? {};
  return value === undefined ? rest : { ...(object ?? {}), [name]: value };
}

function Member({ root, name, schema, required, value, change }) {
  const { inner, nullable } = withoutNull(root, schema);
  const optional = nullable || !required;
  const composed = inner.properties || inner.type === "array";
  const label = html`<span class="mono ${optional ? "" : "needed"}">${name}</span>`;
  // What says no more than the name isn't said.
  const doc = inner.description && !/^The argument `\w+`\.$/.test(inner.description) ? html`<small class="faint">${inner.description}</small>` : null;
  if (composed) {
    return html`<fieldset class="member" data-argument=${name}>
      <legend>${label}${optional ? html` <button type="button" class="plain" onClick=${() => change(value === undefined ? begin(root, inner) ?? {} : undefined)}>${value === undefined ? "add" : "leave out"}</button>` : null}</legend>${doc}
      ${value === undefined ? html`<span class="faint">left out</span>` : html`<${Value} root=${root} schema=${inner} value=${value} change=${change} name=${name} />`}</fieldset>`;
  }
  return html`<label class="member" data-argument=${name}><span>${label}</span>
    <${Value} root=${root} schema=${inner} value=${value} optional=${optional} change=${change} name=${name} />${doc}</label>`;
}

function Value({ root, schema, value, change, optional, name }) {
  const inner = resolve(root, schema);
  const values = enumOf(inner);
  if (values) {
    return html`<select value=${JSON.stringify(value)} onChange=${(event) => change(event.target.value === "" ? undefined : JSON.parse(event.target.value))}>
      ${optional ? html`<option value="" selected=${value === undefined}>left out</option>` : null}
      ${values.map((one) => html`<option value=${JSON.stringify(one)} selected=${one === value}>${String(one)}</option>`)}</select>`;
  }
  if (inner.properties) return html`<div class="members"><${Fields} root=${root} schema=${inner} value=${value} change=${change} /></div>`;
  if (inner.type === "array") return html`<${Items} root=${root} schema=${inner} value=${value} change=${change} name=${name} />`;
  if (inner.type === "boolean") {
    return html`<select value=${String(value)} onChange=${(event) => change({ true: true, false: false }[event.target.value])}>
      ${optional ? html`<option value="undefined" selected=${value === undefined}>left out</option>` : null}<option value="false" selected=${value === false}>false</option><option value="true" selected=${value === true}>true</option></select>`;
  }
  if (inner.type === "string") {
    return html`<input type="text" value=${value ?? ""} placeholder=${optional ? "left out" : words(inner)} autocomplete="off" spellcheck=${false}
      onInput=${(event) => change(optional && event.target.value === "" ? undefined : event.target.value)} />`;
  }
  return html`<${Typed} schema=${inner} value=${value} optional=${optional} change=${change} />`;
}

/** A number, or what is typed as JSON: as long as it isn't any, it is passed on as it stands, and refused in the API's words. */
function Typed({ schema, value, optional, change }) {
  const number = schema.type === "integer" || schema.type === "number";
  const [text, set] = useState(value === undefined ? "" : JSON.stringify(value));
  const typed = (next) => {
    set(next);
    if (next.trim() === "") return change(undefined);
    try {
      const read = JSON.parse(next);
      // A number that a script would round goes out as it was typed, or as a text where a browser can't: it is refused then.
      const rounded = Number.isInteger(read) && !Number.isSafeInteger(read);
      change(!rounded ? read : JSON.rawJSON ? JSON.rawJSON(next.trim()) : next.trim());
    } catch {
      change(next);
    }
  };
  return html`<input type="text" class="mono" inputmode=${number ? "decimal" : "text"} value=${text} placeholder=${optional ? "left out" : words(schema)} autocomplete="off" spellcheck=${false} onInput=${(event) => typed(event.target.value)} />`;
}

function Items({ root, schema, value, change, name }) {
  const all = Array.isArray(value) ? value : [];
  const items = schema.items ?? {};
  const at = (index, next) => change(all.map((one, here) => (here === index ? next : one)));
  return html`<ol class="items">${all.map((one, index) => html`<li key=${index}><div class="item">
    <${Value} root=${root} schema=${withoutNull(root, items).inner} value=${one} change=${(next) => at(index, next)} name=${name} /></div>
      <button type="button" class="plain" aria-label=${`Leave out ${name} ${index + 1}`} onClick=${() => change(all.filter((_, here) => here !== index))}>✕</button></li>`)}</ol>
    <button type="button" class="plain" onClick=${() => change([...all, begin(root, items, 1) ?? null])}>+ one more</button>`;
}
