# A development chain, five devices, three checkers, two epochs, and who earned what. Sourced.

epochs=2
contracts=$root/contracts
lying=$bin/tests/support/lying-checker
chain_id=31337
umask 077
head -c 24 /dev/urandom | base64 >password

# ask METHOD PARAMS: one JSON-RPC request; prints the result.
ask() {
  python3 - "$rpc" "$1" "$2" <<'PY'
import json, sys, urllib.request
url, method, params = sys.argv[1:]
body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": json.loads(params)})
request = urllib.request.Request(url, body.encode(), {"Content-Type": "application/json"})
with urllib.request.urlopen(request, timeout=10) as response:
    print(json.dumps(json.load(response)["result"]))
PY
}

start_chain() {
  mapfile -t ports < <(free_ports 11)  # the chain, five providers, their bandwidth tests
  rpc=http://127.0.0.1:${ports[0]}
  local anvil=$contracts/node_modules/@foundry-rs/anvil-linux-amd64/bin/anvil
  spawn "$anvil" --port "${ports[0]}" --chain-id $chain_id --hardfork shanghai --block-time 1 \
    --accounts 20 --mnemonic "test test test test test test test test test test test junk" >anvil.log 2>&1
  for _ in $(seq 100); do
    ask eth_chainId '[]' >/dev/null 2>&1 && return
    sleep 0.1
  done
  tail -n 5 anvil.log >&2
  fail "anvil did not start"
}

say "Honest claims: a third of what each thread count measures here (ten processes share the cores)"
measure_claims 3
names=("" "honest, 1 thread" "honest, 2 threads" "skips 10 % of its products"
  "stopped for all of epoch 1" "claims three times its rate")

say "Keys"
for slot in 1 2 3; do
  "$checker" keys new --out "checker-$slot" --password-file password --light --first-epoch 0 \
    --chain-length 1024 >"checker-$slot.yaml"
  cp "$root/deploy/quickstart-policy.yaml" "checker-$slot/policy.yaml"
done
for device in 1 2 3 4 5; do
  "$provider" keys new --out "device-$device" --password-file password --light >"device-$device.yaml"
done

say "A chain, and the contracts on it"
start_chain
window=$((epoch_seconds / 4))
lead_seconds=40
genesis=$(($(date +%s) + lead_seconds))
node "$contracts/deploy.mjs" --rpc "$rpc" --mnemonic-dev --keep-admin --out deployment.json \
  --genesis $genesis --epoch-seconds "$epoch_seconds" --commit-seconds $window \
  --reveal-seconds $window --stake 1000 --bond-per-weight 1
reports=$(sed -n 's/.*"Reports": *"\([^"]*\)".*/\1/p' deployment.json)

say "Stakes and bonds"
# Accounts of anvil: 0 deploys and holds the treasury, 1 to 3 own the slots, 4 to 8 the devices.
admin() { node "$root/tests/support/chain_admin.mjs" --rpc "$rpc" --deployment deployment.json; }
python3 - "$(cat password)" "$(ask eth_accounts '[]')" <<'PY' | admin >/dev/null
import json, sys
password, accounts = sys.argv[1], json.loads(sys.argv[2])
actions = [{"keystore": owner, "path": f"owner-{owner}.json", "password": password}
           for owner in range(1, 9)]
actions += [{"send": "KaiToken.transfer", "arguments": [accounts[owner], str(10000 * 10**18)]}
            for owner in range(1, 9)]
actions += [{"send": "CheckerLicense.mint", "arguments": [accounts[owner]]} for owner in (1, 2, 3)]
print(json.dumps(actions))
PY

# Paths in a config are seen from its own folder.
chain_config="chain: {deployment: ../deployment.json, rpc: [\"$rpc\"]"
stake_slot() {
  cat >"checker-$1/checker.yaml" <<YAML
registry: evm
$chain_config, confirmations: 1}
data_dir: data
policy: policy.yaml
keystore: keystore.json
password: ../password
tls_key: tls.pem
hash_chain: hash_chain.json
connection: {out_bits_per_second: $loopback_rate, in_bits_per_second: $loopback_rate}
monitor: {listen: "127.0.0.1:0"}
YAML
  ask anvil_setBalance "[\"$(value "checker-$1.yaml" address)\", \"0x8ac7230489e80000\"]" >/dev/null
  "$checker" stake --config "checker-$1/checker.yaml" --license "$1" --yes \
    --owner-keystore "owner-$1.json" --owner-password-file password
}
register_device() {
  "$provider" register --rpc "$rpc" --deployment deployment.json --yes --keys "device-$1" \
    --password-file password --owner-keystore "owner-$(($1 + 3)).json" \
    --owner-password-file password --endpoint "127.0.0.1:${ports[$1]}" --class cpu \
    --region loopback --ops-per-second "${claims[$1]}" --down-bps $line_rate --up-bps $line_rate
}
# All at once: each waits for blocks.
pids=()
for slot in 1 2 3; do stake_slot $slot >"stake-$slot.txt" 2>"stake-$slot.log" & pids+=($!); done
for device in 1 2 3 4 5; do
  register_device $device >"register-$device.txt" 2>"register-$device.log" & pids+=($!)
done
for pid in "${pids[@]}"; do
  wait "$pid" || { tail -n 2 stake-*.log register-*.log >&2; fail "the network could not be set up"; }
done
device_ids=("")
for device in 1 2 3 4 5; do
  device_ids+=("$(sed -n 's/^device: *\([0-9]*\).*/\1/p' "register-$device.txt")")
  printf 'device %s: %s\n' "${device_ids[$device]}" "${names[$device]}"
