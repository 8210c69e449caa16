#!/usr/bin/env bash
# Measures a GPU: what it computes beside the CPU, and how fast. Run on a machine with an NVIDIA card and its driver:
#
#     engine/benches/gpu.sh PROGRAM MODEL OUT
#
# PROGRAM is target/cuda/release/straightshot-gpu, which `cargo xtask cuda` builds, MODEL a model folder, OUT a folder for
# the results. cuBLAS and cuRAND are taken from the folder STRAIGHTSHOT_GPU_PACK; without it from the Python packages
# nvidia-cublas and nvidia-curand if they are installed, else from where the system has its libraries.
set -euo pipefail
program=$1 model=$2 out=$3
mkdir -p "$out"

nvidia-smi --query-gpu=name,driver_version,memory.total --format=csv,noheader | tee "$out/gpu.txt"

if [[ -z ${STRAIGHTSHOT_GPU_PACK:-} ]]; then
    pack=$(mktemp -d)
    trap 'rm -rf "$pack"' EXIT
    packages=$(python3 -c 'import nvidia; print(*nvidia.__path__, sep="\n")' 2>/dev/null || true)
    while read -r folder; do
        [[ -d $folder ]] || continue
        find "$folder" -name 'libcublas*.so.*' -o -name 'libcurand.so.*' | while read -r library; do
            ln -sf "$library" "$pack/"
        done
    done <<<"$packages"
    export STRAIGHTSHOT_GPU_PACK=$pack
fi
ls "$STRAIGHTSHOT_GPU_PACK"

# First what a sound costs that comes in one evaluation, with different numbers of threads for what the processor does.
for threads in 8 4 15; do
    STRAIGHTSHOT_THREADS=$threads "$program" --model "$model" --seconds 10 --steps 1 \
        --json "$out/one-step-$threads.json" | tee "$out/one-step-$threads.txt"
done
# Then one of many steps with guidance, where the GPU counts.
"$program" --model "$model" --seconds 10 --steps 24 --guidance 3 --runs 3 --json "$out/many-steps.json" |
    tee "$out/many-steps.txt"
