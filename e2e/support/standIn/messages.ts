/** What the test and the stand-in say to each other over the process's own channel. */

export interface MenuEntry {
  label: string
  enabled: boolean
  checked: boolean
  accelerator: string | null
  role: string | null
  submenu: MenuEntry[]
}

/** Everything that a person could see of the app at one moment. */
export interface Seen {
  windows: { url: string; visible: boolean; focused: boolean; bounds: { x: number; y: number; width: number; height: number } }[]
  menu: MenuEntry[]
  tray: { tooltip: string; menu: MenuEntry[] } | null
  badge: number
  notifications: { title: string; body: string }[]
  /** Native message boxes, answered or not. */
  dialogs: { message: string; detail: string; buttons: string[]; answer: number | null }[]
  theme: 'system' | 'light' | 'dark'
  openedOutside: string[]
  /** What it is to be started anew with, once it has ended: arguments of each wish. */
  relaunches: string[][]
}

/** What a person, or the system, does. */
export type Deed =
  /** A request of the console's page, through the preload's bridge. */
  | { do: 'request'; call: string; input: unknown }
  | { do: 'pathOfFile'; path: string }
  /** Labels from the outermost menu to the entry. */
  | { do: 'chooseMenu'; labels: string[] }
  | { do: 'chooseTray'; labels: string[] }
  /** The notification whose text names this. */
  | { do: 'clickNotification'; about: string }
  | { do: 'pressNotification'; about: string; button: string }
  /** Presses the button of the message box that is open. */
  | { do: 'answer'; button: string }
  | { do: 'closeWindow' }
  /** Turns to another application, and back. */
  | { do: 'blurWindow' }
  | { do: 'focusWindow' }
  | { do: 'openUrl'; url: string }
  | { do: 'openFile'; path: string }
  | { do: 'wake' }
  | { do: 'setDisplays'; workAreas: { x: number; y: number; width: number; height: number }[] }
  /** Fetches an address of the page's own scheme, as the page does. */
  | { do: 'fetch'; url: string }
  | { do: 'askPermission'; permission: string }

export type ToStandIn = { id: number; deed: Deed }
export type FromStandIn =
  | { kind: 'answer'; id: number; value: unknown }
  | { kind: 'problem'; id: number; message: string }
  | { kind: 'seen'; seen: Seen }
  | { kind: 'push'; event: string; payload: unknown }
