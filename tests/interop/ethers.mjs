// ethers, as contracts/package.json pins it.
import {createRequire} from "node:module";

const require = createRequire(new URL("../../contracts/package.json", import.meta.url));
export const {ethers} = require("ethers");
