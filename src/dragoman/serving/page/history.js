"use strict";
// What was ranked in the form, kept in this browser alone and nowhere else.
const HISTORY = "dragoman-history", MOST_KEPT = 100;
const historyPanel = document.getElementById("history-entry"), clear = document.getElementById("clear");
const historyList = listbox(document.getElementById("history-list"), historyCells, showEntry);

function readHistory() {
  try {
    const kept = JSON.parse(localStorage.getItem(HISTORY));
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

// The newest first. Where the browser has no more room, the oldest make it.
function remember(group, verdict) {
  const kept = [{ when: new Date().toISOString(), group, verdict }, ...readHistory()].slice(0, MOST_KEPT);
  for (; kept.length; kept.pop()) {
    try { return localStorage.setItem(HISTORY, JSON.stringify(kept)); } catch { /* too much: one less */ }
  }
}

function historyCells({ group, verdict }) {
  return [element("b", verdict.status === "ok" ? verdict.ranking.split(" > ")[0] : "✗"),
    element("span", `${group.src_lang} → ${group.tgt_lang}  ${group.source}`)];
}

function showEntry(entry) {
  clear.disabled = !entry;
  document.getElementById("history-browser").hidden = !entry;
  document.getElementById("history-empty").hidden = Boolean(entry);
  if (!entry) return;
  showVerdict(historyPanel, entry.group, entry.verdict);
  historyPanel.prepend(element("p", new Date(entry.when).toLocaleString(), { class: "hint" }), facts(entry.group));
  historyPanel.append(button("Open in the form", () => {
    fillForm(entry.group);
    showAnswer(entry.group, entry.verdict);
    location.hash = "#rank";
  }));
  historyPanel.scrollTop = 0;
}

clear.addEventListener("click", () => {
  localStorage.removeItem(HISTORY);
  historyList.show([]);
  tell("The history is empty.");
});
