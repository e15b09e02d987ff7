// The npm packages that the reader needs, as contracts/package.json pins them.
import {createRequire} from "node:module";

const require = createRequire(new URL("../../../contracts/package.json", import.meta.url));
export const {ethers} = require("ethers");
export const initSqlJs = require("sql.js");
export const protobuf = require("protobufjs");
export const YAML = require("yaml");
