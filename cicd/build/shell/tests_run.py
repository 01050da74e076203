"""``codebuild-tests-run``: this shard's part of the test files, and the command that runs them."""

from __future__ import annotations

TESTS_RUN = r"""#!/bin/sh
usage() {
echo 'usage: codebuild-tests-run --test-command COMMAND --files-search COMMAND' \
'[--sharding-strategy equal-distribution|stability]' >&2
exit 2
}
test_command= files_search= strategy=equal-distribution
while [ $# -gt 0 ]; do
case $1 in
--*=*) name=${1%%=*} value=${1#*=}; shift ;;
*) [ $# -gt 1 ] || usage; name=$1 value=$2; shift 2 ;;
esac
case $name in
--test-command) test_command=$value ;;
--files-search) files_search=$value ;;
--sharding-strategy) strategy=$value ;;
*) usage ;;
esac
done
[ -n "$test_command" ] && [ -n "$files_search" ] || usage
shard=${CICD_FANOUT_SHARD:-1} shards=${CICD_FANOUT_PARALLELISM:-1}
found=$(sh -c "$files_search") || exit
files=$(printf '%s\n' "$found" | sed '/^$/d' | LC_ALL=C sort -u)
count=$(printf '%s' "$files" | sed -n '$=')
count=${count:-0}
case $strategy in
equal-distribution)
size=$((count / shards)) more=$((count % shards)) before=$((shard - 1))
first=$((before * size + (before < more ? before : more) + 1))
last=$((first + size + (before < more ? 1 : 0) - 1))
mine=
[ "$last" -lt "$first" ] || mine=$(printf '%s\n' "$files" | sed -n "${first},${last}p")
;;
stability)
# A jump hash of the name: who is added moves nobody else, a shard more moves its own share.
mine=$(printf '%s\n' "$files" | while IFS= read -r file; do
key=$((0x$(printf '%s' "$file" | sha256sum | cut -c 1-7))) bucket=0 next=0
while [ "$next" -lt "$shards" ]; do
bucket=$next key=$(((key * 1103515245 + 12345) & 2147483647))
next=$(((bucket + 1) * 2147483648 / (key + 1)))
done
[ $((bucket + 1)) -ne "$shard" ] || printf '%s\n' "$file"
done)
;;
*) usage ;;
esac
if [ -z "$mine" ]; then
echo "Shard $shard of $shards has no test files"
exit 0
fi
CODEBUILD_CURRENT_SHARD_FILES=$mine
export CODEBUILD_CURRENT_SHARD_FILES
case $test_command in
*CODEBUILD_CURRENT_SHARD_FILES*) ;;
*)
listed=$(printf '%s\n' "$mine" | sed "s/'/'\\\\''/g; s/.*/'&'/" | tr '\n' ' ')
test_command="$test_command $listed"
;;
esac
exec sh -c "$test_command"
"""
"""
POSIX script, for which busybox is enough; see ``SHELL_COMMANDS``.

Files are appended to the test command unless it reads CODEBUILD_CURRENT_SHARD_FILES itself.
Outside a fan-out there is one shard with all files, and a shard without files succeeds; the
guide says none of the three.
Source: user guide, "Use the codebuild-tests-run CLI command", "About test splitting".
"""
