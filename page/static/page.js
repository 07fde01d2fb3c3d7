// The page works without this script; with it, what the box does is seen at once.
"use strict";

const html = window.trustedTypes
	? trustedTypes.createPolicy("page", { createHTML: (text) => text })
	: { createHTML: (text) => text };

// refresh fetches this page again and puts the parts that changed in place of the old
// ones. A part that somebody types in, or has opened, is left until the next time.
let busy = false, again = new Set();
async function refresh(names) {
	names.forEach((n) => again.add(n));
	if (busy) return;
	busy = true;
	try {
		while (again.size > 0 && !document.hidden) {
			const wanted = again;
			again = new Set();
			const answer = await fetch(location.href, { headers: { Accept: "text/html" } });
			if (answer.redirected || answer.status === 401) return location.reload();
			if (!answer.ok) break;
			const fresh = new DOMParser().parseFromString(html.createHTML(await answer.text()), "text/html");
			for (const part of document.querySelectorAll("[data-live]")) {
				const next = fresh.getElementById(part.id);
				if (!next || !part.dataset.live.split(" ").some((n) => wanted.has(n))) continue;
				if (part.isEqualNode(next) || part.contains(document.activeElement) || part.querySelector("details[open]")) continue;
				part.replaceWith(document.adoptNode(next));
			}
			sift();
			await new Promise((done) => setTimeout(done, 250));
		}
	} catch {
		// the box is away: the event stream says when it is back
	} finally {
		busy = false;
	}
}
const everything = ["mode", "request", "planned", "home", "models", "update", "enrol"];

// Events of the box. The browser connects again by itself when the stream breaks.
const events = document.body.dataset.events;
if (events) {
	const lost = document.getElementById("lost"), partial = () => document.getElementById("partial");
	const source = new EventSource(events);
	source.onopen = () => { lost.hidden = true; refresh(everything); };
	source.onerror = () => {
		lost.hidden = false;
		if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 5000);
	};
	for (const name of everything) source.addEventListener(name, () => refresh([name]));
	source.addEventListener("mode", (e) => {
		const state = document.getElementById("state");
		if (state) state.dataset.mode = JSON.parse(e.data).mode;
	});
	source.addEventListener("heard", (e) => {
		const p = partial();
		if (p) { p.textContent = JSON.parse(e.data).text; p.hidden = false; }
	});
	document.addEventListener("visibilitychange", () => refresh(everything));
	addEventListener("pagehide", () => source.close());
} else if (document.querySelector("[data-live]")) {
	setInterval(() => refresh(everything), 15000);
}

// What the microphone hears: how loud it is, and how near to a wake word.
const meter = document.querySelector("[data-meter]");
if (meter) {
	const fill = (text, ...values) => values.reduce((t, v) => t.replace("%s", () => v), text);
	const [level, score, at, woke] = ["level", "score", "meter-at", "meter-woke"].map((id) => document.getElementById(id));
	const silent = at.textContent;
	let heard = 0;
	const sounds = new EventSource(meter.dataset.meter);
	sounds.addEventListener("level", (e) => {
		const now = JSON.parse(e.data);
		heard = Date.now();
		level.value = now.level;
		score.value = now.score;
		score.high = now.threshold;
		at.textContent = now.word ? fill(meter.dataset.at, now.word, now.score.toFixed(2), now.threshold.toFixed(2)) : `${Math.round(now.level)} dB`;
	});
	sounds.addEventListener("woke", (e) => {
		const w = JSON.parse(e.data);
		woke.textContent = fill(meter.dataset.woke, w.word, w.score.toFixed(2), Math.round(w.snr));
	});
	setInterval(() => { // the microphone is off, or gone
		if (Date.now() - heard < 1000) return;
		level.value = level.min;
		score.value = 0;
		at.textContent = silent;
	}, 1000);
	meter.hidden = false;
	addEventListener("pagehide", () => sounds.close());
}

// A request that was typed does not load the page anew.
document.addEventListener("submit", async (e) => {
	const form = e.target;
	if (!form.matches("[data-quick]")) return;
	e.preventDefault();
	const button = form.querySelector("button");
	button.disabled = true;
	try {
		const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
		if (answer.ok) form.reset();
	} finally {
		button.disabled = false;
	}
	await refresh(everything);
});

// Countdowns run here, and are put right whenever the page is fetched.
setInterval(() => {
	for (const e of document.querySelectorAll("[data-left]")) {
		const left = Math.max(0, e.dataset.left - 1);
		e.dataset.left = left;
		const s = Math.round(left), two = (n) => String(n).padStart(2, "0");
		e.textContent = s >= 3600 ? `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}` : `${Math.floor(s / 60)}:${two(s % 60)}`;
	}
}, 1000);

// A device is moved to another room by picking it, or by carrying the device there.
let carried = null;
document.addEventListener("dragstart", (e) => {
	carried = e.target.closest?.(".device[draggable]");
	if (carried) e.dataTransfer.effectAllowed = "move";
});
const below = (e) => carried && e.target.closest?.(".room[data-area]:not([data-area=''])");
const mark = (room) => document.querySelectorAll(".room.over").forEach((r) => { if (r !== room) r.classList.remove("over"); });
document.addEventListener("dragover", (e) => {
	const room = below(e);
	mark(room);
	if (!room || room.contains(carried)) return;
	e.preventDefault();
	room.classList.add("over");
});
document.addEventListener("drop", (e) => {
	const room = below(e);
	if (!room || room.contains(carried)) return;
	e.preventDefault();
	const form = carried.querySelector("form[action='/home/area']");
	form.area.value = room.dataset.area;
	form.requestSubmit();
});
document.addEventListener("dragend", () => { carried = null; mark(null); });

// Devices are found by typing.
function sift() {
	const field = document.querySelector("[data-filter]");
	if (!field) return;
	const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
	for (const e of document.querySelectorAll(field.dataset.filter)) {
		const text = e.dataset.words.toLowerCase();
		e.hidden = !words.every((w) => text.includes(w));
	}
	for (const room of document.querySelectorAll(".room")) {
		room.hidden = words.length > 0 && !room.querySelector(".device:not([hidden])");
	}
}
document.addEventListener("input", (e) => { if (e.target.matches("[data-filter]")) sift(); });
