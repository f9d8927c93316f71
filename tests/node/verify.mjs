// Reads webhooks as JSON lines {id, timestamp, signature, body, secret, publicKey} and answers each with
// {v1, v1a}: whether npm's `standardwebhooks` and an ed25519 written in JavaScript alone accept it.
import { createInterface } from "node:readline";
import * as ed25519 from "@noble/ed25519";
import { Webhook } from "standardwebhooks";

function byHmac(hook) {
  try {
    new Webhook(hook.secret).verify(hook.body, {
      "webhook-id": hook.id,
      "webhook-timestamp": String(hook.timestamp),
      "webhook-signature": hook.signature,
    });
    return true;
  } catch (error) {
    // A body that is no JSON has been verified when it fails to parse.
    return error instanceof SyntaxError;
  }
}

async function byEd25519(hook) {
  const key = Buffer.from(hook.publicKey.slice("whpk_".length), "base64");
  const content = Buffer.from(`${hook.id}.${hook.timestamp}.${hook.body}`);
  for (const one of hook.signature.split(" ")) {
    const [version, text] = one.split(",");
    if (version === "v1a" && (await ed25519.verifyAsync(Buffer.from(text, "base64"), content, key))) return true;
  }
  return false;
}

for await (const line of createInterface({ input: process.stdin })) {
  const hook = JSON.parse(line);
  console.log(JSON.stringify({ v1: byHmac(hook), v1a: await byEd25519(hook) }));
}
