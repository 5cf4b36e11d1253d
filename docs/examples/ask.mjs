// Ask which stored pictures show the same as a file, before it is stored: node ask.mjs FILE [OPTION=VALUE ...]
//
// LOOKALIKE_ASK_URL is the stack's output AskUrl; AWS_REGION, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and
// AWS_SESSION_TOKEN are those of whoever asks. It needs Node.js 18 or later, and no packages.

import { createHash, createHmac } from "node:crypto";
import { readFile } from "node:fs/promises";
import { argv, env, exit } from "node:process";
import { pathToFileURL } from "node:url";

const sha256 = (data) => createHash("sha256").update(data).digest("hex");
const hmac = (key, data) => createHmac("sha256", key).update(data).digest();
const escaped = (text) =>
  encodeURIComponent(text).replace(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`);

// Return the headers of a request to `url` with a signature of AWS (version 4, service lambda).
export function signed(method, url, headers, body, { region, accessKeyId, secretAccessKey, sessionToken, now }) {
  const { host, pathname, searchParams } = new URL(url);
  const time = now.toISOString().replace(/[-:]|\.\d{3}/g, "");
  const all = { ...headers, host, "x-amz-date": time };
  if (sessionToken) all["x-amz-security-token"] = sessionToken;
  const names = Object.keys(all).sort();
  const inOrder = ([a, b], [c, d]) => (a < c || (a === c && b < d) ? -1 : 1);
  const pairs = [...searchParams].map((pair) => pair.map(escaped)).sort(inOrder);
  const query = pairs.map((pair) => pair.join("=")).join("&");
  const path = pathname.split("/").map(escaped).join("/");
  const asked = [
    method,
    path,
    query,
    ...names.map((name) => `${name}:${all[name].trim()}`),
    "",
    names.join(";"),
    sha256(body),
  ].join("\n");
  const scope = `${time.slice(0, 8)}/${region}/lambda/aws4_request`;
  const key = scope.split("/").reduce(hmac, `AWS4${secretAccessKey}`);
  const signature = hmac(key, ["AWS4-HMAC-SHA256", time, scope, sha256(asked)].join("\n")).toString("hex");
  delete all.host; // fetch sets it
  return {
    ...all,
    authorization: `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${scope}, SignedHeaders=${names.join(";")}, Signature=${signature}`,
  };
}

const NEEDED = ["LOOKALIKE_ASK_URL", "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"];

// Return the answer to a picture file; throw what is wrong with it.
export async function ask(body, options = {}) {
  const missing = NEEDED.find((name) => !env[name]);
  if (missing) throw new Error(`${missing} is not set`);
  const url = new URL(`${env.LOOKALIKE_ASK_URL.replace(/\/$/, "")}/v1/searches`);
  url.search = Object.entries(options).map(([name, value]) => `${escaped(name)}=${escaped(value)}`).join("&");
  const headers = signed("POST", url, { "content-type": "application/octet-stream" }, body, {
    region: env.AWS_REGION,
    accessKeyId: env.AWS_ACCESS_KEY_ID,
    secretAccessKey: env.AWS_SECRET_ACCESS_KEY,
    sessionToken: env.AWS_SESSION_TOKEN,
    now: new Date(),
  });
  const answer = await fetch(url, { method: "POST", headers, body });
  if (!answer.ok) throw new Error(whatIsWrong(await answer.text()));
  return answer.json();
}

// Return what a problem says; what AWS answers itself is no such document.
function whatIsWrong(answer) {
  try {
    return JSON.parse(answer).detail ?? answer;
  } catch {
    return answer;
  }
}

async function main([file, ...words]) {
  if (!file || !words.every((word) => word.includes("="))) throw new Error("usage: ask.mjs FILE [OPTION=VALUE ...]");
  const options = Object.fromEntries(words.map((word) => word.split(/=(.*)/s)));
  for (const { kind, key, list } of (await ask(await readFile(file), options)).matches) {
    console.log(kind, key, ...(list ? [`(of the list ${list})`] : []));
  }
}

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
  await main(argv.slice(2)).catch((error) => {
    console.error(`ask.mjs: ${error.cause?.message ?? error.message}`);
    exit(1);
  });
}
