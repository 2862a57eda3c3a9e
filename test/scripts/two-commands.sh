#!/usr/bin/env bash
# The README's two commands as a new user runs them: a clone in an empty folder, an empty npm cache, and nothing on the
# PATH but the Node and npm that are told (any release from 20), git and the system's own programs.
#   test/scripts/two-commands.sh [NODE-BIN-FOLDER]
set -euo pipefail
source=$(cd "$(dirname "$0")/../.." && pwd)
node_bin=${1:-$(dirname "$(command -v node)")}
work=$(mktemp -d "${TMPDIR:-/tmp}/sealyard-two-commands-XXXXXX")
yard=
end() {
  if [ -n "$yard" ]; then kill "$yard" 2>/dev/null || true; wait "$yard" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap end EXIT
say() { printf '%s\n' "-- $*"; }

export PATH=$node_bin:/usr/bin:/bin npm_config_cache=$work/npm-cache
unset NODE_OPTIONS NODE_PATH SEALYARD_VECTORS CI
say "Node $(node --version), npm $(npm --version)"
git clone -q "$source" "$work/sealyard"
cd "$work/sealyard"

# ready: starts the yard on free ports and waits for the line that says so.
ready() {
  local from=$SECONDS
  npm start --silent -- --listen 127.0.0.1:0 --listen-plain 127.0.0.1:0 --json >"$work/ready" 2>"$work/said" &
  yard=$!
  until grep -q '"code":"SY-OK"' "$work/ready"; do
    kill -0 "$yard" 2>/dev/null || { cat "$work/ready" "$work/said"; exit 1; }
    sleep 0.1
  done
  say "npm start: ready after $((SECONDS - from)) s; set-up said: $(grep -c '^sealyard set-up' "$work/said" || true) lines"
}
stop() {
  kill "$yard"
  wait "$yard" || true
  yard=
}

ready
stop
ready
if grep -q '^sealyard set-up' "$work/said"; then say 'the second start did set-up work'; exit 1; fi
stop

say 'tour'
bin/sealyard tour --json >"$work/tour"
grep -q '"signed":{"allowed":true' "$work/tour" && grep -q '"unsigned":{"allowed":false' "$work/tour" || { cat "$work/tour"; exit 1; }

say 'npm test'
npm test --silent >"$work/test" 2>&1 || { tail -n 60 "$work/test"; exit 1; }
tail -n 1 "$work/test"
say "good after $SECONDS s"