done
for slot in 1 2 3; do
  "$checker" init-signatures --config "checker-$slot/checker.yaml"
done
# A network begins with devices that are admitted already; later ones are checked first.
python3 - "$(ask eth_accounts '[]')" <<'PY' | admin >/dev/null
import json, sys
admin = json.loads(sys.argv[1])[0]
print(json.dumps([{"grant": "Devices.SETTLEMENT_ROLE", "to": admin}] +
                 [{"send": "Devices.promote", "arguments": [device]} for device in range(5)]))
PY
[ "$(date +%s)" -lt "$genesis" ] || fail "the set-up took longer than the $lead_seconds s before epoch 0"

say "Five providers"
device_pids=("")
for device in 1 2 3 4 5; do
  id=${device_ids[$device]}
  if [ $device -eq 3 ]; then
    spawn "$scripted" --listen "127.0.0.1:${ports[$device]}" --tls device-3/tls.pem --device "$id" \
      --keystore device-3/keystore.json --password password --chain-id $chain_id \
      --contract "$reports" --cheat skip-products=10 >"device-$device.out" 2>"device-$device.log"
  else
    cat >"device-$device/provider.yaml" <<YAML
$chain_config, poll_ms: 500}
listen: 127.0.0.1:${ports[$device]}
tls_key: tls.pem
threads: ${threads[$device]}
state_memory_bytes: 268435456
devices:
  - {id: $id, class: cpu, keystore: keystore.json, password: ../password}
bandwidth: {ports: ${ports[$((device + 5))]}}
rate_limit: {matmul_per_minute: 120, latency_per_minute: 600, bandwidth_per_minute: 60, burst: 60}
monitor: {listen: "127.0.0.1:0"}
log_level: info
YAML
    spawn "$provider" run --config "device-$device/provider.yaml" \
      >"device-$device.out" 2>"device-$device.log"
  fi
  device_pids+=("${children[-1]}")
done
for device in 1 2 3 4 5; do endpoint $device >/dev/null; done

liar=$(sed -n 's/^ *slot: *\([0-9]*\).*/\1/p' stake-3.txt)
say "Three checkers, $epochs epochs of $epoch_seconds s, and $((2 * window)) s to report"
echo "checker 3, slot $liar, lies about device ${device_ids[1]}"
echo "events: $run_dir/checker-N/checker.log"
if [ "$progress" = auto ] && ! [ -t 2 ]; then progress=never; fi
if [ "$progress" = never ]; then
  spawn "$checker" run --config checker-1/checker.yaml --epochs $epochs \
    >checker-1/summary.txt 2>checker-1/checker.log
else
  spawn "$checker" run --config checker-1/checker.yaml --epochs $epochs --progress "$progress" \
    >checker-1/summary.txt
fi
checker_pids=("${children[-1]}")
spawn "$checker" run --config checker-2/checker.yaml --epochs $epochs \
  >checker-2/summary.txt 2>checker-2/checker.log
checker_pids+=("${children[-1]}")
spawn "$lying" --config checker-3/checker.yaml --epochs $epochs --lie "${device_ids[1]}=20" \
  >checker-3/summary.txt 2>checker-3/checker.log
checker_pids+=("${children[-1]}")

# Device 4 is stopped for all of epoch 1. Short sleeps: nothing outlives this script for long.
stop_at=$((genesis + epoch_seconds)) continue_at=$((genesis + 2 * epoch_seconds))
running=1
while [ $running -gt 0 ]; do
  now=$(date +%s)
  if [ "$now" -ge $continue_at ]; then
    kill -CONT "${device_pids[4]}"
  elif [ "$now" -ge $stop_at ]; then
    kill -STOP "${device_pids[4]}"
  fi
  running=0
  for pid in "${checker_pids[@]}"; do
    if kill -0 "$pid" 2>/dev/null; then running=$((running + 1)); fi
  done
  sleep 0.2
done
for slot in 1 2 3; do
  if ! wait "${checker_pids[$((slot - 1))]}"; then
    [ -e "checker-$slot/checker.log" ] && tail -n 5 "checker-$slot/checker.log" >&2
    fail "checker $slot failed, see above"
  fi
done

say "What the first checker measured, and signed as its reports"
cat checker-1/summary.txt
say "Verification of every log and report, from the files alone"
for slot in 1 2 3; do
  for log in checker-"$slot"/data/*.log; do
    printf '%s: ' "$log"
    # The liar's log is honest: its report is what does not follow from it.
    if "$audit" verify --log "$log" --report "${log%.log}.report.json" >"${log%.log}.verified.txt"; then
      tail -n 1 "${log%.log}.verified.txt"
    elif [ $slot -eq 3 ]; then
      echo "does not hold: the report is not what the log says (as was to be shown)"
    else
      cat "${log%.log}.verified.txt"
      fail "the report of checker $slot does not hold"
    fi
  done
done
for ((epoch = 0; epoch < epochs; epoch++)); do
  say "Epoch $epoch: every payment, recomputed from the chain"
  "$audit" settle --rpc "$rpc" --deployment deployment.json --epoch $epoch
  "$audit" settle --rpc "$rpc" --deployment deployment.json --epoch $epoch --json \
    >settlement-$epoch.json
done
say "The checkers, as their operators see them (their processes have ended, as it says)"
for slot in 1 2 3; do
  "$checker" status --config "checker-$slot/checker.yaml" || true
done
cat <<TEXT

logs and reports: $run_dir/checker-N/data
payments:         $run_dir/settlement-N.json
again:            ${audit#"$root"/} verify --log ${run_dir#"$root"/}/checker-1/data/epoch-0.log --report ${run_dir#"$root"/}/checker-1/data/epoch-0.report.json
TEXT
