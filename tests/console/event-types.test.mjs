// A realm's own event types: made, changed, chosen, published, received, deleted.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { newContext, newPage, open, settled, start } from './browser.mjs'

let world
let page
before(async () => {
  world = await start()
  page = await open(world, `/console/${world.realm}`)
})
after(async () => {
  await world?.stop()
})

const go = async (path, on = page) => {
  await on.goto(`${world.url}/console/${world.realm}${path}`)
  await settled(on)
}
const api = (path, method = 'GET') =>
  fetch(`${world.url}/api/v1/realms/${world.realm}${path}`, {
    method,
    headers: { Authorization: `Bearer ${world.token}` },
  })

test('an event type is made, with what is wrong said at its field', async () => {
  await go('/catalogue')
  await page.getByRole('link', { name: 'Create event type' }).click()
  const name = page.getByLabel('Name', { exact: true })
  const example = page.getByLabel('Example of data')
  const schema = page.getByLabel('Schema')
  const create = page.getByRole('button', { name: 'Create event type' })
  /** What stands under a field. */
  const note = async (field) => {
    const id = await field.getAttribute('aria-describedby')
    return page.locator(`[id="${id}"]`).textContent()
  }
  const refused = async (field, pattern) => {
    await page.locator('[aria-invalid=true]').first().waitFor()
    assert.equal(await field.getAttribute('aria-invalid'), 'true')
    assert.match(await note(field), pattern)
  }

  await name.fill('user.mine')
  await create.click()
  await refused(name, /reserved for built-in types/)
  // And there is the focus.
  await page.waitForFunction(() => document.activeElement.getAttribute('aria-invalid') === 'true')
  await name.fill('Invoice')
  await create.click()
  await page.getByText('must be words of a to z').waitFor()
  await name.fill('order.paid')
  await create.click()
  await page
    .getByRole('alert')
    .getByText(/already|taken|exists/)
    .waitFor()

  await name.fill('invoice.sent')
  await example.fill('{"number": ')
  await create.click()
  await refused(example, /is not JSON/)
  await example.fill('["a list"]')
  await create.click()
  await page.getByText('must be an object').waitFor()
  // Sent as it was typed: to the last digit, and in its order.
  await example.fill('{"number": "I-7", "total": 1.10, "long": 12345678901234567890}')
  await schema.fill('{}')
  await page.getByRole('button', { name: 'Make it from the example' }).click()
  assert.match(await schema.inputValue(), /"required"/)
  await page.getByLabel('Description').fill('An invoice is sent.')
  await create.click()
  await page.getByText('webhooks can subscribe to it').waitFor()
  await page.getByRole('heading', { name: 'invoice.sent' }).waitFor()
  const text = await (await api('/event-types/invoice.sent')).text()
  assert.match(text, /"example":\{"number":"I-7","total":1.10,"long":12345678901234567890\}/)
  await page.getByRole('region', { name: 'example' }).getByText('12345678901234567890').waitFor()
})

test('it is changed, and what somebody else changed meanwhile is not overwritten', async () => {
  await go('/catalogue?type=invoice.sent')
  await page.getByRole('link', { name: 'Edit', exact: true }).click()
  const description = page.getByLabel('Description')
  assert.equal(await description.inputValue(), 'An invoice is sent.')
  assert.equal(await page.getByLabel('Name', { exact: true }).count(), 0, 'its name never changes')
  await description.fill('An invoice leaves the house.')
  const other = await page.context().newPage()
  await go('/catalogue/invoice.sent/edit', other)
  await other.getByLabel('Schema').fill('')
  await other.getByRole('button', { name: 'Save changes' }).click()
  await other.getByText('Saved.').waitFor()
  await other.close()
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByRole('button', { name: 'Keep mine' }).waitFor()
  await page.getByRole('button', { name: 'Keep mine' }).click()
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByText('Saved.').waitFor()
  const now = await (await api('/event-types/invoice.sent')).json()
  assert.equal(now.description, 'An invoice leaves the house.')
  assert.equal(now.schema, null)
})

