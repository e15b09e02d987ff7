# Child processes of the quickstart; sourced. Every child dies with the script: by the trap on a normal
# or interrupted end, and by the parent death signal should the script itself be killed.
children=()
spawn() { setpriv --pdeathsig KILL -- "$@" & children+=($!); }

stop_children() {
  trap - EXIT INT TERM HUP
  for pid in "${children[@]}"; do
    kill -CONT "$pid" 2>/dev/null || true
    kill -TERM "$pid" 2>/dev/null || true
  done
  for _ in $(seq 30); do
    kill -0 "${children[@]}" 2>/dev/null || break
    sleep 0.1
  done
  for pid in "${children[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
}
trap stop_children EXIT
trap 'echo; echo "interrupted"; exit 130' INT
trap 'exit 143' TERM HUP

say() { printf '\n== %s\n' "$*"; }
fail() { echo "deploy/quickstart: $*" >&2; exit 1; }

# free_ports N: N ports of loopback that nobody listens on, one a line.
free_ports() {
  python3 -c '
import socket, sys
taken = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in taken: s.bind(("127.0.0.1", 0))
for s in taken: print(s.getsockname()[1])' "$1"
}
