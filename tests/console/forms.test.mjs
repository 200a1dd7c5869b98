// What is typed stays: leaving asks, two administrators see each other's change, "back" closes what was opened.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { ask, newContext, newPage, open, settled, start } from './browser.mjs'

let world
let page
before(async () => {
  world = await start()
  page = await open(world, `/console/${world.realm}`)
})
after(async () => {
  await world?.stop()
})

const at = (path) => `${world.url}/console/${world.realm}${path}`
const go = async (path) => {
  await page.goto(at(path))
  await settled(page)
}
const api = async (...request) => (await ask(world, ...request)).json
const asks = () => page.getByRole('dialog', { name: 'Leave without saving?' })
const field = (name) => page.getByLabel(name, { exact: true })

test('leaving what was typed asks: by a link, by "back", and from a dialog', async () => {
  await go('/webhooks')
  await page.getByRole('link', { name: 'Create webhook' }).click()
  await field('Name').fill('Not saved yet')
  await page.getByRole('link', { name: 'Deliveries' }).click()
  await asks().getByRole('button', { name: 'Stay here' }).click()
  await asks().waitFor({ state: 'detached' })
  assert.equal(await field('Name').inputValue(), 'Not saved yet')
  await page.goBack()
  await asks().getByRole('button', { name: 'Stay here' }).click()
  await asks().waitFor({ state: 'detached' })
  assert.equal(await field('Name').inputValue(), 'Not saved yet')
  // What opens over the page leaves nothing.
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').waitFor()
  await page.keyboard.press('Escape')
  await page.getByRole('dialog', { name: 'Command palette' }).waitFor({ state: 'detached' })
  assert.equal(await field('Name').inputValue(), 'Not saved yet')
  await page.getByRole('link', { name: 'Deliveries' }).click()
  await asks().getByRole('button', { name: 'Leave' }).click()
  await page.waitForURL(/\/deliveries$/)
  await go('/api-keys')
  await page.getByRole('button', { name: 'Create API key' }).first().click()
  await field('Name').fill('A long name')
  await page.keyboard.press('Escape')
  await asks().getByRole('button', { name: 'Stay here' }).click()
  assert.equal(await field('Name').inputValue(), 'A long name')
  await page.getByRole('button', { name: 'Cancel' }).click()
  await asks().getByRole('button', { name: 'Leave' }).click()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
})

test('nothing is asked when nothing was typed, or all of it is saved', async () => {
  await go(`/users/${world.user}`)
  await field('First name').fill('Augusta')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByText('Saved.').waitFor()
  await page.getByRole('link', { name: 'Roles', exact: true }).first().click()
  await page.waitForURL(/\/roles$/)
  await page.getByRole('link', { name: 'Create role' }).click()
  await page.getByRole('heading', { name: 'Create role' }).waitFor()
  await page.goBack()
  await page.waitForURL(/\/roles$/)
  assert.equal(await asks().count(), 0)
})

test('what is typed while something is saved stays, and is saved next', async () => {
  await go(`/users/${world.user}`)
  await field('First name').fill('Sent')
  const held = []
  await page.route(`**/users/${world.user}`, (route) =>
    route.request().method() === 'PUT' ? held.push(route) : route.continue(),
  )
  const save = page.getByRole('button', { name: 'Save changes' })
  const request = page.waitForRequest((each) => each.method() === 'PUT')
  await save.click()
  await request
  await field('Last name').fill('Typed meanwhile')
  for (const route of held) await route.continue()
  await page.getByText('Saved.').waitFor()
  assert.equal(await field('First name').inputValue(), 'Sent')
  assert.equal(await field('Last name').inputValue(), 'Typed meanwhile')
  await page.unroute(`**/users/${world.user}`)
  await page.getByText('Saved.').waitFor({ state: 'detached' })
  await save.click()
  await page.getByText('Saved.').waitFor()
  const now = await api('GET', `/users/${world.user}`)
  assert.deepEqual([now.first_name, now.last_name], ['Sent', 'Typed meanwhile'])
})

