#!/usr/bin/env bash
# Generates every prompt of prompts.txt and prints what YAMNet hears in it, as a Markdown table.
#
#     label_table.sh STRAIGHTSHOT YAMNET_WEIGHTS.npz YAMNET_CLASSES.csv OUT_DIR [STEPS] [SECONDS] [GUIDANCE]
#
# Seed 1, built-in model. Needs Python with numpy, scipy and soundfile.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
tool=$1 weights=$2 classes=$3 out=$4 steps=${5:-24} seconds=${6:-3} guidance=${7:-3}
mkdir -p "$out"
files=()
while IFS= read -r prompt; do
    file="$out/${prompt// /-}.wav"
    "$tool" generate "$prompt" --steps "$steps" --seconds "$seconds" --guidance "$guidance" --seed 1 --out "$file" >/dev/null
    files+=("$file")
done <"$here/prompts.txt"
echo "| prompt, $steps steps, $seconds s | YAMNet's best classes |"
echo "|---|---|"
"${PYTHON:-python3}" "$here/yamnet_labels.py" --weights "$weights" --classes "$classes" --markdown "${files[@]}"
