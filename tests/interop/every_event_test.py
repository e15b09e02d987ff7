#!/usr/bin/env python3
"""Every event that the contracts have, from a development chain, decoded by ethers."""

import os
import sys
import tempfile
import unittest

ROOT = os.environ["KAISAR_SOURCE_DIR"]
BINARIES = os.environ["KAISAR_BINARY_DIR"]
sys.path.insert(0, os.path.join(ROOT, "tests/support"))

from chain_network import ChainNetwork  # pylint: disable=wrong-import-position


class EveryEvent(unittest.TestCase):
    def test_ethers_decodes_every_event_of_the_contracts(self):
        folder = tempfile.TemporaryDirectory(prefix="kaisar-every-event-")
        self.addCleanup(folder.cleanup)
        network = ChainNetwork(BINARIES, folder.name, ROOT)
        self.addCleanup(network.close)
        network.deploy(epoch_seconds=600, genesis_in_s=3600)
        counts = network.node("tests/interop/every_event.mjs", "--rpc", network.chain.url,
                              "--deployment", network.path("deployment.json"))
        for event in ("Devices.DeviceRegistered", "Slots.Slashed", "Reports.Equivocated",
                      "Settlement.Settled", "Settlement.Withdrawn"):
            self.assertRegex(counts, rf"[1-9] {event}\n")


if __name__ == "__main__":
    unittest.main()
