// A walk over JSON text that keeps numbers as they are written and sees keys that are there twice,
// neither of which JSON.parse does.

const TOKEN = new RegExp("[ \\t\\r\\n]*([{}[\\]:,]"
  + '|"(?:[^"\\\\\\x00-\\x1f]|\\\\(?:["\\\\/bfnrt]|u[0-9a-fA-F]{4}))*"'
  + "|-?(?:0|[1-9]\\d*)(?:\\.\\d+)?(?:[eE][+-]?\\d+)?|true|false|null)", "y");
const SPACE = /^[ \t\r\n]*$/;
const HALF_PAIR = /\p{Surrogate}/u;
const NO_VALUE = [null, "}", "]", ":", ","];

class Scanner {
  constructor(text, mostLevels, leaf, key) {
    Object.assign(this, {text, mostLevels, leaf, key, at: 0});
    this.advance();
  }

  advance() {
    TOKEN.lastIndex = this.at;
    const match = TOKEN.exec(this.text);
    if (match === null && !SPACE.test(this.text.slice(this.at))) {
      throw new Error(`is no JSON from character ${this.at}`);
    }
    this.at = match === null ? this.text.length : TOKEN.lastIndex;
    this.token = match === null ? null : match[1];
    if (this.token?.includes("\\u") && HALF_PAIR.test(JSON.parse(this.token))) {
      throw new Error(`has half of a pair before character ${this.at}`);
    }
  }

  take(expected) {
    if (this.token !== expected) throw new Error(`has ${this.token}, expected ${expected}`);
    this.advance();
  }

  /** `path` has the keys from the outermost object inwards, null for a place in an array. */
  value(path) {
    if (NO_VALUE.includes(this.token)) throw new Error(`has ${this.token}, expected a value`);
    if (this.token !== "{" && this.token !== "[") {
      this.leaf(path, this.token);
      this.advance();
      return;
    }
    if (path.length >= this.mostLevels) throw new Error("is too deep");
    if (this.token === "[") this.members("]", () => this.value([...path, null]));
    else this.members("}", () => this.member(path));
  }

  member(path) {
    if (this.token?.[0] !== '"') throw new Error(`has ${this.token}, expected a key`);
    const inner = [...path, JSON.parse(this.token)];
    this.key(inner);
    this.advance();
    this.take(":");
    this.value(inner);
  }

  members(end, one) {
    this.advance();
    if (this.token !== end) {
      one();
      while (this.token === ",") {
        this.advance();
        one();
      }
    }
    this.take(end);
  }
}

/** Calls `leaf(path, text)` for each text, number and word, `key(path)` for each key. Throws. */
export function scanJson(text, mostLevels, leaf, key = () => {}) {
  const scanner = new Scanner(text.replace(/^\ufeff/, ""), mostLevels, leaf, key);
  scanner.value([]);
  if (scanner.token !== null) throw new Error(`has ${scanner.token} after its end`);
}
