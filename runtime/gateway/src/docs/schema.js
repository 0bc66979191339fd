// What a schema of the document says: in words, and by an example.

let schemas = {};

/** Takes the document whose schemas are referred to. */
export const know = (api) => { schemas = api; };

/** What a reference means, and how it is called. */
export function resolve(thing) {
  let name = "";
  let found = thing;
  for (let hops = 0; found && typeof found === "object" && typeof found.$ref === "string" && hops < 16; hops += 1) {
    const path = found.$ref.replace(/^#\//, "").split("/").map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));
    name = path[path.length - 1];
    const { $ref, ...beside } = found;
    let target = schemas;
    for (const part of path) target = Object.hasOwn(Object(target), part) ? target[part] : undefined;
    found = target === undefined ? {} : { ...Object(target), ...beside };
  }
  return { name, schema: found ?? {} };
}

const kinds = (schema) => [schema.type].flat().filter((kind) => kind !== undefined);
const isNull = (schema) => kinds(resolve(schema).schema).join() === "null";
const several = (schema) => schema.oneOf ?? schema.anyOf;

/** The members of an object: those of all schemas that it is made of. */
export function members(thing) {
  const { schema } = resolve(thing);
  const properties = {};
  const required = [];
  for (const part of [...(schema.allOf ?? []), schema]) {
    const own = part === schema ? schema : members(part);
    Object.assign(properties, own.properties);
    required.push(...(own.required ?? []));
  }
  return { properties, required };
}

function limits(schema) {
  const said = [];
  const between = (least, most, what) => {
    if (least !== undefined && most !== undefined) said.push(`${least} to ${most}${what}`);
    else if (least !== undefined) said.push(`from ${least} on${what}`);
    else if (most !== undefined) said.push(`up to ${most}${what}`);
  };
  // What a script would round isn't worth telling.
  const exact = (number) => (Number.isSafeInteger(number) || !Number.isInteger(number) ? number : undefined);
  between(exact(schema.minimum), exact(schema.maximum), "");
  between(schema.minLength, schema.maxLength, " characters");
  between(schema.minItems, schema.maxItems, " elements");
  if (schema.pattern) said.push(`like ${schema.pattern}`);
  return said.length ? ` (${said.join(", ")})` : "";
}

/** What a schema's values are, in words. */
export function words(thing, depth = 0) {
  if (thing === true || thing === undefined || depth > 8) return "anything";
  const { name, schema } = resolve(thing);
  if (Object.hasOwn(schema, "const")) return JSON.stringify(schema.const);
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(" or ");
  const choices = several(schema);
  if (choices) {
    const rest = choices.filter((choice) => !isNull(choice)).map((choice) => words(choice, depth + 1));
    const text = rest.join(" or ") + (rest.length < choices.length ? ", or null" : "");
    return name && rest.length > 1 ? `${name}: ${text}` : text;
  }
  if (name && (schema.properties || schema.allOf)) return name;
  const types = kinds(schema).map((kind) => {
    if (kind === "array") return `list of ${words(schema.items, depth + 1)}`;
    if (kind === "object" && Object(schema.additionalProperties) === schema.additionalProperties) {
      return `map to ${words(schema.additionalProperties, depth + 1)}`;
    }
    return kind;
  });
  return (types.join(" or ") || "anything") + limits(schema);
}

/** Schemas within a schema that are worth a look of their own: objects with members. */
export function objects(thing, depth = 0, found = []) {
  if (depth > 8 || !thing || typeof thing !== "object") return found;
  const { name, schema } = resolve(thing);
  if (schema.properties || schema.allOf) {
    found.push({ name: name || "object", thing });
  } else {
    for (const inner of several(schema) ?? [schema.items, schema.additionalProperties]) objects(inner, depth + 1, found);
  }
  return found;
}

function text(schema) {
  const known = { "date-time": "2026-01-31T12:00:00Z", date: "2026-01-31", time: "12:00:00Z", uuid: "00000000-0000-4000-8000-000000000000", email: "ada@example.com", uri: "/", duration: "PT1S" };
  const words = known[schema.format] ?? "text";
  return words.padEnd(schema.minLength ?? 0, "x").slice(0, schema.maxLength ?? 1000);
}

/** A value that a schema takes. */
export function example(thing, depth = 0) {
  if (!thing || typeof thing !== "object" || depth > 12) return null;
  const { schema } = resolve(thing);
  for (const name of ["const", "default", "example"]) if (Object.hasOwn(schema, name)) return schema[name];
  if (Array.isArray(schema.examples) && schema.examples.length) return schema.examples[0];
  if (schema.enum) return schema.enum[0];
  const choices = several(schema);
  if (choices) return example(choices.find((choice) => !isNull(choice)), depth + 1);
  const kind = kinds(schema).find((other) => other !== "null");
  if (schema.properties || schema.allOf || kind === "object") {
    const { properties, required } = members(thing);
    const names = required.length ? required : Object.keys(properties);
    const value = {};
    for (const name of names) value[name] = example(properties[name], depth + 1);
    return value;
  }
  switch (kind) {
    case "array": return Array.from({ length: Math.max(1, Math.min(schema.minItems ?? 1, 100)) }, () => example(schema.items, depth + 1));
    case "integer":
    case "number": return Math.min(Math.max(1, schema.minimum ?? 1), schema.maximum ?? 1);
    case "boolean": return true;
    case "string": return text(schema);
    default: return null;
  }
}
