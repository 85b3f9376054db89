#!/usr/bin/env -S node --max-semi-space-size=16 --initial-old-space-size=48 --heap-growing-percent=40
// A small young generation: batches are freed soon after they were used, which saves 50 MB and no time is lost.
// A first heap that has room for them: else V8 looks through all memory again and again for what is not there.
// It may grow by 40 %, not to several times what is alive: that saves another 40 MB.
// Plain old JavaScript: a Node that is too old must be able to read this far, to be told so.
/* biome-ignore-all lint: it must parse on Node 12 */

Promise.all([
  import("fs"),
  import("module"),
  import("path"),
  import("url"),
  import("child_process"),
]).then(function (modules) {
  var fs = modules[0];
  var here = modules[3].fileURLToPath(import.meta.url);
  var built = new URL("../dist/cli.js", import.meta.url);
  var isBuilt = fs.existsSync(built);
  // The sources as they are have words in them that Node 22 cannot read (`await using`).
  var needed = isBuilt ? [22, 19] : [24, 0];
  if (isAtLeast(needed)) {
    endWithParent();
    // Compiled code is kept between runs, where Node can (22.8 and newer).
    if (modules[1].enableCompileCache) modules[1].enableCompileCache();
    return import(isBuilt ? built.href : new URL("../src/cli.ts", import.meta.url).href);
  }
  var pinned = pinnedNode(fs, modules[2], here);
  if (pinned.path) return runWith(modules[4], pinned.path, flagsOf(fs, here).concat(here));
  console.error(tooOld(needed, pinned.hasPackage));
  process.exitCode = 3;
});

function isAtLeast(needed) {
  var found = process.versions.node.split(".").map(Number);
  return found[0] > needed[0] || (found[0] === needed[0] && found[1] >= needed[1]);
}

// The Node that `npm ci` put beside this file, or into a folder above.
function pinnedNode(fs, path, here) {
  var hasPackage = false;
  for (var folder = path.dirname(here); path.dirname(folder) !== folder; ) {
    folder = path.dirname(folder);
    var found = path.join(folder, "node_modules", "node");
    hasPackage = hasPackage || fs.existsSync(path.join(found, "package.json"));
    var program = path.join(found, "bin", "node");
    if (fs.existsSync(program)) return { path: program };
  }
  return { hasPackage: hasPackage };
}

function tooOld(needed, hasPackage) {
  return (
    "runner needs Node " +
    needed.join(".") +
    " or newer, and this is " +
    process.versions.node +
    ". " +
    (hasPackage
      ? "The Node that `npm ci` should have put beside it is not there, because install scripts were off: run `npm rebuild node --foreground-scripts`."
      : "Install a newer Node, or run `npm ci` in the folder of the sources, which brings one.")
  );
}

// Whoever ends the process that started this one, even by `kill -9`, means this one.
function endWithParent() {
  if (process.env.RUNNER_STARTS_ITSELF === undefined || !process.channel) return;
  delete process.env.RUNNER_STARTS_ITSELF;
  process.channel.unref();
  process.on("disconnect", end);
  if (!process.connected) end();
  function end() {
    process.kill(process.pid, "SIGKILL");
  }
}

// Those of this file's first line.
function flagsOf(fs, file) {
  return fs.readFileSync(file, "utf8").split("\n", 1)[0].split(" ").slice(3);
}

// Runs this file again with that Node.
function runWith(childProcess, node, words) {
  var child = childProcess.spawn(node, words.concat(process.argv.slice(2)), {
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: Object.assign({}, process.env, { RUNNER_STARTS_ITSELF: "1" }),
  });
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
