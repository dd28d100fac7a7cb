// Runs the published audits of GraphQL over HTTP against a running server:
//   node audit.mjs <url> <authorization>
// Ends with 1 if any audit fails. The package graphql-http is found in the folder that NODE_PATH names.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [url, authorization] = process.argv.slice(2);
const require = createRequire(pathToFileURL(join(process.env.NODE_PATH, "..", "x.js")));
const { serverAudits } = require("graphql-http");

const withCredentials = (input, init = {}) => {
  const headers = new Headers(init.headers);
  if (authorization) headers.set("authorization", authorization);
  return fetch(input, { ...init, headers });
};

let failed = 0;
const audits = serverAudits({ url, fetchFn: withCredentials });
for (const audit of audits) {
  const result = await audit.fn();
  if (result.status === "ok") continue;
  failed += 1;
  console.error(`${result.status} ${audit.id} ${audit.name}: ${result.reason}`);
}
console.log(`${audits.length - failed} of ${audits.length} audits pass`);
process.exit(failed ? 1 : 0);
