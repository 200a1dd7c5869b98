// Webhooks: made, changed, tested, their secrets, and how they are found.
import assert from 'node:assert/strict'
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
const api = (...request) => ask(world, ...request)
const hook = async (id) => (await api('GET', `/webhooks/${id}?reveal=headers`)).json
const clipboard = () => page.evaluate(() => navigator.clipboard.readText())
const dialog = () => page.getByRole('dialog')

test('a URL is checked as it is typed, and nothing connects to it', async () => {
  await go('/webhooks/new')
  const url = page.getByLabel('URL', { exact: true })
  const checks = []
  page.on('request', (request) => {
    if (request.url().endsWith('/webhooks/check')) checks.push(request.postDataJSON().url)
  })
  await url.fill('ftp://example.com')
  await page.locator('[aria-invalid=true]').waitFor()
  await url.fill('http://169.254.169.254/latest')
  await page.getByText('169.254.169.254 is in').waitFor()
  await url.fill('')
  await url.pressSequentially(`${world.receiver}/checked`, { delay: 5 })
  await page.getByText('Looks good').waitFor()
  assert.ok(checks.length <= 6, `${checks.length} requests for ${world.receiver.length + 8} keys`)
  assert.deepEqual(
    (await world.tell('paths')).filter((path) => path === '/checked'),
    [],
  )
})

test('event types are chosen by group, by search and all at once', async () => {
  await go('/webhooks/new')
  const box = (name) => page.getByRole('checkbox', { name })
  await page.getByLabel('Search event types').fill('assigned')
  await page.getByText('A role is assigned to a user').waitFor()
  assert.equal(await box(/^client\.created/).count(), 0)
  await box(/^user\.role\.assigned/).check()
  await page.getByLabel('Search event types').fill('')
  await box('All of user.*').check()
  assert.ok(await box(/^user\.created/).isChecked())
  assert.ok(await box(/^user\.created/).isDisabled(), 'the group has it already')
  await box(/^order\.paid/).check()
  await page.getByLabel('URL', { exact: true }).fill(`${world.receiver}/groups`)
  await page.getByRole('button', { name: 'Create webhook' }).click()
  await page.getByText(/^whsec_/).waitFor()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Unnamed webhook' }).waitFor()
  const made = await hook(new URL(page.url()).pathname.split('/').pop())
  assert.deepEqual(made.events.sort(), ['order.paid', 'user.*'])
  await go('/webhooks/new')
  await box('Everything').check()
  assert.ok(await box('All of realm.*').isChecked())
  // Without any event the server says so at the field.
  await box('Everything').uncheck()
  await page.getByLabel('URL', { exact: true }).fill(`${world.receiver}/none`)
  await page.getByRole('button', { name: 'Create webhook' }).click()
  await page
    .getByRole('group', { name: 'Events' })
    .getByText(/must|at least/)
    .waitFor()
})

test('headers are masked, kept when untouched, and asked for again at another origin', async () => {
  await go(`/webhooks/${world.good}/edit`)
  await page.getByRole('button', { name: 'Add header' }).click()
  await page.getByLabel('Header 1 name').fill('Host')
  await page.getByLabel('Header 1 value').fill('Bearer not-to-be-seen')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.locator('[aria-invalid=true]').first().waitFor()
  await page.getByLabel('Header 1 name').fill('Authorization')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByText('Authorization: ••••••').waitFor()
  assert.ok(!(await page.content()).includes('not-to-be-seen'))

  await page.getByRole('link', { name: 'Edit', exact: true }).click()
  assert.equal(await page.getByLabel('Header 1 value').inputValue(), '••••••')
  await page.getByLabel('Description', { exact: true }).fill('Changed, with its header as it was')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByText('Changed, with its header as it was').waitFor()
  assert.equal((await hook(world.good)).headers.Authorization, 'Bearer not-to-be-seen')

  await go(`/webhooks/${world.good}/edit`)
  const other = world.receiver.replace('127.0.0.1', 'localhost')
  await page.getByLabel('URL', { exact: true }).fill(`${other}/good`)
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByRole('heading', { name: 'The secret has changed' }).waitFor()
  await page.getByText('header values that you did not enter again are gone').waitFor()
  await page.getByRole('button', { name: 'Continue' }).click()
  await api('PATCH', `/webhooks/${world.good}`, { url: `${world.receiver}/good` })
})

test('what is wrong under "Advanced" opens it; a schedule and a signature are set there', async () => {
  await go(`/webhooks/${world.good}/edit`)
  await page.getByText('Advanced').click()
  await page.getByLabel('Timeout', { exact: true }).fill('2h')
  await page.getByText('Advanced').click()
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.locator('[aria-invalid=true]').waitFor()
  assert.ok(await page.getByLabel('Timeout', { exact: true }).isVisible())
  await page.getByLabel('Timeout', { exact: true }).fill('5s')
  await page.getByLabel('Use the realm’s schedule').uncheck()
  await page.getByLabel('Retry after', { exact: true }).fill('1s, soon')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.locator('[aria-invalid=true]').waitFor()
  await page.getByLabel('Retry after', { exact: true }).fill('1s, 5s')
  await page.getByLabel('Signature', { exact: true }).selectOption('both')
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByRole('heading', { name: 'The signature has changed' }).waitFor()
  await dialog()
    .getByText(/^whpk_/)
    .waitFor()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByText('after 1s, 5s').waitFor()
  const now = await hook(world.good)
  assert.deepEqual(
    [now.timeout, now.retry_schedule, now.signing.sort()],
    ['5s', ['1s', '5s'], ['v1', 'v1a']],
  )
  await api('PATCH', `/webhooks/${world.good}`, { signing: ['v1'] })
})

