import {
  Dialog,
  DialogBackdrop,
  DialogPanel,
  Menu,
  MenuButton,
  MenuItem,
  MenuItems,
} from '@headlessui/react'
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router'
import { type ReactNode, useEffect } from 'react'

import { useLive } from './live'
import { useGroups } from './navigation'
import { Palette } from './palette'
import { useRealm, useRealms } from './queries'
import { useSession } from './session'
import { Icon, Logo } from './ui/icons'
import { Button } from './ui/kit'
import { useOpened } from './ui/leaving'
import { Stale } from './ui/stale'
import { useTheme } from './ui/theme'
import { useExactTimes } from './ui/time'

function RealmSwitcher() {
  const realm = useRealm()
  const realms = useRealms()
  const navigate = useNavigate()
  const pages = useGroups().flatMap((group) => group.pages.map((page) => page.to))
  // The same list of the other realm; one thing of this realm is not there.
  const section = useRouterState({
    select: ({ location }) => {
      const word = location.pathname.replace(/^\/console(?=\/)/, '').split('/')[2]
      return word && pages.includes(`/${word}`) ? `/${word}` : ''
    },
  })
  return (
    <Menu as="div" className="relative">
      <MenuButton className="w-full flex items-center gap-2.5 h-10 px-2.5 rounded-lg border border-line bg-panel hover:bg-sunken shadow-card text-left">
        <span className="sr-only">Realm</span>
        <span
          aria-hidden="true"
          className="w-5 h-5 rounded-md bg-accent/15 text-accent grid place-items-center text-[11px] font-semibold uppercase"
        >
          {realm[0]}
        </span>
        <span className="flex-1 truncate font-medium">
          {realms.data?.find((each) => each.name === realm)?.display_name || realm}
        </span>
        <Icon name="down" className="w-4 h-4 text-muted" />
      </MenuButton>
      <MenuItems
        anchor="bottom start"
        className="z-50 w-56 mt-1 card shadow-float p-1 focus:outline-none max-h-80 overflow-auto"
      >
        {(realms.data ?? []).map((each) => (
          <MenuItem key={each.id}>
            <button
              type="button"
              className="w-full flex items-center gap-2 px-2.5 h-9 rounded-md text-left data-[focus]:bg-sunken"
              onClick={() =>
                void navigate({
                  to: `/$realm${section}` as '/$realm',
                  params: { realm: each.name },
                  search: {},
                })
              }
            >
              <span className="flex-1 truncate">{each.display_name || each.name}</span>
              {each.name === realm && <Icon name="check" className="w-4 h-4 text-accent" />}
            </button>
          </MenuItem>
        ))}
      </MenuItems>
    </Menu>
  )
}

/** With `replace` a page takes the place of the open menu in the browser's history. */
function Navigation({ replace }: { replace?: boolean }) {
  const realm = useRealm()
  const here = useRouterState({
    select: (state) => state.location.pathname.replace(/^\/console(?=\/)/, ''),
  })
  const base = `/${realm}`
  const is = (to: string) =>
    to === ''
      ? here === base || here === `${base}/`
      : here === base + to || here.startsWith(`${base}${to}/`)
  return (
    <nav aria-label="Main" className="space-y-4">
      {useGroups().map((group) => (
        <div key={group.label} className="space-y-0.5">
          {group.label && (
            <h2 className="px-2.5 pb-1 text-[12px] font-medium text-muted">{group.label}</h2>
          )}
          {group.pages.map((page) => (
            <Link
              key={page.to}
              to={`/$realm${page.to}` as '/$realm'}
              params={{ realm }}
              replace={replace}
              aria-current={is(page.to) ? 'page' : undefined}
              className={`flex items-center gap-2.5 h-8 px-2.5 rounded-lg font-medium transition-colors ${is(page.to) ? 'bg-accent/10 text-accent' : 'text-muted hover:text-ink hover:bg-sunken'}`}
            >
              <Icon name={page.icon} />
              {page.label}
            </Link>
          ))}
        </div>
      ))}
    </nav>
  )
}

