#!/bin/bash
# The recogniser's training, in parts that each go on where they were stopped.
#
#   stt/make.sh train      environment, sentences, speech, training; then the file in models/bundled
#   stt/make.sh land       the newest checkpoint as models/bundled/stt-en.bin
#   stt/make.sh evaluate   measures models/bundled/stt-en.bin and pocketsphinx; writes the model card and stt-en.json
#
# RUN names the run (run), SHARDS is how many times 2,000 sentences are spoken (20, 1.1 hours each), STEPS how long it
# trains (9000), TRAIN further options of train.py ("width=192 heads=3"), SEED that of the evaluation (drawn).
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
training=${here%/*}
repo=${training%/*/*}
env=$training/env.sh
work=$("$env" dir)/stt
run=$work/${RUN:-run}
bundled=$repo/models/bundled
cd "$repo"

sentences() { # file, seed, count
	[[ -e $1 ]] && return
	CGO_ENABLED=0 go run ./models/training/sentences -seed "$2" -n "$3" >"$1.new"
	mv "$1.new" "$1"
}

train() {
	"$env" make
	mkdir -p "$work"
	sentences "$work/sentences.txt" 1 300000
	sentences "$work/kept.txt" 2 500
	OMP_NUM_THREADS=1 "$env" run python3 "$training/speak.py" kept "$work/kept.txt" "$work/kept" 0 1
	OMP_NUM_THREADS=1 "$env" run python3 "$training/speak.py" shards "$work/sentences.txt" "$work/speech" 0 "${SHARDS:-20}"
	# shellcheck disable=SC2086 # options hold no blanks
	"$env" run python3 "$here/train.py" "$run" "speech=$work/speech" "kept=$work/kept" "sentences=$work/sentences.txt" "steps=${STEPS:-9000}" ${TRAIN-}
	land
}

land() {
	mkdir -p "$bundled"
	"$env" run python3 "$here/export.py" "$run" "$bundled/stt-en.bin"
	rm -f "$bundled/stt-en.json" "$bundled/stt-en.md" # they were of another file
	echo "stt: not measured yet: make eval-stt" >&2
}

evaluate() {
	CGO_ENABLED=0 go run ./models/training/evaluate -model "$bundled/stt-en.bin" -seed "${SEED:-0}" \
		-card "$bundled/stt-en.md" -measured "$bundled/stt-en.json" ${EVAL-}
}

case ${1-} in
train | land | evaluate) "$1" ;;
*) echo "stt: error: unknown argument '${1-}'; hint: models/training/stt/make.sh train | land | evaluate" >&2 && exit 1 ;;
esac
