# What is asked about, and done with, the files inside a session, by whatever its image has.
# POSIX sh with cp and stat is enough; find makes it fast.
#
# Usage: sh errands.sh list DIRECTORY [N]  "mode size path NUL link NUL kind NUL" for each file, in
#                                          any order; kind f or d: it is a file or directory, or a
#                                          link to one; N: no deeper than so many components
#        sh errands.sh show PATH…          the same for these

show() {
    stat -c '%a %s' "$@" | for path; do
        IFS=' ' read -r mode size
        link=
        leads=f
        [ -L "$path" ] && link=$(readlink "$path")
        [ -f "$path" ] || [ -d "$path" ] || leads=N
        printf '%s %s %s\0%s\0%s\0' "$mode" "$size" "${path#./}" "$link" "$leads"
    done
}

# Needs no find: one look at a directory at a time.
walk() {
    for path in "$1"/* "$1"/.[!.]* "$1"/..?*; do
        if [ "$2" != 1 ] && [ ! -L "$path" ] && [ -d "$path" ]; then
            (walk "$path" "${2:+$(($2 - 1))}")
        fi
    done
    from=$1
    set --
    for path in "$from"/* "$from"/.[!.]* "$from"/..?*; do
        if [ -L "$path" ] || [ -f "$path" ]; then
            set -- "$@" "$path"
        fi
    done
    [ $# -eq 0 ] || show "$@"
}

# What goes while find looks is not there, and no reason to fail: git tidies up behind our back.
only_gone() {
    rest=$(printf '%s\n' "$1" | while IFS= read -r line; do
        case $line in
        *': No such file or directory') ;;
        *) printf '%s\n' "$line" ;;
        esac
    done)
    [ -z "$rest" ] && return
    printf '%s\n' "$rest" >&2
    return 1
}

case $1 in
list)
    cd "$2" 2>/dev/null || exit 3
    depth=$3
    set -- .
    [ -z "$depth" ] || set -- . -maxdepth "$depth"
    exec 3>&1
    if find . -maxdepth 0 -printf '' 2>/dev/null; then
        said=$(LC_ALL=C find "$@" -ignore_readdir_race \( -type f -o -type l \) \
            -printf '%m %s %P\0%l\0%Y\0' 2>&1 >&3) || only_gone "$said"
    elif command -v find >/dev/null; then
        said=$(LC_ALL=C find "$@" \( -type f -o -type l \) -exec sh "$0" show {} + 2>&1 >&3) ||
            only_gone "$said"
    else
        walk . "$depth"
    fi
    ;;
show)
    shift
    show "$@"
    ;;
esac
