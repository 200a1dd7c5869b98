// From the first start to a green redelivery, by mouse and by keyboard alone, each with a server that is new.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { newContext, newPage, start } from './browser.mjs'

let world
before(async () => {
  world = await start('empty')
})
after(async () => {
  await world?.stop()
})

test('from the first log in to a green redelivery', async () => {
  const page = await newPage(world, await newContext(world, { as: null }))
  // The link that the first start prints.
  await page.goto(world.link)
  await page.getByLabel('New password').fill(world.password)
  await page.getByLabel('The same again').fill(world.password)
  await page.getByRole('button', { name: 'Set password' }).click()
  await page.getByRole('link', { name: 'Log in' }).click()
  await page.getByLabel('Username').fill('admin')
  await page.getByLabel('Password').fill(world.password)
  await page.getByRole('button', { name: 'Log in' }).click()

  // An empty server says what to do.
  await page.getByRole('link', { name: 'Create webhook' }).click()
  await page.getByLabel('Name', { exact: true }).fill('Journey')
  await page.getByLabel('URL', { exact: true }).fill(`${world.receiver}/journey`)
  await page.getByText('Looks good').waitFor()
  await page.getByRole('checkbox', { name: 'All of user.*' }).check()
  await page.getByText('Advanced').click()
  await page.getByLabel('Use the realm’s schedule').uncheck()
  // Long enough for a slow machine to see it wait.
  await page.getByLabel('Retry after').fill('10s')
  await page.getByRole('button', { name: 'Create webhook' }).click()
  await page.getByText(/^whsec_/).waitFor()
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.getByRole('heading', { name: 'Journey' }).waitFor()
  const webhook = page.url()

  await page.getByRole('button', { name: 'Send test event' }).click()
  await page.getByRole('button', { name: 'Send', exact: true }).click()
  await page.getByRole('dialog').getByText('delivered').waitFor()
  await page.getByRole('dialog').getByText('"received": true').waitFor()
  await page.getByRole('button', { name: 'Close' }).click()

  const createUser = async (name) => {
    await page.getByRole('link', { name: 'Users', exact: true }).click()
    await page.getByRole('link', { name: 'Create user' }).first().click()
    await page.getByLabel('Username').fill(name)
    await page.getByRole('button', { name: 'Create user' }).click()
    await page.getByRole('heading', { name }).waitFor()
  }
  const openDelivery = async () => {
    await page.goto(webhook)
    await page
      .getByRole('button', { name: /user\.created/ })
      .first()
      .click()
  }
  await createUser('ada')
  await openDelivery()
  const request = page.getByRole('region', { name: 'Request', exact: true })
  await page.getByRole('button', { name: 'Attempt 1 · 200' }).waitFor()
  await request.getByText('webhook-signature').waitFor()
  await request.getByText('"username": "ada"').waitFor()
  await page
    .getByRole('region', { name: 'Response', exact: true })
    .getByText('"received": true')
    .waitFor()
  await page.getByRole('table', { name: 'Timings' }).getByText('Waiting').waitFor()

  await world.tell('break')
  await createUser('grace')
  await openDelivery()
  await page.getByRole('button', { name: 'Attempt 1 · 503' }).waitFor()
  await page.getByText('Next attempt').first().waitFor()
  await page
    .getByRole('region', { name: 'response body' })
    .getByText('down for maintenance')
    .waitFor()
  // The last attempt of its schedule fails too.
  await page.getByRole('button', { name: 'Attempt 2 · 503' }).waitFor()
  await page.getByRole('button', { name: 'Redeliver', exact: true }).waitFor()

  await world.tell('fix')
  await page.getByRole('button', { name: 'Redeliver', exact: true }).click()
  await page.getByRole('button', { name: 'Attempt 3 · 200' }).waitFor()
  await page.getByRole('link', { name: 'Overview' }).click()
  await page.getByText('Success rate').waitFor()
  assert.deepEqual(page.elsewhere, [], 'nothing is fetched from elsewhere')
  assert.deepEqual(page.complaints, [])
  await page.context().close()
})

test('the same by keyboard alone', async () => {
  await world.tell('fix')
  const page = await newPage(world, await newContext(world, { as: null }))
  /** Presses Tab until the target has the focus: what cannot be reached so is not there for some people. */
  const reach = async (target, back = false) => {
    await target.waitFor()
    for (let press = 0; press < 150; ++press) {
      if (await target.evaluate((element) => element === document.activeElement)) return
      await page.keyboard.press(back ? 'Shift+Tab' : 'Tab')
    }
    throw new Error(`not to be reached by keyboard: ${target}`)
  }
  const type = async (target, text) => {
    await reach(target)
    await page.keyboard.type(text)
  }
  const press = async (target, key = 'Enter') => {
    await reach(target)
    await page.keyboard.press(key)
  }

  await page.goto(world.url)
  await type(page.getByLabel('Username'), 'admin')
  await type(page.getByLabel('Password'), world.password)
  await page.keyboard.press('Enter')
  await page.locator('#content').waitFor()

  await page.keyboard.press('Control+k')
  await page.keyboard.type('create a webhook')
  await page.getByRole('option', { name: /Create a webhook/ }).waitFor()
  await page.keyboard.press('Enter')
  await type(page.getByLabel('Name', { exact: true }), 'By keyboard')
  await type(page.getByLabel('URL', { exact: true }), `${world.receiver}/journey`)
  await press(page.getByRole('checkbox', { name: /^role\.created/ }), 'Space')
  await press(page.getByRole('button', { name: 'Create webhook' }))
  await page.getByText(/^whsec_/).waitFor()
  await press(page.getByRole('button', { name: 'Continue' }))
  await page.getByRole('heading', { name: 'By keyboard' }).waitFor()
  const webhook = page.url()

  await page.keyboard.press('Control+k')
  await page.keyboard.type('create a role')
  await page.getByRole('option', { name: /Create a role/ }).waitFor()
  await page.keyboard.press('Enter')
  await type(page.getByLabel('Name', { exact: true }), 'typist')
  await press(page.getByRole('checkbox', { name: 'view_users' }), 'Space')
  await press(page.getByRole('button', { name: 'Create role' }))
  await page.getByRole('heading', { name: 'typist' }).waitFor()

  await page.goto(webhook)
  await press(page.getByRole('button', { name: /role\.created/ }).first())
  await page.getByRole('button', { name: 'Attempt 1 · 200' }).waitFor()
  await press(page.getByRole('button', { name: 'Redeliver', exact: true }))
  await page.getByRole('button', { name: 'Attempt 2 · 200' }).waitFor()
  await press(page.getByRole('button', { name: 'Attempt 1 · 200' }))
  // A dialog takes the focus, keeps it, and gives it back.
  const remove = page.getByRole('button', { name: 'Delete' })
  await reach(remove, true)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Delete this webhook?' }).waitFor()
  for (let press = 0; press < 8; ++press) {
    await page.keyboard.press('Tab')
    assert.ok(
      await page.evaluate(() => document.activeElement.closest('[role=dialog]') !== null),
      'the focus stays in the dialog',
    )
  }
  await page.keyboard.press('Escape')
  await page.getByRole('dialog').waitFor({ state: 'detached' })
  assert.ok(
    await remove.evaluate((element) => element === document.activeElement),
    'the focus is back where it was',
  )
  await press(page.getByRole('switch', { name: 'Enabled' }), 'Space')
  await press(page.getByRole('button', { name: 'Disable' }))
  await page.getByText('Disabled; what was pending is cancelled.').waitFor()
  assert.deepEqual(page.complaints, [])
  await page.context().close()
})
