#!/bin/sh
# Ends the server, if one runs here, and waits until it is gone.
set -eu
state="${CICD_INSTANCE_ROOT:-}/var/lib/shop"

command_of() {
    if [ -r "/proc/$1/cmdline" ]; then
        tr '\0' ' ' <"/proc/$1/cmdline"
    else
        ps -p "$1" -o command= || true
    fi
}

[ -f "$state/pid" ] || exit 0
pid=$(cat "$state/pid")
case $(command_of "$pid") in
*"-m shop"*) ;;
*) rm -f "$state/pid"; exit 0 ;; # the number belongs to somebody else by now
esac

kill "$pid" 2>/dev/null || true
tries=0
while kill -0 "$pid" 2>/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -ne 50 ] || kill -9 "$pid" 2>/dev/null || true
    [ "$tries" -lt 100 ] || { echo "the server $pid does not end"; exit 1; }
    sleep 0.1
done
rm -f "$state/pid"
echo "stopped the server $pid"
