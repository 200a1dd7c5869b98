import { useEffect, useState } from 'react'

/** Light or dark: what the system says until somebody chooses. The choice is no secret and is kept. */
export function useTheme(): [boolean, () => void] {
  const [dark, setDark] = useState(() => {
    const chosen = localStorage.getItem('theme')
    return chosen ? chosen === 'dark' : matchMedia('(prefers-color-scheme: dark)').matches
  })
  useEffect(() => {
    document.documentElement.classList.toggle('dark', dark)
  }, [dark])
  return [
    dark,
    () => {
      localStorage.setItem('theme', dark ? 'light' : 'dark')
      setDark(!dark)
    },
  ]
}
