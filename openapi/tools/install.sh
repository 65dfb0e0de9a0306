#!/usr/bin/env bash
# Installs what looks at the document and generates clients, in the versions named beside this file, into
# target/openapi-tools. Does nothing if they are there.
set -euo pipefail
cd "$(dirname "$0")/../.."
tools=target/openapi-tools

need() { # command, package that has it
    command -v "$1" >/dev/null && return
    [ "$(id -u)" = 0 ] || { echo "please install $2, for $1" >&2; exit 1; }
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$2" >/dev/null
}
need npm npm
need python3 python3-venv
need java default-jre-headless

if ! cmp -s openapi/tools/package-lock.json "$tools/installed-lock.json"; then
    mkdir -p "$tools"
    cp openapi/tools/package.json openapi/tools/package-lock.json "$tools/"
    (cd "$tools" && npm ci --ignore-scripts --no-audit --no-fund --silent)
    cp openapi/tools/package-lock.json "$tools/installed-lock.json"
fi
if ! cmp -s openapi/tools/requirements.txt "$tools/installed-requirements.txt"; then
    python3 -m venv "$tools/python"
    "$tools/python/bin/pip" install --quiet --disable-pip-version-check -r openapi/tools/requirements.txt
    cp openapi/tools/requirements.txt "$tools/installed-requirements.txt"
fi