function Foot() {
  const [dark, toggle] = useTheme()
  const [exact, toggleTimes] = useExactTimes()
  const { logOut, who } = useSession()
  return (
    <div className="space-y-0.5">
      {who && (
        <p className="px-2.5 pb-1 text-[12.5px] text-muted truncate" title={who.name}>
          Logged in as <span className="text-ink font-medium">{who.name}</span>
        </p>
      )}
      <a
        href="/docs/"
        className="flex items-center gap-2.5 h-8 px-2.5 rounded-lg font-medium text-muted hover:text-ink hover:bg-sunken"
      >
        <Icon name="doc" />
        Documentation
      </a>
      <div className="flex">
        <Button
          tone="quiet"
          icon="out"
          className="flex-1 !justify-start px-2.5 gap-2.5 !text-[14px]"
          onClick={logOut}
        >
          Log out
        </Button>
        <Button
          tone="quiet"
          className={`w-9 px-0 ${exact ? 'text-accent' : ''}`}
          icon="clock"
          aria-label="Show dates instead of “3 min ago”"
          aria-pressed={exact}
          onClick={toggleTimes}
        />
        <Button
          tone="quiet"
          className="w-9 px-0"
          icon={dark ? 'sun' : 'moon'}
          aria-label={dark ? 'Use light colours' : 'Use dark colours'}
          onClick={toggle}
        />
      </div>
    </div>
  )
}

function SearchButton({ onClick }: { onClick: () => void }) {
  return (
    <button
      type="button"
      onClick={onClick}
      className="w-full flex items-center gap-2.5 h-9 px-2.5 rounded-lg text-muted hover:bg-sunken hover:text-ink"
    >
      <Icon name="search" />
      <span className="flex-1 text-left">Search</span>
      <kbd className="font-sans text-[11px] border border-line rounded px-1.5 py-0.5">Ctrl K</kbd>
    </button>
  )
}

function Side({ children }: { children: ReactNode }) {
  return <div className="flex flex-col gap-4 p-3 h-full overflow-y-auto">{children}</div>
}

export function Shell() {
  const { can } = useSession()
  useLive(useRealm(), can('view_events'))
  const [menu, setMenu] = useOpened('menu')
  const [palette, setPalette] = useOpened('palette')
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        void setPalette(!palette)
      }
    }
    addEventListener('keydown', listen)
    return () => removeEventListener('keydown', listen)
  }, [palette, setPalette])
  const brand = (
    <div className="flex items-center gap-2.5 px-1">
      <Logo />
      <span className="font-semibold text-[16px] tracking-tight">Postrider</span>
    </div>
  )
  return (
    <div className="min-h-screen md:grid md:grid-cols-[236px_minmax(0,1fr)]">
      <a
        href="#content"
        className="sr-only focus:not-sr-only focus:fixed focus:z-50 focus:top-2 focus:left-2 focus:bg-panel focus:px-3 focus:py-2 focus:rounded-lg"
      >
        Skip to content
      </a>
      <aside className="hidden md:block border-r border-line sticky top-0 h-screen">
        <Side>
          <div className="pt-1 pb-1">{brand}</div>
          <RealmSwitcher />
          <SearchButton onClick={() => void setPalette(true)} />
          <Navigation />
          <div className="flex-1" />
          <Foot />
        </Side>
      </aside>
      <header className="md:hidden sticky top-0 z-20 flex items-center gap-1 h-14 px-3 border-b border-line bg-canvas/90 backdrop-blur">
        <div className="flex-1">{brand}</div>
        <Button
          tone="quiet"
          className="w-9 px-0"
          icon="search"
          aria-label="Search"
          onClick={() => void setPalette(true)}
        />
        <Button
          tone="quiet"
          className="w-9 px-0"
          icon="menu"
          aria-label="Menu"
          onClick={() => void setMenu(true)}
        />
      </header>
      <Dialog
        open={menu}
        onClose={() => void setMenu(false)}
        className="relative z-30 md:hidden"
        aria-label="Menu"
      >
        <DialogBackdrop className="fixed inset-0 bg-black/40" />
        <DialogPanel className="fixed inset-y-0 left-0 w-72 bg-canvas border-r border-line">
          <Side>
            {brand}
            <RealmSwitcher />
            <Navigation replace />
            <div className="flex-1" />
            <Foot />
          </Side>
        </DialogPanel>
      </Dialog>
      <main
        id="content"
        tabIndex={-1}
        className="min-w-0 px-4 sm:px-8 py-6 sm:py-8 focus:outline-none focus-visible:ring-0"
      >
        <div className="max-w-6xl 2xl:max-w-[88rem] mx-auto">
          <Outlet />
        </div>
      </main>
      <Stale />
      <Palette open={palette} onClose={() => void setPalette(false)} />
    </div>
  )
}
