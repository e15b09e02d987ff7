// The messages of proto/kaisar/v1, by reflection from the .proto files.
import {fileURLToPath} from "node:url";
import {protobuf} from "./packages.mjs";

const FOLDER = fileURLToPath(new URL("../../../proto/", import.meta.url));
const root = new protobuf.Root();
root.resolvePath = (origin, target) => (target.startsWith(FOLDER) ? target : FOLDER + target);
for (const file of ["log", "device"]) root.loadSync(`kaisar/v1/${file}.proto`, {keepCase: true});

export const KIND = root.lookupEnum("kaisar.v1.Kind").values;
export const PHASE = root.lookupEnum("kaisar.v1.Phase").values;
export const TRANSPORT = root.lookupEnum("kaisar.v1.Transport").values;
export const DIRECTION = root.lookupEnum("kaisar.v1.Direction").values;
export const VERDICT = root.lookupEnum("kaisar.v1.Verdict").values;
export const REASON = root.lookupEnum("kaisar.v1.Reason").values;
export const nameOf = (values, number) =>
  Object.keys(values).find((name) => values[name] === number) ?? String(number);

/**
 * A message as a plain object: absent messages are null, absent lists empty, enums numbers, 64-bit
 * integers BigInt. The name of a oneof tells which of its fields is there. Throws on bytes that are
 * no such message.
 */
export function parse(name, bytes) {
  const type = root.lookupType(`kaisar.v1.${name}`);
  return type.toObject(type.decode(bytes),
    {defaults: true, arrays: true, oneofs: true, longs: BigInt, bytes: Buffer});
}

/** As `parse`; null for bytes that are no such message. */
export function tryParse(name, bytes) {
  try {
    return parse(name, bytes);
  } catch {
    return null;
  }
}

/** As `tryParse`; null also for a message with fields that the .proto file does not have. */
export function parseKnown(name, bytes) {
  const type = root.lookupType(`kaisar.v1.${name}`);
  const reader = protobuf.Reader.create(bytes);
  reader.discardUnknown = false;
  try {
    return type.decode(reader).$unknowns === undefined ? parse(name, bytes) : null;
  } catch {
    return null;
  }
}

/** The bytes that a message with these fields has. */
export function serialize(name, fields) {
  const type = root.lookupType(`kaisar.v1.${name}`);
  return Buffer.from(type.encode(type.fromObject(fields)).finish());
}
