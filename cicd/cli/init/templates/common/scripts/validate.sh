#!/bin/sh
# Is the new version there? Ask the service itself here, once it runs.
set -eu
test -n "$(ls "${CICD_INSTANCE_ROOT:-}/srv/@NAME@")"
