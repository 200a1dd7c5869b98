// Logging in and out, sessions that end, passwords that are set.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { newContext, newPage, open, pages, settled, start } from './browser.mjs'

let world
before(async () => {
  world = await start()
})
after(async () => {
  await world?.stop()
})

const visit = async (path) => {
  const page = await newPage(world, await newContext(world, { as: null }))
  await page.goto(world.url + path)
  return page
}
async function logIn(page, username, password) {
  await page.getByLabel('Username').fill(username)
  await page.getByLabel('Password').fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
}
/** All that a script could read. */
const readable = (page) =>
  page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))

test('a user logs in, stays logged in, and logs out', async () => {
  const page = await visit(`/console/${world.realm}/users`)
  await page.getByLabel('Realm').fill('master')
  await logIn(page, 'admin', 'not the password at all')
  await page.getByText('The username or the password is wrong.').waitFor()
  await logIn(page, 'admin', world.password)
  await page.getByRole('heading', { name: 'Users' }).waitFor()
  const cookie = (await page.context().cookies()).find((each) => each.name === 'sid')
  assert.ok(cookie?.httpOnly)
  assert.ok(!(await readable(page)).includes(cookie.value), 'no script can read the session')
  await page.reload()
  await page.getByRole('heading', { name: 'Users' }).waitFor()
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByRole('heading', { name: 'Log in to Postrider' }).waitFor()
  const after = await page.context().request.get(`${world.url}/api/v1/realms/master/session`, {
    headers: { Cookie: `sid=${cookie.value}`, 'Sec-Fetch-Site': 'same-origin' },
  })
  assert.equal(after.status(), 401, 'the session has ended at the server too')
  await page.reload()
  await page.getByRole('heading', { name: 'Log in to Postrider' }).waitFor()
  await page.context().close()
})

test('who belongs to a realm starts there, and sees what their roles permit', async () => {
  const page = await visit('/')
  await page.getByLabel('Realm').fill(world.realm)
  await logIn(page, 'ada', world.password)
  await page.getByRole('heading', { name: 'Overview' }).waitFor()
  assert.match(page.url(), new RegExp(`/console/${world.realm}$`))
  await page.getByText('Logged in as ada').waitFor()
  const links = page.getByRole('navigation', { name: 'Main' }).getByRole('link')
  assert.deepEqual((await links.allTextContents()).includes('API keys'), false)
  assert.equal((await links.allTextContents()).includes('Audit log'), true)
  // What the address asks for all the same is refused by the server, with the permission's name.
  await page.goto(`${world.url}/console/${world.realm}/api-keys`)
  await page.getByText('view_api_keys').waitFor()
  await page.context().close()
})

test('a session that ends loses nothing that was typed', async () => {
  const page = await open(world, `/console/${world.realm}/users/new`)
  await page.getByLabel('Username').fill('half-written')
  await world.tell('end-sessions')
  await page.getByRole('button', { name: 'Create user' }).click()
  const dialog = page.getByRole('dialog', { name: 'Log in again' })
  await dialog.getByLabel('Username').fill('admin')
  await dialog.getByLabel('Password').fill(world.password)
  await dialog.getByRole('button', { name: 'Log in' }).click()
  await dialog.waitFor({ state: 'detached' })
  assert.equal(await page.getByLabel('Username').inputValue(), 'half-written')
  await page.getByRole('button', { name: 'Create user' }).click()
  await page.getByRole('heading', { name: 'half-written' }).waitFor()
  await page.context().close()
})

