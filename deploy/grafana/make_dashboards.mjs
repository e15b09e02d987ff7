// Makes dashboards/NAME.json, which Grafana loads, of source/NAME.yaml: node deploy/grafana/make_dashboards.mjs
// What a source says of a panel:
//   as      stat, timeseries, heatmap, table, bargauge or state-timeline
//   title, tells   what it shows, and how to read it
//   size    [of the 24 columns, rows]; panels go side by side until the columns are full
//   asks    queries: expr, and the name of a series, labels as {{label}}
//   unit, decimals, max, stack   as Grafana has them
//   limits  [[from value, colour], …], the first one from null: what is good, and what is not
//   values  {value: [text, colour]}
//   columns labels that a table shows; empty: what it says without rows
import {readFileSync, readdirSync, writeFileSync} from "node:fs";
import {createRequire} from "node:module";
import {fileURLToPath} from "node:url";

const require = createRequire(new URL("../../contracts/package.json", import.meta.url));
const {parse} = require("yaml");
const COLUMNS = 24;
const DATASOURCE = {type: "prometheus", uid: "${datasource}"};

const LEGEND = {calcs: [], displayMode: "list", placement: "bottom", showLegend: true};
const LAST = {calcs: ["lastNotNull"], fields: "", values: false};
/** What is so now: over a range, the last value of what nobody answers for any more would still be shown. */
const NOW = {instant: true, range: false};
/** What makes a panel of a kind: `options`, `custom` of its fields, and of its queries. */
const KINDS = {
  "stat": (panel) => ({
    options: {
      reduceOptions: LAST, colorMode: panel.limits || panel.values ? "background" : "value",
      graphMode: "none", justifyMode: "auto", orientation: "auto", textMode: "value_and_name",
      wideLayout: true, percentChangeColorMode: "standard", showPercentChange: false,
    },
    query: NOW,
  }),
  "bargauge": () => ({
    options: {
      reduceOptions: LAST, displayMode: "gradient", orientation: "horizontal", showUnfilled: true,
      valueMode: "color", namePlacement: "auto", sizing: "auto", minVizWidth: 8, minVizHeight: 16,
      maxVizHeight: 300, legend: {...LEGEND, showLegend: false},
    },
    query: NOW,
  }),
  "timeseries": (panel) => ({
    options: {legend: LEGEND, tooltip: {mode: "multi", sort: "desc"}},
    custom: {
      drawStyle: "line", lineWidth: 1, fillOpacity: panel.stack ? 40 : 0, showPoints: "never",
      stacking: {mode: panel.stack ? "normal" : "none", group: "A"},
      thresholdsStyle: {mode: panel.limits ? "dashed" : "off"},
    },
  }),
  "heatmap": (panel) => ({
    options: {
      calculate: false, cellGap: 1, showValue: "never", legend: {show: true},
      yAxis: {axisPlacement: "left", unit: panel.unit},
      color: {mode: "scheme", scheme: "Blues", exponent: 0.5, steps: 64, reverse: false, fill: "blue"},
      tooltip: {mode: "single", yHistogram: true}, exemplars: {color: "red"},
    },
    query: {format: "heatmap"},
  }),
  "state-timeline": () => ({
    options: {
      showValue: "never", rowHeight: 0.8, mergeValues: true, alignValue: "left", legend: LEGEND,
      tooltip: {mode: "single", sort: "none"},
    },
    custom: {lineWidth: 0, fillOpacity: 70},
  }),
  "table": (panel) => ({
    options: {showHeader: true, frameIndex: 0, cellHeight: "sm", showTypeIcons: false},
    query: {format: "table", ...NOW},
    transformations: [{id: "filterFieldsByName", options: {include: {names: panel.columns}}}],
  }),
};

function fieldsOf(panel, custom) {
  const steps = (panel.limits ?? [[null, "blue"]]).map(([value, color]) => ({value, color}));
  const options = Object.fromEntries(Object.entries(panel.values ?? {})
    .map(([value, [text, color]], index) => [value, {text, color, index}]));
  return {
    defaults: {
      unit: panel.unit ?? "short", min: panel.max === undefined ? undefined : 0, max: panel.max,
      decimals: panel.decimals, noValue: panel.empty, thresholds: {mode: "absolute", steps},
      mappings: panel.values ? [{type: "value", options}] : [], custom,
      color: {mode: panel.as === "timeseries" ? "palette-classic" : "thresholds"},
    },
    overrides: [],
  };
}

function panelOf(panel, id, x, y) {
  const [w, h] = panel.size;
  const {options, custom, query, transformations} = KINDS[panel.as](panel);
  const targets = panel.asks.map(({name, expr}, i) => ({
    refId: String.fromCharCode("A".charCodeAt(0) + i), datasource: DATASOURCE, expr,
    legendFormat: name, ...query}));
  return {
    id, type: panel.as, title: panel.title, description: panel.tells, gridPos: {x, y, w, h},
    datasource: DATASOURCE, targets, transformations, fieldConfig: fieldsOf(panel, custom), options};
}

/** Rows one below the other; panels side by side, and below when the columns are full. */
function layOut(rows) {
  const panels = [];
  let y = 0;
  for (const row of rows) {
    panels.push({id: panels.length + 1, type: "row", title: row.title, collapsed: false, panels: [],
      gridPos: {x: 0, y: y++, w: COLUMNS, h: 1}});
    let x = 0, high = 0;
    for (const panel of row.panels) {
      const [w, h] = panel.size;
      if (x + w > COLUMNS) {
        y += high;
        x = high = 0;
      }
      panels.push(panelOf(panel, panels.length + 1, x, y));
      x += w;
      high = Math.max(high, h);
    }
    y += high;
  }
  return panels;
}

/** The text of a dashboard's JSON. */
export function dashboardOf(name, text) {
  const source = parse(text);
  const everything = {includeAll: true, multi: true, allValue: ".*", current: {text: "All", value: "$__all"}};
  const list = [
    {name: "datasource", type: "datasource", query: "prometheus", label: "Prometheus", hide: 0},
    {name: "instance", type: "query", label: "Where", datasource: DATASOURCE, query: source.choose,
      refresh: 2, sort: 1, hide: 0, ...everything},
  ];
  return `${JSON.stringify({
    uid: `kaisar-${name}`, title: source.title, description: source.tells, tags: ["kaisar"],
    schemaVersion: 41, editable: true, graphTooltip: 1, refresh: "30s", timezone: "browser",
    time: {from: "now-24h", to: "now"}, templating: {list}, annotations: {list: []},
    links: [{title: "Kaisar", type: "dashboards", tags: ["kaisar"], asDropdown: false, icon: "external link",
      includeVars: false, keepTime: true, targetBlank: false, tooltip: "", url: ""}],
    panels: layOut(source.rows)}, null, 1)}\n`;
}

/** [name, its source, path of its JSON] of each. */
export function dashboards() {
  const folder = fileURLToPath(new URL(".", import.meta.url));
  return readdirSync(`${folder}source`).map((file) => file.replace(".yaml", "")).map((name) =>
    [name, readFileSync(`${folder}source/${name}.yaml`, "utf8"), `${folder}dashboards/${name}.json`]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, source, path] of dashboards()) writeFileSync(path, dashboardOf(name, source));
}
