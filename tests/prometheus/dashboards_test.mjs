// The dashboards: as their sources say, right by Grafana's own types, and telling what they show.
import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync} from "node:fs";
import {createRequire} from "node:module";
import {tmpdir} from "node:os";
import {dirname, join} from "node:path";
import test from "node:test";
import {fileURLToPath} from "node:url";
import {dashboardOf, dashboards} from "../../deploy/grafana/make_dashboards.mjs";

const require = createRequire(new URL("../../contracts/package.json", import.meta.url));
const {parse} = require("yaml");
const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path) => readFileSync(join(root, path), "utf8");
// The folder of a panel's type in @grafana/schema, and its file, by the name that a dashboard has for it.
const TYPES = {"stat": ["stat", "Stat"], "bargauge": ["bargauge", "BarGauge"],
  "timeseries": ["timeseries", "TimeSeries"], "heatmap": ["heatmap", "Heatmap"],
  "state-timeline": ["statetimeline", "StateTimeline"], "table": ["table", "Table"]};
// What the types have as enumerations, a file has as text.
const PLAIN = `type Plain<T> = T extends string ? \`\${T}\` : T extends (infer U)[] ? Plain<U>[] :
  T extends object ? {[K in keyof T]: Plain<T[K]>} : T;`;

const LOADED = dashboards().map(([name, , path]) => [name, JSON.parse(readFileSync(path, "utf8"))]);
const panelsOf = ([, dashboard]) => dashboard.panels.filter(({type}) => type !== "row");
const ALL = LOADED.flatMap(panelsOf);

/** Runs `body` with a folder that is gone afterwards. */
function inFolder(body) {
  const folder = mkdtempSync(join(tmpdir(), "kaisar-dashboards-"));
  try {
    return body(folder);
  } finally {
    rmSync(folder, {recursive: true});
  }
}

/** TypeScript that assigns dashboards to Grafana's types, and their panels' options and fields to their own. */
function assignmentsOf(loaded) {
  const types = join(dirname(require.resolve("@grafana/schema/package.json")), "dist/types");
  const lines = [`import type {Dashboard} from "${types}/index.d.ts";`, PLAIN];
  for (const [folder, file] of Object.values(TYPES)) {
    lines.push(`import type * as ${folder} from ` +
      `"${types}/raw/composable/${folder}/panelcfg/x/${file}PanelCfg_types.gen.d.ts";`);
  }
  const assign = (type, value) =>
    lines.push(`export const v${lines.length}: Plain<${type}> = ${JSON.stringify(value)};`);
  for (const [name, dashboard] of loaded) {
    assign("Dashboard", dashboard);
    for (const {type, options, fieldConfig: {defaults: {custom}}} of panelsOf([name, dashboard])) {
      assign(`Partial<${TYPES[type][0]}.Options>`, options);
      if (custom) assign(`Partial<${TYPES[type][0]}.FieldConfig>`, custom);
    }
  }
  return lines.join("\n");
}

/** What the compiler has against files, name and text each. */
function compilerErrors(files) {
  return inFolder((folder) => {
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    try {
      return execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "--noEmit", "--strict",
        "--skipLibCheck", "--target", "es2022", "--moduleResolution", "node", ...Object.keys(files)],
      {cwd: folder, encoding: "utf8"});
    } catch (error) {
      return error.stdout;
    }
  });
}

/** Lets Prometheus's own tool evaluate what panels ask. */
function checkRules(tests) {
  inFolder((folder) => {
    writeFileSync(join(folder, "tests.yml"), JSON.stringify({tests}));
    execFileSync("promtool", ["test", "rules", join(folder, "tests.yml")]);
  });
}

test("the dashboards are made from their sources", () => {
  for (const [name, source, path] of dashboards()) {
    assert.equal(readFileSync(path, "utf8"), dashboardOf(name, source),
      `${name}: node deploy/grafana/make_dashboards.mjs`);
  }
  assert.deepEqual(readdirSync(join(root, "deploy/grafana/dashboards")).sort(),
    dashboards().map(([name]) => `${name}.json`).sort());
});

