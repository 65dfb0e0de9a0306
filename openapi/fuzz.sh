#!/usr/bin/env bash
# Sends what the document allows, and what it does not, to a server with the demo, and looks whether every answer is one
# that the document describes: Schemathesis, with the settings in schemathesis.toml. Takes four minutes.
# Needs target/debug/karya (`cargo build`). What was sent is in target/fuzz.
set -euo pipefail
cd "$(dirname "$0")/.."
openapi/tools/install.sh
root=$PWD
karya=${KARYA:-$root/target/debug/karya}
out=$root/target/fuzz
scratch=$(mktemp -d)
chmod 755 "$scratch"
server=
cleanup() {
    [ -z "$server" ] || { kill -INT "$server" && wait "$server"; } || true
    (cd "$scratch" && "$karya" db stop >/dev/null 2>&1) || true
    rm -rf "$scratch"
}
trap cleanup EXIT

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
api=http://127.0.0.1:$port
plenty=10000000
(
    cd "$scratch"
    exec "$karya" dev --yes --json --set "server.bind=127.0.0.1:$port" --set "rate_limit.general_per_minute=$plenty" \
        --set "rate_limit.credentials_per_minute=$plenty" >dev.json 2>dev.log
) &
server=$!
for _ in $(seq 240); do
    curl --silent --fail --output /dev/null "$api/readyz" && [ -s "$scratch/dev.json" ] && break
    sleep 0.5
done

python=target/openapi-tools/python/bin
mkdir -p "$out"
things=$("$python/python" openapi/fuzz.py prepare "$api" "$(head -1 "$scratch/dev.json")" openapi/karya.json "$out/karya.json")
eval "$things"
rc=0
# Beside its own files, which it keeps where it runs.
(
    cd "$out"
    "$root/$python/schemathesis" --config-file "$root/openapi/schemathesis.toml" run karya.json \
        --url "$api" --no-color --warnings off --report json --report-json-path report.json >log 2>&1
) || rc=$?
"$python/python" openapi/fuzz.py summary "$out/report.json"
if [ "$rc" != 0 ]; then
    # Its errors quote whole programs.
    cut -c1-300 "$out/log" | tail -200 >&2
    exit "$rc"
fi
if grep -q panicked "$scratch/dev.log"; then
    grep panicked "$scratch/dev.log" >&2
    exit 1
fi
