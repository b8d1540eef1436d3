#!/usr/bin/env bash
# Runs the program that it is called as, found further on in the search path, and counts: after the command whose number is in kill-after,
# the program that started it is killed, as by a power cut between two steps.
set -u
name=$(basename "$0")
PATH=${PATH#"$(dirname "$0"):"}
"$name" "$@"
code=$?
number=$(flock "$LONGSHORE_WORLD/steps.lock" sh -c 'n=$(($(cat "$1" 2>/dev/null || echo 0) + 1)); echo $n >"$1"; echo $n' sh "$LONGSHORE_WORLD/steps")
if [ "$number" = "$(cat "$LONGSHORE_WORLD/kill-after" 2>/dev/null)" ]; then kill -9 "$PPID"; fi
exit $code
