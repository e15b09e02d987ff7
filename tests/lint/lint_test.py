"""Each lint finds what it is there to find, and nothing in a clean tree."""

import os
import tempfile
import unittest

import alerts
import confined_headers
import doc_links
import formatting
import layers
import metric_names
import named_tests
import sizes
import sources_in_build
import whitespace
import words


class LintTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def write(self, path, content):
        full = os.path.join(self.folder.name, path)
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "w", encoding="utf-8") as file:
            file.write(content)

    def find(self, lint):
        return lint.check(self.folder.name)

    def expect_one(self, lint, words_of_it):
        found = self.find(lint)
        self.assertEqual(len(found), 1, found)
        self.assertIn(words_of_it, found[0])

    def test_layers_reject_an_include_of_a_higher_layer(self):
        self.write("base/x.cc", '#include "base/x.h"\n#include "audit/score.h"\n')
        self.expect_one(layers, "base/x.cc:2: base must not include audit/score.h")

    def test_layers_reject_the_provider_in_the_checker(self):
        self.write("checker/x.cc", '#include "provider/x.h"\n')
        self.expect_one(layers, "must not include provider/x.h")

    def test_layers_count_generated_headers_as_proto(self):
        self.write("kernels/x.cc", '#include "kaisar/v1/log.pb.h"\n')
        self.expect_one(layers, "must not include kaisar/v1/log.pb.h")

    def test_layers_accept_what_the_table_allows(self):
        self.write("challenges/x.cc", '#include "kernels/rows.h"\n#include "kaisar/v1/log.pb.h"\n')
        self.assertEqual(self.find(layers), [])

    def write_metrics(self):
        self.write("checker/monitor/metric_table.cc",
                   'x = {{"kaisar_checker_epoch", kGauge, "", "…"},\n'
                   '     {"kaisar_checker_rtt_seconds",\n  kHistogram, "", "…"}};\n')

    def test_metric_names_find_what_the_code_does_not_have(self):
        self.write_metrics()
        self.write("deploy/prometheus/rules.yml", "expr: kaisar_checker_rtt_seconds_bucket\n"
                   "record: instance:kaisar_checker_epochs:rate\n"
                   "expr: rate(kaisar_checker_epoch_bucket[5m])\n")
        self.expect_one(metric_names, "rules.yml:3: the code has no metric kaisar_checker_epoch_bucket")

    def write_alert(self, name, **changes):
        parts = {"severity": "critical", "description": "it is {{ $value }}", "anchor": name.lower(), **changes}
        self.write(f"deploy/prometheus/{name}.yml",
                   f"- alert: {name}\n  expr: up == 0\n  labels: {{severity: {parts['severity']}}}\n"
                   f"  annotations:\n    summary: x\n    description: {parts['description']}\n"
                   f"    runbook_url: docs/operating.md#{parts['anchor']}\n")
        self.write(f"tests/prometheus/{name}.yml", f"{{labels: '{{alertname=\"{name}\"}}', value: 1}}\n")

    def test_alerts_that_say_too_little_are_found(self):
        self.write_alert("Down")
        self.write("docs/operating.md", "\n## Alerts\n### Down\n## More\n### Other\n")
        self.assertEqual(self.find(alerts), [])
        for change, found in (("severity", "Down has no severity"), ("description", "without a value"),
                              ("anchor", "has no runbook_url: docs/operating.md#down")):
            self.write_alert("Down", **{change: "bad"})
            self.expect_one(alerts, found)

    def test_alerts_that_are_not_explained_or_never_fire_are_found(self):
        self.write_alert("Down")
        self.write_alert("Late")
        self.write("tests/prometheus/Late.yml", "alertname=\"Late\"}', value: 0}\n")
        self.write("docs/operating.md", "\n## Alerts\n### Down\n### Gone\n")
        self.assertEqual(self.find(alerts), ["docs/operating.md: has no section on Late",
                                             "docs/operating.md: there is no alert Gone",
                                             "tests/prometheus/: no test makes Late fire"])

    def test_metric_names_find_what_nobody_looks_at(self):
        self.write_metrics()
        self.write("deploy/grafana/checker.json", '{"expr": "kaisar_checker_rtt_seconds_sum"}\n')
        self.expect_one(metric_names, "kaisar_checker_epoch: is in no rule and no dashboard")

    def test_confined_headers_reject_strangers(self):
        self.write("checker/plan.cc", "#include <grpcpp/grpcpp.h>\n")
        self.expect_one(confined_headers, "grpcpp/grpcpp.h belongs to")

    def test_confined_headers_keep_the_web_server_in_one_file(self):
        self.write("checker/monitor/monitor.cc", "#include <civetweb.h>\n")
        self.expect_one(confined_headers, "civetweb.h belongs to monitor/http_server.cc only")

    def test_confined_headers_reject_stubs_outside_the_rim(self):
        self.write("checker/plan.cc", '#include "kaisar/v1/provider.grpc.pb.h"\n')
        self.expect_one(confined_headers, "provider.grpc.pb.h belongs to")

    def test_confined_headers_accept_their_owner(self):
        self.write("checker/grpc_client.cc", "#include <grpcpp/grpcpp.h>\n")
        self.assertEqual(self.find(confined_headers), [])

    def test_sizes_reject_a_long_header(self):
        self.write("base/x.h", "//\n" * 151)
        self.expect_one(sizes, "151 lines, limit 150")

    def test_sizes_reject_a_long_line(self):
        self.write("base/x.cc", "//" + "x" * 99 + "\n")
        self.expect_one(sizes, "101 columns")

    def test_sizes_accept_a_long_line_in_a_raw_string_only(self):
        self.write("base/x.cc", 'a = R"(\n' + "x" * 120 + '\n)";\n//' + "y" * 99 + "\n")
        self.expect_one(sizes, "base/x.cc:4: 101 columns")

    def test_whitespace_rejects_tab_blank_and_missing_newline(self):
        self.write("base/x.cc", "\tint x; \nint y;")
        self.assertEqual(len(self.find(whitespace)), 3)

    def test_formatting_rejects_what_clang_format_would_change(self):
        self.write(".clang-format", "BasedOnStyle: Google\n")
        self.write("base/x.cc", "int   x;\n")
        found = self.find(formatting)
        self.assertTrue(found and "base/x.cc" in found[0], found)

    def test_a_test_outside_the_build_is_found(self):
        self.write("tests/unit/base/CMakeLists.txt", "# x_test.cc\nkaisar_test(t SOURCES y_test.cc)\n")
        self.write("tests/unit/base/x_test.cc", "\n")
        self.write("tests/unit/base/y_test.cc", "\n")
        self.expect_one(sources_in_build, "tests/unit/base/x_test.cc")

    def test_links_to_nothing_are_found(self):
        self.write("docs/a.md", "# A\n[b](b.md) [a](#a) [c](a.md#c) [web](https://x.org)\n")
        found = self.find(doc_links)
        self.assertEqual(len(found), 2, found)

    def test_sources_that_name_a_missing_document_are_found(self):
        self.write("base/x.h", "/// Source: docs/missing.md, Nothing.\n")
        self.expect_one(doc_links, "docs/missing.md")

    def test_empty_names_and_disabled_tests_are_found(self):
        self.write("base/string_util.h", "class KeyManager {};\n")
        self.write("tests/unit/x_test.cc", "TEST(A, DISABLED_B) {}\n")
        self.assertEqual(len(self.find(words)), 3)

    def test_a_threat_whose_test_is_missing_is_found(self):
        self.write("docs/threat-model.md", "`zeros`: `A.Exists`, `A.Missing`\n")
        self.write("tests/x_test.cc", "TEST_F(A, Exists) {}\n")
        self.write("tests/support/cheats.cc", '{Cheat::kZeros, "zeros", 0},\n'
                                              '{Cheat::kNoise, "noise", 0},\n')
        found = self.find(named_tests)
        self.assertEqual(len(found), 2, found)
        self.assertIn("A.Missing", found[0])
        self.assertIn("`noise`", found[1])

    def test_threats_may_name_tests_of_contracts_that_exist(self):
        self.write("docs/threat-model.md", "`OneTest.test_is_here` `OneTest.test_is_gone` "
                                           "`TwoTest.invariant_holds` `TwoTest.testFuzz_any` "
                                           "`TwoTest.test_is_here`\n")
        self.write("contracts/test/One.t.sol",
                   "contract OneTest is Arena {\n"
                   "    function test_is_here() public {}\n}\n"
                   "contract TwoTest {\n"
                   "    function invariant_holds() external view {}\n"
                   "    function testFuzz_any(uint256 seed) external {}\n}\n")
        found = self.find(named_tests)
        self.assertEqual(len(found), 2, found)
        self.assertIn("OneTest.test_is_gone", found[0])
        self.assertIn("TwoTest.test_is_here", found[1])


if __name__ == "__main__":
    unittest.main()
