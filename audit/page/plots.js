// Plots of figures over the time of the epoch, as SVG.
"use strict";

const HEIGHT = 208;  // as in the style
const MARGIN = {left: 72, right: 8, top: 18, bottom: 22};
const TIME_STEPS_S = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 21600, 43200,
  86400];
/// Fewer points are drawn as dots, too.
const MOST_DOTS = 64;

/// A time of a curve, whose points are as far apart as the ticks of an epoch: 1:02 of a long one.
const aboutText = (ms) => (long ? timeText(ms).slice(0, -3) : timeText(ms));

/// The points of a curve: times as steps of audit.tick_ms from each to the next.
function pointsOf(curve) {
  let tick = 0;
  return (curve?.t ?? []).map((step, i) => {
    tick += step;
    return {ms: tick * audit.tick_ms, value: curve.v[i]};
  });
}

/// 1, 2 or 5 times a power of ten, for some four lines up to `most`.
function niceStep(most) {
  const raw = most / 4;
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= raw);
}

function scalesOf(width, plot) {
  const values = plot.series.flatMap((series) => series.points.map((point) => point.value));
  const highest = values.length > 0 ? Math.max(1, ...values) : plot.bound.value;
  // A bound far above all would press the curve flat; it is in the caption.
  const bounded = plot.bound.value <= 4 * highest;
  const most = bounded ? Math.max(highest, plot.bound.value) : highest;
  const step = niceStep(most);
  const top = step * Math.ceil(most / step);
  const inner = {width: width - MARGIN.left - MARGIN.right, height: HEIGHT - MARGIN.top - MARGIN.bottom};
  return {
    step, top, bounded,
    x: (ms) => MARGIN.left + inner.width * ms / audit.epoch_ms,
    y: (value) => MARGIN.top + inner.height * (1 - value / top),
    msAt: (x) => audit.epoch_ms * (x - MARGIN.left) / inner.width,
    timeStep: 1000 * (TIME_STEPS_S.find((s) => audit.epoch_ms / 1000 / s <= inner.width / 72) ??
      TIME_STEPS_S.at(-1)),
  };
}

function axesOf(width, plot, scales) {
  const marks = [];
  for (let value = 0; value <= scales.top * 1.001; value += scales.step) {
    const y = scales.y(value);
    marks.push(drawing("line", {class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y}),
      drawing("text", {x: MARGIN.left - 8, y: y + 4, "text-anchor": "end"},
        value === 0 ? "0" : plot.text(value)));
  }
  for (let ms = 0; ms <= audit.epoch_ms; ms += scales.timeStep) {
    const anchor = scales.x(ms) > width - 24 ? "end" : "middle";
    marks.push(drawing("text", {x: scales.x(ms), y: HEIGHT - 4, "text-anchor": anchor}, aboutText(ms)));
  }
  if (scales.bounded) {
    const y = scales.y(plot.bound.value);
    marks.push(drawing("line", {class: "bound", x1: MARGIN.left, x2: width - MARGIN.right, y1: y, y2: y}));
  }
  return marks;
}

function curveOf(series, scales) {
  const places = series.points.map((point) =>
    [scales.x(point.ms).toFixed(1), scales.y(point.value).toFixed(1)]);
  const marks = [drawing("polyline",
    {class: `curve ${series.kind ?? ""}`, points: places.map((place) => place.join()).join(" ")})];
  if (places.length <= MOST_DOTS) {
    marks.push(...places.map(([cx, cy]) => drawing("circle",
      {class: `dot ${series.kind ?? ""}`, cx, cy, r: 2.5})));
  }
  return marks;
}

/// On the line of zero: a cross for what failed, a ring for what is inconclusive.
function missedMark([ms, , failed, reason], scales) {
  const [x, y] = [scales.x(ms), scales.y(0)];
  const title = drawing("title", {}, `${timeText(ms)} ${reason}`);
  if (!failed) return drawing("circle", {class: "inconclusive", cx: x, cy: y, r: 3.5}, title);
  return drawing("path", {class: "fail",
    d: `M${x - 3.5} ${y - 3.5}l7 7m0 -7l-7 7`}, title);
}

