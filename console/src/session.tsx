import { useQueryClient } from '@tanstack/react-query'
import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useState,
  type FormEvent,
  type ReactNode,
} from 'react'

import {
  ApiError,
  call,
  logIn,
  onExpired,
  realmPath,
  requestReset,
  setToken,
  whoAmI,
  type Permission,
  type Who,
} from './api/client'
import { Logo } from './ui/icons'
import { Button, Failure, Field, Modal, useTitle } from './ui/kit'
import { Text } from './ui/form'

const SessionContext = createContext<{
  who: Who | null
  can: (permission: string) => boolean
  logOut: () => void
}>({ who: null, can: () => true, logOut: () => {} })
export const useSession = () => useContext(SessionContext)

/** What only those see who may do it; the server is asked all the same. */
export function Allowed({ to, children }: { to: Permission; children: ReactNode }) {
  return useSession().can(to) ? <>{children}</> : null
}

/** Not a secret: where somebody was logged in, so that a first visit asks nothing. */
const remembered = 'realm'
const realmOfAddress = () => /^\/console\/([a-z0-9-]{1,63})(\/|$)/.exec(location.pathname)?.[1]
const startRealm = () => localStorage.getItem(remembered) ?? realmOfAddress() ?? 'master'

/** Who was logged in: asked for the password alone when the session has ended, also by the page that is loaded anew. */
type Former = { realm: string; username: string }
const former_key = 'session'
function former(): Former | null {
  try {
    return JSON.parse(localStorage.getItem(former_key) ?? 'null') as Former | null
  } catch {
    return null
  }
}
function remember(who: Who) {
  localStorage.setItem(remembered, who.realm)
  if (who.user)
    localStorage.setItem(
      former_key,
      JSON.stringify({ realm: who.realm, username: who.user.username } satisfies Former),
    )
}
function forget() {
  localStorage.removeItem(remembered)
  localStorage.removeItem(former_key)
}

type FormProps = { onDone: (who: Who) => void; onMode: (mode: Mode) => void }
type Mode = 'password' | 'key' | 'forgot'

const because = (reason: unknown, unknown: string) =>
  reason instanceof ApiError && reason.status === 401
    ? unknown
    : reason instanceof Error
      ? reason.message
      : 'Logging in failed.'

function useSubmit(work: () => Promise<void>, unknown: string) {
  const [error, setError] = useState<string>()
  const [busy, setBusy] = useState(false)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    setBusy(true)
    setError(undefined)
    work()
      .catch((reason: unknown) => setError(because(reason, unknown)))
      .finally(() => setBusy(false))
  }
  return { error, busy, submit }
}

const Switch = ({ children, onClick }: { children: ReactNode; onClick: () => void }) => (
  <button
    type="button"
    className="text-[13px] text-muted underline underline-offset-2 hover:text-ink"
    onClick={onClick}
  >
    {children}
  </button>
)

function PasswordForm({ onDone, onMode }: FormProps) {
  const [before] = useState(former)
  const [realm, setRealm] = useState(() => before?.realm ?? startRealm())
  const [username, setUsername] = useState(before?.username ?? '')
  const [password, setPassword] = useState('')
  const { error, busy, submit } = useSubmit(async () => {
    if (!username.trim() || !password) throw new Error('Enter your username and your password.')
    const who = await logIn(realm.trim() || 'master', username.trim(), password)
    remember(who)
    onDone(who)
  }, 'The username or the password is wrong.')
  return (
    <form onSubmit={submit} className="space-y-4" noValidate>
      <Text
        label="Realm"
        name="realm"
        value={realm}
        onChange={setRealm}
        spellCheck={false}
        autoCapitalize="none"
      />
      <Text
        label="Username"
        name="username"
        value={username}
        onChange={setUsername}
        autoComplete="username"
        autoFocus={!before}
        spellCheck={false}
        autoCapitalize="none"
      />
      <Text
        label="Password"
        name="password"
        type="password"
        value={password}
        onChange={setPassword}
        autoFocus={Boolean(before)}
        autoComplete="current-password"
      />
      {error && (
        <p role="alert" className="text-[13px] text-bad break-words">
          {error}
        </p>
      )}
      <Button tone="primary" type="submit" busy={busy} className="w-full h-10">
        Log in
      </Button>
      <div className="flex justify-between">
        <Switch onClick={() => onMode('forgot')}>Forgot password</Switch>
        <Switch onClick={() => onMode('key')}>Use an API key</Switch>
      </div>
    </form>
  )
}

