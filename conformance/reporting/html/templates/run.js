"use strict";
// Filters, links to cases, and buttons that copy.
(() => {
  const all = (selector) => [...document.querySelectorAll(selector)];
  const byId = (id) => document.getElementById(id);
  const figure = (number) => number === Infinity ? "∞" : String(Number(number.toPrecision(2)));

  // Each cell as the record has it, to go back to when nothing is chosen.
  const original = new Map(all("#matrix td").map((cell) => [cell, [cell.className, [...cell.childNodes], cell.title]]));

  function showCell(cell, cases) {
    const its = cases.map((one) => one.families[cell.dataset.family]).filter(Boolean);
    const worst = Math.max(...its.map((one) => one.worst));
    const state = !its.length ? "none" : worst > 1 ? "wrong" : "right";
    cell.className = "figure " + state;
    cell.textContent = !its.length ? "–" : `${state === "wrong" ? "✗" : "✓"} ${figure(worst)}`;
    cell.title = `${its.length} cases match`;
  }

  function showMatrix(matching, filtered) {
    for (const [cell, [className, content, title]] of original) {
      cell.className = className; cell.replaceChildren(...content); cell.title = title;
    }
    for (const row of all("#matrix tbody tr")) {
      const cases = matching.get(row.dataset.implementation);
      row.hidden = cases === undefined || (filtered && !cases.length);
      if (row.hidden || !filtered) continue;
      row.querySelectorAll("[data-family]").forEach((cell) => showCell(cell, cases));
      row.querySelector("[data-of=cases]").textContent = cases.length.toLocaleString("en");
      row.querySelector("[data-of=numbers]").textContent = cases.reduce((sum, one) =>
        sum + Object.values(one.families).reduce((its, each) => its + each.numbers, 0), 0).toLocaleString("en");
    }
    byId("matrix-filtered").hidden = !filtered;
  }

  function showCards(selector, none, matches) {
    const cards = all(selector);
    for (const card of cards) card.hidden = !matches(JSON.parse(card.dataset.facets));
    const left = cards.filter((card) => !card.hidden).length;
    byId(none).hidden = left > 0 || !cards.length;
    return left;
  }

  function apply() {
    const { framework, options } = report.chosen();
    const filtered = Object.keys(options).length > 0;
    const matching = new Map();
    for (const [name, cases] of report.cases) {
      if (!framework || framework === name) matching.set(name, cases.filter((one) => report.hasOptions(one.options, options)));
    }
    showMatrix(matching, filtered);
    distributions.show(matching);
    const failures = showCards(".failure", "failures-none", (facets) =>
      (!framework || facets.implementation === framework) && report.hasOptions(facets.options, options));
    const divergences = showCards(".divergence", "divergences-none", (facets) =>
      (!framework || facets.implementations.includes(framework)) && report.mayHave(facets.when, options));
    for (const row of all("#options-table tbody tr")) {
      row.hidden = row.dataset.option in options && options[row.dataset.option] !== row.dataset.value;
    }
    for (const element of all("#options-table [data-implementation], #machine tr[data-implementation], #not-run [data-implementation]")) {
      element.hidden = Boolean(framework) && element.dataset.implementation !== framework;
    }
    const count = [...matching.values()].reduce((sum, cases) => sum + cases.length, 0);
    byId("filter-status").textContent = `Shown: ${count.toLocaleString("en")} cases, ${failures} failures, ${divergences} known divergences.`;
  }

  // A link to a case opens it, whatever is chosen.
  function openTarget() {
    const target = location.hash.length > 1 && byId(decodeURIComponent(location.hash.slice(1)));
    all(".card.target").forEach((card) => card.classList.remove("target"));
    if (!target || !target.classList.contains("card")) return;
    if (target.hidden) { byId("filters").reset(); apply(); }
    target.classList.add("target");
    target.querySelectorAll("details.script").forEach((script) => { script.open = true; });
    target.focus({ preventScroll: true });
    target.scrollIntoView();
  }

  async function copy(button) {
    const text = button.parentElement.querySelector("pre");
    try {
      await navigator.clipboard.writeText(text.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(text); // where a page from disk may not write to the clipboard
      button.textContent = "Selected: press Ctrl+C";
    }
    setTimeout(() => { button.textContent = "Copy"; }, 3000);
  }

  byId("filters").addEventListener("change", apply);
  byId("filters").addEventListener("submit", (event) => event.preventDefault());
  byId("filters").addEventListener("reset", () => setTimeout(apply));
  all(".copy").forEach((button) => button.addEventListener("click", () => copy(button)));
  addEventListener("hashchange", openTarget);
  apply();
  openTarget();
  document.documentElement.dataset.ready = "true"; // what a test waits for
})();
