// What somebody sees of a delivery, a change and a key: all that matters, at a glance, on a laptop and on a phone.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { after, before, test } from 'node:test'

import { ask, open, settled, start } from './browser.mjs'

let world
let page
before(async () => {
  world = await start()
  page = await open(world, `/console/${world.realm}`)
  await page.context().grantPermissions(['clipboard-read', 'clipboard-write'])
})
after(async () => {
  await world?.stop()
})

const go = async (path) => {
  await page.goto(`${world.url}/console/${world.realm}${path}`)
  await settled(page)
}
const api = async (...request) => (await ask(world, ...request)).json
const rows = (within) => within.getByRole('region', { name: 'Deliveries' }).locator('tbody tr')

test('a laptop shows twenty deliveries, each with its webhook, outcome, resource and time', async () => {
  await go('/deliveries')
  await rows(page).first().waitFor()
  await page.getByRole('cell', { name: 'Billing' }).first().waitFor()
  const whole = await rows(page).evaluateAll(
    (all) => all.filter((row) => row.getBoundingClientRect().bottom <= innerHeight).length,
  )
  assert.ok(whole >= 20, `${whole} rows`)
  const first = await rows(page).first().textContent()
  assert.match(first, /order\.shipped/)
  assert.match(first, /answered \d+|accepted/)
  assert.match(first, /[0-9a-f]{8}…[0-9a-f]{4}/)
})

test('a signature stands in one line beside the list', async () => {
  await go(`/webhooks/${world.bad}?delivery=${world.delivery}`)
  const signature = page
    .getByLabel('Request headers')
    .locator('div')
    .filter({ hasText: 'webhook-signature' })
  await signature.waitFor()
  assert.ok((await signature.boundingBox()).height < 30)
})

test('a request is copied as a command that sends the same bytes', async () => {
  await go(`/webhooks/${world.good}`)
  await rows(page).first().click()
  await page.getByRole('region', { name: 'request body' }).waitFor()
  await page.getByRole('button', { name: 'Copy as curl' }).click()
  const command = await page.evaluate(() => navigator.clipboard.readText())
  assert.match(command, /--header 'webhook-signature: v1,/)
  assert.match(
    execFileSync('/bin/sh', ['-c', command], { encoding: 'utf8', stdio: 'pipe' }),
    /HTTP.* 20\d/,
  )
  const sent = await world.tell('requests /good')
  const again = sent.at(-1)
  const original = sent.find(
    (each) => each.id === again.id && each.signature === again.signature && each !== again,
  )
  assert.ok(original, 'no request of the server has this id and signature')
  assert.equal(again.body, original.body)
})

test('JSON is coloured, folded and searched, and copied with every digit', async () => {
  const id = await world.tell(
    `publish-text ${world.realm} {"long":12345678901234567890,"deep":{"inner":[1,2,{"needle":"hay"}]},"more":{"a":1,"b":2,"c":3,"d":4,"e":5}}`,
  )
  await go(`/events/${id}`)
  const data = page.getByRole('region', { name: 'data', exact: true })
  await data.getByText('12345678901234567890').waitFor()
  const colour = (text) =>
    data.getByText(text, { exact: true }).evaluate((one) => getComputedStyle(one).color)
  assert.notEqual(await colour('12345678901234567890'), await colour('"hay"'))
  await data.getByRole('button', { name: 'Fold "deep"' }).click()
  assert.equal(await data.getByText('needle').count(), 0)
  await data.getByText('1 member').waitFor()
  await data.getByRole('button', { name: 'Unfold "deep"' }).click()
  await page.getByLabel('Search data').fill('needle')
  await page.getByText('1 match', { exact: true }).waitFor()
  assert.equal(await data.locator('mark').textContent(), 'needle')
  await page.getByRole('button', { name: 'Copy data' }).click()
  const copied = await page.evaluate(() => navigator.clipboard.readText())
  assert.match(copied, /"long": 12345678901234567890/)
})

test('the audit log has names, and values before and after', async () => {
  await api('PATCH', `/webhooks/${world.good}`, { name: 'Invoices', timeout: '7s' })
  await go('/audit?action=webhook.update')
  const row = page.locator('tbody tr').first()
  await row.getByRole('link', { name: 'Invoices' }).waitFor()
  await row.getByRole('button', { name: 'bootstrap' }).waitFor()
  await row.getByRole('button', { name: 'webhook.update' }).click()
  const changes = page.getByRole('dialog').getByLabel('Changes')
  await changes.getByText('− Billing').waitFor()
  await changes.getByText('+ Invoices').waitFor()
  await changes.getByText('+ 7s').waitFor()
  await api('PATCH', `/webhooks/${world.good}`, { name: 'Billing', timeout: null })
})

test('a key gets what a kind of program needs by one click', async () => {
  await go('/api-keys?create=1')
  const presets = page.getByRole('group', { name: 'Presets' })
  const chosen = async () =>
    (
      await page
        .getByRole('dialog')
        .locator('input[type=checkbox]:checked')
        .evaluateAll((all) => all.map((each) => each.ariaLabel ?? each.parentElement.innerText))
    ).length
  await presets.getByRole('button', { name: 'Publish' }).click()
  assert.equal(await chosen(), 1)
  await presets.getByRole('button', { name: 'On call' }).click()
  assert.equal(await chosen(), 3)
  assert.equal(
    await presets.getByRole('button', { name: 'On call' }).getAttribute('aria-pressed'),
    'true',
  )
  await page.getByRole('checkbox', { name: 'view_users' }).check()
  assert.equal(await presets.getByRole('button', { pressed: true }).count(), 0)
  await presets.getByRole('button', { name: 'None' }).click()
  assert.equal(await chosen(), 0)
})

test('on a phone names are whole', async () => {
  const name = 'The warehouse of the northern region, second floor'
  await api('PATCH', `/webhooks/${world.good}`, { name })
  const phone = await open(world, `/console/${world.realm}/deliveries`, { width: 390, height: 844 })
  const cut = (within) =>
    within
      .locator('*')
      .evaluateAll(
        (all) =>
          all.filter(
            (each) =>
              each.scrollWidth > each.clientWidth + 1 &&
              getComputedStyle(each).textOverflow === 'ellipsis',
          ).length,
      )
  await rows(phone).getByText(name).first().waitFor()
  assert.equal(await cut(rows(phone)), 0)
  await phone.goto(`${world.url}/console/${world.realm}/webhooks`)
  const item = phone.getByRole('listitem').filter({ hasText: name })
  await item.getByRole('link').waitFor()
  assert.equal(await cut(item.getByRole('link')), 0)
  await phone.context().close()
  await api('PATCH', `/webhooks/${world.good}`, { name: 'Billing' })
})
