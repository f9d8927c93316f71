// What a caller writes who uses the types well, and what they must not let pass. Compiled by test_typescript.py, which
// also takes the remarks away and counts what the compiler then says.

import createClient from "openapi-fetch";
import type { components, paths } from "./handover.js";

const client = createClient<paths>({ baseUrl: "http://127.0.0.1:8000" });
const dossierId = "01a2039f-8f32-7d21-ab59-99e3cbca2aa3";
const header = { "Idempotency-Key": "one" };

export async function good(): Promise<string | undefined> {
  const opened = await client.POST("/v1/dossiers", {
    params: { header },
    body: {
      ssin: "80010100107",
      givenName: "Voorbeeld",
      familyName: "Een",
      birthDate: "1980-01-01",
      targetGroup: "livingWage",
      capacity: "livingWage",
      legalBasisId: "demo-protocol",
    },
  });
  const threads = await client.GET("/v1/dossiers/{dossierId}/threads", { params: { path: { dossierId } } });
  const issue: components["schemas"]["Issue"] | undefined = opened.error?.issues?.[0];
  return issue?.detail ?? threads.data?.items[0]?.dueAt;
}

export async function wrong(): Promise<unknown[]> {
  // @ts-expect-error - there is no such address
  const address = await client.GET("/v1/dossier");
  // @ts-expect-error - there is no such filter
  const filter = await client.GET("/v1/dossiers", { params: { query: { colour: "red" } } });
  // @ts-expect-error - the dossier must be named
  const path = await client.GET("/v1/dossiers/{dossierId}", {});
  const keyless = await client.POST("/v1/dossiers/{dossierId}/merge", {
    // @ts-expect-error - a write needs an Idempotency-Key
    params: { path: { dossierId } },
    body: { into: dossierId },
  });
  const misspelt = await client.POST("/v1/dossiers/{dossierId}/events", {
    params: { path: { dossierId }, header },
    // @ts-expect-error - a field of the step is misspelt
    body: { type: "handover.accepted", data: { councellor: "vdab.bemiddelaar-1", reachedBy: "phone" } },
  });
  const other = await client.POST("/v1/dossiers/{dossierId}/events", {
    params: { path: { dossierId }, header },
    // @ts-expect-error - data of another type of step
    body: { type: "handover.rejected", data: { counsellor: "vdab.bemiddelaar-1", reachedBy: "phone" } },
  });
  const code = await client.GET("/v1/offers", {
    // @ts-expect-error - there is no such code
    params: { query: { targetGroup: "rich" } },
  });
  const { data } = await client.GET("/v1/events");
  // @ts-expect-error - an answer that was refused has no data
  const unchecked = data.cursor;
  // @ts-expect-error - a feed has no such field
  const field = data?.place;
  return [address, filter, path, keyless, misspelt, other, code, unchecked, field];
}
