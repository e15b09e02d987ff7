// What the scripts of pages share: elements, tables, figures. What comes from elsewhere becomes text and
// attributes, never markup.
"use strict";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined && value !== false) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children);
  return node;
}
const element = (tag, attributes = {}, ...children) =>
  fill(document.createElement(tag), attributes, children);
const drawing = (tag, attributes = {}, ...children) =>
  fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

function button(text, onClick, attributes = {}) {
  const made = element("button", {type: "button", ...attributes}, text);
  made.addEventListener("click", onClick);
  return made;
}

/// A table that scrolls within itself, also by keyboard.
const scrolling = (label, table) =>
  element("div", {class: "scroll", tabindex: 0, role: "region", "aria-label": label}, table);

function tableOf(heads, rows) {
  const cells = (tag, row) => row.map((cell, i) =>
    element(tag, {class: heads[i].kind, ...(tag === "th" ? {scope: "col"} : {})}, cell));
  return element("table", {},
    element("thead", {}, element("tr", {}, ...cells("th", heads.map((head) => head.name)))),
    element("tbody", {}, ...rows.map((row) => element("tr", {}, ...cells("td", row)))));
}

// Figures, rounded down to three digits as kaisar-audit prints them.

function threeDigits(value) {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return (Math.floor(value * 10 ** digits + 1e-9) / 10 ** digits).toFixed(digits);
}

function withPrefix(value, unit) {
  if (value < 1000) return `${value} ${unit}`;
  const prefixes = ["", "k", "M", "G", "T", "P"];
  let prefix = 0;
  for (; value >= 1000 && prefix + 1 < prefixes.length; ++prefix) value /= 1000;
  return `${threeDigits(value)} ${prefixes[prefix]}${unit}`;
}

const rateText = (value) => withPrefix(value, "op/s");
const bitRateText = (value) => withPrefix(value, "bit/s");
const shareText = (ppm) => `${(Math.floor(ppm / 1000) / 10).toFixed(1)} %`;
function rttText(us) {
  if (us < 1000) return `${us} µs`;
  return us < 1e6 ? `${threeDigits(us / 1000)} ms` : `${threeDigits(us / 1e6)} s`;
}
