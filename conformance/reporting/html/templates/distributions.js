"use strict";
// Errors as distributions: a box for each implementation, of the cases that match.
const distributions = (() => {
  const least = 1e-4, most = 1e4;
  const family = document.getElementById("errors-family");
  const found = new Set([...report.cases.values()].flat().flatMap((one) => Object.keys(one.families)));
  for (const name of ["all", ...report.data.families.filter((each) => found.has(each))]) {
    family.append(new Option(name === "all" ? "all families" : name, name === "all" ? "" : name));
  }

  const quantile = (sorted, share) => sorted.length ? sorted[Math.floor(share * (sorted.length - 1))] : NaN;
  const shown = (number) => Number.isNaN(number) ? "–" : number === Infinity ? "∞" : number === 0 ? "0" : String(Number(number.toPrecision(2)));
  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

  function errorsOf(cases) {
    const bounds = [], deviations = [];
    for (const one of cases) {
      const its = Object.entries(one.families).filter(([name]) => !family.value || name === family.value).map(([, each]) => each);
      if (!its.length) continue;
      bounds.push(Math.max(...its.map((each) => each.worst)));
      const known = its.map((each) => each.deviations).filter((each) => each !== null);
      if (known.length) deviations.push(Math.max(...known));
    }
    return { bounds: bounds.sort((a, b) => a - b), deviations: deviations.sort((a, b) => a - b) };
  }

  function draw(id, rows, limit) {
    const narrow = document.getElementById(id).clientWidth < 480;
    const short = (name) => narrow && name.length > 12 ? name.slice(0, 11) + "…" : name;
    const traces = rows.map(([name, values]) => ({
      type: "box", orientation: "h", name, x: values.map((each) => Math.min(most, Math.max(least, each))), y: values.map(() => name),
      boxpoints: "outliers", marker: { size: 3, color: ink("--accent") }, line: { width: 1.5, color: ink("--accent") }, hoverinfo: "x",
    }));
    const ticks = [1e-4, 1e-3, 1e-2, 0.1, 1, 10, 100, 1e3, 1e4];
    const far = rows.some(([, values]) => values[values.length - 1] > 10);
    const layout = {
      showlegend: false, height: 70 + 34 * Math.max(2, rows.length), margin: { l: 10, r: 14, t: 8, b: 36 },
      paper_bgcolor: "transparent", plot_bgcolor: "transparent", font: { color: ink("--ink"), size: narrow ? 11 : 13 },
      xaxis: { type: "log", range: [Math.log10(least) - 0.1, far ? 4.2 : 1.2], gridcolor: ink("--line"), zeroline: false,
        tickvals: narrow ? [1e-4, 1e-2, 1, 100, 1e4] : ticks,
        ticktext: narrow ? ["0", ".01", "1", "100", "≥10⁴"] : ["0", ".001", ".01", ".1", "1", "10", "100", "1,000", "≥10,000"] },
      yaxis: { automargin: true, autorange: "reversed", type: "category", tickmode: "array", tickvals: rows.map(([name]) => name),
        ticktext: rows.map(([name]) => short(name).replace(/&/g, "&amp;").replace(/</g, "&lt;")), fixedrange: true },
      shapes: limit ? [{ type: "line", x0: 1, x1: 1, y0: 0, y1: 1, yref: "paper", line: { color: ink("--wrong-ink"), width: 2, dash: "dash" } }] : [],
    };
    Plotly.react(id, traces, layout, { displayModeBar: false, responsive: true }).then(() =>
      document.querySelectorAll("svg").forEach((part) => part.setAttribute("aria-hidden", "true"))); // a plot has its label
  }

  let latest = new Map();
  function show(matching) {
    latest = matching;
    const rows = [...matching].map(([name, cases]) => [name, errorsOf(cases)]).filter(([, its]) => its.bounds.length);
    const sampled = rows.filter(([, its]) => its.deviations.length);
    document.getElementById("errors-none").hidden = rows.length > 0;
    document.querySelector(".plots").hidden = rows.length === 0;
    document.getElementById("figure-deviations").hidden = sampled.length === 0;
    if (rows.length) draw("plot-bounds", rows.map(([name, its]) => [name, its.bounds]), true);
    if (sampled.length) draw("plot-deviations", sampled.map(([name, its]) => [name, its.deviations]), false);
    const body = document.querySelector("#errors-table tbody");
    body.replaceChildren(...rows.map(([name, its]) => {
      const row = document.createElement("tr"), head = document.createElement("th");
      head.scope = "row"; head.textContent = name; row.append(head);
      for (const text of [its.bounds.length, its.bounds.filter((each) => each === 0).length, quantile(its.bounds, 0.5),
        its.bounds[its.bounds.length - 1], quantile(its.deviations, 0.5)]) {
        const cell = row.insertCell(); cell.className = "figure"; cell.textContent = shown(text);
      }
      return row;
    }));
  }
  family.addEventListener("change", () => show(latest));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => show(latest));
  return { show };
})();
