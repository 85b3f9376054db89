#!/usr/bin/env -S node --max-semi-space-size=8 --initial-old-space-size=48 --heap-growing-percent=40
// A small young generation: batches are freed soon after they were used, which saves 50 MB and no time is lost.
// A first heap that has room for them: else V8 looks through all memory again and again for what is not there.
// It may grow by 40 %, not to several times what is alive: that saves another 40 MB.
// Plain old JavaScript: a Node that is too old must be able to read this far, to be told so.
/* biome-ignore-all lint: it must parse on Node 12 */

var NEEDED = [22, 19];

var found = process.versions.node.split(".").map(Number);
var isNewEnough = found[0] > NEEDED[0] || (found[0] === NEEDED[0] && found[1] >= NEEDED[1]);

if (isNewEnough) start();
else
  Promise.all([import("fs"), import("path"), import("url"), import("child_process")]).then(
    startPinned,
  );

// The built program where there is one, else the sources as they are.
function start() {
  Promise.all([import("fs"), import("module")]).then(function (modules) {
    var fs = modules[0];
    // Compiled code is kept between runs, where Node can (22.8 and newer).
    if (modules[1].enableCompileCache) modules[1].enableCompileCache();
    var built = new URL("../dist/cli.js", import.meta.url);
    return import(
      fs.existsSync(built) ? built.href : new URL("../src/cli.ts", import.meta.url).href
    );
  });
}

// Runs this file again with the Node that `npm ci` put beside it.
function startPinned(modules) {
  var fs = modules[0];
  var path = modules[1];
  var here = modules[2].fileURLToPath(import.meta.url);
  var folder = path.dirname(here);
  var hasPackage = false;
  while (path.dirname(folder) !== folder) {
    folder = path.dirname(folder);
    var pinned = path.join(folder, "node_modules", "node", "bin", "node");
    hasPackage =
      hasPackage || fs.existsSync(path.join(folder, "node_modules", "node", "package.json"));
    if (fs.existsSync(pinned)) return runWith(modules[3], pinned, here);
  }
  console.error(
    "runner needs Node " +
      NEEDED.join(".") +
      " or newer, and this is " +
      process.versions.node +
      ". " +
      (hasPackage
        ? "The Node that `npm ci` should have put beside it is not there, because install scripts were off: run `npm rebuild node --foreground-scripts`."
        : "Install a newer Node, or run `npm ci` in the folder of the sources, which brings one."),
  );
  process.exitCode = 3;
}

function runWith(childProcess, node, here) {
  var child = childProcess.spawn(
    node,
    [
      "--max-semi-space-size=8",
      "--initial-old-space-size=48",
      "--heap-growing-percent=40",
      here,
    ].concat(process.argv.slice(2)),
    { stdio: "inherit" },
  );
  function forward(signal) {
    process.on(signal, function () {
      // A terminal sends an interrupt to both of us; only one that was sent to this process is passed on.
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  ["SIGINT", "SIGTERM", "SIGHUP"].forEach(forward);
  child.on("exit", function (code, signal) {
    if (signal === null) process.exitCode = code;
    else {
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
    }
  });
}
