// docs/log-format.md, "What both ends of a bandwidth test counted": numbers are read exactly, as
// decimals.
import {scanJson} from "./json_scanner.mjs";

const MOST_BYTES = 32768;
const MOST_LEVELS = 16;
const MOST_COUNT = 1n << 53n;
const MOST_US = 3_600_000_000n;
const US_DIGITS = 6;

const SUMS = ["sum_sent", "sum_received"];
const LINK = ["out_bytes", "in_bytes", "elapsed_us"];
const keyOf = (...path) => JSON.stringify(path);
const WANTED = new Map([
  ...SUMS.flatMap((sum) => [
    [keyOf("iperf", "end", sum, "bytes"), {digits: 0, most: MOST_COUNT}],
    [keyOf("iperf", "end", sum, "seconds"), {digits: US_DIGITS, most: MOST_US}]]),
  ...LINK.map((name) => [keyOf("link", name),
    {digits: 0, most: name === "elapsed_us" ? MOST_US : MOST_COUNT}])]);

/** floor(number · 10^digits); whole, when no digits are asked. Throws when it is none such. */
function decimal(text, {digits, most}) {
  const [, sign, whole, fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text);
  const mantissa = BigInt(whole + fraction);
  if (mantissa === 0n) return 0n;
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits);
  if (sign === "-" || power > 40n) throw new Error(`has a count of ${text}`);
  let value = 0n;
  let rest = 1n;
  if (power >= 0n) [value, rest] = [mantissa * 10n ** power, 0n];
  else if (-power <= BigInt(text.length)) {
    const divisor = 10n ** -power;
    [value, rest] = [mantissa / divisor, mantissa % divisor];
  }
  if (value > most || (digits === 0 && rest !== 0n)) throw new Error(`has a count of ${text}`);
  return value;
}

/**
 * What one end counted: {sent, received} as {bytes, us} each, {link} as {out, in, us} or null.
 * Throws on a line that is not as it must be.
 */
export function readLine(line) {
  if (Buffer.byteLength(line) > MOST_BYTES) throw new Error("is too large");
  const counts = new Map();
  scanJson(line, MOST_LEVELS, (path, text) => {
    if (!/^[-\d]/.test(text)) return;
    if (!Number.isFinite(Number(text))) throw new Error(`has the number ${text}`);
    const key = keyOf(...path);
    const wanted = WANTED.get(key);
    if (wanted === undefined) return;
    if (counts.has(key)) throw new Error(`has ${key} twice`);
    counts.set(key, decimal(text, wanted));
  });
  const take = (...path) => {
    const count = counts.get(keyOf(...path));
    if (count === undefined) throw new Error(`lacks ${path.join(".")}`);
    return count;
  };
  const [sent, received] = SUMS.map((sum) =>
    ({bytes: take("iperf", "end", sum, "bytes"), us: take("iperf", "end", sum, "seconds")}));
  const hasLink = LINK.some((name) => counts.has(keyOf("link", name)));
  const link = hasLink ? {out: take("link", "out_bytes"), in: take("link", "in_bytes"),
    us: take("link", "elapsed_us")} : null;
  return {sent, received, link};
}

/** As `readLine`; null where that throws. */
export function tryReadLine(line) {
  try {
    return readLine(line);
  } catch {
    return null;
  }
}
