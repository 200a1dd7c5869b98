import react from '@vitejs/plugin-react'
import { defineConfig } from 'vite'

// Nothing is inlined: the Content-Security-Policy allows files of this server only.
export default defineConfig({
  plugins: [react()],
  build: { assetsInlineLimit: 0, target: 'es2022', modulePreload: { polyfill: false } },
  server: { proxy: { '/api': 'http://127.0.0.1:8080' } },
})
