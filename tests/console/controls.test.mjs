// What a webhook asks of its deliveries: set, shown, refused and reset in the form.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { ask, open, settled, start } from './browser.mjs'

let world
let page
let id
before(async () => {
  world = await start()
  page = await open(world, `/console/${world.realm}`)
  const made = await ask(world, 'POST', '/webhooks', {
    url: `${world.receiver}/controls`,
    events: ['order.*'],
    name: 'controlled',
  })
  id = made.json.id
})
after(async () => {
  await world?.stop()
})

const edit = async (which = id) => {
  await page.goto(`${world.url}/console/${world.realm}/webhooks/${which}/edit`)
  await settled(page)
  await page.getByText('Advanced:').click()
}
const controls = async () => {
  const { rate_limit, max_in_flight, format } = (await ask(world, 'GET', `/webhooks/${id}`)).json
  return { rate_limit, max_in_flight, format }
}
const save = () => page.getByRole('button', { name: 'Save changes' }).click()
/** Saves, and waits for the webhook's own page: the form has its words, too. */
const saved = async (which = id) => {
  await save()
  await page.waitForURL(`**/webhooks/${which}`)
}

test('they are set in the form and shown on the page', async () => {
  await edit()
  await page.getByLabel('Body').selectOption('cloudevents')
  await page.getByLabel('Attempts at a time').fill('7')
  await page.getByLabel('Rate limit', { exact: true }).fill('100')
  await page.getByLabel('Within').selectOption('1h')
  await saved()
  await page.getByText('100 in 1h, 7 at a time').waitFor()
  await page.getByText('CloudEvents 1.0').waitFor()
  assert.deepEqual(await controls(), {
    rate_limit: { count: 100, per: '1h' },
    max_in_flight: 7,
    format: 'cloudevents',
  })
})

test('what is wrong is said at its field, which is opened', async () => {
  await edit()
  await page.getByLabel('Attempts at a time').fill('many')
  await page.getByLabel('Rate limit', { exact: true }).fill('0')
  await save()
  await page.getByText('must be 1 to 100000').waitFor()
  assert.equal(await page.locator('[aria-invalid=true]').count(), 2)
})

test('a filter is built by clicks on an example, and tried before it is saved', async () => {
  const data = { customer: { id: 'c-7' }, total: 129, tags: ['new', 'large'] }
  const order = { event: 'order.paid', resource_id: '019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11', data }
  for (const total of [99, 129])
    await ask(world, 'POST', '/events', { ...order, data: { ...data, total } })
  await edit()
  const text = page.getByLabel('Filter', { exact: true })
  const example = page.getByRole('region', { name: 'Example event' })
  const value = (name) => example.getByRole('button', { name, exact: true })
  await value('data.customer.id is "c-7"').click()
  await value('data.tags is "large"').click()
  await page.getByText(/^2 of the last \d+ events? would be delivered/).waitFor()
  await page.getByText('Would be delivered.', { exact: true }).waitFor()
  assert.deepEqual(JSON.parse(await text.inputValue()), {
    data: { customer: { id: 'c-7' }, tags: 'large' },
  })
  assert.equal(await value('data.tags is "large"').getAttribute('aria-pressed'), 'true')
  await value('data.tags is "large"').click()
  await text.fill('{"data": {"total": {"$lt": 100.50}, "big": {"$neq": 12345678901234567890}}}')
  await page.getByText('Not delivered: data › total › $lt does not hold.').waitFor()
  await page.getByText(/^1 of the last \d+ events? would be delivered/).waitFor()
  await saved()
  await page.getByText('"$neq": 12345678901234567890').waitFor()
  await edit()
  assert.match(await text.inputValue(), /100\.50[^]*12345678901234567890/)
  await text.fill('{"data": {"total": {"$least": 1}}}')
  await save()
  await page.getByText('is no operator').waitFor()
  await text.fill('')
  await saved()
  assert.equal((await ask(world, 'GET', `/webhooks/${id}`)).json.filter, null)
})

test('a template is written in the form, and what is wrong is said at it', async () => {
  await edit()
  await page.getByLabel('Body').selectOption('template')
  const template = page.getByLabel('Template', { exact: true })
  assert.ok((await template.boundingBox()).height > 100, 'there is room for some lines')
  await template.fill('{"text": "{{total}}"}')
  await save()
  await page.getByText('stands below data').waitFor()
  await template.fill('{"text": "{{event}}", "n": 12345678901234567890}')
  await saved()
  await edit()
  assert.match(await template.inputValue(), /"n": 12345678901234567890/)
  await page.getByLabel('Body').selectOption('slack')
  await saved()
  await page.getByText('Slack').first().waitFor()
  const { format, template: none } = (await ask(world, 'GET', `/webhooks/${id}`)).json
  assert.deepEqual([format, none], ['slack', null])
})