test("Grafana's types of the version that is composed accept them, and no wrong ones", () => {
  const {image} = parse(read("deploy/container/compose.yaml")).services.grafana;
  assert.equal(image, `grafana/grafana:${require("@grafana/schema/package.json").version}`);
  const [name, wrong] = structuredClone(LOADED[0]);
  wrong.refersh = "30s";
  panelsOf([name, wrong])[0].options.colorMode = "backgruond";
  const errors = compilerErrors({"right.ts": assignmentsOf(LOADED), "wrong.ts": assignmentsOf([[name, wrong]])});
  assert.doesNotMatch(errors, /^right/m);
  assert.match(errors, /^wrong.*refersh/m);
  assert.match(errors, /^wrong.*backgruond/m);
});

test("each panel tells what it shows, with a unit where it has one, and no panel covers another", () => {
  for (const [name, dashboard] of LOADED) {
    const taken = new Set();
    for (const {title, gridPos: {x, y, w, h}} of dashboard.panels) {
      assert.ok(x + w <= 24, `${name}: ${title}`);
      for (let column = x; column < x + w; ++column) {
        for (let row = y; row < y + h; ++row) {
          assert.ok(!taken.has(`${column},${row}`), `${name}: ${title}`);
          taken.add(`${column},${row}`);
        }
      }
    }
    const titles = panelsOf([name, dashboard]).map(({title}) => title);
    assert.equal(new Set(titles).size, titles.length, `${name}: a title is there twice`);
  }
  for (const {title, description, targets, fieldConfig: {defaults: {unit}}} of ALL) {
    assert.match(description, /^[A-Z0-9].{10,}\.$/, title);
    for (const {expr, legendFormat, format} of targets) {
      if (format !== "table") assert.ok(legendFormat, `${title}: no name`);
      assert.ok(unit !== "short" || !/_(seconds|bytes|ratio|kai|coins)(_bucket)?\{/.test(expr), `${title}: no unit`);
      assert.doesNotMatch(expr, /\bdevice=/, title);
    }
  }
});

test("what a panel says of now it does not say of who is gone", () => {
  for (const {type, title, targets} of ALL.filter(({type}) => ["stat", "bargauge", "table"].includes(type))) {
    for (const {instant, range} of targets) assert.ok(instant && range === false, `${title}, a ${type}`);
  }
});

test("a checker or provider that does not answer neither earns nor serves", () => {
  const tests = [["Earning", "checker"], ["Would serve now", "provider"]].map(([title, program]) => {
    const [{expr}] = ALL.find((panel) => panel.title === title).targets;
    const of = (instance) => `{job="kaisar-${program}", instance="${instance}"}`;
    return {
      name: title, interval: "15s",
      input_series: [
        {series: `up${of("well")}`, values: "1x80"}, {series: `kaisar_${program}_ready${of("well")}`, values: "1x80"},
        {series: `up${of("dead")}`, values: "1x40 0x40"},
        {series: `kaisar_${program}_ready${of("dead")}`, values: "1x40 stale"}],
      promql_expr_test: [{expr: `sum by (instance) (${expr.replaceAll("$instance", ".*")})`, eval_time: "15m",
        exp_samples: [{labels: '{instance="well"}', value: 1}, {labels: '{instance="dead"}', value: 0}]}]};
  });
  checkRules(tests);
});

test("what may be empty is not always so", () => {
  const entries = JSON.parse(read("tests/prometheus/empty_when_healthy.json"));
  const asked = new Set(ALL.flatMap(({targets}) => targets.map(({expr}) => expr)));
  const tests = entries.map(({expr, why, series}) => {
    assert.ok(why && asked.has(expr), `no panel asks ${expr}`);
    const filled = expr.replaceAll("$instance", ".*").replaceAll("$__rate_interval", "5m");
    return {
      name: expr, interval: "1m",
      input_series: Object.entries(series).map(([name, values]) => ({series: name, values})),
      promql_expr_test: [{expr: `count(${filled}) > bool 0`, eval_time: "15m",
        exp_samples: [{labels: "{}", value: 1}]}]};
  });
  checkRules(tests);
});
