import type { Bridge } from '../contract/wire.ts'

declare global {
  interface Window {
    /** Put there by the preload in the Electron shell; absent in a browser. */
    gatehouse?: Bridge
  }
}
