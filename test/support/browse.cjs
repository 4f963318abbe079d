"use strict";
/**
 * Runs in a container with Debian's Chromium: opens a page at several widths and schemes of colours, and tells what the
 * browser made of it. Speaks Chromium's DevTools protocol over a pipe: there is no network here.
 *
 * Standard input: { page, views: [{ name, width, dark, print }] }; standard output: one JSON document.
 */
const { spawn } = require("node:child_process");
const { mkdtempSync, writeFileSync } = require("node:fs");
const { text } = require("node:stream/consumers");

/** What is looked at inside of the page. */
const look = `(() => {
  const root = document.documentElement;
  const boxes = (selector) => [...document.querySelectorAll(selector)].map((one) => one.getBoundingClientRect());
  const shown = (one) => getComputedStyle(one).stroke !== "none" && one.getTotalLength() > 0;
  return {
    title: document.title,
    width: root.clientWidth,
    scrollWidth: root.scrollWidth,
    figures: document.querySelectorAll("figure").length,
    drawn: [...document.querySelectorAll("figure > svg")].map((svg) => [...svg.querySelectorAll("path.line")].filter(shown).length),
    overlapping: boxes("figure").filter(({ right, width }) => right > root.clientWidth + 1 || width < 100).length,
    colors: [...document.querySelectorAll("path.line")].map((one) => getComputedStyle(one).stroke),
    back: getComputedStyle(document.body).backgroundColor,
    ink: getComputedStyle(document.body).color,
    scripts: document.scripts.length,
    images: document.images.length,
    links: [...document.links].map(({ hash }) => hash !== "" && document.getElementById(hash.slice(1)) !== null),
    unnamed: [...document.querySelectorAll('svg[role="img"]')].filter((one) => !one.getAttribute("aria-label")).length,
  };
})()`;

async function main() {
  const { page, views } = JSON.parse(await text(process.stdin));
  const directory = mkdtempSync("/tmp/page-");
  const file = `${directory}/page.html`;
  writeFileSync(file, page);
  const browser = spawn(
    "chromium",
    [
      "--headless",
      "--no-sandbox", // the container is the sandbox
      "--disable-gpu",
      "--disable-dev-shm-usage",
      "--remote-debugging-pipe",
      `--user-data-dir=${directory}/profile`,
    ],
    { stdio: ["ignore", "ignore", "inherit", "pipe", "pipe"] },
  );
  const send = connect(browser);
  const found = [];
  for (const view of views) found.push(await open(send, `file://${file}`, view));
  await send("Browser.close");
  process.stdout.write(JSON.stringify(found));
}

/** Each message ends with a zero byte. */
function connect({ stdio }) {
  const waiting = new Map();
  let next = 0;
  let rest = "";
  stdio[4].setEncoding("utf8").on("data", (piece) => {
    const messages = (rest + piece).split("\0");
    rest = messages.pop();
    for (const message of messages.map((one) => JSON.parse(one))) {
      if (message.id === undefined) send.told(message);
      else waiting.get(message.id)(message);
    }
  });
  function send(method, params = {}, sessionId) {
    const id = ++next;
    return new Promise((resolve, reject) => {
      waiting.set(id, ({ error, result }) =>
        error ? reject(new Error(`${method}: ${error.message}`)) : resolve(result),
      );
      stdio[3].write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    });
  }
  send.told = () => {};
  return send;
}

async function open(send, url, { name, width, dark = false, print = false }) {
  const told = [];
  const requests = [];
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const ask = (method, params) => send(method, params, sessionId);
  const loaded = new Promise((resolve) => {
    send.told = ({ method, params }) => {
      if (method === "Page.loadEventFired") resolve();
      if (method === "Network.requestWillBeSent") requests.push(params.request.url);
      if (method === "Log.entryAdded") told.push(`${params.entry.source}: ${params.entry.text}`);
      if (method === "Runtime.consoleAPICalled")
        told.push(`console: ${params.args.map(({ value }) => value).join(" ")}`);
      if (method === "Runtime.exceptionThrown") told.push(`exception: ${params.exceptionDetails.text}`);
    };
  });
  for (const domain of ["Page", "Network", "Log", "Runtime"]) await ask(`${domain}.enable`);
  await ask("Emulation.setDeviceMetricsOverride", {
    width,
    height: 900,
    deviceScaleFactor: 1,
    mobile: width < 600,
  });
  const features = [{ name: "prefers-color-scheme", value: dark ? "dark" : "light" }];
  await ask("Emulation.setEmulatedMedia", { media: print ? "print" : "screen", features });
  await ask("Page.navigate", { url });
  await loaded;
  const { result } = await ask("Runtime.evaluate", { expression: look, returnByValue: true });
  const shot = await ask("Page.captureScreenshot", { format: "png", captureBeyondViewport: true });
  await send("Target.closeTarget", { targetId });
  return {
    name,
    told,
    requests: requests.filter((one) => one !== url),
    screenshot: shot.data,
    ...result.value,
  };
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
