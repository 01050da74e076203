#!/bin/sh
# Makes two versions of a function and shifts its alias from the first to the second, in seconds,
# while it is invoked over and over.
set -eu
cd "$(dirname "$0")"
runtime="python$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])')"
make="--runtime $runtime --timeout 60"
port="${PORT:-4599}"
cicd function rm greet 2>/dev/null || true
cicd function rm check-greet 2>/dev/null || true
cicd function create greet $make --handler greet.handler --code src --publish
cicd function alias greet live --version 1
cicd function create check-greet $make --handler check.handler --code hooks
cicd function update greet --description "The second one" --env GREETING=Hi --publish
cicd serve --port "$port" >/dev/null &
server=$!
python3 load.py "http://127.0.0.1:$port" &
load=$!
trap 'kill "$load" "$server" 2>/dev/null' EXIT
cicd deploy --plan
cicd deploy --speed 60
cicd deploy report -o shift.html >/dev/null
cicd function invoke greet --qualifier live --payload '{"name": "Ada"}'
