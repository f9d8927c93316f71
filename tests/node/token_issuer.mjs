// An issuer of access tokens on loopback, npm's `oidc-provider`, as one that we did not write: client credentials with
// private_key_jwt, a resource indicator, and RFC 9068 tokens. Its one argument is JSON:
// {port, client, jwk, resource, audience, organisation, seconds}. Prints "ready" once it listens.
// POST /test/publish adds a key beside the others, POST /test/sign signs with the newest from then on,
// POST /test/withdraw leaves only that one. GET /test/counts tells how many tokens and key sets were given.
import { createServer } from "node:http";
import { generateKeyPairSync } from "node:crypto";
import Provider, { errors } from "oidc-provider";

const { port, client, jwk, resource, audience, organisation, seconds } = JSON.parse(process.argv[2]);
const address = `http://127.0.0.1:${port}`;
const counts = { tokens: 0, keys: 0, refused: [] };
let made = 0;

function newKey() {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  made += 1;
  return { ...privateKey.export({ format: "jwk" }), kid: `key-${made}`, use: "sig", alg: "ES256" };
}

function providerOf(keys) {
  const provider = new Provider(address, {
    clients: [
      {
        client_id: client,
        grant_types: ["client_credentials"],
        redirect_uris: [],
        response_types: [],
        token_endpoint_auth_method: "private_key_jwt",
        token_endpoint_auth_signing_alg: "ES256",
        id_token_signed_response_alg: "ES256",
        jwks: { keys: [jwk] },
      },
    ],
    jwks: { keys },
    scopes: ["dossier:read"],
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, asked) => {
          if (asked !== resource) throw new errors.InvalidTarget();
          return {
            audience,
            scope: "dossier:read",
            accessTokenFormat: "jwt",
            accessTokenTTL: seconds,
            jwt: { sign: { alg: "ES256" } },
          };
        },
      },
    },
    extraTokenClaims: () => ({ organisation, roles: ["integration"] }),
    cookies: { keys: ["a key of the test"] },
  });
  provider.on("server_error", (_context, error) => console.error(error));
  provider.on("grant.error", (_context, error) => counts.refused.push(error.error_detail || error.message));
  provider.on("grant.success", () => { counts.tokens += 1; });
  return provider.callback();
}

let keys = [newKey()];
let answer = providerOf(keys);
const steps = {
  // The first key of a set signs.
  "/test/publish": () => { keys = [...keys, newKey()]; },
  "/test/sign": () => { keys = [keys.at(-1), ...keys.slice(0, -1)]; },
  "/test/withdraw": () => { keys = keys.slice(0, 1); },
};

createServer((request, response) => {
  if (request.url === "/test/counts") {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ ...counts, signing: keys[0].kid }));
  } else if (steps[request.url]) {
    steps[request.url]();
    answer = providerOf(keys);
    response.end();
  } else {
    if (request.url === "/jwks") counts.keys += 1;
    answer(request, response);
  }
}).listen(port, "127.0.0.1", () => console.log("ready"));
