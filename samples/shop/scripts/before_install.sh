#!/bin/sh
# Checks what the application needs of its instance, and makes its folders.
set -eu
root="${CICD_INSTANCE_ROOT:-}"

python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' || {
    echo "the shop needs Python 3.9 or newer"
    exit 1
}
mkdir -p "$root/var/lib/shop" "$root/var/log/shop"
