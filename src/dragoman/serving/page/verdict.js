"use strict";
// Draws a group with what the judge said of it. A verdict is as the server writes it; without a
// group (a ledger has none) there are letters and no texts.

// The tier of each candidate, from "B > A = C".
function places(verdict) {
  const found = [];
  verdict.ranking.split(" > ").forEach((tier, place) => {
    for (const name of tier.split(" = ")) found[indexOf(name)] = place;
  });
  return found;
}

function indexOf(name) {
  return [...name].reduce((sum, one) => sum * 26 + one.charCodeAt(0) - 64, 0) - 1;
}

// How long each bar is, from 0 to 1, and what it says.
function bars(verdict) {
  const said = verdict.scores, tier = places(verdict), lowest = Math.max(...tier);
  if (!said)
    return tier.map(place => ({ share: 1 - place / (lowest + 1), words: `${place + 1} of ${lowest + 1}` }));
  const least = Math.min(0, ...said), most = Math.max(...said);
  // Scales that judges and metrics have; beyond them the best fills the line.
  const top = least < 0 ? most : [1, 10, 100].find(scale => most <= scale) ?? most;
  return said.map(score => ({
    share: top > least ? (score - least) / (top - least) : 0,
    words: String(Math.round(score * 100) / 100),
  }));
}

function languageOf(code) {
  return /^[A-Za-z]{2,3}([-_]|$)/.test(code || "") ? { lang: code.replaceAll("_", "-") } : {};
}

function write(text, beside, code) {
  const words = marked(text, beside);
  words.dir = "auto";
  if (languageOf(code).lang) words.lang = languageOf(code).lang;
  return words;
}

function button(text, act, look = "") {
  const made = element("button", text, { type: "button", ...(look ? { class: look } : {}) });
  made.addEventListener("click", act);
  return made;
}

// Without a verdict the group has not been judged yet.
function showVerdict(panel, group, verdict) {
  if (!verdict) return panel.replaceChildren(texts(group));
  panel.replaceChildren(...verdict.status === "ok" ? ranked(group, verdict) : unjudged(group, verdict));
  if (verdict.signature) {
    const line = element("p", undefined, { class: "signature" });
    line.append(element("code", verdict.signature));
    panel.append(line);
  }
}

function ranked(group, verdict) {
  const head = element("header", undefined, { class: "said" });
  head.append(element("h3", verdict.ranking, { class: "ranking" }));
  const list = element("ol", undefined, { class: "ranked" });
  const shown = [head];
  if (group) {
    const choice = compared(group, () => fill(list, group, verdict, choice.value));
    const tools = element("p", undefined, { class: "tools" }), label = element("label", "Differences from ");
    label.append(choice);
    tools.append(label,
      button("Copy JSON", () => copy(JSON.stringify({ ...group, verdict }, null, 2), "Copied as JSON.")),
      button("Copy curl", () => copy(curl(group), "Copied as a curl command.")));
    head.append(tools);
  }
  fill(list, group, verdict, "best");
  shown.push(list);
  if (verdict.analysis) shown.push(element("h3", "Analysis"), analysis(verdict.analysis));
  return shown;
}

function analysis(text) {
  return element("pre", text, { dir: "auto", tabindex: 0, "aria-label": "Analysis", role: "region" });
}

// What the texts can be compared with.
function compared(group, change) {
  const choice = element("select");
  choice.append(element("option", "the best", { value: "best" }));
  if (group.reference) choice.append(element("option", "the reference", { value: "reference" }));
  group.candidates.forEach((_, place) => choice.append(element("option", letter(place), { value: place })));
  choice.append(element("option", "nothing", { value: "nothing" }));
  choice.addEventListener("change", change);
  return choice;
}

function fill(list, group, verdict, beside) {
  const tier = places(verdict), bar = bars(verdict);
  const text = group && { best: group.candidates[verdict.order[0]].text, reference: group.reference,
    nothing: null, ...group.candidates.map(one => one.text) }[beside];
  list.replaceChildren(...verdict.order.map((place, row) => {
    const item = element("li", undefined, { class: tier[place] ? "" : "best" });
    item.style.setProperty("--row", row);
    item.style.setProperty("--share", bar[place].share.toFixed(4));
    const line = element("div", undefined, { class: "line" });
    line.append(element("b", letter(place), { class: "letter" }), track(bar[place], tier[place]),
      element("span", bar[place].words, { class: "score" }));
    item.append(line);
    const one = group && group.candidates[place];
    if (one?.system) item.append(element("span", one.system, { class: "system" }));
    if (one) item.append(write(one.text, text, group.tgt_lang));
    return item;
  }));
}

function track(bar, tier) {
  const made = element("span", undefined, { class: "track" });
  made.append(element("span", undefined, { class: "bar" }));
  made.append(element("span", `place ${tier + 1}, ${bar.words}`, { class: "hidden" }));
  return made;
}

function unjudged(group, verdict) {
  const [reason, ...detail] = (verdict.reason || "unknown").split(": ");
  const words = element("p");
  words.append(element("span", `No verdict: ${reason}. `, { class: "bad" }), detail.join(": "));
  return group ? [words, texts(group)] : [words];
}

function texts(group) {
  const list = element("ol", undefined, { class: "ranked" });
  group.candidates.forEach((one, place) => {
    const item = element("li"), line = element("div", undefined, { class: "line" });
    line.append(element("b", letter(place), { class: "letter" }));
    item.append(line, write(one.text, null, group.tgt_lang));
    list.append(item);
  });
  return list;
}

// The source of a group above what is said of it, where it stands in no form.
function facts(group) {
  const list = element("dl");
  const fact = (name, text, code) => {
    const words = element("dd", undefined);
    words.append(write(text, null, code));
    list.append(element("dt", name), words);
  };
  fact(group.src_lang, group.source, group.src_lang);
  if (group.reference) fact("Reference", group.reference, group.tgt_lang);
  return list;
}
