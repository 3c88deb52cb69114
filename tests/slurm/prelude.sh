# What the steps of a recorded case may call. Only squeue and sacct are used.

# again SECONDS COMMAND...: until the command succeeds.
again() {
    local left=$(($1 * 5))
    shift
    until "$@"; do
        left=$((left - 1))
        [ "$left" -gt 0 ] || return 1
        sleep 0.2
    done
}

gone() { [ -z "$(squeue -h -j "$1" -o %i 2>/dev/null)" ]; }
says() { squeue -h $1 -t all -j "$2" -o "$3" 2>/dev/null | grep -qx -- "$4"; }
holds() { [ -e "$1" ] && grep -q -- "$2" "$1" 2>/dev/null; }
prints() {
    local wanted=$1
    shift
    "$@" 2>&1 | grep -Eq -- "$wanted"
}
accounted() {
    local lines
    lines=$(sacct -n -X -P -j "$1" -o partition,state 2>/dev/null) && [ -n "$lines" ] &&
        ! grep -Eqv '^[^|]+[|](COMPLETED|FAILED|CANCELLED|TIMEOUT|OUT_OF_MEMORY|NODE_FAIL)' <<<"$lines"
}
late() {
    echo "$1: timed out" >&2
    return 1
}

# jwait ID [SECONDS]: until it has left the queue.
jwait() { again "${2:-60}" gone "$1" || late jwait; }

# jstate ID STATE [SECONDS]: until a line of it is in this state.
jstate() { again "${3:-60}" says -r "$1" %T "$2" || late jstate; }

# jreason ID REASON [SECONDS]: until it waits for this reason.
jreason() { again "${3:-60}" says "" "$1" %r "$2" || late jreason; }

# fwait FILE [TEXT [SECONDS]]: until the file is there, and holds the text.
fwait() { again "${3:-60}" holds "$1" "${2:-}" || late fwait; }

# until_out REGEX COMMAND...: until the command prints a match.
until_out() { again 30 prints "$@" || late until_out; }

# acctwait ID...: until accounting knows how each ended.
acctwait() {
    local id
    for id; do
        again 30 accounted "$id" || late acctwait || return
    done
}
