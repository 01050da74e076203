// What runs a Node handler: `node runtime_node.mjs CHANNEL`, in a process of its own.
// The channel is a socket, by its descriptor or its path; each message on it is a line of JSON, and
// as many bytes as it says.

import { existsSync } from "node:fs";
import net from "node:net";
import path from "node:path";
import { pathToFileURL } from "node:url";
import util from "node:util";

const root = process.env.LAMBDA_TASK_ROOT;
const place = process.argv[2];
const channel = /^\d+$/.test(place)
  ? new net.Socket({ fd: Number(place), readable: true, writable: true })
  : net.connect(place);
let request = "";

for (const [method, level] of [
  ["log", "INFO"], ["info", "INFO"], ["debug", "DEBUG"], ["trace", "TRACE"],
  ["warn", "WARN"], ["error", "ERROR"],
]) {
  console[method] = (...words) => {
    const said = util.format(...words).replaceAll("\n", "\r");
    process.stdout.write(`${new Date().toISOString()}\t${request}\t${level}\t${said}\n`);
  };
}

function send(head, payload) {
  const body = Buffer.from(payload, "utf8");
  channel.write(Buffer.concat([
    Buffer.from(`${JSON.stringify({ ...head, size: body.length })}\n`, "utf8"), body,
  ]));
}

function shape(crash) {
  if (crash instanceof Error) {
    return {
      errorType: crash.name,
      errorMessage: crash.message,
      trace: String(crash.stack ?? "").split("\n"),
    };
  }
  return { errorType: typeof crash, errorMessage: String(crash), trace: [] };
}

class Unloadable extends Error {
  constructor(name, message) {
    super(message);
    this.name = name;
  }
}

async function load(name) {
  const dot = name.lastIndexOf(".");
  if (dot <= 0) {
    throw new Unloadable("Runtime.MalformedHandlerName", `Bad handler '${name}'`);
  }
  const [moduleName, attribute] = [name.slice(0, dot), name.slice(dot + 1)];
  const found = ["", ".js", ".mjs", ".cjs"]
    .map((ending) => path.join(root, moduleName + ending))
    .find((file) => path.extname(file) !== "" && existsSync(file));
  if (found === undefined) {
    throw new Unloadable("Runtime.ImportModuleError", `Error: Cannot find module '${moduleName}'`);
  }
  let module;
  try {
    module = await import(pathToFileURL(found).href);
  } catch (reason) {
    if (reason instanceof SyntaxError) {
      throw new Unloadable("Runtime.UserCodeSyntaxError", `SyntaxError: ${reason.message}`);
    }
    if (reason?.code === "MODULE_NOT_FOUND" || reason?.code === "ERR_MODULE_NOT_FOUND") {
      throw new Unloadable("Runtime.ImportModuleError", `Error: ${reason.message}`);
    }
    throw reason;
  }
  const handler = module[attribute] ?? module.default?.[attribute];
  if (typeof handler !== "function") {
    throw new Unloadable("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  }
  return handler;
}

function contextOf(head, settle) {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    invokedFunctionArn: head.arn,
    awsRequestId: head.requestId,
    getRemainingTimeInMillis: () => Math.max(0, Math.floor(head.deadline * 1000 - Date.now())),
    done: (crash, answer) => settle(crash, answer),
    fail: (crash) => settle(crash),
    succeed: (answer) => settle(null, answer),
  };
}

function invoke(handler, head, payload) {
  return new Promise((resolve) => {
    const settle = (crash, answer) => {
      if (crash !== null && crash !== undefined) {
        const told = shape(crash);
        const line = JSON.stringify({ ...told, trace: undefined, stack: told.trace });
        console.error("Invoke Error", `\t${line}`);
        resolve([false, JSON.stringify(told)]);
        return;
      }
      let text;
      try {
        text = JSON.stringify(answer ?? null);
      } catch (reason) {
        settle(new Unloadable("Runtime.MarshalError", `Unable to marshal response: ${reason.message}`));
        return;
      }
      resolve([true, text ?? "null"]);
    };
    try {
      const given = handler(JSON.parse(payload), contextOf(head, settle), settle);
      if (given !== null && typeof given?.then === "function") {
        given.then((answer) => settle(null, answer), (crash) => settle(crash ?? "rejected"));
      } else if (given !== undefined && handler.length < 3) {
        settle(null, given);
      } else if (handler.length < 2) {
        settle(null, null);
      }
    } catch (crash) {
      settle(crash);
    }
  });
}

let handler;
try {
  handler = await load(process.env._HANDLER);
  send({ ready: true }, "");
} catch (crash) {
  send({ ready: false }, JSON.stringify(shape(crash)));
  channel.end();
}

let buffered = Buffer.alloc(0);
let busy = false;

async function serve() {
  const end = buffered.indexOf(10);
  if (busy || end < 0 || handler === undefined) return;
  const head = JSON.parse(buffered.subarray(0, end).toString("utf8"));
  if (buffered.length < end + 1 + head.size) return;
  const payload = buffered.subarray(end + 1, end + 1 + head.size).toString("utf8");
  buffered = buffered.subarray(end + 1 + head.size);
  busy = true;
  request = head.requestId;
  const [ok, answer] = await invoke(handler, head, payload);
  busy = false;
  send({ ok }, answer);
}

process.on("uncaughtException", (crash) => {
  console.error("Uncaught Exception", `\t${JSON.stringify(shape(crash))}`);
  process.exitCode = 129;
  process.exit();
});
channel.on("data", (block) => {
  buffered = Buffer.concat([buffered, block]);
  void serve();
});
channel.on("end", () => process.exit(0));
