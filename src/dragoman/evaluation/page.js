"use strict";
const groups = JSON.parse(document.getElementById("groups").textContent);
const panel = document.getElementById("group"), count = document.getElementById("count");
const filters = document.getElementById("filters");
const list = listbox(document.getElementById("list"), cells, show);

function cells(group) {
  return [
    element("b", group.accuracy === null ? "–" : group.accuracy.toFixed(2)),
    element("span", `${group.languages}  ${group.source}`),
  ];
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
  const shown = groups.filter(group =>
    (!language || group.languages === language) && (!size || group.texts.length === Number(size))
    && outcome(group) && (!words.length || matches(group, words)));
  const value = group => group.accuracy ?? -1;
  if (filters.sort.value === "worst") shown.sort((a, b) => value(a) - value(b));
  count.textContent = `${shown.length} of ${groups.length} groups`;
  list.show(shown);
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
    card.append(head, marked(text, beside));
    cards.append(card);
  });
  panel.replaceChildren(facts, cards);
  if (group.analysis) panel.append(element("h3", "Analysis"), element("pre", group.analysis));
  panel.scrollTop = 0;
}

document.addEventListener("keydown", event => {
  if (event.key !== "/" || event.target.matches("input, select")) return;
  event.preventDefault();
  filters.search.focus();
});
filters.addEventListener("submit", event => event.preventDefault());
filters.addEventListener("input", event => {
  if (event.target === filters.beside) list.again();
  else filter();
});
function offer(select, values) {
  for (const value of values) select.append(element("option", value, { value }));
}
offer(filters.language, [...new Set(groups.map(group => group.languages))].sort());
offer(filters.size, [...new Set(groups.map(group => group.texts.length))].sort((a, b) => a - b));
filter();
