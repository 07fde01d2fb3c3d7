#!/bin/bash
# The intent model's training, in parts that each go on where they were stopped.
#
#   intent/make.sh train      environment, sentences, training; then the file in the work folder
#   intent/make.sh land       the newest checkpoint as a GGUF
#   intent/make.sh evaluate   measures the file on what was kept out, and writes CARD.md
#
# RUN names the run (run), COUNT is how many sentences are made (90000), TRAIN further options of train.py ("steps=5000
# threads=2"), SEED that of the evaluation (5), EVAL further options of it ("-n 500").
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
training=${here%/*}
repo=${training%/*/*}
env=$training/env.sh
work=$("$env" dir)/intent
run=$work/${RUN:-run}
file=$run/intent-en.gguf
cd "$repo"

train() {
	"$env" make
	mkdir -p "$run"
	if [[ ! -e $run/sentences.jsonl ]]; then
		CGO_ENABLED=0 go run ./models/training/intent -seed 1 -n "${COUNT:-90000}" >"$run/sentences.jsonl.new"
		mv "$run/sentences.jsonl.new" "$run/sentences.jsonl"
	fi
	# shellcheck disable=SC2086 # options hold no blanks
	OMP_NUM_THREADS=${OMP_NUM_THREADS:-1} "$env" run python3 "$here/train.py" "$run" "data=$run/sentences.jsonl" ${TRAIN-}
	land
}

land() {
	"$env" run python3 "$here/gguf.py" "$run" "$file"
	[[ $(stat -c %s "$file") -le 16000000 ]] || { echo "intent: error: the file has more than 16 MB" >&2 && exit 1; }
}

evaluate() {
	[[ -e $file ]] || { echo "intent: error: there is no $file; hint: make train-intent" >&2 && exit 1; }
	# shellcheck disable=SC2086 # options hold no blanks
	CGO_ENABLED=0 go run ./models/training/intent -model "$file" -server "${CRICKET_BIN:-bin}/llama-server" -seed "${SEED:-5}" -n 1000 -card "$here/CARD.md" ${EVAL-}
}

case ${1-} in
train | land | evaluate) "$1" ;;
*) echo "intent: error: unknown argument '${1-}'; hint: models/training/intent/make.sh train | land | evaluate" >&2 && exit 1 ;;
esac
