import { useQueryClient } from '@tanstack/react-query'
import { createContext, useContext, useEffect, useState, type FormEvent, type ReactNode } from 'react'

import { ApiError, checkToken, onExpired, setToken } from './api/client'
import { Logo } from './ui/icons'
import { Button, Field, Modal } from './ui/kit'

const SessionContext = createContext<{ logOut: () => void }>({ logOut: () => {} })
export const useSession = () => useContext(SessionContext)

function LogInForm({ onDone }: { onDone: () => void }) {
  const [value, setValue] = useState('')
  const [error, setError] = useState<string>()
  const [busy, setBusy] = useState(false)
  async function submit(event: FormEvent) {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    try {
      const token = value.trim()
      if (!token) throw new Error('Enter an API token.')
      // A header carries visible ASCII only; anything else is no token of ours.
      if (!/^[\x21-\x7e]+$/.test(token)) throw new Error('That is not an API token.')
      await checkToken(token)
      setToken(token)
      onDone()
    } catch (reason) {
      setError(reason instanceof ApiError && reason.status === 401 ? 'The server does not know this token, or it has expired.'
        : reason instanceof Error ? reason.message : 'Logging in failed.')
    } finally {
      setBusy(false)
    }
  }
  return (
    <form onSubmit={submit} className="space-y-5" noValidate>
      <Field label="API token" error={error} hint={<>The first one is in <code className="font-mono text-[12px]">admin-token</code> in the data folder. It is kept in memory only.</>}>
        {(ids) => <input {...ids} className="field font-mono" type="password" name="token" autoComplete="off" autoFocus
          spellCheck={false} placeholder="prk_…" value={value} onChange={(event) => setValue(event.target.value)} />}
      </Field>
      <Button tone="primary" type="submit" busy={busy} className="w-full h-10">Log in</Button>
    </form>
  )
}

/** Shows the console once somebody has logged in. When the token expires the page stays as it is,
    with all that was typed, under a dialog that asks for another. */
export function Session({ children }: { children: ReactNode }) {
  const [state, setState] = useState<'out' | 'in' | 'expired'>('out')
  const cache = useQueryClient()
  useEffect(() => onExpired(() => setState((now) => (now === 'in' ? 'expired' : now))), [])
  function logOut() {
    setToken(null)
    cache.clear()
    setState('out')
  }
  if (state === 'out') {
    return (
      <main className="min-h-screen grid place-items-center p-6">
        <div className="w-full max-w-sm">
          <div className="flex flex-col items-center mb-8">
            <Logo className="w-11 h-11" />
            <h1 className="text-[22px] font-semibold tracking-tight mt-5">Log in to Postrider</h1>
            <p className="text-muted mt-1">Webhooks, and what became of every one.</p>
          </div>
          <div className="card p-6"><LogInForm onDone={() => setState('in')} /></div>
          <p className="text-center text-[13px] mt-6"><a className="text-muted underline underline-offset-2 hover:text-ink" href="/docs">API reference</a></p>
        </div>
      </main>
    )
  }
  return (
    <SessionContext.Provider value={{ logOut }}>
      {children}
      <Modal open={state === 'expired'} onClose={() => {}} title="Log in again">
        <p className="text-muted mb-5">The token is no longer valid. What you typed is still here.</p>
        <LogInForm onDone={() => { setState('in'); void cache.invalidateQueries() }} />
      </Modal>
    </SessionContext.Provider>
  )
}
