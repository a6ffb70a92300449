"use strict";
// What our pages share. Foreign text only ever becomes text nodes.
const ROW = 36, SPARE = 10, MOST_CELLS = 4e6;

function element(name, text, attributes) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const key in attributes) made.setAttribute(key, attributes[key]);
  return made;
}

function letter(place) {
  return (place >= 26 ? letter(Math.floor(place / 26) - 1) : "") + "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place % 26];
}

// Scores as tiers of places, the best first.
function tiers(scores) {
  const levels = [...new Set(scores)].sort((a, b) => b - a);
  return levels.map(level => scores.flatMap((score, place) => score === level ? [place] : []));
}

function order(scores) {
  return tiers(scores).map(tier => tier.map(letter).join(" = ")).join(" > ");
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

// A text, with what differs from another one marked if there is one.
function marked(text, beside) {
  const words = element("p", undefined, { class: "text" });
  if (beside === null || beside === undefined || beside === text) words.textContent = text;
  else words.append(...difference(beside, text));
  return words;
}

const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, Home: -Infinity, End: Infinity };

// A list of which only the rows in view are in the document, so that fifty thousand are as quick
// as fifty. `cells` makes what stands in a row; `onChoose` gets the chosen item, or null of none.
function listbox(list, cells, onChoose) {
  const space = element("div", undefined, { class: "space" });
  let items = [], chosen = 0;
  list.replaceChildren(space);

  function draw() {
    const first = Math.max(0, Math.floor(list.scrollTop / ROW) - SPARE);
    const last = Math.min(items.length, Math.ceil((list.scrollTop + list.clientHeight) / ROW) + SPARE);
    const rows = [];
    for (let place = first; place < last; place++) {
      const row = element("div", undefined, {
        class: "row", role: "option", id: `${list.id}-${place}`, "aria-selected": place === chosen,
        "aria-posinset": place + 1, "aria-setsize": items.length,
      });
      row.style.top = `${place * ROW}px`;
      row.append(...cells(items[place]));
      row.addEventListener("click", () => choose(place));
      rows.push(row);
    }
    space.replaceChildren(...rows);
  }

  function choose(place) {
    chosen = Math.max(0, Math.min(place, items.length - 1));
    const top = chosen * ROW, below = top + ROW - list.clientHeight;
    if (top < list.scrollTop) list.scrollTop = top;
    if (below > list.scrollTop) list.scrollTop = below;
    draw();
    if (items.length) list.setAttribute("aria-activedescendant", `${list.id}-${chosen}`);
    else list.removeAttribute("aria-activedescendant");
    onChoose(items.length ? items[chosen] : null);
  }

  list.addEventListener("keydown", event => {
    if (!(event.key in steps)) return;
    event.preventDefault();
    choose(chosen + steps[event.key]);
  });
  list.addEventListener("scroll", draw, { passive: true });
  window.addEventListener("resize", draw);
  return {
    draw,
    again: () => choose(chosen),
    show(some, place = 0) {
      items = some;
      space.style.height = `${items.length * ROW}px`;
      list.scrollTop = 0;
      choose(place);
    },
  };
}
