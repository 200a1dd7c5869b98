// Receives Postrider's webhooks with Express: verifies, drops duplicates, answers, then works.
import express from "express";
import { Webhook } from "standardwebhooks";

const REMEMBERED_IDS = 10_000;
const webhook = new Webhook(process.env.WEBHOOK_SECRET ?? "");
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

const app = express();

// The bytes as they came: express.json() must not parse this route, neither here nor by app.use().
app.post("/webhook", express.raw({ type: () => true, limit: "2mb" }), (request, response) => {
  let event;
  try {
    event = webhook.verify(request.body.toString("utf8"), request.headers);
  } catch (error) {
    console.error(`refused: ${error.message}`);
    return response.sendStatus(401);
  }
  response.status(204).end();
  if (firstTime(request.get("webhook-id"))) setImmediate(work, request.get("webhook-id"), event);
});

const server = app.listen(Number(process.env.PORT ?? 3000), "127.0.0.1", () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}/webhook`);
});
