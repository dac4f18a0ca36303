// Every flow: the packages it proves, and the folder they are installed in. The flow itself is
// `<folder>/flows/<name>.mjs`, which exports one asynchronous function, `flow`.
import { findChromium } from './support/chromium.mjs'

const nodeMajor = Number.parseInt(process.versions.node, 10)

/**
 * @typedef {object} Flow
 * @property {string} name
 * @property {'quick' | 'full'} folder  quick ones also run in npm test
 * @property {string[]} packages        what it proves; all of them stand in the folder's package.json
 * @property {string[]} loaders         the packages that load `ws` by themselves, beside the flow
 * @property {() => string | undefined} [missing]  what the flow needs and does not find here, in words
 */

/** @type {Flow[]} */
export const flows = [
  {
    name: 'socket.io',
    folder: 'quick',
    packages: ['socket.io', 'socket.io-client'],
    loaders: ['engine.io', 'engine.io-client', 'socket.io-adapter'],
  },
  { name: 'graphql-ws', folder: 'quick', packages: ['graphql-ws'], loaders: [] },
  { name: 'trpc', folder: 'quick', packages: ['@trpc/server', '@trpc/client'], loaders: [] },
  { name: 'y-websocket', folder: 'quick', packages: ['y-websocket'], loaders: [] },
  {
    name: 'mqtt',
    folder: 'quick',
    packages: ['mqtt', 'aedes'],
    loaders: ['mqtt'],
    // A stream of Node 26 hands out one piece for each `read()`; the broker asks once and waits for the rest.
    missing: () => (nodeMajor >= 26 ? 'the broker stalls on Node 26, with the original ws too' : undefined),
  },
  { name: 'express-ws', folder: 'quick', packages: ['express-ws'], loaders: ['express-ws'] },
  {
    name: 'fastify-websocket',
    folder: 'quick',
    packages: ['@fastify/websocket'],
    loaders: ['@fastify/websocket'],
  },
  { name: 'isomorphic-ws', folder: 'quick', packages: ['isomorphic-ws'], loaders: ['isomorphic-ws'] },
  {
    name: 'hocuspocus',
    folder: 'full',
    packages: ['@hocuspocus/server', '@hocuspocus/provider'],
    loaders: ['@hocuspocus/server'],
  },
  {
    name: 'puppeteer-core',
    folder: 'full',
    packages: ['puppeteer-core'],
    loaders: ['puppeteer-core'],
    missing: () => (findChromium() === undefined ? 'no Chromium on this machine' : undefined),
  },
  { name: 'jsdom', folder: 'full', packages: ['jsdom'], loaders: ['jsdom'] },
  { name: 'vite', folder: 'full', packages: ['vite'], loaders: [] },
  {
    name: 'webpack-dev-server',
    folder: 'full',
    packages: ['webpack-dev-server'],
    loaders: ['webpack-dev-server'],
  },
  { name: 'ethers', folder: 'full', packages: ['ethers'], loaders: ['ethers'] },
  { name: 'viem', folder: 'full', packages: ['viem'], loaders: ['isows'] },
  { name: 'signalr', folder: 'full', packages: ['@microsoft/signalr'], loaders: ['@microsoft/signalr'] },
]
