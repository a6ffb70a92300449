"use strict";
// The finished records of the server's ledger: filtered there, shown here page by page.
const runFilters = document.getElementById("run-filters"), runMore = document.getElementById("run-more");
const runPanel = document.getElementById("run-record"), runCount = document.getElementById("run-count");
const runList = listbox(document.getElementById("run-list"), runCells, showRecord);
let records = [], looking = null, after = 0;

function runCells({ line, failed }) {
  const said = line?.ranking ?? line?.translation ?? "";
  return [element("b", failed ? "✗" : line?.ranking ? line.ranking.split(" > ")[0] : "✓"),
    element("span", `${line?.id ?? "?"}  ${failed ?? said}`)];
}

// A ledger holds no sources; they are shown if the run's file of groups was dropped here too.
function groupOfLine(line) {
  const group = fileGroups.find(one => one.id === line.id);
  return !line.order || group?.candidates.length === line.order.length ? group : undefined;
}

function showRecord(record) {
  if (!record) return runPanel.replaceChildren(element("p", "No record fits.", { class: "empty" }));
  const { line, tries } = record, raw = element("details");
  raw.append(element("summary", "The line as it is written"), element("pre", JSON.stringify(line, null, 2), { tabindex: 0 }));
  runPanel.replaceChildren();
  if (line && "ranking" in line) {
    const group = groupOfLine(line);
    showVerdict(runPanel, group, line);
    if (group) runPanel.prepend(facts(group));
    else runPanel.append(element("p", "Drop the run's file of groups on this page to see its texts.", { class: "hint" }));
  } else {
    runPanel.append(element("p", record.failed ? `Failed: ${line?.reason ?? record.failed}` : line?.translation ?? "",
      { class: record.failed ? "bad" : "text", dir: "auto" }));
    raw.open = true;
  }
  runPanel.prepend(element("p", `${line?.id ?? "?"}${tries > 1 ? `, at try ${tries}` : ""}`, { class: "hint" }));
  runPanel.append(raw);
  runPanel.scrollTop = 0;
}

// The first page, or one more.
async function look(more = false) {
  looking?.abort();
  const mine = looking = new AbortController(), trouble = document.getElementById("run-trouble");
  const query = new URLSearchParams({ status: runFilters.status.value, search: runFilters.search.value });
  if (more) query.set("after", after);
  try {
    const page = await (await askServer(`/v1/ledger?${query}`, { signal: mine.signal })).json();
    const before = more ? records.length : 0;
    records = more ? [...records, ...page.records] : page.records;
    after = page.after;
    trouble.textContent = "";
    runCount.textContent = `${records.length} shown of ${page.total}${after === null ? "" : ", and there may be more"}`;
    runMore.hidden = after === null;
    runList.show(records, before);
  } catch (error) {
    if (!mine.signal.aborted) trouble.textContent = `No records: ${error.message}`;
  }
}

let typing;
runFilters.addEventListener("submit", event => event.preventDefault());
runFilters.addEventListener("input", () => { clearTimeout(typing); typing = setTimeout(() => look(), 200); });
runMore.addEventListener("click", () => look(true));
