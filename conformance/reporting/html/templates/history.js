"use strict";
// Releases as plots: cases as bars with patterns, errors and times as lines with marks, so that they read without colour.
(() => {
  const series = JSON.parse(document.getElementById("data").textContent);
  const ink = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const marks = ["circle", "square", "diamond", "x"], dashes = ["solid", "dash", "dot", "dashdot"];
  const strokes = ["--accent", "--right-ink", "--wrong-ink", "--refused-ink"];

  function bars(one) {
    const looks = { agree: ["--right-ink", ""], outside: ["--wrong-ink", "/"], raised: ["--refused-ink", "x"] };
    return Object.entries(looks).map(([name, [colour, shape]]) => ({
      type: "bar", name, x: one.releases.map((each) => each.version), y: one.releases.map((each) => each.standing[name]),
      marker: { color: ink(colour), pattern: { shape, fgcolor: ink("--card"), fillmode: "overlay" } },
    }));
  }

  function lines(one, what) {
    const names = [...new Set(one.releases.flatMap((each) => Object.keys(each[what])))].sort();
    return names.map((name, place) => ({
      type: "scatter", mode: "lines+markers", name, x: one.releases.map((each) => each.version), y: one.releases.map((each) => each[what][name] ?? null),
      marker: { symbol: marks[place % 4], size: 7 }, line: { color: ink(strokes[place % 4]), dash: dashes[place % 4], width: 1.5 },
    }));
  }

  function draw() {
    for (const place of document.querySelectorAll("[data-plot]")) {
      const one = series[place.dataset.series], what = place.dataset.plot;
      const traces = (what === "standing" ? bars(one) : lines(one, what)).map((trace) => ({ ...trace, name: trace.name.replace(/&/g, "&amp;").replace(/</g, "&lt;") }));
      Plotly.react(place, traces, {
        height: 310, margin: { l: 48, r: 10, t: 48, b: 64 }, barmode: "stack", showlegend: true, legend: { orientation: "h", y: 1.02, x: 0, yanchor: "bottom", traceorder: "normal" },
        paper_bgcolor: "transparent", plot_bgcolor: "transparent", font: { color: ink("--ink"), size: 12 },
        xaxis: { type: "category", tickangle: -45, gridcolor: ink("--line"), fixedrange: true },
        yaxis: { type: what === "standing" ? "linear" : "log", gridcolor: ink("--line"), zeroline: false, fixedrange: true, ...(what === "standing" ? {} : { dtick: "D2" }) },
      }, { displayModeBar: false, responsive: true }).then(() =>
        document.querySelectorAll("svg").forEach((part) => part.setAttribute("aria-hidden", "true"))); // a plot has its label
    }
  }

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  draw();
  document.documentElement.dataset.ready = "true"; // what a test waits for
})();