test('two administrators see each other’s change, and each may keep their own', async () => {
  await go(`/webhooks/${world.good}/edit`)
  await field('Description').fill('Mine')
  await api('PATCH', `/webhooks/${world.good}`, { name: 'Theirs', description: 'Theirs too' })
  const notice = page.getByRole('alert').filter({ hasText: 'Somebody else has changed this' })
  await notice.waitFor()
  assert.match(await notice.textContent(), /Billing.*Theirs.*Theirs too/s)
  assert.match(await notice.textContent(), /Yours: Mine/)
  // What is saved all the same is refused: nobody overwrites what they have not chosen to.
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByText('Not saved: somebody else has changed it').waitFor()
  assert.equal((await api('GET', `/webhooks/${world.good}`)).name, 'Theirs')
  await notice.getByRole('button', { name: 'Keep mine' }).click()
  assert.equal(await field('Name').inputValue(), 'Theirs')
  assert.equal(await field('Description').inputValue(), 'Mine')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByRole('heading', { name: 'Theirs' }).waitFor()
  const now = await api('GET', `/webhooks/${world.good}`)
  assert.deepEqual([now.name, now.description], ['Theirs', 'Mine'])

  await go(`/roles/${world.role}`)
  await field('Description').fill('Mine')
  await api('PATCH', `/roles/${world.role}`, { description: 'Theirs' })
  await notice.getByRole('button', { name: 'Discard mine' }).click()
  assert.equal(await field('Description').inputValue(), 'Theirs')
  await api('PATCH', `/webhooks/${world.good}`, { name: 'Billing' })
})

test('after a refused URL the live check is heard again', async () => {
  await go('/webhooks/new')
  const url = field('URL')
  await url.fill('ftp://example.com')
  await page.getByRole('button', { name: 'Create webhook' }).click()
  await page.locator('[aria-invalid=true]').first().waitFor()
  await url.fill(`${world.receiver}/fine`)
  await page.getByText('Looks good').waitFor()
  await url.fill('http://169.254.169.254/latest')
  await page.getByText('169.254.169.254 is in').waitFor()
  await url.fill('')
})

test('"back" closes a question and the search, and stays on the page', async () => {
  await go('/users')
  await page.getByRole('link', { name: 'ada' }).click()
  await page.getByRole('button', { name: 'Delete' }).first().click()
  await page.getByRole('button', { name: 'Keep it' }).waitFor()
  await page.goBack()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.getByRole('heading', { name: 'ada' }).waitFor()
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').waitFor()
  await page.goBack()
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  await page.getByRole('heading', { name: 'ada' }).waitFor()
  // A page that was searched for leads back to the one before.
  await page.keyboard.press('Control+k')
  await page.getByRole('combobox').fill('audit')
  await page.keyboard.press('Enter')
  await page.waitForURL(/\/audit$/)
  await page.goBack()
  await page.getByRole('heading', { name: 'ada' }).waitFor()
})

test('the end of a session keeps realm and name, on the page and after loading it anew', async () => {
  const other = await newPage(world, await newContext(world))
  await other.goto(at('/webhooks'))
  await settled(other)
  await world.tell('end-sessions')
  await other.getByRole('link', { name: 'Audit log' }).click()
  const dialog = other.getByRole('dialog', { name: 'Log in again' })
  await dialog.getByLabel('Password').waitFor()
  const values = async (within) =>
    Promise.all(['Realm', 'Username'].map((name) => within.getByLabel(name).inputValue()))
  assert.deepEqual(await values(dialog), ['master', 'admin'])
  await other.reload()
  await other.getByRole('heading', { name: 'Log in to Postrider' }).waitFor()
  assert.deepEqual(await values(other), ['master', 'admin'])
  await other.getByLabel('Password').fill(world.password)
  await other.getByRole('button', { name: 'Log in' }).click()
  await other.getByRole('heading', { name: 'Audit log' }).waitFor()
  // Who logs out leaves no name behind.
  await other.getByRole('button', { name: 'Log out' }).click()
  await other.getByRole('heading', { name: 'Log in to Postrider' }).waitFor()
  assert.equal(await other.getByLabel('Username').inputValue(), '')
  await other.context().close()
})
