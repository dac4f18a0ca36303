export * from 'polyplex/ws'
export { default } from 'polyplex/ws'
