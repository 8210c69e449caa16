#!/usr/bin/env bash
# Generates every prompt of prompts.txt and prints what YAMNet hears in it, as a Markdown table.
#
#     label_table.sh STRAIGHTSHOT OUT_DIR [STEPS] [SECONDS] [GUIDANCE]
#
# Seed 1, built-in model; run it at the top of the repository.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
tool=$1 out=$2 steps=${3:-24} seconds=${4:-3} guidance=${5:-3}
mkdir -p "$out"
files=()
while IFS= read -r prompt; do
    file="$out/${prompt// /-}.wav"
    "$tool" generate "$prompt" --steps "$steps" --seconds "$seconds" --guidance "$guidance" --seed 1 --out "$file" >/dev/null
    files+=("$file")
done <"$here/prompts.txt"
echo "| prompt, $steps steps, $seconds s | YAMNet's best classes |"
echo "|---|---|"
"$tool" label "${files[@]}"
