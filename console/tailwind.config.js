/** Colours are variables of src/styles.css, so that light and dark are one class list. */
const colour = (name) => `rgb(var(--${name}) / <alpha-value>)`

export default {
  content: ['./index.html', './src/**/*.{ts,tsx}', '!./src/docs/**'],
  darkMode: 'class',
  theme: {
    extend: {
      colors: {
        canvas: colour('canvas'), panel: colour('panel'), sunken: colour('sunken'), line: colour('line'),
        ink: colour('ink'), muted: colour('muted'), accent: colour('accent'), onaccent: colour('onaccent'),
        good: colour('good'), bad: colour('bad'), warn: colour('warn'), idle: colour('idle'),
      },
      fontFamily: {
        sans: ['Instrument Sans', 'system-ui', 'sans-serif'],
        mono: ['IBM Plex Mono', 'ui-monospace', 'monospace'],
      },
      boxShadow: {
        card: '0 1px 2px rgb(0 0 0 / 0.04)',
        float: '0 16px 48px -12px rgb(0 0 0 / 0.28), 0 2px 6px rgb(0 0 0 / 0.06)',
      },
    },
  },
}
