#!/bin/sh
# Run by faults_world_at_large.py, in network and mount namespaces of its own: an engine is
# killed in the middle of a build, and started anew. Status 3: no engine starts here.
set -u
scratch=$1 saved=$2 image=$3 python=$4
export DOCKER_HOST="unix://$scratch/engine.sock" HOME="$scratch"

engine() {
    rm -f "$scratch/engine.pid"
    dockerd --host "$DOCKER_HOST" --data-root "$scratch/data" --exec-root "$scratch/exec" \
        --pidfile "$scratch/engine.pid" --bridge=none --iptables=false \
        >>"$scratch/engine.log" 2>&1 &
    engine=$!
    waited=0
    until docker version >/dev/null 2>&1; do
        waited=$((waited + 1))
        if [ "$waited" -gt 60 ] || ! kill -0 "$engine" 2>/dev/null; then
            tail -n 3 "$scratch/engine.log"
            exit 3
        fi
        sleep 0.5
    done
}

finish() {
    kill "$engine" 2>/dev/null
    wait "$engine"
}

mkdir -p "$scratch/app"
cat >"$scratch/app/buildspec.yml" <<'SPEC'
version: 0.2
phases: {build: {commands: ["echo begun; sleep ${SECONDS_LONG:-0}; echo ended"]}}
SPEC
cd "$scratch/app" || exit 2
ip link set lo up 2>/dev/null
engine
docker load --quiet --input "$saved" || exit 3
"$python" -m cicd build --image "$image" --env SECONDS_LONG=60 >"$scratch/said" 2>&1 &
build=$!
waited=0
until grep -q '^begun' "$scratch/said"; do
    waited=$((waited + 1))
    if [ "$waited" -gt 120 ]; then
        cat "$scratch/said"
        finish
        exit 3
    fi
    sleep 0.5
done
finish
engine
wait "$build"
status=$?
cat "$scratch/said"
if [ "$status" != 1 ] && [ "$status" != 4 ]; then
    echo "the build ended with $status"
    finish
    exit 1
fi
"$python" -m cicd doctor --reap
"$python" -m cicd build --image "$image"
status=$?
finish
exit "$status"
