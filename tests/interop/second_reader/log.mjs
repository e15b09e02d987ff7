// docs/log-format.md, "The log": the file, its rows and their RFC 6962 tree.
import {readFileSync} from "node:fs";
import {equal, hex, sha256} from "./bytes.mjs";
import {initSqlJs} from "./packages.mjs";

const APPLICATION_ID = 1263292231;
const USER_VERSION = 1;
const MOST_RECORD_BYTES = 64 << 20;
const SCHEMA = [
  "CREATE TABLE head(id INTEGER PRIMARY KEY CHECK (id = 0), count INTEGER NOT NULL, "
    + "root BLOB NOT NULL)",
  "CREATE TABLE records(seq INTEGER PRIMARY KEY, leaf BLOB NOT NULL, bytes BLOB NOT NULL)"];

/** What is wrong with the file itself; `record` is null where no single one is to blame. */
export class DamagedLog extends Error {
  constructor(record, field, found, expected) {
    super(`${record === null ? "log" : `record ${record}`}: ${field} is ${found}, `
      + `expected ${expected}`);
    Object.assign(this, {record, field, found: String(found), expected: String(expected)});
  }
}

/** RFC 6962, section 2.1, one leaf hash after the other. */
export class MerkleTree {
  constructor() {
    this.count = 0;
    this.peaks = [];  // of full subtrees, the largest first
  }

  append(leaf) {
    let node = leaf;
    for (let size = this.count++; size & 1; size >>= 1) {
      node = sha256(Buffer.from([1]), this.peaks.pop(), node);
    }
    this.peaks.push(node);
  }

  root() {
    if (this.count === 0) return sha256();
    return this.peaks.reduceRight((right, left) => sha256(Buffer.from([1]), left, right));
  }
}

/** A finished log, read from the first row to the last. */
export class Log {
  static async open(path) {
    const sqlite = await initSqlJs();
    const log = new Log();
    log.database = new sqlite.Database(readFileSync(path));
    try {
      log.checkFile();
    } catch (error) {
      throw error instanceof DamagedLog ? error
        : new DamagedLog(null, "file", error.message, "an SQLite database");
    }
    return log;
  }

  one(sql) {
    return this.database.exec(sql)[0]?.values[0] ?? [];
  }

  checkFile() {
    const expect = (field, found, expected) => {
      if (found !== expected) throw new DamagedLog(null, field, found, expected);
    };
    expect("application_id", this.one("PRAGMA application_id")[0], APPLICATION_ID);
    expect("user_version", this.one("PRAGMA user_version")[0], USER_VERSION);
    const schema = this.database.exec("SELECT sql FROM sqlite_schema ORDER BY name")[0];
    expect("schema", JSON.stringify(schema?.values.flat()), JSON.stringify(SCHEMA));
    expect("freelist_count", this.one("PRAGMA freelist_count")[0], 0);
    expect("rows of head", this.one("SELECT count(*) FROM head")[0], 1);
    const [id, count, root] = this.one("SELECT id, count, root FROM head");
    expect("head.id", id, 0);
    expect("type of head.root", root instanceof Uint8Array, true);
    Object.assign(this, {count, root: Buffer.from(root)});
  }

  /** {index, bytes} of each record; what is wrong with the file is thrown where it is found. */
  * records() {
    const tree = new MerkleTree();
    const rows = this.database.prepare("SELECT seq, leaf, bytes FROM records ORDER BY seq");
    try {
      while (rows.step()) {
        const [seq, leaf, bytes] = rows.get();
        const index = tree.count;
        if (seq !== index) throw new DamagedLog(index, "seq", seq, index);
        const size = bytes instanceof Uint8Array ? bytes.length : 0;
        if (size < 1 || size > MOST_RECORD_BYTES) {
          throw new DamagedLog(index, "bytes", typeof bytes, "1 byte to 64 MiB");
        }
        const expected = sha256(Buffer.from([0]), bytes);
        if (!(leaf instanceof Uint8Array) || !equal(leaf, expected)) {
          throw new DamagedLog(index, "leaf", leaf instanceof Uint8Array ? hex(leaf) : leaf,
            hex(expected));
        }
        tree.append(expected);
        yield {index, bytes: Buffer.from(bytes)};
      }
    } catch (error) {
      if (error instanceof DamagedLog) throw error;
      throw new DamagedLog(tree.count, "row", error.message, "one that SQLite can read");
    } finally {
      rows.free();
    }
    if (tree.count !== this.count) throw new DamagedLog(null, "head.count", this.count, tree.count);
    if (!equal(this.root, tree.root())) {
      throw new DamagedLog(null, "head.root", hex(this.root), hex(tree.root()));
    }
  }
}
