#!/bin/sh
set -eu
pid="${CICD_INSTANCE_ROOT:-}/srv/site.pid"
[ -f "$pid" ] || exit 0
kill "$(cat "$pid")" 2>/dev/null || true
rm -f "$pid"
