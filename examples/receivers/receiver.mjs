// A receiver of webhooks to start from: verifies, keeps each event once, answers at once. Node 20, no packages.
//
//   WEBHOOK_PUBLIC_KEY=whpk_... node receiver.mjs [PORT] [FILE]
//
// It verifies the ed25519 signature (v1a) with the subscription's public key, so it holds nothing that could sign.
// What arrived is kept in FILE (received.jsonl), a line each. Put it behind something that speaks TLS; do your own
// work from the file, after the answer.
import { createPublicKey, verify } from "node:crypto";
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeSync } from "node:fs";
import { createServer } from "node:http";

const [port = "8088", file = "received.jsonl"] = process.argv.slice(2);
const mostBytes = 1024 * 1024;
const mostSecondsOff = 300;
const raw = Buffer.from((process.env.WEBHOOK_PUBLIC_KEY ?? "").replace("whpk_", ""), "base64");
const key = createPublicKey({ key: { kty: "OKP", crv: "Ed25519", x: raw.toString("base64url") }, format: "jwk" });

const kept = new Set();
const sequences = new Set(); // "dossier/sequence", to notice that one is missing
const remember = (event) => {
  kept.add(event.id);
  sequences.add(`${event.subject}/${event.sequence}`);
};
if (existsSync(file)) {
  // The last line is not whole when the machine stopped while it was written; it was never answered for, and comes again.
  const whole = readFileSync(file, "utf8").split("\n").slice(0, -1);
  for (const line of whole) {
    try {
      remember(JSON.parse(line));
    } catch {
      console.error("a line that is not whole was left out");
    }
  }
}
const store = openSync(file, "a");
// After a line that was cut off, the next begins on its own.
if (existsSync(file) && readFileSync(file).length && readFileSync(file).at(-1) !== 10) writeSync(store, "\n");

/** Tell whether one of the ed25519 signatures is over exactly these bytes, and made not long ago. */
function isOurs(headers, body) {
  const { "webhook-id": id, "webhook-timestamp": at, "webhook-signature": signatures = "" } = headers;
  if (!id || !/^\d+$/.test(at ?? "") || Math.abs(Date.now() / 1000 - Number(at)) > mostSecondsOff) return false;
  const signed = Buffer.concat([Buffer.from(`${id}.${at}.`), body]);
  return signatures
    .split(" ")
    .map((one) => one.split(","))
    .some(([version, text = ""]) => version === "v1a" && verify(null, signed, key, Buffer.from(text, "base64")));
}

/** Keep an event on the disk before it is answered for; false when it was there already. */
function keep(event) {
  if (kept.has(event.id)) return false;
  writeSync(store, `${JSON.stringify(event)}\n`);
  fsyncSync(store);
  remember(event);
  return true;
}

async function take(request) {
  const parts = [];
  let length = 0;
  for await (const part of request) {
    length += part.length;
    if (length > mostBytes) return 413;
    parts.push(part);
  }
  const body = Buffer.concat(parts); // the bytes as they came: they are what was signed
  if (request.method !== "POST") return 405;
  if (!isOurs(request.headers, body)) return 401;
  const event = JSON.parse(body);
  const isNew = keep(event);
  const { subject, previoussequence: before } = event;
  const gap = isNew && before && !sequences.has(`${subject}/${before}`) ? " - WHAT CAME BEFORE IS MISSING" : "";
  console.log(`${isNew ? "new" : "again"} ${event.type} ${event.id} in dossier ${event.subject}${gap}`);
  return 204;
}

const server = createServer((request, response) => {
  take(request).then(
    (status) => response.writeHead(status, status === 413 ? { connection: "close" } : {}).end(),
    () => response.writeHead(500).end(), // not kept, so not answered for: it comes again
  );
});
server.requestTimeout = 15_000;
server.listen(Number(port), "127.0.0.1", () => console.log(`listening on ${server.address().port}`));
process.on("SIGTERM", () => server.close(() => (closeSync(store), process.exit(0))));
