"""The jobs that are run: small scripts, alike for every system."""

from __future__ import annotations

from pathlib import Path

# How long a job sleeps that only is to be there; a number by which it is known.
LONG_S = 86397
# So many jobs end after a recovery; the others wait, so that the queue stands still.
PASSING = 60

_TEXTS = {
    "noop": "#!/bin/sh\nexit 0\n",
    "long": f"#!/bin/sh\nexec sleep {LONG_S}\n",
    # the first line that a job runs says when
    "stamp": '#!/bin/bash\necho "$EPOCHREALTIME" > @/stamp.fifo\n',
    "gate": "#!/bin/bash\nread -r _ < @/gate.fifo\n",
    "link": """\
#!/bin/bash
echo "S $EPOCHREALTIME" >> @/chain.log
echo "E $EPOCHREALTIME" >> @/chain.log
""",
    # 50 processes, 1 + 7 x (1 + 6), that hold descriptor 9 open until they are gone
    "tree": f"""\
#!/bin/bash
exec 9> @/tree.fifo
echo up >&9
for i in 1 2 3 4 5 6 7; do
    (echo up >&9; for j in 1 2 3 4 5 6; do (echo up >&9; exec sleep {LONG_S}) & done; wait) &
done
wait
""",
    # 9 processes that try to get away: 3 plain ones, 3 in sessions of their own, 3 daemons
    "escape": f"""\
#!/bin/bash
exec 9> @/tree.fifo
for i in 1 2 3; do sleep {LONG_S} & done
for i in 1 2 3; do setsid sleep {LONG_S} & done
for i in 1 2 3; do (setsid sleep {LONG_S} </dev/null >/dev/null 2>&1 &) ; done
sleep 0.2
echo up >&9
wait
""",
    # recovery: $1 is the job's number
    "waiting": f"""\
#!/bin/bash
echo "S $1 $EPOCHREALTIME" >> @/recovery.log
if [ "$1" -gt {PASSING} ]; then read -r _ < @/stuck.fifo; fi
echo "E $1" >> @/recovery.log
""",
    "running": """\
#!/bin/bash
echo "R $1 $$" >> @/recovery.log
read -r _ < @/release.$1.fifo
exit 7
""",
}


def write(folder: Path) -> dict[str, str]:
    """Makes them where their fifos and logs are too; answers their paths by their names."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o777)
    found = {}
    for name, text in _TEXTS.items():
        path = folder / f"{name}.sh"
        path.write_text(text.replace("@", str(folder)))
        path.chmod(0o755)
        found[name] = str(path)
    return found
