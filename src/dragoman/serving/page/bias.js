"use strict";
// Does the judge favour a slot? It is asked again with the texts in rotated orders.
const MOST_ORDERS = 8;

// Which candidate stands in each slot: the group's own order first, then others, evenly apart.
function rotations(count) {
  const orders = Math.min(count, MOST_ORDERS);
  return Array.from({ length: orders }, (_, number) => {
    const shift = Math.round(number * count / orders);
    return Array.from({ length: count }, (_, slot) => (slot + shift) % count);
  });
}

// What was said of slots, as said of candidates.
function back(order, bySlot) {
  const found = [];
  order.forEach((candidate, slot) => { found[candidate] = bySlot[slot]; });
  return found;
}

// How the verdicts of the orders differ from the first, which is the group's own.
function compareOrders(orders, verdicts) {
  const judged = orders.map((order, place) => ({ order, verdict: verdicts[place] }))
    .filter(one => one.verdict.status === "ok")
    .map(({ order, verdict }) => {
      const bySlot = verdict.scores ?? places(verdict).map(place => -place);
      return { order, bySlot, places: back(order, places(verdict)) };
    });
  const [own, ...others] = judged;
  const best = one => one.places.flatMap((place, index) => place ? [] : [index]).join();
  const turned = others.flatMap(one => own.places.flatMap((place, i) =>
    own.places.slice(i + 1).map((other, j) =>
      Math.sign(place - other) !== Math.sign(one.places[i] - one.places[i + 1 + j]))));
  const mean = numbers => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
  return {
    others, unjudged: orders.length - judged.length,
    changed: others.filter(one => one.places.join() !== own.places.join()).length,
    bestKept: others.filter(one => best(one) === best(own)).length,
    pairs: turned.length, turned: turned.filter(Boolean).length,
    slots: orders[0].map((_, slot) => mean(judged.map(({ bySlot }) => bySlot[slot] - mean(bySlot)))),
  };
}

function biasCheck(group, verdict) {
  const orders = rotations(group.candidates.length), part = element("section", undefined, { class: "bias" });
  if (orders.length < 2) return part;
  const heading = element("h3", "Slot bias"), count = orders.length - 1;
  const start = button(`Ask again in ${count === 1 ? "the other order" : `${count} other orders`}`, check);
  const why = element("p", "A fair judge says the same wherever a text stands.", { class: "hint" });
  part.append(heading, why, start);

  async function check() {
    start.disabled = true;
    why.textContent = "The judge is reading the other orders.";
    try {
      const asked = orders.slice(1).map((order, number) => ({
        ...group, id: `order-${number + 1}`, candidates: order.map(index => group.candidates[index]),
      }));
      const said = [verdict, ...await rankGroups(asked)];
      part.replaceChildren(heading, ...biasReport(compareOrders(orders, said)));
      tell(part.querySelector("p").textContent, false);
    } catch (error) {
      why.textContent = `No answer: ${error.message}`;
      start.disabled = false;
    }
  }
  return part;
}

function biasReport(found) {
  const asked = found.others.length, lost = `${found.unjudged} could not be judged.`;
  if (!asked) return [element("p", `Of the other orders ${lost}`, { class: "bad" })];
  const words = element("p", `The verdict changed in ${found.changed} of ${asked} other `
    + `${asked === 1 ? "order" : "orders"}. `, { class: found.changed ? "strong" : "" });
  words.append(`The best stayed the best in ${found.bestKept}; ${found.turned} of ${found.pairs} pairs turned. `,
    found.unjudged ? lost : "");
  const said = element("dl", undefined, { class: "orders" });
  for (const one of found.others)
    said.append(element("dt", one.order.map(letter).join(" ")), element("dd", order(one.places.map(place => -place))));
  return [words, lifts(found.slots), element("p", "What was said when they stood as:", { class: "hint" }), said];
}

// How far each slot is put above the mean of its group, to the right or to the left of a middle.
function lifts(slots) {
  const most = Math.max(...slots.map(Math.abs)) || 1;
  const list = element("ol", undefined, { class: "lifts", "aria-label": "What a slot gains" });
  slots.forEach((gain, slot) => {
    const item = element("li"), line = element("span", undefined, { class: "middle" });
    const bar = element("span", undefined, { class: gain < 0 ? "less" : "more" });
    bar.style.setProperty("--share", (Math.abs(gain) / most).toFixed(4));
    line.append(bar);
    const number = Math.abs(gain) < 0.005 ? "0" : `${gain > 0 ? "+" : "−"}${Math.abs(gain).toFixed(2)}`;
    item.append(element("span", `Slot ${slot + 1}`), line, element("span", number, { class: "score" }));
    list.append(item);
  });
  return list;
}
