export { type AdoptableServer, adopt } from './adopt.ts'
export { listen } from './listen.ts'
export { runtime } from './runtime.ts'
