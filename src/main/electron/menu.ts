import type { MenuItemConstructorOptions } from 'electron'
import type { StartAtLogin } from './startAtLogin.ts'

export interface MenuActions {
  search(): void
  openLogs(): void
  about(): void
  /** null where this package has no updates. */
  checkForUpdates: (() => void) | null
  openTemporal(): void
  /** null where this app cannot be started at login. */
  startAtLogin: StartAtLogin | null
}

/** The native menu: the platform's own entries by role, so their keys and their language are the system's. */
export function menuTemplate(platform: NodeJS.Platform, actions: MenuActions): MenuItemConstructorOptions[] {
  const mac = platform === 'darwin'
  const { startAtLogin } = actions
  const login: MenuItemConstructorOptions[] = startAtLogin
    ? [
        {
          label: 'Start at login',
          type: 'checkbox',
          checked: startAtLogin.isOn(),
          click: ({ checked }) => startAtLogin.set(checked),
        },
        { type: 'separator' },
      ]
    : []
  // With a self-test behind it, which the role's own box has not. On a Mac it belongs into the app's menu.
  const about: MenuItemConstructorOptions = { label: 'About Gatehouse', click: () => actions.about() }
  const { checkForUpdates } = actions
  const updates: MenuItemConstructorOptions[] = checkForUpdates
    ? [{ label: 'Check for updates…', click: () => checkForUpdates() }]
    : []
  const appMenu: MenuItemConstructorOptions = mac
    ? {
        role: 'appMenu',
        submenu: [
          about,
          ...updates,
          { type: 'separator' },
          ...login,
          { role: 'services' },
          { type: 'separator' },
          { role: 'hide' },
          { role: 'hideOthers' },
          { role: 'unhide' },
          { type: 'separator' },
          { role: 'quit' },
        ],
      }
    : { label: 'File', submenu: [...login, { role: 'quit' }] }
  return [
    appMenu,
    {
      label: 'Edit',
      submenu: [
        { role: 'undo' },
        { role: 'redo' },
        { type: 'separator' },
        { role: 'cut' },
        { role: 'copy' },
        { role: 'paste' },
        { role: 'selectAll' },
        { type: 'separator' },
        { label: 'Find runs…', accelerator: 'CmdOrCtrl+F', click: () => actions.search() },
      ],
    },
    {
      label: 'View',
      submenu: [
        { role: 'reload' },
        { type: 'separator' },
        { role: 'resetZoom' },
        { role: 'zoomIn' },
        // The role's own key needs Shift on most keyboards.
        { role: 'zoomIn', accelerator: 'CmdOrCtrl+=', visible: false, acceleratorWorksWhenHidden: true },
        { role: 'zoomOut' },
        { type: 'separator' },
        { role: 'togglefullscreen' },
      ],
    },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        { label: 'Open the Temporal Web UI', click: () => actions.openTemporal() },
        { label: 'Open the logs folder', click: () => actions.openLogs() },
        ...(mac ? [] : ([{ type: 'separator' }, ...updates, about] satisfies MenuItemConstructorOptions[])),
      ],
    },
  ]
}
