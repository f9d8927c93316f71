/**
 * VDAB's software in TypeScript: follows the feed and accepts each referral to its organisation.
 *
 *     npm install && HANDOVER_TOKEN=... npm start -- [FILE]
 *
 * Every address, field and code is checked while compiling, against handover.d.ts. It keeps its place in FILE
 * (cursor.txt): who starts it again goes on there, and an acceptance that was sent already is not made twice.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import createClient from "openapi-fetch";
import type { components, paths } from "./handover.js";

type Event = components["schemas"]["FeedEvent"];

const OWN = process.env["HANDOVER_ORGANISATION"] ?? "vdab";
const COUNSELLOR = process.env["HANDOVER_COUNSELLOR"] ?? "vdab.bemiddelaar-1";
const FILE = process.argv[2] ?? "cursor.txt";
const TRIES = 6;

const client = createClient<paths>({
  baseUrl: process.env["HANDOVER_URL"] ?? "http://127.0.0.1:8000",
  headers: { Authorization: `Bearer ${process.env["HANDOVER_TOKEN"] ?? ""}` },
  fetch: persistent,
});

/** Asks again when that can help: when nobody answers, or after 429 and 503, as long as Retry-After says. */
async function persistent(request: Request): Promise<Response> {
  for (let tried = 1; ; tried++) {
    const answer = await fetch(request.clone()).catch((trouble: unknown) => {
      if (tried === TRIES) throw trouble;
    });
    if (answer && (tried === TRIES || ![429, 502, 503, 504].includes(answer.status))) return answer;
    const said = Number(answer?.headers.get("Retry-After"));
    await sleep(1000 * (said || Math.min(2 ** (tried - 2), 15)));
  }
}

/** Tells whether an event is a referral that waits for us. */
function asksUs(event: Event): boolean {
  const state = event.threads?.find((thread) => thread.threadId === event.threadId);
  return event.type === "handover.requested" && state?.receiver?.organisation === OWN;
}

/** Accepts a referral. Its Idempotency-Key follows from the event, so that a second try is the same one. */
async function accept(event: Event): Promise<void> {
  const { data, error } = await client.POST("/v1/dossiers/{dossierId}/events", {
    params: {
      path: { dossierId: event.dossierId },
      header: { "Idempotency-Key": `accept-${event.eventId}` },
    },
    body: {
      type: "handover.accepted",
      threadId: event.threadId,
      data: { counsellor: COUNSELLOR, reachedBy: "threeWayTalk" },
    },
  });
  // Somebody was before us (409), or it is not ours any more (404): say so, and go on.
  if (error) console.log(`not accepted ${event.eventId}: ${error.title}. ${error.detail}`);
  else console.log(`accepted ${event.eventId} as ${data.items[0]?.eventId}`);
}

let cursor = existsSync(FILE) ? readFileSync(FILE, "utf-8") : "";
console.log(`following from ${cursor || "the beginning"}`);
for (;;) {
  const { data: page, error } = await client.GET("/v1/events", { params: { query: { after: cursor } } });
  if (error) throw new Error(`${error.status} ${error.title}: ${error.detail}`);
  for (const event of page.items) {
    console.log(`${event.recordedAt} ${event.type} by ${event.actor.name}`);
    if (asksUs(event)) await accept(event);
  }
  cursor = page.cursor;
  writeFileSync(FILE, cursor);
  if (!page.next) await sleep(1000);
}
