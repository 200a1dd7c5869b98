// Receives Postrider's webhooks as a route handler of Next.js (13.4 or newer): verifies, drops duplicates, answers, then works.
// It is the whole of it: put the file into the application's app/webhook/, beside `npm install standardwebhooks`.
import { Webhook } from "standardwebhooks";

export const runtime = "nodejs";
export const dynamic = "force-dynamic";

const REMEMBERED_IDS = 10_000;
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

export async function POST(request) {
  const body = await request.text(); // not request.json(): the bytes as they came
  let event;
  try {
    event = new Webhook(process.env.WEBHOOK_SECRET ?? "").verify(body, Object.fromEntries(request.headers));
  } catch (error) {
    console.error(`refused: ${error.message}`);
    return new Response(null, { status: 401 });
  }
  const id = request.headers.get("webhook-id");
  // On a platform that stops at the answer, take `after()` of next/server, or a queue.
  if (firstTime(id)) setImmediate(work, id, event);
  return new Response(null, { status: 204 });
}
