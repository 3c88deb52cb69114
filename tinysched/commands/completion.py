"""Completion for bash and zsh: `eval "$(tinysched completion bash)"` in ~/.bashrc, alike for zsh.

The scripts are generated from the tables of options, so they know what the parser knows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tinysched.commands import console
from tinysched.commands.pages import PAGES, Page
from tinysched.errors import EXIT_DONE, UsageError
from tinysched.job.states import MEANINGS
from tinysched.script.grammar import Option
from tinysched.script.queries import VERBS
from tinysched.site import Site

DAEMON_VERBS = ("start", "stop", "restart", "status", "run", "reload")
CTL_VERBS = ("doctor", "why", "history", "backup", "restore")
AGENT_VERBS = ("status", "start", "stop", "restart", "enable", "disable")

# What the value of an option is, by the word that stands for it in help.
_KINDS = {
    "FILE": "file",
    "DIR": "directory",
    "USERS": "user",
    "STATES": "state",
    "IDS": "job",
    "MODE": "mode",
}
# What the words of a command are, where they are no options.
_WORDS = {
    "tsbatch": "file",
    "tscancel": "job",
    "tscontrol": "verb",
    "tsout": "job",
    "run_job": "command",
}


def main(site: Site, argv: list[str]) -> int:
    """Prints the script for a shell."""
    del site  # completion is the same everywhere
    shell = argv[0] if len(argv) == 1 else ""
    if shell not in SHELLS:
        raise UsageError(
            "cannot write a completion script: name one shell, bash or zsh",
            'put eval "$(tinysched completion bash)" into ~/.bashrc',
        )
    console.say(SHELLS[shell]().encode())
    return EXIT_DONE


def bash() -> str:
    """The script for bash 4 and later."""
    cases = "".join(_bash_case(name, page) for name, page in PAGES.items())
    names = " ".join([*(page.shown for page in PAGES.values()), "tsdaemon", "tsagent", "tsctl"])
    return _BASH.format(
        cases=cases,
        states=" ".join(MEANINGS),
        verbs=" ".join(VERBS),
        daemon=" ".join(DAEMON_VERBS),
        agent=" ".join(AGENT_VERBS),
        ctl=" ".join(CTL_VERBS),
        names=names,
    )


def zsh() -> str:
    """The script for zsh with its own completion system."""
    cases = "".join(_zsh_case(name, page) for name, page in PAGES.items())
    names = " ".join([*(page.shown for page in PAGES.values()), "tsdaemon", "tsagent", "tsctl"])
    return _ZSH.format(
        cases=cases,
        states=" ".join(MEANINGS),
        verbs=" ".join(VERBS),
        daemon=" ".join(DAEMON_VERBS),
        agent=" ".join(AGENT_VERBS),
        ctl=" ".join(CTL_VERBS),
        names=names,
    )


SHELLS: Mapping[str, Callable[[], str]] = {"bash": bash, "zsh": zsh}


def _kind(option: Option) -> str:
    return _KINDS.get(option.placeholder.strip("[]"), "nothing")


def _bash_case(name: str, page: Page) -> str:
    """What a command takes, as assignments in a branch of the script's `case`."""
    options = " ".join(
        f"--{option.name}{'=' if option.takes == 'value' else ''}" for option in page.options
    )
    kinds = " ".join(
        f"{word}:{_kind(option)}"
        for option in page.options
        if option.takes == "value"
        for word in (f"--{option.name}", f"-{option.short}" if option.short else "")
        if word
    )
    words = _WORDS.get(name, "nothing")
    return (
        f"        {page.shown})\n"
        f"            options='{options}'\n"
        f"            values='{kinds}'\n"
        f"            words={words} ;;\n"
    )


def _zsh_case(name: str, page: Page) -> str:
    specs = [_zsh_option(option) for option in page.options]
    words = _WORDS.get(name)
    if words:
        specs.append(f"'*:{words}:_tinysched_{words}'")
    body = " \\\n            ".join(specs)
    return f"        {page.shown})\n            _arguments -s -S {body} ;;\n"


