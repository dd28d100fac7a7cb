"use strict";
const $ = (id) => document.getElementById(id);
const address = location.pathname;
let socket = null;

$("key").value = sessionStorage.getItem("authorization") || "";
$("query").value = sessionStorage.getItem("query") || $("query").value;

function authorization() {
  const key = $("key").value.trim();
  return key === "" || /^bearer /i.test(key) ? key : "Bearer " + key;
}

function show(value) {
  $("result").textContent = typeof value === "string" ? value : JSON.stringify(value, null, 2);
}

function stop() {
  if (socket) socket.close(1000);
  socket = null;
  $("stop").disabled = true;
}

async function post(body) {
  const started = performance.now();
  const headers = { "content-type": "application/json", accept: "application/graphql-response+json" };
  if (authorization()) headers.authorization = authorization();
  const response = await fetch(address, { method: "POST", headers, body: JSON.stringify(body) });
  const answer = await response.json();
  $("status").textContent = response.status + " · " + Math.round(performance.now() - started) + " ms";
  return answer;
}

function listen(body) {
  const url = location.origin.replace(/^http/, "ws") + address;
  let messages = 0;
  const shown = [];
  socket = new WebSocket(url, "graphql-transport-ws");
  $("stop").disabled = false;
  const mine = socket;
  const say = (message) => mine.send(JSON.stringify(message));
  mine.onopen = () => say({ type: "connection_init", payload: { authorization: authorization() || undefined } });
  mine.onmessage = (event) => {
    const message = JSON.parse(event.data);
    if (message.type === "connection_ack") say({ id: "1", type: "subscribe", payload: body });
    if (message.type === "ping") say({ type: "pong" });
    if (message.type === "next") {
      messages += 1;
      shown.unshift(JSON.stringify(message.payload, null, 2));
      shown.length = Math.min(shown.length, 50);
      show(shown.join("\n"));
    }
    if (message.type === "error") show({ errors: message.payload });
    if (message.type === "error" || message.type === "complete") stop();
    $("status").textContent = "live · " + messages + " messages";
  };
  mine.onclose = (event) => {
    $("status").textContent = "closed " + event.code + " " + event.reason;
    if (socket === mine) stop();
  };
}

async function run() {
  stop();
  sessionStorage.setItem("authorization", $("key").value);
  sessionStorage.setItem("query", $("query").value);
  try {
    const body = { query: $("query").value, variables: JSON.parse($("variables").value || "{}") };
    const live = /^\s*subscription\b/m.test(body.query.replace(/#.*$/gm, ""));
    if (live) listen(body); else show(await post(body));
  } catch (error) {
    show(String(error));
  }
}

function typeName(type) {
  if (type.kind === "NON_NULL") return typeName(type.ofType) + "!";
  return type.kind === "LIST" ? "[" + typeName(type.ofType) + "]" : type.name;
}

async function schema() {
  const type = "type { kind name ofType { kind name ofType { kind name ofType { kind name } } } }";
  const query = "{ __schema { types { kind name description fields { name description args { name " + type + " } " +
    type + " } inputFields { name " + type + " } enumValues { name } } } }";
  try {
    const answer = await post({ query });
    if (!answer.data) return show(answer);
    const lines = [];
    for (const one of answer.data.__schema.types) {
      if (one.name.startsWith("__")) continue;
      lines.push((one.description ? "# " + one.description.replace(/\n/g, "\n# ") + "\n" : "") +
        one.kind.toLowerCase() + " " + one.name);
      for (const field of one.fields || one.inputFields || []) {
        const args = (field.args || []).map((arg) => arg.name + ": " + typeName(arg.type)).join(", ");
        lines.push("  " + field.name + (args ? "(" + args + ")" : "") + ": " + typeName(field.type));
      }
      if (one.enumValues) lines.push("  " + one.enumValues.map((value) => value.name).join(" "));
      lines.push("");
    }
    show(lines.join("\n"));
  } catch (error) {
    show(String(error));
  }
}

$("run").onclick = run;
$("stop").onclick = stop;
$("schema").onclick = schema;
addEventListener("keydown", (event) => { if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run(); });
