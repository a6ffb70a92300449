"use strict";
// One group, written or pasted into a form, and its ranking.
const ask = document.getElementById("ask"), answer = document.getElementById("answer");
const fields = document.getElementById("candidates");
const FEWEST = 2, MOST = 26;
const EXAMPLE = {
  src_lang: "en", tgt_lang: "de", source: "The nurse bought three red apples yesterday.",
  candidates: [
    "Die Krankenschwester hat gestern vier rote Äpfel gekauft.",
    "Die Krankenschwester hat gestern drei rote Äpfel gekauft.",
    "Die Krankenschwester hat gestern drei Äpfel gekauft.",
    "Gestern hat die Krankenschwester drei rote Äpfel gekauft.",
  ],
  reference: "Die Krankenschwester hat gestern drei rote Äpfel gekauft.",
};
const CODES = "ar bg bn ca cs cy da de el en es et eu fa fi fr ga gl gu he hi hr hu hy id is it ja ka kk "
  + "km kn ko lt lv mk ml mn mr ms my ne nl no pa pl pt pt-BR ro ru si sk sl sq sr sv sw ta te th tl tr uk "
  + "ur uz vi zh zh-TW zu";

function addField(text = "", system = "") {
  const item = element("li");
  const field = element("textarea", undefined, { rows: 2, dir: "auto", required: "" });
  field.value = text;
  field.dataset.system = system;
  field.addEventListener("paste", pasteLines);
  const remove = button("×", () => { item.remove(); name(); document.getElementById("add").focus(); }, "remove");
  item.append(element("b", "", { class: "letter", "aria-hidden": "true" }), field, remove);
  fields.append(item);
  name();
  return field;
}

function name() {
  const items = [...fields.children];
  items.forEach((item, place) => {
    item.querySelector(".letter").textContent = letter(place);
    item.querySelector("textarea").setAttribute("aria-label", `Translation ${letter(place)}`);
    const remove = item.querySelector(".remove");
    remove.setAttribute("aria-label", `Remove translation ${letter(place)}`);
    remove.disabled = items.length <= FEWEST;
  });
  document.getElementById("add").disabled = items.length >= MOST;
}

// Several lines in an empty field are a translation each, unless the source has several as well.
function pasteLines(event) {
  const lines = event.clipboardData.getData("text").split(/\r?\n/).filter(line => line.trim());
  const field = event.target;
  if (field.value || lines.length < 2 || ask.source.value.trim().includes("\n")) return;
  event.preventDefault();
  const empty = [...fields.querySelectorAll("textarea")].filter(one => !one.value);
  const taken = lines.slice(0, empty.length + MOST - fields.children.length);
  field.value = taken[0];
  const others = empty.filter(one => one !== field);
  for (const line of taken.slice(1)) (others.shift() ?? addField()).value = line;
  const left = lines.length - taken.length;
  tell(`${taken.length} lines became ${taken.length} translations.${left ? ` ${left} found no room.` : ""}`);
}

function fillForm(group) {
  for (const key of ["src_lang", "tgt_lang", "source", "reference", "comment"]) ask[key].value = group[key] ?? "";
  document.getElementById("more").open = Boolean(group.reference || group.comment);
  fields.replaceChildren();
  for (const one of group.candidates) addField(one.text ?? one, one.system ?? "");
  while (fields.children.length < FEWEST) addField();
}

function readForm() {
  const group = { id: "page" };
  for (const key of ["src_lang", "tgt_lang", "source"]) group[key] = ask[key].value;
  for (const key of ["reference", "comment"]) if (ask[key].value.trim()) group[key] = ask[key].value;
  group.candidates = [...fields.querySelectorAll("textarea")].map(field =>
    field.dataset.system ? { text: field.value, system: field.dataset.system } : { text: field.value });
  return group;
}

function emptyForm() {
  ask.source.value = ask.reference.value = ask.comment.value = "";
  fields.replaceChildren();
  for (let place = 0; place < FEWEST; place++) addField();
  answer.replaceChildren(element("p", "The ranking appears here.", { class: "empty" }));
}

// What stands where the ranking will be, while the judge reads.
function reading(count, stop) {
  const began = Date.now(), words = element("p", "The judge is reading.", { class: "reading" });
  const list = element("ol", undefined, { class: "ranked waiting", "aria-hidden": "true" });
  for (let place = 0; place < count; place++) {
    const item = element("li"), line = element("div", undefined, { class: "line" });
    line.append(element("span", undefined, { class: "track" }));
    item.append(line);
    list.append(item);
  }
  answer.replaceChildren(words, list, button("Stop", stop));
  const timer = setInterval(() => {
    words.textContent = `The judge is reading. ${Math.round((Date.now() - began) / 1000)} s`;
  }, 1000);
  return () => clearInterval(timer);
}

let asking = null;
async function rankForm() {
  asking?.abort();
  const group = readForm(), mine = asking = new AbortController();
  tell("The judge is reading.", false);
  const ended = reading(group.candidates.length, () => mine.abort());
  answer.setAttribute("aria-busy", "true");
  if (window.innerWidth < 900) answer.scrollIntoView({ block: "start" });
  try {
    const [verdict] = await rankGroups([group], mine.signal);
    if (mine !== asking) return;
    showAnswer(group, verdict);
    remember(group, verdict);
  } catch (error) {
    if (mine !== asking) return;
    const words = mine.signal.aborted ? "Stopped." : `No ranking: ${error.message}`;
    answer.replaceChildren(element("p", words, { class: mine.signal.aborted ? "empty" : "bad", role: "alert" }));
  } finally {
    ended();
    if (mine === asking) answer.removeAttribute("aria-busy");
  }
}

function showAnswer(group, verdict) {
  showVerdict(answer, group, verdict);
  if (verdict.status === "ok") answer.append(biasCheck(group, verdict));
  tell(verdict.status === "ok" ? `The ranking is ${verdict.ranking}.` : "There is no verdict.", false);
}

ask.addEventListener("submit", event => { event.preventDefault(); rankForm(); });
ask.addEventListener("reset", event => { event.preventDefault(); asking?.abort(); asking = null; emptyForm(); ask.source.focus(); });
ask.addEventListener("keydown", event => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); ask.requestSubmit(); }
});
document.getElementById("add").addEventListener("click", () => addField().focus());
document.getElementById("example").addEventListener("click", () => { fillForm(EXAMPLE); ask.querySelector("#submit").focus(); });
const names = new Intl.DisplayNames(["en"], { type: "language" });
for (const code of CODES.split(" "))
  document.getElementById("languages").append(element("option", names.of(code), { value: code }));
emptyForm();
