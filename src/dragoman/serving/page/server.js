"use strict";
// Asks the server, with the token where it wants one.
const TOKEN = "dragoman-token", MOST_PATIENCE = 30;
const door = document.getElementById("door");

class Refused extends Error {
  // `place` is the number of the group that is to blame, if one is.
  constructor(message, status, place) {
    super(message);
    this.status = status;
    this.place = place;
  }
}

async function askServer(path, { body, accept = "application/json", signal } = {}) {
  for (let wrong = false; ; wrong = true) {
    const token = sessionStorage.getItem(TOKEN);
    const headers = { Accept: accept };
    if (token) headers.Authorization = `Bearer ${token}`;
    if (body) headers["Content-Type"] = "application/json";
    const reply = await fetch(path, { method: body ? "POST" : "GET", headers, body, signal });
    if (reply.ok) return reply;
    if (reply.status !== 401) throw await refusal(reply);
    await askForToken(wrong || Boolean(token));
  }
}

async function refusal(reply) {
  let said = {};
  try { said = (await reply.json()).error; } catch { /* not one of ours, so the status has to do */ }
  const place = /^\$\.groups\[(\d+)\]/.exec(said.path || "");
  const where = said.path && !place ? `${said.path}: ` : "";
  return new Refused(where + (said.message || `the server answered ${reply.status}`), reply.status,
    place ? Number(place[1]) : undefined);
}

let entering = null;
function askForToken(wrong) {
  entering ??= new Promise((resolve, reject) => {
    const form = door.querySelector("form");
    document.getElementById("door-wrong").hidden = !wrong;
    form.reset();
    form.onsubmit = event => {
      event.preventDefault();
      sessionStorage.setItem(TOKEN, form.token.value);
      door.close("in");
    };
    door.onclose = () => {
      entering = null;
      if (door.returnValue === "in") resolve();
      else reject(new Refused("this server asks for a token", 401));
    };
    door.returnValue = "";
    door.showModal();
  });
  return entering;
}

async function rankGroups(groups, signal) {
  const reply = await askServer("/v1/rank", { body: JSON.stringify({ groups }), signal });
  return (await reply.json()).verdicts;
}

// The verdicts of many groups, each as soon as it is there. A server that is busy is asked again.
async function* streamVerdicts(groups, signal) {
  const body = JSON.stringify({ groups }), accept = "application/x-ndjson";
  let reply;
  for (let tries = 0; !reply; tries++) {
    try {
      reply = await askServer("/v1/rank", { body, accept, signal });
    } catch (error) {
      if (error.status !== 429 || tries === MOST_PATIENCE) throw error;
      await new Promise(resolve => setTimeout(resolve, 1000));
      signal.throwIfAborted();
    }
  }
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split("\n");
    rest = lines.pop();
    for (const line of lines) {
      const verdict = JSON.parse(line);
      if (verdict.error) throw new Refused(verdict.error.message);
      yield verdict;
    }
  }
}

// Says something to those who listen, and if it is news for those who look, shows it for a while.
let telling;
function tell(words, seen = true) {
  const told = document.getElementById("told");
  told.className = seen ? "" : "hidden";
  told.textContent = words;
  clearTimeout(telling);
  telling = setTimeout(() => { told.textContent = ""; }, 6000);
}

// The clipboard proper is for https and for this machine only.
async function copy(text, words) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = element("textarea", text, { class: "hidden" });
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    if (!copied) return tell("The browser does not let this page copy.");
  }
  tell(words);
}

function curl(group) {
  const quoted = text => `'${text.replaceAll("'", "'\\''")}'`;
  const token = sessionStorage.getItem(TOKEN) ? ` \\\n  -H "Authorization: Bearer $DRAGOMAN_TOKEN"` : "";
  return `curl ${quoted(`${location.origin}/v1/rank`)} \\\n  -H 'Content-Type: application/json'${token} \\\n`
    + `  -d ${quoted(JSON.stringify({ groups: [group] }))}`;
}
