#!/bin/sh
set -eu
root="${CICD_INSTANCE_ROOT:-}"
cd "$root/srv/site"
python3 -m http.server --bind 127.0.0.1 "$PORT" >/dev/null 2>&1 </dev/null &
echo $! >"$root/srv/site.pid"
