// Hands each event on to a chat channel, as a line of text: the channel's incoming webhook takes {"text": …}.
//   CHAT_URL=https://… WEBHOOK_SECRET=whsec_… node chat.mjs
import { createServer } from "node:http"
import { bodyOf, verified } from "./webhook.mjs"

const { CHAT_URL: chat, WEBHOOK_SECRET: secret } = process.env
if (!chat || !secret) throw new Error("CHAT_URL and WEBHOOK_SECRET are needed")

// What stands in an event may come from anybody: nothing in it is a mention, a link or a format of the chat.
const escaped = (text) => String(text).replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;" })[c])
  .replace(/@/g, "@\u200b").replace(/[*_~`]/g, "")

function lineOf({ event, resource_id: resource, data }) {
  const isTold = ([name, value]) => name !== "id" && !name.endsWith("_at") && !["object", "boolean"].includes(typeof value) && value !== ""
  const members = Object.entries(data).filter(isTold)
  const shown = members.slice(0, 5).map(([name, value]) => `${escaped(name)}: ${escaped(value).slice(0, 100)}`)
  return `${escaped(event)} · ${shown.join(", ") || resource}`
}

async function handle(request) {
  const body = await bodyOf(request)
  if (request.method !== "POST" || request.url !== "/webhook" || body === null) return 404
  const event = verified(secret, request.headers, body)
  if (event === null) return 401
  const answer = await fetch(chat, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ text: lineOf(event) }),
    signal: AbortSignal.timeout(10_000),
  })
  console.log(`${event.event} ${event.id}: the channel answered ${answer.status}`)
  // What the channel did not take is tried again by Postrider; 429 with its Retry-After too.
  if (answer.ok) return 204
  return [answer.status === 429 ? 429 : 502, { "retry-after": answer.headers.get("retry-after") ?? "30" }]
}

createServer((request, response) => {
  handle(request)
    .catch((error) => (console.error(error.message), 502))
    .then((answer) => response.writeHead(...[answer].flat()).end())
}).listen(3000, "127.0.0.1", () => console.log("listening on http://127.0.0.1:3000"))
