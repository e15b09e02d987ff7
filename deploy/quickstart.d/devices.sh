# The five devices of the quickstart, numbered from 1; sourced.

# Honest claims are a share of what each thread count measures here, alone: all processes of the
# quickstart share the machine's cores. Sets threads and claims (operations per second) by device.
measure_claims() {
  local share=$1 n=1024 rounds=4 one two
  rate() { "$provider" measure --n $n --rounds $rounds --threads "$1" --times 20 --json |
    sed -n 's/.*"ops_per_second": *\([0-9]*\).*/\1/p'; }
  one=$(rate 1)
  two=$(rate 2)
  threads=(0 1 2 1 1 1)
  claims=(0 $((one / share)) $((two / share)) $((one / share)) $((one / share)) $((one * 3)))
  printf '1 thread: %d Gop/s measured, %d claimed; 2 threads: %d measured, %d claimed\n' \
    $((one / 1000000000)) $((claims[1] / 1000000000)) $((two / 1000000000)) $((claims[2] / 1000000000))
}

# Claimed rate of every device's line, and what each checker may fill of the loopback; bit/s.
line_rate=200000000
loopback_rate=4000000000

# value FILE KEY: a scalar of what `keys new` printed.
value() { sed -n "s/^[- ]*$2: *\"\{0,1\}\([^\"]*\)\"\{0,1\} *$/\1/p" "$1" | head -n 1; }

# endpoint DEVICE: where a provider listens, once it does.
endpoint() {
  for _ in $(seq 100); do
    address=$(sed -n 's/^listening on \(.*\)$/\1/p' "device-$1.out" | head -n 1)
    [ -n "$address" ] && { echo "$address"; return; }
    sleep 0.1
  done
  echo "deploy/quickstart: provider $1 did not start:" >&2
  tail -n 5 "device-$1.log" >&2
  return 1
}