test('what somebody else changed meanwhile is not overwritten', async () => {
  await go(`/webhooks/${world.good}/edit`)
  await page.getByLabel('Name', { exact: true }).fill('Mine')
  await api('PATCH', `/webhooks/${world.good}`, { name: 'Theirs' })
  // Whatever is asked again while somebody types.
  await page.waitForTimeout(1500)
  await page.getByRole('button', { name: 'Save changes' }).click()
  await page.getByRole('button', { name: 'Keep mine' }).waitFor()
  assert.equal((await hook(world.good)).name, 'Theirs')
  await api('PATCH', `/webhooks/${world.good}`, { name: 'Billing' })
})

test('a secret is shown once, copied, rotated with an overlap, and revealed', async () => {
  await go('/webhooks/new')
  await page.getByLabel('Name', { exact: true }).fill('Secretive')
  await page.getByLabel('URL', { exact: true }).fill(`${world.receiver}/good`)
  await page.getByRole('checkbox', { name: /^order\.paid/ }).check()
  await page.getByRole('button', { name: 'Create webhook' }).click()
  const first = await page.getByText(/^whsec_/).textContent()
  await dialog().getByRole('button', { name: /^Copy/ }).click()
  assert.equal(await clipboard(), first)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Secretive' }).waitFor()
  assert.ok(!(await page.content()).includes(first))

  await page.getByRole('button', { name: 'Rotate…' }).click()
  await page.waitForURL(/do=rotate/)
  await dialog().getByLabel('The old secret goes on signing for').selectOption('1 hour')
  await dialog().getByRole('button', { name: 'Rotate' }).click()
  await dialog().getByText('goes on signing until').waitFor()
  const shown = await dialog().locator('code').allTextContents()
  assert.ok(shown.length >= 1 && shown[0] !== first)
  await page.keyboard.press('Escape')
  await dialog().waitFor({ state: 'detached' })
  await page.waitForURL((url) => !url.search.includes('do='))
  await page.getByRole('button', { name: 'Reveal' }).click()
  await dialog().getByText(shown[0], { exact: true }).waitFor()
  await page.reload()
  await dialog().getByText(shown[0], { exact: true }).waitFor()
})

test('a test shows request and response at once, on a disabled webhook too', async () => {
  await go(`/webhooks/${world.good}`)
  await page.getByRole('switch', { name: 'Enabled' }).click()
  await dialog().getByText('what is pending is cancelled').waitFor()
  await dialog().getByRole('button', { name: 'Disable' }).click()
  await page.getByText('disabled by hand').waitFor()
  await page.getByRole('button', { name: 'Send test event' }).click()
  await dialog().getByLabel('Event').selectOption('order.paid')
  await dialog().getByRole('button', { name: 'Send', exact: true }).click()
  await dialog().getByText('delivered', { exact: true }).waitFor()
  const request = dialog().getByRole('region', { name: 'Request', exact: true })
  await request.getByText('webhook-signature').waitFor()
  await request.getByText('"test": true').waitFor()
  await dialog().getByRole('region', { name: 'Response', exact: true }).waitFor()
  await page.getByRole('button', { name: 'Close', exact: true }).click()
  await page.getByRole('switch', { name: 'Enabled' }).click()
  await page.getByText('brings back what it missed').waitFor()
  assert.equal((await hook(world.good)).enabled, true)
})

test('webhooks are found, and each tells how it is, also one that was quiet for long', async () => {
  // More than a thousand newer deliveries of others.
  await world.tell(`busy ${world.realm} 1200`)
  await go('/webhooks')
  const row = page.getByRole('listitem').filter({ hasText: 'Ledger' })
  await row.getByText('all fail').waitFor()
  await row.getByText('never succeeded').waitFor()
  await page
    .getByRole('listitem')
    .filter({ hasText: 'Warehouse' })
    .getByText('disabled by hand')
    .waitFor()
  await page.getByLabel('Search webhooks').fill('ledg')
  await page.getByRole('link', { name: 'Billing' }).waitFor({ state: 'detached' })
  await page.reload()
  await page.getByRole('link', { name: 'Ledger' }).waitFor()
  assert.equal(await page.getByLabel('Search webhooks').inputValue(), 'ledg')
  await page.getByLabel('Search webhooks').fill('nothing is called so')
  await page.getByText('Nothing matches these filters').waitFor()
  await page.getByLabel('Search webhooks').fill('')
  await page.getByLabel('State').selectOption('disabled')
  await page.getByRole('link', { name: 'Billing' }).waitFor({ state: 'detached' })
  await page.getByRole('link', { name: 'Warehouse' }).waitFor()
})

test('deleting says what it means, and does it', async () => {
  const { json } = await api('POST', '/webhooks', {
    url: `${world.receiver}/good`,
    events: ['order.paid'],
    name: 'Short-lived',
  })
  await go(`/webhooks/${json.id}`)
  await page.getByRole('button', { name: 'Delete' }).click()
  await dialog().getByText('what is pending is cancelled').waitFor()
  await dialog().getByRole('button', { name: 'Delete' }).click()
  await page.getByText('The webhook is deleted.').waitFor()
  assert.equal((await api('GET', `/webhooks/${json.id}`)).status, 404)
  await page.getByRole('heading', { name: 'Webhooks' }).waitFor()
})