test('a webhook subscribes to it, and it is published by hand from its example', async () => {
  await go('/catalogue?type=invoice.sent')
  await page.getByRole('link', { name: 'Create a webhook for it' }).click()
  await page.getByLabel('Search event types').waitFor()
  assert.ok(await page.getByRole('checkbox', { name: /^invoice\.sent/ }).isChecked())
  await page.getByText('An invoice leaves the house.').waitFor()
  await page.getByLabel('Name', { exact: true }).fill('Invoices')
  await page.getByLabel('URL', { exact: true }).fill(`${world.receiver}/journey`)
  await page.getByRole('button', { name: 'Create webhook' }).click()
  await page.getByText(/^whsec_/).waitFor()
  await page.getByRole('button', { name: 'Continue' }).click()

  await go('/catalogue?type=invoice.sent')
  await page.getByRole('link', { name: 'Invoices' }).waitFor()
  await page.getByRole('link', { name: 'Publish one' }).click()
  const dialog = page.getByRole('dialog')
  const data = dialog.getByLabel('Data')
  assert.equal(await dialog.getByLabel('Event type').inputValue(), 'invoice.sent')
  assert.match(await data.inputValue(), /12345678901234567890/)
  await dialog.getByLabel('Resource id').fill('not an id')
  await dialog.getByRole('button', { name: 'Publish' }).click()
  await dialog.locator('[aria-invalid=true]').waitFor()
  await dialog.getByLabel('Resource id').fill('019ab200-7c3e-7b1a-9a54-3f0f6b1d2c11')
  await data.fill('{"number": "I-8", "total": 2.20')
  await dialog.getByRole('button', { name: 'Publish' }).click()
  await dialog.getByText('is not JSON').waitFor()
  await data.fill('{"number": "I-8", "total": 2.20}')
  await dialog.getByRole('button', { name: 'Publish' }).click()
  await page.getByText('it goes to 1 webhook').waitFor()
  await page.getByRole('heading', { name: 'invoice.sent' }).waitFor()
  await page.getByRole('region', { name: 'data' }).getByText('2.20').waitFor()
  await page.getByText('delivered', { exact: true }).waitFor()
  // The others say why they did not get it.
  await page.getByText('not subscribe to it').first().waitFor()
})

test('it is not deleted while a webhook names it, and then it is', async () => {
  await go('/catalogue?type=invoice.sent')
  const remove = async () => {
    await page.getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
  }
  await remove()
  await page.getByRole('dialog').getByRole('alert').waitFor()
  await page.getByRole('button', { name: 'Keep it' }).click()
  const hooks = (await (await api('/webhooks')).json()).items
  await api(`/webhooks/${hooks.find((each) => each.name === 'Invoices').id}`, 'DELETE')
  await remove()
  await page.getByText('The event type is deleted.').waitFor()
  assert.equal((await api('/event-types/invoice.sent')).status, 404)
  await page.getByRole('button', { name: 'invoice.sent' }).waitFor({ state: 'detached' })
})

test('the catalogue is searched, and the address keeps it', async () => {
  await go('/catalogue')
  await page.getByLabel('Search event types').fill('role.assigned')
  await page.getByRole('button', { name: 'user.role.assigned' }).click()
  await page.reload()
  await page.getByRole('heading', { name: 'user.role.assigned' }).waitFor()
  assert.equal(await page.getByLabel('Search event types').inputValue(), 'role.assigned')
  assert.equal(await page.getByRole('button', { name: 'order.paid', exact: true }).count(), 0)
  await page.getByLabel('Search event types').fill('')
  const names = await page.getByRole('group', { name: 'Event types' }).getByRole('button').count()
  const built_in = await fetch(`${world.url}/api/v1/event-types`, {
    headers: { Authorization: `Bearer ${world.token}` },
  })
  const { items, operational } = await built_in.json()
  assert.equal(names, items.length + operational.length + 2)
})