/// What stands below the pointer: the nearest point in time of each series.
function addReading(svg, width, plot, scales) {
  const line = drawing("line",
    {class: "cursor", y1: MARGIN.top, y2: HEIGHT - MARGIN.bottom, visibility: "hidden"});
  const text = drawing("text", {class: "reading", x: width - MARGIN.right, y: 11, "text-anchor": "end"});
  svg.append(line, text);
  svg.onpointermove = (event) => {
    const ms = scales.msAt(event.clientX - svg.getBoundingClientRect().left);
    const nearest = plot.series.filter((series) => series.points.length > 0).map((series) =>
      series.points.reduce((a, b) => (Math.abs(b.ms - ms) < Math.abs(a.ms - ms) ? b : a)));
    if (nearest.length === 0) return;
    const x = scales.x(nearest[0].ms);
    fill(line, {x1: x, x2: x, visibility: "visible"}, []);
    text.textContent =
      [aboutText(nearest[0].ms), ...nearest.map((point) => plot.text(point.value))].join(" · ");
  };
  svg.onpointerleave = () => {
    line.setAttribute("visibility", "hidden");
    text.textContent = "";
  };
}

function draw(svg, plot) {
  const width = svg.getBoundingClientRect().width;
  if (width === 0) return;
  const scales = scalesOf(width, plot);
  svg.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`);
  svg.replaceChildren(...axesOf(width, plot, scales),
    ...plot.series.flatMap((series) => curveOf(series, scales)),
    ...plot.missed.map((missed) => missedMark(missed, scales)));
  addReading(svg, width, plot, scales);
}

/// What the plot shows, in words.
function describe(plot) {
  const parts = plot.series.filter((series) => series.points.length > 0).map((series) => {
    const values = series.points.map((point) => point.value);
    return `${series.name}: ${values.length} values from ${plot.text(Math.min(...values))} to ` +
      plot.text(Math.max(...values));
  });
  return [`${plot.name} over the epoch`, ...parts, `${plot.missed.length} did not pass`].join("; ");
}

/// The values as a table, made when it is asked for.
function valuesOf(plot) {
  const details = element("details", {}, element("summary", {}, "Values"));
  details.addEventListener("toggle", () => {
    if (details.children.length > 1) return;
    const rows = plot.series.flatMap((series) =>
      series.points.map((point) => [aboutText(point.ms), series.name, plot.text(point.value)]));
    details.append(scrolling(`${plot.name}: values`,
      tableOf([{name: "Due", kind: "number"}, {name: "What"}, {name: "Value", kind: "number"}], rows)));
  });
  return details;
}

function figureOf(plot) {
  const svg = drawing("svg", {class: "plot", role: "img", "aria-label": describe(plot)});
  new ResizeObserver(() => draw(svg, plot)).observe(svg);
  const keys = plot.series.length < 2 ? [] : plot.series.map((series) =>
    element("span", {}, element("i", {class: `key ${series.kind ?? ""}`}), series.name));
  const notes = [plot.bound.name];
  if (plot.stride > 1) notes.push(`one of ${plot.stride} values is shown`);
  return element("figure", {},
    element("figcaption", {}, element("strong", {}, plot.name), ...keys,
      ...notes.map((note) => element("span", {}, note))),
    svg, valuesOf(plot));
}

function plotsOf(device) {
  const missed = (kind) => device.missed.filter((entry) => entry[1] === kind);
  const series = (name, curve, kind) => ({name, points: pointsOf(curve), kind});
  const counted = Math.min(device.claimed_down_bits_per_second, audit.counted_bits_per_second);
  const plots = [
    {name: "RTT", text: rttText, series: [series("RTT", device.rtt)], missed: missed("latency"),
      stride: device.rtt?.of, bound: {value: audit.target_us,
        name: `full share up to ${rttText(audit.target_us)}, none from ${rttText(audit.limit_us)} on`}},
    {name: "Rate", text: rateText, series: [series("Rate", device.rate)], missed: missed("matmul"),
      stride: device.rate?.of, bound: {value: device.claimed_ops_per_second,
        name: `claims ${rateText(device.claimed_ops_per_second)}`}},
    {name: "Bandwidth", text: bitRateText, missed: missed("bandwidth"),
      series: [series("down", device.down), series("up", device.up, "second")],
      stride: device.down?.of, bound: {value: counted, name: `counts up to ${bitRateText(counted)}`}},
  ];
  return element("div", {class: "plots"}, ...plots.filter((plot) => plot.missed.length > 0 ||
    plot.series.some((one) => one.points.length > 0)).map(figureOf));
}
