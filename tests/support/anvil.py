"""A development chain: anvil on a port of its own, with what JSON-RPC calls a test needs."""

import json
import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request

CHAIN_ID = 31337
# Keys that everybody knows: they never hold anything outside of a development chain.
MNEMONIC = "test test test test test test test test test test test junk"


class RpcError(Exception):
    """The endpoint answered with an error object."""


def free_port():
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Anvil:
    """Mines a block for each transaction until `run_in_real_time`. `close` ends the process."""

    def __init__(self, root, log):
        self.program = os.path.join(
            root, "contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil")
        self.log = log
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self._next_id = 0
        self.start()

    def start(self, *arguments):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "--port", str(self.port), "--chain-id", str(CHAIN_ID), "--hardfork",
                 "shanghai", "--mnemonic", MNEMONIC, "--accounts", "20", "--threads", "1",
                 *arguments], stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        deadline = time.monotonic() + 20
        while True:
            try:
                self.call("eth_chainId")
                return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if self.process.poll() is not None or time.monotonic() > deadline:
                    with open(self.log, encoding="utf-8", errors="replace") as log:
                        raise AssertionError("anvil does not answer:\n" + log.read()) from None
                time.sleep(0.02)

    def call(self, method, *params, timeout=30):
        """The result of one JSON-RPC request."""
        self._next_id += 1
        body = json.dumps({"jsonrpc": "2.0", "id": self._next_id, "method": method,
                           "params": params}).encode()
        request = urllib.request.Request(self.url, body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=timeout) as response:
            answer = json.load(response)
        if "error" in answer:
            raise RpcError(f"{method}: {answer['error'].get('message')}")
        return answer["result"]

    def block(self, number="latest"):
        """(number, timestamp) of a block."""
        tag = number if isinstance(number, str) else hex(number)
        found = self.call("eth_getBlockByNumber", tag, False)
        return int(found["number"], 16), int(found["timestamp"], 16)

    def time(self):
        """The timestamp of the newest block."""
        return self.block()[1]

    def set_coin(self, address, coin):
        """Gives an account so much of the chain's coin, without a transaction."""
        self.call("anvil_setBalance", address, hex(int(coin * 10**18)))

    def run_in_real_time(self, block_seconds=1):
        """From now on a block every `block_seconds`, by the machine's clock."""
        self.call("evm_setAutomine", False)
        self.call("evm_setIntervalMining", block_seconds)

    def mine_until(self, timestamp):
        """Stops the clock and mines one block with this timestamp."""
        self.call("evm_setIntervalMining", 0)
        self.call("evm_setNextBlockTimestamp", timestamp)
        self.call("evm_mine")

    def wait_until(self, timestamp, slack_seconds=10):
        """Waits for a block with this timestamp or a later one."""
        deadline = time.monotonic() + timestamp - time.time() + slack_seconds
        while self.time() < timestamp:
            if time.monotonic() > deadline:
                raise AssertionError(f"no block of {timestamp} yet, the newest is of {self.time()}")
            time.sleep(0.1)

    def stop_answering(self):
        """As if the endpoint hung; `answer_again` ends it."""
        self.process.send_signal(signal.SIGSTOP)

    def answer_again(self):
        self.process.send_signal(signal.SIGCONT)

    def close(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
