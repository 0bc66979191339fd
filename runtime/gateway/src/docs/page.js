// The page: the document's operations by service, each of which can be tried. Everything from the
// document and from answers becomes text, never markup.

import { curl, request, send } from "/docs/call.js";
import { example, know, members, objects, resolve, words } from "/docs/schema.js";

const VERBS = ["get", "post", "put", "patch", "delete"];
const byId = (id) => document.getElementById(id);

/** What calls are made with: kept here, and nowhere else. */
const credentials = {};

/** An element, with properties and children; a text is a text. */
function el(name, properties = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key.startsWith("aria-") || key === "for") element.setAttribute(key, value);
    else element[key] = value;
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const table = (columns, rows) =>
  el("table", {}, el("tr", {}, ...columns.map((column) => el("th", { scope: "col" }, column))), ...rows);
const row = (...cells) => el("tr", {}, ...cells.map((cell) => el("td", {}, ...[cell].flat())));
/** A text, with what is between backticks as code. */
const prose = (text) => String(text ?? "").split(/`([^`]+)`/).map((part, at) => (at % 2 ? el("code", {}, part) : part));
const doc = (text) => (text ? el("p", { className: "doc" }, ...prose(text)) : null);

/** A part that is made when it is opened. */
function lazy(className, summary, fill) {
  const details = el("details", { className }, el("summary", {}, ...[summary].flat()));
  details.addEventListener("toggle", () => {
    if (details.open && details.childElementCount === 1) details.append(el("div", {}, ...fill()));
  });
  return details;
}

/** What an object has. */
function membersView(object) {
  const { properties, required } = members(object);
  return [doc(resolve(object).schema.description), table(["member", "type", ""], Object.entries(properties).map(([member, schema]) =>
    row(el("code", { className: required.includes(member) ? "needed" : "" }, member), schemaView(schema), prose(Object(schema).description))))];
}

/** A schema: in words, and what its objects have. */
function schemaView(thing) {
  return [
    el("code", {}, words(thing)),
    ...objects(thing).map(({ name, thing: object }) => lazy("schema", `members of ${name}`, () => membersView(object))),
  ];
}

/** The same for a body, whose members are shown at once. */
function bodyView(schema) {
  const { name, schema: whole } = resolve(schema);
  return whole.properties && !name ? membersView(schema) : schemaView(schema);
}

const contentOf = (thing) => Object.entries(thing?.content ?? {})[0] ?? [];

/** Who may call it, in words. */
function asked(operation) {
  if (!operation.security?.length) return null;
  const kinds = operation.security.map((one) => Object.keys(one).join(" and ")).join(" or ");
  const rule = operation["x-seam-allow"];
  return doc(`Asks for a credential: ${kinds}.${rule ? ` Rule: ${rule}.` : ""}`);
}

function answers(operation) {
  const good = [];
  const bad = [];
  for (const [status, reference] of Object.entries(operation.responses ?? {})) {
    const response = resolve(reference).schema;
    const [type, content] = contentOf(response);
    if (/^[123]/.test(status)) {
      const what = type ? [el("div", { className: "faint" }, type), ...(content?.schema ? schemaView(content.schema) : [])] : [el("span", { className: "faint" }, "no content")];
      good.push(row(el("code", {}, status), prose(response.description), what));
      continue;
    }
    const schemas = content?.schema?.oneOf ?? [content?.schema ?? {}];
    for (const schema of schemas) {
      const problem = resolve(schema).schema;
      const code = problem.properties?.code?.const;
      const own = Object.entries(problem.properties ?? {}).filter(([name]) => !["type", "title", "status", "detail", "code", "outcome", "requestId"].includes(name));
      const link = code ? el("a", { href: problem.properties.type?.const ?? `/errors/${code}` }, code) : "";
      bad.push(row(el("code", {}, status), link, [...prose(code ? problem.description : response.description),
        ...own.map(([name, member]) => el("div", {}, el("code", {}, name), ": ", ...schemaView(member)))]));
    }
  }
  return [
    el("h3", {}, "Answers"), table(["status", "", "body"], good),
    ...(bad.length ? [el("h3", {}, "Errors"), lazy("schema", `${bad.length} that it may be answered with`, () => [table(["status", "code", "meaning"], bad)])] : []),
  ];
}

/** A field of the form: how it looks, and what was filled in. */
function field(parameter) {
  const { name, required, description } = parameter;
  const schema = parameter.schema ?? contentOf(parameter)[1]?.schema ?? {};
  const inner = resolve(schema).schema;
  const list = parameter.in === "query" && inner.type === "array";
  const given = Object.values(parameter.examples ?? {})[0]?.value;
  const value = required ? example(list ? inner.items : schema) : "";
  const shown = typeof value === "object" ? JSON.stringify(value) : String(value);
  const input = list
    ? el("textarea", { className: "list mono", value: shown, placeholder: "one value a line" })
    : el("input", { className: "mono", value: shown, placeholder: given ?? words(schema), autocomplete: "off", spellcheck: false });
  const label = el("label", { title: description ?? "" }, el("span", { className: required ? "mono needed" : "mono" }, name), " ", input);
  return { label, read: () => ({ name, place: parameter.in, list, needed: required, value: input.value }) };
}

/** The body of the form. */
function bodyOf(operation) {
  const [type, content] = contentOf(operation.requestBody);
  if (!type) return { parts: [], read: () => null };
  if (type === "application/x-www-form-urlencoded") {
    const { properties, required } = members(content.schema);
    const fields = Object.entries(properties).map(([name, schema]) =>
      field({ name, in: "body", schema, required: required.includes(name), description: schema.description }));
    const read = () => {
      const pairs = fields.map((one) => one.read()).filter(({ value }) => value !== "");
      return { type, content: new URLSearchParams(pairs.map(({ name, value }) => [name, value])).toString() };
    };
    return { parts: fields.map(({ label }) => label), read };
  }
  if (/json/.test(type)) {
    const area = el("textarea", { value: JSON.stringify(example(content.schema), null, 2), spellcheck: false });
    area.setAttribute("aria-label", "Body");
    return { parts: [el("div", { className: "faint" }, type), area], read: () => ({ type: area.value.trim() === "" ? null : type, content: area.value }) };
  }
  const file = el("input", { type: "file" });
  file.setAttribute("aria-label", "Body");
  const types = Object.keys(operation.requestBody.content).filter((one) => !one.includes("*"));
  const kind = el("input", { value: types[0] ?? "application/octet-stream", "aria-label": "Media type" });
  file.addEventListener("change", () => { if (file.files[0]?.type) kind.value = file.files[0].type; });
  return { parts: [el("label", {}, file, " ", kind)], read: () => ({ type: kind.value, content: file.files[0] ?? "" }) };
}

function trial(verb, path, operation) {
  const fields = (operation.parameters ?? []).map((one) => field(resolve(one).schema));
  const body = bodyOf(operation);
  const result = el("div", { role: "status" });
  const button = el("button", { type: "submit" }, "Send");
  const form = el("form", {}, ...fields.map(({ label }) => label), ...body.parts, el("p", {}, button));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    button.disabled = true;
    const asked = request(verb, path, fields.map((one) => one.read()), body.read(), credentials);
    try {
      const answer = await send(asked);
      result.replaceChildren(
        el("p", { className: answer.ok ? "good" : "bad" }, `${answer.status} ${answer.reason}, ${answer.took} ms`),
        el("pre", {}, answer.text || "no content"), lazy("schema", "headers", () => [el("pre", {}, answer.headers)]),
        lazy("schema", "curl", () => [el("pre", {}, curl(asked))]));
    } catch (error) {
      result.replaceChildren(el("p", { className: "bad" }, `There was no answer: ${error.message}`));
    } finally {
      button.disabled = false;
    }
  });
  return [el("h3", {}, "Try it"), form, result];
}

function operationView(verb, path, operation) {
  const summary = [
    el("span", { className: `verb ${verb}` }, verb.toUpperCase()), " ", el("code", {}, path), " ",
    el("span", { className: "faint" }, `${operation.security?.length ? "🔒 " : ""}${operation.summary ?? ""}`),
  ];
  const view = lazy("operation", summary, () => {
    const parameters = (operation.parameters ?? []).map((one) => resolve(one).schema);
    const [type, content] = contentOf(operation.requestBody);
    return [
      doc(operation.description ?? operation.summary), asked(operation),
      ...(parameters.length ? [el("h3", {}, "Parameters"), table(["name", "in", "type", ""], parameters.map((one) =>
        row(el("code", { className: one.required ? "needed" : "" }, one.name), one.in, schemaView(one.schema ?? contentOf(one)[1]?.schema), prose(one.description))))] : []),
      ...(type ? [el("h3", {}, "Body"), el("div", { className: "faint" }, Object.keys(operation.requestBody.content).join(", ")), ...(content?.schema ? bodyView(content.schema) : [])] : []),
      ...answers(operation), ...trial(verb, path, operation),
    ].filter(Boolean);
  });
  view.id = operation.operationId;
  return view;
}

/** The fields for credentials, of the kinds that are taken. */
function credentialsView(schemes) {
  const names = { bearer: "Token", key: "API key" };
  const kinds = Object.keys(schemes ?? {}).filter((name) => names[name]);
  const form = byId("who");
  form.hidden = kinds.length === 0;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.append(...kinds.map((name) => {
    const input = el("input", { type: "password", autocomplete: "off" });
    input.addEventListener("input", () => { credentials[name] = input.value.trim(); });
    return el("label", {}, `${names[name]} `, input);
  }), el("span", { className: "faint" }, "kept while this page is open"));
}

function show(api) {
  know(api);
  document.title = `${api.info.title} API`;
  byId("title").textContent = api.info.title;
  byId("version").textContent = api.info.version;
  credentialsView(api.components?.securitySchemes);
  const sections = new Map((api.tags ?? []).map((tag) => [tag.name, { tag, operations: [] }]));
  for (const [path, item] of Object.entries(api.paths ?? {})) {
    for (const verb of VERBS.filter((one) => Object.hasOwn(item, one))) {
      const name = item[verb].tags?.[0] ?? "";
      if (!sections.has(name)) sections.set(name, { tag: { name }, operations: [] });
      sections.get(name).operations.push([verb, path, item[verb]]);
    }
  }
  const all = [];
  const main = [];
  const nav = [];
  for (const { tag, operations } of sections.values()) {
    if (!operations.length) continue;
    const links = el("ul");
    const heading = el("h2", {}, tag.name);
    const section = el("section", {}, el("h2", {}, tag.name), doc(tag.description));
    for (const [verb, path, operation] of operations) {
      const view = operationView(verb, path, operation);
      const link = el("li", {}, el("a", { href: `#${operation.operationId}` }, el("span", { className: `verb ${verb}` }, verb.toUpperCase()), path));
      section.append(view);
      links.append(link);
      all.push({ view, link, heading, section, text: `${verb} ${path} ${operation.operationId} ${operation.summary ?? ""}`.toLowerCase() });
    }
    main.push(section);
    nav.push(heading, links);
  }
  byId("main").replaceChildren(...main);
  byId("nav").replaceChildren(...nav);
  filtering(all);
  addEventListener("hashchange", open);
  open();
}

/** Opens the operation that the address names. */
function open() {
  const view = byId(decodeURIComponent(location.hash.slice(1)));
  if (view?.tagName !== "DETAILS") return;
  view.open = true;
  view.scrollIntoView();
  view.firstElementChild.focus({ preventScroll: true });
}

function filtering(all) {
  const input = byId("filter");
  const filter = () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const { view, link, text } of all) view.hidden = link.hidden = !wanted.every((word) => text.includes(word));
    for (const { section, heading } of all) heading.hidden = section.hidden = !section.querySelector("details.operation:not([hidden])");
  };
  input.addEventListener("input", filter);
  addEventListener("keydown", (event) => {
    const typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement?.tagName ?? "");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      input.focus();
    } else if (event.key === "Escape" && document.activeElement === input) {
      input.value = "";
      filter();
      byId("main").focus();
    }
  });
}

try {
  const response = await fetch("/openapi.json", { cache: "no-cache" });
  if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
  show(await response.json());
} catch (error) {
  byId("main").textContent = `The document can't be loaded: ${error.message}`;
}
