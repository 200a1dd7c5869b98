// Receives Postrider's webhooks with Fastify: verifies, drops duplicates, answers, then works.
import Fastify from "fastify";
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

const app = Fastify({ bodyLimit: 2 * 1024 * 1024 });

// In a scope of its own, so that the other routes go on getting parsed JSON.
app.register(async (scope) => {
  scope.removeAllContentTypeParsers();
  scope.addContentTypeParser("*", { parseAs: "string" }, (request, body, done) => done(null, body));
  scope.post("/webhook", (request, reply) => {
    let event;
    try {
      event = webhook.verify(request.body ?? "", request.headers);
    } catch (error) {
      console.error(`refused: ${error.message}`);
      return reply.code(401).send();
    }
    const id = request.headers["webhook-id"];
    if (firstTime(id)) setImmediate(work, id, event);
    return reply.code(204).send();
  });
});

await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT ?? 3000) });
console.log(`listening on http://127.0.0.1:${app.server.address().port}/webhook`);
