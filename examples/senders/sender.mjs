// A sender of events to start from, for Node 20 or later, without packages: signs, sends, and repeats until each event is
// taken or refused for good.
//
//     node sender.mjs --new-key                                 # prints a private key, and the public one to register
//     SIGNING_KEY=whsk_... node sender.mjs http://127.0.0.1:8000 < events.jsonl
//
// It reads a CloudEvent a line from standard input, and prints a line with the answer for each that is settled. Where
// your events come from a database, read them from there instead: an event keeps its `id` and `source`, always.
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomUUID, sign } from "node:crypto";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";

const PATH = "/v1/inbound/vdab";
const LATER = new Set([404, 409, 429, 500, 502, 503, 504]); // another event must come first, or nobody is there
const TRIES = 8;
const DER = Buffer.from("302e020100300506032b657004220420", "hex"); // what PKCS #8 writes before 32 bytes of ed25519

function privateKey(text) {
  const plain = Buffer.from(text.replace(/^whsk_/, ""), "base64");
  return createPrivateKey({ key: Buffer.concat([DER, plain]), format: "der", type: "pkcs8" });
}

/** The three headers of Standard Webhooks over `id.timestamp.body`. */
function signed(key, body) {
  const id = `msg_${randomUUID()}`;
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = sign(null, Buffer.from(`${id}.${timestamp}.${body}`), key).toString("base64");
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1a,${signature}` };
}

/** Sends one event once; gives the status (0: nobody answered) and the answer. */
async function attempt(base, key, event) {
  const body = JSON.stringify(event); // these very characters are what is signed
  const headers = { "content-type": "application/cloudevents+json", ...signed(key, body) };
  try {
    const answer = await fetch(base + PATH, { method: "POST", body, headers, signal: AbortSignal.timeout(15000) });
    return [answer.status, await answer.json()];
  } catch {
    return [0, { detail: "no answer" }];
  }
}

/** Sends what waits until nothing does; one that comes too early goes behind the others. */
async function settle(base, key, waiting) {
  const tries = new Map();
  let rest = 200;
  while (waiting.length) {
    const event = waiting.shift();
    const [status, answer] = await attempt(base, key, event);
    tries.set(event.id, (tries.get(event.id) ?? 0) + (status ? 1 : 0)); // an outage uses up no tries
    if (status === 0 || (LATER.has(status) && tries.get(event.id) < TRIES)) {
      waiting.push(event);
      await pause(rest);
      rest = Math.min(rest * 1.5, 30000);
      continue;
    }
    rest = 200;
    console.log(JSON.stringify({ id: event.id, status, answer }));
  }
}

if (process.argv.includes("--new-key")) {
  const { privateKey: made } = generateKeyPairSync("ed25519");
  const plain = (key, type) => key.export({ format: "der", type }).subarray(-32).toString("base64");
  console.log(`SIGNING_KEY=whsk_${plain(made, "pkcs8")}`);
  console.log(`handover senders add vdab whpk_${plain(createPublicKey(made), "spki")}`);
} else {
  const key = privateKey(process.env.SIGNING_KEY);
  for await (const line of createInterface({ input: process.stdin })) {
    const found = JSON.parse(line);
    await settle(process.argv[2], key, Array.isArray(found) ? found : [found]);
  }
}
