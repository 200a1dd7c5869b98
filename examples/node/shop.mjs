// A shop: POST /orders publishes "order.paid", and what other systems publish arrives at POST /webhook.
//   POSTRIDER_TOKEN=prk_… WEBHOOK_SECRET=whsec_… node shop.mjs
import { randomUUID } from "node:crypto"
import { createServer } from "node:http"
import { bodyOf, verified } from "./webhook.mjs"

const postrider = process.env.POSTRIDER_URL ?? "http://127.0.0.1:8080"
const realm = process.env.POSTRIDER_REALM ?? "master"
const { POSTRIDER_TOKEN: token, WEBHOOK_SECRET: secret } = process.env
if (!token || !secret) throw new Error("POSTRIDER_TOKEN and WEBHOOK_SECRET are needed")

/** Publishes an event. With the same key it is published once, however often this is tried. */
async function publish(event, resourceId, data, key) {
  const answer = await fetch(`${postrider}/api/v1/realms/${realm}/events`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "idempotency-key": key },
    body: JSON.stringify({ event, resource_id: resourceId, data }),
  })
  const body = await answer.json()
  if (!answer.ok) throw new Error(`${body.title}: ${body.detail}`)
  return body
}

const seen = new Set() // webhook-ids; an application keeps them in its database, with what it did

async function handle(request) {
  const body = await bodyOf(request)
  if (request.method !== "POST" || body === null) return [404, ""]
  if (request.url === "/orders") {
    const order = { id: randomUUID(), ...JSON.parse(body) }
    const event = await publish("order.paid", order.id, order, `order-paid-${order.id}`)
    return [201, `order ${order.id} is paid: event ${event.id} goes to ${event.deliveries} webhook\n`]
  }
  if (request.url === "/webhook") {
    const event = verified(secret, request.headers, body)
    if (event === null) return [401, ""]
    if (!seen.has(event.id)) console.log(`received ${event.event} of ${event.resource_id}`)
    seen.add(event.id)
    return [204, ""]
  }
  return [404, ""]
}

createServer((request, response) => {
  handle(request)
    .catch((error) => [502, `${error.message}\n`])
    .then(([status, text]) => response.writeHead(status).end(text))
}).listen(3000, "127.0.0.1", () => console.log("listening on http://127.0.0.1:3000"))
