# One checker on a roster file: no chain, the report stays a file. Sourced.

say "Keys, in $run_dir"
umask 077
head -c 24 /dev/urandom | base64 >password
chain_id=31337
"$checker" keys new --out checker --password-file password --light --first-epoch 0 \
  --chain-length 1024 >slot.yaml
for id in 1 2 3 4 5; do
  "$provider" keys new --out "device-$id" --password-file password --light >"device-$id.yaml"
done
slot_address=$(value slot.yaml address)
slot_pin=$(value slot.yaml tls_pin)
slot_anchor=$(value slot.yaml anchor)

say "Honest claims: half of what each thread count measures here (six processes share the cores)"
measure_claims 2
names=("" "honest, 1 thread" "honest, 2 threads" "skips 10 % of its products"
  "stopped for a third of the epoch" "claims three times its rate")

# Paths in a config are seen from its own folder.
provider_config() {
  cat <<YAML
chain_id: $chain_id
contract: "0x0000000000000000000000000000000000000000"
listen: 127.0.0.1:0
tls_key: tls.pem
threads: ${threads[$1]}
state_memory_bytes: 268435456
devices:
  - {id: $1, class: cpu, keystore: keystore.json, password: ../password}
slots:
  - {id: 0, address: "$slot_address", tls_pin: "$slot_pin"}
bandwidth: {ports: ${ports[$1]}}
rate_limit: {matmul_per_minute: 120, latency_per_minute: 600, bandwidth_per_minute: 60, burst: 60}
monitor: {listen: "127.0.0.1:0"}
log_level: info
YAML
}

say "Five providers"
mapfile -t ports < <(free_ports 6)  # of the bandwidth tests
for id in 1 2 3 4 5; do
  if [ $id -eq 3 ]; then
    spawn "$scripted" --listen 127.0.0.1:0 --tls device-3/tls.pem --device 3 \
      --keystore device-3/keystore.json --password password --chain-id $chain_id \
      --cheat skip-products=10 >"device-$id.out" 2>"device-$id.log"
  else
    provider_config $id >"device-$id/provider.yaml"
    spawn "$provider" run --config "device-$id/provider.yaml" >"device-$id.out" 2>"device-$id.log"
  fi
done
genesis_ms=$(($(date +%s%3N) + 1000))
{
  cat <<YAML
network: {chain_id: $chain_id, genesis_ms: $genesis_ms, epoch_seconds: $epoch_seconds}
muster: false
slots:
  - {id: 0, address: "$slot_address", tls_pin: "$slot_pin", anchor: "$slot_anchor", anchor_epoch: 0}
devices:
YAML
  for id in 1 2 3 4 5; do
    address=$(endpoint $id)
    cat <<YAML
  - id: $id
    name: "${names[$id]}"
    owner: "0x$(printf '%040x' $((4096 + id)))"
    key: "$(value "device-$id.yaml" address)"
    tls_pin: "$(value "device-$id.yaml" tls_pin)"
    endpoint: "$address"
    class: cpu
    region: loopback
    phase: STANDBY
    ops_per_second: ${claims[$id]}
    down_bits_per_second: $line_rate
    up_bits_per_second: $line_rate
YAML
  done
} >roster.yaml
cp "$root/deploy/quickstart-policy.yaml" policy.yaml
cat >checker.yaml <<YAML
slot: 0
data_dir: data
roster: roster.yaml
policy: policy.yaml
keystore: checker/keystore.json
password: password
tls_key: checker/tls.pem
hash_chain: checker/hash_chain.json
connection: {out_bits_per_second: $loopback_rate, in_bits_per_second: $loopback_rate}
monitor: {listen: "127.0.0.1:0"}
YAML
"$checker" init-signatures --config checker.yaml

say "One epoch of $epoch_seconds s"
# Without a terminal the checker writes a line an event; they go to a file.
if [ "$progress" = auto ] && ! [ -t 2 ]; then
  echo "events: $run_dir/checker.log"
  spawn "$checker" run --config checker.yaml --epochs 1 2>checker.log
else
  spawn "$checker" run --config checker.yaml --epochs 1 --progress "$progress"
fi
checker_pid=$!
# Device 4 is stopped for the middle third. Short sleeps: nothing outlives this script for long.
started=$SECONDS
stopped=no
while kill -0 "$checker_pid" 2>/dev/null; do
  elapsed=$((SECONDS - started))
  if [ $stopped = no ] && [ $elapsed -ge $((epoch_seconds / 3)) ]; then
    kill -STOP "${children[3]}"
    stopped=yes
  elif [ $stopped = yes ] && [ $elapsed -ge $((epoch_seconds * 2 / 3)) ]; then
    kill -CONT "${children[3]}"
    stopped=over
  fi
  sleep 0.2
done
if ! wait "$checker_pid"; then
  [ -e checker.log ] && tail -n 5 checker.log >&2
  fail "the checker failed, see above"
fi

log=$(ls data/*.log)
report=$(ls data/*.report.json)
say "Verification from the two files alone"
"$audit" verify --log "$log" --report "$report"
cat <<TEXT

log:    $run_dir/$log
report: $run_dir/$report
again:  ${audit#"$root"/} verify --log ${run_dir#"$root"/}/$log --report ${run_dir#"$root"/}/$report
TEXT
