"use strict";
// A file of groups: checked here line by line, judged in small portions, saved as verdict lines.
const MOST_BYTES = 64 * 2 ** 20, PORTION = 32, PORTION_CHARACTERS = 2 ** 20;
const picked = document.getElementById("picked"), all = document.getElementById("all");
const fileList = listbox(document.getElementById("file-list"), fileCells, showFileGroup);
const filePanel = document.getElementById("file-group");
let fileGroups = [], outcomes = new Map(), judging = null;

function fileCells(group) {
  const said = outcomes.get(group);
  return [element("b", said ? said.status === "ok" ? said.ranking.split(" > ")[0] : "✗" : "–"),
    element("span", `${group.src_lang} → ${group.tgt_lang}  ${group.source}`)];
}

function showFileGroup(group) {
  if (!group) return filePanel.replaceChildren();
  showVerdict(filePanel, group, outcomes.get(group));
  filePanel.prepend(facts(group));
  const open = button("Open in the form", () => { fillForm(group); location.hash = "#rank"; });
  filePanel.append(open);
  filePanel.scrollTop = 0;
}

// A line as the server wants it: without what it has no word for.
function groupOf(line, number) {
  let row;
  try { row = JSON.parse(line); } catch { throw new Error(`line ${number} is not JSON`); }
  for (const key of ["src_lang", "tgt_lang", "source"])
    if (typeof row?.[key] !== "string") throw new Error(`line ${number}: "${key}" must be text`);
  if (!Array.isArray(row.candidates) || !row.candidates.length)
    throw new Error(`line ${number}: "candidates" must be a list of translations`);
  const group = { id: String(row.id ?? number) };
  for (const key of ["src_lang", "tgt_lang", "source"]) group[key] = row[key];
  for (const key of ["reference", "comment"]) if (typeof row[key] === "string") group[key] = row[key];
  group.candidates = row.candidates.map((one, place) => {
    const text = one?.text ?? one;
    if (typeof text !== "string") throw new Error(`line ${number}: candidates[${place}] must be text`);
    return typeof one?.system === "string" ? { text, system: one.system } : { text };
  });
  return group;
}

async function readFile(file) {
  const trouble = document.getElementById("file-trouble");
  judging?.abort();
  trouble.textContent = "";
  try {
    if (file.size > MOST_BYTES) throw new Error("the page takes 64 MiB; dragoman rank FILE takes any size");
    const groups = [];
    (await file.text()).split("\n").forEach((line, place) => {
      if (line.trim()) groups.push(groupOf(line, place + 1));
    });
    if (!groups.length) throw new Error("there is no group in it");
    fileGroups = groups;
    outcomes = new Map();
    document.getElementById("file").hidden = false;
    tell(`${groups.length} groups read.`);
    fileList.show(groups);
    showDone();
  } catch (error) {
    trouble.textContent = `${file.name}: ${error.message}`;
  }
}

function showDone() {
  const done = document.getElementById("done");
  done.max = fileGroups.length;
  done.value = outcomes.size;
  const failed = [...outcomes.values()].filter(said => said.status !== "ok").length;
  document.getElementById("how-far").textContent =
    `${outcomes.size} of ${fileGroups.length} judged${failed ? `, ${failed} without a verdict` : ""}`;
  document.getElementById("save").disabled = !outcomes.size;
  all.disabled = !judging && outcomes.size === fileGroups.length;
  all.textContent = judging ? "Stop" : outcomes.size ? "Rank the rest" : "Rank all";
}

function nextPortion() {
  const portion = [];
  let size = 0;
  for (const group of fileGroups) {
    if (outcomes.has(group)) continue;
    size += JSON.stringify(group).length;
    if (portion.length && (portion.length === PORTION || size > PORTION_CHARACTERS)) break;
    portion.push(group);
  }
  return portion;
}

async function rankPortion(portion, signal) {
  let place = 0;
  try {
    for await (const verdict of streamVerdicts(portion, signal)) {
      outcomes.set(portion[place++], verdict);
      showDone();
      fileList.draw();
    }
  } catch (error) {
    // One group that is refused does not hold up the others.
    const refused = error.place ?? (portion.length === 1 && error.status === 413 ? 0 : undefined);
    if (refused === undefined) throw error;
    outcomes.set(portion[refused], { id: portion[refused].id, status: "failed", reason: `refused: ${error.message}` });
  }
}

async function rankAll() {
  if (judging) return judging.abort();
  const mine = judging = new AbortController(), trouble = document.getElementById("file-trouble");
  trouble.textContent = "";
  showDone();
  try {
    for (let portion = nextPortion(); portion.length && !mine.signal.aborted; portion = nextPortion())
      await rankPortion(portion, mine.signal);
    tell("Every group has been judged.");
  } catch (error) {
    if (!mine.signal.aborted) trouble.textContent = `Stopped: ${error.message}`;
  } finally {
    judging = null;
    showDone();
    fileList.again();
  }
}

function saveVerdicts() {
  const lines = fileGroups.filter(group => outcomes.has(group)).map(group => JSON.stringify(outcomes.get(group)) + "\n");
  const address = URL.createObjectURL(new Blob(lines, { type: "application/x-ndjson" }));
  element("a", "", { href: address, download: "verdicts.jsonl" }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

picked.addEventListener("change", () => { if (picked.files[0]) readFile(picked.files[0]); picked.value = ""; });
all.addEventListener("click", rankAll);
document.getElementById("save").addEventListener("click", saveVerdicts);
for (const name of ["dragover", "drop"])
  document.addEventListener(name, event => { if (event.dataTransfer.types.includes("Files")) event.preventDefault(); });
document.addEventListener("dragover", () => document.body.classList.add("dropping"));
document.addEventListener("dragleave", event => { if (!event.relatedTarget) document.body.classList.remove("dropping"); });
document.addEventListener("drop", event => {
  document.body.classList.remove("dropping");
  if (!event.dataTransfer.files[0]) return;
  // The records of a run are shown with the texts of its file.
  if (location.hash !== "#run") location.hash = "#file";
  readFile(event.dataTransfer.files[0]).then(runList.again);
});
