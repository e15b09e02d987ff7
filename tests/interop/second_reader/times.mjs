// docs/log-format.md, "What kaisar-audit verify checks": times that contradict each other.
import {most} from "./bytes.mjs";
import {tryReadLine} from "./iperf_line.mjs";
import {DIRECTION, TRANSPORT} from "./records.mjs";

const NS_PER_MS = 1_000_000n;
const US_PER_MS = 1000n;

/** What the tests of a bandwidth challenge took, with what the checker waited for its line. */
function testsUs(tests) {
  return tests.reduce((sum, {checker_result: line, direction, waited_ms: waited}) => {
    const counts = tryReadLine(line);
    if (counts === null) return sum + waited * US_PER_MS;
    const {us} = direction === DIRECTION.DOWN ? counts.sent : counts.received;
    return sum + waited * US_PER_MS + most(counts.link?.us ?? 0n, us);
  }, 0n);
}

/** {field, found, expected} of each time of a closed challenge that cannot be. */
export function* wrongTimes(closed, commitment, slackMs) {
  const slack = BigInt(slackMs);
  if (closed.transport === TRANSPORT.NOT_SENT) {
    if (closed.sent_ms !== 0n && closed.sent_ms <= closed.due_ms + slack) {
      yield {field: "sent_ms", found: closed.sent_ms,
        expected: `more than ${closed.due_ms + slack}, when it was given up`};
    }
    return;
  }
  if (closed.sent_ms + slack < closed.due_ms) {
    yield {field: "sent_ms", found: closed.sent_ms,
      expected: `at least ${closed.due_ms - slack}`};
  }
  const limit = closed.elapsed_ms + 1n;  // it is rounded down
  const taken = {"latency.echoes.rtt_us": (closed.latency?.echoes ?? [])
    .reduce((longest, echo) => most(longest, BigInt(echo.rtt_us)), 0n) / US_PER_MS,
  "bandwidth.tests": testsUs(closed.bandwidth?.tests ?? []) / US_PER_MS};
  if (commitment) {
    taken["commitment.elapsed_ns"] = commitment.elapsed_ns / NS_PER_MS;
    taken["matmul.opening_elapsed_ns"] = (closed.matmul?.opening_elapsed_ns ?? 0n) / NS_PER_MS;
  }
  for (const [field, ms] of Object.entries(taken)) {
    if (ms > limit) yield {field, found: `${ms} ms`, expected: `at most ${limit} ms`};
  }
}