function KeyForm({ onDone, onMode }: FormProps) {
  const [value, setValue] = useState('')
  const { error, busy, submit } = useSubmit(async () => {
    const key = value.trim()
    if (!key) throw new Error('Enter an API key.')
    // A header carries visible ASCII only; anything else is no key of ours.
    if (!/^[\x21-\x7e]+$/.test(key)) throw new Error('That is not an API key.')
    const who = await whoAmI(realmOfAddress() ?? 'master', key).catch((reason: unknown) => {
      // A key of another realm does not see this one.
      if (reason instanceof ApiError && reason.status === 404)
        throw new Error(
          'This key is not of this realm: open the console at /console/ and the name of its realm.',
        )
      throw reason
    })
    setToken(key)
    onDone(who)
  }, 'The server does not know this key, or it has expired.')
  return (
    <form onSubmit={submit} className="space-y-4" noValidate>
      <Field
        label="API key"
        error={error}
        hint={
          <>
            The first one is in <code className="font-mono text-[12px]">admin-token</code> in the
            data folder. It is kept in memory only.
          </>
        }
      >
        {(ids) => (
          <input
            {...ids}
            className="field font-mono"
            type="password"
            name="key"
            autoComplete="off"
            autoFocus
            spellCheck={false}
            placeholder="prk_…"
            value={value}
            onChange={(event) => setValue(event.target.value)}
          />
        )}
      </Field>
      <Button tone="primary" type="submit" busy={busy} className="w-full h-10">
        Log in
      </Button>
      <div className="text-center">
        <Switch onClick={() => onMode('password')}>Use a password</Switch>
      </div>
    </form>
  )
}

function ForgotForm({ onMode }: FormProps) {
  const [realm, setRealm] = useState(startRealm)
  const [who, setWho] = useState('')
  const [sent, setSent] = useState(false)
  const { error, busy, submit } = useSubmit(async () => {
    const name = who.trim()
    if (!name) throw new Error('Enter your username or your e-mail address.')
    await requestReset(
      realm.trim() || 'master',
      name.includes('@') ? { email: name } : { username: name },
    )
    setSent(true)
  }, 'The server did not take the request.')
  if (sent) {
    return (
      <div className="space-y-4">
        <p role="status">
          If there is such an account, a reset has been started: whoever runs this service sends you
          a link, or ask an administrator for one.
        </p>
        <div className="text-center">
          <Switch onClick={() => onMode('password')}>Back to log in</Switch>
        </div>
      </div>
    )
  }
  return (
    <form onSubmit={submit} className="space-y-4" noValidate>
      <Text
        label="Realm"
        name="realm"
        value={realm}
        onChange={setRealm}
        spellCheck={false}
        autoCapitalize="none"
      />
      <Text
        label="Username or e-mail"
        name="who"
        value={who}
        onChange={setWho}
        autoComplete="username"
        autoFocus
        spellCheck={false}
        autoCapitalize="none"
        error={error}
      />
      <Button tone="primary" type="submit" busy={busy} className="w-full h-10">
        Reset my password
      </Button>
      <div className="text-center">
        <Switch onClick={() => onMode('password')}>Back to log in</Switch>
      </div>
    </form>
  )
}

function LogInForm({ onDone, first = 'password' }: { onDone: (who: Who) => void; first?: Mode }) {
  const [mode, setMode] = useState<Mode>(first)
  const Form = { password: PasswordForm, key: KeyForm, forgot: ForgotForm }[mode]
  return <Form onDone={onDone} onMode={setMode} />
}

