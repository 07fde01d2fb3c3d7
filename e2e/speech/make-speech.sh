#!/bin/sh
# Makes the spoken requests of the demo again, with Debian's espeak-ng, flite,
# festival (festvox-us-slt-hts, festvox-kallpc16k) and sox, from requests.txt:
#
#   ./make-speech.sh                  every file of requests.txt, into this folder
#   ./make-speech.sh candidates DIR   every sentence by every voice, to try recognisers
#                                     on: without the wake word
#   ./make-speech.sh pauses DIR       "hey cricket", a pause of 0 to 3 s and a request, by
#                                     every voice, to try where the request begins
#   ./make-speech.sh words DIR        two phrases eight times by every voice, never twice
#                                     alike, and sentences, to try words of one's own
#
# A voice is PROGRAM:NAME. A format is a list of sox options for the written file.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

voices="espeak-ng:en-us espeak-ng:en-us+f3 espeak-ng:en-us+m3 espeak-ng:en-gb espeak-ng:en-gb+f4 espeak-ng:en-gb-scotland
espeak-ng:en-gb-x-rp espeak-ng:en-us+f5 flite:slt flite:rms flite:awb flite:kal16 festival:voice_cmu_us_slt_arctic_hts festival:voice_kal_diphone"

for program in espeak-ng flite text2wave sox; do
	command -v "$program" >/dev/null || {
		echo "make-speech.sh: $program is missing: apt-get install espeak-ng flite festival festvox-us-slt-hts festvox-kallpc16k sox" >&2
		exit 3
	}
done

# say VOICE WORDS FILE: one sentence, as the program makes it.
say() {
	case $1 in
	espeak-ng:*) echo "$2" | espeak-ng -v "${1#*:}" -s 150 --stdin -w "$3" ;;
	flite:*) flite -voice "${1#*:}" -t "$2" -o "$3" ;;
	festival:*) echo "$2" | text2wave -eval "(${1#*:})" -o "$3" ;;
	*) echo "make-speech.sh: no voice $1" >&2; return 2 ;;
	esac
}

# request VOICE WORDS FORMAT FILE: the sentences of WORDS, "/" between them, a
# second apart, at -3 dB, a little of a quiet room (pink noise at -62 dB, the
# same each time) before, between and after: no microphone gives digital silence.
request() {
	rm -f "$work"/*
	n=0
	rest=$2
	while [ -n "$rest" ]; do
		n=$((n + 1))
		say "$1" "${rest%%/*}" "$work/said.wav"
		# espeak-ng leaves the length open, so sox is told to take what comes.
		sox -q --ignore-length "$work/said.wav" -e signed -b 16 "$work/one.wav" \
			silence 1 0.01 0.1% reverse silence 1 0.01 0.1% reverse pad 0.5 0.5
		mv "$work/one.wav" "$work/part$n.wav"
		case $rest in */*) rest=${rest#*/} ;; *) rest= ;; esac
	done
	sox -q -R -D "$work"/part*.wav -r 48000 -c 1 -b 24 "$work/all.wav" norm -3
	sox -q -R -D -n -r 48000 -c 1 -b 24 "$work/room.wav" synth "$(soxi -D "$work/all.wav")" pinknoise vol 0.004
	# shellcheck disable=SC2086 # FORMAT is several words
	sox -q -R -D -m -v 1 "$work/all.wav" -v 1 "$work/room.wav" $3 "$4"
}

if [ "${1:-}" = candidates ]; then
	mkdir -p "$2"
	sed -e '/^#/d' -e 's/hey cricket *[,/]* *//g' "$here/requests.txt" | while IFS='|' read -r file _ _ words; do
		for voice in $voices; do
			name=$(echo "$voice" | tr -c 'a-z0-9\n' _)
			request "$voice" "$(echo $words)" "-r 16000 -c 1 -b 16" "$2/$(basename $file .wav).$name.wav" </dev/null
		done
	done
	exit
fi

# spread SEED LOW HIGH: a number between, the same for the same seed.
spread() { awk "BEGIN { srand($1); print $2 + ($3 - $2) * rand() }"; }

if [ "${1:-}" = words ]; then
	mkdir -p "$2"
	for voice in $voices; do
		i=0
		while IFS='|' read -r kind words; do
			i=$((i + 1))
			rm -f "$work"/*
			say "$voice" "$words" "$work/said.wav" </dev/null
			sox -q --ignore-length "$work/said.wav" -e signed -b 16 -r 16000 "$work/trimmed.wav" \
				silence 1 0.01 0.1% reverse silence 1 0.01 0.1% reverse
			times=1
			[ "$kind" = sentence ] || times=8
			for k in $(seq $times); do
				sox -q -R -D "$work/trimmed.wav" "$work/varied.wav" tempo -s "$(spread $((7 * k + 3 * i)) 0.88 1.12)" \
					pitch "$(spread $((13 * k + i)) -60 60)" norm "$(spread $((17 * k + i)) -15 -3)" pad 0.6 0.6
				sox -q -R -D -n -r 16000 -c 1 -b 16 "$work/room.wav" synth "$(soxi -D "$work/varied.wav")" pinknoise vol 0.01
				sox -q -R -D -m -v 1 "$work/varied.wav" -v 1 "$work/room.wav" -r 16000 -c 1 -b 16 \
					"$2/$kind.$(echo "$words" | tr ' ' _ | cut -c1-20).$(echo "$voice" | tr -c 'a-z0-9\n' _).$k.wav"
			done
		done <<-EOT
			word|open sesame
			word|computer please
			sentence|turn on the kitchen lights and close the blinds in the living room
			sentence|hey you could you come to the kitchen and help me with the computer
			sentence|please open the window because it is very warm in here
			sentence|it was a lovely day at the sea yesterday we should go there again
		EOT
	done
	exit
fi

if [ "${1:-}" = pauses ]; then
	mkdir -p "$2"
	for voice in $voices; do
		for pause in 0 0.05 0.15 0.4 1 3; do
			rm -f "$work"/*
			n=0
			for words in "hey cricket" "open the bedroom curtains"; do
				n=$((n + 1))
				say "$voice" "$words" "$work/said.wav" </dev/null
				sox -q --ignore-length "$work/said.wav" -e signed -b 16 -r 16000 "$work/trimmed.wav" \
					silence 1 0.01 0.1% reverse silence 1 0.01 0.1% reverse norm -3
				if [ $n = 1 ]; then pad=1; else pad="$pause 1"; fi
				# shellcheck disable=SC2086 # pad is one or two words
				sox -q "$work/trimmed.wav" "$work/part$n.wav" pad $pad
			done
			sox -q "$work"/part*.wav "$work/all.wav"
			sox -q -R -D -n -r 16000 -c 1 -b 16 "$work/room.wav" synth "$(soxi -D "$work/all.wav")" pinknoise vol 0.006
			sox -q -R -D -m -v 1 "$work/all.wav" -v 1 "$work/room.wav" "$2/$(echo "$voice" | tr -c 'a-z0-9\n' _).$pause.wav" norm -3
		done
	done
	exit
fi

grep -v '^#' "$here/requests.txt" | while IFS='|' read -r file voice format words; do
	request "$(echo $voice)" "$(echo $words)" "$format" "$here/$(echo $file)" </dev/null
done
