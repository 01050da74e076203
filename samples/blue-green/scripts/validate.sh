#!/bin/sh
# Waits until the site answers, for at most ten seconds.
set -eu
for _ in 1 2 3 4 5 6 7 8 9 10; do
    python3 -c "from urllib.request import urlopen; urlopen('http://127.0.0.1:$PORT/')" 2>/dev/null && exit 0
    sleep 1
done
exit 1
