#!/usr/bin/env python3
"""A provider on a development chain: it is registered by its own command, serves exactly the slots in
its device's committee, epoch after epoch, and lives through an endpoint that hangs."""

import json
import os
import re
import signal
import sys
import tempfile
import time
import unittest

ROOT = os.environ["KAISAR_SOURCE_DIR"]
BINARIES = os.environ["KAISAR_BINARY_DIR"]
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

import http_get  # pylint: disable=wrong-import-position
from anvil import CHAIN_ID  # pylint: disable=wrong-import-position
from chain_network import ChainNetwork  # pylint: disable=wrong-import-position
from loopback_network import value  # pylint: disable=wrong-import-position

EPOCH_SECONDS = 16
SLOTS = 12  # more than a committee has, so that it changes with the epoch
OWNER = 7
PERMISSION_DENIED, UNAUTHENTICATED = 7, 16  # of gRPC


class ProviderChain(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-provider-chain-")
        self.addCleanup(folder.cleanup)
        self.network = ChainNetwork(BINARIES, folder.name, ROOT)
        self.addCleanup(self.network.close)

    def register(self, device):
        """Registers by our own command; what it printed."""
        network = self.network
        network.add_endpoint(device)
        return network.call(
            "provider/kaisar-provider", "register", "--rpc", network.chain.url, "--deployment",
            "deployment.json", *network.owner(OWNER), "--keys", f"device-{device}",
            "--password-file", "password", "--endpoint", network.devices[device]["endpoint"],
            "--class", "cpu", "--region", "loopback", "--ops-per-second", "12500000000",
            "--down-bps", "1000000000", "--up-bps", "1000000000")

    def ask(self, slot, epoch, device=0, keys=None):
        """What a provider says to a latency challenge of a slot."""
        network = self.network
        return network.call(
            "tests/support/ask-provider", "--endpoint", network.devices[device]["endpoint"],
            "--keys", keys or f"checker-{slot}", "--password", "password", "--chain-id",
            str(CHAIN_ID), "--contract", network.address("Reports"), "--epoch", str(epoch),
            "--slot", str(slot), "--device", str(device)).strip()

    def logged(self, pattern, count=1, seconds=10):
        """Waits until the provider has logged so many such lines; the last one's match."""
        deadline = time.monotonic() + seconds
        while True:
            found = list(re.finditer(pattern, self.network.read("device-0.err")))
            if len(found) >= count:
                return found[-1]
            if time.monotonic() > deadline:
                self.fail(f"no {pattern}:\n" + self.network.read("device-0.err")[-3000:])
            time.sleep(0.1)

    def open_epoch(self, epoch):
        """Opens an epoch, once it has begun; the committee of device 0 as the contract says it."""
        self.network.chain.wait_until(self.network.begin(epoch))
        _, committee = self.network.admin(
            {"openEpoch": epoch},
            {"view": "Settlement.committee", "arguments": [epoch, 0]})
        members = {int(slot) for slot in committee}
        self.logged(rf"event=epoch epoch={epoch} ")
        return members

    def finds_another_key(self):
        """A provider with the keystore of another device says so everywhere, and what to do."""
        network = self.network
        network.add_endpoint(1)  # makes keys, registers nothing
        path = network.path("device-0", "provider.yaml")
        network.write("device-0/provider.yaml",
                      network.read("device-0/provider.yaml").replace(
                          "keystore: keystore.json", "keystore: ../device-1/keystore.json"))
        here, registered = (network.devices[device]["key"].lower() for device in (1, 0))
        status = network.call("provider/kaisar-provider", "status", "--config", path)
        note = re.search("  note: (.*/device-1/keystore.json) has the key (0x[0-9a-f]{40}), but it is "
                         "registered with (0x[0-9a-f]{40}): .* bond burns. Give it the keystore",
                         status)
        self.assertTrue(note and note.groups()[1:] == (here, registered), status)
        provider = network.start_provider(0)
        self.logged(f"event=other_key device=0 registered={registered} here={here}")
        port = int(self.logged(r"event=metrics address=127\.0\.0\.1:(\d+)").group(1))

        def problem():
            answer, _, body = http_get.get(port, "/readyz")
            problems = [p for p in json.loads(body)["problems"] if p["code"] == "no_key_fits"]
            return answer == 503 and problems

        found = network.await_true("another key", 5, problem, "device-0")[0]
        self.assertTrue(found["keeps_from_earning"])
        self.assertIn(f"device 0 has {here} here, but is registered with {registered}", found["what"])
        self.assertIn("\nkaisar_provider_devices_with_other_key 1\n", http_get.get(port)[2])
        provider.send_signal(signal.SIGTERM)
        self.assertEqual(provider.wait(timeout=10), 0)

    def test_a_registered_device_serves_its_committee_and_nobody_else(self):
        network = self.network
        network.deploy(epoch_seconds=EPOCH_SECONDS, genesis_in_s=40)
        network.add_slots(SLOTS)
        printed = self.register(0)
        self.assertEqual((value(printed, "device"), value(printed, "weight"),
                          value(printed, "bond_kai"), value(printed, "counts_from")),
                         ("0", "12", "12", "0"))
        device = network.view("Devices.device", 0)
        self.assertEqual((device["owner"].lower(), device["weight"], device["endpoint"]),
                         (network.account(OWNER), "12", network.devices[0]["endpoint"]))
        for rate, weight, bond in ("15", "15", "15"), ("13", "13", "15"):  # a surplus stays
            printed = network.call(
                "provider/kaisar-provider", "set-weight", "--rpc", network.chain.url, "--deployment",
                "deployment.json", *network.owner(OWNER), "--device", "0", "--ops-per-second",
                rate + "0" * 9)
            self.assertEqual((value(printed, "weight"), value(printed, "bond_kai")), (weight, bond))
            device = network.view("Devices.device", 0)
            self.assertEqual((device["weight"], device["bond"]), (weight, bond + "0" * 18))
        network.admin(*network.admission(0))
        network.write_provider_config(0)
        self.finds_another_key()
        network.write_provider_config(0)
        self.assertNotIn("note:", network.call("provider/kaisar-provider", "status", "--config",
                                               network.path("device-0", "provider.yaml")))
        provider = network.start_provider(0)
        self.logged("event=phase device=0 phase=STANDBY weight=13")
        network.go()

        # Before the epoch is opened nobody is served.
        network.chain.wait_until(network.begin(0))
        self.assertIn(f"ended {UNAUTHENTICATED}", self.ask(0, 0))

        first = self.open_epoch(0)
        self.assertEqual(len(first), 7)
        self.logged("event=serving slots=" + ",".join(str(s) for s in sorted(first)) + "\n")
        for slot in range(SLOTS):
            told = self.ask(slot, 0)
            if slot in first:
                self.assertEqual(told, "accepted")
            else:
                self.assertIn(f"ended {UNAUTHENTICATED}", told)
        member = min(first)
        self.assertIn(f"ended {PERMISSION_DENIED}", self.ask(member, 1))
        # The member's key, but another slot's name; and the other way round.
        stranger = min(set(range(SLOTS)) - first)
        self.assertIn(f"ended {PERMISSION_DENIED}",
                      self.ask(stranger, 0, keys=f"checker-{member}"))
        self.assertIn(f"ended {UNAUTHENTICATED}", self.ask(member, 0, keys=f"checker-{stranger}"))

        second = self.open_epoch(1)
        while second == first:  # one in 792
            second = self.open_epoch(2)
        epoch = 1
        for slot in sorted(first ^ second):
            self.assertEqual(self.ask(slot, epoch) == "accepted", slot in second, slot)

        # An endpoint that hangs ends nothing, and does not keep the provider from stopping.
        network.chain.stop_answering()
        self.logged("event=chain_unreadable", seconds=20)
        self.assertEqual(self.ask(min(second), epoch), "accepted")
        begun = time.monotonic()
        provider.send_signal(signal.SIGTERM)
        self.assertEqual(provider.wait(timeout=10), 0)
        self.assertLess(time.monotonic() - begun, 3)
        network.chain.answer_again()


if __name__ == "__main__":
    unittest.main()
