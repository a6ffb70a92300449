"use strict";
// Only rows in view are in the document, and a group is drawn when it is chosen, so that
// fifty thousand groups are as quick as fifty. Foreign text only ever becomes text nodes.
const ROW = 36, SPARE = 10, MOST_CELLS = 4e6;
const groups = JSON.parse(document.getElementById("groups").textContent);
const list = document.getElementById("list"), space = document.getElementById("space");
const panel = document.getElementById("group"), count = document.getElementById("count");
const filters = document.getElementById("filters");
let shown = [], chosen = 0;

function element(name, text, attributes) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  return made;
}

function letter(place) {
  return (place >= 26 ? letter(Math.floor(place / 26) - 1) : "") + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place % 26];
}

function order(scores) {
  const levels = [...new Set(scores)].sort((a, b) => b - a);
  const tier = level => scores.flatMap((s, i) => s === level ? [letter(i)] : []).join(" = ");
  return levels.map(tier).join(" > ");
}

function matches(group, words) {
  const text = [group.id, group.source, ...group.texts].join("\n").toLowerCase();
  return words.every(word => text.includes(word));
}

const outcomes = {
  all: () => true,
  wrong: group => group.accuracy !== null && group.accuracy < 1,
  right: group => group.accuracy === 1,
  unjudged: group => group.accuracy === null,
};

function filter() {
  const words = filters.search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const language = filters.language.value, size = filters.size.value;
  const outcome = outcomes[filters.outcome.value];
  shown = [];
  groups.forEach((group, place) => {
    if (language && group.languages !== language) return;
    if (size && group.texts.length !== Number(size)) return;
    if (outcome(group) && (!words.length || matches(group, words))) shown.push(place);
  });
  if (filters.sort.value === "worst") {
    const value = place => groups[place].accuracy ?? -1;
    shown.sort((a, b) => value(a) - value(b) || a - b);
  }
  count.textContent = `${shown.length} of ${groups.length} groups`;
  space.style.height = `${shown.length * ROW}px`;
  list.scrollTop = 0;
  choose(0);
}

function draw() {
  const first = Math.max(0, Math.floor(list.scrollTop / ROW) - SPARE);
  const last = Math.min(shown.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + SPARE);
  const rows = [];
  for (let place = first; place < last; place++) {
    const group = groups[shown[place]];
    const row = element("div", undefined, {
      class: "row", role: "option", id: `row-${place}`, "aria-selected": place === chosen,
      "aria-posinset": place + 1, "aria-setsize": shown.length,
    });
    row.style.top = `${place * ROW}px`;
    row.append(element("b", group.accuracy === null ? "–" : group.accuracy.toFixed(2)));
    row.append(element("span", `${group.languages}  ${group.source}`));
    row.addEventListener("click", () => choose(place));
    rows.push(row);
  }
  space.replaceChildren(...rows);
}

function choose(place) {
  chosen = Math.max(0, Math.min(place, shown.length - 1));
  const top = chosen * ROW;
  if (top < list.scrollTop) list.scrollTop = top;
  const below = top + ROW - list.clientHeight;
  if (below > list.scrollTop) list.scrollTop = below;
  draw();
  list.setAttribute("aria-activedescendant", shown.length ? `row-${chosen}` : "");
  show(shown.length ? groups[shown[chosen]] : null);
}

function show(group) {
  if (!group) return panel.replaceChildren(element("p", "No group fits these filters."));
  const facts = element("dl");
  const fact = (name, value, look) => facts.append(
    element("dt", name), element("dd", value, look ? { class: look } : {}));
  fact("Group", group.id);
  fact("Source", group.source, "text");
  if (group.reference !== null) fact("Reference", group.reference, "text");
  fact("People", order(group.human));
  if (group.said) fact("Judge", order(group.said));
  else fact("Judge", `not judged: ${group.failed}`, "bad");
  const best = group.human.indexOf(Math.max(...group.human));
  const beside = { best: group.texts[best], reference: group.reference, none: null }[filters.beside.value];
  const cards = element("div", undefined, { class: "cards" });
  group.texts.forEach((text, place) => {
    const card = element("section", undefined, { class: "card", "aria-label": `Candidate ${letter(place)}` });
    const head = element("header");
    head.append(element("strong", letter(place)));
    if (group.systems[place]) head.append(element("span", group.systems[place]));
    head.append(element("span", `people ${group.human[place]}`));
    if (group.said) head.append(element("span", `judge ${group.said[place]}`));
    const words = element("p");
    if (beside === null || beside === text) words.textContent = text;
    else words.append(...difference(beside, text));
    card.append(head, words);
    cards.append(card);
  });
  panel.replaceChildren(facts, cards);
  if (group.analysis) panel.append(element("h3", "Analysis"), element("pre", group.analysis));
  panel.scrollTop = 0;
}

function pieces(text) {
  return text.match(/\p{Script=Han}|[\p{L}\p{N}\p{M}_]+|\s+|./gsu) || [];
}

// What the second text has that the first has not is <ins>, what it lacks is <del>.
function difference(from, to) {
  let a = pieces(from), b = pieces(to);
  if (a.length * b.length > MOST_CELLS) return [document.createTextNode(to)];
  const width = b.length + 1, table = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--)
      table[i * width + j] = a[i] === b[j] ? table[(i + 1) * width + j + 1] + 1
        : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
  const parts = [];
  const add = (kind, piece) => {
    const last = parts[parts.length - 1];
    if (last && last[0] === kind) last[1] += piece;
    else parts.push([kind, piece]);
  };
  let i = 0, j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) { add("", b[j]); i++; j++; }
    else if (j < b.length && (i === a.length || table[i * width + j + 1] > table[(i + 1) * width + j])) add("ins", b[j++]);
    else add("del", a[i++]);
  }
  return parts.map(([kind, text]) => kind ? element(kind, text) : document.createTextNode(text));
}

const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };
list.addEventListener("keydown", event => {
  if (!(event.key in steps)) return;
  event.preventDefault();
  choose(chosen + steps[event.key]);
});
document.addEventListener("keydown", event => {
  if (event.key !== "/" || event.target.matches("input, select")) return;
  event.preventDefault();
  filters.search.focus();
});
list.addEventListener("scroll", draw, { passive: true });
window.addEventListener("resize", draw);
filters.addEventListener("submit", event => event.preventDefault());
filters.addEventListener("input", event => {
  if (event.target === filters.beside) choose(chosen);
  else filter();
});
function offer(select, values) {
  for (const value of values) select.append(element("option", value, { value }));
}
offer(filters.language, [...new Set(groups.map(group => group.languages))].sort());
offer(filters.size, [...new Set(groups.map(group => group.texts.length))].sort((a, b) => a - b));
filter();
