"""A network of real processes on a development chain: anvil, the contracts, slots and devices."""

import json
import os
import subprocess
import time

from anvil import CHAIN_ID, Anvil, free_port
from loopback_network import LoopbackNetwork, MONITOR, value

KAI = 10**18
FIRST_OWNER = 1  # the account of index 0 deploys, and is the treasury


class ChainNetwork(LoopbackNetwork):
    """First `deploy`, then slots and devices (each transaction is a block), then `go`: from there on
    there is a block a second, and epoch 0 begins at `genesis`."""

    def __init__(self, binaries, folder, root):
        super().__init__(binaries, folder)
        self.root = root
        self.chain = Anvil(root, self.path("anvil.log"))
        self.deployment = None
        self.slots = []  # roster entries as `keys new` prints them, by slot id

    def node(self, script, *arguments, stdin=""):
        done = subprocess.run(["node", os.path.join(self.root, script), *arguments],
                              cwd=self.folder, input=stdin, timeout=120, capture_output=True,
                              text=True, check=False)
        if done.returncode != 0:
            raise AssertionError(f"{script} {arguments}: exit {done.returncode}\n{done.stderr}")
        return done.stdout

    def deploy(self, epoch_seconds=60, genesis_in_s=20, stake=1000, bond_per_weight=1, **windows):
        """Deploys to deployment.json; amounts in KAI; `windows` as deploy.mjs names them
        (commit_seconds, …). Genesis is as many seconds after now as asked."""
        self.genesis = int(time.time()) + genesis_in_s
        options = {"genesis": self.genesis, "epoch-seconds": epoch_seconds, "stake": stake,
                   "bond-per-weight": bond_per_weight,
                   **{name.replace("_", "-"): seconds for name, seconds in windows.items()}}
        flags = [word for name, option in options.items() for word in (f"--{name}", str(option))]
        self.node("contracts/deploy.mjs", "--rpc", self.chain.url, "--mnemonic-dev", "--keep-admin",
                  "--out", self.path("deployment.json"), *flags)
        with open(self.path("deployment.json"), encoding="utf-8") as file:
            self.deployment = json.load(file)
        self.epoch_seconds = epoch_seconds

    def admin(self, *actions):
        """Results of what chain_admin.mjs does, one an action."""
        return json.loads(self.node("tests/support/chain_admin.mjs", "--rpc", self.chain.url,
                                    "--deployment", self.path("deployment.json"),
                                    stdin=json.dumps(actions)))

    def view(self, call, *arguments):
        return self.admin({"view": call, "arguments": list(arguments)})[0]

    def address(self, contract):
        return self.deployment["contracts"][contract]

    def begin(self, epoch):
        """When an epoch begins, in Unix seconds."""
        return self.genesis + epoch * self.epoch_seconds

    def account(self, index):
        """The address of an account of anvil's."""
        return self.chain.call("eth_accounts")[index]

    def owner(self, index, kai=1_000_000):
        """Flags of our owner commands for an account of anvil's, which is given KAI. Its keystore is
        made by ethers."""
        name = f"owner-{index}.json"
        if not os.path.exists(self.path(name)):
            with open(self.path("password"), encoding="utf-8") as file:
                password = file.read().strip()
            self.admin({"keystore": index, "path": self.path(name), "password": password},
                       {"send": "KaiToken.transfer",
                        "arguments": [self.account(index), str(kai * KAI)]})
        return ["--owner-keystore", name, "--owner-password-file", "password"]

    def add_slots(self, count, owner=FIRST_OWNER, coin=10):
        """Makes keys (folders checker-ID) and registers slots that count from epoch 0, without our
        own commands; their hot keys are given the chain's coin."""
        first = len(self.slots)
        account, stake = self.account(owner), self.deployment["parameters"]["stake"]
        actions = [{"send": "KaiToken.transfer", "arguments": [account, str(count * int(stake))]},
                   {"send": "KaiToken.approve", "from": owner,
                    "arguments": [self.address("Slots"), str(count * int(stake))]},
                   {"send": "CheckerLicense.setApprovalForAll", "from": owner,
                    "arguments": [self.address("Slots"), True]}]
        licenses = self.admin(*[{"send": "CheckerLicense.mint", "arguments": [account]}] * count,
                              *actions)[:count]
        registrations = []
        for slot, minted in enumerate(licenses, first):
            entry = self.checker_keys(f"checker-{slot}")
            self.slots.append(entry)
            self.chain.set_coin(value(entry, "address"), coin)
            transfer = next(event for event in minted["events"] if event["name"] == "Transfer")
            pin, anchor = ("0x" + value(entry, key).removeprefix("0x")
                           for key in ("tls_pin", "anchor"))
            registrations.append(
                {"send": "Slots.register", "from": owner,
                 "arguments": [transfer["tokenId"], value(entry, "address"), pin, anchor, 0]})
        self.admin(*registrations)
        return list(range(first, len(self.slots)))

    def add_endpoint(self, device):
        """Makes the keys and finds a port of the device that will be registered next."""
        assert device == len(self.devices), "ids are given in order"
        keys = self.provider_keys(f"device-{device}")
        self.devices.append({
            "key": value(keys, "address"), "tlsPin": "0x" + value(keys, "tls_pin"),
            "endpoint": f"127.0.0.1:{free_port()}", "deviceClass": text32("cpu"),
            "region": text32("loopback"), "downBitsPerSecond": 10**9, "upBitsPerSecond": 10**9})

    def add_devices(self, weights, owner=FIRST_OWNER, admit=True):
        """Registers devices (folders device-ID) without our own commands, with one weight each;
        their ids. `admit` makes them STANDBY, which is for before genesis alone."""
        first = len(self.devices)
        bond = sum(weights) * int(self.deployment["parameters"]["bondPerWeight"])
        actions = [{"send": "KaiToken.transfer", "arguments": [self.account(owner), str(bond)]},
                   {"send": "KaiToken.approve", "from": owner,
                    "arguments": [self.address("Devices"), str(bond)]}]
        for device, weight in enumerate(weights, first):
            self.add_endpoint(device)
            self.devices[device]["weight"] = weight
            actions.append({"send": "Devices.register", "from": owner,
                            "arguments": [self.devices[-1]]})
        added = list(range(first, len(self.devices)))
        self.admin(*actions, *(self.admission(*added) if admit else []))
        return added

    def admission(self, *devices):
        """Actions that make devices STANDBY before genesis."""
        return [{"grant": "Devices.SETTLEMENT_ROLE", "to": self.account(0)},
                *({"send": "Devices.promote", "arguments": [device]} for device in devices)]

    def write_provider_config(self, device, rpc=None):
        """device-ID/provider.yaml for a device on the chain."""
        self.write(f"device-{device}/provider.yaml", f"""\
listen: {self.devices[device]["endpoint"]}
tls_key: tls.pem
threads: 1
state_memory_bytes: 268435456
devices:
  - {{id: {device}, class: cpu, keystore: keystore.json, password: ../password}}
chain: {{deployment: ../deployment.json, rpc: ["{rpc or self.chain.url}"], poll_ms: 500, timeout_ms: 3000}}
rate_limit: {{matmul_per_minute: 600, latency_per_minute: 6000, burst: 1000}}
log_level: info
{MONITOR}""")

    def start_provider(self, device):
        """A real kaisar-provider that serves a device on the chain."""
        name = f"device-{device}"
        process = self.start(name, "provider/kaisar-provider", "run", "--config",
                             f"{name}/provider.yaml")
        self.listening(name, process)
        return process

    def start_scripted(self, device, *cheats):
        """A scripted-provider that stands for a device on the chain."""
        name = f"device-{device}"
        arguments = [word for cheat in cheats for word in ("--cheat", cheat)]
        process = self.start(name, "tests/support/scripted-provider", "--device", str(device),
                             "--listen", self.devices[device]["endpoint"], "--tls",
                             f"{name}/tls.pem", "--keystore", f"{name}/keystore.json",
                             "--password", "password", "--chain-id", str(CHAIN_ID),
                             "--contract", self.address("Reports"), *arguments)
        self.listening(name, process)
        return process

    def write_checker_config(self, slot, policy, rpc=None, confirmations=1):
        """checker-ID/checker.yaml for a slot on the chain, and its empty signature store."""
        self.write("policy.yaml", policy)
        self.write(f"checker-{slot}/checker.yaml", f"""\
slot: {slot}
data_dir: data
registry: evm
chain: {{deployment: ../deployment.json, rpc: ["{rpc or self.chain.url}"],
        confirmations: {confirmations}}}
policy: ../policy.yaml
keystore: keystore.json
password: ../password
tls_key: tls.pem
hash_chain: hash_chain.json
{MONITOR}""")
        self.call("checker/kaisar-checker", "init-signatures", "--config",
                  f"checker-{slot}/checker.yaml")

    def start_chain_checker(self, slot, epochs=1):
        """A real kaisar-checker of a slot on the chain."""
        return self.start(f"checker-{slot}", "checker/kaisar-checker", "run", "--config",
                          f"checker-{slot}/checker.yaml", "--epochs", str(epochs), "--progress",
                          "never")

    def go(self):
        """The set-up is done: from now on the chain goes by the machine's clock."""
        if time.time() >= self.genesis:
            raise AssertionError(f"the set-up took until {time.time() - self.genesis:.1f} s after "
                                 "genesis; give deploy a later one")
        self.chain.run_in_real_time()

    def close(self):
        super().close()
        self.chain.close()


def text32(text):
    """ASCII as a left-aligned bytes32."""
    return "0x" + text.encode().ljust(32, b"\0").hex()
