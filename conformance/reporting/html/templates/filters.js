"use strict";
// The cases of the run, and which of them, of the failures and of the divergences match what is chosen.
const report = (() => {
  const codes = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  const data = JSON.parse(document.getElementById("data").textContent);

  // A line of a record's `tried` (conformance/reporting/tried_cases.py).
  function unpacked(tried, line) {
    const [chosen, compared, known] = line.split(" ");
    const options = {}, families = {};
    tried.options.forEach(([name, values], place) => {
      if (chosen[place] !== "-") options[name] = values[codes.indexOf(chosen[place])];
    });
    if (compared !== "-") for (const one of compared.split(",")) {
      const [place, numbers, worst, deviations] = one.split(":");
      families[tried.families[place]] = {
        numbers: Number(numbers), worst: worst === "inf" ? Infinity : Number(worst),
        deviations: deviations === undefined ? null : Number(deviations),
      };
    }
    return { options, families, known: known ? known.split(",").map((place) => tried.known[place]) : [] };
  }

  const cases = new Map(data.implementations.map((one) =>
    [one.name, one.tried.cases ? one.tried.cases.map((line) => unpacked(one.tried, line)) : []]));

  // As `matches` of conformance/cases/option_space.py: `*` is anything, `!` excludes, a missing option is "absent".
  function isAmong(value, values) {
    const glob = (pattern) => new RegExp(
      "^" + pattern.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&")).join(".*") + "$");
    if (values.includes(value)) return true;
    const excluded = values.filter((each) => each.startsWith("!")).map((each) => each.slice(1));
    if (excluded.length) return !excluded.some((each) => glob(each).test(value));
    return values.some((each) => each.includes("*") && glob(each).test(value));
  }

  // What is chosen: a framework, and values of options.
  function chosen() {
    const value = (name) => document.getElementById("filter-" + name).value;
    const options = {};
    if (value("cell")) options.kind = value("cell");
    if (value("dtype")) options.dtype = value("dtype");
    if (value("option")) { const [name, its] = JSON.parse(value("option")); options[name] = its; }
    return { framework: value("framework"), options };
  }

  const hasOptions = (options, wanted) => Object.entries(wanted).every(([name, value]) => options[name] === value);
  const mayHave = (when, wanted) => !when.length || when.some((alternative) =>
    Object.entries(wanted).every(([name, value]) => !(name in alternative) || isAmong(value, alternative[name])));

  return { data, cases, chosen, hasOptions, mayHave };
})();
