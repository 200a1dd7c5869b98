// Verifies a webhook of Postrider: Standard Webhooks, v1. The npm package "standardwebhooks" does the same.
import { createHmac, timingSafeEqual } from "node:crypto"

const TOLERANCE_SECONDS = 300

/** Gives {id, event, timestamp, resource_id, data}, or null when the signature does not hold. `body`: the bytes as they came. */
export function verified(secret, headers, body) {
  const id = headers["webhook-id"]
  const timestamp = headers["webhook-timestamp"]
  if (!id || Math.abs(Date.now() / 1000 - Number(timestamp)) > TOLERANCE_SECONDS || !timestamp) return null
  const key = Buffer.from(secret.replace(/^whsec_/, ""), "base64")
  const expected = createHmac("sha256", key).update(`${id}.${timestamp}.`).update(body).digest()
  for (const entry of (headers["webhook-signature"] ?? "").split(" ")) {
    const [version, text] = entry.split(",")
    const signature = Buffer.from(text ?? "", "base64")
    if (version === "v1" && signature.length === expected.length && timingSafeEqual(signature, expected)) {
      return { id, ...JSON.parse(body) }
    }
  }
  return null
}

/** The whole body of a request; null when it is larger than any webhook. */
export async function bodyOf(request) {
  const parts = []
  let bytes = 0
  for await (const part of request) {
    bytes += part.length
    if (bytes > 2 * 1024 * 1024) return null
    parts.push(part)
  }
  return Buffer.concat(parts)
}
