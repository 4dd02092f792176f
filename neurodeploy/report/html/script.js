"use strict";
/* Without this script the page shows the same; with it, a step is followed through all pictures. */
(() => {
  const make = (tag, attributes, ...children) => {
    const made = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
    made.append(...children);
    return made;
  };
  const pictures = [...document.querySelectorAll(".activity svg[data-steps]")];
  if (pictures.length === 0) return;
  const number = (picture, name) => Number(picture.dataset[name]);
  const first = Math.min(...pictures.map(each => number(each, "first")));
  const last = Math.max(...pictures.map(each => number(each, "first") + number(each, "steps") - 1));
  const step = make("input", {type: "range", id: "step", min: first, max: last, value: first});
  const shown = make("output", {for: "step"});
  const filter = make("input", {type: "search", id: "filter", placeholder: "all"});
  const tools = make("div", {class: "tools", role: "group", "aria-label": "Tools"},
    make("label", {for: "step"}, "Step "), step, shown,
    make("label", {for: "filter"}, "Layers "), filter);

  pictures.forEach(picture => {
    const line = document.createElementNS(picture.namespaceURI, "path");
    line.setAttribute("class", "cursor");
    picture.append(line);
    if (picture.dataset.counts) {
      picture.closest("figure").append(make("p", {class: "at-step", "aria-live": "polite"}));
    }
  });

  const move = value => {
    step.value = value;
    shown.textContent = step.value;
    pictures.forEach(picture => {
      const at = Number(step.value) - number(picture, "first");
      const x = number(picture, "left") + (at + 0.5) * number(picture, "cell");
      const bottom = picture.viewBox.baseVal.height;
      picture.querySelector(".cursor").setAttribute("d", `M${x} 4V${bottom - 18}`);
      const words = picture.closest("figure").querySelector(".at-step");
      if (words) {
        const count = JSON.parse(picture.dataset.counts)[at];
        words.textContent = `Step ${step.value}: ${count} ${count === 1 ? "spike" : "spikes"}.`;
      }
    });
  };
  const choose = () => {
    const wanted = filter.value.trim().toLowerCase();
    document.querySelectorAll(".activity article, table.layers:not(.plain) tbody tr").forEach(each => {
      const name = each.querySelector("code, th").textContent.toLowerCase();
      each.hidden = !name.includes(wanted);
    });
  };
  step.addEventListener("input", () => move(step.value));
  filter.addEventListener("input", choose);

  /* A click into a picture goes to the step under it. */
  pictures.forEach(picture => picture.addEventListener("click", event => {
    const box = picture.getBoundingClientRect();
    const x = (event.clientX - box.left) / box.width * picture.viewBox.baseVal.width;
    const at = Math.floor((x - number(picture, "left")) / number(picture, "cell"));
    move(at + number(picture, "first"));
  }));

  const main = document.querySelector("main");
  if (main.dataset.step) {
    const jump = make("button", {type: "button"}, "First difference");
    jump.addEventListener("click", () => {
      const sample = document.querySelector(`.picker input[value="${main.dataset.sample}"]`);
      if (sample) sample.checked = true;
      filter.value = "";
      choose();
      move(main.dataset.step);
      const cards = [...document.querySelectorAll(".activity article")];
      const card = cards.find(each => each.querySelector("code").textContent === main.dataset.layer);
      if (card) card.scrollIntoView({block: "center"});
    });
    tools.append(jump);
  }
  /* A layer of the table leads to its pictures. */
  document.querySelectorAll("table.layers:not(.plain) tbody th").forEach(cell => {
    const cards = [...document.querySelectorAll(".activity article")];
    const card = cards.find(each => each.querySelector("code").textContent === cell.textContent);
    if (card) {
      const link = make("button", {type: "button", class: "to-layer"}, cell.textContent);
      link.addEventListener("click", () => card.scrollIntoView({block: "start"}));
      cell.replaceChildren(link);
    }
  });
  /* So does a box of the graph, by a click or the enter key. */
  document.querySelectorAll(".network .node").forEach(box => {
    const cards = [...document.querySelectorAll(".activity article")];
    const card = cards.find(each => each.querySelector("code").textContent === box.dataset.layer);
    if (!card) return;
    const go = () => card.scrollIntoView({block: "start"});
    box.classList.add("linked");
    box.setAttribute("tabindex", "0");
    box.setAttribute("role", "link");
    box.setAttribute("aria-label", `${box.dataset.layer}: its spikes`);
    box.addEventListener("click", go);
    box.addEventListener("keydown", event => { if (event.key === "Enter") go(); });
  });
  document.querySelector(".layer-cards").before(tools);
  move(main.dataset.step || first);
})();