/** What stands around every form for people who are not logged in. */
export function Front({
  title,
  lead,
  children,
}: {
  title: string
  lead: string
  children: ReactNode
}) {
  useTitle(title)
  return (
    <main className="min-h-screen grid place-items-center p-6">
      <div className="w-full max-w-sm">
        <div className="flex flex-col items-center text-center mb-8">
          <Logo className="w-11 h-11" />
          <h1 className="text-[22px] font-semibold tracking-tight mt-5">{title}</h1>
          <p className="text-muted mt-1">{lead}</p>
        </div>
        <div className="card p-6">{children}</div>
        <p className="text-center text-[13px] mt-6">
          <a className="text-muted underline underline-offset-2 hover:text-ink" href="/docs/">
            Documentation
          </a>
        </p>
      </div>
    </main>
  )
}

/** How often a server that did not say who is there is asked again. */
const asking_ms = 3000

/** Shows the console once somebody has logged in. When the session ends the page stays as it is,
    with all that was typed, under a dialog that asks to log in again. */
export function Session({
  children,
  onRealm,
}: {
  children: ReactNode
  onRealm: (realm: string) => void
}) {
  const [state, setState] = useState<'asking' | 'out' | 'in' | 'expired'>(() =>
    localStorage.getItem(remembered) ? 'asking' : 'out',
  )
  const [who, setWho] = useState<Who | null>(null)
  const cache = useQueryClient()
  const enter = useCallback(
    (now: Who) => {
      setWho(now)
      if (now.kind === 'session') remember(now)
      setState('in')
      if (now.realm !== 'master' && realmOfAddress() !== now.realm) onRealm(now.realm)
    },
    [onRealm],
  )
  useEffect(() => onExpired(() => setState((now) => (now === 'in' ? 'expired' : now))), [])
  const [lost, setLost] = useState<unknown>()
  const isThere = useCallback(
    () =>
      whoAmI(startRealm(), null).then(enter, (error: unknown) => {
        // Only an answer says that there is no session: a server that is away for a moment logs nobody out.
        if (!(error instanceof ApiError) || error.status === 0 || error.status >= 500)
          return setLost(error)
        localStorage.removeItem(remembered)
        setState('out')
      }),
    [enter],
  )
  useEffect(() => {
    if (state === 'asking') void isThere()
  }, [state, isThere])
  useEffect(() => {
    if (state !== 'asking' || !lost) return
    const timer = setTimeout(() => void isThere(), asking_ms)
    return () => clearTimeout(timer)
  }, [state, lost, isThere])
  async function logOut() {
    // The session ends at the server; an API key is only forgotten.
    if (who?.kind === 'session')
      await call('DELETE', realmPath(who.realm, '/session')).catch(() => {})
    forget()
    setToken(null)
    cache.clear()
    setWho(null)
    setState('out')
  }
  if (state === 'asking')
    return lost ? (
      <Front title="Postrider does not answer" lead="The page comes as soon as it does.">
        <Failure error={lost} retry={isThere} />
      </Front>
    ) : null
  if (state === 'out')
    return (
      <Front title="Log in to Postrider" lead="Webhooks, delivered and accounted for.">
        <LogInForm onDone={enter} />
      </Front>
    )
  return (
    <SessionContext.Provider
      value={{
        who,
        can: (permission) => who?.permissions.includes(permission) ?? true,
        logOut: () => void logOut(),
      }}
    >
      {children}
      <Modal open={state === 'expired'} onClose={() => {}} title="Log in again">
        <p className="text-muted mb-5">Your session has ended. What you typed is still here.</p>
        <LogInForm
          first={who?.kind === 'session' ? 'password' : 'key'}
          onDone={(now) => {
            setWho(now)
            setState('in')
            void cache.invalidateQueries()
          }}
        />
      </Modal>
    </SessionContext.Provider>
  )
}
