import { useState, type FormEvent } from 'react'

import { ApiError, completeReset } from '../api/client'
import { Front } from '../session'
import { Text } from '../ui/form'
import { Button, Failure } from '../ui/kit'

/** The token stands behind the #, which browsers send to nobody. */
const given = new URLSearchParams(location.hash.slice(1))

export default function SetPassword() {
  const realm = given.get('realm') ?? 'master'
  const token = given.get('token') ?? ''
  const [password, setPassword] = useState('')
  const [again, setAgain] = useState('')
  const [error, setError] = useState<unknown>()
  const [busy, setBusy] = useState(false)
  const [done, setDone] = useState(false)
  const field = error instanceof ApiError ? error.field('password') : undefined
  const differs = again !== '' && again !== password
  async function submit(event: FormEvent) {
    event.preventDefault()
    if (again !== password) return setAgain(again || ' ')
    setBusy(true)
    setError(undefined)
    try {
      await completeReset(realm, token, password)
      history.replaceState(null, '', '/set-password')
      setDone(true)
    } catch (reason) {
      setError(reason)
    } finally {
      setBusy(false)
    }
  }
  if (done) {
    return (
      <Front title="Your password is set" lead="You can log in with it now.">
        <a
          href={`/console/${realm}`}
          className="flex items-center justify-center h-10 rounded-lg bg-accent text-onaccent font-medium"
        >
          Log in
        </a>
      </Front>
    )
  }
  if (!token)
    return (
      <Front title="Set a password" lead="This link is not complete.">
        <p>Open the whole link, with everything behind the #. If it is old, ask for a new one.</p>
      </Front>
    )
  return (
    <Front title="Set a password" lead={`For your account in the realm ${realm}.`}>
      <form onSubmit={(event) => void submit(event)} className="space-y-4" noValidate>
        <Text
          label="New password"
          type="password"
          autoComplete="new-password"
          autoFocus
          value={password}
          onChange={setPassword}
          error={field}
          hint="A few words that you will remember are good."
        />
        <Text
          label="The same again"
          type="password"
          autoComplete="new-password"
          value={again}
          onChange={setAgain}
          error={differs ? 'The two are not the same.' : undefined}
        />
        {Boolean(error) && !field && <Failure error={error} />}
        <Button
          tone="primary"
          type="submit"
          busy={busy}
          className="w-full h-10"
          disabled={!password}
        >
          Set password
        </Button>
      </form>
    </Front>
  )
}
