// An OpenID provider on loopback, npm's `oidc-provider`, as one that we did not write. Its one argument is JSON:
// {port, clients, people: {login: claims}, inIdToken}. Prints "ready" once it listens.
import Provider from "oidc-provider";

const { port, clients, people, inIdToken } = JSON.parse(process.argv[2]);
const claims = ["vo_id", "vo_orgcode", "vo_doelgroepcode", "handover_rol_3d"];

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients,
  claims: { openid: ["sub"], vo: claims },
  conformIdTokenClaims: !inIdToken,
  findAccount: (_context, id) => ({ accountId: id, claims: () => ({ sub: id, ...people[id] }) }),
  // Nobody is asked to agree to what their employer arranged.
  loadExistingGrant: async (context) => {
    const grant = new context.oidc.provider.Grant({
      clientId: context.oidc.client.clientId,
      accountId: context.oidc.session.accountId,
    });
    grant.addOIDCScope("openid vo");
    await grant.save();
    return grant;
  },
  features: { backchannelLogout: { enabled: true }, rpInitiatedLogout: { enabled: true } },
  cookies: { keys: ["a key of the test"] },
  ttl: { Grant: 3600, Session: 3600, Interaction: 600, IdToken: 600, AccessToken: 600 },
  // Its own guard against calling this machine would keep it from the service under test.
  fetch: (address, { dispatcher, ...options }) => fetch(address, options),
});
provider.on("server_error", (_context, error) => console.error(error));
provider.listen(port, "127.0.0.1", () => console.log("ready"));
