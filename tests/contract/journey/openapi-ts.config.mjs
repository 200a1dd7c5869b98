// Node loads ES modules by whole file names.
export default {
  input: process.env.CONTRACT,
  output: { path: 'generated', importFileExtension: '.js' },
  plugins: ['@hey-api/typescript', '@hey-api/sdk', '@hey-api/client-fetch'],
}
