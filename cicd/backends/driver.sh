# The driver: one long-lived POSIX shell inside a session, fed with request lines on standard input.
#
#   run N         start command N of the files N.frame and N.script; they are counted from 1, and
#                 each runs once, however often it is asked for
#   errand NAME   start the one of our own in directory NAME: beside a command, and without a
#                 trace in the spool
#   kill N SIG    send SIG to the processes of command N
#   end           die; only where that is the death of all others too
#
# One shell reads the requests, one runs the commands, and one `cat` appends their output
# to the spool: a pipe, because `echo x > /dev/stdout` would truncate a plain file.
# Commands run in the foreground: shells start background ones with SIGINT ignored for ever.
# Behind the last byte of command N stands the mark "RS nonce N status LF".
# Every name here starts with _cicd_: the commands' own variables pass through these shells.
#
# Usage: sh driver.sh DIRECTORY NONCE                (in the scratch directory)
#        sh driver.sh DIRECTORY - NAME               (there, too: becomes the command in directory
#                                                    NAME, at the caller's own terminal)
#        sh driver.sh --lead PIDFILE COMMAND…        (only where there is no setsid)

if [ "$1" = --lead ]; then
    # bash and others give a background job a process group of its own under `set -m`;
    # dash without a terminal does not, but comes with setsid.
    _cicd_pid=$2
    shift 2
    set -m
    "$@" &
    echo $! >"$_cicd_pid"
    exec 2>/dev/null # or this shell would say "Killed" in the command's own output
    wait $!
    exit $?
fi

_cicd_io=$1
_cicd_nonce=$2
_cicd_entering=$3
_cicd_driver=$0
_cicd_scratch=$PWD
_cicd_path=$PATH
_cicd_setsid=$(command -v setsid)
_cicd_setpriv=$(command -v setpriv)

# What a command leaves has a name that begins with $_cicd_at; for an errand it is a directory.
_cicd_read_requests() {
    : >"$_cicd_io/ready"
    _cicd_last=0
    while read -r _cicd_verb _cicd_number _cicd_signal; do
        _cicd_at=$_cicd_io/$_cicd_number.
        case $_cicd_verb in
        run)
            if [ "$_cicd_number" -gt "$_cicd_last" ] && [ -e "${_cicd_at}frame" ]; then
                _cicd_last=$_cicd_number
                echo "$_cicd_number"
            fi
            ;;
        errand)
            _cicd_at=$_cicd_io/$_cicd_number/
            if [ -e "${_cicd_at}frame" ] && [ ! -e "${_cicd_at}started" ]; then
                : >"${_cicd_at}started"
                { (_cicd_start 2>&1) </dev/null; echo $? >"${_cicd_at}exit"; } &
            fi
            ;;
        kill) [ "$_cicd_number" -gt "$_cicd_last" ] || _cicd_kill "$_cicd_signal" & ;;
        end) kill -KILL $$ ;;
        esac
        jobs >/dev/null 2>&1 # collects those that have ended
    done
}

_cicd_run_commands() {
    exec 2>/dev/null # as above
    while read -r _cicd_number; do
        _cicd_at=$_cicd_io/$_cicd_number.
        (_cicd_start 2>&1) </dev/null
        _cicd_status=$?
        # Who was asked to end has ended when all of its processes have.
        while [ -e "${_cicd_at}signalled" ] && _cicd_lives "$(cat "${_cicd_at}pid")"; do
            sleep 0.05 || sleep 1
        done
        [ -s "${_cicd_at}pid" ] || : >"${_cicd_at}exit" # it never began
        printf '\036%s %s %s\n' "$_cicd_nonce" "$_cicd_number" "$_cicd_status"
    done
}

# Says whether process group $1 has a member that is more than a zombie.
_cicd_lives() {
    kill -0 "-$1" || return 1
    [ -e /proc/self/stat ] || return 0
    _cicd_group=$1
    for _cicd_stat in /proc/[0-9]*/stat; do
        read -r _cicd_line <"$_cicd_stat" || continue
        set -- ${_cicd_line##*) } # state, parent, group
        [ "$3" = "$_cicd_group" ] && [ "$1" != Z ] && return 0
    done
    return 1
}

# Becomes the command in $_cicd_at; in a subshell of its own.
_cicd_start() {
    _cicd_no=
    # Sets _cicd_shell and _cicd_user, exports the variables, changes the directory.
    . "${_cicd_at}frame"
    if [ -n "$_cicd_no" ]; then
        echo "cicd: $_cicd_no"
        exit 1
    elif ! command -v "$_cicd_shell" >/dev/null; then
        # A PATH of the command's own hides the programs that it names, not the shell that says so.
        _cicd_found=$(PATH=$_cicd_path; command -v "$_cicd_shell") || {
            echo "cicd: there is no shell '$_cicd_shell' here"
            exit 127
        }
        _cicd_shell=$_cicd_found
    fi
    if [ -z "$_cicd_user" ]; then
        _cicd_become "$_cicd_shell" "${_cicd_at}script"
    fi
    _cicd_find_user "$_cicd_user" || exit 1
    # setpriv keeps the environment and needs no configuration; busybox has only su.
    set -- "$_cicd_setpriv" --init-groups "--reuid=$_cicd_uid" "--regid=$_cicd_gid"
    if [ -n "$_cicd_setpriv" ] && "$@" true 2>/dev/null; then
        _cicd_become "$@" "$_cicd_shell" "${_cicd_at}script"
    fi
    set -- su -p -s /bin/sh "$_cicd_user" -c 'exec "$0" "$1"'
    _cicd_become "$@" "$_cicd_shell" "${_cicd_at}script"
}

# Goes on as the arguments, in a process group of their own.
_cicd_become() {
    [ -z "$_cicd_entering" ] || exec "$@" # a session of its own would cost it the terminal
    if [ -n "$_cicd_setsid" ] && IFS=" " read -r _cicd_pid _cicd_no </proc/self/stat; then
        echo "$_cicd_pid" >"${_cicd_at}pid"
        exec "$_cicd_setsid" "$@"
    fi
    exec sh "$_cicd_driver" --lead "${_cicd_at}pid" "$@"
}

# Finds user $1: sets _cicd_uid and _cicd_gid.
_cicd_find_user() {
    _cicd_uid=$(id -u "$1" 2>/dev/null) && _cicd_gid=$(id -g "$1") || {
        echo "cicd: there is no user '$1' here"
        return 1
    }
    # That user may open /dev/stdout, and leave things where the others do.
    [ -n "$_cicd_entering" ] || chmod 666 /proc/self/fd/1 2>/dev/null
    chmod 777 "$_cicd_scratch"
}

_cicd_kill() {
    : >"${_cicd_at}signalled"
    # A pid that is not written yet is a matter of milliseconds.
    until [ -s "${_cicd_at}pid" ]; do
        [ -e "${_cicd_at}exit" ] && return
    done
    _cicd_pid=$(cat "${_cicd_at}pid")
    # No "--" before the group: dash and busybox do not take it there.
    kill "-$1" "-$_cicd_pid" 2>/dev/null || kill "-$1" "$_cicd_pid" 2>/dev/null
}

if [ -n "$_cicd_entering" ]; then
    _cicd_at=$_cicd_io/$_cicd_entering/
    _cicd_start
fi

# Without its `cat` a command would wait for ever: then the session is over. Killing the first
# shell alone would leave the one that reads requests, and a driver that seems to live: group 0.
{ _cicd_read_requests 2>&1 | _cicd_run_commands; } | {
    cat >>"$_cicd_io/spool"
    kill -KILL $$ 0
}
