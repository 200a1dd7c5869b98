// The directory's pages: what is made, changed and taken away there is so at the server.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { ask, choose, open, start } from './browser.mjs'

let world
let page
before(async () => {
  world = await start()
  page = await open(world, `/console/${world.realm}`)
})
after(async () => {
  await world?.stop()
})

const go = (path) => page.goto(`${world.url}/console/${world.realm}${path}`)
const api = (...request) => ask(world, ...request)
const id = () => new URL(page.url()).pathname.split('/').pop()

test('a user is made, changed, given a role and a password, and deleted', async () => {
  await go('/users/new')
  await page.getByLabel('Username').fill('ADA')
  await page.getByRole('button', { name: 'Create user' }).click()
  await page
    .getByText(/taken|already/)
    .first()
    .waitFor()
  await page.getByLabel('Username').fill('barbara')
  await page.getByLabel('Attributes').fill('{"long": 12345678901234567890')
  await page.getByRole('button', { name: 'Create user' }).click()
  await page.getByRole('alert').waitFor()
  await page.getByLabel('Attributes').fill('{"long": 12345678901234567890}')
  await page.getByRole('button', { name: 'Create user' }).click()
  await page.getByRole('heading', { name: 'barbara' }).waitFor()
  const user = id()

  await page.getByLabel('E-mail', { exact: true }).fill('no address')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.locator('[aria-invalid=true]').waitFor()
  await page.getByLabel('E-mail', { exact: true }).fill('barbara@example.com')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByText('Saved.').waitFor()
  assert.equal((await api('GET', `/users/${user}`)).json.email, 'barbara@example.com')

  await choose(page.locator('main'), 'Role', 'auditor')
  await page.getByRole('button', { name: 'Assign' }).click()
  await page.getByRole('link', { name: 'auditor' }).waitFor()
  assert.deepEqual(
    (await api('GET', `/users/${user}/roles`)).json.items.map((role) => role.name),
    ['auditor'],
  )
  await page.getByRole('button', { name: 'Take auditor away' }).click()
  await page.getByRole('button', { name: 'Take it away' }).click()
  await page.getByText('No role yet.').waitFor()

  await page.getByRole('button', { name: 'Set password', exact: true }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('New password').fill('short')
  await dialog.getByRole('button', { name: 'Set password' }).click()
  await dialog.locator('[aria-invalid=true]').waitFor()
  await dialog.getByLabel('New password').fill('long enough for anybody')
  await dialog.getByRole('button', { name: 'Set password' }).click()
  await page.getByText('The password is set.').waitFor()
  assert.equal((await api('GET', `/users/${user}/credentials`)).json.items.length, 1)
  const credentials = page.locator('section').filter({ hasText: 'Credentials' })
  await credentials.getByRole('button', { name: 'Delete' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('None: this user cannot log in.').waitFor()
  assert.equal((await api('GET', `/users/${user}/credentials`)).json.items.length, 0)
  await page.getByRole('button', { name: 'Reset password' }).click()
  await page.getByRole('button', { name: 'Make the link' }).click()
  await page.getByText(`/set-password#realm=${world.realm}&token=`).waitFor()
  await page.getByRole('button', { name: 'I have it' }).click()

  await page.getByRole('button', { name: 'Delete', exact: true }).first().click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('The user is deleted.').waitFor()
  assert.equal((await api('GET', `/users/${user}`)).status, 404)
})

test('what somebody else changed meanwhile is not overwritten', async () => {
  await go(`/users/${world.user}`)
  await page.getByLabel('First name').fill('Augusta Ada')
  await api('PATCH', `/users/${world.user}`, { first_name: 'Countess' })
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByRole('button', { name: 'Keep mine' }).waitFor()
  assert.equal((await api('GET', `/users/${world.user}`)).json.first_name, 'Countess')
  await page.getByRole('button', { name: 'Keep mine' }).click()
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByText('Saved.').waitFor()
  const now = await (
    await fetch(`${world.url}/api/v1/realms/${world.realm}/users/${world.user}`, {
      headers: { Authorization: `Bearer ${world.token}` },
    })
  ).text()
  assert.match(now, /"first_name":"Augusta Ada"/)
  assert.match(now, /"long":9007199254740993[,}]/, 'numbers keep their digits')
})

test('users are found by a part of name or address, and deleted together', async () => {
  await go('/users')
  const search = page.getByLabel('Search users')
  for (const part of ['grace@exam', 'Hopp', 'RACE']) {
    await search.fill(part)
    await page.getByRole('link', { name: 'edsger' }).waitFor({ state: 'detached' })
    await page.getByRole('link', { name: 'grace' }).waitFor()
    await search.fill('')
    await page.getByRole('link', { name: 'edsger' }).waitFor()
  }
  await search.fill('grace@exam')
  await page.waitForURL(/find=grace%40exam/)
  await page.reload()
  await page.getByRole('link', { name: 'grace' }).waitFor()
  await page.getByRole('link', { name: 'edsger' }).waitFor({ state: 'detached' })
  await search.fill('')
  await page.getByLabel('Select edsger').check()
  await page.getByLabel('Select alan').check()
  await page.getByRole('button', { name: 'Delete 2' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('2 users are deleted.').waitFor()
  assert.equal((await api('GET', '/users?username=edsger')).json.items.length, 0)
})

test('a role gets its permissions', async () => {
  await go('/roles/new')
  await page.getByLabel('Name').fill('shipping')
  await page.getByRole('checkbox', { name: 'view_webhooks' }).check()
  await page.getByRole('button', { name: 'Create role' }).click()
  await page.getByRole('heading', { name: 'shipping' }).waitFor()
  const role = id()
  await page.getByRole('checkbox', { name: 'redeliver' }).check()
  await page.getByRole('button', { name: 'Save changes' }).nth(1).click()
  await page.getByText('everybody with this role').waitFor()
  assert.deepEqual((await api('GET', `/roles/${role}`)).json.permissions.sort(), [
    'redeliver',
    'view_webhooks',
  ])
  await page.getByLabel('Description').fill('Sends things')
  await page.getByRole('button', { name: 'Save changes' }).first().click()
  await page.getByText('Saved.', { exact: true }).waitFor()
  assert.equal((await api('GET', `/roles/${role}`)).json.description, 'Sends things')
})

test('a client: secret once, redirect URIs, roles, service account', async () => {
  await go('/clients/new')
  await page.getByLabel('Client id').fill('warehouse')
  await page.getByRole('button', { name: 'Create client' }).click()
  const once = page.getByRole('dialog')
  const first = await once.locator('code').textContent()
  assert.ok(first.length > 20)
  await once.getByRole('button', { name: 'I have it' }).click()
  await page.getByRole('heading', { name: 'warehouse' }).waitFor()
  const client = id()
  assert.ok(!(await page.content()).includes(first), 'the secret is shown once')
  await page.getByRole('button', { name: 'Rotate…' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate', exact: true }).click()
  await page.getByRole('heading', { name: 'The new secret' }).waitFor()
  assert.notEqual(await page.getByRole('dialog').locator('code').textContent(), first)
  await page.getByRole('button', { name: 'I have it' }).click()

  await page.getByRole('tab', { name: 'Redirect URIs' }).click()
  await page.waitForURL(/tab=redirects/)
  await page.getByRole('button', { name: 'Add redirect URI' }).click()
  await page.getByRole('dialog').getByLabel('URI').fill('ftp://nowhere')
  await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click()
  await page.getByRole('dialog').locator('[aria-invalid=true]').waitFor()
  await page.getByRole('dialog').getByLabel('URI').fill('https://warehouse.example/back')
  await page.getByRole('dialog').getByRole('button', { name: 'Add' }).click()
  await page.getByRole('cell', { name: 'https://warehouse.example/back', exact: true }).waitFor()
  await page.getByRole('button', { name: 'Delete https://warehouse.example/back' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click()
  await page.getByText('No redirect URIs').waitFor()

  await page.getByRole('tab', { name: 'Roles', exact: true }).click()
  await page.getByRole('link', { name: 'Create role' }).first().click()
  await page.getByLabel('Name').fill('picker')
  await page.getByRole('button', { name: 'Create role' }).click()
  await page.getByRole('heading', { name: 'picker' }).waitFor()
  assert.equal((await api('GET', `/clients/${client}/roles`)).json.items[0].name, 'picker')

  await go(`/clients/${client}?tab=service`)
  await choose(page.locator('main'), 'Role', 'auditor')
  await page.getByRole('checkbox', { name: 'auditor' }).waitFor()
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByText('Saved.').waitFor()
  assert.deepEqual((await api('GET', `/clients/${client}`)).json.service_account_roles, [
    world.role,
  ])
})

test('an API key is shown once, works, and is revoked', async () => {
  await go('/api-keys')
  await page.getByRole('button', { name: 'Create API key' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Create key' }).click()
  await page.locator('[aria-invalid=true]').waitFor()
  await page.getByLabel('Name').fill('Robot')
  await page.getByRole('checkbox', { name: 'view_users' }).check()
  await page.getByRole('button', { name: 'Create key' }).click()
  const key = await page
    .getByRole('dialog', { name: 'API key created' })
    .locator('code')
    .nth(1)
    .textContent()
  await page.getByRole('button', { name: 'I have it' }).click()
  const ask = async () =>
    (
      await fetch(`${world.url}/api/v1/realms/${world.realm}/users`, {
        headers: { Authorization: `Bearer ${key}` },
      })
    ).status
  assert.equal(await ask(), 200)
  await page.getByRole('button', { name: 'Revoke Robot' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click()
  await page.getByText('The key is revoked.').waitFor()
  assert.equal(await ask(), 401)
})

test('a realm is made, set and deleted', async () => {
  await go('/realms?create=1')
  await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('Not A Name')
  await page.getByRole('dialog').getByRole('button', { name: 'Create realm' }).click()
  await page.locator('[aria-invalid=true]').waitFor()
  await page.getByRole('dialog').getByLabel('Name', { exact: true }).fill('branch')
  await page.getByRole('dialog').getByRole('button', { name: 'Create realm' }).click()
  await page.getByRole('heading', { name: 'Realm settings' }).waitFor()
  await page.waitForURL(/\/console\/branch\/settings/)
  await page.getByLabel('Retry after').fill('5s, never')
  await page.getByRole('button', { name: 'Save changes' }).nth(1).click()
  await page.locator('[aria-invalid=true]').waitFor()
  await page.getByLabel('Retry after').fill('5s, 1m')
  await page.getByRole('button', { name: 'Save changes' }).nth(1).click()
  await page.getByText('Saved.').waitFor()
  const settings = await fetch(`${world.url}/api/v1/realms/branch/settings`, {
    headers: { Authorization: `Bearer ${world.token}` },
  })
  assert.deepEqual((await settings.json()).retry_schedule, ['5s', '1m'])
  await page.getByRole('button', { name: 'Delete the realm…' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText(/With it go 0 webhooks, 0 users/).waitFor()
  const button = dialog.getByRole('button', { name: 'Delete the realm' })
  await dialog.getByLabel(/^Type/).fill('brunch')
  assert.equal(await button.isDisabled(), true)
  await dialog.getByLabel(/^Type/).fill('branch')
  await button.click()
  await page.waitForURL(`${world.url}/console/master`)
})

test('the audit log says who did it, and its filters are in the address', async () => {
  await go('/audit')
  // By name, not by id: this realm's key, and somebody of master.
  await page
    .getByRole('row', { name: /user\.create/ })
    .first()
    .waitFor()
  await page.getByRole('button', { name: 'bootstrap' }).first().waitFor()
  await page.getByRole('button', { name: 'admin' }).first().waitFor()
  await page.getByLabel('Action').selectOption('api_key.*')
  await page
    .getByRole('button', { name: /^api_key\./ })
    .first()
    .waitFor()
  await page.waitForFunction(() => {
    const all = [...document.querySelectorAll('tbody tr')]
    return all.length > 0 && all.every((row) => row.textContent.includes('api_key'))
  })
  await page.waitForURL(/action=api_key\.\*|action=api_key\.%2A/)
  await page.reload()
  await page
    .getByRole('button', { name: /^api_key\./ })
    .first()
    .click()
  const dialog = page.getByRole('dialog')
  await dialog.getByText('Who', { exact: true }).waitFor()
  await page.waitForURL(/entry=/)
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
})

test('a session is ended from the list', async () => {
  await page.goto(`${world.url}/console/master/sessions`)
  const other = await open(world, '/console/master/users', { apart: true })
  await page
    .getByRole('button', { name: /^End the session/ })
    .nth(1)
    .waitFor()
  // The newest is first: the one that has just been made.
  await page
    .getByRole('button', { name: /^End the session/ })
    .first()
    .click()
  await page.getByRole('dialog').getByRole('button', { name: 'End it' }).click()
  await page.getByText('The session has ended.').waitFor()
  // What it asks next tells; or its stream has told already, and the dialog is in the way.
  await other
    .getByRole('link', { name: 'Roles', exact: true })
    .click({ timeout: 2000 })
    .catch(() => {})
  await other.getByRole('heading', { name: 'Log in again' }).waitFor()
  await other.context().close()
})