def _zsh_option(option: Option) -> str:
    help_ = option.help
    for sign in ("\\", "[", "]", ":"):
        help_ = help_.replace(sign, f"\\{sign}")
    help_ = help_.replace("'", "'\\''")
    value = f":{option.placeholder}:_tinysched_{_kind(option)}" if option.placeholder else ""
    long_ = f"--{option.name}{'=' if option.placeholder else ''}"
    if not option.short:
        return f"'{long_}[{help_}]{value}'"
    short = f"-{option.short}{'+' if option.placeholder else ''}"
    both = f"(-{option.short} --{option.name})"
    return f"'{both}'{{{short},{long_}}}'[{help_}]{value}'"


_BASH = """\
# Completion of tinysched's commands for bash, generated from their options.

_tinysched_words() {{
    case $1 in
        file) compgen -f -- "$2" ;;
        directory) compgen -d -- "$2" ;;
        user) compgen -u -- "$2" ;;
        command) compgen -c -f -- "$2" ;;
        state) compgen -W '{states}' -- "$2" ;;
        mode) compgen -W 'append truncate' -- "$2" ;;
        verb) compgen -W '{verbs}' -- "$2" ;;
        daemon) compgen -W '{daemon}' -- "$2" ;;
        agent) compgen -W '{agent}' -- "$2" ;;
        ctl) compgen -W '{ctl}' -- "$2" ;;
        job) compgen -W "$(tsqueue --me --noheader 2>/dev/null | cut -d ' ' -f 1)" -- "$2" ;;
    esac
}}

_tinysched() {{
    local word=$2 before=$3 options='' values='' words='' value kind=''
    if [[ $word == = ]]; then
        word=''
        before=${{COMP_WORDS[COMP_CWORD-1]}}
    elif [[ $before == = ]]; then
        before=${{COMP_WORDS[COMP_CWORD-2]}}
    fi
    case ${{1##*/}} in
{cases}\
        tsdaemon)
            words=daemon ;;
        tsagent)
            words=agent ;;
        tsctl)
            words=ctl ;;
    esac
    for value in $values; do
        [[ ${{value%:*}} == "$before" ]] && kind=${{value##*:}}
    done
    if [[ $words == verb && $COMP_CWORD -gt 1 ]]; then
        words=job
        [[ $before == show ]] && kind=show
    fi
    if [[ $kind == show ]]; then
        mapfile -t COMPREPLY < <(compgen -W job -- "$word")
    elif [[ $kind ]]; then
        mapfile -t COMPREPLY < <(_tinysched_words "$kind" "$word")
    elif [[ $word == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
        [[ ${{COMPREPLY[0]}} == *= ]] && compopt -o nospace
    else
        mapfile -t COMPREPLY < <(_tinysched_words "$words" "$word")
        [[ $words == file || $words == command ]] && compopt -o filenames
    fi
}}

complete -F _tinysched {names}
"""

_ZSH = """\
#compdef {names}
# Completion of tinysched's commands for zsh, generated from their options.

_tinysched_file() {{ _files }}
_tinysched_directory() {{ _files -/ }}
_tinysched_user() {{ _users }}
_tinysched_command() {{ _command_names -e || _files }}
_tinysched_nothing() {{ _message 'value' }}
_tinysched_state() {{ compadd -- {states} }}
_tinysched_mode() {{ compadd -- append truncate }}
_tinysched_daemon() {{ compadd -- {daemon} }}
_tinysched_agent() {{ compadd -- {agent} }}
_tinysched_ctl() {{ compadd -- {ctl} }}
_tinysched_job() {{ compadd -- ${{(f)"$(tsqueue --me --noheader 2>/dev/null | cut -d ' ' -f 1)"}} }}
_tinysched_verb() {{
    if (( CURRENT == 2 )); then
        compadd -- {verbs}
    elif [[ $words[CURRENT-1] == show ]]; then
        compadd -- job
    else
        _tinysched_job
    fi
}}

_tinysched() {{
    case $service in
{cases}\
        tsdaemon)
            _arguments '*:verb:_tinysched_daemon' ;;
        tsagent)
            _arguments '*:verb:_tinysched_agent' ;;
        tsctl)
            _arguments '*:verb:_tinysched_ctl' ;;
    esac
}}

compdef _tinysched {names}
"""