test('nor does what was typed in a dialog', async () => {
  const page = await newPage(world, await newContext(world))
  // What the page asks by itself waits, so that it is the press on Publish that finds the session ended.
  const waiting = []
  let holds = (request) => request.url().endsWith('/stream')
  await page.route('**/api/v1/**', (route) =>
    holds(route.request()) ? waiting.push(route) : route.continue(),
  )
  await page.goto(`${world.url}/console/${world.realm}/events?publish=order.paid`)
  const publish = page.getByRole('dialog', { name: 'Publish an event' })
  await publish.getByLabel('Data').fill('{"typed": "with care"}')
  holds = (request) => request.method() === 'GET'
  await world.tell('end-sessions')
  await publish.getByRole('button', { name: 'Publish' }).click()
  const again = page.getByRole('dialog', { name: 'Log in again' })
  await again.getByLabel('Username').waitFor()
  holds = () => false
  await logIn(again, 'admin', world.password)
  await again.waitFor({ state: 'detached' })
  // What the ended session is refused only now does not end the new one.
  const refused = { status: 401, contentType: 'application/problem+json', body: '{}' }
  await Promise.all(waiting.map((route) => route.fulfill(refused).catch(() => {})))
  assert.equal(
    waiting.some((route) => route.request().url().endsWith('/stream')),
    true,
    'a request of the ended session was under way',
  )
  assert.equal(await publish.getByLabel('Data').inputValue(), '{"typed": "with care"}')
  await publish.getByRole('button', { name: 'Publish' }).click()
  await page.getByRole('region', { name: 'data', exact: true }).getByText('with care').waitFor()
  await page.context().close()
})

test('nor does what was typed over something that is asked for again', async () => {
  const page = await open(world, `/console/${world.realm}/users/${world.user}`)
  await page.getByLabel('First name').fill('Half a na')
  await world.tell('end-sessions')
  // Whoever comes back to the tab sees it asked for again, and hears that the session has ended.
  await page.waitForTimeout(2500)
  await page.evaluate(() => window.dispatchEvent(new Event('visibilitychange')))
  const again = page.getByRole('dialog', { name: 'Log in again' })
  await logIn(again, 'admin', world.password)
  await again.waitFor({ state: 'detached' })
  assert.equal(await page.getByLabel('First name').inputValue(), 'Half a na')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByText('Saved.').waitFor()
  await page.context().close()
})

test('an API key is in no storage, and a reload asks for it again', async () => {
  const page = await visit(pages(world).webhooks)
  await page.getByRole('button', { name: 'Use an API key' }).click()
  await page.getByLabel('API key').fill('prk_wrong')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByText('does not know this key').waitFor()
  await page.getByLabel('API key').fill(world.token)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('heading', { name: 'Webhooks' }).waitFor()
  await settled(page)
  assert.ok(!(await readable(page)).includes(world.token))
  await page.reload()
  await page.getByRole('heading', { name: 'Log in to Postrider' }).waitFor()
  await page.context().close()
})

test('a link sets a password, once', async () => {
  const token = await world.tell(`reset ${world.realm} ${world.user}`)
  const page = await visit(`/set-password#realm=${world.realm}&token=${token}`)
  await page.getByLabel('New password').fill('short')
  await page.getByLabel('The same again').fill('shorts')
  await page.getByText('The two are not the same.').waitFor()
  await page.getByLabel('The same again').fill('short')
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByText(/15 characters|at least 15/).waitFor()
  for (const label of ['New password', 'The same again'])
    await page.getByLabel(label).fill('an entirely new password')
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByRole('heading', { name: 'Your password is set' }).waitFor()
  assert.ok(!page.url().includes(token), 'the token is no longer in the address')
  await page.getByRole('link', { name: 'Log in' }).click()
  await page.getByLabel('Realm').fill(world.realm)
  await logIn(page, 'ada', 'an entirely new password')
  await page.getByText('Logged in as ada').waitFor()
  await page.goto(`${world.url}/set-password#realm=${world.realm}&token=${token}`)
  await page.reload()
  for (const label of ['New password', 'The same again'])
    await page.getByLabel(label).fill('a password once again')
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByRole('alert').waitFor()
  await page.context().close()
})

test('who forgot a password hears the same for any name', async () => {
  for (const who of ['grace', 'nobody-at-all', 'grace@example.com']) {
    const page = await visit('/')
    await page.getByRole('button', { name: 'Forgot password' }).click()
    await page.getByLabel('Realm').fill(world.realm)
    await page.getByLabel('Username or e-mail').fill(who)
    await page.getByRole('button', { name: 'Reset my password' }).click()
    await page.getByText('If there is such an account').waitFor()
    await page.context().close()
  }
})
