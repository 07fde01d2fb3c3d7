// Package openai is Cricket's own endpoint with OpenAI's API: what the language model of
// this box can do for programs of the household that know that API.
//
// In: POST /v1/chat/completions (with streaming) and /v1/embeddings, GET /v1/models, by HTTP
// or HTTPS. Out: what the model wrote. It knows nothing of the home and does nothing in it:
// neither names, states nor actions pass here.
//
// A [Model] is a llama-server of its own for these requests, a supervised child on a unix
// socket that is started by the first request, ended when nobody asked for a while, and
// stands still while somebody talks to the box. A [Server] answers one request at a time and
// lets few wait. What it was sent never reaches llama-server as it came: it is read, checked,
// and written anew from the fields that are known here. The answer is read and written anew
// likewise.
//
// On the loopback it asks for no key where the owner set none, but for a request that no
// page in a browser can send; elsewhere it wants the key. Texts are in no log.
//
// https://platform.openai.com/docs/api-reference/chat and /embeddings;
// tools/server/README.md of llama.cpp.
package openai
