# shellcheck shell=sh
# Source this in ~/.bashrc or ~/.zshrc:
#
#     source @BIN_DIR@/tiny_sched_env.sh
#
# On the hosts named below, or under `hosts` in the queue's config.yaml, it puts the commands on
# PATH and lets sbatch, squeue and scancel mean this queue. On all other hosts (a login node of a
# real cluster with the same home directory) it does nothing. Written for bash and zsh.

# Hosts, separated by spaces, with or without their domain. TINY_SCHED_HOSTS set before wins.
: "${TINY_SCHED_HOSTS:=@HOST@}"

_tiny_sched_env() {
    _tse_bin='@BIN_DIR@'
    _tse_config="${TJS_ROOT:-@ROOT@}/config.yaml"
    _tse_host=$(uname -n)
    _tse_hosts=$TINY_SCHED_HOSTS
    if [ -r "$_tse_config" ]; then
        # hosts: [a, b]  or a list of lines "- a" below it
        _tse_hosts="$_tse_hosts $(sed -n '
            /^hosts[ ]*:/,/^[^ #-]/ {
                s/#.*//
                /^hosts[ ]*:/ { s/^hosts[ ]*://; s/[][,"'\'']/ /g; p; b
                }
                /^[ ]*-/ { s/^[ ]*-//; s/["'\'']//g; p
                }
            }' "$_tse_config" | tr '\n' ' ')"
    fi
    case " $_tse_hosts " in
        *" $_tse_host "* | *" ${_tse_host%%.*} "*) ;;
        *) return 0 ;;
    esac
    case ":$PATH:" in
        *":$_tse_bin:"*) ;;
        *) PATH="$PATH:$_tse_bin" ;;
    esac
    if [ -d "$_tse_bin/slurm" ]; then
        case ":$PATH:" in
            ":$_tse_bin/slurm:"*) ;;
            *) PATH="$_tse_bin/slurm:$PATH" ;;
        esac
    else
        # shellcheck disable=SC2139 # the path is to be fixed now
        alias sbatch="'$_tse_bin/tsbatch'" squeue="'$_tse_bin/tsqueue'" scancel="'$_tse_bin/tscancel'"
    fi
    export PATH
}

_tiny_sched_env
unset -f _tiny_sched_env
unset _tse_bin _tse_config _tse_host _tse_hosts
