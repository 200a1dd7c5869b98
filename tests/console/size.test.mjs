// A realm with more of everything than ten pages: all of it is found, and nothing asks for all of it.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { choose, open, settled, start } from './browser.mjs'

let world
let size
let page
const asked = []
before(async () => {
  world = await start()
  size = await world.tell('size')
  page = await open(world, `/console/${size.realm}`)
  page.on('request', (request) => {
    if (request.url().includes('/api/') && !request.url().endsWith('/stream'))
      asked.push(request.url().replace(/.*\/realms\/size/, ''))
  })
})
after(async () => {
  await world?.stop()
})
const go = async (path) => {
  asked.length = 0
  await page.goto(`${world.url}/console/${size.realm}${path}`)
  await settled(page)
}
const main = () => page.locator('main')
const lists = (name) => asked.filter((path) => path.startsWith(`/${name}?`))

test('no page asks for all webhooks, users or roles', async () => {
  for (const path of ['', '/webhooks', '/deliveries', '/events', '/users', '/roles', '/settings']) {
    await go(path)
    for (const name of ['webhooks', 'users', 'roles'])
      assert.ok(lists(name).length <= 1, `${path} asks ${lists(name).join(' ')}`)
  }
})

test('the oldest webhook is found by name: in the list, a filter, the search, and over its delivery', async () => {
  await go('/webhooks?find=oldest')
  await page.getByRole('link', { name: 'The oldest webhook' }).waitFor()
  await go('/deliveries')
  await choose(main(), 'Webhook', 'The oldest webhook')
  const row = page.getByRole('region', { name: 'Deliveries' }).locator('tbody tr')
  await row.getByText('The oldest webhook').waitFor()
  assert.equal(await page.getByText('a deleted webhook').count(), 0)
  await row.first().click()
  await main().getByRole('link', { name: 'The oldest webhook' }).waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox', { name: /^Search/ }).fill('the oldest webhook')
  await page.getByRole('option', { name: 'The oldest webhook' }).click()
  await page.getByRole('heading', { name: 'The oldest webhook' }).waitFor()
})

test('the oldest role is given by typing a part of its name', async () => {
  await go(`/users/${size.user}`)
  await choose(main(), 'Role', 'the oldest role')
  await page.getByRole('button', { name: 'Assign' }).click()
  await main().getByRole('link', { name: 'the oldest role' }).waitFor()
})

test('why an event went where is paged, searched, and folds who never asked for it', async () => {
  await go(`/events/${size.event}`)
  const verdicts = page.getByRole('list', { name: 'Verdicts' }).getByRole('listitem')
  await verdicts.first().waitFor()
  assert.ok((await verdicts.count()) <= 50)
  await page.getByText('1 webhook does not subscribe to it').waitFor()
  assert.equal(await page.getByText('A quiet webhook').isVisible(), false)
  await page.getByLabel('Search webhooks').fill('oldest')
  await verdicts.nth(1).waitFor({ state: 'detached' })
  await verdicts.getByText('delivered', { exact: true }).waitFor()
  assert.equal(await verdicts.count(), 1)
})
