#!/bin/sh
# Starts the server so that it goes on after this script.
set -eu
root="${CICD_INSTANCE_ROOT:-}"
cd "$root/srv/shop"

# The agent waits for open outputs: a server must not inherit them.
PYTHONPATH=vendor nohup python3 -m shop >>"$root/var/log/shop/shop.log" 2>&1 </dev/null &
echo $! >"$root/var/lib/shop/pid"
echo "started the server $! on port ${PORT:-8080}"
