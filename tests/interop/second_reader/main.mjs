// Recomputes an epoch from its log and its report, apart from the auditor:
//   node main.mjs --log FILE --report FILE
// Prints one JSON object; exits with 1 when the two do not hold, each difference with the record's
// number and the field.
import {parseArgs} from "node:util";
import {readEpoch} from "./reader.mjs";

const {values: options} = parseArgs({options: {log: {type: "string"}, report: {type: "string"}}});
const summary = await readEpoch(options.log, options.report);
process.stdout.write(JSON.stringify(summary, null, 1) + "\n");
process.exitCode = summary.holds ? 0 : 1;
