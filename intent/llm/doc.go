// Package llm is the tier for what neither templates nor repair understand: a
// local language model that can only do what the home can do.
//
// In: a sentence, the home's names and states. Out: an Answer: intents on
// devices that exist, a question back, a short answer, or "nothing for this
// house". The model is any instruct GGUF behind llama.cpp's llama-server, a
// supervised child on a unix socket.
//
// A Vocabulary is made from the names of a home: what may be done to what. From
// it come the prompt's prefix, which names devices and abilities and changes
// only when the home does, so that the server keeps it warm; and a grammar
// (GBNF), so that the model cannot name a device that does not exist or ask one
// for what it cannot do. States are only ever in the suffix. Above maxListed
// devices the prefix has the rooms, and the suffix and the grammar the
// maxRetrieved devices that the sentence is nearest to. A GGUF that says so in its
// first key ("cricket.prompt" is "brief") has them in any home, fewer, and no
// instructions: it was trained on these prompts.
//
// What opens the house (locks, garage doors, gates, alarm panels) is not in the
// vocabulary at all: no prompt, spoken or hidden in a device's name, gets the
// model to act on it. What comes back is checked against the vocabulary again,
// and then passes the same plan as every other intent.
package llm
