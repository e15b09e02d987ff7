#pragma once

namespace kaisar::audit {

// What stands below the options in the help of commands.

inline constexpr char kTimelineFooter[] = R"(Examples:
  kaisar-audit timeline --log epoch-7.log --device 3
      every challenge of device 3 by due time; seconds are counted from the beacon
  kaisar-audit timeline --log epoch-7.log --kind matmul,bandwidth --verdict FAIL
  kaisar-audit timeline --log epoch-7.log --reason TIMED_OUT --from 600000 --to 1200000
      what was due in the second ten minutes, and timed out
  kaisar-audit timeline --log epoch-7.log --json | jq 'select(.rtt_us > 100000)'

A challenge shows what the score takes from it, and its share of the median of its kind.

Exit status: 0 done; 1 the log is damaged; 2 wrong usage, or the log cannot be read.)";

inline constexpr char kCompareFooter[] = R"(Examples:
  kaisar-audit compare slot-0.log slot-1.log slot-2.log
      scores and RTTs side by side; devices that are judged differently, with the records to look at;
      devices whose rates fall when they are at work together, so that they may share a GPU
  kaisar-audit compare slot-*.log --place 0=50.11,8.68 --place 1=40.71,-74.01,20 --region eu=50,9,1500
      and distances that cannot be
  kaisar-audit compare slot-*.log --json | jq -r '.findings[].sentence'

No log says where a checker is, and a region is a name, so distances are checked for what is given:
--place for a slot, in degrees, with a radius in km when 50 is not right; --region for devices' regions, as
the roster has them, with a radius that holds all of them. Light in fibre covers 100 km in a ms of RTT. A
tenth is added, and every radius counts for the device: fast lines alone accuse nobody. What is left is a
device that is elsewhere, a machine that answers in its place, or a checker whose place or times are wrong.

The logs are believed: their verdicts, times and signatures are verify's business. Run it on each first.

Exit status: 0 nothing found; 1 a log is damaged; 2 wrong usage, or a log cannot be read or is of another
epoch, deployment, policy or roster than the others; 3 something was found.)";

inline constexpr char kExportFooter[] = R"(Examples:
  kaisar-audit export --log epoch-7.log --csv epoch-7
      makes epoch-7/challenges.csv, latency_pings.csv, matmul.csv, bandwidth_tests.csv, devices.csv
      and scores.csv; never over a file that is there
  kaisar-audit export --log epoch-7.log --jsonl epoch-7
  duckdb -c "SELECT device, median(rtt_us) FROM 'epoch-7/latency_pings.csv' GROUP BY device"

docs/auditing.md has the columns. Integers stay integers: times in ms, us or ns, rates in bits or
operations per second, shares in parts per million, as the names say.

Exit status: 0 done; 1 the log is damaged; 2 wrong usage, or a file cannot be read or made.)";

inline constexpr char kHtmlFooter[] = R"(Examples:
  kaisar-audit html epoch-7.log epoch-7.report.json -o epoch-7.html
      verifies as `verify` does, and writes one page of what came out; open it in any browser

The page needs no network and no other file. It has the verdict and what does not hold, every device with its
score, what that is made of, its RTT and rates over time and the challenges that did not pass, how likely a
device is to pass that leaves work out, and the commands that make it again. The same two files give the same
page, byte for byte; a page that is there is replaced.

Exit status: 0 all holds; 1 something does not, and the page says what; 2 wrong usage, or a file cannot be
read or written, and there is no page.)";

inline constexpr char kExplainFooter[] = R"(Examples:
  kaisar-audit explain --log epoch-7.log --report epoch-7.report.json --device 3
      every challenge of device 3, each share of its score with its numbers, and why it is no more
  kaisar-audit explain --slot 2 --rpc http://127.0.0.1:8545 --deployment deployment.json --epoch 7
      what slot 2 was asked, what it answered, where it was far from the median, what it earned
  kaisar-audit explain --log epoch-7.log --report epoch-7.report.json --device 3 --json | jq .shares

Exit status: 0 done; 1 the log is damaged, the report is not the log's, or the chain did not pay what we
compute; 2 wrong usage, or a file or the chain cannot be read.)";

inline constexpr char kProveFooter[] = R"(Examples:
  kaisar-audit timeline --log epoch-7.log --device 3 --verdict FAIL
      names the records of a challenge in its first column
  kaisar-audit prove --log epoch-7.log --record 17 -o challenge.proof.json
  kaisar-audit check-proof challenge.proof.json --report epoch-7.report.json
      for somebody who has these two files, and not the log

Exit status: 0 done; 1 the log is damaged; 2 wrong usage, the log has no such record, or is not closed.)";

inline constexpr char kCheckProofFooter[] = R"(Examples:
  kaisar-audit check-proof challenge.proof.json --report epoch-7.report.json
      prints the record, and what is proved by it: that it is under the report's root, no more

Exit status: 0 the record is under the root of the report; 1 it is not; 2 wrong usage, or a file cannot
be read.)";

}  // namespace kaisar::audit
