"use strict";
// Which view is shown, and what the server is.
const VIEWS = [...document.querySelectorAll("main > section")].map(view => view.id.replace("view-", ""));
const opened = {};

function showView() {
  const wanted = location.hash.slice(1), name = VIEWS.includes(wanted) ? wanted : VIEWS[0];
  for (const one of VIEWS) document.getElementById(`view-${one}`).hidden = one !== name;
  for (const link of document.querySelectorAll("nav a"))
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  opened[name]?.();
}

// A signature in few words; the whole of it stands in the title.
function judgeInWords(signature) {
  const said = Object.fromEntries(signature.split("|").map(pair => pair.split(/:(.*)/s)));
  return [said.judge, said.format, said.model?.split("@")[0]].filter(Boolean).join(" · ");
}

async function start() {
  const trouble = document.getElementById("trouble");
  try {
    const about = await (await askServer("/v1/about")).json();
    const judge = document.getElementById("judge");
    judge.textContent = judgeInWords(about.judge);
    judge.title = about.judge;
    document.getElementById("to-run").hidden = !about.ledger;
    ask.src_lang.value ||= about.src_lang ?? "";
    ask.tgt_lang.value ||= about.tgt_lang ?? "";
  } catch (error) {
    trouble.textContent = `The server does not answer: ${error.message}`;
  }
}

opened.file = () => fileList.draw();
opened.run = () => look();
opened.history = () => historyList.show(readHistory());
window.addEventListener("hashchange", () => { showView(); document.getElementById("main").focus(); });
showView();
start();
