// A certified OpenID Connect provider (`oidc-provider`) on this machine, told by a test whom it knows and how it signs. Prints the addresses of itself and of
// its control: `POST /client`, `/person`, `/keys`, `/stop`, `/start`, and `GET /asked` for what was asked of it.
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { generateKeyPairSync, randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";

const require = createRequire(new URL("../../web/package.json", import.meta.url));
const { Provider } = await import(pathToFileURL(require.resolve("oidc-provider")));

const people = new Map();
const asked = [];
let client;
let keys = [];
let algorithm;
let thin = true;
let provider;

function makeKey(alg) {
  const pair = alg === "ES256" ? generateKeyPairSync("ec", { namedCurve: "P-256" }) : generateKeyPairSync("rsa", { modulusLength: 2048 });
  return { ...pair.privateKey.export({ format: "jwk" }), kid: randomUUID(), alg, use: "sig" };
}

async function body(request) {
  let text = "";
  for await (const piece of request) text += piece;
  return text;
}

async function listen(server, port) {
  await new Promise((done) => server.listen(port, "127.0.0.1", done));
  return server.address().port;
}

/** The provider as it is told to be; what it has handed out stays. */
function build() {
  provider = new Provider(issuer, {
    clients: [{ ...client, id_token_signed_response_alg: algorithm }],
    jwks: { keys },
    claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username"], groups: ["groups"] },
    // As the standard has it: with an access token, claims of scopes are told at the userinfo endpoint alone.
    conformIdTokenClaims: thin,
    cookies: { keys: ["of a test"] },
    features: { devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: false } },
    pkce: { required: () => true },
    renderError: (context, out) => {
      context.type = "text";
      context.body = JSON.stringify(out);
    },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, sub) => people.has(sub) && { accountId: sub, claims: () => ({ sub, ...people.get(sub) }) },
    ttl: { Session: 600, Interaction: 600, Grant: 600, AccessToken: 60, IdToken: 60 },
  });
  provider.on("server_error", (_, error) => console.error(error));
  const serve = provider.callback();
  return (request, response) => serve(request, response);
}

let serve;

async function interact(request, response) {
  const details = await provider.interactionDetails(request, response);
  if (request.method !== "POST") {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>Provider</title><form method="post"><label>Who <input name="who" id="who"></label>
      <button id="in">Sign in</button><button id="cancel" name="cancel" value="1">Cancel</button></form>`);
    return;
  }
  const sent = new URLSearchParams(await body(request));
  if (sent.has("cancel")) {
    await provider.interactionFinished(request, response, { error: "access_denied", error_description: "they went away" });
    return;
  }
  const accountId = sent.get("who");
  const grant = new provider.Grant({ accountId, clientId: details.params.client_id });
  grant.addOIDCScope(details.params.scope);
  await provider.interactionFinished(request, response, { login: { accountId, remember: false }, consent: { grantId: await grant.save() } });
}

const onRequest = async (request, response) => {
  asked.push(`${request.method} ${request.url.split("?")[0]}`);
  try {
    if (request.url.startsWith("/interaction/")) await interact(request, response);
    else serve(request, response);
  } catch (error) {
    console.error(error);
    response.statusCode = 500;
    response.end(String(error));
  }
};

let server = createServer(onRequest);
const port = await listen(server, 0);
// Another host name than the node's: to the browser these are two sites.
const issuer = `http://localhost:${port}`;

const orders = {
  "/client": (told) => ((client = told), setKeys("RS256")),
  "/person": ({ sub, ...claims }) => people.set(sub, claims),
  "/keys": ({ alg }) => setKeys(alg),
  "/tokens": (told) => ((thin = told.thin), (serve = build())),
  "/stop": () => new Promise((done) => (server.close(done), server.closeAllConnections())),
  "/start": async () => ((server = createServer(onRequest)), await listen(server, port)),
};

function setKeys(alg) {
  algorithm = alg;
  keys = [makeKey(alg)];
  serve = build();
}

const control = createServer(async (request, response) => {
  if (request.method === "GET") {
    response.end(JSON.stringify(asked));
    return;
  }
  await orders[request.url](JSON.parse((await body(request)) || "{}"));
  response.end();
});
console.log(`${issuer} http://127.0.0.1:${await listen(control, 0)}`);
