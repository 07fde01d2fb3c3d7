// Package stt holds the training of the bundled recogniser. Its parts are
// Python scripts that run in the environment of models/training/env.sh; here is
// their test, a training of a minute.
//
// In: sentences of models/training/sentences, spoken by models/training/speak.py
// and kept as mel power. augment.py makes rooms, microphones and noise of that
// power; model.py is Whisper's network in small, subwords.py its vocabulary,
// train.py the loop, export.py writes the file that whisper.cpp loads. make.sh
// has all the steps. Data and checkpoints are outside the repository.
package stt