test('the receiver’s code has this webhook’s secret by name, its path and its port', async () => {
  await go(`/webhooks/${world.good}`)
  await page.getByRole('link', { name: 'Receiver code' }).click()
  const port = new URL(world.receiver).port
  const region = (name) => page.getByRole('region', { name, exact: true })
  await region('secret').getByText('export BILLING_WEBHOOK_SECRET=whsec_…').waitFor()
  await region('listen command')
    .getByText(`postrider listen --port ${port} --secret "$BILLING_WEBHOOK_SECRET"`)
    .waitFor()
  for (const language of ['Rust', 'Node', 'Python', 'Go', 'C++']) {
    await page.getByRole('tab', { name: language, exact: true }).click()
    const code = await region(`${language} receiver`).textContent()
    assert.match(code, /BILLING_WEBHOOK_SECRET/)
    assert.doesNotMatch(code, /[^_]WEBHOOK_SECRET/)
    assert.match(code, /\/good["`\\ ]/)
    assert.doesNotMatch(code, /"\/webhook"/)
  }
  await page.reload()
  await region('C++ receiver').waitFor()
  await page.getByRole('combobox', { name: 'For the webhook' }).click()
  await page.getByRole('option', { name: 'any webhook' }).click()
  await region('listen command').getByText('--port 3000 --secret "$WEBHOOK_SECRET"').waitFor()
})

test('while the webhook is being looked up there is no code that somebody could copy', async () => {
  let release
  const released = new Promise((done) => {
    release = done
  })
  await page.route(`**/webhooks/${world.good}`, async (route) => {
    await released
    await route.continue()
  })
  await page.goto(`${world.url}/console/${world.realm}/catalogue?webhook=${world.good}`)
  const part = page.locator('section').filter({ hasText: 'Receive it' })
  await part.getByRole('status', { name: 'Loading' }).waitFor()
  assert.equal(await part.getByText('WEBHOOK_SECRET').count(), 0)
  release()
  await part.getByText('export BILLING_WEBHOOK_SECRET=whsec_…').waitFor()
  await page.unrouteAll({ behavior: 'wait' })
})

test('the program on the page receives this webhook as it stands there', async () => {
  const port = await world.tell('port')
  const made = await fetch(`${world.url}/api/v1/realms/${world.realm}/webhooks`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${world.token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({
      name: 'Own program 2',
      url: `http://127.0.0.1:${port}/hooks/v1/own`,
      events: ['order.paid'],
    }),
  })
  const { id, secret } = await made.json()
  await go(`/catalogue?webhook=${id}&code=C%2B%2B`)
  const text = (name) => page.getByRole('region', { name, exact: true }).textContent()
  const folder = mkdtempSync(join(tmpdir(), 'postrider-receiver-'))
  writeFileSync(join(folder, 'receiver.cc'), await text('C++ receiver'))
  const start = `${(await text('secret')).replace('whsec_…', secret)}\n${await text('start command')}`
  // `exec`, so that it is the program itself that is ended.
  const program = spawn('/bin/sh', ['-ec', start.replace('&& ./', '&& exec ./')], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  try {
    const said = await Promise.race([
      once(program.stdout, 'data').then(([text]) => text),
      once(program, 'exit').then(([code]) => `it ended with ${code}`),
    ])
    assert.match(String(said), new RegExp(`listening on http://127.0.0.1:${port}/hooks/v1/own`))
    await go(`/webhooks/${id}?do=test`)
    await page.getByRole('button', { name: 'Send', exact: true }).click()
    await page.getByRole('dialog').getByText('delivered', { exact: true }).waitFor()
  } finally {
    program.kill()
    rmSync(folder, { recursive: true, force: true })
  }
})

test('who may not change webhooks is offered none of it', async () => {
  const context = await newContext(world, { as: 'ada', realm: world.realm })
  const other = await newPage(world, context)
  await go('/catalogue?type=order.paid', other)
  await other.getByRole('heading', { name: 'order.paid' }).waitFor()
  assert.equal(await other.getByRole('link', { name: 'Create event type' }).count(), 0)
  assert.equal(await other.getByRole('link', { name: 'Edit', exact: true }).count(), 0)
  await go('/webhooks', other)
  assert.equal(await other.getByRole('link', { name: 'Create webhook' }).count(), 0)
  await go(`/webhooks/${world.good}`, other)
  assert.equal(await other.getByRole('button', { name: 'Send test event' }).count(), 0)
  assert.ok(await other.getByRole('switch', { name: 'Enabled' }).isDisabled())
  await context.close()
})
