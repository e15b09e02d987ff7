#!/usr/bin/env python3
"""kaisar-audit settle against a real chain: an epoch with liars, the silent, the absent and the rented,
whose payments the auditor must compute as the contracts did, and the same chain told wrongly."""

import json
import os
import subprocess
import sys
import tempfile
import unittest

ROOT = os.environ["KAISAR_SOURCE_DIR"]
BINARIES = os.environ["KAISAR_BINARY_DIR"]
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from chain_network import ChainNetwork  # pylint: disable=wrong-import-position

FIRST_PROVIDER, PROVIDERS = 2, 3  # accounts of scripted_epoch.mjs


class SettleAudit(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-settle-audit-")
        cls.addClassCleanup(folder.cleanup)
        cls.network = ChainNetwork(BINARIES, folder.name, ROOT)
        cls.addClassCleanup(cls.network.close)
        # Bonds so small that the whole of one burns.
        cls.network.deploy(epoch_seconds=600, genesis_in_s=300, bond_per_weight="0.000000001")
        cls.network.node("tests/support/scripted_epoch.mjs", "--rpc", cls.network.chain.url,
                         "--deployment", cls.network.path("deployment.json"))

    def audit(self, *arguments, epoch=0, deployment="deployment.json", rpc=None):
        return subprocess.run(
            [os.path.join(BINARIES, "audit/kaisar-audit"), "settle", "--rpc",
             rpc or self.network.chain.url, "--deployment", self.network.path(deployment),
             "--epoch", str(epoch), *arguments],
            timeout=60, capture_output=True, text=True, check=False)

    def change_deployment(self, name, change):
        """A copy of the deployment file that says something else."""
        with open(self.network.path("deployment.json"), encoding="utf-8") as file:
            deployment = json.load(file)
        change(deployment)
        with open(self.network.path(name), "w", encoding="utf-8") as file:
            json.dump(deployment, file)
        return name

    def test_agrees_to_the_wei_with_what_the_contracts_credited(self):
        done = self.audit("--json")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        epoch = json.loads(done.stdout)
        self.assertEqual(epoch["differences"], [])
        self.assertEqual(epoch["unsettled"], 1)
        self.assertFalse(epoch["opening"]["late"])
        earned = {entry["owner"]: entry["earned"] for entry in epoch["providers"]}
        for index in range(FIRST_PROVIDER, FIRST_PROVIDER + PROVIDERS):
            owner = self.network.account(index)
            self.assertEqual(self.network.view("Settlement.earned", owner),
                             earned[owner.lower()])
        for slot in epoch["slots"]:
            account = self.network.view("Settlement.account", slot["slot"])
            self.assertEqual([account["owed"], account["agreed"], account["disagreed"]],
                             [slot["earned"], str(slot["agreed"]), str(slot["disagreed"])])
        self.assertEqual([slot["report"] for slot in epoch["slots"]],
                         ["revealed", "revealed", "revealed", "committed", "none"])

    def test_tells_every_case_apart(self):
        devices = json.loads(self.audit("--json").stdout)["devices"]
        self.assertEqual([device["median"] for device in devices],
                         [200, None, 120, 150, 0, 106, 0, 77, 0])
        self.assertTrue(devices[3]["promotes"])
        self.assertEqual(devices[3]["provider_pay"], "0")
        self.assertEqual(devices[4]["bond_burned"], str(7 * 10**9))  # all there was
        self.assertGreater(int(devices[4]["bond_at_stake"]), 7 * 10**9)
        self.assertEqual(devices[8]["bond_burned"], devices[8]["bond_at_stake"])
        self.assertEqual(devices[6]["bond_at_stake"], "0")  # was in service
        self.assertFalse(devices[7]["settled"])
        liar = next(member for member in devices[2]["committee"] if member["slot"] == 2)
        self.assertEqual([liar["score"], liar["agreed"]], [20, False])

    def test_prints_tables_for_people(self):
        done = self.audit()
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("2=20!", done.stdout)
        self.assertIn("not settled yet", done.stdout)
        self.assertIn("agrees to the wei: 8 of 9 devices settled, 5 slots", done.stdout)
        one = self.audit("--device", "2")
        self.assertIn("commission each  ", one.stdout)
        self.assertNotIn("127.0.0.1", one.stdout)

    def test_explains_what_a_slot_earned(self):
        def explain(slot, *options):
            return subprocess.run(
                [os.path.join(BINARIES, "audit/kaisar-audit"), "explain", "--rpc",
                 self.network.chain.url, "--deployment", self.network.path("deployment.json"),
                 "--epoch", "0", "--slot", str(slot), *options],
                timeout=60, capture_output=True, text=True, check=False)
        liar = explain(2)
        self.assertEqual(liar.returncode, 0, liar.stdout + liar.stderr)
        self.assertIn("disagrees, -100", liar.stdout)
        self.assertIn("Slot 2 earned ", liar.stdout)
        self.assertIn("device 2 (20 against 120)", liar.stdout)
        pay = json.loads(explain(2, "--json").stdout)
        self.assertIn(pay["sentence"], liar.stdout)
        self.assertEqual((pay["report"], pay["chain_agrees"]), ("revealed", True))
        told = next(device for device in pay["devices"] if device["device"] == 2)
        self.assertEqual((told["score"], told["median"], told["disagreed"]), (20, 120, True))
        self.assertEqual(told["earned"], "0")
        silent = explain(4)
        self.assertIn("report none", silent.stdout)
        self.assertIn("no report revealed", silent.stdout)
        self.assertIn("Slot 4 earned 0 of ", silent.stdout)
        unknown = explain(99)
        self.assertEqual(unknown.returncode, 2, unknown.stdout)
        self.assertIn("slot 99 is not among the 5 of epoch 0", unknown.stderr)

    def test_tells_a_late_opening_as_such(self):
        done = self.audit(epoch=1)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("opened late", done.stdout)

    def test_names_device_and_field_where_the_rules_were_others(self):
        def narrow(deployment):
            deployment["parameters"]["band"] = 5
        done = self.audit(deployment=self.change_deployment("narrow.json", narrow))
        self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
        self.assertRegex(done.stdout, "device 2: agreeing members: chain has slot ., slot ., we "
                                      "compute slot 0\n")
        self.assertIn("does not agree: 2 differences", done.stdout)  # device 5 is the other one

        def later(deployment):
            deployment["schedule"]["genesis"] += 5
        done = self.audit("--json", deployment=self.change_deployment("later.json", later))
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("beacon's block", [found["what"] for found in
                                         json.loads(done.stdout)["differences"]])

    def test_cannot_read_what_is_not_there(self):
        early = self.audit(epoch=9)
        self.assertEqual(early.returncode, 2, early.stdout)
        self.assertIn("epoch 9 can be settled from", early.stderr)
        unknown = self.audit("--device", "99")
        self.assertEqual(unknown.returncode, 2)
        self.assertIn("device 99 has nothing to settle in epoch 0", unknown.stderr)
        unreachable = self.audit(rpc="http://127.0.0.1:1")
        self.assertEqual(unreachable.returncode, 2)
        self.assertIn("http://127.0.0.1:1", unreachable.stderr)

        def other_chain(deployment):
            deployment["chainId"] = 1
        other = self.audit(deployment=self.change_deployment("other.json", other_chain))
        self.assertEqual(other.returncode, 2)
        self.assertIn("31337", other.stderr)

        def swapped(deployment):
            contracts = deployment["contracts"]
            contracts["Devices"] = contracts["KaiToken"]
        wrong = self.audit(deployment=self.change_deployment("swapped.json", swapped))
        self.assertEqual(wrong.returncode, 2, wrong.stdout)


if __name__ == "__main__":
    unittest.main()
