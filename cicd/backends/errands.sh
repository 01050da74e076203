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

case $1 in
list)
    cd "$2" 2>/dev/null || exit 3
    depth=$3
    set -- .
    [ -z "$depth" ] || set -- . -maxdepth "$depth"
    if find . -maxdepth 0 -printf '' 2>/dev/null; then
        find "$@" -ignore_readdir_race \( -type f -o -type l \) -printf '%m %s %P\0%l\0%Y\0'
    elif command -v find >/dev/null; then
        find "$@" \( -type f -o -type l \) -exec sh "$0" show {} +
    else
        walk . "$depth"
    fi
    ;;
show)
    shift
    show "$@"
    ;;
esac
