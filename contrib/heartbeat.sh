#!/bin/sh
# Looks whether the dispatcher of a queue is alive on another host, and starts it if it is not.
#
#     heartbeat.sh [options] [USER@]HOST
#
#   -b DIR    where tsdaemon is on that host            (default: found on PATH there)
#   -r DIR    the queue's root, if not the installed one
#   -t SECS   longest time for each contact             (default 30)
#   -l FILE   log                                       (default ~/.tiny_sched_heartbeat.log)
#   -s SSH    the ssh program and its options           (default ssh)
#   -n        look only, start nothing
#   -v        log when all is well, too
#
# HOST `local` means this host, without ssh. For cron, as the queue's admin, with a key that needs
# no passphrase, on a machine that stays up:
#
#     */5 * * * *  /path/to/heartbeat.sh -b /shared/bin alice@bigbox
#
# Running jobs are never touched: they go on without a dispatcher, and a started one finds them.
# Exit code: 0 it runs (perhaps started now), 1 it could not be started, 2 wrong usage,
# 3 it does not run (with -n), 4 the host cannot be reached.
set -u

bin=''
root=''
longest=30
log="${HOME:-/tmp}/.tiny_sched_heartbeat.log"
ssh='ssh'
look_only=no
verbose=no

usage() {
    sed -n '2,/^set /{/^set /!{s/^# \{0,1\}//;p;};}' "$0" >&2
    exit 2
}

while getopts 'b:r:t:l:s:nv' option; do
    case $option in
        b) bin=$OPTARG ;;
        r) root=$OPTARG ;;
        t) longest=$OPTARG ;;
        l) log=$OPTARG ;;
        s) ssh=$OPTARG ;;
        n) look_only=yes ;;
        v) verbose=yes ;;
        *) usage ;;
    esac
done
shift $((OPTIND - 1))
[ $# -eq 1 ] || usage
host=$1
case $host in -* | '') usage ;; esac
case $longest in '' | *[!0-9]* | 0) usage ;; esac

say() {
    printf '%s %s %s\n' "$(date '+%Y-%m-%dT%H:%M:%S%z')" "$host" "$*" >>"$log"
}

quoted() {
    printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"
}

# One command on the host, within its time. What it says goes to $answer.
there() {
    command="${root:+TJS_ROOT=$(quoted "$root") }$(quoted "${bin:+$bin/}tsdaemon") $*"
    if [ "$host" = local ]; then
        answer=$(timeout -k 5 "$longest" sh -c "$command" </dev/null 2>&1 9>&-)
    else
        # shellcheck disable=SC2086 # $ssh is a program with its options
        answer=$(timeout -k 5 "$longest" $ssh -o BatchMode=yes -o ConnectTimeout="$longest" \
            "$host" "$command" </dev/null 2>&1 9>&-)
    fi
}

last_line() {
    printf '%s\n' "$answer" | sed -n '/./h; ${x; p;}'
}

# Two at once would start it twice; a hung one ends by itself, its contacts are bounded.
if command -v flock >/dev/null 2>&1; then
    exec 9>>"$log" || exit 1
    flock -n 9 || exit 0
fi

there status
case $? in
    0)
        [ "$verbose" = no ] || say 'runs'
        exit 0
        ;;
    3) ;;
    124 | 137)
        say "no answer within $longest s"
        exit 4
        ;;
    255)
        say "cannot be reached: $(last_line)"
        exit 4
        ;;
    *)
        say "cannot ask: $(last_line)"
        exit 1
        ;;
esac

if [ "$look_only" = yes ]; then
    say 'does not run'
    exit 3
fi

say 'does not run; starting it'
there start --supervised
code=$?
if [ $code -eq 0 ] && there status; then
    say "started: $(printf '%s\n' "$answer" | sed -n 's/^pid: */pid /p')"
    exit 0
fi
say "cannot be started (exit code $code): $(last_line)"
exit 1
