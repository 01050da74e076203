#!/bin/sh
# cicd's pre-push hook. "cicd hooks uninstall" takes it away, and puts back what was here before.
program=@PROGRAM@
version=@VERSION@
pushed=$(cat)

# The hook that was here before comes first, and has the last word if it says no.
before=${0%/*}/pre-push.before-cicd
if [ -x "$before" ]; then
    printf '%s\n' "$pushed" | "$before" "$@" || exit
fi

case ${CICD_SKIP-} in
1 | all | true | yes)
    echo "cicd: CICD_SKIP leaves all checks out" >&2
    exit 0
    ;;
esac
[ -n "$pushed" ] || exit 0

# A receipt is named after all that it hangs on: trees, refs, settings, our version.
key= trees= refs=
newline='
'
receipts=${CICD_HOME:-.cicd}/receipts
while IFS= read -r line; do
    front=${line% * *}
    refs="$refs${line#"$front"}
"
    trees="$trees ${front##* }^{tree}"
done <<END
$pushed
END
# shellcheck disable=SC2086  # each is a word: digits, and what follows them
if [ -z "${CICD_NO_RECEIPT-}" ] && trees=$(git rev-parse $trees 2>/dev/null)
then
    key=$({
        printf '%s\n' "$trees" "$refs"
        cat "$version" "${CICD_HOME:-.cicd}/config.toml" \
            "${XDG_CONFIG_HOME:-${HOME-}/.config}/cicd/config.toml"
        set -f
        IFS=$newline
        for line in $(export -p); do
            case $line in *" CICD_"*) printf '%s\n' "$line" ;; esac
        done
    } 2>/dev/null | git hash-object --stdin)
    if [ -e "$receipts/$key" ] && [ -n "$(find "$receipts/$key" -mtime -30)" ]; then
        echo "cicd: this push has passed before" >&2
        exit 0
    fi
fi

if ! [ -x "$program" ] && ! program=$(command -v cicd); then
    echo "cicd is not installed any more: install it, or push with --no-verify" >&2
    exit 1
fi
printf '%s\n' "$pushed" | CICD_PUSH_RECEIPT=$key "$program" check --stdin --remote "${1-origin}"
