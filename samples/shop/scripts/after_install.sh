#!/bin/sh
# Checks that what was installed is whole before the old server's place is taken.
set -eu
cd "${CICD_INSTANCE_ROOT:-}/srv/shop"

PYTHONPATH=vendor python3 -c 'import shop.app, waitress'
echo "installed version $(cat VERSION)"
