// Receives Postrider's webhooks: verifies, drops duplicates, answers, then works.
import { createServer } from "node:http";
import { Webhook } from "standardwebhooks";

const BODY_BYTES_MAX = 2 * 1024 * 1024;
const REMEMBERED_IDS = 10_000;

if (!process.env.WEBHOOK_SECRET) {
  console.error("set WEBHOOK_SECRET to the webhook's secret");
  process.exit(2);
}
const webhook = new Webhook(process.env.WEBHOOK_SECRET);
const seen = new Set(); // a real receiver keeps the ids in its database, beside its work

function firstTime(id) {
  if (seen.has(id)) return false;
  seen.add(id);
  if (seen.size > REMEMBERED_IDS) seen.delete(seen.values().next().value); // the oldest
  return true;
}

function work(id, event) {
  console.log(event.event, id, event.resource_id, event.timestamp, JSON.stringify(event.data));
}

async function readBody(request) {
  const chunks = [];
  let size = 0;
  for await (const chunk of request) {
    size += chunk.length;
    if (size > BODY_BYTES_MAX) return null;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function receive(request, response) {
  const answer = (status) => response.writeHead(status).end();
  if (request.url !== "/webhook") return answer(404);
  if (request.method !== "POST") return answer(405);
  const body = await readBody(request);
  if (body === null) return answer(413);
  let event;
  try {
    event = webhook.verify(body, request.headers); // over the bytes as they came, before any parsing
  } catch (error) {
    console.error(`refused: ${error.message}`);
    return answer(401);
  }
  const id = request.headers["webhook-id"];
  answer(204);
  if (firstTime(id)) setImmediate(work, id, event);
}

const server = createServer((request, response) => {
  receive(request, response).catch(() => response.destroy());
});
server.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/webhook`);
});
