// How many clicks the usual ways take: what somebody types counts for nothing, each click for one.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { newContext, newPage, open, settled, start } from './browser.mjs'

let world
let incident
let page
const counted = []
before(async () => {
  world = await start()
  incident = await world.tell('incident')
  page = await open(world, `/console/${incident.realm}`)
})
after(async () => {
  await world?.stop()
})

/** How many clicks the same ways took in the console of 55c6ce5, counted by these steps where they were possible. */
const before_this = {
  'log in': '1',
  'the first webhook, with a test that arrives': '6',
  'find the failure': '3, by the list of webhooks: the overview named others',
  'fix it': '2',
  'redeliver one': '2',
  'redeliver all that failed': '2, without a number before or after',
  'attempt now what waits': 'not possible',
  'rotate the secret': '2',
  'who rotated it': '2, to an id without a name',
}

/** A way through the console, and how many clicks it may take. */
function journey(name, most, walk) {
  test(`${name}: ${most} clicks at most`, async (context) => {
    let clicks = 0
    const click = async (target) => {
      clicks += 1
      await target.click()
    }
    await walk(click)
    counted.push(`${name} ${clicks}`)
    context.diagnostic(`${name}: ${clicks} clicks; before: ${before_this[name]}`)
    assert.ok(clicks <= most, `${clicks} clicks`)
  })
}
const button = (name) => page.getByRole('button', { name, exact: true })
const go = async (path) => {
  await page.goto(`${world.url}/console/${path}`)
  await settled(page)
}

journey('log in', 1, async (click) => {
  const outside = await newPage(world, await newContext(world, { as: null }))
  await outside.goto(world.url)
  await outside.getByLabel('Username').fill('admin')
  await outside.getByLabel('Password').fill(world.password)
  await click(outside.getByRole('button', { name: 'Log in' }))
  await outside.getByRole('heading', { name: 'Overview' }).waitFor()
  await outside.context().close()
})

journey('the first webhook, with a test that arrives', 6, async (click) => {
  await go('master')
  await click(page.getByRole('link', { name: 'Create webhook' }))
  await page.getByLabel('URL', { exact: true }).fill(`${world.receiver}/first`)
  await click(page.getByRole('checkbox', { name: 'All of user.*' }))
  await click(button('Create webhook'))
  await page.getByText(/^whsec_/).waitFor()
  await click(button('Continue'))
  await click(button('Send test event'))
  await click(button('Send'))
  await page.getByRole('dialog').getByText('delivered').waitFor()
})

journey('find the failure', 2, async (click) => {
  await go(incident.realm)
  await click(page.getByRole('link', { name: 'Search index, 500' }))
  await click(page.getByRole('button', { name: /order\.paid/ }).first())
  await page.getByText('the index is read-only').waitFor()
})

journey('fix it', 2, async (click) => {
  await click(page.getByRole('link', { name: 'Edit', exact: true }))
  await page.getByLabel('URL', { exact: true }).fill(`${world.receiver}/mended`)
  await click(button('Save changes'))
  await page.getByRole('heading', { name: 'Search index, 500' }).waitFor()
})

journey('redeliver one', 2, async (click) => {
  await click(page.getByRole('button', { name: /order\.paid/ }).first())
  await click(button('Redeliver'))
  await page.getByRole('button', { name: 'Attempt 2 · 204' }).waitFor()
})

journey('redeliver all that failed', 2, async (click) => {
  await go(`${incident.realm}/webhooks/${incident['Search index, 500']}`)
  await click(button('Recover'))
  await page.getByText('8 failed or cancelled deliveries').waitFor()
  await click(page.getByRole('dialog').getByRole('button', { name: 'Redeliver', exact: true }))
  await page.getByLabel('What became of them').getByText('24 are delivered').waitFor()
})

journey('attempt now what waits', 2, async (click) => {
  await go(`${incident.realm}/webhooks/${incident['Moved, 301']}`)
  await click(button('Attempt now…'))
  await click(page.getByRole('dialog').getByRole('button', { name: 'Attempt now', exact: true }))
  await page.getByRole('dialog').getByText('done', { exact: true }).waitFor()
})

journey('rotate the secret', 2, async (click) => {
  await go(`${incident.realm}/webhooks/${incident.Healthy}`)
  await click(button('Rotate…'))
  await click(page.getByRole('dialog').getByRole('button', { name: /^Rotate/ }))
  await page
    .getByRole('dialog')
    .getByText(/^whsec_/)
    .first()
    .waitFor()
})

journey('who rotated it', 2, async (click) => {
  await go(incident.realm)
  await click(page.getByRole('link', { name: 'Audit log' }))
  await click(page.getByRole('button', { name: /rotate/ }).first())
  await page.getByRole('dialog').getByText('Healthy').waitFor()
})

test('the sum', (context) => context.diagnostic(counted.join(', ')))