test('credentials are masked, kept when untouched, and never shown', async () => {
  const stored = async () =>
    (await ask(world, 'GET', `/webhooks/${id}?reveal=headers`)).json.authentication
  const secret = page.getByLabel('Password', { exact: true })
  await edit()
  await page.getByLabel('Authentication', { exact: true }).selectOption('basic')
  await page.getByLabel('User name', { exact: true }).fill('sh:op')
  await secret.fill('not-to-be-seen')
  await save()
  await page.getByText('must have no colon').waitFor()
  await page.getByLabel('User name', { exact: true }).fill('shop')
  await saved()
  await page.getByText('User name and password').waitFor()
  assert.ok(!(await page.content()).includes('not-to-be-seen'))
  await edit()
  assert.equal(await secret.inputValue(), '••••••')
  await page.getByLabel('User name', { exact: true }).fill('store')
  await saved()
  assert.deepEqual(await stored(), {
    type: 'basic',
    username: 'store',
    password: 'not-to-be-seen',
  })
  await edit()
  await page.getByLabel('Authentication', { exact: true }).selectOption('oauth2')
  await page.getByLabel('Token URL', { exact: true }).fill('https://id.example/token')
  await page.getByLabel('Client ID', { exact: true }).fill('shop')
  await page.getByLabel('Client secret', { exact: true }).fill('also-not')
  await saved()
  await page.getByText('https://id.example/token').waitFor()
  // Another endpoint does not get the secret of this one.
  await edit()
  await page.getByLabel('Token URL', { exact: true }).fill('https://other.example/token')
  await save()
  await page.getByText('token_url is another one: give the value again').waitFor()
  await page.getByLabel('Client secret', { exact: true }).fill('third')
  await saved()
  await page.getByText('https://other.example/token').waitFor()
  assert.equal((await stored()).client_secret, 'third')
  await edit()
  await page.getByLabel('Authentication', { exact: true }).selectOption('')
  await saved()
  assert.equal(await stored(), null)
})

test('certificates are masked, kept when untouched, and refused with a reason', async () => {
  const secure = (
    await ask(world, 'POST', '/webhooks', { url: 'https://127.0.0.1:9/tls', events: ['order.*'] })
  ).json.id
  const stored = async () =>
    (await ask(world, 'GET', `/webhooks/${secure}?reveal=headers`)).json.tls
  const folder = mkdtempSync(join(tmpdir(), 'postrider-tls-'))
  const file = (name) => join(folder, name)
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
      ...['-days', '2', '-subj', '/CN=shop', '-keyout', file('key'), '-out', file('pem')],
    ],
    { stdio: 'ignore' },
  )
  const [certificate, key] = [readFileSync(file('pem'), 'utf8'), readFileSync(file('key'), 'utf8')]
  const certificateField = page.getByLabel('Client certificate', { exact: true })
  const keyField = page.getByLabel('Client key', { exact: true })
  await edit(secure)
  await certificateField.fill(certificate)
  await keyField.fill('-----BEGIN')
  await save()
  await page.getByText('holds no private key').waitFor()
  await keyField.fill(key)
  await saved(secure)
  await page.getByText('CN=shop').waitFor()
  assert.ok(!(await page.content()).includes(key.split('\n')[1]))
  await edit(secure)
  assert.deepEqual(
    [await certificateField.inputValue(), await keyField.inputValue()],
    ['••••••', '••••••'],
  )
  await page.getByLabel('Trusted authorities', { exact: true }).fill(certificate)
  await saved(secure)
  assert.equal((await stored()).ca, certificate)
  assert.equal((await stored()).client_key, key)
  await edit(secure)
  for (const label of ['Trusted authorities', 'Client certificate', 'Client key'])
    await page.getByLabel(label, { exact: true }).fill('')
  await saved(secure)
  assert.equal(await stored(), null)
})

test('empty is the default', async () => {
  await edit()
  await page.getByLabel('Body').selectOption('')
  await page.getByLabel('Attempts at a time').fill('')
  await page.getByLabel('Rate limit', { exact: true }).fill('')
  await saved()
  assert.deepEqual(await controls(), { rate_limit: null, max_in_flight: null, format: null })
})

test('the order is set in the form, and what is held is released on the page', async () => {
  const webhook = (
    await ask(world, 'POST', '/webhooks', {
      url: 'http://127.0.0.1:9/',
      events: ['order.*'],
      name: 'ordered',
      retry_schedule: [],
    })
  ).json
  await page.goto(`${world.url}/console/${world.realm}/webhooks/${webhook.id}/edit`)
  await settled(page)
  await page.getByText('Advanced:').click()
  await page.getByLabel('Order', { exact: true }).selectOption('hold')
  await save()
  await page.getByText('By resource, hold on failure').waitFor()
  const saved = (await ask(world, 'GET', `/webhooks/${webhook.id}`)).json
  assert.deepEqual([saved.ordering, saved.on_exhausted], ['resource', 'hold'])
  const resource_id = crypto.randomUUID()
  for (const n of [1, 2]) {
    await ask(world, 'POST', '/events', { event: 'order.paid', resource_id, data: { n } })
  }
  await page.getByRole('heading', { name: 'Held resources' }).waitFor()
  await page.getByText('waits for an earlier one of its resource').first().waitFor()
  await page.getByRole('button', { name: `Skip ${resource_id}` }).click()
  await page.getByText('Skipped; the next one goes.').waitFor()
  // The next one fails as well, and holds the resource again.
  await page.getByRole('button', { name: `Skip ${resource_id}` }).click()
  await page.getByRole('heading', { name: 'Held resources' }).waitFor({ state: 'detached' })
})
