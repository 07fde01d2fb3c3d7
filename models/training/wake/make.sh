#!/bin/bash
# A wake word from its text to a measured model; make train-wake and make eval-wake call it.
#
#   PHRASE="computer" LANGUAGE=de models/training/wake/make.sh train    speech, scenes, training, evaluation
#   models/training/wake/make.sh evaluate                               measures what is bundled (with PHRASE: that one)
#
# Without PHRASE it is Cricket's own model ("hey cricket", "stop"). Every part goes on where it was stopped. All is written
# to the work folder of models/training/env.sh; nothing in the repository but the bundled model's card (evaluate, no PHRASE).
# SEED, STEPS, SHARDS, SPEECH (share of the usual number of clips), HOURS and THREADS change what is drawn, how long, and how fast.
set -euo pipefail

here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
repo=${here%/*/*/*}
env=$repo/models/training/env.sh
work=$("$env" dir)/wake
phrase=${PHRASE-} language=${LANGUAGE:-en} seed=${SEED:-1}
[[ $language =~ ^[a-z][a-z0-9-]*$ ]] || { echo "make.sh: error: LANGUAGE is '$language', not a language of espeak-ng such as de" >&2; exit 2; }
bundled=$repo/voice/wake/net/hey-cricket.net

"$env" make
mkdir -p "$work"
cd "$repo"
CGO_ENABLED=0 go build -o "$work/wake" ./models/training/wake
wake=("$work/wake" -dir "$work" -phrase "$phrase" -language "$language" -seed "$seed" -size "${SPEECH:-1}")
folder=$("${wake[@]}" folder)
name=$(basename "$folder")

# What differs for a word of one's own: it starts from the bundled network, so it needs less of everything.
if [[ -n $phrase ]]; then
	steps=${STEPS:-5000} shards=${SHARDS:-40} hours=${HOURS:-20} from=(--from "$bundled" --rate 0.002)
	command="make train-wake PHRASE=\"$phrase\" LANGUAGE=$language"
	model=$folder/$name.net card=$folder/card.md
else
	steps=${STEPS:-16000} shards=${SHARDS:-100} hours=${HOURS:-60} from=()
	command="make eval-wake"
	model=$bundled card=$here/CARD.md
fi

evaluate() {
	"$env" run "${wake[@]}" -model "$1" -hours "$hours" -command "$command" -card "$2" evaluate
	echo "make.sh: the model is $1, what it is worth stands in $2"
}

case ${1-} in
train)
	"$env" run "${wake[@]}" judge
	"$env" run "${wake[@]}" speak
	"${wake[@]}" -shards "$shards" mix
	OMP_NUM_THREADS=${THREADS:-1} "$env" run python3 "$here/train.py" train "$folder" --steps "$steps" --threads "${THREADS:-1}" --seed "$seed" "${from[@]}"
	evaluate "$folder/$name.net" "$folder/card.md"
	[[ -n $phrase ]] && echo "make.sh: try it: cricket wake try --model $folder/$name.net" ||
		echo "make.sh: if it is better than the bundled one: cp $folder/$name.net $bundled"
	;;
evaluate) evaluate "$model" "$card" ;;
*) sed -n '2,9s/^# \?//p' "$0" >&2; exit 2 ;;
esac
