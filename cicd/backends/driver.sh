# The driver: one long-lived POSIX shell inside a session, fed with request lines on standard input.
#
#   run N         start the command in directory N (once, however often it is asked for)
#   errand N      the same for one of our own: beside a command, and without a trace in the spool
#   kill N SIG    send SIG to the processes of command N
#
# One shell reads the requests, one runs the commands, and one `cat` appends their output
# to the spool: a pipe, because `echo x > /dev/stdout` would truncate a plain file.
# Commands run in the foreground: shells start background ones with SIGINT ignored for ever.
# Behind the last byte of command N stands the mark "RS nonce N status LF".
# Every name here starts with _cicd_: the commands' own variables pass through these shells.
#
# Usage: sh driver.sh DIRECTORY NONCE                (in the scratch directory)
#        sh driver.sh --lead PIDFILE COMMAND…        (only where there is no setsid)

if [ "$1" = --lead ]; then
    # bash and others give a background job a process group of its own under `set -m`;
    # dash without a terminal does not, but comes with setsid.
    _cicd_pid=$2
    shift 2
    set -m
    "$@" 2>&1 &
    echo $! >"$_cicd_pid"
    wait $!
    exit $?
fi

_cicd_io=$1
_cicd_nonce=$2
_cicd_driver=$0
_cicd_scratch=$PWD
_cicd_setsid=$(command -v setsid)
_cicd_setpriv=$(command -v setpriv)

_cicd_read_requests() {
    : >"$_cicd_io/ready"
    while read -r _cicd_verb _cicd_number _cicd_signal; do
        _cicd_at=$_cicd_io/$_cicd_number
        if [ -e "$_cicd_at/frame" ] && [ ! -e "$_cicd_at/started" ]; then
            case $_cicd_verb in
            run)
                : >"$_cicd_at/started"
                echo "$_cicd_number"
                ;;
            errand)
                : >"$_cicd_at/started"
                _cicd_supervise "$_cicd_number" &
                ;;
            esac
        elif [ "$_cicd_verb" = kill ] && [ -e "$_cicd_at/started" ]; then
            _cicd_kill "$_cicd_signal" &
        fi
        jobs >/dev/null 2>&1 # collects those that have ended
    done
}

_cicd_run_commands() {
    while read -r _cicd_number; do
        (_cicd_supervise "$_cicd_number" </dev/null)
        read -r _cicd_status <"$_cicd_io/$_cicd_number/exit"
        printf '\036%s %s %s\n' "$_cicd_nonce" "$_cicd_number" "$_cicd_status"
    done
}

_cicd_supervise() {
    _cicd_at=$_cicd_io/$1
    _cicd_no=
    # Sets _cicd_shell and _cicd_user, exports the variables, changes the directory.
    . "$_cicd_at/frame"
    _cicd_status=1
    if [ -n "$_cicd_no" ]; then
        echo "cicd: $_cicd_no"
    elif ! command -v "$_cicd_shell" >/dev/null; then
        echo "cicd: there is no shell '$_cicd_shell' here"
        _cicd_status=127
    elif [ -z "$_cicd_user" ]; then
        _cicd_launch "$_cicd_shell" "$_cicd_at/script"
    # setpriv keeps the environment and needs no configuration; busybox has only su.
    elif _cicd_find_user "$_cicd_user"; then
        if [ -n "$_cicd_setpriv" ] && "$_cicd_setpriv" --init-groups --reuid="$_cicd_uid" \
            --regid="$_cicd_gid" true 2>/dev/null; then
            _cicd_launch "$_cicd_setpriv" --init-groups --reuid="$_cicd_uid" \
                --regid="$_cicd_gid" "$_cicd_shell" "$_cicd_at/script"
        else
            _cicd_launch su -p -s /bin/sh "$_cicd_user" -c 'exec "$0" "$1"' \
                "$_cicd_shell" "$_cicd_at/script"
        fi
    fi
    echo "$_cicd_status" >"$_cicd_at/exit"
}

# Finds user $1: sets _cicd_uid and _cicd_gid.
_cicd_find_user() {
    _cicd_uid=$(id -u "$1" 2>/dev/null) && _cicd_gid=$(id -g "$1") || {
        echo "cicd: there is no user '$1' here"
        return 1
    }
    # That user may open /dev/stdout, and leave things where the others do.
    chmod 666 /proc/self/fd/1 2>/dev/null
    chmod 777 "$_cicd_scratch"
}

# Runs the arguments in a process group of their own; sets _cicd_status.
_cicd_launch() {
    if [ -n "$_cicd_setsid" ]; then
        set -- "$_cicd_setsid" sh -c 'echo $$ >"$0"; exec "$@" 2>&1' "$_cicd_at/pid" "$@"
    else
        set -- sh "$_cicd_driver" --lead "$_cicd_at/pid" "$@"
    fi
    exec 2>/dev/null # or this shell would say "Killed" in the command's own output
    "$@" </dev/null
    _cicd_status=$?
    # Who was asked to end has ended when all of its processes have.
    while [ -e "$_cicd_at/signalled" ] && kill -0 "-$(cat "$_cicd_at/pid")"; do
        sleep 0.05 || sleep 1
    done
}

_cicd_kill() {
    : >"$_cicd_at/signalled"
    # A pid that is not written yet is a matter of milliseconds.
    until [ -s "$_cicd_at/pid" ]; do
        [ -e "$_cicd_at/exit" ] && return
    done
    _cicd_pid=$(cat "$_cicd_at/pid")
    # No "--" before the group: dash and busybox do not take it there.
    kill "-$1" "-$_cicd_pid" 2>/dev/null || kill "-$1" "$_cicd_pid" 2>/dev/null
}

# Without its `cat` a command would wait for ever: then the session is over.
{ _cicd_read_requests 2>&1 | _cicd_run_commands 2>&1; } | {
    cat >>"$_cicd_io/spool"
    kill -KILL $$
}
