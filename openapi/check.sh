#!/usr/bin/env bash
# Everything that must hold for openapi/karya.json and karya-3.0.json: two linters, and clients in four languages.
set -euo pipefail
cd "$(dirname "$0")/.."
openapi/tools/install.sh
tools=target/openapi-tools/node_modules/.bin

# Warnings are errors. Redocly's log is shown only then, for it has more to say of Node's age than of the document.
log=target/openapi-tools/redocly.log
if ! REDOCLY_TELEMETRY=off "$tools/redocly" lint openapi/karya.json openapi/karya-3.0.json --config openapi/redocly.yaml \
    >"$log" 2>&1; then
    cat "$log" >&2
    exit 1
fi
"$tools/spectral" lint openapi/karya.json openapi/karya-3.0.json --ruleset openapi/.spectral.yaml --fail-severity warn --quiet
echo "linters: nothing to say"
openapi/clients/generate.sh
